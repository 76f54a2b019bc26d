"""Mapping again what is kept: those that rules refused, or all of a kind, after the rules were changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone

from salla_manager.core import outbox
from salla_manager.core.host import Host
from salla_manager.core.ingest import take_in
from salla_manager.core.mapping.gate import RuleSets, mapped
from salla_manager.core.mapping.port import MappingRows, Scope
from salla_manager.core.model import CommandStatus, Record, RecordStatus, Store
from salla_manager.core.outbox import Outcome
from salla_manager.core.pull import reason_of
from salla_manager.payloads import Payload, ProductPayload, parse_payload
from salla_manager.platforms.port import ShopClient, ShopError

PAGE, FEW = 50, 5
# A second-hand copy was never read from the shop itself; whatever is read is newer.
_NEVER = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass
class Remapped:
    """cursor: the last record that was looked at. problem: why it stopped before its end, in a sentence. reasons: of
    some that were refused."""

    looked_at: int = 0
    changed: int = 0
    refused: int = 0
    cursor: str = ""
    is_complete: bool = False
    problem: str = ""
    reasons: list[str] = field(default_factory=list)

    def count(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes[:1]:
            self.changed += outcome.made_command
            if outcome.status == outbox.FAILED:
                self.refuse(f"{outcome.key.entity_type} {outcome.key.external_id}: {outcome.reason}")

    def refuse(self, reason: str) -> None:
        self.refused += 1
        if len(self.reasons) < FEW:
            self.reasons.append(reason)


def kept_payload(record: Record) -> Payload | None:
    """What the shop says of a record, as normalized; None where it was never understood. Raises PayloadError."""
    text = record.normalized or record.mapped
    if not text:
        return None
    raw = json.loads(record.raw) if record.raw else None
    return parse_payload(record.key.entity_type, {**json.loads(text), "raw": raw})


def remap(
    host: Host,
    rows: MappingRows,
    scope: Scope,
    *,
    only_failed: bool,
    after: str = "",
    seconds: float = 45.0,
    on_page: Callable[[Remapped], None] = lambda report: None,
) -> Remapped:
    """Go on behind the record `after`, until the time is up or there are none. What comes out the same sends nothing."""
    report = Remapped(cursor=after, problem=host.store.settings().standstill)
    ends_at = host.clock.monotonic() + seconds
    shops = _Shops(host)
    while not report.problem and host.clock.monotonic() < ends_at:
        page = rows.records_behind(scope, report.cursor, PAGE, only_failed=only_failed)
        if not page:
            report.is_complete = True
            break
        for record in page:
            try:
                outcomes = host.retrying(lambda record=record: _again(host, shops, record))
                report.count(outcomes)
                outbox.wake(outcomes, host)
            except Exception as error:
                if isinstance(error, ShopError):
                    report.problem = f"The shop could not be read: {error}"
                    break
                report.refuse(f"{record.key.entity_type} {record.key.external_id}: {reason_of(error)}")
            report.looked_at += 1
            report.cursor = record.name
        on_page(report)
    return report


class _Shops:
    """Stores with their rules and clients, read once per turn."""

    def __init__(self, host: Host):
        self._host = host
        self._known: dict[str, tuple[Store | None, RuleSets, ShopClient | None]] = {}

    def of(self, name: str) -> tuple[Store | None, RuleSets, ShopClient | None]:
        if name not in self._known:
            store = self._host.store.store(name)
            rules = self._host.rules(store) if store else {}
            client = self._host.client_for(store) if store else None
            self._known[name] = (store, rules, client)
        return self._known[name]


def _again(host: Host, shops: _Shops, record: Record) -> list[Outcome]:
    """Nothing where there is nothing to do."""
    store, rules, client = shops.of(record.key.store)
    payload = kept_payload(record)
    if store is None or payload is None or _is_at_rest(host, record, payload, rules):
        return []
    payloads = [payload, *_beside(host, record, payload)]
    return take_in(host, store, client, payloads, record.observed_at or _NEVER)


def _beside(host: Host, record: Record, payload: Payload) -> list[Payload]:
    """The variants that bear their product's SKU: by them its Item gets a code of its own."""
    if not isinstance(payload, ProductPayload) or not payload.options:
        return []
    with host.store.transaction():
        found = host.store.records_with_sku(record.key.store, record.sku or payload.sku or "")
    kept = [kept_payload(one) for one in found if one.key.entity_type == "variant"]
    return [one for one in kept if getattr(one, "product_id", "") == payload.external_id and one is not None]


def _is_at_rest(host: Host, record: Record, payload: Payload, rules: RuleSets) -> bool:
    """Deleted in the shop, not understood at all, or the rules give what was sent. A refused one never is."""
    if record.failed_by:
        return False
    if getattr(payload, "status", "") == "deleted" or _is_not_understood(host, record):
        return True
    one = mapped(payload, rules)
    return not one.refusal and outbox.content_hash(one.payload) == record.content_hash


def _is_not_understood(host: Host, record: Record) -> bool:
    """The normalizer failed at what the shop says now; what is kept is of before. A dead command is another matter."""
    if record.status != RecordStatus.FAILED:
        return False
    command = host.store.command(record.last_command) if record.last_command else None
    return command is None or command.status not in (CommandStatus.DEAD, CommandStatus.CANCELLED)
