"""Writes the table of transforms into docs/MAPPING_RULES.md."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from salla_manager.core.mapping.transforms import TRANSFORMS, Parameter, Transform

TARGET = Path(__file__).resolve().parents[1] / "docs" / "MAPPING_RULES.md"
BEGIN, END = "core/mapping/transforms.py: begin -->\n", "<!-- end -->"


def described(parameter: Parameter) -> str:
    needed = ", needed" if parameter.is_required else ""
    return f"`{parameter.name}` ({parameter.kind}{needed}): {parameter.about}"


def row(transform: Transform) -> str:
    parameters = "<br>".join(described(parameter) for parameter in transform.parameters)
    return f"| `{transform.name}` | {transform.about} | {parameters} |"


def table() -> str:
    rows = [row(transform) for transform in TRANSFORMS.values()]
    return "\n".join(["| transform | does | parameters |", "|---|---|---|", *rows, ""])


def rendered() -> str:
    before, _, rest = TARGET.read_text(encoding="utf-8").partition(BEGIN)
    return f"{before}{BEGIN}{table()}{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    TARGET.write_text(rendered(), encoding="utf-8")
    print(f"wrote docs/{TARGET.name}")
