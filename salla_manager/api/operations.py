"""What the operator's buttons call. Permission first, then one call of the core."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _

from salla_manager import tasks
from salla_manager.adapters import connection, identity
from salla_manager.adapters.config_store import SETTINGS
from salla_manager.adapters.health import read_health, read_held
from salla_manager.adapters.host import build_host
from salla_manager.adapters.instance_store import doctype_of
from salla_manager.core import commands, shared_secret
from salla_manager.core.commands import OperatorError
from salla_manager.core.outbox import Outcome

COMMAND, RECORD, EVENT = "Outbound Client Command", "External Record", "Salla Incoming Log"


@frappe.whitelist(methods=["POST"])
def retry_command(name: str) -> dict[str, str]:
    """Send the record of a Dead command again, by a new command."""
    frappe.has_permission(COMMAND, "write", name, throw=True)
    return _outcome(_told(commands.retry_command, name))


@frappe.whitelist(methods=["POST"])
def cancel_command(name: str, reason: str = "") -> None:
    frappe.has_permission(COMMAND, "write", name, throw=True)
    _told(commands.cancel_command, name, f"{frappe.session.user}: {reason}".rstrip(": "))


@frappe.whitelist(methods=["POST"])
def resend_record(name: str) -> dict[str, str]:
    """Send the newest state of an entity once more, under a new key."""
    frappe.has_permission(RECORD, "write", name, throw=True)
    return _outcome(_told(commands.resend_record, name))


@frappe.whitelist(methods=["POST"])
def process_again(name: str) -> None:
    """Work off an event once more."""
    frappe.has_permission(EVENT, "write", name, throw=True)
    _told(commands.process_event_again, name)


@frappe.whitelist(methods=["POST"])
def pull_now(store: str, entity_types: list | str | None = None, since: str | None = None) -> str:
    """Read the shop in the background."""
    frappe.has_permission(RECORD, "write", throw=True)
    frappe.has_permission("Store Account", "read", store, throw=True)
    wanted = frappe.parse_json(entity_types) if isinstance(entity_types, str) else entity_types
    frappe.enqueue(
        "salla_manager.tasks.pull_store",
        queue="long",
        enqueue_after_commit=True,
        store=store,
        entity_types=wanted or None,
        since=since or None,
    )
    return _("The shop is being read in the background.")


@frappe.whitelist(methods=["POST"])
def check_connection(instance: str) -> dict[str, Any]:
    """A signed ping, as a checklist: ok, and rows of check, state and message."""
    frappe.has_permission(COMMAND, "write", throw=True)
    frappe.has_permission("ERP Instance", "read", instance, throw=True)
    return _told(lambda host: connection.checklist(host, instance))


@frappe.whitelist(methods=["POST"])
def pairing_code(instance: str, hub_url: str = "") -> dict[str, Any]:
    """A text for the ERP, good once; hub_url is kept in the settings where it was not known."""
    frappe.has_permission("ERP Instance", "write", instance, throw=True)
    if hub_url:
        frappe.has_permission(SETTINGS, "write", throw=True)
    return _told(lambda host: connection.pairing_code(host, instance, hub_url))


@frappe.whitelist(methods=["POST"])
def rotate_secret(instance: str) -> None:
    """Agree with the ERP on a new secret, which nobody sees."""
    frappe.has_permission("ERP Instance", "write", instance, throw=True)
    _told(shared_secret.rotate, instance)


@frappe.whitelist(methods=["POST"])
def new_secret(instance: str) -> str:
    """Replace the shared secret; the answer is the only place where it is ever shown."""
    frappe.has_permission("ERP Instance", "write", instance, throw=True)
    return frappe.get_doc("ERP Instance", instance).rotate_secret()


@frappe.whitelist(methods=["POST"])
def close_breaker(instance: str) -> None:
    """Send again at once, without waiting for the next probe."""
    frappe.has_permission(COMMAND, "write", throw=True)
    frappe.has_permission("ERP Instance", "read", instance, throw=True)
    commands.close_breaker(build_host(), instance)


@frappe.whitelist(methods=["POST"])
def release_parked() -> int:
    """Look again at everything that is held or waits. Gives how many go on."""
    frappe.has_permission(COMMAND, "write", throw=True)
    return tasks.release_parked()


@frappe.whitelist(methods=["GET"])
def standstill() -> str:
    """Why nothing leaves this site, in a sentence; empty where it may."""
    frappe.has_permission(COMMAND, "read", throw=True)
    return build_host().store.settings().standstill


@frappe.whitelist(methods=["POST"])
def adopt_site() -> None:
    """From now on this is the live site, and the place where the database was before is not."""
    frappe.has_permission(SETTINGS, "write", throw=True)
    identity.adopt()


@frappe.whitelist(methods=["GET"])
def held_commands(destination: str) -> dict[str, Any]:
    """types: by command type how many are held, and in_turn of those; per_minute: how many are let go, 0 for all.

    destination: name of an ERP Instance or ERP Connection."""
    frappe.has_permission(COMMAND, "read", throw=True)
    frappe.has_permission(doctype_of(destination), "read", destination, throw=True)
    per_minute = build_host().store.settings().release_per_minute
    return {"types": read_held(destination).get(destination, {}), "per_minute": per_minute}


@frappe.whitelist(methods=["GET"])
def health() -> dict[str, Any]:
    """Counts of stuck work and the age of the oldest, for a monitor."""
    frappe.has_permission(SETTINGS, "read", throw=True)
    return read_health()


def _outcome(outcome: Outcome) -> dict[str, str]:
    return {"status": outcome.status, "reason": outcome.reason, "command": outcome.command}


def _told(action: Any, *arguments: Any) -> Any:
    try:
        return action(build_host(), *arguments)
    except OperatorError as error:
        return frappe.throw(str(error), title=_("Not possible now"))
