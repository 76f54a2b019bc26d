"""At least 150 shop orders on real ERPNext: each with the shop's total to the halala, and so is the invoice from it."""

import time
from decimal import Decimal

import frappe

from erpnext.selling.doctype.sales_order.sales_order import make_sales_invoice

from salla_executor.erpnext.settings import SUBMIT
from salla_executor.tests.kit import ExecutorTestCase
from salla_executor.tests.maps import account, saudi_taxes, tables
from salla_executor.tests.money_cases import Case, all_cases, mixed_cases, payload_of
from salla_executor.tests.payloads import product, variant

# Without it ERPNext takes an invoice in another currency for parties with a receivable account in it only.
ONE_RECEIVABLE = "allow_multi_currency_invoices_against_single_party_account"


class TestMoneySuite(ExecutorTestCase):
    def setUp(self) -> None:
        super().setUp()
        frappe.db.set_single_value("Accounts Settings", ONE_RECEIVABLE, 1)
        frappe.clear_document_cache("Accounts Settings", "Accounts Settings")
        self.skus = {kind: self.code(kind) for kind in ("simple", "service", "variant", "bundle", "kilo")}
        self.applied("upsert_product", product(self.skus["simple"]))
        self.applied("upsert_product", product(self.skus["service"], type="service"))
        template = product(self.code("T"), options=["Size"])
        self.applied("upsert_product", template)
        self.applied("upsert_variant", variant(self.skus["variant"], template["external_id"], {"Size": "XL"}))
        self.applied("upsert_product", product(self.skus["bundle"], type="bundle"))
        with self.settings(stock_uom="Kg"):
            self.applied("upsert_product", product(self.skus["kilo"]))
        make_bundle(self.skus["bundle"], self.skus["simple"])

    def test_every_order_and_its_invoice_have_the_shops_total(self):
        cases = all_cases()
        assert len(cases) >= 150
        assert len({case.name for case in cases}) == len(cases)
        self.run_all(cases, "without maps")

    def test_lines_at_several_rates_keep_their_vat_by_percent(self):
        """As e-invoices want it: shipping as a line, a template per line, and no VAT as an amount."""
        extras = {kind: self.code(kind) for kind in ("SHIP", "COD")}
        for sku in extras.values():
            self.applied("upsert_product", product(sku, type="service"))
        items = {
            "shipping_item": extras["SHIP"],
            "cod_item": extras["COD"],
            "rounding_account": account("Rounding"),
        }
        with tables(taxes=saudi_taxes()), self.settings(**items):
            self.run_all(list(mixed_cases()), "mapped", is_by_percent=True)

    def run_all(self, cases: list[Case], label: str, is_by_percent: bool = False) -> None:
        started = time.monotonic()
        wrong = []
        with self.settings(order_policy=SUBMIT):
            for number, case in enumerate(cases):
                found = self.problems(case, f"{self.store}-{number}", is_by_percent)
                wrong += [f"{case.name}: {problem}" for problem in found]
        took = time.monotonic() - started
        print(f"money suite, {label}: {len(cases)} orders, {len(wrong)} problems, {took:.0f} s")
        assert not wrong, "\n".join(wrong)

    def tearDown(self) -> None:
        super().tearDown()
        frappe.db.set_single_value("Accounts Settings", ONE_RECEIVABLE, 0)
        frappe.db.commit()

    def problems(self, case: Case, number: str, is_by_percent: bool) -> list[str]:
        payload = payload_of(case, self.skus, number)
        answer = self.send("upsert_order", payload)
        if answer.verdict != "applied":
            return [f"{answer.status} {answer.message}"]
        total = Decimal(payload["total"])
        order = answer.document
        found = []
        if answer.payload["difference"] or money(order.grand_total) != total or order.docstatus != 1:
            found.append(f"order {order.grand_total} instead of {total}. {answer.message}")
        if is_by_percent and not all(row.rate and row.charge_type == "On Net Total" for row in order.taxes):
            found.append(f"VAT as an amount: {[(row.charge_type, row.tax_amount) for row in order.taxes]}")
        if order.docstatus == 1:
            invoice = make_sales_invoice(order.name)
            try:
                invoice.insert()
            except frappe.ValidationError as error:
                found.append(f"no invoice: {error}")
            if money(invoice.grand_total) != total or invoice.rounded_total:
                found.append(f"invoice {invoice.grand_total} instead of {total}")
            frappe.db.rollback()
        return found


def make_bundle(bundle: str, component: str) -> None:
    if frappe.db.exists("Product Bundle", bundle):
        return
    doc = frappe.new_doc("Product Bundle")
    doc.new_item_code = bundle
    doc.append("items", {"item_code": component, "qty": 2})
    doc.insert()
    frappe.db.commit()


def money(value: float) -> Decimal:
    return Decimal(f"{value:.2f}")
