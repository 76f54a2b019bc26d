"""On a site, in the bench's Python: rows of our DocTypes full of hostile texts, as the apps' own writers leave them."""

from __future__ import annotations

from typing import Any

import frappe

from chaos.bench_names import HOSTILE
from chaos.bench_site import connected, serve

MODULES = ("Salla Manager", "Salla Executor")
TEXT = ("Data", "Small Text", "Text", "Long Text", "Link", "Dynamic Link")
# A worker does nothing with rows in these.
FINAL = ("Done", "Processed", "Applied", "Cancelled", "Failed")


def plant(site: str, texts: list[str]) -> list[list[Any]]:
    """A row per text in each DocType: [doctype, names]. Text number i + c stands in the column number c of row i."""
    with connected(site):
        planted = []
        for doctype in _doctypes():
            names = [_row(doctype, number, texts) for number in range(len(texts))]
            planted.append([doctype, names])
        frappe.db.commit()
        return planted


def _doctypes() -> list[str]:
    filters = {"module": ("in", MODULES), "istable": 0, "issingle": 0}
    names = frappe.get_all("DocType", filters, pluck="name", order_by="name")
    # The others are not for Desk.
    return [name for name in names if frappe.get_meta(name).permissions]


def _row(doctype: str, number: int, texts: list[str]) -> str:
    name = f"{HOSTILE}-{number:02d}"
    values: dict[str, Any] = {"name": name, "owner": "Administrator", "modified_by": "Administrator"}
    columns = set(frappe.db.get_table_columns(doctype))
    for offset, field in enumerate(frappe.get_meta(doctype).fields):
        if field.fieldname in columns:
            values |= _value(field, texts[(number + offset) % len(texts)], name)
    listed = ", ".join(f"`{column}`" for column in values)
    marks = ", ".join(["%s"] * len(values))
    now = ", ".join(["now(6)"] * 2)
    frappe.db.sql(
        f"insert into `tab{doctype}` ({listed}, creation, modified) values ({marks}, {now})",
        tuple(values.values()),
    )
    return name


def _value(field: Any, text: str, name: str) -> dict[str, Any]:
    if field.fieldtype == "Select":
        options = [option for option in (field.options or "").split("\n") if option]
        chosen = [option for option in FINAL if option in options] or options or [""]
        return {field.fieldname: chosen[0]}
    if field.fieldtype == "Check":
        return {field.fieldname: 0}
    if field.fieldtype == "Code":
        # Bodies as they came, to the byte.
        return {field.fieldname: text}
    if field.fieldtype not in TEXT:
        return {}
    text = _written(text)
    # Keys are hashes of ours and no texts of a shop.
    return {field.fieldname: name if field.unique or 0 < field.length < len(text) else text}


def _written(text: str) -> str:
    """Every text that is not a body goes through the app's own `plain`; the tests of both apps hold that."""
    if "salla_executor" in frappe.get_installed_apps():
        from salla_executor.erpnext.documents import plain
    else:
        from salla_manager.adapters.rows import plain
    return plain(text)


def reports(site: str) -> list[str]:
    with connected(site):
        return frappe.get_all("Report", {"module": ("in", MODULES), "disabled": 0}, pluck="name")


def clean(site: str) -> None:
    with connected(site):
        for doctype in _doctypes():
            frappe.db.delete(doctype, {"name": ("like", f"{HOSTILE}-%")})
        frappe.db.commit()


if __name__ == "__main__":
    serve({"plant": plant, "reports": reports, "clean": clean})
