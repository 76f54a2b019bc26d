"""`bench --site SITE salla …`: what the operator and the set-up scripts do without Desk."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

import frappe
from frappe.commands import pass_context

from salla_manager import connector_commands, mapping_commands, shop_commands, sync_commands
from salla_manager.shell import connected, json_option, may_work, salla, say, secret_of, told

# RQ forks a process for each job, and to import this app anew takes it longer than the work. Every `bench` command
# imports this file, so the worker does it once, before it forks.
if {"worker", "worker-pool"} & set(sys.argv):
    importlib.import_module("salla_manager.tasks")


@salla.command("add-instance")
@click.option("--title", required=True)
@click.option("--url", required=True, help="URL of the ERP site.")
@click.option("--secret-stdin", is_flag=True, help="Read the shared secret from the first line of stdin.")
@click.option("--new-secret", is_flag=True, help="Also replace the secret of one that is there already.")
@json_option
@pass_context
def add_instance(
    context: Any, title: str, url: str, secret_stdin: bool, new_secret: bool, as_json: bool
) -> None:
    """Make an ERP Instance, or update the one with this URL. The secret comes from stdin or SALLA_SHARED_SECRET;
    without one it is made and printed once."""
    with connected(context):
        given = secret_of(secret_stdin, "SALLA_SHARED_SECRET")
        name = frappe.db.exists("ERP Instance", {"url": ("=", url.rstrip("/"))})
        doc = frappe.get_doc("ERP Instance", name) if name else frappe.new_doc("ERP Instance")
        doc.update({"title": title, "url": url})
        if given:
            doc.shared_secret = given
        made = doc.make_secret() if not given and (new_secret or not name) else ""
        doc.save()
        values = {"instance": doc.name, "url": doc.url, "created": not name}
        say(values | ({"secret": made} if made else {}), as_json)


@salla.command("pairing-code")
@click.argument("instance")
@click.option("--hub-url", default="", help="Where the ERP reaches this hub; kept in the settings.")
@json_option
@pass_context
def pairing_code(context: Any, instance: str, hub_url: str, as_json: bool) -> None:
    """A text for `bench salla-executor pair` or the button Pair with a Hub; good once, for half an hour."""
    from salla_manager.adapters import connection
    from salla_manager.adapters.host import build_host

    with connected(context), told():
        made = connection.pairing_code(build_host(), instance, hub_url)
        if not made["text"]:
            raise click.ClickException("Say with --hub-url where the ERP reaches this hub.")
        say(made, True) if as_json else click.echo(made["text"])


@salla.command("rotate-secret")
@click.argument("instance")
@json_option
@pass_context
def rotate_secret(context: Any, instance: str, as_json: bool) -> None:
    """Agree with the ERP on a new shared secret, which nobody sees."""
    from salla_manager.adapters.host import build_host
    from salla_manager.core import shared_secret

    with connected(context), told():
        shared_secret.rotate(build_host(), instance)
        say({"instance": instance, "message": "The new secret is in use."}, as_json)


@salla.command("check")
@click.argument("instance")
@json_option
@pass_context
def check(context: Any, instance: str, as_json: bool) -> None:
    """The checklist of a connection; exit status 1 where something fails."""
    from salla_manager.adapters import connection
    from salla_manager.adapters.host import build_host

    with connected(context), told():
        answer = connection.checklist(build_host(), instance)
        if as_json:
            say(answer, True)
        for row in [] if as_json else answer["rows"]:
            click.echo(f"{row['state']:<8} {row['check']}: {row['message']}")
    if not answer["ok"]:
        sys.exit(1)


@salla.command("settings")
@click.argument("assignments", nargs=-1)
@click.option("--webhook-secret-stdin", is_flag=True, help="Read Salla's webhook secret from stdin.")
@json_option
@pass_context
def settings(context: Any, assignments: tuple[str, ...], webhook_secret_stdin: bool, as_json: bool) -> None:
    """Change Salla Manager Settings: FIELD=VALUE … . Secrets come from stdin or from SALLA_WEBHOOK_SECRET and
    SALLA_CLIENT_SECRET."""
    with connected(context):
        doc = frappe.get_doc("Salla Manager Settings")
        changes = dict(assignment.split("=", 1) for assignment in assignments if "=" in assignment)
        unknown = [name for name in changes if not doc.meta.has_field(name)]
        if unknown or len(changes) != len(assignments):
            raise click.ClickException(
                f"Give FIELD=VALUE with a field of the settings: {unknown or assignments}"
            )
        secrets = {
            "salla_webhook_secret": secret_of(webhook_secret_stdin, "SALLA_WEBHOOK_SECRET"),
            "salla_client_secret": os.environ.get("SALLA_CLIENT_SECRET", ""),
        }
        changes |= {name: secret for name, secret in secrets.items() if secret}
        doc.update(changes)
        doc.save()
        say({"changed": sorted(changes)}, as_json)


@salla.command("master-key")
@click.option("--make", "action", flag_value="make", help="A first key, into common_site_config.json.")
@click.option(
    "--rotate", "action", flag_value="rotate", help="A new key; every secret of this site moves to it."
)
@click.option("--rewrap", "action", flag_value="rewrap", help="Secrets of this site to the current key.")
@click.option("--site-before", default="", help="With --rewrap: the site's name before it was moved.")
@json_option
@pass_context
def master_key(context: Any, action: str | None, site_before: str, as_json: bool) -> None:
    """The key that encrypts the stored secrets: where it is, and which secrets still need an older one.

    It is never printed. Keep a copy of it apart from the backups: without it they are of no use."""
    from salla_manager.setup import master_key as keys

    with connected(context):
        actions = {"make": keys.make, "rotate": keys.rotate, "rewrap": lambda: keys.rewrap(site_before)}
        say(actions[action]() if action else keys.status(), as_json)


@salla.command("status")
@json_option
@pass_context
def status(context: Any, as_json: bool) -> None:
    """Counts by state, the age of the oldest due work in seconds, open breakers."""
    from salla_manager.adapters.health import read_health

    with connected(context):
        say(read_health(), as_json)


@salla.command("adopt-site")
@json_option
@pass_context
def adopt_site(context: Any, as_json: bool) -> None:
    """Say that this is the live site. The place where the database was before must not run any more: both would
    send, and the shop's tokens work in one place only."""
    from salla_manager.adapters import identity

    with connected(context):
        identity.adopt()
        say({"live_site": str(identity.present())}, as_json)


@salla.command("process")
@json_option
@pass_context
def process(context: Any, as_json: bool) -> None:
    """Work off the events that are due, here and now."""
    from salla_manager import tasks

    with connected(context):
        may_work()
        say(tasks.process_events(), as_json)


@salla.command("dispatch")
@click.argument("destination", required=False)
@json_option
@pass_context
def dispatch(context: Any, destination: str | None, as_json: bool) -> None:
    """Deliver what is due, here and now, to one ERP Instance or ERP Connection, or to all."""
    from salla_manager import tasks
    from salla_manager.adapters.host import build_host

    with connected(context):
        may_work()
        tasks.free_leases()
        tasks.release_parked()
        host = build_host()
        names = [destination] if destination else host.store.destinations_with_due_commands(host.clock.now())
        say({name: vars(tasks.dispatch_to(name)) for name in names}, as_json)


@salla.command("retry")
@click.argument("command")
@pass_context
def retry(context: Any, command: str) -> None:
    """Send the record of a Dead command again, by a new command."""
    from salla_manager.adapters.host import build_host
    from salla_manager.core.commands import retry_command

    with connected(context), told():
        outcome = retry_command(build_host(), command)
        click.echo(f"{outcome.command}: {outcome.status} {outcome.reason}".rstrip())


salla.add_command(mapping_commands.mapping)
# Each has added its own to the same group, which bench needs once.
commands = list({shop_commands.salla, connector_commands.salla, sync_commands.salla})
