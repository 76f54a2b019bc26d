"""Signed rightly, but with values that no shop should send: a lasting verdict or a clean document, never a crash."""

from __future__ import annotations

import frappe

from salla_executor.tests.kit import ExecutorTestCase
from salla_executor.tests.payloads import address, customer, line, order, product

MARKUP = ("<script>alert(1)</script>", '"<img src=x onerror=alert(1)>"', "{{ 7*7 }}<b onclick=x>")
TEXTS = (
    "قهوة عربية",
    "😀👩‍👩‍👧",
    "\u202eabc\u200f",
    "a\u0000b",
    "'; DROP TABLE `tabItem`; -- %s %(x)s {0}",
    "New Item 1",
    "#.#### .YYYY.",
    "x" * 141,
    "y" * 256,
)


class TestHostilePayloads(ExecutorTestCase):
    def order(self, **changes):
        return order(self.store, [line(self.code("A"), "1", "100.00")], "115.00", "15.00") | changes

    def test_values_that_are_none(self):
        self.applied("upsert_product", product(self.code("A")))
        cases = [
            *(
                ("product", product(self.code("B"), external_id=text))
                for text in (*MARKUP, "a\u0000b", "a\nb")
            ),
            *(
                ("product", product(self.code("B"), brand_id=value))
                for value in (["like", "%"], {}, True, "")
            ),
            *(("product", product(self.code("B")) | {"sku": value}) for value in (["!=", "x"], 0, True)),
            *(("product", product(self.code("B"), price=price)) for price in ("NaN", "Infinity", "1e400")),
            *(("customer", {**customer(self.store), "email": email}) for email in (["like", "%"], "x" * 141)),
            *(("order", self.order(items=[line(self.code("A"), q, "1")])) for q in ("-1", "0", "NaN", "-0")),
            ("order", self.order(created_at="0001-01-01T00:00:00+14:00")),
            ("order", self.order(created_at="9999-12-31T23:59:59-12:00")),
        ]
        for entity, payload in cases:
            with self.subTest(f"{entity} {str(payload)[:60]}"):
                answer = self.send(f"upsert_{entity}", payload)
                self.assertEqual((answer.status, answer.verdict), (422, "failed"), answer.ack)
                self.assertEqual(answer.payload["error_code"], "invalid_payload")
        self.assertFalse(frappe.db.exists("Item", self.code("B")))
        self.assertEqual(frappe.db.count("Sales Order", {"shop_store": self.store}), 0)

    def test_what_the_database_cannot_hold_is_a_lasting_failure(self):
        self.applied("upsert_product", product(self.code("A")))
        cases = [
            ("order", self.order(tax={"amount": "999999999999"}, total="999999999999")),
            ("order", self.order(shipping={"amount": "999999999999"}, total="999999999999")),
            ("product", product("New Item 1", external_id="new")),
        ]
        for entity, payload in cases:
            with self.subTest(entity):
                answer = self.send(f"upsert_{entity}", payload)
                self.assertEqual((answer.status, answer.payload["error_code"]), (422, "refused_by_erp"))
                self.assertFalse(answer.payload["retryable"])
        self.assertEqual(frappe.db.count("Sales Order", {"shop_store": self.store}), 0)

    def test_odd_names_are_applied_without_markup(self):
        for number, text in enumerate((*MARKUP, *TEXTS)):
            with self.subTest(text[:30]):
                sku = self.code(f"N{number}")
                item = self.applied("upsert_product", product(sku, name=text, description=text)).document
                self.assertNotRegex(
                    f"{item.item_name} {item.description}", "<script|<img|onerror=.*>|onclick"
                )
                self.assertNotIn("\x00", item.item_name)

    def test_long_names_fit_everywhere(self):
        for length in (140, 141, 500):
            buyer = customer(f"{self.store}{length}", name="x" * length)
            buyer["first_name"] = buyer["last_name"] = "w" * length
            buyer["addresses"] = [address(name="y" * length, line1="z" * length)]
            with self.subTest(length):
                self.applied("upsert_customer", buyer)

    def test_only_web_addresses_become_pictures(self):
        for number, url in enumerate(
            ("javascript:alert(1)", *MARKUP, 'https://a.b/"onload=x', "https://" + "x" * 70_000)
        ):
            with self.subTest(url[:30]):
                item = self.applied("upsert_product", product(self.code(f"I{number}"), images=[url])).document
                self.assertFalse(item.image)
                category = {"external_id": str(number), "name": self.code(f"C{number}"), "image": url}
                self.assertFalse(self.applied("upsert_category", category).document.image)

    def test_an_answer_fits_what_the_hub_reads(self):
        sku = self.code("A")
        self.applied("upsert_product", product(sku, description="<p>" + "قهوة " * 9000 + "</p>"))
        answer = self.applied("upsert_product", product(sku, description="<p>" + "شاي " * 9000 + "</p>"))
        self.assertLess(len(frappe.as_json(answer.ack, indent=None).encode()), 64 * 1024)
        self.assertIn("description", answer.payload["changes"])
        answer = self.send("upsert_customer", {**customer(self.store), "phone": "9" * 65_536})
        self.assertEqual(answer.status, 200, answer.ack)
        self.assertLess(len(answer.message), 5000)

    def test_messages_carry_no_markup(self):
        for text in MARKUP:
            answer = self.send("upsert_customer", {**customer(self.store), "email": text})
            self.assertNotRegex(answer.message, "[<>]")
        rows = frappe.get_all("Executor Inbox", {"store_account": self.store}, ["message", "ack"])
        self.assertFalse([row for row in rows if "<" in row.message or "<" in row.ack])

    def test_an_order_of_next_to_nothing(self):
        self.applied("upsert_product", product(self.code("A")))
        answer = self.send("upsert_order", self.order(total="0.000001"))
        self.assertIn(answer.status, (200, 422), answer.ack)

    def test_envelope_texts_without_markup(self):
        for field in ("store_account", "command_id", "customer_account"):
            for text in (*MARKUP, "a\u0000b", "a\nb"):
                with self.subTest(f"{field} {text[:20]}"):
                    answer = self.send("upsert_product", product(self.code("A")), **{field: text})
                    self.assertEqual((answer.status, answer.payload["error_code"]), (400, "bad_envelope"))
        self.assertFalse(frappe.db.exists("Item", self.code("A")))
