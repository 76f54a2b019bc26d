"""Shop orders of every combination that matters, reckoned as a shop does: in Decimal, to the halala."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from itertools import cycle, product
from typing import Any

COIN = Decimal("0.01")
MICRO = Decimal("0.000001")


@dataclass(frozen=True)
class Line:
    price: str
    quantity: str = "1"
    discount: str = "0"
    percent: str = "15"
    kind: str = "simple"
    reason: str = ""


@dataclass(frozen=True)
class Case:
    """One order. is_inclusive: prices hold VAT, so the net price has more digits than money; is_rounded: the shop says it
    in coins all the same, and reckons with all digits; vat_by: `total`, or `line` where the shop rounds the VAT of each line."""

    name: str
    lines: tuple[Line, ...]
    coupon: str = "0"
    shipping: str = "0"
    cod: str = "0"
    is_shipping_taxed: bool = True
    is_inclusive: bool = False
    is_rounded: bool = False
    vat_by: str = "total"
    currency: str = "SAR"
    changes: dict[str, Any] = field(default_factory=dict)


def coins(value: Decimal) -> Decimal:
    return value.quantize(COIN, ROUND_HALF_UP)


def net_price(case: Case, line: Line) -> Decimal:
    price = Decimal(line.price)
    return (price / (1 + Decimal(line.percent) / 100)).quantize(MICRO) if case.is_inclusive else price


def payload_of(case: Case, skus: dict[str, str], number: str) -> dict[str, Any]:
    """The normalized order; skus: kind of line -> SKU."""
    rows, nets = [], []
    for index, line in enumerate(case.lines):
        price, quantity = net_price(case, line), Decimal(line.quantity)
        net = price * quantity - Decimal(line.discount)
        nets.append((net, Decimal(line.percent)))
        row = {
            "external_id": f"{number}-{index}",
            "sku": skus[line.kind],
            "name": f"{line.kind} {index}",
            "quantity": line.quantity,
            "unit_price": str(coins(price) if case.is_rounded else price),
            "discount": line.discount,
            "tax_percent": line.percent,
        }
        rows.append(row | ({"tax_reason_code": line.reason} if line.reason else {}))
    sums = _sums(case, nets)
    values = {
        "external_id": f"o-{number}",
        "reference": f"R{number}",
        "status": "under_review",
        "created_at": "2026-11-18T12:00:00+03:00",
        "currency": case.currency,
        **{name: str(value) for name, value in sums.items() if name in ("total", "subtotal")},
        "tax": {"percent": case.lines[0].percent, "amount": str(sums["tax"])},
        "discount_total": str(sums["discount"]),
        "shipping": {"amount": case.shipping},
        "cash_on_delivery": case.cod,
        "payment_method": "cod" if Decimal(case.cod) else "mada",
        "customer": {"external_id": "c-1", "name": "Money Suite"},
        "items": rows,
    }
    if case.currency != "SAR":
        values |= {"exchange_rate": "3.75", "store_currency": "SAR"}
    return values | case.changes


def _sums(case: Case, nets: list[tuple[Decimal, Decimal]]) -> dict[str, Decimal]:
    """The shop's total = goods - discounts + shipping + COD + VAT; a coupon lowers each line by its weight."""
    goods = sum((net for net, _ in nets), Decimal(0))
    coupon = Decimal(case.coupon)
    charges = Decimal(case.shipping) + Decimal(case.cod)
    left = [net - coupon * net / goods if goods else net for net, _ in nets]
    vats = [net * percent / 100 for net, (_, percent) in zip(left, nets, strict=True)]
    if case.is_shipping_taxed:
        vats.append(charges * max(percent for _, percent in nets) / 100)
    tax = sum(map(coins, vats), Decimal(0)) if case.vat_by == "line" else coins(sum(vats, Decimal(0)))
    line_discounts = sum((Decimal(line.discount) for line in case.lines), Decimal(0))
    return {
        "subtotal": coins(goods + line_discounts),
        "discount": line_discounts + coupon,
        "tax": tax,
        "total": coins(goods - coupon) + charges + tax,
    }


PRICES = ("100.00", "99.99", "33.33", "0.99", "1234.56", "52.00", "7.77", "19.95", "249.00", "0.05")
CHARGES = {
    "no charges": {},
    "shipping": {"shipping": "15.00"},
    "shipping without VAT": {"shipping": "24.35", "is_shipping_taxed": False},
    "shipping and COD": {"shipping": "21.74", "cod": "8.70"},
}
DISCOUNTS = ("none", "even", "uneven", "coupon", "line and coupon", "free line", "all free")
BASES = ("net", "inclusive", "net, VAT by line", "inclusive, VAT by line", "inclusive, in coins")


def plain_cases() -> Iterator[Case]:
    """Discounts × charges × basis of prices, with 1 to 7 lines of changing prices and quantities."""
    sizes, prices, quantities = cycle((1, 2, 3, 5, 7)), cycle(PRICES), cycle(("1", "2", "3", "7", "10", "1"))
    for discount, charges, basis in product(DISCOUNTS, CHARGES, BASES):
        lines = [Line(next(prices), next(quantities)) for _ in range(next(sizes))]
        is_inclusive = basis.startswith("inclusive")
        lines, coupon = _discounted(lines, discount, is_inclusive)
        yield Case(
            f"{basis}; {discount}; {charges}; {len(lines)} lines",
            tuple(lines),
            coupon=coupon,
            is_inclusive=is_inclusive,
            is_rounded=basis.endswith("coins"),
            vat_by="line" if basis.endswith("line") else "total",
            **CHARGES[charges],
        )


def _discounted(lines: list[Line], kind: str, is_inclusive: bool) -> tuple[list[Line], str]:
    def less(line: Line, amount: Decimal) -> Line:
        return Line(line.price, line.quantity, str(amount))

    first, *rest = lines
    worth = Decimal(first.price) * Decimal(first.quantity)
    if is_inclusive:
        worth = Decimal(first.price) / Decimal("1.15") * Decimal(first.quantity)
    if kind == "even":
        return [
            less(first, (worth / Decimal(first.quantity) / 10).quantize(COIN) * Decimal(first.quantity)),
            *rest,
        ], "0"
    if kind == "uneven":
        return [less(first, (worth / 7).quantize(COIN)), *rest], "0"
    if kind == "coupon":
        return lines, str((worth / 10).quantize(COIN))
    if kind == "line and coupon":
        return [less(first, (worth / 7).quantize(COIN)), *rest], str((worth / 10).quantize(COIN))
    if kind == "free line":
        return [Line("45.00", "2"), Line("12.50", "2", "25.00")] if not is_inclusive else [
            Line("45.00"),
            Line("0.00"),
        ], "0"
    if kind == "all free":
        return [Line("50.00", "2", "100.00")] if not is_inclusive else [Line("0.00")], "0"
    return lines, "0"


def other_cases() -> Iterator[Case]:
    """Currencies, variants, bundles, services, other rates and long orders."""
    for currency in ("USD", "AED", "EUR"):
        yield Case(f"{currency}", (Line("100.00", "3"),), shipping="10.00", currency=currency)
        yield Case(f"{currency} uneven", (Line("33.33", "3", "10.00"), Line("9.99")), currency=currency)
        yield Case(f"{currency} coupon", (Line("19.95", "7"),), coupon="13.37", cod="5.00", currency=currency)
        yield Case(f"{currency} inclusive", (Line("19.95", "7"),), is_inclusive=True, currency=currency)
    for kind in ("variant", "service", "bundle"):
        yield Case(kind, (Line("110.00", "2", kind=kind), Line("9.99")))
        yield Case(f"{kind} with discount", (Line("99.99", "3", "10.00", kind=kind),), shipping="15.00")
        yield Case(f"{kind} inclusive", (Line("57.00", "3", kind=kind),), is_inclusive=True, cod="10.00")
    for percent in ("0", "5", "10"):
        yield Case(f"all at {percent} %", (Line("80.00", "3", percent=percent),), shipping="12.00")
        yield Case(f"all at {percent} %, coupon", (Line("33.33", "3", percent=percent),), coupon="5.55")
    for size in (1, 10, 50, 100, 200):
        prices = cycle(PRICES)
        lines = tuple(Line(next(prices), str(1 + n % 5)) for n in range(size))
        yield Case(f"{size} lines", lines, shipping="15.00")
        yield Case(f"{size} lines inclusive", lines, coupon="1.23", is_inclusive=True)
    yield Case("half a kilo", (Line("59.90", "0.5", kind="kilo"), Line("12.34", "1.25", kind="kilo")))
    yield Case("a halala", (Line("0.01"),))
    yield Case("a million", (Line("999999.99", "9"),), shipping="100.00")


def mixed_cases() -> Iterator[Case]:
    """Standard, zero-rated and exempt lines in one order."""
    zero = {"percent": "0", "reason": "VATEX-SA-32"}
    exempt = {"percent": "0", "reason": "VATEX-SA-29"}
    pairs = {
        "zero-rated": (Line("100.00", "2"), Line("50.00", **zero)),
        "exempt": (Line("33.33", "3"), Line("19.99", "2", **exempt)),
        "both": (Line("7.77", "7"), Line("50.00", **zero), Line("12.34", "3", **exempt)),
        "discount on the taxed line": (Line("99.99", "3", "10.00"), Line("50.00", **zero)),
        "discount on the free line": (Line("99.99", "3"), Line("50.00", "3", "10.00", **zero)),
        "ten lines": tuple(Line(PRICES[n], str(n + 1), **(zero if n % 3 else {})) for n in range(10)),
    }
    for name, lines in pairs.items():
        for label, charges in CHARGES.items():
            yield Case(f"{name}; {label}", lines, **charges)
            yield Case(f"{name}; {label}; coupon", lines, coupon="13.37", **charges)
    both = pairs["both"]
    for label, charges in CHARGES.items():
        yield Case(f"both, inclusive; {label}; coupon", both, coupon="13.37", is_inclusive=True, **charges)
        yield Case(f"both in USD; {label}; coupon", both, coupon="5.00", currency="USD", **charges)
    bundle = (Line("99.99", "3", kind="bundle"), Line("110.00", "2", kind="variant", **zero))
    yield Case("bundle and variant; coupon", bundle, coupon="20.01", shipping="15.00")
    yield Case(
        "by weight; coupon", (Line("59.90", "2", kind="kilo"), Line("9.99", "3", **zero)), coupon="4.44"
    )


def all_cases() -> list[Case]:
    return [*plain_cases(), *other_cases(), *mixed_cases()]
