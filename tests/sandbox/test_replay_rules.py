"""`sandbox replay --rules`: from a captured body by Mapping Rules to the document in the ERP."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from salla_manager.core.mapping.versions import export
from sandbox.__main__ import cli

PRODUCT = {
    "event": "product.updated",
    "merchant": 1305146709,
    "created_at": "Sun Jun 26 2022 12:21:48 GMT+0300",
    "data": {
        "id": 4412,
        "name": "Pattern",
        "sku": "",
        "mpn": "P-1",
        "type": "product",
        "status": "sale",
        "price": {"amount": 150, "currency": "SAR"},
        "with_tax": True,
        "options": [],
        "skus": [],
        "categories": [{"id": 15, "name": "Oud"}],
    },
}
SKU = {"target": "sku", "source": "payload.sku, raw.mpn", "transform": "text", "required": True}
NOTE = {"target": "description", "source": "raw.categories[id=15].name"}


@pytest.fixture
def replayed(tmp_path: Path):
    """Exit status and the parsed output for rules of products."""

    def run(*rules, text=""):
        (tmp_path / "product.json").write_text(json.dumps(PRODUCT))
        made = export({"entity_type": "product", "rules": list(rules)})
        (tmp_path / "rules.json").write_text(text or made)
        arguments = [
            "replay",
            "--json",
            "--rules",
            str(tmp_path / "rules.json"),
            str(tmp_path / "product.json"),
        ]
        done = CliRunner().invoke(cli, arguments)
        return done.exit_code, json.loads(done.stdout) if done.exit_code == 0 else done.output

    return run


def test_rules_reach_the_document(replayed):
    status, (result,) = replayed(SKU, NOTE)
    assert status == 0
    (item,) = [one for one in result["documents"] if one["doctype"] == "Item"]
    assert (item["name"], item["description"]) == ("P-1", "Oud")
    assert result["payloads"][0]["sku"] == "P-1"


def test_what_rules_refuse_is_told_and_not_sent(replayed):
    _, (result,) = replayed({**SKU, "source": "raw.gtin"})
    assert (result["commands"], result["payloads"]) == ([], [])
    assert "Rule 1 (sku): it is required, and the field is empty" in " ".join(result["understood"])
    assert "product 4412: Failed. The Mapping Rules" in result["event"]["message"]


def test_rules_that_cannot_be_taken_are_refused(replayed):
    status, output = replayed(
        text='{"format": "salla-mapping-rules-1", "entity_type": "product", "rule": []}'
    )
    assert status == 2
    assert "'rule' is not known here" in output
