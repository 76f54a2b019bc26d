"""Payloads as the contract has them; every function takes changes to its defaults."""

from __future__ import annotations

from typing import Any


def product(sku: str, **changes: Any) -> dict[str, Any]:
    return {
        "external_id": f"p-{sku}",
        "name": "Cotton shirt",
        "sku": sku,
        "type": "product",
        "status": "sale",
        "price": "100.00",
        "currency": "SAR",
        "description": "<p>Soft</p>",
        "category_ids": [],
        "images": [],
        "options": [],
        **changes,
    }


def variant(sku: str, product_id: str, options: dict[str, str], **changes: Any) -> dict[str, Any]:
    return {
        "external_id": f"v-{sku}",
        "product_id": product_id,
        "name": f"Cotton shirt {' '.join(options.values())}",
        "sku": sku,
        "status": "sale",
        "price": "110.00",
        "currency": "SAR",
        "options": [{"name": name, "value": value} for name, value in options.items()],
        **changes,
    }


def customer(number: str, **changes: Any) -> dict[str, Any]:
    digits = f"{abs(hash(number)) % 10**8:08d}"
    return {
        "external_id": f"c-{number}",
        "name": f"Sara Ali {number}",
        "first_name": "Sara",
        "last_name": "Ali",
        "email": f"sara.{number}@example.com".lower(),
        "phone": f"+9665{digits}",
        "status": "active",
        "addresses": [],
        **changes,
    }


def address(**changes: Any) -> dict[str, Any]:
    return {
        "external_id": "a-1",
        "type": "shipping",
        "name": "Sara Ali",
        "line1": "King Fahd Road 1",
        "city": "Riyadh",
        "country_code": "SA",
        "postal_code": "12211",
        **changes,
    }


def line(sku: str, quantity: str, price: str, **changes: Any) -> dict[str, Any]:
    return {
        "external_id": f"l-{sku}",
        "sku": sku,
        "name": "Cotton shirt",
        "quantity": quantity,
        "unit_price": price,
        "discount": "0",
        "tax_percent": "15",
        **changes,
    }


def order(number: str, lines: list[dict[str, Any]], total: str, tax: str, **changes: Any) -> dict[str, Any]:
    return {
        "external_id": f"o-{number}",
        "reference": f"R{number}",
        "status": "under_review",
        "status_name": "بإنتظار المراجعة",
        "created_at": "2026-11-18T23:30:00+03:00",
        "currency": "SAR",
        "total": total,
        "tax": {"percent": "15", "amount": tax},
        "discount_total": "0",
        "shipping": {"amount": "0"},
        "cash_on_delivery": "0",
        "payment_method": "mada",
        "url": "https://shop.example/orders/1",
        "customer": customer(number),
        "items": lines,
        **changes,
    }
