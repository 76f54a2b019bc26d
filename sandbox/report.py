"""The demo's closing table: per entity type what the shop has, what the hub made of it, what the ERP took."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from salla_manager.contract import ENTITY_TYPES

COLUMNS = (
    ("at_shop", "at the shop"),
    ("received", "received"),
    ("skipped", "skipped"),
    ("held", "held"),
    ("commands", "commands"),
    ("superseded", "superseded"),
    ("attempts", "attempts"),
    ("applied", "applied"),
    ("dead", "dead"),
)


@dataclass
class Figures:
    """Counts of one entity type. held: were held at some time; applied: commands that the ERP acknowledged."""

    at_shop: int = 0
    received: int = 0
    skipped: int = 0
    held: int = 0
    commands: int = 0
    superseded: int = 0
    attempts: int = 0
    applied: int = 0
    dead: int = 0
    skip_reasons: dict[str, int] = field(default_factory=dict)


@dataclass
class Report:
    """What a run showed. differences: one sentence each, empty when shop and ERP agree."""

    world: str
    figures: dict[str, Figures]
    webhooks: dict[str, int]
    checks: dict[str, Any]
    differences: list[str]
    seconds: float

    @property
    def is_green(self) -> bool:
        return not self.differences

    def text(self) -> str:
        rows = [("", *(title for _, title in COLUMNS))]
        rows += [
            (entity, *(str(getattr(self.figures[entity], key)) for key, _ in COLUMNS))
            for entity in ENTITY_TYPES
            if entity in self.figures
        ]
        lines = _table(rows)
        reasons = [
            f"  {entity}: {count} × {reason}"
            for entity, figures in self.figures.items()
            for reason, count in sorted(figures.skip_reasons.items())
        ]
        if reasons:
            lines += ["", "skipped, with reason", *reasons]
        lines += ["", "webhooks: " + ", ".join(f"{count} {what}" for what, count in self.webhooks.items())]
        lines += [f"{what}: {value}" for what, value in self.checks.items()]
        lines += [""]
        lines += [f"DIFFERENCE  {text}" for text in self.differences]
        verdict = (
            "The ERP holds what the shop holds, to the halala." if self.is_green else "NOT EQUAL, see above."
        )
        return "\n".join([*lines, f"{verdict} ({self.seconds:.1f} s)"])

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        values = asdict(self) | {"is_green": self.is_green}
        path.write_text(
            json.dumps(values, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8"
        )


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return [lines[0], "-" * len(lines[0]), *lines[1:]]
