"""What the commands of the shell share. Every `bench` command imports this file, so it imports little."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

import frappe
from frappe.commands import get_site

from salla_manager.erp.encryption import MasterKeyError


@click.group()
def salla() -> None:
    """Salla Manager: stores, ERP Instances and the queue."""


@contextmanager
def connected(context: Any) -> Iterator[None]:
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


def may_work() -> None:
    """Ends the command on a copy of the hub."""
    from salla_manager.adapters.host import build_host

    standstill = build_host().store.settings().standstill
    if standstill:
        raise click.ClickException(standstill)


@contextmanager
def told() -> Iterator[None]:
    """What the core refuses ends the command in its words."""
    from salla_manager.core.refusals import REFUSALS, words_of

    try:
        yield
    except REFUSALS as error:
        raise click.ClickException(words_of(error)) from None


def say(values: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(values, default=str, ensure_ascii=False))
        return
    for name, value in values.items():
        shown = (
            json.dumps(value, default=str, ensure_ascii=False) if isinstance(value, dict | list) else value
        )
        click.echo(f"{name}: {shown}")


def tell(values: dict[str, Any], as_json: bool) -> None:
    """As `say`, with a list of sentences one below the other."""
    lists = {name: value for name, value in values.items() if isinstance(value, list) and not as_json}
    say({name: value for name, value in values.items() if name not in lists}, as_json)
    for lines in lists.values():
        for line in lines:
            click.echo(f"  {line}")


def secret_of(from_stdin: bool, variable: str) -> str:
    """Never an argument: the process list shows those."""
    return (sys.stdin.readline() if from_stdin else os.environ.get(variable, "")).strip()


json_option = click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
