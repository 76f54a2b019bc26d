"""`bench --site SITE salla …`: shops as the admin methods have them: list, test, sync and its runs."""

from __future__ import annotations

import sys
from typing import Any

import click

from frappe.commands import pass_context

from salla_manager.shell import connected, json_option, salla, say, tell, told


@salla.command("connectors")
@click.option("--platform", default="", help="Salla or WooCommerce; all if left out.")
@click.option("--organisation", default="", help="Customer Account.")
@json_option
@pass_context
def connectors(context: Any, platform: str, organisation: str, as_json: bool) -> None:
    """The shops, with their last sync and what went wrong with it."""
    from salla_manager.adapters.connectors import views

    with connected(context):
        found = views(platform, organisation)
        if as_json:
            say({"connectors": found}, True)
        for one in [] if as_json else found:
            state = "on" if one["enabled"] else "off"
            last = one["last_sync_at"] or "never"
            click.echo(f"{one['name']}  {one['platform']:<12} {state:<4} {last:<26} {one['title']}")
            if one["last_error"]:
                click.echo(f"    {one['last_error']}")


@salla.command("test-store")
@click.argument("store")
@json_option
@pass_context
def test_store(context: Any, store: str, as_json: bool) -> None:
    """Ask a shop step by step; exit status 1 where something has to be mended."""
    from salla_manager.adapters import connection_test

    with connected(context), told():
        answer = connection_test.run(store)
        if as_json:
            say(dict(answer), True)
        for row in [] if as_json else answer["steps"]:
            click.echo(f"{row['state']:<8} {row['check']}: {row['message']}")
    if not answer["ok"]:
        sys.exit(1)


@salla.command("sync")
@click.argument("store")
@click.option(
    "--full", is_flag=True, help="All of the shop in the background, as backfill does; else what changed."
)
@json_option
@pass_context
def sync(context: Any, store: str, full: bool, as_json: bool) -> None:
    """Read what changed in a shop since the last look, here and now; exit status 1 where it did not come to its end."""
    from salla_manager import reading
    from salla_manager.adapters.connectors import begin_sync, runs
    from salla_manager.shell import may_work

    with connected(context), told():
        may_work()
        begun = begin_sync(store, "full" if full else "delta", None, None)
        values = dict(begun)
        if not full:
            reading.look(store)
            values = next(dict(one) for one in runs(store) if one["name"] == begun["run"])
        tell(values, as_json)
    if not full and values["status"] != "Done":
        sys.exit(1)


@salla.command("runs")
@click.argument("store", default="")
@click.option("--limit", default=20, show_default=True)
@json_option
@pass_context
def runs(context: Any, store: str, limit: int, as_json: bool) -> None:
    """Syncs and how far they are, the newest first."""
    from salla_manager.adapters import connectors as shops

    with connected(context):
        found = shops.runs(store, limit)
        if as_json:
            say({"runs": found}, True)
        for one in [] if as_json else found:
            click.echo(
                f"{one['name']:<24} {one['mode']:<6} {one['status']:<10} {one['percent']:>5} %  {one['message']}"
            )


@salla.command("walk")
@click.argument("store")
@json_option
@pass_context
def walk(context: Any, store: str, as_json: bool) -> None:
    """Compare all ids of a shop with what is known, and read again what differs and what is not settled: what each
    night does for WooCommerce."""
    from salla_manager import reconciling
    from salla_manager.shell import may_work

    with connected(context), told():
        may_work()
        say(reconciling.walk(store), as_json)
