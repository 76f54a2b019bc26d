"""A small model of how ERPNext computes a Sales Order, to choose between ways of writing one and to predict its totals.

Covers what the executor writes: exclusive rates, a document discount on Net Total, charges of the types Actual,
On Net Total and On Previous Row Total. Exact numbers where ERPNext has floats: its rounding repairs those first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

from salla_executor.core.model import BusinessError, Charge, SalesOrderLine, Settings

ROUNDING = {
    "Banker's Rounding": ROUND_HALF_EVEN,
    # The legacy method takes halves up wherever there are decimals.
    "Banker's Rounding (legacy)": ROUND_HALF_UP,
    "Commercial Rounding": ROUND_HALF_UP,
}


@dataclass(frozen=True)
class Totals:
    """Of a whole order, in its currency; charges has one amount per row."""

    net_total: Decimal
    charges: tuple[Decimal, ...]
    grand_total: Decimal

    @property
    def total_taxes(self) -> Decimal:
        return sum(self.charges, Decimal(0))


@dataclass(frozen=True)
class Arithmetic:
    """The site's way to round. method: as System Settings names it; precision: decimals of money."""

    method: str = "Banker's Rounding"
    precision: int = 2
    is_row_wise: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Arithmetic:
        return cls(settings.rounding_method, settings.currency_precision, settings.round_row_wise_tax)

    def round(self, value: Fraction | Decimal) -> Decimal:
        exact = Fraction(value) * 10**self.precision
        whole, half = divmod(exact, 1)[0], Fraction(1, 2)
        rest = exact - whole
        is_up = rest > half or (rest == half and (ROUNDING[self.method] == ROUND_HALF_UP or whole % 2 == 1))
        return Decimal(whole + is_up).scaleb(-self.precision)


def predict(
    lines: Sequence[SalesOrderLine], charges: Sequence[Charge], discount: Decimal, arithmetic: Arithmetic
) -> Totals:
    """What ERPNext will make of an order; discount without VAT, on Net Total. Raises BusinessError."""
    nets = _discounted([arithmetic.round(line.rate * line.quantity) for line in lines], discount, arithmetic)
    net_total = sum(nets, Decimal(0))
    amounts = _charge_amounts(nets, net_total, charges, arithmetic)
    return Totals(net_total, amounts, net_total + sum(amounts, Decimal(0)))


def _discounted(amounts: list[Decimal], discount: Decimal, arithmetic: Arithmetic) -> list[Decimal]:
    """Each line's share of the discount; a line takes over what rounding left behind on the lines before it."""
    total = sum(amounts, Decimal(0))
    if not (discount and total):
        return amounts
    nets: list[Decimal] = []
    expected, reached = Fraction(0), Decimal(0)
    for amount in amounts:
        exact = Fraction(amount) * (1 - Fraction(discount) / Fraction(total))
        expected += exact
        net = arithmetic.round(exact)
        net += arithmetic.round(expected - Fraction(reached + net))
        reached += net
        nets.append(net)
    return nets


def _charge_amounts(
    nets: list[Decimal], net_total: Decimal, charges: Sequence[Charge], arithmetic: Arithmetic
) -> tuple[Decimal, ...]:
    """Rows one after the other: Actual is spread over the lines, percentages are summed over them, rounded last."""
    # shares[row][line]: what the row adds to the line, unrounded.
    shares: list[list[Fraction]] = []
    for index, charge in enumerate(charges):
        if charge.charge_type == "Actual":
            row = _spread(arithmetic.round(charge.amount), nets, net_total, arithmetic)
        else:
            depth = _base_rows(charge, index)
            bases = [Fraction(net) + sum(row[n] for row in shares[:depth]) for n, net in enumerate(nets)]
            row = [base * Fraction(charge.rate) / 100 for base in bases]
        if arithmetic.is_row_wise and charge.charge_type != "Actual":
            row = [Fraction(arithmetic.round(share)) for share in row]
        shares.append(row)
    return tuple(arithmetic.round(sum(row, Fraction(0))) for row in shares)


def _spread(
    amount: Decimal, nets: list[Decimal], net_total: Decimal, arithmetic: Arithmetic
) -> list[Fraction]:
    """An absolute charge by the lines' weight; the last line takes the rest."""
    shares = [
        Fraction(net) * Fraction(amount) / Fraction(net_total) if net_total else Fraction(0) for net in nets
    ]
    if arithmetic.is_row_wise:
        shares = [Fraction(arithmetic.round(share)) for share in shares]
    shares[-1:] = [Fraction(amount) - sum(shares[:-1], Fraction(0))]
    return shares


def _base_rows(charge: Charge, index: int) -> int:
    """How many rows above count into the base of a percentage."""
    if charge.charge_type == "On Net Total":
        return 0
    if charge.charge_type == "On Previous Row Total" and charge.row_id and charge.row_id <= index:
        return charge.row_id
    raise BusinessError("unknown_charge", f"The charge type '{charge.charge_type}' cannot be computed here.")
