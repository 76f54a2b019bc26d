"""`bench --site SITE salla …`: ERP Connections and the connectors that serve them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

import frappe
from frappe.commands import pass_context

from salla_manager.shell import connected, json_option, salla, say, told


@salla.command("new-connector")
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path(),
    help="A package of your app; the current folder if left out.",
)
def new_connector(name: str, folder: Path) -> None:
    """Write a connector to begin with, and tests for it that pass; see docs/ERP_CONNECTORS.md."""
    from salla_manager.erp import template

    try:
        written = template.new_connector(name, folder)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    for path in written:
        click.echo(path)


@salla.command("connector-types")
@json_option
@pass_context
def connector_types(context: Any, as_json: bool) -> None:
    """The connectors that this site has, its other apps' among them."""
    from salla_manager.adapters import erp_connectors

    with connected(context):
        types = sorted(erp_connectors.registry().names())
        say({"types": types, "conflicts": erp_connectors.conflicts()}, as_json)


@salla.command("add-connection")
@click.option("--title", required=True)
@click.option("--customer", required=True, help="Customer Account whose changes it gets.")
@click.option(
    "--type", "connector_type", required=True, help="Such as DROPZONE_JSON_V1; see connector-types."
)
@click.option("--config-stdin", is_flag=True, help="Read the configuration, a JSON object, from stdin.")
@click.option("--store", default="", help="Only this Store Account's.")
@click.option("--command-type", "command_types", multiple=True, help="Only these, such as upsert_order.")
@json_option
@pass_context
def add_connection(context: Any, config_stdin: bool, as_json: bool, **options: Any) -> None:
    """Make an ERP Connection, active at once. One is active per organisation and type."""
    from salla_manager.setup.connections import save_connection

    with connected(context):
        config = json.loads(sys.stdin.read()) if config_stdin else None
        say(save_connection(config=config, **options), as_json)


@salla.command("test-connection")
@click.argument("connection")
@json_option
@pass_context
def test_connection(context: Any, connection: str, as_json: bool) -> None:
    """Whether an ERP Connection would take anything, within 5 seconds; exit status 1 where it would not."""
    from salla_manager.adapters.erp_connection_health import test_and_keep

    with connected(context), told():
        answer = test_and_keep(connection)
        say(answer, as_json)
    if not answer["ok"]:
        sys.exit(1)


@salla.command("roll-back")
@click.argument("command")
@click.option("--reason", default="", help="Kept on the command.")
@pass_context
def roll_back(context: Any, command: str, reason: str) -> None:
    """Take back what a Done command gave to its ERP Connection, where its connector can."""
    from salla_manager.adapters.host import build_host
    from salla_manager.core.commands import roll_back_command

    with connected(context), told():
        by = f"{frappe.session.user}: {reason}".rstrip(": ")
        click.echo(f"Taken back: {roll_back_command(build_host(), command, by)}")
