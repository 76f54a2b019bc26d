"""`bench --site <site> salla-executor pair | defaults | status`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from frappe.commands import get_site, pass_context

from salla_executor.core.checklist import Row, is_good
from salla_executor.core.hub_calls import HubError
from salla_executor.encryption import MasterKeyError
from salla_executor.key_agreement import AgreementError

SECRET_VARIABLE = "SALLA_EXECUTOR_SECRET"


@click.group("salla-executor")
def salla_executor() -> None:
    """Connect this ERPNext site to a hub and look after the connection."""


@salla_executor.command("pair")
@click.option(
    "--instance-id", default="", help="With a secret: as the hub shows it, such as ERP-INSTANCE-0001"
)
@click.option("--manager-url", default="", help="With a secret: address of the hub")
@click.option("--company", help="Company that the shop's orders belong to")
@click.option("--json", "as_json", is_flag=True, help="Print JSON")
@pass_context
def pair(context: Any, instance_id: str, manager_url: str, company: str | None, as_json: bool) -> None:
    """Connect to a hub by its pairing code, fill empty settings and switch the executor on.

    The code, or a secret that was carried over by hand, is read from SALLA_EXECUTOR_SECRET, else from standard input:
    arguments are visible to other users of the machine. A secret that stands already is accepted for one more day.
    """
    with _site(context):
        from salla_executor.key_agreement import CODE_PREFIX
        from salla_executor.setup import pairing

        given = _secret()
        if given.startswith(CODE_PREFIX):
            result = pairing.pair_and_enable(given, company)
        elif instance_id and manager_url:
            result = pairing.pair(instance_id, manager_url, given, company)
        else:
            raise click.ClickException(
                f"A pairing code begins with {CODE_PREFIX} With a secret, say --instance-id and --manager-url too."
            )
        _print(result, as_json)


@salla_executor.command("rotate-secret")
@click.option("--json", "as_json", is_flag=True, help="Print JSON")
@pass_context
def rotate_secret(context: Any, as_json: bool) -> None:
    """Agree with the hub on a new shared secret, which nobody sees. Exit code 1 if the checklist fails afterwards."""
    with _site(context):
        from salla_executor.setup import pairing

        rows = pairing.rotate_secret()
    _print_checklist(rows, as_json)


@salla_executor.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print JSON")
@pass_context
def check(context: Any, as_json: bool) -> None:
    """The connection to the hub and this side of it, as a checklist. Exit code 1 if something is to be mended."""
    with _site(context):
        from salla_executor.setup import pairing

        rows = pairing.checklist()
    _print_checklist(rows, as_json)


@salla_executor.command("defaults")
@click.option("--company", help="Company that the shop's orders belong to")
@click.option("--json", "as_json", is_flag=True, help="Print JSON")
@pass_context
def defaults(context: Any, company: str | None, as_json: bool) -> None:
    """Fill empty settings: company, warehouse, price list, groups, and accounts for VAT, shipping and cash on
    delivery, which are made where they are missing. Run it as often as you like."""
    with _site(context):
        from salla_executor.setup.defaults import fill_defaults

        _print({"filled": fill_defaults(company)}, as_json)


@salla_executor.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON")
@pass_context
def status(context: Any, as_json: bool) -> None:
    """Whether commands can be applied, and what the last ones came to. Exit code 1 if something is to be mended."""
    with _site(context):
        from salla_executor.setup.pairing import status as site_status

        result = site_status()
        _print(result, as_json)
    if result["problems"]:
        sys.exit(1)


@salla_executor.command("master-key")
@click.option("--make", "action", flag_value="make", help="A first key, into common_site_config.json.")
@click.option(
    "--rotate", "action", flag_value="rotate", help="A new key; every secret of this site moves to it."
)
@click.option("--rewrap", "action", flag_value="rewrap", help="Secrets of this site to the current key.")
@click.option("--site-before", default="", help="With --rewrap: the site's name before it was moved.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON")
@pass_context
def master_key(context: Any, action: str | None, site_before: str, as_json: bool) -> None:
    """The key that encrypts the stored secrets: where it is, and which secrets still need an older one.

    It is never printed. Keep a copy of it apart from the backups: without it they are of no use."""
    from salla_executor.setup import master_key as keys

    with _site(context):
        actions = {"make": keys.make, "rotate": keys.rotate, "rewrap": lambda: keys.rewrap(site_before)}
        _print(actions[action]() if action else keys.status(), as_json)


commands = [salla_executor]


@contextmanager
def _site(context: Any) -> Iterator[None]:
    import frappe

    frappe.init(site=get_site(context))
    frappe.connect()
    try:
        yield
        # A command of the shell is one transaction.
        frappe.db.commit()
    except (frappe.ValidationError, MasterKeyError, HubError, AgreementError) as error:
        raise click.ClickException(frappe.utils.strip_html(str(error))) from None
    finally:
        frappe.destroy()


def _secret() -> str:
    secret = os.environ.get(SECRET_VARIABLE) or ""
    if not secret:
        secret = (
            click.prompt("Pairing code or secret", hide_input=True)
            if sys.stdin.isatty()
            else sys.stdin.read()
        )
    return secret.strip()


def _print(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False, default=str))
        return
    for name, value in result.items():
        lines = value if isinstance(value, list) else [value]
        click.echo(f"{name}: {lines[0] if len(lines) == 1 else ''}" if lines else f"{name}: none")
        for line in lines if len(lines) > 1 else []:
            click.echo(f"  - {line}")


def _print_checklist(rows: list[Row], as_json: bool) -> None:
    if as_json:
        said = [{"check": row.check, "state": row.state, "message": row.text} for row in rows]
        click.echo(json.dumps({"ok": is_good(rows), "rows": said}, ensure_ascii=False))
    else:
        for row in rows:
            click.echo(f"{row.state:<8} {row.check}: {row.text}")
    if not is_good(rows):
        sys.exit(1)
