"""This app in a shop: installed, removed, on which plan. Its events come in any order and more than once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from salla_manager.core.host import Host
from salla_manager.core.model import AppStatus, EventStatus, Store
from salla_manager.platforms.port import AppChange, Plan

_REMOVED = (
    "The shop removed the app on {day}, so it can no longer be read. What was taken before is still delivered. The"
    " merchant has to install the app again."
)


def keep_access(
    host: Host, platform: str, merchant_id: str, tokens: dict[str, Any], at: datetime, shop_name: str = ""
) -> tuple[Store | None, str]:
    """The Store Account of the merchant, made if it is new, with these tokens; or None and why they are not kept.

    at: when the shop gave them; shop_name: for a new Store Account. In the transaction that is open.
    """
    known = host.store.store_of_merchant(platform, merchant_id)
    known = host.store.lock_store(known.name) if known else None
    if known and _is_older(at, known.app_changed_at):
        return None, f"{known.name} knows of a later change of the app in the shop, so these tokens are old."
    store = host.store.adopt_store(platform, merchant_id, tokens, shop_name)
    store = replace(store, app_status=AppStatus.INSTALLED, app_changed_at=at)
    host.store.save_app(store)
    host.store.adopt_events(platform, merchant_id, store.name)
    return store, ""


def change(host: Host, name: str, told: AppChange, at: datetime) -> tuple[str, str]:
    """Take over what an event says; gives the event's status and message. at: when it happened."""
    with host.store.transaction():
        store = host.store.lock_store(name)
        if store is None:
            return EventStatus.IGNORED, "Its Store Account was deleted meanwhile."
        if told.plan:
            return _change_plan(host, store, told.plan, at)
        if _is_older(at, store.app_changed_at):
            return EventStatus.STALE, "A later change of the app in the shop is known already."
        host.store.save_app(replace(store, app_status=told.status, app_changed_at=at))
        if told.status != AppStatus.UNINSTALLED:
            return EventStatus.PROCESSED, "The app is installed in the shop."
        reason = _REMOVED.format(day=f"{at:%Y-%m-%d}")
        host.store.drop_tokens(store.name, reason)
        return EventStatus.PROCESSED, reason


def _change_plan(host: Host, store: Store, plan: Plan, at: datetime) -> tuple[str, str]:
    if _is_older(at, store.plan_changed_at):
        return EventStatus.STALE, "A later change of the plan is known already."
    is_paid = store.plan_status == "Active" and (store.plan_until or "9999") >= f"{at:%Y-%m-%d}"
    if plan.is_trial and is_paid:
        return EventStatus.IGNORED, "The trial gave way to the plan that the shop pays for."
    host.store.save_app(
        replace(
            store,
            plan=plan.name or store.plan,
            plan_status=plan.status,
            plan_until=plan.until or store.plan_until,
            plan_changed_at=at,
        )
    )
    until = f", until {plan.until}" if plan.until else ""
    return EventStatus.PROCESSED, f"The shop's plan of this app is now: {plan.status}{until}."


def _is_older(at: datetime, known: datetime | None) -> bool:
    return known is not None and at < known
