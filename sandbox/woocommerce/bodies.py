"""The store's content in the shapes of WooCommerce's REST API v3."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from sandbox.woocommerce.orders import total
from sandbox.woocommerce.state import Charge, Line, Order, Product, Refund, TaxRate, WooState, rounded

SITE = "https://shop.example.com"


def dump(value: Any) -> bytes:
    """JSON as PHP writes it: quantities as numbers, everything else of a shop as it is."""
    return json.dumps(value, ensure_ascii=False, default=_number, separators=(",", ":")).encode("utf-8")


def _number(value: Any) -> int | float:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} has no JSON form")
    return int(value) if value == value.to_integral_value() else float(value)


def dates(state: WooState, name: str, moment: datetime | None) -> dict[str, str | None]:
    """`date_…` in the site's time and `date_…_gmt`, both without a suffix."""
    if moment is None:
        return {f"date_{name}": None, f"date_{name}_gmt": None}
    local, gmt = moment.astimezone(state.zone), moment.astimezone(timezone.utc)
    return {f"date_{name}": _plain(local), f"date_{name}_gmt": _plain(gmt)}


def _plain(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")


def _text(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"


def product(state: WooState, row: Product) -> dict[str, Any]:
    """A row of `products`; a variation comes as a product of type variation."""
    parent = state.products.get(row.parent_id, row)
    body = {
        "id": row.id,
        "name": row.name,
        "slug": f"product-{row.id}",
        "permalink": f"{SITE}/product/product-{row.id}/",
        "type": row.type,
        "featured": False,
        "catalog_visibility": "visible",
        "short_description": "",
        "price_html": f"<span>{_text(row.price)}</span>",
        "total_sales": 0,
        "external_url": "",
        "button_text": "",
        "sold_individually": False,
        "shipping_required": not row.is_virtual,
        "shipping_taxable": not row.is_virtual,
        "reviews_allowed": True,
        "average_rating": "0.00",
        "rating_count": 0,
        "related_ids": [],
        "upsell_ids": [],
        "cross_sell_ids": [],
        "purchase_note": "",
        "parent_id": row.parent_id,
        "categories": _terms(state.categories, parent.category_ids),
        "tags": _terms(state.tags, row.tag_ids),
        "images": [_image(state, row)],
        "attributes": row.attributes,
        "default_attributes": [],
        "variations": list(row.variation_ids),
        "grouped_products": [],
        **_sold(state, row),
        "_links": _links(f"products/{row.id}", "products"),
    }
    if state.is_at_least(9, 6):
        body["brands"] = _terms(state.brands, parent.brand_ids)
    return body | row.odd


def variation(state: WooState, row: Product, with_parent: bool = False) -> dict[str, Any]:
    """A row of `products/{id}/variations`; of the collection of all variations with_parent."""
    body = {
        "id": row.id,
        "permalink": f"{SITE}/product/product-{row.parent_id}/?attribute={row.id}",
        "image": _image(state, row),
        "attributes": row.attributes,
        **_sold(state, row),
        "_links": _links(
            f"products/{row.parent_id}/variations/{row.id}", "products", f"products/{row.parent_id}"
        ),
    }
    if with_parent:
        body |= {"parent_id": row.parent_id, "name": ", ".join(one["option"] for one in row.attributes)}
    return body | row.odd


def _sold(state: WooState, row: Product) -> dict[str, Any]:
    """What products and variations have in common."""
    body = {
        **dates(state, "created", row.created),
        **dates(state, "modified", row.modified),
        "status": row.status,
        "description": row.description,
        "sku": row.sku,
        "price": _text(row.price),
        "regular_price": _text(row.regular_price),
        "sale_price": _text(row.sale_price),
        **dates(state, "on_sale_from", None),
        **dates(state, "on_sale_to", None),
        "on_sale": row.sale_price is not None,
        "purchasable": row.price is not None,
        "virtual": row.is_virtual,
        "downloadable": False,
        "downloads": [],
        "download_limit": -1,
        "download_expiry": -1,
        "tax_status": row.tax_status,
        "tax_class": row.tax_class,
        "manage_stock": row.manage_stock,
        "stock_quantity": row.stock,
        "stock_status": "instock",
        "backorders": "no",
        "backorders_allowed": False,
        "backordered": False,
        "weight": row.weight,
        "dimensions": {"length": "", "width": "", "height": ""},
        "shipping_class": "",
        "shipping_class_id": 0,
        "menu_order": 0,
        "meta_data": [],
    }
    if state.is_at_least(9, 2):
        body["global_unique_id"] = row.barcode
    return body


def _terms(held: dict[int, dict[str, Any]], keys: list[int]) -> list[dict[str, Any]]:
    return [{name: held[key][name] for name in ("id", "name", "slug")} for key in keys if key in held]


def _image(state: WooState, row: Product) -> dict[str, Any]:
    address = f"{SITE}/wp-content/uploads/{row.id}.jpg"
    moments = {**dates(state, "created", row.created), **dates(state, "modified", row.created)}
    return {"id": row.id + 10**7, **moments, "src": address, "name": "", "alt": ""}


def order(state: WooState, row: Order, decimals: int | None = None) -> dict[str, Any]:
    """decimals: of amounts, what the request says with `dp`; the shop's own where it says nothing."""
    show = _Amounts(state.decimals if decimals is None else decimals)
    refunds = state.refunds_of(row.id)
    return {
        "id": row.id,
        "parent_id": 0,
        "status": row.status,
        "currency": row.currency,
        "version": state.version,
        "prices_include_tax": row.prices_include_tax,
        **dates(state, "created", row.created),
        **dates(state, "modified", row.modified),
        **_totals(state, row, show),
        "customer_id": row.customer_id,
        "order_key": f"wc_order_{row.id:x}",
        "billing": row.billing,
        "shipping": row.shipping,
        "payment_method": row.payment_method,
        "payment_method_title": row.payment_title,
        "transaction_id": "",
        "customer_ip_address": "192.0.2.7",
        "customer_user_agent": "",
        "created_via": "checkout",
        "customer_note": row.customer_note,
        **dates(state, "completed", row.completed),
        **dates(state, "paid", row.paid),
        "cart_hash": "",
        "number": row.number,
        "meta_data": row.meta,
        "line_items": [_line(state, line, show) for line in row.lines],
        "tax_lines": _tax_lines(state, row, show),
        "shipping_lines": [_charge(charge, show) | _shipping_method(charge) for charge in row.shipping_lines],
        "fee_lines": [_charge(fee, show) | _fee_name(fee) for fee in row.fees],
        "coupon_lines": [_coupon(state, row, show, number) for number in range(len(row.coupons))],
        "refunds": [{"id": one.id, "reason": one.reason, "total": show(-one.amount)} for one in refunds],
        "payment_url": f"{SITE}/checkout/order-pay/{row.id}/",
        "is_editable": row.status in ("pending", "on-hold"),
        "needs_payment": row.status == "pending",
        "needs_processing": True,
        "currency_symbol": row.currency,
        "_links": _links(f"orders/{row.id}", "orders"),
    } | row.odd


class _Amounts:
    """Writes amounts with as many decimals as were asked for."""

    def __init__(self, decimals: int):
        self._decimals = decimals

    def __call__(self, value: Decimal) -> str:
        return f"{rounded(value, self._decimals):f}"


def _totals(state: WooState, row: Order, show: _Amounts) -> dict[str, str]:
    off = sum((line.subtotal - line.total for line in row.lines), Decimal(0))
    off_tax = sum((line.subtotal_tax - line.total_tax for line in row.lines), Decimal(0))
    shipping_tax = sum((one.total_tax for one in row.shipping_lines), Decimal(0))
    cart_tax = sum((one.total_tax for one in [*row.lines, *row.fees]), Decimal(0))
    return {
        "discount_total": show(off),
        "discount_tax": show(off_tax),
        "shipping_total": show(sum((one.total for one in row.shipping_lines), Decimal(0))),
        "shipping_tax": show(shipping_tax),
        "cart_tax": show(cart_tax),
        "total": show(total(state, row)),
        "total_tax": show(cart_tax + shipping_tax),
    }


def _line(state: WooState, line: Line, show: _Amounts) -> dict[str, Any]:
    """`sku` is the product's of today, `price` a float that went through a division."""
    sold = state.any_product(line.variation_id or line.product_id)
    return {
        "id": line.id,
        "name": line.name,
        "product_id": line.product_id if sold else 0,
        "variation_id": line.variation_id if sold else 0,
        "quantity": line.quantity,
        "tax_class": line.tax_class,
        "subtotal": show(line.subtotal),
        "subtotal_tax": show(line.subtotal_tax),
        "total": show(line.total),
        "total_tax": show(line.total_tax),
        "taxes": [
            {"id": key, "total": _bare(tax), "subtotal": _bare(before)}
            for key, (tax, before) in line.taxes.items()
        ],
        "meta_data": line.meta,
        "sku": sold.sku if sold else None,
        "global_unique_id": sold.barcode if sold else "",
        "price": float(line.total) / abs(float(line.quantity)) if line.quantity else 0,
        "image": {"id": "", "src": ""},
        "parent_name": state.products[line.product_id].name if sold and line.variation_id else None,
    } | line.odd


def _bare(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _charge(charge: Charge, show: _Amounts) -> dict[str, Any]:
    return {
        "id": charge.id,
        "total": show(charge.total),
        "total_tax": show(charge.total_tax),
        "taxes": [{"id": key, "total": _bare(tax), "subtotal": ""} for key, tax in charge.taxes.items()],
        "meta_data": [],
    }


def _shipping_method(charge: Charge) -> dict[str, Any]:
    return {
        "method_title": charge.title,
        "method_id": charge.method,
        "instance_id": "1",
        "tax_status": "taxable",
    }


def _fee_name(fee: Charge) -> dict[str, Any]:
    return {"name": fee.title, "tax_class": "", "tax_status": "taxable", "amount": _bare(fee.total)}


def _coupon(state: WooState, row: Order, show: _Amounts, number: int) -> dict[str, Any]:
    coupon = row.coupons[number]
    return {
        "id": coupon.id,
        "code": coupon.code,
        "discount": show(coupon.discount),
        "discount_tax": show(coupon.discount_tax),
        "meta_data": [],
        "discount_type": coupon.type,
        "nominal_amount": _number(coupon.amount),
        "free_shipping": False,
    }


def _tax_lines(state: WooState, row: Order, show: _Amounts) -> list[dict[str, Any]]:
    """One per rate that some line or charge bears."""
    of_cart: dict[int, Decimal] = {}
    of_shipping: dict[int, Decimal] = {}
    for line in row.lines:
        for key, (tax, _) in line.taxes.items():
            of_cart[key] = of_cart.get(key, Decimal(0)) + tax
    for charge in row.charges:
        held = of_shipping if charge.method else of_cart
        for key, tax in charge.taxes.items():
            held[key] = held.get(key, Decimal(0)) + tax
    found = []
    for key in dict.fromkeys([*of_cart, *of_shipping]):
        rate = state.taxes[key]
        found.append(
            {
                "id": row.id * 100 + key,
                "rate_code": _rate_code(rate),
                "rate_id": key,
                "label": rate.name,
                "compound": rate.is_compound,
                "tax_total": show(of_cart.get(key, Decimal(0))),
                "shipping_tax_total": show(of_shipping.get(key, Decimal(0))),
                "rate_percent": _number(rate.rate),
                "meta_data": [],
            }
        )
    return found


def _rate_code(rate: TaxRate) -> str:
    return f"{rate.country}-{rate.name.upper()}-{rate.priority}"


def refund(
    state: WooState, row: Refund, decimals: int | None = None, with_parent: bool = False
) -> dict[str, Any]:
    show = _Amounts(state.decimals if decimals is None else decimals)
    body = {
        "id": row.id,
        **dates(state, "created", row.created),
        "amount": show(row.amount),
        "reason": row.reason,
        "refunded_by": 1,
        "refunded_payment": False,
        "meta_data": [],
        "line_items": [_line(state, line, show) for line in row.lines],
        "shipping_lines": [],
        "tax_lines": [],
        "fee_lines": [],
        "_links": _links(
            f"orders/{row.order_id}/refunds/{row.id}",
            f"orders/{row.order_id}/refunds",
            f"orders/{row.order_id}",
        ),
    }
    return body | {"parent_id": row.order_id} if with_parent else body


def customer(state: WooState, row: dict[str, Any]) -> dict[str, Any]:
    """Kept with its times as such; a guest is no customer."""
    shown = {name: value for name, value in row.items() if name not in ("created", "modified")}
    moments = {**dates(state, "created", row["created"]), **dates(state, "modified", row["modified"])}
    return {**shown, **moments, "_links": _links(f"customers/{row['id']}", "customers")}


def tax_rate(state: WooState, row: TaxRate) -> dict[str, Any]:
    return {
        "id": row.id,
        "country": row.country,
        "state": "",
        "postcode": "",
        "city": "",
        "postcodes": [],
        "cities": [],
        "rate": f"{row.rate:.4f}",
        "name": row.name,
        "priority": row.priority,
        "compound": row.is_compound,
        "shipping": row.is_on_shipping,
        "order": row.id,
        "class": row.tax_class or "standard",
        "_links": _links(f"taxes/{row.id}", "taxes"),
    }


def _links(path: str, collection: str, up: str = "") -> dict[str, Any]:
    base = f"{SITE}/wp-json/wc/v3"
    named = {"self": path, "collection": collection, "up": up}
    return {name: [{"href": f"{base}/{value}"}] for name, value in named.items() if value}
