from decimal import Decimal
from types import SimpleNamespace

from contents import LINES, Unit, customer, differences, order, orders_of, product

ONE, OTHER = Unit("run-0001-", "+966500000001"), Unit("run-0002-", "+966500000002")


class Doc(SimpleNamespace):
    """As much of a Frappe document as is compared."""

    def as_dict(self):
        return vars(self) | {name: [row.as_dict() for row in value] for name, value in self.lists()}

    def lists(self):
        return [(name, value) for name, value in vars(self).items() if isinstance(value, list)]

    def get(self, name):
        return getattr(self, name)


def doc(unit, **values):
    rows = [Doc(doctype="Row", name=f"x{number}", item_code=unit.mark, qty=1) for number in (1, 2)]
    return Doc(doctype="Sales Order", name=unit.mark, customer=f"C {unit.mark}", items=rows, **values)


def test_documents_that_differ_by_their_marks_alone_are_the_same():
    assert differences(doc(ONE), ONE, doc(OTHER), OTHER) == []


def test_a_difference_is_named_by_its_place():
    other = doc(OTHER, shop_tax=45)
    other.items[1].qty = 2
    assert differences(doc(ONE), ONE, other, OTHER) == [
        "Sales Order.items 2.qty: 1 ≠ 2",
        "Sales Order.shop_tax: None ≠ 45",
    ]


def test_an_order_adds_up_whatever_its_length():
    buyer = customer(ONE)
    for number in (LINES, 50):
        made = order(ONE, buyer, [OTHER] * number, "2026-01-01")
        lines = sum(Decimal(line["unit_price"]) * Decimal(line["quantity"]) for line in made["items"])
        assert len(made["items"]) == number
        assert Decimal(made["total"]) == lines + Decimal(made["tax"]["amount"])


def test_each_unit_has_a_key_of_its_own():
    make = orders_of([customer(ONE), customer(OTHER)], [ONE], "2026-01-01")
    assert make(ONE)["external_id"] != make(OTHER)["external_id"]
    assert make(ONE)["customer"] != make(OTHER)["customer"]
    assert product(ONE)["sku"] != product(OTHER)["sku"]
    assert customer(ONE)["phone"] != customer(OTHER)["phone"]
