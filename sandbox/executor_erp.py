"""The executor's `Erp` on SQLite: documents as JSON, order totals by the model of ERPNext's arithmetic."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from salla_executor.core.mapping.erpnext_math import Arithmetic, predict
from salla_executor.core.mapping.order_lines import FEE_LINES
from salla_executor.core.model import BusinessError, Saved, SavedOrder, Settings
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


class SqliteErp:
    """ref: salla_executor.core.ports.Erp"""

    def __init__(self, connection: sqlite3.Connection, settings: Settings):
        self.connection = connection
        self.settings = settings

    def save_item_group(self, name: str | None, values: ItemGroupValues) -> Saved:
        return self._save("Item Group", name, values.name, asdict(values))

    def save_brand(self, name: str | None, values: BrandValues) -> Saved:
        return self._save("Brand", name, values.name, asdict(values))

    def save_order_status(self, name: str | None, values: OrderStatusValues) -> Saved:
        return self._save("Shop Order Status", name, f"{values.source}-{values.external_id}", asdict(values))

    def save_item(self, name: str | None, values: ItemValues) -> Saved:
        for price in () if name and "prices" in values.kept else values.prices:
            body = {"item_code": name or values.item_code, **asdict(price)}
            price_name = f"{body['item_code']}-{price.price_list}"
            self._save("Item Price", self._existing("Item Price", price_name), price_name, body)
        body = asdict(values)
        del body["kept"], body["source"]
        if not name:
            return self._save("Item", name, values.item_code, body)
        before = self._load("Item", name)
        kept = {field: _plain(body)[field] for field in values.kept if body[field] not in (None, ())}
        not_applied = {field: [before[field], said] for field, said in kept.items() if said != before[field]}
        rest = {field: value for field, value in body.items() if field not in values.kept}
        return replace(self._save("Item", name, name, rest), not_applied=not_applied)

    def save_customer(self, name: str | None, values: CustomerValues) -> Saved:
        body = asdict(values)
        body["customer_name"] = body.pop("name")
        saved = self._save("Customer", name, self._free_name("Customer", values.name), body)
        for kind, value in (("phone", values.phone), ("email", values.email)):
            if value:
                row = (saved.name, kind, value.lower())
                self.connection.execute("INSERT OR IGNORE INTO contacts VALUES (?, ?, ?)", row)
        return saved

    def save_sales_order(self, name: str | None, values: SalesOrderValues) -> SavedOrder:
        totals = predict(values.lines, values.charges, values.discount_amount, Arithmetic.of(self.settings))
        body = asdict(values) | {
            "net_total": totals.net_total,
            "total_taxes_and_charges": totals.total_taxes,
            "grand_total": totals.grand_total,
        }
        existing = self._load("Sales Order", name) if name else {"docstatus": 0, "difference": ""}
        docstatus = existing["docstatus"]
        if docstatus and existing["grand_total"] != str(totals.grand_total):
            message = (
                f"Sales Order {name} is submitted and its money changed in the shop. Amend it in the ERP."
            )
            raise BusinessError("submitted_order", message)
        body |= {"docstatus": docstatus, "difference": existing["difference"]}
        new_name = name or self._next_order_name()
        saved = self._save("Sales Order", name, new_name, body)
        row = (values.source, values.external_id, saved.name)
        self.connection.execute("INSERT OR REPLACE INTO shop_orders VALUES (?, ?, ?)", row)
        money = {
            "grand_total": totals.grand_total,
            "net_total": totals.net_total,
            "total_taxes": totals.total_taxes,
            "fees": {
                charge.description: amount
                for charge, amount in zip(values.charges, totals.charges, strict=True)
                if charge.is_fee
            },
            "fee_lines": frozenset(line.external_id for line in values.lines) & set(FEE_LINES),
        }
        return SavedOrder(saved.doctype, saved.name, saved.action, saved.changes, docstatus, **money)

    def submit_sales_order(self, name: str) -> None:
        self._patch("Sales Order", name, docstatus=1)

    def flag_sales_order(self, name: str, difference: tuple[Text, ...]) -> None:
        self._patch("Sales Order", name, difference="\n".join(difference))

    def note_status(self, name: str, status: str, status_name: str | None) -> SavedOrder:
        before = self._load("Sales Order", name)
        saved = self._save(
            "Sales Order", name, name, {"shop_status": status, "shop_status_name": status_name}
        )
        return SavedOrder(saved.doctype, saved.name, saved.action, saved.changes, before["docstatus"])

    def status_actions(self, source: str, ids: tuple[str, ...]) -> tuple[str, ...] | None:
        """No status asks for anything here."""
        return ()

    def carry_out(self, name: str, action: str, values: ActionValues) -> list[Saved]:
        raise BusinessError("not_here", f"The sandbox has no '{action}'.")

    def has_return(self, name: str) -> bool:
        return False

    def mark_status_done(self, name: str, status: str) -> None:
        self._patch("Sales Order", name, status_done=status)

    def keep_standing(self, name: str, standing: Standing | None) -> None:
        """No status asks for anything here."""

    def ask_person(self, name: str, problems: tuple[str, ...]) -> None:
        text = "\n".join(problems)
        if text or self._load("Sales Order", name).get("attention"):
            self._patch("Sales Order", name, attention=text)

    def exists(self, doctype: str, name: str) -> bool:
        return self._existing(doctype, name) is not None

    def find_item(self, sku: str) -> str | None:
        return self._existing("Item", sku)

    def match_items(self, sku: str, barcode: str | None) -> list[ItemMatch]:
        found = [self._match(sku, is_by_sku=True)] if self._existing("Item", sku) else []
        query = "SELECT name FROM documents WHERE doctype = 'Item' AND json_extract(body, '$.barcode') = ?"
        if barcode:
            names = [row["name"] for row in self.connection.execute(query, (barcode,))]
            found += [self._match(name, barcode=barcode) for name in names if name != sku]
        return found

    def _match(self, name: str, **how: Any) -> ItemMatch:
        item = self._load("Item", name)
        kind = {"has_variants": bool(item["has_variants"]), "variant_of": item["variant_of"] or ""}
        return ItemMatch(name, **how, **kind)

    def tell_not_applied(self, doctype: str, name: str, not_applied: dict[str, list[Any]]) -> None:
        pass

    def find_sales_order(self, source: str, external_id: str) -> str | None:
        query = "SELECT name FROM shop_orders WHERE source = ? AND external_id = ?"
        row = self.connection.execute(query, (source, external_id)).fetchone()
        return self._existing("Sales Order", row["name"]) if row else None

    def find_customers(self, *, phones: tuple[str, ...], email: str | None) -> list[Candidate]:
        query = "SELECT customer FROM contacts WHERE kind = ? AND value = ? ORDER BY customer"
        wanted = [("phone", phone) for phone in phones] + ([("email", email.lower())] if email else [])
        return [
            Candidate(row["customer"], kind, self._load("Customer", row["customer"])["tax_id"] or "")
            for kind, value in wanted
            for row in self.connection.execute(query, (kind, value)).fetchall()
            if self.exists("Customer", row["customer"])
        ]

    def is_template(self, item_code: str) -> bool:
        return bool(self._load("Item", item_code)["has_variants"])

    def delete(self, doctype: str, name: str) -> None:
        """What an ERP user may do by hand."""
        self.connection.execute("DELETE FROM documents WHERE doctype = ? AND name = ?", (doctype, name))

    def _save(self, doctype: str, name: str | None, new_name: str, values: dict[str, Any]) -> Saved:
        """Insert, or update what the values say; None says nothing."""
        before = self._load(doctype, name) if name else {}
        said = {key: value for key, value in _plain(values).items() if value is not None or key not in before}
        changes = {key: [before.get(key), value] for key, value in said.items() if before.get(key) != value}
        if name is None and self.exists(doctype, new_name):
            raise BusinessError("duplicate_name", f"{doctype} {new_name} exists already.")
        if name and not changes:
            return Saved(doctype, name, "unchanged")
        query = "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)"
        self.connection.execute(
            query, (doctype, name or new_name, json.dumps(before | said, ensure_ascii=False))
        )
        return Saved(doctype, name or new_name, "updated" if name else "created", changes if name else {})

    def _patch(self, doctype: str, name: str, **values: Any) -> None:
        self._save(doctype, name, name, values)

    def _load(self, doctype: str, name: str) -> dict[str, Any]:
        query = "SELECT body FROM documents WHERE doctype = ? AND name = ?"
        row = self.connection.execute(query, (doctype, name)).fetchone()
        if row is None:
            raise BusinessError("not_found", f"There is no {doctype} {name}.")
        return json.loads(row["body"])

    def _existing(self, doctype: str, name: str) -> str | None:
        query = "SELECT name FROM documents WHERE doctype = ? AND name = ?"
        row = self.connection.execute(query, (doctype, name)).fetchone()
        return row["name"] if row else None

    def _next_order_name(self) -> str:
        query = "SELECT MAX(name) FROM documents WHERE doctype = 'Sales Order'"
        last = self.connection.execute(query).fetchone()[0] or "SAL-ORD-0"
        return f"SAL-ORD-{int(last.rpartition('-')[2]) + 1:07d}"

    def _free_name(self, doctype: str, name: str) -> str:
        free, number = name, 0
        while self.exists(doctype, free):
            number += 1
            free = f"{name} - {number}"
        return free


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """JSON values; money and dates as text."""
    return json.loads(
        json.dumps(values, default=lambda one: one.isoformat() if isinstance(one, date) else str(one))
    )
