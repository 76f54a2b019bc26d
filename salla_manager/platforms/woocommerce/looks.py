"""What changed in a store since it was last looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from salla_manager.platforms.pace import Budget
from salla_manager.platforms.port import Look, Met, ShopError
from salla_manager.platforms.values import moment
from salla_manager.platforms.woocommerce.pages import Pages
from salla_manager.platforms.woocommerce.paging import Position, after, position_of, window_of

# Rows are saved after their time was taken, and some times are set by hand.
OVERLAP = timedelta(minutes=10)


class Looks:
    """In one lane. All methods raise ShopError."""

    def __init__(self, pages: Pages):
        self._pages, self._lists = pages, pages.lists

    def changed(self, entity_type: str, look: Look, budget: Budget) -> Iterator[dict[str, Any]]:
        """In a window of GMT that is frozen at the first answer."""
        window = window_of(look.cursor, look.since - OVERLAP)
        parts = self._parts(entity_type, budget)
        while window.part < len(parts):
            listed, query = parts[window.part]
            raw = self._lists.page(listed, window.position, query | window.query(), budget)
            window = window.until(raw.answer.at)
            for external_id, row in self._pages.taken(listed, raw, False, budget):
                if _is_settled(external_id, row, look):
                    continue
                yield from self._whole_of(listed, external_id, row, look, budget)
            following = after(window.position, raw)
            window = replace(window, position=following or Position(), part=window.part + (following is None))
            if window.part < len(parts):
                look.on_page(window.cursor())
        if window.before:
            look.on_end(datetime.fromtimestamp(window.before, timezone.utc))

    def _parts(self, entity_type: str, budget: Budget) -> list[tuple[str, dict[str, str]]]:
        """What is in the bin is in no other list."""
        found = [(entity_type, {}), (entity_type, {"status": "trash"})]
        return (
            [*found, ("variant", {})]
            if entity_type == "product" and self._lists.lists_variations(budget)
            else found
        )

    def _whole_of(
        self, entity_type: str, external_id: str, row: dict[str, Any], look: Look, budget: Budget
    ) -> Iterator[dict[str, Any]]:
        if entity_type != "product" or self._lists.lists_variations(budget):
            yield row
            return
        try:
            body = self._lists.with_variations(row, budget)
        except ShopError as error:
            look.stuck(external_id, error)
            return
        yield body

    def newest(self, entity_type: str, look: Look, budget: Budget) -> Iterator[dict[str, Any]]:
        """Of a kind whose list knows no time of change: down to a page of known ones."""
        position: Position | None = position_of(look.cursor)
        while position is not None:
            raw = self._lists.page(entity_type, position, {"order": "desc"}, budget)
            fresh = [row for key, row in raw.rows if look.meet(key, _changed_at(row)) == Met.NEW]
            yield from fresh
            position = after(position, raw) if fresh else None
            if position is not None:
                look.on_page(position.cursor())


def _changed_at(row: dict[str, Any]) -> datetime | None:
    return moment(row.get("date_modified_gmt"), "+00:00")


def _is_settled(external_id: str, row: dict[str, Any], look: Look) -> bool:
    """Known in this version, and the second it was changed in was over when it was read. Times are of whole seconds,
    so what changed twice within one shows the same time both times."""
    changed = _changed_at(row)
    return changed is not None and changed < look.since and look.meet(external_id, changed) != Met.NEW
