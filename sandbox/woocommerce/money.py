"""Taxes and discounts as WooCommerce's cart reckons them. Amounts are Decimal, rates percent."""

from __future__ import annotations

from decimal import Decimal

from sandbox.woocommerce.state import TaxRate, WooState, rounded, total_of

# Amounts of lines are kept with so many decimals, however few the shop shows.
KEPT_DECIMALS = 6


def rates_of(state: WooState, tax_class: str) -> list[TaxRate]:
    rates = [rate for rate in state.taxes.values() if rate.tax_class == tax_class]
    return sorted(rates, key=lambda rate: rate.priority)


def split(state: WooState, amount: Decimal, rates: list[TaxRate]) -> tuple[Decimal, dict[int, Decimal]]:
    """(net, tax by rate id) of an amount as the shop shows prices."""
    if not state.prices_include_tax:
        return rounded(amount, KEPT_DECIMALS), taxes_on(state, amount, rates)
    taxes = {key: _line_tax(state, tax) for key, tax in _taxes_within(amount, rates).items()}
    return rounded(amount - total_of(taxes.values()), KEPT_DECIMALS), taxes


def taxes_on(state: WooState, net: Decimal, rates: list[TaxRate]) -> dict[int, Decimal]:
    """A compound rate stands on the net amount and the taxes before it."""
    taxes: dict[int, Decimal] = {}
    for rate in rates:
        base = net + total_of(taxes.values()) if rate.is_compound else net
        taxes[rate.id] = base * rate.rate / 100
    return {key: _line_tax(state, tax) for key, tax in taxes.items()}


def _taxes_within(gross: Decimal, rates: list[TaxRate]) -> dict[int, Decimal]:
    """What of a gross amount is tax: the compound rates from the outside in, then the others together."""
    taxes, rest = {}, gross
    for rate in reversed([rate for rate in rates if rate.is_compound]):
        taxes[rate.id] = rest - rest / (1 + rate.rate / 100)
        rest -= taxes[rate.id]
    plain = [rate for rate in rates if not rate.is_compound]
    net = rest / (1 + total_of(rate.rate for rate in plain) / 100)
    return {rate.id: net * rate.rate / 100 for rate in plain} | taxes


def _line_tax(state: WooState, tax: Decimal) -> Decimal:
    return rounded(tax, KEPT_DECIMALS if state.rounds_at_subtotal else state.decimals)


def discounts(state: WooState, amounts: list[Decimal], coupon_type: str, value: Decimal) -> list[Decimal]:
    """What a coupon takes off each line's amount, in the shop's decimals. A sum for the cart is spread over the
    lines, the rest of the rounding on the first."""
    if coupon_type == "percent":
        return [rounded(amount * value / 100, state.decimals) for amount in amounts]
    whole = total_of(amounts)
    wanted = min(value, whole)
    parts = [rounded(wanted * amount / whole, state.decimals) if whole else Decimal(0) for amount in amounts]
    if parts:
        parts[0] += wanted - total_of(parts)
    return parts
