"""`bench --site SITE salla mapping …`: Mapping Rules as files, and trying them on a record."""

from __future__ import annotations

import sys
from typing import Any, TextIO

import click

from frappe.commands import pass_context

from salla_manager.shell import connected, json_option, say, told

ENTITIES = click.Choice(["product", "variant", "customer", "order", "category", "brand", "order_status"])
PLATFORMS = click.Choice(["Salla", "WooCommerce", "Shopware"], case_sensitive=False)


@click.group()
def mapping() -> None:
    """Mapping Rules: export, import, and try them on a real record."""


@mapping.command("export")
@click.argument("entity_type", type=ENTITIES)
@click.option("--store", default="", help="Store Account; left out: those of the platform.")
@click.option("--platform", type=PLATFORMS, default="Salla", show_default=True)
@click.option("--template", is_flag=True, help="The default template instead of what is saved.")
@pass_context
def export_rules(context: Any, entity_type: str, store: str, platform: str, template: bool) -> None:
    """Print the rules as JSON, for a file."""
    from salla_manager.setup import mapping as rules

    with connected(context), told():
        click.echo(rules.exported(platform, store, entity_type, template), nl=False)


@mapping.command("import")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--store", default="", help="Store Account; left out: for the platform.")
@click.option("--platform", type=PLATFORMS, default="Salla", show_default=True)
@click.option("--note", default="", help="What changes and why, for the version history.")
@json_option
@pass_context
def import_rules(context: Any, file: TextIO, store: str, platform: str, note: str, as_json: bool) -> None:
    """Save the rules of a file (`-` for stdin) as a new version. What they refused before is mapped again."""
    from salla_manager.setup import mapping as rules

    with connected(context), told():
        say(rules.imported(file.read(), platform, store, note), as_json)


@mapping.command("try")
@click.argument("record")
@click.option("--file", type=click.File(encoding="utf-8"), help="Rules of a file instead of those that hold.")
@json_option
@pass_context
def try_rules(context: Any, record: str, file: TextIO | None, as_json: bool) -> None:
    """What rules make of an External Record; nothing is saved or sent. Exit status 1 where they refuse it."""
    from salla_manager.setup import mapping as rules

    with connected(context), told():
        trial = rules.tried(record, file.read() if file else None)
        if as_json:
            say(trial, True)
        for line in [] if as_json else rules.lines_of(trial):
            click.echo(line)
    if trial["problems"]:
        sys.exit(1)
