"""How many SQL statements a command costs beside the bare ERPNext document; printed, and held below a ceiling."""

import gc
from unittest.mock import patch

import frappe
from frappe.utils import add_days, nowdate

from salla_executor.erpnext import items
from salla_executor.erpnext.receiver import FrappeReceiver
from salla_executor.erpnext.settings import SUBMIT, read_settings
from salla_executor.tests.kit import ExecutorTestCase, counted_sql, receive
from salla_executor.tests.payloads import address, customer, line, order, product

# The whole request: nonce, inbox, reference, the document and the stored answer.
CEILINGS = {
    "product with price": 46,
    "product again, unchanged": 22,
    "product unchanged, new revision": 9,
    "customer with address": 76,
    "order of 3 lines, draft": 136,
    "order of 3 lines, submitted": 264,
    "order again, unchanged": 36,
    "repeat of a key": 6,
}
MORE_LINES = 10


class TestCost(ExecutorTestCase):
    def test_statements_per_command(self):
        rows = [("product with price", *self.of_product())]
        rows.append(("product again, unchanged", *self.of_repeat("upsert_product", product(self.code("P")))))
        rows.append(("product unchanged, new revision", *self.of_new_revision()))
        rows.append(("customer with address", *self.of_customer()))
        rows += self.of_orders()
        for label, ours, bare in rows:
            print(f"SQL {label}: {ours}" + (f", bare ERPNext {bare}" if bare else ""))
        for label, ours, _bare in rows:
            assert ours <= CEILINGS[label], label

    def test_what_a_command_held_is_let_go_with_its_answer(self):
        """A ring of references would keep each order in memory until a collection, which busy workers seldom make."""
        self.applied("upsert_product", product(self.code("P")))
        body, headers = self.request(
            "upsert_order", order(self.store, [line(self.code("P"), "1", "100.00")], "115.00", "15.00")
        )
        gc.collect()
        gc.disable()
        try:
            assert receive(body, headers).verdict == "applied"
            assert not [one for one in gc.get_objects() if isinstance(one, FrappeReceiver)]
        finally:
            gc.enable()

    def test_a_line_costs_what_it_costs_in_erpnext(self):
        """Two hundred lines are looked up together."""
        codes = [self.code(f"L{number}") for number in range(3 + MORE_LINES)]
        for code in codes:
            self.applied("upsert_product", product(code))
        ours, bare = [], []
        for number in (3, len(codes)):
            lines = [line(code, "1", "100.00") for code in codes[:number]]
            total, tax = f"{115 * number}.00", f"{15 * number}.00"
            payload = {"customer": customer(self.store)}
            for name in ("w", ""):
                statements = self.count(
                    "upsert_order", order(f"{self.store}{number}{name}", lines, total, tax, **payload)
                )
            ours.append(statements)
            bare.append(self.bare_order(lines)[0])
        growth = [(after - before) / MORE_LINES for before, after in (ours, bare)]
        print(f"SQL per further line: {growth[0]:g}, bare ERPNext {growth[1]:g}")
        # The bare order says less of a line: no price list rate to compare the rate with.
        assert growth[0] <= growth[1] + 2

    def test_what_is_rolled_back_is_in_no_cache(self):
        """ERPNext keeps an Item that it loads for its price in the cache of all processes."""
        code, original = self.code("GONE"), items.save_price

        def fail(*args, **options):
            original(*args, **options)
            raise RuntimeError

        with patch.object(items, "save_price", side_effect=fail):
            assert self.send("upsert_product", product(code)).status == 503
        frappe.local.cache = {}
        assert not frappe.cache.get_value(frappe.get_document_cache_key("Item", code))

    def of_product(self):
        self.applied("upsert_product", product(self.code("WARM")))
        ours = self.count("upsert_product", product(self.code("P")))
        with counted_sql() as bare:
            doc = frappe.new_doc("Item")
            doc.update(
                {"item_code": self.code("BARE"), "item_group": read_settings().item_group, "stock_uom": "Nos"}
            )
            doc.insert()
            price = frappe.new_doc("Item Price")
            price.update({"item_code": doc.name, "price_list": "Standard Selling", "price_list_rate": 100})
            price.insert()
        frappe.db.commit()
        return ours, bare.total()

    def of_customer(self):
        self.applied("upsert_customer", customer(f"{self.store}w", addresses=[address()]))
        ours = self.count("upsert_customer", customer(self.store, addresses=[address()]))
        with counted_sql() as bare:
            doc = frappe.new_doc("Customer")
            doc.customer_name = self.code("Bare")
            doc.email_id, doc.mobile_no = f"{self.store}@example.com".lower(), "+966512345678"
            doc.address_line1, doc.city, doc.country = "Street", "Riyadh", "Saudi Arabia"
            doc.insert()
        frappe.db.rollback()
        return ours, bare.total()

    def of_orders(self):
        lines = [line(self.code(name), "1", "100.00") for name in ("P", "WARM", "BARE")]
        payload = {"customer": customer(self.store)}
        self.applied("upsert_order", order(f"{self.store}w", lines, "345.00", "45.00", **payload))
        again = order(f"{self.store}w", lines, "345.00", "45.00", **payload)
        unchanged = self.count("upsert_order", again, generation=1, status="skipped")
        draft = self.count("upsert_order", order(f"{self.store}d", lines, "345.00", "45.00", **payload))
        with self.settings(order_policy=SUBMIT):
            # The first submit of a process fills caches that the second finds.
            self.applied("upsert_order", order(f"{self.store}v", lines, "345.00", "45.00", **payload))
            submitted = self.count(
                "upsert_order", order(f"{self.store}s", lines, "345.00", "45.00", **payload)
            )
        bare_draft, bare_submitted = self.bare_order(lines)
        _repeat = self.of_key()
        return [
            ("order of 3 lines, draft", draft, bare_draft),
            ("order of 3 lines, submitted", submitted, bare_submitted),
            ("order again, unchanged", unchanged, 0),
            ("repeat of a key", _repeat, 0),
        ]

    def bare_order(self, lines):
        settings = read_settings()
        buyer = frappe.db.get_value("Customer", {"customer_name": customer(self.store)["name"]})
        doc = frappe.new_doc("Sales Order")
        doc.update({"customer": buyer, "company": settings.company, "delivery_date": add_days(nowdate(), 3)})
        for row in lines:
            doc.append(
                "items", {"item_code": row["sku"], "qty": 1, "rate": 100, "warehouse": settings.warehouse}
            )
        doc.append(
            "taxes",
            {
                "charge_type": "On Net Total",
                "account_head": settings.tax_account,
                "rate": 15,
                "description": "VAT",
                "cost_center": settings.cost_center,
            },
        )
        frappe.copy_doc(doc).insert()
        with counted_sql() as draft:
            doc.insert()
        with counted_sql() as submit:
            doc.submit()
        frappe.db.rollback()
        return draft.total(), draft.total() + submit.total()

    def of_repeat(self, command_type, payload):
        return self.count(command_type, payload, generation=1, status="skipped"), 0

    def of_new_revision(self):
        payload = product(self.code("REV"))
        self.applied("upsert_product", payload, revision=1)
        return self.count("upsert_product", payload, revision=2, status="skipped"), 0

    def of_key(self):
        key = "r" * 20 + self.store
        self.applied(
            "upsert_product", product(self.code("R")), idempotency_key=key, command_id="1", revision=1
        )
        return self.count(
            "upsert_product", product(self.code("R")), idempotency_key=key, command_id="1", revision=1
        )

    def count(self, command_type, payload, status="applied", **changes) -> int:
        with counted_sql() as counts:
            answer = self.send(command_type, payload, **changes)
        assert answer.verdict == status, answer.ack
        return counts.total()
