"""Walking a list by ascending ids while the shop goes on selling.

What is new comes at the end. What is deleted, or leaves the window by a change, pulls the rows behind it to the left,
where they would be missed: so where the shop's count fell the walk goes back by as much. What gets past that is for
the nightly walk.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone

from salla_manager.platforms.woocommerce.api import RawPage

_UNKNOWN = -1


@dataclass(frozen=True)
class Position:
    """at: rows of the list before the page to read. total: by the shop's count when the page before was read."""

    at: int = 0
    total: int = _UNKNOWN

    def cursor(self) -> str:
        return f"{self.at}.{self.total}"


def position_of(cursor: str) -> Position:
    """Of an empty cursor the beginning. Raises ValueError for what is none of ours."""
    return Position(*(int(part) for part in cursor.split("."))) if cursor else Position()


def after(position: Position, page: RawPage) -> Position | None:
    """Where to read on, None at the end. A short page is none: rows that the key may not see are left out."""
    told = page.answer.total
    total = _UNKNOWN if told is None else told
    lost = position.total - total if total != _UNKNOWN else 0
    if page.place and lost > 0:
        return Position(max(0, page.place - lost) // page.size * page.size, total)
    return Position(page.place + page.size, total) if _goes_on(page) else None


def _goes_on(page: RawPage) -> bool:
    if page.answer.pages is not None:
        return page.place // page.size + 1 < page.answer.pages
    if page.answer.has_next is not None:
        return page.answer.has_next
    # Nothing tells the end but a page behind it, which is empty.
    return bool(page.rows)


@dataclass(frozen=True)
class Window:
    """A look for changes: from `after` on, exclusive, until `before`, which the first answer sets; Unix seconds, 0 for
    not set. part: of the lists that one kind has."""

    after: int
    before: int = 0
    part: int = 0
    position: Position = Position()

    def cursor(self) -> str:
        return f"{self.after}.{self.before}.{self.part}.{self.position.cursor()}"

    def query(self) -> dict[str, str]:
        """Naive GMT: WordPress would turn a zone into the site's own, and compare that with GMT."""
        found = {"modified_after": gmt(self.after), "dates_are_gmt": "true"}
        return found | ({"modified_before": gmt(self.before)} if self.before else {})

    def until(self, moment: datetime | None) -> Window:
        """Frozen at the shop's own clock."""
        return replace(self, before=int(moment.timestamp())) if moment and not self.before else self


def window_of(cursor: str, since: datetime) -> Window:
    if not cursor:
        return Window(int(since.timestamp()))
    begin, end, part, *position = (int(value) for value in cursor.split("."))
    return Window(begin, end, part, Position(*position))


def gmt(moment: int | datetime) -> str:
    if isinstance(moment, int):
        moment = datetime.fromtimestamp(moment, timezone.utc)
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
