"""Sentences of the core that Desk shows: they read well in English, and each of their templates is there in Arabic."""

from __future__ import annotations

import ast
import csv
from pathlib import Path

from salla_executor.core.mapping.order_lines import FEE_LINES
from salla_executor.core.texts import Text

APP = Path(__file__).resolve().parents[2] / "salla_executor"


def templates() -> set[str]:
    found = set(FEE_LINES)
    for path in [*APP.glob("core/**/*.py"), *APP.glob("erpnext/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Text":
                template = node.args[0]
                # Names, and what was kept, are texts that were made elsewhere.
                assert isinstance(template, ast.Constant | ast.Name | ast.Subscript), (path, node.lineno)
                found |= {template.value} if isinstance(template, ast.Constant) else set()
    return found


def test_each_template_is_there_in_arabic():
    with (APP / "translations/ar.csv").open(encoding="utf-8", newline="") as file:
        arabic = dict(csv.reader(file))
    assert len(templates()) > 12
    assert sorted(templates() - arabic.keys()) == []


def test_a_text_is_its_english_sentence_and_knows_what_it_is_made_of():
    label = Text("Total")
    text = Text("{0}: {1} in the shop.", label, "{braces}")
    assert text == "Total: {braces} in the shop."
    assert (text.template, text.values) == ("{0}: {1} in the shop.", (label, "{braces}"))
