"""A rehearsal: what the ERP would make of the newest orders of a shop. Signed as always, sent as dry runs; no command,
attempt or record changes here, and the ERP keeps nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from salla_manager import contract
from salla_manager.core import answers, exchange, readiness
from salla_manager.core.answers import AckBody, Verdict
from salla_manager.core.commands import OperatorError
from salla_manager.core.host import Host
from salla_manager.core.model import (
    CommandStatus,
    Instance,
    OutboundCommand,
    Record,
    RecordKey,
    Settings,
    Store,
    command_type_of,
)
from salla_manager.core.new_commands import envelope
from salla_manager.core.transport import limits_of

ENTITY_TYPE = "order"
# What names an ERP whose dry run is known to leave nothing; others may take it for the real thing.
DRY_RUN_APP = "salla_executor"
FEW = 5


class Part:
    """What would become of an order."""

    APPLIES = "Would Apply"
    DIFFERS = "Would Differ"
    STANDS = "Stands Already"
    WAITS = "Would Wait"
    FAILS = "Would Fail"
    UNKNOWN = "No Answer"

    ALL = (APPLIES, DIFFERS, STANDS, WAITS, FAILS, UNKNOWN)


@dataclass(frozen=True)
class Played:
    """One order. cause: the same for all of one kind; reason: in words."""

    record: str
    title: str
    part: str
    reason: str = ""
    cause: str = ""


@dataclass(frozen=True)
class Rehearsal:
    """stopped: why not all orders were asked about; notes: what would hold them all back at present."""

    store: str
    erp_instance: str
    orders: int
    played: tuple[Played, ...]
    stopped: str = ""
    notes: tuple[str, ...] = ()

    def count(self, part: str) -> int:
        return sum(one.part == part for one in self.played)

    def groups(self) -> list[dict[str, Any]]:
        """The orders that are not simply well, by cause, the most frequent first: part, count, reasons, orders."""
        by_cause: dict[tuple[str, str], list[Played]] = {}
        for one in self.played:
            if one.part not in (Part.APPLIES, Part.STANDS):
                by_cause.setdefault((one.part, one.cause), []).append(one)
        groups = [
            {
                "part": part,
                "count": len(members),
                "reasons": _few(
                    [reason for reason, _ in Counter(one.reason for one in members).most_common()]
                ),
                "orders": _few([one.title for one in members]),
            }
            for (part, _cause), members in by_cause.items()
        ]
        return sorted(groups, key=lambda group: -group["count"])

    def sentence(self) -> str:
        """`47 would apply, 3 would fail`."""
        told = [f"{count} {part.lower()}" for part in Part.ALL if (count := self.count(part))]
        return ", ".join(told) or "There is no order to rehearse."

    def values(self) -> dict[str, Any]:
        """For a screen: sentence, orders, parts (part -> count), groups, notes, stopped."""
        return {
            "store": self.store,
            "erp_instance": self.erp_instance,
            "sentence": self.sentence(),
            "orders": self.orders,
            "parts": {part: self.count(part) for part in Part.ALL if self.count(part)},
            "groups": self.groups(),
            "notes": list(self.notes),
            "stopped": self.stopped,
        }


def _few(texts: list[str]) -> list[str]:
    more = len(texts) - FEW
    return [*texts[:FEW], f"and {more} more"] if more > 0 else texts


@dataclass
class _Stage:
    host: Host
    settings: Settings
    store: Store
    instance: Instance
    offset: int = 0
    played: list[Played] = field(default_factory=list)


def rehearse(host: Host, store_name: str, last: int, budget_seconds: float) -> Rehearsal:
    """The newest `last` orders that the hub knows of a store, within the budget. Raises OperatorError."""
    stage = _stage(host, store_name)
    newest = host.store.newest_records(store_name, ENTITY_TYPE, last)
    records = [record for record in newest if record.mapped and not record.failed_by]
    refused = [record for record in newest if record.failed_by]
    stage.played += [_refused(record) for record in refused]
    ends_at = host.clock.monotonic() + budget_seconds
    stopped = ""
    for record in records:
        if host.clock.monotonic() >= ends_at:
            stopped = "The time for a rehearsal is over; the rest was not asked about."
            break
        verdict = _ask(stage, record)
        stage.played.append(_played(stage, record, verdict))
        if verdict.action in (answers.BREAK, answers.RESIGN) or verdict.is_throttled:
            stopped = f"The ERP does not go on: {verdict.reason}"
            break
    notes = tuple(filter(None, [_gate(stage)]))
    return Rehearsal(
        store_name, stage.instance.name, len(records) + len(refused), tuple(stage.played), stopped, notes
    )


def _refused(record: Record) -> Played:
    """By the store's Mapping Rules: it would not be sent at all."""
    return Played(record.name, record.title or record.key.external_id, Part.FAILS, record.message, "mapping")


def _stage(host: Host, store_name: str) -> _Stage:
    settings = host.store.settings()
    store = host.store.store(store_name)
    if store is None:
        raise OperatorError(f"The Store Account {store_name} does not exist.")
    if settings.standstill:
        raise OperatorError(settings.standstill)
    instance = host.store.instance(store.erp_instance) if store.erp_instance else None
    if instance is None:
        raise OperatorError(f"The Store Account {store_name} points to no ERP Instance. Choose one there.")
    if not instance.secret:
        raise OperatorError(
            instance.secret_problem or f"The ERP Instance {instance.name} has no shared secret. Pair it."
        )
    answer, offset = exchange.ping(host, instance)
    if answer.verdict.action != answers.DONE:
        raise OperatorError(f"The ERP cannot be asked: {answer.verdict.reason}")
    versions = (answer.verdict.ack or AckBody("", {})).payload.get("versions")
    if not isinstance(versions, dict) or DRY_RUN_APP not in versions:
        raise OperatorError(
            f"This ERP does not run {DRY_RUN_APP}; what it does with a dry run is not known, so no order was sent."
        )
    return _Stage(host, settings, store, instance, offset)


def _ask(stage: _Stage, record: Record) -> Verdict:
    host = stage.host
    command = _dry_run(stage, record)
    limits = limits_of(stage.settings)
    verdict = exchange.send(host, stage.instance, command, limits, offset=stage.offset).verdict
    if verdict.action == answers.WAIT:
        host.clock.sleep(verdict.delay)
        verdict = exchange.send(host, stage.instance, command, limits, offset=stage.offset).verdict
    ack = verdict.ack
    if ack and ack.status in ("applied", "skipped") and ack.payload.get("dry_run") is not True:
        raise OperatorError(
            f"The ERP answered for order {record.title or record.key.external_id} without saying that it was a dry run."
            f" Look there whether it was applied. Nothing more was sent. It said: {ack.message}"
        )
    return verdict


def _dry_run(stage: _Stage, record: Record) -> contract.Command:
    """A key and id of its own. No revision: what stands in the ERP is compared by its content."""
    key = f"rehearsal-{contract.new_nonce()}"
    earnest = envelope(_outbound(stage, record))
    return replace(
        earnest,
        command_id=key,
        idempotency_key=key,
        payload={**earnest.payload, "raw": None},
        revision=0,
        dry_run=True,
    )


def _played(stage: _Stage, record: Record, verdict: Verdict) -> Played:
    title = record.title or record.key.external_id
    ack = verdict.ack
    if ack is None or verdict.action in (answers.RETRY, answers.WAIT, answers.BREAK, answers.RESIGN):
        return Played(record.name, title, Part.UNKNOWN, verdict.reason)
    if verdict.action == answers.DONE:
        difference = ack.payload.get("difference")
        if isinstance(difference, str) and difference:
            return Played(record.name, title, Part.DIFFERS, difference)
        part = Part.STANDS if ack.status == "skipped" else Part.APPLIES
        return Played(record.name, title, part, ack.message)
    placed = readiness.dependencies(stage.host.store, stage.store, _outbound(stage, record))
    if placed.status == CommandStatus.WAITING:
        # In earnest its products would be sent before it.
        return Played(record.name, title, Part.WAITS, placed.reason)
    if placed.status == CommandStatus.HELD:
        return Played(record.name, title, Part.FAILS, placed.reason, "held")
    return Played(record.name, title, Part.FAILS, ack.message or verdict.reason, ack.code)


def _outbound(stage: _Stage, record: Record) -> OutboundCommand:
    return OutboundCommand(
        name="",
        command_type=command_type_of(ENTITY_TYPE),
        entity_type=ENTITY_TYPE,
        store=stage.store.name,
        customer_account=stage.store.customer_account,
        erp_instance=stage.instance.name,
        external_id=record.key.external_id,
        record=record.name,
        idempotency_key="",
        payload=record.mapped,
        revision=record.revision,
    )


def _gate(stage: _Stage) -> str:
    probe = _outbound(stage, Record("", RecordKey(stage.store.name, ENTITY_TYPE, "")))
    return readiness.gate(stage.settings, stage.store, stage.instance, probe)
