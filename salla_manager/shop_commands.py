"""`bench --site SITE salla …`: what is read from a shop, and what is compared with it."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from frappe.commands import pass_context

from salla_manager.shell import connected, json_option, salla, say, tell, told


@salla.command("add-store")
@click.option(
    "--merchant-id", default="", help="The shop's id on its platform; WooCommerce's is its address."
)
@click.option("--platform", default="salla", show_default=True)
@click.option("--name", "store_name", default="", help="Shown name.")
@click.option("--instance", default="", help="ERP Instance of its commands.")
@click.option("--customer", default="", help="Customer Account, or the name of a new one.")
@click.option("--currency", default="")
@click.option("--api-url", default="", help="Instead of the platform's own.")
@click.option("--tokens-stdin", is_flag=True, help="Read a JSON object with the store's tokens from stdin.")
@click.option(
    "--keys-stdin", is_flag=True, help="Read a JSON object with a WooCommerce store's keys from stdin."
)
@json_option
@pass_context
def add_store(context: Any, as_json: bool, tokens_stdin: bool, keys_stdin: bool, **options: str) -> None:
    """Make a Store Account, or update the one of this merchant. Tokens: access_token, refresh_token, expires
    (Unix seconds), scope. Keys: consumer_key, consumer_secret, webhook_secret."""
    from salla_manager.setup.stores import save_store

    with connected(context):
        secrets = json.loads(sys.stdin.read()) if tokens_stdin or keys_stdin else None
        values = {"keys" if keys_stdin else "tokens": secrets}
        say(save_store(**values, **options), as_json)


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
    from salla_manager.core.pull import request_pull

    with connected(context), told():
        say(request_pull(build_host(), store, list(entity_types) or None, since, limit), as_json)


@salla.command("backfill")
@click.argument("store")
@click.option("--entities", multiple=True, help="Such as products or products,orders; all if left out.")
@click.option("--since", default=None, help="Of orders, from the day they were made on; ISO 8601.")
@click.option("--plan", "action", flag_value="plan", help="Only count, and keep the plan.")
@click.option("--status", "action", flag_value="status", help="How far it is.")
@click.option("--pause", "action", flag_value="pause", help="Stop behind the entity in hand.")
@click.option(
    "--resume", "action", flag_value="resume", help="Go on with a paused or planned one, in the background."
)
@click.option("--cancel", "action", flag_value="cancel", help="Stop for good; what has been read stays.")
@json_option
@pass_context
def backfill(
    context: Any, store: str, entities: tuple[str, ...], since: str, action: str | None, as_json: bool
) -> None:
    """Read a shop's whole content and history: plan it, begin, and read on here, with progress.

    Ctrl-C ends the command alone: workers go on with the run. Exit status 1 where it did not come to its end, or where
    something could not be taken."""
    from salla_manager.setup import backfill as runs

    plurals = [name for given in entities for name in given.split(",") if name]
    with connected(context), told():
        values = runs.act(store, action, plurals or None, since, as_json)
        tell(values, as_json)
    if action is None and (values["status"] != "Done" or values["failed"]):
        sys.exit(1)


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

    with connected(context), told():
        values, status = reconcile_here(store, plural, day, enqueue)
        tell(values, as_json)
    sys.exit(status)


@salla.command("skus")
@click.argument("store")
@click.option("--recheck", is_flag=True, help="Have the products named here read from the shop again.")
@json_option
@pass_context
def skus(context: Any, store: str, recheck: bool, as_json: bool) -> None:
    """SKUs that are missing, taken twice, or spelt so alike that they are easily mixed up."""
    from salla_manager.setup.terminal import list_skus

    with connected(context), told():
        tell(list_skus(store, recheck), as_json)


@salla.command("webhooks")
@click.argument("store")
@click.option("--repair", is_flag=True, help="Also mend what is not as it should be.")
@json_option
@pass_context
def webhooks(context: Any, store: str, repair: bool, as_json: bool) -> None:
    """Compare a shop's subscriptions with what is wanted; exit status 1 where something is not as it should be."""
    from salla_manager.adapters.subscriptions import check

    with connected(context), told():
        answer = check(store, repair)
        if as_json:
            say(answer, as_json)
        else:
            click.echo(
                "\n".join([f"{answer['url']}: {'ok' if answer['ok'] else 'not ok'}", *answer["lines"]])
            )
    if not answer["ok"]:
        sys.exit(1)


@salla.command("rehearse")
@click.argument("store")
@click.option("--last", default=50, show_default=True, help="So many of the newest orders.")
@json_option
@pass_context
def rehearse(context: Any, store: str, last: int, as_json: bool) -> None:
    """What the ERP would make of a store's newest orders, by dry runs that leave nothing; exit status 1 where an order
    would fail or differ, 2 where not all could be asked about."""
    from salla_manager.setup.terminal import rehearse_here

    with connected(context), told():
        values, status = rehearse_here(store, last)
        tell(values, as_json)
    sys.exit(status)
