"""The figures as a table: one line per ratio, with what it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

TITLES = {
    "apply": "Apply ÷ bare ERPNext, in process, one commit each (bare as Administrator, without permission checks)",
    "executor_http": "Executor ÷ frappe ping, over HTTP, per request",
    "dispatch": "Dispatch ÷ a bare keep-alive POST loop, to a stub executor on loopback",
    "intake": "Intake of Salla's webhooks ÷ frappe ping, over HTTP, per request",
}
HEAD = ("", "ratio", "paired", "÷", "ours, ms", "base, ms", "SQL")


def table(figures: dict[str, list[dict[str, Any]]]) -> str:
    """Milliseconds are min / median / max of the rounds; a ratio is one of medians, paired is the median
    of the ratios of single rounds."""
    lines = []
    for part, title in TITLES.items():
        if part not in figures:
            continue
        rows = [HEAD, *map(_cells, figures[part])]
        widths = [max(len(line[column]) for line in rows) for column in range(len(HEAD))]
        lines += ["", title, *(_line(cells, widths) for cells in rows)]
    return "\n".join(lines)


def _cells(row: dict[str, Any]) -> Sequence[str]:
    sql = " : ".join(f"{count:g}" for count in row["sql"]) if row["sql"] else ""
    return (
        row["label"],
        f"{row['ratio']:.2f}",
        f"{row['paired']:.2f}",
        row["base"],
        _spread(row["ours_ms"]),
        _spread(row["base_ms"]),
        sql,
    )


def _spread(milliseconds: Sequence[float]) -> str:
    return " / ".join(f"{value:.1f}" for value in milliseconds)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    label, *others = cells
    padded = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
    return "  " + "  ".join([label.ljust(widths[0]), *padded]).rstrip()
