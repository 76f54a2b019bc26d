"""At least 150 shop orders on real ERPNext: each with the shop's total to the halala, and so is the invoice from it."""

import json
import time
from collections import Counter
from decimal import Decimal

import frappe

from erpnext.selling.doctype.sales_order.sales_order import make_sales_invoice

from salla_executor.erpnext.settings import SUBMIT
from salla_executor.tests.kit import ExecutorTestCase
from salla_executor.tests.maps import account, saudi_taxes, tables
from salla_executor.tests.money_cases import Case, all_cases, mixed_cases, payload_of, plain_cases
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

    def test_vat_stands_by_percent_as_e_invoices_want_it(self):
        """Shipping as a line, a template per line where rates differ, and no VAT as an amount."""
        extras = {kind: self.code(kind) for kind in ("SHIP", "COD")}
        for sku in extras.values():
            self.applied("upsert_product", product(sku, type="service"))
        items = {
            "shipping_item": extras["SHIP"],
            "cod_item": extras["COD"],
            "rounding_account": account("Rounding"),
        }
        with tables(taxes=saudi_taxes()), self.settings(**items):
            self.run_all([*mixed_cases(), *list(plain_cases())[::4]], "mapped", is_by_percent=True)

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
        if order.docstatus == 1:
            invoice = make_sales_invoice(order.name)
            try:
                invoice.insert()
            except frappe.ValidationError as error:
                found.append(f"no invoice: {error}")
            if money(invoice.grand_total) != total or invoice.rounded_total:
                found.append(f"invoice {invoice.grand_total} instead of {total}")
            if is_by_percent:
                found += e_invoice_problems(invoice)
            frappe.db.rollback()
        return found


def e_invoice_problems(invoice) -> list[str]:
    """Lines that make the net total, one rate for each, and VAT that is the rates' of the lines to a coin per rate; what
    is left of the shop's own rounding stands apart."""
    vat = [row for row in invoice.taxes if row.description != "Rounding of VAT"]
    if not all(row.charge_type == "On Net Total" for row in vat):
        return [f"VAT as an amount: {[(row.charge_type, row.tax_amount) for row in vat]}"]
    found, taxable = [], Counter()
    for row in invoice.items:
        rates = json.loads(row.item_tax_rate or "{}")
        taxable[sum(rates.get(one.account_head, one.rate) for one in vat)] += money(row.net_amount)
    if sum(taxable.values()) != money(invoice.net_total):
        found.append(f"lines of {sum(taxable.values())} for a net total of {invoice.net_total}")
    if len(taxable) > 1 and invoice.discount_amount:
        found.append(f"a discount of {invoice.discount_amount} over lines of several rates")
    due = sum(Decimal(str(rate)) * net / 100 for rate, net in taxable.items())
    said = sum(money(row.tax_amount_after_discount_amount) for row in vat)
    if abs(due - said) > Decimal("0.01") * len(taxable):
        found.append(f"VAT of {said} where the rates give {due}")
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
