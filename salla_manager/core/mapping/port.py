"""What mapping again needs to find among the records, beside core's HubStore. Implemented on Frappe in `adapters/` and
on SQLite in `sandbox/`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from salla_manager.core.model import Record


@dataclass(frozen=True)
class Scope:
    """The records that a rule set is for."""

    stores: tuple[str, ...]
    entity_type: str


class MappingRows(Protocol):
    def records_behind(self, scope: Scope, after: str, limit: int, *, only_failed: bool) -> list[Record]:
        """By name, those behind the record `after`; only_failed: those that Mapping Rules refused."""

    def count_records(self, scope: Scope, *, only_failed: bool) -> int: ...
