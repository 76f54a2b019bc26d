"""The documents of ERPNext that came from one store, in the words of `compare`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.frappe_site import FrappeSite


class BenchErp:
    def __init__(self, erp: FrappeSite, store: str):
        self.erp, self.store = erp, store

    def references(self) -> dict[tuple[str, str], tuple[str, str]]:
        fields = ["entity_type", "external_id", "document_type", "document_name"]
        rows = self.erp.rows("External Reference", fields, [["source", "=", self.store]])
        return {
            (row["entity_type"], row["external_id"]): (row["document_type"], row["document_name"])
            for row in rows
            if row["document_name"]
        }

    def documents(self, doctype: str) -> dict[str, dict[str, Any]]:
        if doctype == "Sales Order":
            return dict(self._sales_orders())
        names = sorted({name for kind, name in self.references().values() if kind == doctype})
        reader = {"Item": self._items, "Customer": self._customers}.get(doctype, self._named)
        return dict(reader(doctype, names)) if names else {}

    def _named(self, doctype: str, names: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        title = {"Item Group": "item_group_name", "Brand": "brand"}[doctype]
        fields = ["name", title] + (["parent_item_group"] if doctype == "Item Group" else [])
        for row in self.erp.rows(doctype, fields, [["name", "in", names]]):
            yield row["name"], {"title": row[title], "parent": row.get("parent_item_group")}

    def _items(self, doctype: str, names: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        prices: dict[str, list[dict[str, Any]]] = {}
        fields = ["item_code", "price_list_rate", "price_list"]
        for row in self.erp.rows("Item Price", fields, [["item_code", "in", names]]):
            prices.setdefault(row["item_code"], []).append({"rate": _money(row["price_list_rate"])})
        fields = ["name", "item_code", "item_name", "has_variants", "variant_of", "is_stock_item", "disabled"]
        for row in self.erp.rows(doctype, fields, [["name", "in", names]]):
            yield row["name"], {**row, "prices": prices.get(row["item_code"], [])}

    def _customers(self, doctype: str, names: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        contacts = self.erp.rows(
            "Contact", ["phone", "mobile_no", "email_id", "`tabDynamic Link`.link_name"],
            [["Dynamic Link", "link_doctype", "=", "Customer"], ["Dynamic Link", "link_name", "in", names]],
        )  # fmt: skip
        by_customer = {row["link_name"]: row for row in contacts}
        for row in self.erp.rows(doctype, ["name", "customer_name"], [["name", "in", names]]):
            contact = by_customer.get(row["name"], {})
            phone = contact.get("mobile_no") or contact.get("phone")
            yield (
                row["name"],
                {
                    "title": row["customer_name"],
                    "phone": phone,
                    "email": contact.get("email_id") or None,
                },
            )

    def _sales_orders(self) -> Iterator[tuple[str, dict[str, Any]]]:
        fields = [
            "name",
            "customer",
            "currency",
            "grand_total",
            "total_taxes_and_charges",
            "docstatus",
            "shop_status",
            "shop_status_name",
            "shop_reference",
        ]
        fields.append("shop_difference_note")
        for row in self.erp.rows("Sales Order", fields, [["shop_store", "=", self.store]]):
            document = self.erp.document("Sales Order", row["name"])
            lines = [
                {"item_code": line["item_code"], "quantity": str(line["qty"])} for line in document["items"]
            ]
            yield (
                row["name"],
                {
                    **row,
                    "grand_total": _money(row["grand_total"]),
                    "total_taxes_and_charges": _money(row["total_taxes_and_charges"]),
                    "reference": row["shop_reference"],
                    "difference": row["shop_difference_note"],
                    "lines": lines,
                },
            )


def _money(value: Any) -> str:
    """A Currency field as JSON gives it, in whole halalas."""
    return f"{float(value or 0):.2f}"
