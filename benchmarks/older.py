"""Orders of years ago, as raw rows: copies of one order of this run with its buyer, references and inbox row.

Nothing but the database makes them, so 20,000 take seconds; no hook, no stock and no counter knows of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from measure import progress

import frappe

NUMBER = 20_000
_MARK = "CONCAT(%(mark)s, seq)"
_HASH = f"SHA2({_MARK}, 256)"


def _named(**more: str) -> dict[str, str]:
    return {"name": _MARK, **more}


# DocType -> column -> what stands there in a copy; the other columns are the model's.
COPIES: dict[str, dict[str, str]] = {
    "Sales Order": _named(
        customer=_MARK,
        shop_order=_MARK,
        shop_reference=_MARK,
        shop_order_key=_HASH,
        transaction_date="CURDATE() - INTERVAL seq %% 700 DAY",
    ),
    "Customer": _named(customer_name=_MARK, customer_primary_contact=_MARK),
    "Contact": _named(last_name=_MARK),
    "Contact Phone": _named(parent=_MARK, phone="CONCAT('+96659', LPAD(seq, 7, '0'))"),
    "Contact Email": _named(parent=_MARK, email_id="CONCAT(%(mark)s, seq, '@example.com')"),
    "Address": _named(shop_address_key=_HASH),
    "Dynamic Link": _named(parent=_MARK, link_name=_MARK),
    "External Reference": {"name": _HASH, "external_id": _MARK, "document_name": _MARK},
    "Executor Inbox": {
        "name": _HASH,
        "idempotency_key": _HASH,
        "external_id": _MARK,
        "document_name": _MARK,
    },
}


@contextmanager
def older_orders(run: str, order: Any, customer: Any) -> Iterator[None]:
    """They stand there within the block; order and customer are documents of the run, made by commands."""
    mark = f"{run}-old-"
    try:
        for doctype, filters in _models(run, order, customer).items():
            progress(f"{NUMBER} older orders: {doctype}")
            _copy(doctype, frappe.get_all(doctype, filters, pluck="name", limit=1)[0], mark)
        frappe.db.commit()
        yield
    finally:
        remove(mark)


def _models(run: str, order: Any, customer: Any) -> Mapping[str, dict[str, Any]]:
    contact = {"parenttype": "Contact", "parent": customer.customer_primary_contact}
    links = {"parenttype": "Address", "link_doctype": "Customer", "link_name": customer.name}
    address = frappe.get_all("Dynamic Link", links, pluck="parent", limit=1)[0]
    return {
        "Sales Order": {"name": order.name},
        "Customer": {"name": customer.name},
        "Contact": {"name": customer.customer_primary_contact},
        "Contact Phone": contact,
        "Contact Email": contact,
        "Address": {"name": address},
        "Dynamic Link": {**contact, "link_name": customer.name},
        "External Reference": {"source": run, "document_name": order.name},
        "Executor Inbox": {"store_account": run, "document_name": order.name},
    }


def _copy(doctype: str, model: str, mark: str) -> None:
    columns = frappe.db.get_table_columns(doctype)
    names = ", ".join(f"`{column}`" for column in columns)
    values = ", ".join(COPIES[doctype].get(column, f"`{column}`") for column in columns)
    frappe.db.sql(
        f"INSERT INTO `tab{doctype}` ({names}) SELECT {values} FROM `tab{doctype}`, seq_1_to_{NUMBER}"
        " WHERE name = %(model)s",
        {"mark": mark, "model": model},
    )


def remove(mark: str) -> None:
    frappe.db.rollback()
    for doctype, changed in COPIES.items():
        progress(f"clean up: older orders, {doctype}")
        column = "name" if changed["name"] == _MARK else "external_id"
        frappe.db.delete(doctype, {column: ("like", f"{mark}%")})
    frappe.db.commit()
