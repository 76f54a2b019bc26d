"""A small model of how ERPNext computes a Sales Order, to choose between ways of writing one and to predict its totals.

Covers what the executor writes: exclusive rates, Item Tax Templates, a document discount on Net Total, charges of the
types Actual, On Net Total and On Previous Row Total. It counts in floats and in ERPNext's order, since a half coin falls to the
side that the float's last bit says; Decimal goes in and comes out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from salla_executor.core.model import BusinessError, Settings
from salla_executor.core.values import Charge, SalesOrderLine


@dataclass(frozen=True)
class Totals:
    """Of a whole order, in its currency; charges has one amount per row."""

    net_total: Decimal
    charges: tuple[Decimal, ...]
    total_taxes: Decimal
    grand_total: Decimal


@dataclass(frozen=True)
class Arithmetic:
    """The site's way to round. method: as System Settings names it; precision: decimals of money."""

    method: str = "Banker's Rounding"
    precision: int = 2
    is_row_wise: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Arithmetic:
        return cls(settings.rounding_method, settings.currency_precision, settings.round_row_wise_tax)

    def amount(self, line: SalesOrderLine) -> Decimal:
        """The line before the document discount."""
        return self.money(self.round(float(line.rate) * float(line.quantity)))

    def round(self, value: float) -> float:
        return _ROUNDING[self.method](value, self.precision) if value else 0.0

    def money(self, value: float) -> Decimal:
        return Decimal(f"{value:.{self.precision}f}")


def predict(
    lines: Sequence[SalesOrderLine], charges: Sequence[Charge], discount: Decimal, arithmetic: Arithmetic
) -> Totals:
    """What ERPNext will make of an order; discount without VAT, on Net Total. Raises BusinessError."""
    nets = _discounted([float(arithmetic.amount(line)) for line in lines], float(discount), arithmetic)
    net_total = arithmetic.round(_sum(nets))
    amounts = _charge_amounts(lines, nets, net_total, charges, arithmetic)
    grand_total = net_total
    for amount in amounts:
        grand_total = arithmetic.round(grand_total + amount)
    money = arithmetic.money
    taxes = money(grand_total) - money(net_total)
    return Totals(money(net_total), tuple(map(money, amounts)), taxes, money(grand_total))


def _discounted(amounts: list[float], discount: float, arithmetic: Arithmetic) -> list[float]:
    """Each line less its share; a line takes over what rounding left behind on the lines before it."""
    total = arithmetic.round(_sum(amounts))
    if not (discount and total):
        return amounts
    nets: list[float] = []
    expected = reached = 0.0
    for amount in amounts:
        exact = amount - discount * amount / total
        expected += exact
        net = arithmetic.round(exact)
        reached += net
        if left := arithmetic.round(expected - reached):
            net = arithmetic.round(net + left)
            reached += left
        nets.append(net)
    return nets


def _charge_amounts(
    lines: Sequence[SalesOrderLine],
    nets: list[float],
    net_total: float,
    charges: Sequence[Charge],
    arithmetic: Arithmetic,
) -> list[float]:
    """Row by row: an absolute amount is spread over the lines, a percentage is summed over them and rounded last."""
    # running[row][line]: the line's net amount with all charges up to this row.
    running: list[list[float]] = []
    amounts: list[float] = []
    for index, charge in enumerate(charges):
        if charge.charge_type == "Actual":
            shares = _spread(float(charge.amount), nets, net_total, arithmetic)
        else:
            bases = _bases(charge, index, nets, running)
            rates = [dict(line.tax_rates).get(charge.account, charge.rate) for line in lines]
            shares = [float(rate) / 100.0 * base for rate, base in zip(rates, bases, strict=True)]
            if arithmetic.is_row_wise:
                shares = [arithmetic.round(share) for share in shares]
        above = running[-1] if running else nets
        running.append([base + share for base, share in zip(above, shares, strict=True)])
        amounts.append(arithmetic.round(_sum(shares)))
    return amounts


def _spread(amount: float, nets: list[float], net_total: float, arithmetic: Arithmetic) -> list[float]:
    """An absolute charge by the lines' weight; the last line takes the rest."""
    shares = [net * amount / net_total if net_total else 0.0 for net in nets]
    if arithmetic.is_row_wise:
        shares = [arithmetic.round(share) for share in shares]
    left = amount
    for share in shares:
        left -= share
    shares[-1] += left
    return shares


def _bases(charge: Charge, index: int, nets: list[float], running: list[list[float]]) -> list[float]:
    """What a percentage is taken of, per line."""
    if charge.charge_type == "On Net Total":
        return nets
    if charge.charge_type == "On Previous Row Total" and charge.row_id and charge.row_id <= index:
        return running[charge.row_id - 1]
    raise BusinessError("unknown_charge", f"The charge type '{charge.charge_type}' cannot be computed here.")


def _sum(values: Sequence[float]) -> float:
    # Python's own sum compensates from 3.12 on; ERPNext adds one after the other.
    total = 0.0
    for value in values:
        total += value
    return total


def _half_to_even(value: float, precision: int) -> float:
    scaled = round(value * 10**precision, 12)
    if not scaled:
        return 0.0
    whole = math.floor(scaled)
    if abs(scaled - whole - 0.5) < _last_bit(scaled):
        return (whole + whole % 2) / 10**precision
    return round(scaled) / 10**precision


def _legacy(value: float, precision: int) -> float:
    """Halves go up where there are decimals, to even where there are none."""
    scaled = round(value * 10**precision, 8)
    whole = math.floor(scaled)
    is_up = precision and scaled - whole == 0.5
    return (whole + 1 if is_up else round(scaled)) / 10**precision


def _half_from_zero(value: float, precision: int) -> float:
    return round(value + math.copysign(_last_bit(value), value), precision)


def _last_bit(value: float) -> float:
    return 2.0 ** (math.log2(abs(value)) - 52.0)


# ref: frappe.utils.data.rounded
_ROUNDING: dict[str, Callable[[float, int], float]] = {
    "Banker's Rounding": _half_to_even,
    "Banker's Rounding (legacy)": _legacy,
    "Commercial Rounding": _half_from_zero,
}
