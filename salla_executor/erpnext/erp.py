"""The port `Erp` on ERPNext: one method per document, each in its own file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

import frappe
from frappe.model.document import Document

from salla_executor.core.model import Saved, SavedOrder, Settings
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
from salla_executor.erpnext import (
    brands,
    customers,
    item_groups,
    item_matches,
    items,
    kept_fields,
    order_actions,
    order_documents,
    order_fees,
    order_standing,
    order_statuses,
    order_tasks,
    sales_orders,
)
from salla_executor.erpnext.texts import said


class ErpNext:
    def __init__(self, settings: Callable[[], Settings]):
        self._read_settings = settings
        # Saved in this transaction and perhaps flagged and submitted in it; loading it again costs as much as the rest.
        self._orders: dict[str, Document] = {}
        self._catalogues: dict[str, order_statuses.Catalogue] = {}

    @cached_property
    def _settings(self) -> Settings:
        return self._read_settings()

    def save_item_group(self, name: str | None, values: ItemGroupValues) -> Saved:
        return item_groups.save_item_group(name, values)

    def save_brand(self, name: str | None, values: BrandValues) -> Saved:
        return brands.save_brand(name, values)

    def save_order_status(self, name: str | None, values: OrderStatusValues) -> Saved:
        return order_statuses.save_order_status(name, values)

    def save_item(self, name: str | None, values: ItemValues) -> Saved:
        return items.save_item(name, values)

    def save_customer(self, name: str | None, values: CustomerValues) -> Saved:
        return customers.save_customer(name, self._settings.company, values)

    def save_sales_order(self, name: str | None, values: SalesOrderValues) -> SavedOrder:
        settings = self._settings
        doc, saved = sales_orders.save_sales_order(
            name, values, settings.cost_center, settings.changed_orders
        )
        self._orders[saved.name] = doc
        return replace(saved, **order_fees.fees_of(doc, settings))

    def submit_sales_order(self, name: str) -> None:
        sales_orders.submit_sales_order(self._order(name))

    def flag_sales_order(self, name: str, difference: tuple[Text, ...]) -> None:
        sales_orders.flag_sales_order(self._order(name), difference)

    def note_status(self, name: str, status: str, status_name: str | None) -> SavedOrder:
        return sales_orders.note_status(self._order(name), status, status_name)

    def status_actions(self, source: str, ids: tuple[str, ...]) -> tuple[str, ...] | None:
        return order_statuses.status_actions(self._catalogue(source), ids)

    def acts_on_status(self, source: str) -> bool:
        """Whether any status of the store asks for something."""
        return any(self._catalogue(source).values())

    def _catalogue(self, source: str) -> order_statuses.Catalogue:
        if source not in self._catalogues:
            self._catalogues[source] = order_statuses.catalogue(source)
        return self._catalogues[source]

    def carry_out(self, name: str, action: str, values: ActionValues) -> list[Saved]:
        return order_actions.carry_out(self._order(name), action, values, self._settings)

    def has_return(self, name: str) -> bool:
        return order_documents.has_return(name)

    def mark_status_done(self, name: str, status: str) -> None:
        self._order(name).db_set("shop_status_done", status)

    def keep_standing(self, name: str, standing: Standing | None) -> None:
        order_standing.keep(self._order(name), standing)

    def ask_person(self, name: str, problems: tuple[str, ...]) -> None:
        order_tasks.ask_person(self._order(name), "\n".join(map(said, problems)))

    def _order(self, name: str) -> Document:
        if name not in self._orders:
            self._orders[name] = frappe.get_doc(sales_orders.DOCTYPE, name, for_update=True)
        return self._orders[name]

    def exists(self, doctype: str, name: str) -> bool:
        # Written out, since each command asks: Frappe's builds the same statement for longer than it runs.
        return bool(frappe.db.sql(f"SELECT name FROM `tab{doctype}` WHERE name = %s", name))

    def find_item(self, sku: str) -> str | None:
        return items.find_item(sku)

    def match_items(self, sku: str, barcode: str | None) -> list[ItemMatch]:
        return item_matches.match_items(sku, barcode)

    def tell_not_applied(self, doctype: str, name: str, not_applied: dict[str, list[Any]]) -> None:
        kept_fields.tell(doctype, name, not_applied)

    def find_sales_order(self, source: str, external_id: str) -> str | None:
        return sales_orders.find_sales_order(source, external_id)

    def find_customers(self, *, phones: tuple[str, ...], email: str | None) -> list[Candidate]:
        return customers.find_customers(phones, email)

    def is_template(self, item_code: str) -> bool:
        return items.is_template(item_code)
