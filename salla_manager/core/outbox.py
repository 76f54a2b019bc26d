"""From a normalized payload to its External Record and command, in one transaction per entity."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from salla_manager import contract
from salla_manager.core.given_back import with_given_back
from salla_manager.core.host import Host
from salla_manager.core.model import (
    CommandStatus,
    Record,
    RecordKey,
    RecordStatus,
    Skip,
    Store,
)
from salla_manager.core.new_commands import add_commands, stored_payload
from salla_manager.core.sku import SKU_ENTITIES, claimed_sku, normalize_sku, sku_problem
from salla_manager.core.tax_reasons import with_tax_reasons
from salla_manager.payloads import PAYLOADS, Payload, parse_payload

UNCHANGED = "Unchanged"
STALE = "Stale"
SKIPPED = "Skipped"
IGNORED = "Ignored"
FAILED = "Failed"
# The kind of a failure by Mapping Rules, which better rules mend by themselves.
MAPPING = "mapping"
# The status catalogue has no deleted state; what the ERP holds stays.
_DELETABLE = ("product", "variant", "category", "brand", "customer", "order")
# What named the status before would be taken for it.
_STATUS_OF_ORDER = ("status_id", "status_name", "custom_status_id")


@dataclass(frozen=True)
class Outcome:
    """What became of one entity.

    status: Queued, Waiting, Held or Dead (a command was made), or Unchanged, Stale, Skipped, Ignored, Failed.
    kind: for Skipped `missing` or `duplicate`, for Failed by Mapping Rules `mapping`. due: destinations that have
    something to be sent now.
    """

    key: RecordKey
    status: str
    reason: str = ""
    command: str = ""
    erp_instance: str = ""
    kind: str = ""
    # A SKU this entity no longer claims: others may flow now.
    freed_sku: str = ""
    due: tuple[str, ...] = ()

    @property
    def made_command(self) -> bool:
        return bool(self.command)


def entity_type_of(payload: Payload) -> str:
    return next(entity for entity, kind in PAYLOADS.items() if kind is type(payload))


def key_of(payload: Payload, store: Store) -> RecordKey:
    return RecordKey(store.name, entity_type_of(payload), payload.external_id)


def absorb(
    payload: Payload,
    store: Store,
    host: Host,
    *,
    observed_at: datetime | None = None,
    only_if_new: bool = False,
    normalized: str = "",
    made_of: str = "",
) -> Outcome:
    """Keep the entity and, where its content changed, make its command.

    observed_at: when the shop was read; default now. only_if_new: a second-hand copy, such as the customer
    within an order, that must never replace what is known. normalized: what it was before Mapping Rules changed it,
    as JSON. made_of: as the record keeps it. Opens its own transaction.
    """
    key = key_of(payload, store)
    observed_at = observed_at or host.clock.now()
    with host.store.transaction():
        before = host.store.lock_record(key)
        if only_if_new and before.mapped:
            return Outcome(key, UNCHANGED, "It is known already.")
        if _is_older(before, payload, observed_at, host.clock.now()):
            return Outcome(key, STALE, "The shop has told a newer state of it already.")
        payload = with_given_back(with_tax_reasons(payload, before, host.store), before)
        record = _observed(before, payload, None if only_if_new else observed_at, normalized, made_of)
        freed = before.sku if normalize_sku(before.sku) != normalize_sku(record.sku) else ""
        outcome = _skip_without_sku(host, record, payload) or _queue(host, store, record, payload)
    return replace(outcome, freed_sku=freed)


def absorb_all(
    payloads: Iterable[Payload],
    store: Store,
    host: Host,
    *,
    observed_at: datetime | None = None,
    normalized: Mapping[RecordKey, str] = MappingProxyType({}),
    made_of: str = "",
) -> list[Outcome]:
    """Absorb in the given order, and then those entities whose SKU became free by it. made_of: of the first one."""
    outcomes = [
        absorb(
            payload,
            store,
            host,
            observed_at=observed_at,
            normalized=normalized.get(key_of(payload, store), ""),
            made_of="" if number else made_of,
        )
        for number, payload in enumerate(payloads)
    ]
    for freed in {
        normalize_sku(outcome.freed_sku): outcome.freed_sku for outcome in outcomes if outcome.freed_sku
    }.values():
        outcomes += _reconsider_skipped(freed, store, host)
    return outcomes


def release_skipped(host: Host, limit: int = 500) -> int:
    """Let go those whose SKU became free while nobody looked; gives how many go on."""
    with host.store.transaction():
        found = host.store.skipped_with_free_sku(limit)
    outcomes = []
    for record in found:
        store = host.store.store(record.key.store)
        if store is not None:
            outcomes.append(_absorb_again(record, store, host))
    wake(outcomes, host)
    return sum(outcome.made_command for outcome in outcomes)


def absorb_deletion(
    key: RecordKey, store: Store, host: Host, *, observed_at: datetime | None = None
) -> list[Outcome]:
    """The shop has deleted the entity: send it once more with the status deleted, where the ERP may know it."""
    record = host.store.find_record(key)
    if record is None or not record.mapped:
        return [Outcome(key, IGNORED, "Deleted in the shop; it was never known here.")]
    if key.entity_type not in _DELETABLE:
        reason = f"The {key.entity_type} was deleted in the shop. What the ERP holds stays; cancel it there if need be."
        return [Outcome(key, IGNORED, reason)]
    values = {**json.loads(record.mapped), "status": "deleted", "updated_at": None}
    if key.entity_type == "order":
        values |= dict.fromkeys(_STATUS_OF_ORDER)
    if not record.revision:
        return [_forget(key, values, host)]
    payload = parse_payload(
        key.entity_type, {**values, "raw": json.loads(record.raw) if record.raw else None}
    )
    return absorb_all([payload], store, host, observed_at=observed_at)


def _forget(key: RecordKey, values: dict[str, Any], host: Host) -> Outcome:
    with host.store.transaction():
        record = host.store.lock_record(key)
        host.store.resolve_skip(key)
        mapped = contract.dump_json(values).decode()
        host.store.save_record(replace(record, sku="", mapped=mapped, message="Deleted in the shop."))
    return Outcome(key, IGNORED, "Deleted in the shop; it was never sent.")


def keep_failure(key: RecordKey, message: str, raw: dict[str, Any] | None, host: Host) -> Outcome:
    """The entity could not be understood: its record says why, and what was sent before stays."""
    with host.store.transaction():
        record = host.store.lock_record(key)
        kept = contract.dump_json(raw).decode() if raw is not None else record.raw
        failed = replace(record, status=RecordStatus.FAILED, message=message, raw=kept, failed_by="")
        host.store.save_record(failed)
    return Outcome(key, FAILED, message)


def keep_unmapped(
    payload: Payload,
    refusal: tuple[str, str],
    store: Store,
    host: Host,
    *,
    observed_at: datetime,
    only_if_new: bool = False,
) -> Outcome:
    """Mapping Rules refuse the entity: its record keeps what the shop says and why, and what was sent before stays.

    refusal: the Mapping Rule Set and the reason in words.
    """
    key = key_of(payload, store)
    rule_set, message = refusal
    with host.store.transaction():
        before = host.store.lock_record(key)
        if only_if_new and (before.mapped or before.failed_by):
            return Outcome(key, UNCHANGED, "It is known already.")
        if _is_older(before, payload, observed_at, host.clock.now()):
            return Outcome(key, STALE, "The shop has told a newer state of it already.")
        told = _observed(before, payload, None if only_if_new else observed_at)
        host.store.save_record(
            replace(
                told,
                status=RecordStatus.FAILED,
                message=message,
                mapped=before.mapped,
                sku=before.sku,
                normalized=told.mapped,
                failed_by=rule_set,
            )
        )
    return Outcome(key, FAILED, message, kind=MAPPING)


def resend(record: Record, store: Store, host: Host, *, leading_only: bool = False) -> Outcome:
    """An operator's deliberate re-send of what is known: the same revision, a new generation, a new key.

    leading_only: to the destination that the record follows; copies are left as they are.
    Raises ValueError where nothing was ever ready to be sent.
    """
    with host.store.transaction():
        record = host.store.lock_record(record.key)
        if not record.revision or not record.mapped or record.status == RecordStatus.SKIPPED:
            raise ValueError(f"There is nothing to send again: {record.message or 'it was never sent.'}")
        record = replace(record, generation=record.generation + 1)
        outcome = _add_command(host, store, record, "Sent again by an operator.", leading_only=leading_only)
    wake([outcome], host)
    return outcome


def wake(outcomes: Iterable[Outcome], host: Host) -> None:
    """Once per destination, after the transactions."""
    for destination in dict.fromkeys(name for outcome in outcomes for name in outcome.due):
        host.jobs.dispatch(destination)


def _is_older(record: Record, payload: Payload, observed_at: datetime, now: datetime) -> bool:
    known, told = record.source_updated_at, payload.updated_at
    if known is not None and told is not None and known != told:
        return told < known
    # A look in the future means that our clock was set back; it tells nothing then, and a change must not be lost.
    return record.observed_at is not None and observed_at < record.observed_at <= now


def _observed(
    record: Record,
    payload: Payload,
    observed_at: datetime | None,
    normalized: str = "",
    made_of: str = "",
) -> Record:
    values = payload.model_dump(mode="json")
    raw = values.pop("raw", None)
    return replace(
        record,
        raw=contract.dump_json(raw).decode() if raw is not None else "",
        mapped=contract.dump_json(values).decode(),
        normalized=normalized,
        made_of=made_of,
        failed_by="",
        sku=claimed_sku(record.key.entity_type, values),
        title=str(values.get("reference") or values.get("name") or "")[:140],
        source_updated_at=payload.updated_at or record.source_updated_at,
        observed_at=observed_at,
    )


def _skip_without_sku(host: Host, record: Record, payload: Payload) -> Outcome | None:
    if record.key.entity_type not in SKU_ENTITIES or getattr(payload, "status", "") == "deleted":
        return None
    holders = host.store.records_with_sku(record.key.store, record.sku) if record.sku else ()
    product_id = getattr(payload, "product_id", "")
    problem = sku_problem(record.key, getattr(payload, "sku", None), holders, product_id)
    if problem is None:
        return None
    kind, reason = problem
    key = record.key
    host.store.add_skip(Skip(key.store, key.entity_type, key.external_id, record.title, reason))
    host.store.save_record(replace(record, status=RecordStatus.SKIPPED, message=reason))
    return Outcome(key, SKIPPED, reason, kind=kind)


def _queue(host: Host, store: Store, record: Record, payload: Payload) -> Outcome:
    if record.key.entity_type in SKU_ENTITIES:
        host.store.resolve_skip(record.key)
    digest = content_hash(payload)
    if record.revision and record.content_hash == digest:
        host.store.save_record(_standing(host, record))
        return Outcome(record.key, UNCHANGED, "Its content is as it was sent before.")
    record = replace(record, revision=record.revision + 1, generation=0, content_hash=digest)
    return _add_command(host, store, record, "A newer revision has come.")


def _standing(host: Host, record: Record) -> Record:
    """What was skipped or not understood in between is again where its last command stands."""
    if record.status not in (RecordStatus.SKIPPED, RecordStatus.FAILED):
        return record
    if record.applied_revision >= record.revision:
        return replace(record, status=RecordStatus.APPLIED, message="")
    command = host.store.command(record.last_command)
    if command is not None and command.status == CommandStatus.DEAD:
        return replace(record, status=RecordStatus.FAILED, message=command.reason)
    return replace(record, status=RecordStatus.QUEUED, message="")


def content_hash(payload: Payload) -> str:
    text = json.dumps(payload.content(), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _add_command(
    host: Host, store: Store, record: Record, replaced: str, *, leading_only: bool = False
) -> Outcome:
    made = add_commands(host, store, record, replaced, leading_only=leading_only)
    command = made.leading
    is_dead = command.status == CommandStatus.DEAD
    status, message = (RecordStatus.FAILED, command.reason) if is_dead else (RecordStatus.QUEUED, "")
    host.store.save_record(replace(record, status=status, message=message, last_command=command.name))
    return Outcome(
        record.key, command.status, command.reason, command.name, command.erp_instance, due=made.due
    )


def _reconsider_skipped(sku: str, store: Store, host: Host) -> list[Outcome]:
    """Those that were skipped as duplicates of a SKU that is free now."""
    with host.store.transaction():
        waiting = [
            r for r in host.store.records_with_sku(store.name, sku) if r.status == RecordStatus.SKIPPED
        ]
    return [_absorb_again(record, store, host) for record in waiting]


def _absorb_again(record: Record, store: Store, host: Host) -> Outcome:
    payload = parse_payload(record.key.entity_type, stored_payload(record))
    return absorb(payload, store, host, observed_at=record.observed_at, normalized=record.normalized)
