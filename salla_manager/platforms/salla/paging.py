"""Walking a list, newest first, that moves while it is read, by page numbers and the shop's own counters.

What is new pushes rows to a later page, where they come twice; what is deleted pulls rows to a page that was read
already, where they would be missed. So the walk goes back where the total falls, and in the end reads what came new.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from salla_manager.platforms.salla.api import RawPage


@dataclass(frozen=True)
class Position:
    """The page to read. total: rows when the page before was read; first: when this walk began (0: not begun).

    until: the last page of a walk over what came new; 0 for the walk over all.
    """

    page: int = 1
    total: int = 0
    first: int = 0
    until: int = 0

    def cursor(self) -> str:
        return f"{self.page}.{self.total}.{self.first}.{self.until}"


def position_of(cursor: str) -> Position:
    """Of an empty cursor the beginning. Raises ValueError for what is none of ours."""
    return Position(*(int(part) for part in cursor.split("."))) if cursor else Position()


def after(position: Position, page: RawPage) -> Position | None:
    """Where to read on, None at the end."""
    first = position.first or page.total
    lost = position.total - page.total
    if position.page > 1 and lost > 0:
        back = max(1, position.page - -(-lost // page.size))
        return Position(back, page.total, first, position.until)
    here = replace(position, total=page.total, first=first)
    if page.number < min(position.until or page.pages, page.pages):
        return replace(here, page=position.page + 1)
    if position.until and page.total <= first:
        return None
    # One page is one look: nothing can have come in between.
    if page.pages <= 1:
        return None
    new = max(1, page.total - first)
    return Position(1, page.total, page.total, -(-new // page.size))
