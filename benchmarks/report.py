"""The figures as a table: one line per ratio, with what it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_APPLY = ", apply ÷ bare ERPNext by the same user, in process, one commit each"
TITLES = {
    "masters": f"Items and customers{_APPLY}",
    "orders": f"Orders{_APPLY}",
    "long_orders": f"Long orders{_APPLY}",
    "documents_http": "Signed commands ÷ what a script with an API key and the same rights posts, over HTTP, per request",
    "unrelated": "What our apps cost others: an Item that is none of their business, hooks called and not called",
    "lookups": "Look-ups with 20,000 older orders ÷ without, in process",
    "executor_http": "Executor ÷ frappe ping, over HTTP, per request",
    "dispatch": "Dispatch ÷ a bare keep-alive POST loop, to a stub executor on loopback",
    "connectors": "Destinations, per call in this process",
    "intake": "Intake of Salla's webhooks ÷ frappe ping, over HTTP, per request",
}
HEAD = ("", "ratio", "paired", "limit", "÷", "ours, ms", "base, ms", "SQL", "rows read", "sent again")
ABSOLUTE_HEAD = ("", "median", "limit", "unit", "min / median / max")


def table(figures: dict[str, list[dict[str, Any]]]) -> str:
    """Milliseconds are min / median / max of the rounds; a part with units has no ratios; a ratio is one of medians, paired is the median
    of the ratios of single rounds. A limit holds for that one, and `!` marks what is over it."""
    lines = []
    for part, title in TITLES.items():
        if part not in figures:
            continue
        is_absolute = "unit" in figures[part][0]
        head, cells_of = (ABSOLUTE_HEAD, _absolute_cells) if is_absolute else (HEAD, _cells)
        rows = [head, *map(cells_of, figures[part])]
        widths = [max(len(line[column]) for line in rows) for column in range(len(head))]
        lines += ["", title, *(_line(cells, widths) for cells in rows)]
    return "\n".join(lines)


def over_limit(figures: dict[str, list[dict[str, Any]]]) -> list[str]:
    """A sentence per figure that is above its limit."""
    return [sentence for rows in figures.values() for row in rows if (sentence := _over(row))]


def _over(row: dict[str, Any]) -> str:
    if row["limit"] is None:
        return ""
    if "unit" in row:
        is_over = row["taken"][1] > row["limit"]
        return (
            f"{row['label']}: {row['taken'][1]:g} {row['unit']}, and may take {row['limit']:g}"
            if is_over
            else ""
        )
    if row["rows_read"] and row["rows_read"][0] > row["rows_read"][1] * row["limit"]:
        ours, base = row["rows_read"]
        return f"{row['label']}: the database read {ours} rows, and {base} for {row['base']}"
    if row["paired"] > row["limit"]:
        return f"{row['label']}: {row['paired']:.3f} of {row['base']}, and may be {row['limit']:g}"
    return ""


def _cells(row: dict[str, Any]) -> Sequence[str]:
    return (
        row["label"],
        f"{row['ratio']:.3f}",
        f"{row['paired']:.3f}",
        _limit(row),
        row["base"],
        _spread(row["ours_ms"]),
        _spread(row["base_ms"]),
        _pair(row["sql"]),
        _pair(row["rows_read"]),
        _pair(row["sent_again"]),
    )


def _absolute_cells(row: dict[str, Any]) -> Sequence[str]:
    spread = " / ".join(f"{value:.3f}" for value in row["taken"])
    return row["label"], f"{row['taken'][1]:.3f}", _limit(row), row["unit"], spread


def _limit(row: dict[str, Any]) -> str:
    return "" if row["limit"] is None else f"{'! ' if _over(row) else ''}{row['limit']:g}"


def _pair(counts: Sequence[float] | None) -> str:
    return " : ".join(f"{count:g}" for count in counts) if counts else ""


def _spread(milliseconds: Sequence[float]) -> str:
    return " / ".join(f"{value:.1f}" for value in milliseconds)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    label, *others = cells
    padded = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
    return "  " + "  ".join([label.ljust(widths[0]), *padded]).rstrip()
