"""Filters, order and pages of a collection, with the traps that WooCommerce's have."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from sandbox.woocommerce.query import Query
from sandbox.woocommerce.state import WooState

MOST_PER_PAGE = 100


@dataclass(frozen=True)
class Listed:
    """One page: the rows that the reader may see, the count of all, and where it stands."""

    rows: list[Any]
    total: int
    pages: int
    page: int

    @property
    def neighbours(self) -> dict[str, int]:
        """Pages by the names of the header Link."""
        found = {}
        if self.page > 1:
            found["prev"] = min(self.page - 1, max(self.pages, 1))
        if self.page < self.pages:
            found["next"] = self.page + 1
        return found


@dataclass(frozen=True)
class Ordering:
    """by: keys of rows by the words of `orderby`; the first is the default. default_order: asc or desc."""

    by: dict[str, Callable[[Any], Any]]
    default_order: str = "desc"


_NEVER = datetime.min.replace(tzinfo=timezone.utc)
POSTS = {
    "date": lambda row: row.created or _NEVER,
    "modified": lambda row: row.modified or _NEVER,
    "id": lambda row: row.id,
    "include": lambda row: row.id,
    "title": lambda row: getattr(row, "name", ""),
    "slug": lambda row: row.id,
}
PRODUCTS = Ordering(
    POSTS
    | {
        "price": lambda row: row.price or 0,
        "popularity": lambda row: row.id,
        "rating": lambda row: row.id,
        "menu_order": lambda row: row.id,
    }
)
ORDERS = Ordering(POSTS)
CUSTOMERS = Ordering(
    {
        "name": lambda row: row["username"],
        "id": lambda row: row["id"],
        "include": lambda row: row["id"],
        "registered_date": lambda row: row["created"],
    },
    "asc",
)
TERMS = Ordering(
    {
        "name": lambda row: row["name"],
        **dict.fromkeys(("id", "include", "term_id"), lambda row: row["id"]),
        **dict.fromkeys(("slug", "term_group", "description"), lambda row: row["slug"]),
        "count": lambda row: row["count"],
    },
    "asc",
)
TAXES = Ordering(
    {
        "order": lambda row: row.id,
        "id": lambda row: row.id,
        "priority": lambda row: row.priority,
    },
    "asc",
)
# Not unique: what is equal comes as it comes, page by page anew.
_LOOSE = ("date", "modified")


def listed(state: WooState, query: Query, rows: Iterable[Any], ordering: Ordering) -> Listed:
    """Filtered by `include` and `exclude`, ordered, cut. Raises ApiError."""
    page = query.number("page", 1, 1)
    size = query.number("per_page", 10, 1, MOST_PER_PAGE)
    offset = query.number("offset", (page - 1) * size)
    name = query.one_of("orderby", tuple(ordering.by), next(iter(ordering.by)))
    is_falling = query.one_of("order", ("asc", "desc"), ordering.default_order) == "desc"
    include, exclude = query.ids("include"), set(query.ids("exclude"))
    query.check()
    found = [row for row in rows if not exclude or _id(row) not in exclude]
    if include:
        found = [row for row in found if _id(row) in set(include)]
    found.sort(key=_key(state, ordering, name, page), reverse=is_falling)
    cut = found[offset : offset + size]
    shown = [row for row in cut if _id(row) not in state.hidden]
    return Listed(shown, len(found), -(-len(found) // size), page)


def _key(state: WooState, ordering: Ordering, name: str, page: int) -> Callable[[Any], Any]:
    key = ordering.by[name]
    if name not in _LOOSE or state.is_at_least(10, 4):
        return lambda row: (key(row), _id(row))
    return lambda row: (key(row), (_id(row) * 2654435761 + page * 40503 * 65537) % 2**32)


def _id(row: Any) -> int:
    return row["id"] if isinstance(row, dict) else row.id


def by_dates(state: WooState, query: Query, rows: Iterable[Any]) -> list[Any]:
    """`after`, `before` of the creation, `modified_…` of the change; both ends are exclusive."""
    kinds = [("", "created")]
    if state.is_at_least(5, 8):
        kinds.append(("modified_", "modified"))
    found = list(rows)
    for prefix, name in kinds:
        after, before = query.moment(f"{prefix}after"), query.moment(f"{prefix}before")
        if after or before:
            column = _Column(state, query, name)
            after, before = column.comparable(after), column.comparable(before)
            found = [row for row in found if column.is_between(row, after, before)]
    return found


class _Column:
    """A column of the database, without zone: in the site's time, or GMT with `dates_are_gmt`."""

    def __init__(self, state: WooState, query: Query, name: str):
        self._site = state.zone
        self._zone = timezone.utc if query.is_set("dates_are_gmt") and state.is_at_least(5, 4) else state.zone
        self._name = name

    def comparable(self, value: datetime | None) -> datetime | None:
        # A zone in the value is turned into the site's, also where GMT is compared: wrong by the offset.
        return value.astimezone(self._site).replace(tzinfo=None) if value and value.tzinfo else value

    def is_between(self, row: Any, after: datetime | None, before: datetime | None) -> bool:
        moment = getattr(row, self._name)
        if moment is None:
            return False
        held = moment.astimezone(self._zone).replace(tzinfo=None)
        return (after is None or held > after) and (before is None or held < before)


def by_words(query: Query, rows: Iterable[Any], name: str, of: Callable[[Any], Any]) -> list[Any]:
    """Rows that have one of the values of a parameter, all where it is not given."""
    wanted = set(query.words(name))
    return [row for row in rows if not wanted or str(of(row)) in wanted]
