"""Fills a store with goods, people and orders out of a seed: the same seed gives the same store."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from sandbox.woocommerce.orders import Goods, add_order, add_refund
from sandbox.woocommerce.state import Product, TaxRate, WooState

_ROOTS = ("Clothing", "Home &amp; Kitchen", "عطور", "Coffee", "Books")
_LEAVES = ("Men", "نساء", "Kids", "Offers", "Season")
_GOODS = (
    "Cotton Shirt",
    "Tea &amp; Coffee Set",
    "عطر العود",
    "Leather Wallet",
    "Filter Coffee",
    "وسادة",
    "Notebook",
)
_FIRST, _LAST = ("Salman", "Noura", "Omar", "Lina", "Yousef"), ("Alharbi", "Aldosari", "Haddad", "Alsubaie")
_CITIES = (("Riyadh", "11564"), ("Jeddah", "21577"), ("Dammam", "31411"))
_COLOURS, _SIZES = ("Black", "White", "أزرق", "Green", "Red"), ("S", "M", "L", "XL")
_PAYMENTS = (
    ("bacs", "Direct bank transfer"),
    ("cod", "Cash on delivery"),
    ("mada", "mada"),
    ("tabby", "Tabby"),
)
_OPEN, _FINAL = (
    ("processing", "completed", "on-hold", "pending"),
    ("completed",) * 18 + ("cancelled", "failed"),
)
# Orders after which nobody waits for goods or money any more.
_RECENT = 56


def generate(
    seed: int = 1,
    *,
    products: int = 24,
    variations: int = 24,
    orders: int = 15,
    customers: int = 12,
    categories: int = 6,
    brands: int = 3,
    is_odd: bool = False,
    now: Callable[[], datetime] | None = None,
    **values: Any,
) -> WooState:
    """A store with that many of each. is_odd: with what only some shops have, as `odd_things` says.

    values: fields of WooState, such as version, zone, prices_include_tax.
    """
    clock = now or (lambda: datetime.now(timezone.utc))
    state = WooState(random.Random(seed), clock, **values)
    _add_taxes(state)
    for number in range(categories):
        _add_category(state, number)
    for number in range(brands):
        key = state.new_id()
        state.brands[key] = _term(key, f"Brand {number + 1}")
    key = state.new_id()
    state.tags[key] = _term(key, "Gift")
    _add_goods(state, products, variations)
    for number in range(customers):
        add_customer(state, number, _imported(state, number))
    among = sellable(state)
    for number in range(orders):
        _add_some_order(state, number, orders - number, among)
    if is_odd:
        odd_things(state)
    return state


def _add_taxes(state: WooState) -> None:
    """The standard class, one whose second rate stands on the first, and one of nothing."""
    for name, rate, tax_class, priority in (
        ("VAT", "15", "", 1),
        ("Zero", "0", "zero-rate", 1),
        ("VAT", "15", "two-taxes", 1),
        ("Municipality", "2.5", "two-taxes", 2),
    ):
        key = len(state.taxes) + 1
        state.taxes[key] = TaxRate(
            key, name, Decimal(rate), state.country, tax_class, priority, is_compound=priority == 2
        )


def _term(key: int, name: str, parent: int = 0) -> dict[str, Any]:
    shown = {"id": key, "name": name, "slug": f"term-{key}", "parent": parent, "description": ""}
    return {**shown, "display": "default", "image": None, "menu_order": 0, "count": 0}


def _add_category(state: WooState, number: int) -> None:
    roots = [key for key, row in state.categories.items() if not row["parent"]]
    is_root = number % 3 == 0 or not roots
    names, key = _ROOTS if is_root else _LEAVES, state.new_id()
    name = f"{names[number % len(names)]} {number + 1}"
    state.categories[key] = _term(key, name, 0 if is_root else roots[-1])


def _add_goods(state: WooState, products: int, variations: int) -> None:
    """Each eighth has no SKU; each fifth is on sale; each ninth is zero-rated; each seventh virtual. Variations lie in
    fours, or in more where there are too few products."""
    each = max(4, -(-variations // products)) if products else 0
    categories, brands = list(state.categories), list(state.brands)
    for number in range(products):
        price = Decimal(state.random.randrange(1000, 90000)) / 100
        row = add_product(
            state,
            f"{_GOODS[number % len(_GOODS)]} {number + 1}",
            price,
            sku="" if number % 8 == 7 else f"WOO-{number + 1:05d}{state.mark}",
            sale_price=price - 5 if number % 5 == 4 else None,
            tax_class="zero-rate" if number % 9 == 8 else "",
            is_virtual=number % 7 == 6,
            created=_imported(state, number),
            category_ids=[state.random.choice(categories)] if categories else [],
            brand_ids=[state.random.choice(brands)] if brands else [],
        )
        if len(state.variations) < variations and not row.is_virtual:
            add_variations(state, row, min(each, variations - len(state.variations)))


def _imported(state: WooState, number: int) -> datetime:
    """A month ago, by fifties: an import gives many the same second."""
    return state.moment() - timedelta(days=30) + timedelta(minutes=number // 50)


def add_product(
    state: WooState, name: str, price: Decimal, *, created: datetime | None = None, **values: Any
) -> Product:
    """values: fields of Product."""
    moment = created or state.moment()
    defaults = {"weight": "0.5", "manage_stock": True, "stock": state.random.randrange(5, 200)}
    row = Product(state.new_id(), name, moment, moment, regular_price=price, **{**defaults, **values})
    state.products[row.id] = row
    return row


def add_variations(state: WooState, parent: Product, count: int) -> None:
    """The parent's own price goes, as in WooCommerce; the last variation of each fourth parent has no SKU."""
    price = parent.regular_price or Decimal(10)
    pairs = [(colour, size) for colour in _COLOURS for size in _SIZES][:count]
    parent.type, parent.regular_price, parent.sale_price, parent.manage_stock = "variable", None, None, False
    parent.stock = None
    for number, (colour, size) in enumerate(pairs):
        has_sku = parent.sku and (number < count - 1 or parent.id % 4)
        row = Product(
            state.new_id(),
            parent.name,
            parent.created,
            parent.modified,
            parent_id=parent.id,
            type="variation",
            sku=f"{parent.sku}-{number + 1}" if has_sku else "",
            regular_price=price + 5 * number,
            tax_class=parent.tax_class,
            manage_stock="parent" if number == 1 else True,
            stock=state.random.randrange(0, 50),
            attributes=[
                {"id": 1, "name": "Colour", "option": colour},
                {"id": 2, "name": "Size", "option": size},
            ],
        )
        state.variations[row.id] = row
        parent.variation_ids.append(row.id)
    parent.attributes = [
        _definition(1, "Colour", [colour for colour, _ in pairs]),
        _definition(2, "Size", [size for _, size in pairs]),
    ]


def _definition(key: int, name: str, options: list[str]) -> dict[str, Any]:
    shown = {"id": key, "name": name, "slug": f"pa_{name.lower()}", "position": key, "visible": True}
    return {**shown, "variation": True, "options": list(dict.fromkeys(options))}


def add_customer(state: WooState, number: int, created: datetime | None = None) -> dict[str, Any]:
    """Each fifth without a phone."""
    first, last = _FIRST[number % len(_FIRST)], _LAST[number % len(_LAST)]
    key = state.new_id()
    email = f"{first}.{last}.{key}{state.mark}@example.com".lower()
    address = _address(state, number, first, last)
    state.customers[key] = {
        "id": key,
        "created": created or state.moment(),
        "modified": created or state.moment(),
        "email": email,
        "first_name": first,
        "last_name": last,
        "role": "customer",
        "username": email.split("@")[0],
        "billing": {**address, "email": email, "phone": _phone(state.random, number)},
        "shipping": {**address, "phone": ""},
        "is_paying_customer": True,
        "avatar_url": "",
        "meta_data": [],
    }
    return state.customers[key]


def _address(state: WooState, number: int, first: str, last: str) -> dict[str, Any]:
    city, postcode = _CITIES[number % len(_CITIES)]
    name = {
        "first_name": first,
        "last_name": last,
        "company": "",
        "address_1": f"King Fahd Road {number + 1}",
    }
    return {
        **name,
        "address_2": "",
        "city": city,
        "state": "",
        "postcode": postcode,
        "country": state.country,
    }


def _phone(chance: random.Random, number: int) -> str:
    """Of a Saudi mobile network."""
    digits = f"{chance.choice('0345689')}{chance.randrange(10**6, 10**7)}"
    return "" if number % 5 == 4 else f"05{digits}"


def guest(state: WooState, number: int) -> dict[str, Any]:
    """Billing and shipping of somebody without an account, the same for the same number."""
    chance = random.Random(f"guest {number}{state.mark}")
    address = _address(state, number, "Guest", f"Buyer{number}")
    email = f"guest.{number}{state.mark}@example.com"
    return {
        "billing": {**address, "email": email, "phone": _phone(chance, number)},
        "shipping": {**address, "phone": ""},
    }


def sellable(state: WooState) -> list[tuple[int, int]]:
    """(product id, variation id or 0) of all that has a price and a SKU, its parent included."""
    simple = [(row.id, 0) for row in state.products.values() if row.sku and row.price is not None]
    return simple + [
        (row.parent_id, row.id)
        for row in state.variations.values()
        if row.sku and state.products[row.parent_id].sku
    ]


def some_goods(state: WooState, among: list[tuple[int, int]]) -> Goods:
    chance = state.random
    picked = dict.fromkeys(chance.choice(among) for _ in range(chance.randrange(1, 4)))
    return [(product, variation, chance.randrange(1, 4)) for product, variation in picked]


def _add_some_order(state: WooState, number: int, ago: int, among: list[tuple[int, int]]) -> None:
    """Each fourth by a guest, of whom some come again; coupons, shipping, fees and refunds in turn. ago: in quarters
    of a day."""
    method, title = _PAYMENTS[number % len(_PAYMENTS)]
    is_guest = number % 4 == 3 or not state.customers
    customers = list(state.customers)
    order = add_order(
        state,
        some_goods(state, among),
        created=state.moment() - timedelta(hours=6 * ago),
        coupon=[None, ("welcome10", "percent", Decimal(10)), None, ("minus20", "fixed_cart", Decimal(20))][
            number % 4
        ],
        shipping_cost=[Decimal("15"), Decimal("22.5"), None][number % 3],
        fees=[("Payment fee", Decimal("10"))] if method == "cod" else [],
        status=state.random.choice(_OPEN if ago <= _RECENT else _FINAL),
        payment_method=method,
        payment_title=title,
        **({**guest(state, number % 24)} if is_guest else {"customer_id": state.random.choice(customers)}),
    )
    if number % 10 == 9:
        add_refund(state, order, units={order.lines[0].id: 1}, reason="Damaged")


def odd_things(state: WooState) -> None:
    """A stock as text and as a fraction, a status of the shop's own, a line whose product is gone, a fraction of a
    unit, two taxes on one line, a number that is not the id, and drafts without GMT dates."""
    simple = [row for row in state.products.values() if row.type == "simple" and row.sku]
    simple[0].odd["stock_quantity"], simple[1].stock = "12", 2.5
    state.custom_statuses.append("packed")
    customer_id = next(iter(state.customers), 0)
    gone = add_product(state, "Gone for good", Decimal("19.99"), sku="GONE-1")
    taxed = add_product(state, "Hotel night", Decimal("333.33"), sku="TWO-TAXES", tax_class="two-taxes")
    add_order(state, [(simple[0].id, 0, 1)], customer_id=customer_id, status="packed", number="A-0001")
    add_order(state, [(simple[1].id, 0, "1.25"), (taxed.id, 0, 3)], customer_id=customer_id)
    add_order(state, [(gone.id, 0, 2), (simple[0].id, 0, 1)], customer_id=customer_id)
    del state.products[gone.id]
    draft = add_order(state, [(simple[0].id, 0, 1)], status="checkout-draft")
    draft.modified = None
    add_product(state, "Idea", Decimal(1), status="draft").modified = None
