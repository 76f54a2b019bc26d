"""What the executor knows: settings, references, claims and what was saved. Money is Decimal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

# Where a person finds it, in messages.
SETTINGS_PAGE = "Salla Executor Settings"
# Of the column that causes are counted by.
WAITS_ON_LENGTH = 140


class BusinessError(Exception):
    """A command that cannot be applied as things stand; the message says cause and next step.

    retryable: True where waiting alone may mend it (a lock, an item still to come).
    waits_on: what a person has to mend in the ERP, one text for all commands that wait for the same, such as
    `setting:tax_account`; they go by themselves once it is mended. candidates: documents that a person chooses from.
    """

    def __init__(
        self,
        error_code: str,
        message: str,
        *,
        retryable: bool = False,
        waits_on: str = "",
        candidates: tuple[str, ...] = (),
    ):
        super().__init__(message)
        self.error_code = error_code
        self.waits_on = waits_on[:WAITS_ON_LENGTH]
        self.candidates = candidates
        self.retryable = retryable or bool(waits_on)


@dataclass(frozen=True)
class TaxRule:
    """What stands for a VAT rate of the shop. reason_code: VATEX code, empty for any; company: empty for any."""

    rate: Decimal
    reason_code: str = ""
    account: str = ""
    template: str = ""
    company: str = ""


# Fields of the settings that belong to one company.
OF_COMPANY = (
    "warehouse",
    "cost_center",
    "tax_account",
    "shipping_account",
    "cod_account",
    "rounding_account",
)


@dataclass(frozen=True)
class PriceList:
    """A price list that takes the shop's prices in its currency.

    is_in_force: the sale price while there is one, else the regular price; store: empty for every store.
    """

    name: str
    currency: str
    includes_tax: bool = False
    is_in_force: bool = False
    store: str = ""


@dataclass(frozen=True)
class Gate:
    """What a request has to pass before anything is read for it."""

    instance_id: str
    # The current one, and the one before it while that is still taken.
    secrets: tuple[str, ...] = field(repr=False)
    # The hub has not signed with the current one yet; the one before it is taken for as long as that lasts.
    is_rotating: bool = False
    is_enabled: bool = True
    timestamp_window: int = 300


@dataclass(frozen=True)
class Settings(Gate):
    """Salla Executor Settings."""

    hub_url: str = ""
    company: str = ""
    company_currency: str = "SAR"
    warehouse: str = ""
    price_list: str = ""
    item_group: str = "All Item Groups"
    stock_uom: str = "Nos"
    customer_group: str = ""
    # Of those with a VAT number; empty: customer_group.
    company_group: str = ""
    territory: str = ""
    # What tells a person besides the reference, the strongest first: of `phone`, `email`.
    match_customers_by: tuple[str, ...] = ("phone", "email")
    guest_customer: str = ""
    # Every guest is guest_customer, instead of a Customer of his own.
    is_one_guest: bool = False
    company_country: str = "SA"
    tax_account: str = ""
    shipping_account: str = ""
    cod_account: str = ""
    cost_center: str = ""
    delivery_days: int = 3
    # Draft, or Submit when the money agrees.
    submit_orders: bool = False
    # Largest difference between shop and ERP that still counts as equal, in the order's currency.
    money_tolerance: Decimal = Decimal("0.00")
    timezone: str = "Asia/Riyadh"
    # How this site calculates: System Settings (rounding method, currency precision), Accounts Settings.
    rounding_method: str = "Banker's Rounding"
    currency_precision: int = 2
    round_row_wise_tax: bool = False
    # Fields of ItemValues that an Item keeps once it is there, whatever the shop says.
    erp_item_fields: frozenset[str] = frozenset({"is_stock_item"})
    # Whether an Item that only has the same barcode is linked without asking a person.
    link_by_barcode: bool = False
    # Besides price_list, which takes regular prices without VAT.
    price_lists: tuple[PriceList, ...] = ()
    # Of price_list; empty where it is not known.
    price_list_currency: str = ""
    # Shipping and cash on delivery as lines with these Items instead of charges.
    shipping_item: str = ""
    cod_item: str = ""
    # Takes the coins by which a percentage misses the shop's VAT; without it the VAT is an absolute amount then.
    rounding_account: str = ""
    naming_series: str = ""
    # ERP or Shop.
    tax_invoice_by: str = "ERP"
    # When the shop changes a submitted order: `ask`, `update` its lines, or update, else `amend`.
    changed_orders: str = "ask"
    # Documents that follow a status are submitted, or left as drafts.
    follow_ups_submitted: bool = False
    # Of `draft`, `credit`, `stock`; empty: off.
    full_return: frozenset[str] = frozenset()
    partial_return: frozenset[str] = frozenset()
    # An empty map maps nothing and holds nothing back.
    taxes: tuple[TaxRule, ...] = ()
    # (store or empty, branch id or name) -> Warehouse; (store or empty, the shop's method) -> Mode of Payment.
    branches: Mapping[tuple[str, str], str] = field(default_factory=dict)
    payment_methods: Mapping[tuple[str, str], str] = field(default_factory=dict)
    # (store or empty, group id of the shop) -> Customer Group; (store or empty, city, region or country) -> Territory.
    customer_groups: Mapping[tuple[str, str], str] = field(default_factory=dict)
    territories: Mapping[tuple[str, str], str] = field(default_factory=dict)
    # Store -> the fields of these settings that differ for it.
    shops: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, store: str) -> Settings:
        """As they are for one store. What belongs to another company than the store's counts as not set."""
        own = self.shops.get(store)
        if own is None:
            return self
        is_elsewhere = own.get("company", self.company) != self.company
        emptied = dict.fromkeys(OF_COMPANY, "") if is_elsewhere else {}
        return replace(self, **(emptied | dict(own)))


@dataclass(frozen=True)
class NewSecret:
    """What hub and ERP have agreed on.

    previous: what the hub signs with until it has used the new one; replaces: the current one as it was before, so that
    of two changes at once only one is kept; instance_id and hub_url: of a pairing, else empty.
    """

    secret: str = field(repr=False)
    previous: str = field(repr=False)
    replaces: str = field(repr=False)
    instance_id: str = ""
    hub_url: str = ""


@dataclass(frozen=True)
class Reference:
    """External Reference: (source, entity type, external id) -> ERP document; unique."""

    source: str
    entity_type: str
    external_id: str
    doctype: str = ""
    docname: str = ""
    revision: int = 0
    generation: int = 0
    # Sha256 of the payload content last applied: an equal re-send writes nothing.
    content_hash: str = ""
    # The shop has deleted it.
    is_deleted: bool = False
    # JSON: what the shop says last and the ERP keeps as it is, field -> [in the ERP, in the shop].
    not_applied: str = ""
    # A person wants a new Item with this code, and none of those that are there.
    item_code: str = ""
    is_new: bool = False


@dataclass(frozen=True)
class Claim:
    """What the inbox says of an idempotency key.

    state: `new` (go on), `known` (ack holds the stored answer), `in_progress`, `conflict` (other body).
    """

    state: str
    ack: dict[str, Any] | None = None


@dataclass(frozen=True)
class Saved:
    """One document after a write. action: created, updated or unchanged; changes: field -> [before, after];
    also: documents of its own kind that were written with it, such as a customer's Contact; not_applied: what the
    values say and the ERP keeps, field -> [in the ERP, in the shop]."""

    doctype: str
    name: str
    action: str
    changes: dict[str, list[Any]] = field(default_factory=dict)
    also: tuple[Saved, ...] = field(default=(), kw_only=True)
    not_applied: dict[str, list[Any]] = field(default_factory=dict, kw_only=True)


@dataclass(frozen=True)
class SavedOrder(Saved):
    docstatus: int = 0
    grand_total: Decimal = Decimal(0)
    net_total: Decimal = Decimal(0)
    total_taxes: Decimal = Decimal(0)
    # Shipping and cash on delivery that stand as charges, by name, and the names of those that are lines.
    fees: Mapping[str, Decimal] = field(default_factory=dict)
    fee_lines: frozenset[str] = frozenset()
    # By row, before the document discount.
    line_amounts: tuple[Decimal, ...] = ()
    # The shop's status whose actions were done.
    status_done: str = ""
    # A person took its difference to the shop's money.
    is_accepted: bool = False
    # A sentence on how a submitted order took the change.
    note: str = ""
