"""What stands for the VAT of a shop order: Item Tax Templates of lines, and the rows of charges.

Where the settings map tax rates, each line's rate has to be one of them, and lines at different rates carry the Item Tax
Template of theirs, so that one row per VAT account is right for all. Without a map one percent row is tried, and
mixed rates are written as an absolute amount.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from salla_executor.core.model import SETTINGS_PAGE, BusinessError, Settings, TaxRule
from salla_executor.core.values import Charge
from salla_executor.payloads import OrderPayload


@dataclass(frozen=True)
class LineTax:
    """rate in percent; template: Item Tax Template, empty if the line needs none."""

    rate: Decimal
    account: str
    template: str = ""

    @property
    def rates(self) -> tuple[tuple[str, Decimal], ...]:
        return ((self.account, self.rate),) if self.template else ()


def line_taxes(payload: OrderPayload, settings: Settings) -> list[LineTax] | None:
    """By line; None where no rates are mapped, or the shop charges no VAT and names no rate. Raises BusinessError."""
    if not settings.taxes:
        return None
    rates = [payload.tax.percent if line.tax_percent is None else line.tax_percent for line in payload.items]
    if not payload.tax.amount and not any(rates):
        # A merchant who is not registered for VAT, or nothing but tax-free goods.
        rates = [
            rate if line.tax_reason_code else None for rate, line in zip(rates, payload.items, strict=True)
        ]
        if not any(rate is not None for rate in rates):
            return None
    found = [
        tax_of(rate or Decimal(0), line.tax_reason_code or "", settings)
        for rate, line in zip(rates, payload.items, strict=True)
    ]
    if len({(one.account, one.rate) for one in found}) > 1:
        for one in found:
            _require_template(one, found)
    return found


def tax_of(rate: Decimal, reason_code: str, settings: Settings) -> LineTax:
    """The rule of a rate and reason code; one without a reason code stands for any. Raises BusinessError."""
    company = (settings.company, "")
    fitting = [rule for rule in settings.taxes if rule.rate == rate and rule.company in company]
    exact = [rule for rule in fitting if rule.reason_code == reason_code]
    rules: list[TaxRule] = exact or [rule for rule in fitting if not rule.reason_code]
    if not rules:
        what = f"VAT of {rate.normalize():f} %" + (f" with the reason {reason_code}" if reason_code else "")
        message = (
            f"{what} is not mapped for {settings.company or 'the company'}. Add it to 'Taxes' in {SETTINGS_PAGE};"
            " the order goes then by itself."
        )
        waits_on = f"tax:{settings.company}:{rate.normalize():f}:{reason_code}"
        raise BusinessError("unmapped_tax", message, waits_on=waits_on)
    return LineTax(rate, rules[0].account or tax_account(settings), rules[0].template)


def tax_account(settings: Settings) -> str:
    return account_of(settings, "tax_account", "VAT Account", "VAT")


def account_of(settings: Settings, field: str, label: str, what: str) -> str:
    account = getattr(settings, field)
    if account:
        return account
    message = (
        f"The order has {what}, but no account is set for it. Set '{label}' in {SETTINGS_PAGE}; the order goes then"
        " by itself."
    )
    raise BusinessError("missing_account", message, waits_on=f"setting:{field}")


def _require_template(tax: LineTax, found: Sequence[LineTax]) -> None:
    """The row's own rate does for the highest one of a single account; all else says its rate by a template."""
    one_account = len({one.account for one in found}) == 1
    if tax.template or (one_account and tax.rate == max(one.rate for one in found)):
        return
    message = (
        f"The order has lines at several VAT rates, and {tax.rate.normalize():f} % has no Item Tax Template. Choose one"
        f" for it in 'Taxes' of {SETTINGS_PAGE}; the order goes then by itself."
    )
    raise BusinessError("unmapped_tax", message, waits_on=f"tax_template:{tax.rate.normalize():f}")


def mapped_rows(taxes: Sequence[LineTax], above: int) -> list[tuple[Charge, ...]]:
    """Ways to write the VAT of mapped rates: on everything above, and on the lines alone. One row per account."""
    accounts = list(dict.fromkeys(one.account for one in taxes))
    rates = {account: max(one.rate for one in taxes if one.account == account) for account in accounts}
    if len(accounts) > 1:
        # Lines without the account in their template would bear its rate too.
        rates = dict.fromkeys(accounts, Decimal(0))
    bases = ["On Previous Row Total", "On Net Total"] if above and len(accounts) == 1 else ["On Net Total"]
    return [
        tuple(
            Charge(base, account, _text(rates[account]), rate=rates[account], row_id=_row(base, above))
            for account in accounts
        )
        for base in bases
    ]


def percent_rows(payload: OrderPayload, account: str, above: int) -> list[tuple[Charge, ...]]:
    """Ways to write the VAT where no rates are mapped: one percentage, if the lines have no more."""
    said = {line.tax_percent for line in payload.items if line.tax_percent is not None}
    if len(said) > 1:
        return []
    percents = dict.fromkeys(one for one in (payload.tax.percent, *said) if one)
    bases = ["On Previous Row Total", "On Net Total"] if above else ["On Net Total"]
    return [
        (Charge(base, account, _text(percent), rate=percent, row_id=_row(base, above)),)
        for percent in percents
        for base in bases
    ]


def _row(base: str, above: int) -> int | None:
    return above if base == "On Previous Row Total" else None


def _text(rate: Decimal) -> str:
    return f"VAT {rate.normalize():f} %" if rate else "VAT"


def are_mixed(taxes: Sequence[LineTax] | None) -> bool:
    return bool(taxes) and len({(one.account, one.rate) for one in taxes or ()}) > 1
