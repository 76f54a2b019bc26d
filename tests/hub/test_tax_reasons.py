"""A line without VAT takes the reason from its product, as the shop says it there only."""

from __future__ import annotations

import json

import pytest
from hub_kit import Hub, line


def untaxed(**values: object) -> dict[str, object]:
    return line(product_id="1", tax_percent="0", tax="0", **values)


def reasons(hub: Hub) -> list[str | None]:
    return [row["tax_reason_code"] for row in json.loads(hub.record("order", "900").mapped)["items"]]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([untaxed()], ["VATEX-SA-35"]),
        ([untaxed(tax_reason_code="VATEX-SA-HEA")], ["VATEX-SA-HEA"]),
        ([line(product_id="1", tax_percent="15", tax="1.30")], [None]),
        ([line(product_id="1")], [None]),
        ([{**untaxed(), "product_id": "2"}], [None]),
        ([untaxed(), {**untaxed(), "external_id": "l2", "product_id": None}], ["VATEX-SA-35", None]),
    ],
)
def test_a_line_without_vat_has_its_product_s_reason(hub: Hub, items: list, expected: list) -> None:
    hub.absorb("product", tax_percent="0", tax_reason_code="VATEX-SA-35")
    hub.absorb("order", items=items)
    assert reasons(hub) == expected


def test_an_order_that_comes_again_says_the_same(hub: Hub) -> None:
    hub.absorb("product", tax_percent="0", tax_reason_code="VATEX-SA-35")
    hub.absorb("order", items=[untaxed()])
    assert hub.absorb("order", items=[untaxed()]).status == "Unchanged"
    assert hub.record("order", "900").revision == 1


@pytest.mark.parametrize("at_first", [None, "VATEX-SA-35"])
def test_what_a_product_says_later_is_no_change_of_an_order_that_was_sent(
    hub: Hub, at_first: str | None
) -> None:
    hub.absorb("product", tax_percent="0", tax_reason_code=at_first)
    hub.absorb("order", items=[untaxed()])
    hub.absorb("product", tax_percent="0", tax_reason_code="VATEX-SA-HEA")
    assert hub.absorb("order", items=[untaxed()]).status == "Unchanged"
    hub.absorb("order", status="completed", items=[untaxed()])
    assert (hub.record("order", "900").revision, reasons(hub)) == (2, [at_first])


def test_a_line_that_came_later_or_lost_its_vat_has_its_product_s_reason(hub: Hub) -> None:
    hub.absorb("product", tax_percent="0", tax_reason_code="VATEX-SA-35")
    hub.absorb("order", items=[line(product_id="1", tax_percent="15", tax="1.30")])
    hub.absorb("order", items=[untaxed(), untaxed(external_id="92")])
    assert reasons(hub) == ["VATEX-SA-35", "VATEX-SA-35"]
