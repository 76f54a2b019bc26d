"""On the client's site, in the bench's Python: what stands in ERPNext of a run, and its removal."""

from __future__ import annotations

from typing import Any

import frappe

from chaos.bench_site import connected, delete_rows, health, last_errors, serve
from salla_executor.erpnext.settings import read_settings


def identity(site: str) -> dict[str, str]:
    """Instance id and secret that the site takes."""
    with connected(site):
        settings = read_settings()
        return {"instance": settings.instance_id, "secret": settings.secrets[0] if settings.secrets else ""}


def documents(site: str, mark: str, stores: list[str]) -> list[list[Any]]:
    """[doctype, key of the shop, number of children] of each row; prices are an Item's, lines an order's."""
    like = f"{mark}%"
    with connected(site):
        items = frappe.db.sql(
            """select 'Item', item.name, (select count(*) from `tabItem Price` price where price.item_code = item.name)
            from tabItem item where item.name like %s""",
            like,
        )
        orders = frappe.db.sql(
            """select 'Sales Order', shop_order,
                (select count(*) from `tabSales Order Item` line where line.parent = `tabSales Order`.name)
            from `tabSales Order` where shop_store in %s""",
            (stores,),
        )
        simple = [
            (doctype, name, 0)
            for doctype, column in (("Brand", "name"), ("Customer", "customer_name"))
            for (name,) in frappe.db.sql(
                f"select {column} from `tab{doctype}` where {column} like %s", f"%{like}"
            )
        ]
        return [list(row) for row in (*items, *orders, *simple)]


def strays(site: str, mark: str) -> int:
    """Lines and prices without their parent, references without their document."""
    like = f"{mark}%"
    with connected(site):
        counts = [
            frappe.db.sql(sql, like)[0][0]
            for sql in (
                """select count(*) from `tabSales Order Item` line left join `tabSales Order` parent
                on parent.name = line.parent where line.item_code like %s and parent.name is null""",
                """select count(*) from `tabItem Price` price left join tabItem item
                on item.name = price.item_code where price.item_code like %s and item.name is null""",
                # One that waits for a person has no document yet.
                """select count(*) from `tabExternal Reference` where external_id like %s
                and coalesce(document_name, '') = '' and coalesce(waits_on, '') = ''""",
            )
        ]
        return sum(counts)


def inbox(site: str, store: str) -> dict[str, int]:
    """Kept answers by status."""
    with connected(site):
        sql = "select status, count(*) from `tabExecutor Inbox` where store_account = %s group by status"
        return {status or "": count for status, count in frappe.db.sql(sql, store)}


def sweep(site: str, mark: str, stores: list[str]) -> None:
    like = ("like", f"{mark}%")
    with connected(site):
        delete_rows(
            "Sales Order", frappe.get_all("Sales Order", {"shop_store": ("in", stores or [""])}, pluck="name")
        )
        items = frappe.get_all("Item", {"name": like}, pluck="name")
        delete_rows("Item Price", frappe.get_all("Item Price", {"item_code": like}, pluck="name"))
        delete_rows("Item", items)
        customers = frappe.get_all("Customer", {"customer_name": ("like", f"%{mark}%")}, pluck="name")
        for doctype in ("Contact", "Address"):
            linked = {
                "link_doctype": "Customer",
                "link_name": ("in", customers or [""]),
                "parenttype": doctype,
            }
            delete_rows(doctype, frappe.get_all("Dynamic Link", linked, pluck="parent"))
        delete_rows("Customer", customers)
        delete_rows("Brand", frappe.get_all("Brand", {"name": ("like", f"%{mark}%")}, pluck="name"))
        for doctype, column in (("External Reference", "source"), ("Executor Inbox", "store_account")):
            frappe.db.delete(doctype, {column: ("in", stores or [""])})
        frappe.db.commit()


if __name__ == "__main__":
    serve(
        {
            "identity": identity,
            "documents": documents,
            "strays": strays,
            "inbox": inbox,
            "health": health,
            "last_errors": last_errors,
            "sweep": sweep,
        }
    )
