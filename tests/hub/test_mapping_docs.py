"""docs/MAPPING_RULES.md is current, and its examples can be imported."""

import re
import runpy
from pathlib import Path

from salla_manager.core.mapping.transforms import TRANSFORMS
from salla_manager.core.mapping.versions import read_export

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/MAPPING_RULES.md").read_text(encoding="utf-8")


def test_the_table_of_transforms_is_current():
    made = runpy.run_path(str(ROOT / "scripts/mapping_docs.py"))["rendered"]()
    assert made == TEXT, "run: make docs"
    assert [name for name in TRANSFORMS if f"| `{name}` |" not in TEXT] == []


def test_the_examples_can_be_imported():
    examples = re.findall(r"```json\n(.+?)```", TEXT, re.DOTALL)
    assert len(examples) == 2
    assert [read_export(text)["entity_type"] for text in examples] == ["order", "product"]


def test_each_button_of_the_editor_is_told():
    sources = list((ROOT / "salla_manager/salla_manager/doctype").glob("mapping_rule*/*.js"))
    labels = {
        label
        for path in sources
        for label in re.findall(r'_button\(\s*__\("([^"]+)"\)', path.read_text(encoding="utf-8"))
    }
    assert len(labels) > 7
    assert sorted(label for label in labels if f"**{label}**" not in TEXT) == []
