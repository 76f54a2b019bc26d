"""The check of a store's webhooks for Desk, the command line and the night."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import frappe
from frappe.utils import now_datetime

from salla_manager.adapters.alarms import changed
from salla_manager.adapters.clock import FrappeClock
from salla_manager.adapters.connecting import webhook_url
from salla_manager.adapters.host import build_host
from salla_manager.adapters.rows import plain, to_epoch
from salla_manager.core.commands import OperatorError
from salla_manager.core.model import SecretsUnreadable, Store
from salla_manager.core.refusals import words_of
from salla_manager.platforms.pace import BACKFILL
from salla_manager.platforms.port import ShopError, WebhookTarget

STORE = "Store Account"
# An event that came within these is taken for one that comes.
HEARD_WEEKS = 4


def check(name: str, repair: bool = False) -> dict[str, Any]:
    """ok, url, and lines in words: what is not as it should be, with what was done about it where repair is set.

    The result stands on the Store Account. Commits. Raises OperatorError.
    """
    host = build_host()
    store = host.store.store(name)
    if store is None:
        raise OperatorError(f"There is no Store Account {name}.")
    try:
        target = _target(store, host.store.webhook_rules(store.platform, name).secrets)
        client = host.client_for(store)
        if client is None:
            raise OperatorError(
                store.access_problem
                or f"{name} has no access to its shop. Connect the store first, or enter its keys."
            )
        client = client.in_lane(BACKFILL)
        lines = client.repair_webhooks(target) if repair else client.check_webhooks(target)
        left = client.check_webhooks(target) if repair and lines else lines
    except SecretsUnreadable as error:
        raise OperatorError(str(error)) from error
    except ShopError as error:
        raise OperatorError(words_of(error)) from error
    _keep(name, left)
    return {"ok": not left, "url": target.url, "lines": lines}


def _target(store: Store, secrets: tuple[str, ...]) -> WebhookTarget:
    url = webhook_url(store.name, store.platform)
    if not url:
        raise OperatorError("Say in Salla Manager Settings, as Hub URL, where this hub can be reached.")
    if not secrets:
        is_salla = store.platform == "salla"
        where = (
            "the webhook secret of the app in Salla Manager Settings"
            if is_salla
            else "Webhook Secret on the store"
        )
        raise OperatorError(f"Set {where}.")
    since = to_epoch(FrappeClock().now() - timedelta(weeks=HEARD_WEEKS))
    rows = frappe.db.sql(
        "select distinct event from `tabSalla Incoming Log` where store = %s and received >= %s",
        (store.name, since),
    )
    # App events come by another way, whatever is subscribed.
    heard = frozenset(event for (event,) in rows if event and not event.startswith(("app.", "hub.")))
    return WebhookTarget(url, secrets[0], heard)


def _keep(name: str, lines: list[str]) -> None:
    title = frappe.db.get_value(STORE, name, "store_name")
    problem = "\n".join(lines)
    changed(STORE, name, "webhook_problem", problem, f"{title}: {plain(problem, 300)}")
    frappe.db.set_value(STORE, name, "webhooks_checked_at", now_datetime(), update_modified=False)
    # What was changed at Salla is changed, whatever becomes of the caller.
    frappe.db.commit()
