"""Orders and refunds in the shapes of WooCommerce's REST API v3."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.woocommerce import bodies
from sandbox.woocommerce.orders import total
from sandbox.woocommerce.state import Charge, Coupon, Line, Order, Refund, TaxRate, WooState, rounded


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
        **bodies.dates(state, "created", row.created),
        **bodies.dates(state, "modified", row.modified),
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
        **bodies.dates(state, "completed", row.completed),
        **bodies.dates(state, "paid", row.paid),
        "cart_hash": "",
        "number": row.number,
        "meta_data": row.meta,
        "line_items": [_line(state, line, show) for line in row.lines],
        "tax_lines": _tax_lines(state, row, show),
        "shipping_lines": [_charge(charge, show) | _shipping_method(charge) for charge in row.shipping_lines],
        "fee_lines": [_charge(fee, show) | _fee_name(fee) for fee in row.fees],
        "coupon_lines": [_coupon(coupon, show) for coupon in row.coupons],
        "refunds": [{"id": one.id, "reason": one.reason, "total": show(-one.amount)} for one in refunds],
        "payment_url": f"{bodies.SITE}/checkout/order-pay/{row.id}/",
        "is_editable": row.status in ("pending", "on-hold"),
        "needs_payment": row.status == "pending",
        "needs_processing": True,
        "currency_symbol": row.currency,
        "_links": bodies.links(f"orders/{row.id}", "orders"),
    } | row.odd


class _Amounts:
    """Writes amounts with as many decimals as were asked for."""

    def __init__(self, decimals: int):
        self._decimals = decimals

    def __call__(self, value: Decimal) -> str:
        # Adding nothing takes the sign off a zero.
        return f"{rounded(value, self._decimals) + 0:f}"


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
    return f"{value.normalize() + 0:f}"


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


def _coupon(coupon: Coupon, show: _Amounts) -> dict[str, Any]:
    return {
        "id": coupon.id,
        "code": coupon.code,
        "discount": show(coupon.discount),
        "discount_tax": show(coupon.discount_tax),
        "meta_data": [],
        "discount_type": coupon.type,
        "nominal_amount": bodies.number(coupon.amount),
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
                "rate_percent": bodies.number(rate.rate),
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
        **bodies.dates(state, "created", row.created),
        "amount": show(row.amount),
        "reason": row.reason,
        "refunded_by": 1,
        "refunded_payment": False,
        "meta_data": [],
        "line_items": [_line(state, line, show) for line in row.lines],
        "shipping_lines": [],
        "tax_lines": [],
        "fee_lines": [],
        "_links": bodies.links(
            f"orders/{row.order_id}/refunds/{row.id}",
            f"orders/{row.order_id}/refunds",
            f"orders/{row.order_id}",
        ),
    }
    return body | {"parent_id": row.order_id} if with_parent else body
