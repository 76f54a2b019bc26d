"""What the executor's core needs. Implemented on Frappe and ERPNext in `erpnext/`, on SQLite in `sandbox/`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from salla_executor.contract import Command
from salla_executor.core.model import (
    BusinessError,
    Claim,
    Gate,
    NewSecret,
    Reference,
    Saved,
    SavedOrder,
    Settings,
)
from salla_executor.core.texts import Text
from salla_executor.core.values import (
    ActionValues,
    BrandValues,
    Candidate,
    CustomerValues,
    ItemGroupValues,
    ItemMatch,
    ItemValues,
    OrderStatusValues,
    SalesOrderValues,
    Standing,
)


class Erp(Protocol):
    """Writes and finds ERP documents. All methods may raise BusinessError. `name` is the document to update,
    None to create one. A write that would change nothing reports `unchanged` and does not touch the document."""

    def save_item_group(self, name: str | None, values: ItemGroupValues) -> Saved: ...

    def save_brand(self, name: str | None, values: BrandValues) -> Saved: ...

    def save_order_status(self, name: str | None, values: OrderStatusValues) -> Saved: ...

    def save_item(self, name: str | None, values: ItemValues) -> Saved: ...

    def save_customer(self, name: str | None, values: CustomerValues) -> Saved: ...

    def save_sales_order(self, name: str | None, values: SalesOrderValues) -> SavedOrder:
        """Insert or update the draft; never submits. No pricing rules, no rounded total, discount on Net Total.
        A submitted order is brought up to date in the fields that ERPNext allows; a change of lines or money goes by
        the settings' policy or raises BusinessError."""

    def submit_sales_order(self, name: str) -> None: ...

    def flag_sales_order(self, name: str, difference: tuple[Text, ...]) -> None:
        """Keep the comparison with the shop on the order; without a sentence there is none."""

    def note_status(self, name: str, status: str, status_name: str | None) -> SavedOrder:
        """Follow the shop's status and nothing else."""

    def status_actions(self, source: str, ids: tuple[str, ...]) -> tuple[str, ...] | None:
        """What the store's catalogue wants done for a status that has one of these ids or slugs, the first one counts;
        None: the catalogue has actions, but not this status."""

    def carry_out(self, name: str, action: str, values: ActionValues) -> list[Saved]:
        """Do what is left of an action for a submitted Sales Order. Raises BusinessError, and nothing is left of it."""

    def has_return(self, name: str) -> bool:
        """Whether a return or credit note, also a draft, stands against the Sales Order."""

    def mark_status_done(self, name: str, status: str) -> None: ...

    def keep_standing(self, name: str, standing: Standing | None) -> None:
        """Keep what a draft's status asks for until its difference is accepted; None: nothing waits."""

    def ask_person(self, name: str, problems: tuple[str, ...]) -> None:
        """Keep on the Sales Order what a person has to look at, and make a task of it; without any both end."""

    def exists(self, doctype: str, name: str) -> bool: ...

    def find_item(self, sku: str) -> str | None:
        """The Item that carries this SKU as its code."""

    def match_items(self, sku: str, barcode: str | None) -> list[ItemMatch]:
        """Items with this SKU as their code, then those with the barcode; if neither, with the SKU as barcode."""

    def tell_not_applied(self, doctype: str, name: str, not_applied: dict[str, list[Any]]) -> None:
        """Say on the document what the shop says and the ERP keeps: field -> [in the ERP, in the shop]."""

    def find_sales_order(self, source: str, external_id: str) -> str | None:
        """The Sales Order (not cancelled) that carries this shop order, should its reference be lost."""

    def find_customers(self, *, phones: tuple[str, ...], email: str | None) -> list[Candidate]:
        """Customers whose contact has this phone, in any of these forms, and those whose contact has this e-mail."""

    def is_template(self, item_code: str) -> bool:
        """Whether the Item is a template."""


class SecretKeeper(Protocol):
    """Where the shared secret lies."""

    def now(self) -> int:
        """Unix seconds."""

    def gate(self) -> Gate:
        """The part of the settings that is needed for every request, and quickly read."""

    def settings(self) -> Settings: ...

    def store_secret(self, new: NewSecret) -> bool:
        """Committed at once; False where the current secret is not `new.replaces` any more. No end is set to the
        previous one yet."""

    def end_rotation(self) -> None:
        """The hub signs with the current secret: the one before it is taken for a day more. Committed at once."""


class Hub(Protocol):
    """The way to the hub."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """HTTP status and the JSON object that was answered. Raises HubError where there is none."""


class Receiver(SecretKeeper, Protocol):
    """The host around one request: clock, replay guard, inbox, references and the transaction."""

    erp: Erp

    def remember_nonce(self, nonce: str, expires_at: int) -> bool:
        """Committed at once; False if it was used before."""

    def claim(self, command: Command, body_hash: str) -> Claim:
        """Starts the transaction with a fresh view and inserts the inbox row; never waits longer than a second."""

    def lock_person(self, keys: Mapping[str, str]) -> None:
        """Until the transaction ends no other command finds or makes a customer by one of these; before any read of
        the transaction. Raises BusinessError, retryable, if another one holds them for too long."""

    def lock_reference(self, source: str, entity_type: str, external_id: str) -> Reference:
        """Made if it is new, locked until the transaction ends.

        Raises BusinessError, retryable, if another command holds it for too long."""

    def find_reference(self, source: str, entity_type: str, external_id: str) -> Reference | None: ...

    def usable_documents(
        self, source: str, wanted: Collection[tuple[str, str]]
    ) -> dict[tuple[str, str], str]:
        """Of products, variants and customers of a shop, by (entity type, external id), those that stand for a document
        that an order can name: it exists, and an Item is no template."""

    def references_of(self, doctype: str, docname: str) -> list[Reference]:
        """Which shop entities, of any source, stand for this document; two shops may share one."""

    def save_reference(self, reference: Reference) -> None:
        """The entity waits for nobody any more, too."""

    def note_wait(self, command: Command, error: BusinessError) -> None:
        """Keep on the entity's reference what a person has to mend before it can be applied, or that nothing is.
        Committed at once. Where a newer revision stands already, nothing is noted."""

    def store_ack(self, idempotency_key: str, ack: dict[str, Any]) -> None:
        """Keep the answer's JSON object in the claimed inbox row; `claim` gives it back as it is."""

    def applying(self, *, is_dry_run: bool = False) -> AbstractContextManager[None]:
        """Acts as the integration user and makes every hidden commit inside fail. What a dry run does leaves no
        trace outside the database either."""

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def report(self, error: Exception) -> bool:
        """One log line of an unexpected failure, without locals or secrets; none, and True, where another
        transaction won and nothing else is wrong."""

    def versions(self) -> dict[str, str]:
        """For ping: app, frappe, erpnext."""

    def checks(self) -> list[dict[str, str]]:
        """For ping, this side's checklist: check, state (`ok`, `warning`, `failed`), message with the next step."""
