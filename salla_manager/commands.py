"""`bench --site SITE salla …`: what the operator and the set-up scripts do without Desk."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

import frappe
from frappe.commands import get_site, pass_context

from salla_manager.erp.encryption import MasterKeyError

# RQ forks a process for each job, and to import this app anew takes it longer than the work. Every `bench` command
# imports this file, so the worker does it once, before it forks.
if {"worker", "worker-pool"} & set(sys.argv):
    importlib.import_module("salla_manager.tasks")


@click.group()
def salla() -> None:
    """Salla Manager: stores, ERP Instances and the queue."""


@contextmanager
def _connected(context: Any) -> Iterator[None]:
    """The site of the command."""
    frappe.init(site=get_site(context))
    frappe.connect()
    try:
        yield
        # A command of the shell is one unit of work.
        frappe.db.commit()
    except (frappe.ValidationError, MasterKeyError) as error:
        raise click.ClickException(str(error)) from None
    finally:
        frappe.destroy()


def _may_work() -> None:
    """Ends the command on a copy of the hub."""
    from salla_manager.adapters.host import build_host

    standstill = build_host().store.settings().standstill
    if standstill:
        raise click.ClickException(standstill)


@contextmanager
def _told() -> Iterator[None]:
    from salla_manager.core.commands import OperatorError

    try:
        yield
    except OperatorError as error:
        raise click.ClickException(str(error)) from None


def _say(values: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(values, default=str, ensure_ascii=False))
        return
    for name, value in values.items():
        shown = (
            json.dumps(value, default=str, ensure_ascii=False) if isinstance(value, dict | list) else value
        )
        click.echo(f"{name}: {shown}")


def _tell(values: dict[str, Any], as_json: bool) -> None:
    """As `_say`, with a list of sentences one below the other."""
    lists = {name: value for name, value in values.items() if isinstance(value, list) and not as_json}
    _say({name: value for name, value in values.items() if name not in lists}, as_json)
    for lines in lists.values():
        for line in lines:
            click.echo(f"  {line}")


def _secret(from_stdin: bool, variable: str) -> str:
    """Never an argument: the process list shows those."""
    return (sys.stdin.readline() if from_stdin else os.environ.get(variable, "")).strip()


json_option = click.option("--json", "as_json", is_flag=True, help="One line of JSON.")


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
    with _connected(context):
        given = _secret(secret_stdin, "SALLA_SHARED_SECRET")
        name = frappe.db.exists("ERP Instance", {"url": ("=", url.rstrip("/"))})
        doc = frappe.get_doc("ERP Instance", name) if name else frappe.new_doc("ERP Instance")
        doc.update({"title": title, "url": url})
        if given:
            doc.shared_secret = given
        made = doc.make_secret() if not given and (new_secret or not name) else ""
        doc.save()
        values = {"instance": doc.name, "url": doc.url, "created": not name}
        _say(values | ({"secret": made} if made else {}), as_json)


@salla.command("pairing-code")
@click.argument("instance")
@click.option("--hub-url", default="", help="Where the ERP reaches this hub; kept in the settings.")
@json_option
@pass_context
def pairing_code(context: Any, instance: str, hub_url: str, as_json: bool) -> None:
    """A text for `bench salla-executor pair` or the button Pair with a Hub; good once, for half an hour."""
    from salla_manager.adapters import connection
    from salla_manager.adapters.host import build_host

    with _connected(context), _told():
        made = connection.pairing_code(build_host(), instance, hub_url)
        if not made["text"]:
            raise click.ClickException("Say with --hub-url where the ERP reaches this hub.")
        _say(made, True) if as_json else click.echo(made["text"])


@salla.command("rotate-secret")
@click.argument("instance")
@json_option
@pass_context
def rotate_secret(context: Any, instance: str, as_json: bool) -> None:
    """Agree with the ERP on a new shared secret, which nobody sees."""
    from salla_manager.adapters.host import build_host
    from salla_manager.core import shared_secret

    with _connected(context), _told():
        shared_secret.rotate(build_host(), instance)
        _say({"instance": instance, "message": "The new secret is in use."}, as_json)


@salla.command("check")
@click.argument("instance")
@json_option
@pass_context
def check(context: Any, instance: str, as_json: bool) -> None:
    """The checklist of a connection; exit status 1 where something fails."""
    from salla_manager.adapters import connection
    from salla_manager.adapters.host import build_host

    with _connected(context), _told():
        answer = connection.checklist(build_host(), instance)
        if as_json:
            _say(answer, True)
        for row in [] if as_json else answer["rows"]:
            click.echo(f"{row['state']:<8} {row['check']}: {row['message']}")
    if not answer["ok"]:
        sys.exit(1)


@salla.command("add-store")
@click.option("--merchant-id", required=True, help="The shop's id on its platform.")
@click.option("--platform", default="salla", show_default=True)
@click.option("--name", "store_name", default="", help="Shown name.")
@click.option("--instance", default="", help="ERP Instance of its commands.")
@click.option("--customer", default="", help="Customer Account, or the name of a new one.")
@click.option("--currency", default="")
@click.option("--api-url", default="", help="Instead of the platform's own.")
@click.option("--tokens-stdin", is_flag=True, help="Read a JSON object with the store's tokens from stdin.")
@json_option
@pass_context
def add_store(context: Any, as_json: bool, tokens_stdin: bool, **options: str) -> None:
    """Make a Store Account, or update the one of this merchant. Tokens: access_token, refresh_token, expires
    (Unix seconds), scope."""
    from salla_manager.setup.stores import save_store

    with _connected(context):
        tokens = json.loads(sys.stdin.read()) if tokens_stdin else None
        _say(save_store(tokens=tokens, **options), as_json)


@salla.command("settings")
@click.argument("assignments", nargs=-1)
@click.option("--webhook-secret-stdin", is_flag=True, help="Read Salla's webhook secret from stdin.")
@json_option
@pass_context
def settings(context: Any, assignments: tuple[str, ...], webhook_secret_stdin: bool, as_json: bool) -> None:
    """Change Salla Manager Settings: FIELD=VALUE … . Secrets come from stdin or from SALLA_WEBHOOK_SECRET and
    SALLA_CLIENT_SECRET."""
    with _connected(context):
        doc = frappe.get_doc("Salla Manager Settings")
        changes = dict(assignment.split("=", 1) for assignment in assignments if "=" in assignment)
        unknown = [name for name in changes if not doc.meta.has_field(name)]
        if unknown or len(changes) != len(assignments):
            raise click.ClickException(
                f"Give FIELD=VALUE with a field of the settings: {unknown or assignments}"
            )
        secrets = {
            "salla_webhook_secret": _secret(webhook_secret_stdin, "SALLA_WEBHOOK_SECRET"),
            "salla_client_secret": os.environ.get("SALLA_CLIENT_SECRET", ""),
        }
        changes |= {name: secret for name, secret in secrets.items() if secret}
        doc.update(changes)
        doc.save()
        _say({"changed": sorted(changes)}, as_json)


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

    with _connected(context):
        actions = {"make": keys.make, "rotate": keys.rotate, "rewrap": lambda: keys.rewrap(site_before)}
        _say(actions[action]() if action else keys.status(), as_json)


@salla.command("pull")
@click.argument("store")
@click.option("--type", "entity_types", multiple=True, help="Such as products; all if left out.")
@click.option("--since", default=None, help="ISO 8601.")
@click.option("--limit", type=int, default=None, help="Per type.")
@json_option
@pass_context
def pull(
    context: Any, store: str, entity_types: tuple[str, ...], since: str, limit: int, as_json: bool
) -> None:
    """Read a shop now."""
    from salla_manager.adapters.host import build_host
    from salla_manager.core.pull import PullError, request_pull

    with _connected(context):
        try:
            _say(request_pull(build_host(), store, list(entity_types) or None, since, limit), as_json)
        except PullError as error:
            raise click.ClickException(str(error)) from None


@salla.command("reconcile")
@click.argument("store")
@click.option(
    "--date", "day", default=None, help="Day of the store, such as 2026-11-20; yesterday if left out."
)
@click.option("--type", "plural", default="orders", show_default=True, help="orders, products or customers.")
@click.option("--enqueue", is_flag=True, help="Have what is missing or different read from the shop.")
@json_option
@pass_context
def reconcile(context: Any, store: str, day: str, plural: str, enqueue: bool, as_json: bool) -> None:
    """Compare what the shop has with what is here and in the ERP; exit status 1 where something is missing or
    different, 2 where the shop could not be read to its end."""
    from salla_manager.setup.terminal import reconcile_here

    with _connected(context):
        values, status = reconcile_here(store, plural, day, enqueue)
        _tell(values, as_json)
    sys.exit(status)


@salla.command("skus")
@click.argument("store")
@click.option("--recheck", is_flag=True, help="Have the products named here read from the shop again.")
@json_option
@pass_context
def skus(context: Any, store: str, recheck: bool, as_json: bool) -> None:
    """SKUs that are missing, taken twice, or spelt so alike that they are easily mixed up."""
    from salla_manager.setup.terminal import list_skus

    with _connected(context):
        _tell(list_skus(store, recheck), as_json)


@salla.command("webhooks")
@click.argument("store")
@click.option("--repair", is_flag=True, help="Also mend what is not as it should be.")
@json_option
@pass_context
def webhooks(context: Any, store: str, repair: bool, as_json: bool) -> None:
    """Compare a shop's subscriptions with what is wanted; exit status 1 where something is not as it should be."""
    from salla_manager.adapters.subscriptions import check
    from salla_manager.core.commands import OperatorError

    with _connected(context):
        try:
            answer = check(store, repair)
        except OperatorError as error:
            raise click.ClickException(str(error)) from None
        if as_json:
            _say(answer, as_json)
        else:
            click.echo(
                "\n".join([f"{answer['url']}: {'ok' if answer['ok'] else 'not ok'}", *answer["lines"]])
            )
    if not answer["ok"]:
        sys.exit(1)


@salla.command("status")
@json_option
@pass_context
def status(context: Any, as_json: bool) -> None:
    """Counts by state, the age of the oldest due work in seconds, open breakers."""
    from salla_manager.adapters.health import read_health

    with _connected(context):
        _say(read_health(), as_json)


@salla.command("adopt-site")
@json_option
@pass_context
def adopt_site(context: Any, as_json: bool) -> None:
    """Say that this is the live site. The place where the database was before must not run any more: both would
    send, and the shop's tokens work in one place only."""
    from salla_manager.adapters import identity

    with _connected(context):
        identity.adopt()
        _say({"live_site": str(identity.present())}, as_json)


@salla.command("process")
@json_option
@pass_context
def process(context: Any, as_json: bool) -> None:
    """Work off the events that are due, here and now."""
    from salla_manager import tasks

    with _connected(context):
        _may_work()
        _say(tasks.process_events(), as_json)


@salla.command("dispatch")
@click.argument("instance", required=False)
@json_option
@pass_context
def dispatch(context: Any, instance: str | None, as_json: bool) -> None:
    """Deliver what is due, here and now, to one ERP Instance or to all."""
    from salla_manager import tasks
    from salla_manager.adapters.host import build_host

    with _connected(context):
        _may_work()
        tasks.free_leases()
        tasks.release_parked()
        host = build_host()
        names = [instance] if instance else host.store.instances_with_due_commands(host.clock.now())
        _say({name: vars(tasks.dispatch_instance(name)) for name in names}, as_json)


@salla.command("retry")
@click.argument("command")
@pass_context
def retry(context: Any, command: str) -> None:
    """Send the record of a Dead command again, by a new command."""
    from salla_manager.adapters.host import build_host
    from salla_manager.core.commands import OperatorError, retry_command

    with _connected(context):
        try:
            outcome = retry_command(build_host(), command)
            click.echo(f"{outcome.command}: {outcome.status} {outcome.reason}".rstrip())
        except OperatorError as error:
            raise click.ClickException(str(error)) from None


commands = [salla]
