"""What a person has to mend before an order can be written: held with the cause and the field, and one fix lets go of all."""

from decimal import Decimal

import frappe

from salla_executor.erpnext.settings import DOCTYPE, SUBMIT
from salla_executor.erpnext.waiting import waiting
from salla_executor.tests.kit import ExecutorTestCase
from salla_executor.tests.maps import account, mode_of_payment, saudi_taxes, tables, tax_template, warehouse
from salla_executor.tests.payloads import line, order, product

OTHER = "Shop Holds Company"


class TestHolds(ExecutorTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sku = self.code("A")
        self.applied("upsert_product", product(self.sku))

    def order(self, number="", **changes):
        """100.00 and VAT 15.00."""
        changes = {"customer": {"external_id": "c-1", "name": f"Holds {self.store}"}, **changes}
        return order(f"{self.store}{number}", [line(self.sku, "1", "100.00")], "115.00", "15.00", **changes)

    def held(self, payload, code, cause):
        answer = self.send("upsert_order", payload)
        assert (answer.status, answer.payload["error_code"]) == (503, code), answer.ack
        assert answer.payload["waits_on"] == cause, answer.ack
        return answer.message

    def test_one_fix_lets_go_of_all_that_wait(self):
        with tables(branches=[{"branch": "Riyadh", "warehouse": warehouse("Shop Riyadh")}]):
            orders = [self.order(n, branch_id="77", branch_name="Jeddah") for n in range(3)]
            for payload in orders:
                message = self.held(payload, "unmapped_branch", f"branch:{self.store}:77")
            assert "Branch Jeddah 77 of the shop has no warehouse. Add it to 'Branches'" in message
            cause = next(row for row in waiting() if row["waits_on"] == f"branch:{self.store}:77")
            assert cause["count"] == 3
            jeddah = warehouse("Shop Jeddah")
            with tables(branches=[{"store": self.store, "branch": "77", "warehouse": jeddah}]):
                for payload in orders:
                    doc = self.applied("upsert_order", payload).document
                    assert doc.items[0].warehouse == jeddah
        assert not [row for row in waiting() if row["waits_on"] == f"branch:{self.store}:77"]

    def test_a_cause_of_any_length_is_held(self):
        sku = "x" * 138
        lines = [line(sku, "1", "100.00")]
        buyer = {"external_id": "c-1", "name": f"Holds {self.store}"}
        payload = order(self.store, lines, "115.00", "15.00", customer=buyer)
        self.held(payload, "unknown_item", f"item:{sku}"[:140])

    def test_branch_by_name_and_none_without_a_branch(self):
        riyadh = warehouse("Shop Riyadh")
        with tables(branches=[{"branch": "Riyadh", "warehouse": riyadh}]):
            named = self.applied("upsert_order", self.order(1, branch_id="5", branch_name="Riyadh")).document
            none = self.applied("upsert_order", self.order(2)).document
        assert named.items[0].warehouse == riyadh
        assert none.items[0].warehouse == frappe.db.get_single_value(DOCTYPE, "warehouse")

    def test_payment_method(self):
        mode = mode_of_payment("Shop Mada")
        with tables(payment_methods=[{"method": "mada", "mode_of_payment": mode}]):
            doc = self.applied("upsert_order", self.order(1, payment_method="mada")).document
            message = self.held(
                self.order(2, payment_method="tabby"), "unmapped_payment", f"payment:{self.store}:tabby"
            )
        assert doc.shop_mode_of_payment == mode
        assert "'tabby' has no Mode of Payment. Add it to 'Payment Methods'" in message

    def test_row_of_the_store_counts_before_one_for_all(self):
        for_all, own = mode_of_payment("Shop Mada"), mode_of_payment("Shop Own Mada")
        rows = [
            {"method": "mada", "mode_of_payment": for_all},
            {"store": self.store, "method": "mada", "mode_of_payment": own},
            {"store": "SOME-OTHER", "method": "cod", "mode_of_payment": for_all},
        ]
        with tables(payment_methods=rows):
            assert self.applied("upsert_order", self.order()).document.shop_mode_of_payment == own

    def test_tax_rate(self):
        payload = order(self.store, [line(self.sku, "1", "100.00", tax_percent="5")], "105.00", "5.00")
        payload["tax"]["percent"] = "5"
        company = frappe.db.get_single_value(DOCTYPE, "company")
        with tables(taxes=[{"rate": 15}]):
            message = self.held(payload, "unmapped_tax", f"tax:{company}:5:")
        assert f"VAT of 5 % is not mapped for {company}. Add it to 'Taxes'" in message
        vat5 = account("Shop VAT 5", "Tax")
        with tables(taxes=[{"rate": 15}, {"rate": 5, "account": vat5}]):
            doc = self.applied("upsert_order", payload).document
        assert [(row.account_head, row.rate) for row in doc.taxes] == [(vat5, 5)]
        assert money(doc.grand_total) == Decimal("105.00")

    def test_rates_that_meet_in_an_order_need_a_template(self):
        lines = [
            line(self.sku, "1", "100.00"),
            line(self.sku, "1", "50.00", tax_percent="0", external_id="2"),
        ]
        payload = order(self.store, lines, "165.00", "15.00")
        with tables(taxes=[{"rate": 15}, {"rate": 0}]):
            message = self.held(payload, "unmapped_tax", "tax_template:0")
        assert "0 % has no Item Tax Template. Choose one for it in 'Taxes'" in message
        zero = tax_template("Shop Zero Rated", 0)
        with tables(taxes=[{"rate": 15}, {"rate": 0, "item_tax_template": zero}]):
            doc = self.applied("upsert_order", payload).document
        assert [row.item_tax_template for row in doc.items] == [None, zero]
        assert [(row.rate, row.tax_amount) for row in doc.taxes] == [(15, 15)]

    def test_zero_rated_and_exempt_lines_carry_their_reason(self):
        lines = [
            line(self.sku, "1", "100.00", external_id="1"),
            line(self.sku, "1", "50.00", external_id="2", tax_percent="0", tax_reason_code="VATEX-SA-32"),
            line(self.sku, "1", "30.00", external_id="3", tax_percent="0", tax_reason_code="VATEX-SA-29"),
        ]
        with tables(taxes=saudi_taxes()):
            doc = self.applied("upsert_order", order(self.store, lines, "195.00", "15.00")).document
        titles = [
            frappe.db.get_value("Item Tax Template", row.item_tax_template, "title") for row in doc.items
        ]
        assert titles == ["Shop VAT 15", "Shop Zero Rated", "Shop Exempt"]

    def test_coins_by_which_a_percentage_misses_go_to_the_rounding_account(self):
        rounding = account("Rounding")
        lines = [line(self.sku, "1", "33.33", external_id=str(n)) for n in range(3)]
        # The shop rounds the VAT of each line: 3 x 5.00, and 15 % of 99.99 is 15.00; of 3 x 33.37, 15.03 and not 15.02.
        payload = order(self.store, [{**one, "unit_price": "33.37"} for one in lines], "115.14", "15.03")
        with self.settings(rounding_account=rounding, order_policy=SUBMIT):
            doc = self.applied("upsert_order", payload).document
        assert (money(doc.grand_total), doc.docstatus) == (Decimal("115.14"), 1)
        assert [(row.charge_type, row.rate, row.account_head == rounding) for row in doc.taxes] == [
            ("On Net Total", 15, False),
            ("Actual", 0, True),
        ]

    def test_missing_account(self):
        with self.settings(shipping_account=""):
            payload = self.order(shipping={"amount": "10.00"})
            message = self.held({**payload, "total": "125.00"}, "missing_account", "setting:shipping_account")
        assert "Set 'Shipping Account' in Salla Executor Settings" in message

    def test_part_of_a_unit(self):
        payload = order(self.store, [line(self.sku, "0.5", "100.00")], "57.50", "7.50")
        answer = self.send("upsert_order", payload)
        assert (answer.status, answer.payload["error_code"]) == (503, "whole_number"), answer.ack

    def test_more_decimals_than_the_site_keeps(self):
        """A Kuwaiti order of 1.125 is not 1.13."""
        payload = order(
            self.store,
            [line(self.sku, "1", "1.125", tax_percent="0")],
            "1.125",
            "0",
            currency="KWD",
            exchange_rate="12.2",
            store_currency="SAR",
        )
        with self.settings(order_policy=SUBMIT):
            doc = self.applied("upsert_order", payload).document
        assert doc.docstatus == 0
        assert "set Currency Precision to 3" in doc.shop_difference_note


class TestStores(ExecutorTestCase):
    """Two stores in one ERP, each with its own company."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        make_company()

    def setUp(self) -> None:
        super().setUp()
        self.sku = self.code("A")
        self.applied("upsert_product", product(self.sku, type="service"))

    def test_an_order_goes_to_the_company_of_its_store(self):
        with tables(shops=[self.row()]), self.settings(order_policy="Draft"):
            doc = self.applied("upsert_order", self.order()).document
        assert (doc.company, doc.docstatus, doc.shop_tax_invoice_by) == (OTHER, 1, "Shop")
        assert doc.taxes[0].account_head == of_company("Account", account_type="Tax")
        assert doc.items[0].warehouse == of_company("Warehouse")
        assert str(doc.delivery_date) == "2026-11-27"
        assert doc.naming_series == "SAL-ORD-.YYYY.-"

    def test_accounts_of_another_company_are_not_used(self):
        row = {**self.row(), "tax_account": None}
        with tables(shops=[row]):
            answer = self.send("upsert_order", self.order())
        assert (answer.payload["error_code"], answer.payload["waits_on"]) == (
            "missing_account",
            "setting:tax_account",
        )

    def test_a_row_of_another_company_cannot_be_saved(self):
        row = {**self.row(), "company": None}
        settings = frappe.get_doc(DOCTYPE)
        settings.set("shops", [row])
        self.assertRaises(frappe.ValidationError, settings.save)

    def row(self):
        return {
            "store": self.store,
            "company": OTHER,
            "warehouse": of_company("Warehouse"),
            "cost_center": of_company("Cost Center"),
            "tax_account": of_company("Account", account_type="Tax"),
            "naming_series": "SAL-ORD-.YYYY.-",
            "order_policy": SUBMIT,
            "tax_invoice_by": "Shop",
            "delivery_days": 9,
        }

    def order(self):
        return order(self.store, [line(self.sku, "1", "100.00")], "115.00", "15.00")


def make_company() -> None:
    if of_company("Account", account_type="Tax"):
        return
    doc = frappe.new_doc("Company")
    doc.company_name, doc.abbr = OTHER, "SHC"
    doc.default_currency, doc.country = "SAR", "Saudi Arabia"
    if not frappe.db.exists("Company", OTHER):
        doc.insert()
    group = frappe.db.get_value("Account", {"company": OTHER, "root_type": "Liability", "is_group": 1})
    vat = frappe.new_doc("Account")
    vat.account_name, vat.company, vat.account_type, vat.parent_account = "Shop VAT", OTHER, "Tax", group
    vat.insert()
    frappe.db.commit()


def of_company(doctype: str, **filters: str) -> str:
    return frappe.db.get_value(doctype, {"company": OTHER, "is_group": 0, **filters}, order_by="name")


def money(value: float) -> Decimal:
    return Decimal(f"{value:.2f}")
