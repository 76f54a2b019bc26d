"""What is written: payloads as the contract has them, and the fields a caller of bare ERPNext would fill in.

Bare documents take these fields from one that the executor made, so both sides write the same by construction;
`differences` looks at all fields afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

LINES = 3
_OWN = {
    "name",
    "owner",
    "creation",
    "modified",
    "modified_by",
    "parent",
    "doctype",
    "idx",
    "docstatus",
    "__islocal",
}
# Hashes of the shop's ids, and stock levels, which every order moves.
_STATE = {"shop_order_key", "shop_address_key", "shop_content", "projected_qty", "actual_qty", "ordered_qty"}
FIELDS: dict[str, tuple[str, ...]] = {
    "Item": ("item_code", "item_name", "item_group", "description", "is_stock_item", "disabled", "stock_uom"),
    "Item Price": ("item_code", "price_list", "uom", "price_list_rate"),
    "Customer": ("customer_name", "customer_type", "customer_group", "territory", "disabled"),
    "Contact": ("status", "first_name", "last_name", "is_primary_contact", "phone_nos", "email_ids"),
    "Contact Phone": ("phone", "is_primary_mobile_no"),
    "Contact Email": ("email_id", "is_primary"),
    "Address": ("address_title", "address_type", "address_line1", "city", "pincode", "country", "phone"),
    "Sales Order": (
        "customer", "company", "order_type", "currency", "conversion_rate", "transaction_date", "delivery_date",
        "selling_price_list", "plc_conversion_rate", "apply_discount_on", "discount_amount", "ignore_pricing_rule",
        "disable_rounded_total", "items", "taxes",
    ),
    "Sales Order Item": (
        "item_code", "item_name", "description", "uom", "conversion_factor", "qty", "price_list_rate", "rate",
        "warehouse", "delivery_date",
    ),
    "Sales Taxes and Charges": ("charge_type", "account_head", "description", "rate", "cost_center"),
}  # fmt: skip


@dataclass(frozen=True)
class Unit:
    """One entity of the run: its mark stands in every key and name of it, so that nothing else is ever touched."""

    mark: str
    phone: str

    def put(self, content: Any, other: Unit) -> Any:
        """The same content with the marks of `other`."""
        text = json.dumps(content, default=str)
        return json.loads(text.replace(self.mark, other.mark).replace(self.phone, other.phone))


def content_of(doc: Any) -> dict[str, Any]:
    """The fields of FIELDS and those that the executor's app adds, children included."""
    values: dict[str, Any] = {"doctype": doc.doctype}
    added = [field.fieldname for field in doc.meta.fields if field.fieldname.startswith("shop_")]
    for field in (*FIELDS[doc.doctype], *(field for field in added if field not in _STATE)):
        value = doc.get(field)
        if isinstance(value, list):
            value = [content_of(child) for child in value]
        if value not in (None, "", []):
            values[field] = value
    return values


def differences(ours: Any, unit: Unit, bare: Any, bare_unit: Unit) -> list[str]:
    """Fields in which two documents differ, but for names and times."""
    return sorted(_unlike(ours.doctype, _comparable(ours), bare_unit.put(_comparable(bare), unit)))


def _unlike(path: str, left: Any, right: Any) -> Iterator[str]:
    if isinstance(left, dict) and isinstance(right, dict):
        for key in {*left, *right}:
            yield from _unlike(f"{path}.{key}", left.get(key), right.get(key))
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for number, (one, other) in enumerate(zip(left, right, strict=True), 1):
            yield from _unlike(f"{path} {number}", one, other)
    elif left != right:
        yield f"{path}: {left!r} ≠ {right!r}"


def _comparable(doc: Any) -> dict[str, Any]:
    values = {}
    for key, value in doc.as_dict().items():
        if isinstance(value, list):
            values[key] = [_comparable(child) for child in doc.get(key)]
        elif key not in _OWN | _STATE and value not in (None, "", 0):
            values[key] = value
    return json.loads(json.dumps(values, default=str))


def product(unit: Unit) -> dict[str, Any]:
    return {
        "external_id": unit.mark,
        "name": f"Cotton shirt {unit.mark}",
        "sku": unit.mark,
        "type": "product",
        "status": "sale",
        "price": "100.00",
        "currency": "SAR",
        "description": "<p>Soft cotton, washed once.</p>",
    }


def customer(unit: Unit) -> dict[str, Any]:
    return {
        "external_id": unit.mark,
        "name": f"Sara Ali {unit.mark}",
        "first_name": "Sara",
        "last_name": f"Ali {unit.mark}",
        "email": f"{unit.mark}@example.com",
        "phone": unit.phone,
        "addresses": [
            {
                "external_id": f"a-{unit.mark}",
                "name": f"Sara Ali {unit.mark}",
                "line1": "King Fahd Road 1",
                "city": "Riyadh",
                "country_code": "SA",
                "postal_code": "12211",
            }
        ],
    }


def orders_of(buyers: list[dict[str, Any]], items: list[Unit], day: str) -> Callable[[Unit], dict[str, Any]]:
    """Orders of buyers who take turns: two orders of one person wait for each other, which is rare in a shop."""
    return lambda unit: order(unit, buyers[int(unit.mark[-5:-1]) % len(buyers)], items, day)


def order(unit: Unit, buyer: dict[str, Any], items: list[Unit], day: str) -> dict[str, Any]:
    """One line of 100.00 with 15 % VAT per item, from a buyer and of items that the ERP knows already."""
    lines = [
        {
            "external_id": f"{unit.mark}-{number}",
            "product_id": item.mark,
            "sku": item.mark,
            "name": "Cotton shirt",
            "quantity": "1",
            "unit_price": "100.00",
            "tax_percent": "15",
        }
        for number, item in enumerate(items, 1)
    ]
    return {
        "external_id": unit.mark,
        "reference": unit.mark,
        "status": "under_review",
        "status_name": "Under review",
        "created_at": f"{day}T12:00:00+03:00",
        "currency": "SAR",
        "total": f"{115 * len(items)}.00",
        "tax": {"percent": "15", "amount": f"{15 * len(items)}.00"},
        "payment_method": "mada",
        "url": f"https://shop.example/orders/{unit.mark}",
        "customer": buyer,
        "items": lines,
    }
