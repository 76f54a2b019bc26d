"""Where an order of the shop goes by the maps of the settings: warehouse by branch, Mode of Payment by payment method.

A row for one store counts before one for every store. An empty map maps nothing and holds nothing back; once it has a
row for the store, what it does not know waits for a person.
"""

from __future__ import annotations

from collections.abc import Mapping

from salla_executor.core.model import SETTINGS_PAGE, BusinessError, Settings
from salla_executor.payloads import OrderPayload


def warehouse_of(payload: OrderPayload, settings: Settings, store: str) -> str:
    """By the branch's id, then its name. Raises BusinessError for a branch that is not mapped."""
    keys = [key for key in (payload.branch_id, payload.branch_name) if key]
    if not keys or not is_used(settings.branches, store):
        return settings.warehouse
    found = look_up(settings.branches, store, keys)
    if found:
        return found
    message = (
        f"Branch {' '.join(reversed(keys))} of the shop has no warehouse. Add it to 'Branches' in {SETTINGS_PAGE};"
        " the orders that wait for it go then by themselves."
    )
    raise BusinessError("unmapped_branch", message, waits_on=f"branch:{store}:{keys[0]}")


def mode_of_payment_of(payload: OrderPayload, settings: Settings, store: str) -> str:
    """Empty where nothing is mapped. Raises BusinessError for a method that is not mapped."""
    method = payload.payment_method
    if not method or not is_used(settings.payment_methods, store):
        return ""
    found = look_up(settings.payment_methods, store, [method])
    if found:
        return found
    message = (
        f"The shop's payment method '{method}' has no Mode of Payment. Add it to 'Payment Methods' in {SETTINGS_PAGE};"
        " the orders that wait for it go then by themselves."
    )
    raise BusinessError("unmapped_payment", message, waits_on=f"payment:{store}:{method}")


def is_used(rows: Mapping[tuple[str, str], str], store: str) -> bool:
    return any(of in ("", store) for of, _ in rows)


def look_up(rows: Mapping[tuple[str, str], str], store: str, keys: list[str]) -> str:
    return next((rows[of, key] for of in (store, "") for key in keys if (of, key) in rows), "")
