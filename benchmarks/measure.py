"""Interleaved timing, statement counts and the rows of the table. Runs in the bench's Python and in ours."""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

# Prepares one round outside of the clock and gives the part that is timed.
Case = Callable[[], Callable[[], Any]]
Times = dict[str, list[float]]


def interleave(label: str, cases: Mapping[str, Case], rounds: int) -> Times:
    """Seconds of every case in every round; the order turns round by round, so that none always goes first."""
    names = list(cases)
    times: Times = {name: [] for name in names}
    # As Frappe's web workers do; to go through all of it each time would cool the processor's caches, too.
    gc.freeze()
    for number in range(rounds):
        progress(f"{label}: round {number + 1} of {rounds}")
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            work = cases[name]()
            # What the case before left behind is not this one's work.
            gc.collect()
            times[name].append(timed(work))
    gc.unfreeze()
    return times


def timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def row(
    label: str,
    ours: Sequence[float],
    base: Sequence[float],
    *,
    base_label: str,
    sql: tuple[float, float] | None = None,
    per: int = 1,
    limit: float | None = None,
    sent_again: tuple[int, int] | None = None,
    rows_read: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """One line of the table: a ratio of medians and what it is made of, in milliseconds per unit.

    limit: what the paired ratio may be at most; sql, sent_again, rows_read: of ours and of the base.
    """
    return {
        "label": label,
        "base": base_label,
        "ratio": round(statistics.median(ours) / statistics.median(base), 3),
        # Of two neighbours in time, so it stands still where a busy machine makes the medians wander.
        "paired": round(statistics.median(one / other for one, other in zip(ours, base, strict=True)), 3),
        "limit": limit,
        "ours_ms": spread(ours, per),
        "base_ms": spread(base, per),
        "rounds": len(ours),
        "sql": list(sql) if sql else None,
        "sent_again": list(sent_again) if sent_again else None,
        "rows_read": list(rows_read) if rows_read else None,
    }


def spread(seconds: Sequence[float], per: int = 1) -> list[float]:
    """min, median, max in milliseconds."""
    return [
        round(value * 1000 / per, 2) for value in (min(seconds), statistics.median(seconds), max(seconds))
    ]


@contextmanager
def counted_sql(database: Any) -> Iterator[Counter[str]]:
    """Statements of a frappe.db by their first word; begin, commit and rollback do not count."""
    counts: Counter[str] = Counter()
    original = database.sql

    def counting(query: Any, *args: Any, **kwargs: Any) -> Any:
        word = str(query).split(None, 1)[0].lower()
        if word not in ("commit", "start", "rollback"):
            counts[word] += 1
        return original(query, *args, **kwargs)

    database.sql = counting
    try:
        yield counts
    finally:
        del database.sql


def statements(database: Any, case: Case) -> int:
    """How many SQL statements one round of a case needs."""
    work = case()
    with counted_sql(database) as counts:
        work()
    return sum(counts.values())


def rows_read(database: Any, case: Case) -> int:
    """How many rows and index entries the database read for one round of a case, which no busy machine changes."""

    def so_far() -> int:
        rows = database.sql("SHOW SESSION STATUS LIKE 'Handler_read%'")
        return sum(int(value) for _name, value in rows)

    work = case()
    # Reading the counters counts as well.
    idle = so_far() - so_far()
    before = so_far()
    work()
    return so_far() - before + idle


def progress(text: str) -> None:
    """One line that is written over on a terminal, and only now and then elsewhere."""
    if sys.stderr.isatty():
        print(f"\r\033[K  {text}", end="", file=sys.stderr, flush=True)
        return
    title = text.split(":")[0]
    if title != getattr(progress, "last", ""):
        progress.last = title  # type: ignore[attr-defined]
        print(f"  {title} …", file=sys.stderr, flush=True)
