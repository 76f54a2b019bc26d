"""What Salla's app events say of this app in the shop. ref: docs.salla.dev/421413m0 (app events)"""

from __future__ import annotations

from typing import Any

from salla_manager.platforms.port import AppChange, Plan, Webhook
from salla_manager.platforms.values import mapping, text

_INSTALLED = ("app.installed", "app.store.authorize", "app.store.token", "app.updated")
_PLAN_STATUS = {
    "app.trial.started": "Trial",
    "app.trial.expired": "Expired",
    "app.trial.canceled": "Canceled",
    "app.subscription.started": "Active",
    "app.subscription.renewed": "Active",
    "app.subscription.expired": "Expired",
    "app.subscription.canceled": "Canceled",
}


def app_change(webhook: Webhook) -> AppChange | None:
    """None for an event that says nothing of the app's state."""
    if webhook.event in _INSTALLED:
        return AppChange(status="Installed")
    if webhook.event == "app.uninstalled":
        return AppChange(status="Uninstalled")
    if webhook.event in _PLAN_STATUS and not _is_addon(webhook.data):
        return AppChange(plan=_plan(webhook))
    return None


def _is_addon(data: dict[str, Any]) -> bool:
    return (text(data.get("item_type")) or "plan") == "addon"


def _plan(webhook: Webhook) -> Plan:
    data = webhook.data
    # Older bodies are said to hold it one level deeper.
    data = {**mapping(data.get("subscription")), **data}
    name = text(data.get("plan_name")) or text(data.get("item_slug")) or text(data.get("plan_type")) or ""
    return Plan(
        status=_PLAN_STATUS[webhook.event],
        name=name[:140],
        until=(text(data.get("end_date")) or "")[:10],
        is_trial=webhook.event.startswith("app.trial."),
    )
