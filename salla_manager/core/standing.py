"""Where one entity of a shop stands: at the shop, here, in the ERP. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from salla_manager.core.model import CommandStatus, RecordStatus
from salla_manager.platforms.port import ShopEntry

# Less than the smallest coin, which rounding on the way may move.
SAME = Decimal("0.01")


class State:
    MISSING = "Missing"
    DIFFERENT = "Different"
    DEAD = "Dead"
    FAILED = "Failed"
    HELD = "Held"
    WAITING = "Waiting"
    ON_ITS_WAY = "On Its Way"
    SKIPPED = "Skipped"
    GONE = "Gone"
    APPLIED = "Applied"

    # The most urgent first. Applied ones are only counted.
    ALL = (MISSING, DIFFERENT, DEAD, FAILED, HELD, WAITING, ON_ITS_WAY, SKIPPED, GONE, APPLIED)
    # To read these again from the shop mends them.
    READABLE = (MISSING, DIFFERENT)


@dataclass(frozen=True)
class Standing:
    """What the hub knows of one entity, without its bodies. total: text of the newest known payload."""

    record: str
    external_id: str
    title: str = ""
    status: str = RecordStatus.NEW
    message: str = ""
    revision: int = 0
    applied_revision: int = 0
    erp_document: str = ""
    total: str = ""
    currency: str = ""
    # Of the newest known state, by the shop.
    changed_at: datetime | None = None
    # Before Mapping Rules; of products and customers.
    name: str = ""
    sku: str = ""
    shop_status: str = ""
    # The newest known state is that the shop deleted it.
    is_deleted: bool = False
    command: str = ""
    command_status: str = ""
    command_reason: str = ""


@dataclass(frozen=True)
class Finding:
    """One entity and its state; totals as text, empty where nobody told."""

    external_id: str
    state: str
    reason: str = ""
    title: str = ""
    shop_status: str = ""
    shop_total: str = ""
    hub_total: str = ""
    currency: str = ""
    record: str = ""
    command: str = ""
    erp_document: str = ""
    url: str = ""


_STATUSES = ("sale", "out", "hidden")
_OF_COMMAND = {
    CommandStatus.DEAD: State.DEAD,
    CommandStatus.CANCELLED: State.DEAD,
    CommandStatus.HELD: State.HELD,
    CommandStatus.WAITING: State.WAITING,
    CommandStatus.QUEUED: State.ON_ITS_WAY,
    CommandStatus.SENDING: State.ON_ITS_WAY,
}


def judge(entry: ShopEntry, known: Standing | None, told: str = "") -> Finding:
    """What the shop lists against what the hub knows. told: what became of an event about it, in a sentence."""
    known = known or Standing("", entry.external_id)
    state, reason = _state(entry, known, told)
    return Finding(
        external_id=entry.external_id,
        state=state,
        reason=reason,
        title=entry.title or known.title,
        shop_status=entry.status,
        shop_total="" if entry.total is None else str(entry.total),
        hub_total=known.total,
        currency=entry.currency or known.currency,
        record=known.record,
        command=known.command,
        erp_document=known.erp_document,
        url=entry.url,
    )


def gone(known: Standing) -> Finding:
    """Known here, not deleted as far as the hub was told, and not in the shop's list."""
    return Finding(
        external_id=known.external_id,
        state=State.GONE,
        reason="The shop does not list it any more, and never said that it was deleted.",
        title=known.title,
        hub_total=known.total,
        currency=known.currency,
        record=known.record,
        command=known.command,
        erp_document=known.erp_document,
    )


def _state(entry: ShopEntry, known: Standing, told: str) -> tuple[str, str]:
    if known.status == RecordStatus.SKIPPED:
        return State.SKIPPED, known.message
    if known.status == RecordStatus.NEW and not known.revision:
        return State.MISSING, told or "The hub never heard of it."
    if known.status == RecordStatus.FAILED and known.command_status not in _OF_COMMAND:
        # It is the newest body that could not be understood; to read it again would fail again.
        return State.FAILED, known.message
    difference = _difference(entry, known)
    if difference:
        return State.DIFFERENT, difference
    if known.applied_revision >= known.revision:
        return State.APPLIED, ""
    state = _OF_COMMAND.get(known.command_status)
    if state is None:
        return State.FAILED, "Its command is not there any more. Press Send Again on its record."
    return state, known.command_reason


def _difference(entry: ShopEntry, known: Standing) -> str:
    if entry.changed_at and known.changed_at and entry.changed_at > known.changed_at:
        return f"The shop changed it at {entry.changed_at:%Y-%m-%d %H:%M} UTC, which the hub has not seen."
    if not (entry.changed_at and known.changed_at) and (unlike := _unlike(entry, known)):
        return unlike
    ours = _amount(known.total)
    if entry.total is None or ours is None or abs(entry.total - ours) < SAME:
        return ""
    if entry.currency and known.currency and entry.currency != known.currency:
        return ""
    where = (
        "the ERP has" if known.applied_revision >= known.revision else f"{known.command or 'the hub'} carries"
    )
    return f"The shop says {entry.total} now, {where} {ours}."


def _unlike(entry: ShopEntry, known: Standing) -> str:
    """What can be told where no time of change is known."""
    pairs = (
        ("name", entry.title, known.name),
        ("SKU", entry.sku, known.sku),
        # Of an order, or where a shop has words of its own, it cannot be held against ours.
        ("status", entry.status if entry.status in _STATUSES else "", known.shop_status),
    )
    for what, shop, ours in pairs:
        if shop and ours and shop != ours:
            return f"Its {what} in the shop is '{shop}' now, the hub knows '{ours}'."
    return ""


def _amount(text: str) -> Decimal | None:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None
