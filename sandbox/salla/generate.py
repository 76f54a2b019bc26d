"""Fills a store with goods, people and orders out of a seed: the same seed gives the same store."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from sandbox.salla.orders import add_order, sellable
from sandbox.salla.state import ShopState, amount, cents, day, plain_day

_ROOTS = ("عطور", "ملابس", "إلكترونيات", "المنزل", "Gifts", "العناية")
_LEAVES = ("رجالي", "نسائي", "أطفال", "جديد", "Sale")
_BRANDS = (("حياة", "Hayat"), ("نخيل", "Nakheel"), ("الواحة", "Oasis"), ("درر", "Durar"))
_GOODS = ("عطر العود", "قميص قطن", "سماعة لاسلكية", "فنجان قهوة", "Leather Wallet", "كريم مرطب", "حقيبة سفر")
_FIRST = (
    ("محمد", "Mohammed"),
    ("نورة", "Noura"),
    ("عبدالله", "Abdullah"),
    ("سارة", "Sarah"),
    ("خالد", "Khalid"),
)
_LAST = (("العتيبي", "Alotaibi"), ("القحطاني", "Alqahtani"), ("الشمري", "Alshammari"), ("الحربي", "Alharbi"))
_CITIES = (("الرياض", "11564"), ("جدة", "21577"), ("الدمام", "31411"), ("مكة", "24231"))
_COLOURS, _SIZES = ("أسود", "أبيض", "Blue"), ("S", "M", "L")


def generate(
    seed: int = 1,
    *,
    categories: int = 6,
    brands: int = 3,
    products: int = 24,
    customers: int = 12,
    orders: int = 15,
    duplicate_sku: bool = False,
    prices_include_tax: bool = False,
    merchant_id: int = 1305146709,
    now: Callable[[], datetime] | None = None,
) -> ShopState:
    """A store with that many of each. duplicate_sku: the last two products with a SKU share it."""
    chance = random.Random(seed)
    clock = now or (lambda: datetime.now(timezone.utc))
    state = ShopState(merchant_id, "متجر التجربة", chance, clock, prices_include_tax=prices_include_tax)
    _add_branches(state)
    for number in range(categories):
        _add_category(state, number)
    for number in range(brands):
        _add_brand(state, number)
    for number in range(products):
        _add_product(state, number)
    if duplicate_sku:
        _duplicate_a_sku(state)
    for number in range(customers):
        add_customer(state, number)
    among = sellable(state)
    for number in range(orders):
        add_order(state, among=among, created=clock() - timedelta(hours=6 * (orders - number)))
    return state


def _add_branches(state: ShopState) -> None:
    for name, is_default in (("الفرع الرئيسي", True), ("Jeddah", False)):
        key = state.new_id()
        state.branches[key] = {
            "id": key,
            "name": name,
            "status": "active",
            "is_default": is_default,
            "type": "branch",
        }


def _add_category(state: ShopState, number: int) -> None:
    roots = [key for key, row in state.categories.items() if row["parent_id"] == 0]
    is_root = number % 3 == 0 or not roots
    names = _ROOTS if is_root else _LEAVES
    key = state.new_id()
    state.categories[key] = {
        "id": key,
        "name": f"{names[number % len(names)]} {number + 1}",
        "image": None,
        "parent_id": 0 if is_root else roots[-1],
        "sort_order": number,
        "status": "hidden" if number % 7 == 6 else "active",
        "update_at": plain_day(state.now()),
        "metadata": {"title": None, "description": None, "url": None},
    }


def _add_brand(state: ShopState, number: int) -> None:
    arabic, english = _BRANDS[number % len(_BRANDS)]
    key = state.new_id()
    state.brands[key] = {
        "id": key,
        "name": arabic if number < len(_BRANDS) else f"{arabic} {number}",
        "description": f"{english} brand",
        "logo": f"https://cdn.example.com/brands/{key}.png",
        "banner": None,
        "ar_char": arabic[0],
        "en_char": english[0],
        "metadata": {},
    }


def _add_product(state: ShopState, number: int) -> None:
    """Each eighth is a service, digital or without SKU; each fourth has variants."""
    kind = {5: "service", 6: "digital"}.get(number % 8, "product")
    has_sku = number % 8 != 7
    price = Decimal(state.random.randrange(10, 900)) + Decimal(state.random.choice(("0", "0.5", "0.95")))
    product = product_body(state, f"{_GOODS[number % len(_GOODS)]} {number + 1}", price, kind)
    product["sku"] = f"SKU-{number + 1:04d}" if has_sku else ""
    product["categories"] = [{"id": key, "name": row["name"]} for key, row in _some(state, state.categories)]
    product["brand"] = next(
        ({"id": key, "name": row["name"]} for key, row in _some(state, state.brands)), None
    )
    state.products[product["id"]] = product
    if number % 4 == 1 and kind == "product":
        _add_variants(state, product, price)


def _some(state: ShopState, holder: dict[int, dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    return [state.random.choice(list(holder.items()))] if holder else []


def product_body(state: ShopState, name: str, price: Decimal, kind: str = "product") -> dict[str, Any]:
    """A product as GET /products shows it. ref: docs.salla.dev/5394168e0"""
    key = state.new_id()
    body = {
        "id": key,
        "promotion": {"title": None, "sub_title": None},
        "sku": "",
        "mpn": "",
        "gtin": None,
        "type": kind,
        "name": name,
        "urls": {
            "customer": f"https://shop.example.com/p{key}",
            "admin": f"https://s.example.com/products/{key}",
        },
        "description": f"<p>{name}</p>",
        "quantity": state.random.randrange(0, 200),
        "status": "sale",
        "is_available": True,
        "sale_end": None,
        "require_shipping": kind == "product",
        "cost_price": None,
        "weight": Decimal("0.5") if kind == "product" else 0,
        "weight_type": "kg",
        "with_tax": True,
        "main_image": f"https://cdn.example.com/products/{key}.jpg",
        "images": [],
        "unlimited_quantity": kind != "product",
        "managed_by_branches": False,
        "channels": ["web", "app"],
        "metadata": {},
        "updated_at": plain_day(state.now()),
        "options": [],
        "skus": [],
        "categories": [],
        "brand": None,
        "tags": [],
    }
    set_price(state, body, price)
    return body


def set_price(state: ShopState, product: dict[str, Any], price: Decimal) -> None:
    """Price as the store shows it, with all amounts that follow from it."""
    before = state.net_price(price)
    taxed = price if state.prices_include_tax else cents(price * Decimal("1.15"))
    product["price"] = product["regular_price"] = amount(price)
    product["pre_tax_price"], product["taxed_price"] = amount(before), amount(taxed)
    product["tax"] = amount(taxed - before)
    product["sale_price"] = amount(0)


def _add_variants(state: ShopState, product: dict[str, Any], price: Decimal) -> None:
    """Colour and size; the last variant of each product has no SKU."""
    product["options"] = [_option(state, "اللون", _COLOURS[:2]), _option(state, "المقاس", _SIZES[:2])]
    colours, sizes = (option["values"] for option in product["options"])
    pairs = [(colour, size) for colour in colours for size in sizes]
    for number, (colour, size) in enumerate(pairs):
        has_sku = product["sku"] and number < len(pairs) - 1
        product["skus"].append(
            {
                "id": state.new_id(),
                "price": amount(price + 5 * number),
                "regular_price": amount(price + 5 * number),
                "cost_price": amount(0),
                "sale_price": {},
                "has_special_price": False,
                "stock_quantity": str(state.random.randrange(0, 50)),
                "unlimited_quantity": False,
                "barcode": None,
                "sku": f"{product['sku']}-{number + 1}" if has_sku else "",
                "mpn": "",
                "gtin": "",
                "related_options": [option["id"] for option in product["options"]],
                "related_option_values": [colour["id"], size["id"]],
                "weight": Decimal("0.5"),
                "weight_type": "kg",
                "is_default": False,
            }
        )


def _option(state: ShopState, name: str, labels: tuple[str, ...]) -> dict[str, Any]:
    values = [{"id": state.new_id(), "name": label, "price": amount(0)} for label in labels]
    return {"id": state.new_id(), "name": name, "type": "radio", "required": True, "values": values}


def _duplicate_a_sku(state: ShopState) -> None:
    simple = [row for row in state.products.values() if row["sku"] and not row["skus"]]
    simple[-1]["sku"] = simple[-2]["sku"]


def add_customer(state: ShopState, number: int) -> dict[str, Any]:
    """Arabic and English names in turn; each fifth without e-mail. ref: docs.salla.dev/841780f0"""
    language = number % 2
    first, last = _FIRST[number % len(_FIRST)], _LAST[number % len(_LAST)]
    city, _ = _CITIES[number % len(_CITIES)]
    key = state.new_id()
    state.customers[key] = {
        "id": key,
        "first_name": first[language],
        "last_name": last[language],
        "full_name": f"{first[language]} {last[language]}",
        "mobile": 500_000_000 + state.random.randrange(1_000_000, 99_999_999),
        "mobile_code": "+966",
        "email": None if number % 5 == 4 else f"{first[1]}.{last[1]}.{number}@example.com".lower(),
        "gender": None,
        "birthday": None,
        "city": city,
        "country": "السعودية",
        "country_code": "SA",
        "currency": state.currency,
        "location": "null" if number % 3 == 2 else f"شارع {number + 1}",
        "lang": "ar" if language == 0 else "en",
        "created_at": day(state.now()),
        "updated_at": day(state.now()),
        "groups": [],
        "is_blocked": False,
    }
    return state.customers[key]
