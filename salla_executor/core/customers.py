"""Customers: which ERP customer a shop's customer is, and the write."""

from __future__ import annotations

from salla_executor.core.context import Context, Outcome, saved_outcome
from salla_executor.core.mapping.customers import customer_values, usable_email, usable_phone
from salla_executor.core.model import BusinessError
from salla_executor.payloads import CustomerPayload


def apply_customer(payload: CustomerPayload, context: Context) -> Outcome:
    """A Customer with contact and addresses. Blocked or deleted in the shop, it stays usable in the ERP:
    its orders and payments go on there."""
    document = context.document()
    if payload.status == "deleted" and not document:
        return Outcome("skipped", "Deleted in the shop before there was a Customer for it; nothing was made.")
    adopted = None if document else adopt_customer(payload, context)
    values, notes = customer_values(payload, context.settings, is_new=not (document or adopted))
    if payload.status != "active":
        notes.append(f"The shop has this customer as {payload.status}; the ERP's Customer stays usable.")
    saved = context.erp.save_customer(document or adopted, values)
    return saved_outcome(saved, *notes, is_linked=bool(adopted))


def adopt_customer(payload: CustomerPayload, context: Context) -> str | None:
    """The one ERP customer with this phone, else with this e-mail. Raises BusinessError if there are several.

    Shops share a customer, and a shop's customer who made a second account is the same person still.
    """
    phone, email = usable_phone(payload.phone), usable_email(payload.email)
    if not (phone or email):
        return None
    found = context.erp.find_customers(phone=phone, email=email)
    if len(found) > 1:
        message = (
            f"The customer '{payload.name}' ({phone or email}) fits several Customers: {', '.join(sorted(found))}."
            " Merge them in the ERP, or change the contact of those that are not meant; it goes then by itself."
        )
        raise BusinessError("ambiguous_customer", message, waits_on=f"customer:{payload.external_id}")
    return found[0] if found else None
