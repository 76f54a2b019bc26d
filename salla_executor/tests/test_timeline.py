"""What the forms of documents from a shop tell of their commands."""

import frappe
from frappe.desk.form.load import get_docinfo

from salla_executor.erpnext.timeline import shop_history
from salla_executor.tests.kit import ExecutorTestCase, counted_sql
from salla_executor.tests.payloads import address, customer, line, order, product

READER = "timeline-reader@example.com"


class TestTimeline(ExecutorTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(frappe.set_user, "Administrator")

    def test_customer_shows_where_it_came_from_and_each_change(self):
        doc = self.applied("upsert_customer", customer(self.store, addresses=[address()])).document
        changed = customer(self.store, name=self.code("New Name"), phone="+966555000111")
        answer = self.applied("upsert_customer", changed)
        origin, *commands = rows_of(doc)
        assert f"c-{self.store}" in origin and self.store in origin
        assert len(commands) == 2
        newest, first = commands
        assert f"Sara Ali {self.store}" in newest and self.code("New Name") in newest
        assert "Contact" in newest and "Address" in first
        contact = answer.payload["documents"][1]
        assert (contact["doctype"], contact["changes"]["phone"][1]) == ("Contact", "+966555000111")

    def test_item_and_order_show_their_commands(self):
        item = self.applied("upsert_product", product(self.code("A"))).document
        lines = [line(self.code("A"), "1", "100.00")]
        sales_order = self.applied("upsert_order", order(self.store, lines, "115.00", "15.00")).document
        self.applied("upsert_order", order(self.store, lines, "115.00", "15.00", status="delivered"))
        assert "Item" in rows_of(item)[1]
        self.applied("upsert_product", product(self.code("A"), price="7.50"))
        assert "Item Price" in rows_of(item)[1] and "7.5" in rows_of(item)[1]
        newest = rows_of(sales_order)[1]
        assert "under_review" in newest and "delivered" in newest
        buyer = frappe.get_doc("Customer", sales_order.customer)
        assert len(rows_of(buyer)) == 1

    def test_failed_command_and_what_waits_stand_there_too(self):
        doc = self.applied("upsert_product", product(self.code("A"))).document
        without = {**product(self.code("A")), "sku": None}
        failed = self.send("upsert_product", without)
        assert failed.verdict == "failed", failed.ack
        assert any("failed" in row and "SKU" in row for row in rows_of(doc))

    def test_texts_of_the_shop_are_no_html(self):
        doc = self.applied("upsert_product", product(self.code("A"))).document
        self.applied("upsert_product", product(self.code("A"), name='"><img src=x onerror=alert(1)>Shirt'))
        frappe.db.set_value(
            "Executor Inbox",
            {"external_id": f"p-{self.code('A')}"},
            "ack",
            '{"ack_payload": {"message": "<img src=x>", "changes": {"item_name": ["<b>", "<script>"]},'
            f' "erp_doc": {{"doctype": "Item", "name": "{doc.name}"}}}}}}',
        )
        for row in rows_of(doc):
            assert "<img" not in row and "<script" not in row
        frappe.db.rollback()

    def test_reader_of_the_document_sees_it_without_links_to_what_he_may_not_open(self):
        doc = self.applied("upsert_customer", customer(self.store)).document
        make_reader()
        frappe.set_user(READER)
        rows = rows_of(doc)
        assert len(rows) == 2
        assert not [row for row in rows if "external-reference" in row or "executor-inbox" in row]
        frappe.set_user("Guest")
        with self.assertRaises(frappe.PermissionError):
            rows_of(doc)

    def test_order_that_only_claims_to_be_of_the_shop_is_told_nothing_of_its_commands(self):
        self.applied("upsert_product", product(self.code("A")))
        lines = [line(self.code("A"), "1", "100.00")]
        doc = self.applied("upsert_order", order(self.store, lines, "115.00", "15.00")).document
        other = self.applied("upsert_order", order(f"{self.store}2", lines, "115.00", "15.00"))
        assert any(other.document.customer in row for row in rows_of(other.document))
        frappe.db.set_value("Sales Order", doc.name, "shop_order", other.document.shop_order)
        claimed, own = rows_of(doc)[1:]
        text = f"{own} {claimed}"
        assert other.document.name not in text and other.message not in text
        assert "applied" in claimed and "Also written" in own
        frappe.db.rollback()

    def test_document_of_no_shop_costs_one_statement(self):
        doc = frappe.new_doc("Customer")
        doc.customer_name = self.code("Own")
        doc.insert()
        with counted_sql() as counts:
            assert shop_history("Customer", doc.name) == []
        assert counts.total() == 1, counts


def rows_of(doc) -> list[str]:
    """HTML of each row, as the form gets it."""
    frappe.local.response["docinfo"] = None
    get_docinfo(doctype=doc.doctype, name=doc.name)
    return [row["content"] for row in frappe.local.response["docinfo"]["additional_timeline_content"]]


def make_reader() -> None:
    """May read customers and nothing of ours."""
    if not frappe.db.exists("User", READER):
        user = frappe.new_doc("User")
        user.update({"email": READER, "first_name": "Reader", "send_welcome_email": 0})
        user.append("roles", {"role": "Sales User"})
        user.flags.no_welcome_mail = True
        user.insert()
        # Commands begin with a rollback.
        frappe.db.commit()
