"""Customers: which ERP customer a shop's customer or an order's buyer is, and the write."""

from __future__ import annotations

from dataclasses import replace

from salla_executor.core.context import Context, Outcome, saved_outcome
from salla_executor.core.mapping.customers import customer_values, phone_forms, usable_email, usable_phone
from salla_executor.core.model import SETTINGS_PAGE, BusinessError, Settings
from salla_executor.core.order_items import Known
from salla_executor.core.ports import Receiver
from salla_executor.core.values import AddressValues, Candidate
from salla_executor.payloads import CustomerPayload, OrderPayload, Payload


def apply_customer(payload: CustomerPayload, context: Context) -> Outcome:
    """A Customer with contact and addresses. Blocked or deleted in the shop, it stays usable in the ERP:
    its orders and payments go on there."""
    document = context.document()
    if payload.status == "deleted" and not document:
        return Outcome("skipped", "Deleted in the shop before there was a Customer for it; nothing was made.")
    if _is_shared_guest(payload, context.settings) and not document:
        guest = _guest_customer(context.settings)
        return Outcome("skipped", f"A guest without an account; the orders of guests go to Customer {guest}.")
    adopted = None if document else adopt_customer(payload, context)
    values, notes = customer_values(
        payload, context.settings, is_new=not (document or adopted), store=context.source
    )
    if payload.status != "active":
        notes.append(f"The shop has this customer as {payload.status}; the ERP's Customer stays usable.")
    saved = context.erp.save_customer(document or adopted, values)
    return saved_outcome(saved, *notes, is_linked=bool(adopted))


def buyer_of(payload: OrderPayload, known: Known, context: Context) -> str:
    """The Customer of an order, made here if his own command has not come."""
    buyer = payload.customer
    if not buyer or _is_shared_guest(buyer, context.settings):
        return _guest_customer(context.settings)
    return known.get(("customer", buyer.external_id)) or _save_buyer(payload, buyer, context)


def address_at(
    customer: str, address: AddressValues | None, payload: OrderPayload, context: Context
) -> AddressValues | None:
    """The order's shipping address; below the Customer that stands for all guests each order has one of its own."""
    if address is None or customer != context.settings.guest_customer:
        return address
    buyer = payload.customer
    return replace(
        address,
        external_id=f"order:{context.source}:{payload.external_id}",
        phone=address.phone or (usable_phone(buyer.phone) if buyer else None),
        email=address.email or (usable_email(buyer.email) if buyer else None),
    )


def person_of(payload: Payload, receiver: Receiver) -> dict[str, str]:
    """What tells the person of a customer or an order, by kind; `phone` and `email` as far as the policy uses them."""
    person = payload.customer if isinstance(payload, OrderPayload) else payload
    if not isinstance(person, CustomerPayload):
        return {}
    said = {"phone": usable_phone(person.phone), "email": usable_email(person.email)}
    return {kind: value for kind in receiver.settings().match_customers_by if (value := said[kind])}


def adopt_customer(payload: CustomerPayload, context: Context) -> str | None:
    """The one ERP customer that this person is, by the policy. Raises BusinessError if that is not certain.

    Shops share a customer, and a shop's customer who made a second account is the same person still.
    """
    keys = person_of(payload, context.receiver)
    if not keys:
        return None
    phones = phone_forms(keys["phone"], context.settings.company_country) if "phone" in keys else ()
    found = context.erp.find_customers(phones=phones, email=keys.get("email"))
    fitting = _fitting(found, payload)
    if not fitting:
        return None
    names = {one.name for one in fitting}
    if len(names) > 1:
        raise _uncertain(payload, f"fits several Customers: {_listed(fitting)}.")
    (chosen, *_) = fitting
    if payload.tax_id and chosen.tax_id and _bare(payload.tax_id) != _bare(chosen.tax_id):
        raise _uncertain(
            payload, f"has the {_word(chosen.by)} of Customer {chosen.name}, but another VAT number."
        )
    return chosen.name


def _fitting(found: list[Candidate], payload: CustomerPayload) -> list[Candidate]:
    """Who has all that was found by; if nobody has, everybody that has a part of it, which is no answer."""
    kinds = {one.by for one in found}
    names = [{one.name for one in found if one.by == kind} for kind in kinds]
    common = set.intersection(*names) if names else set()
    return [one for one in found if one.name in common] if common else found


def _uncertain(payload: CustomerPayload, reason: str) -> BusinessError:
    message = (
        f"The customer '{payload.name}' ({payload.phone or payload.email}) {reason} Merge Customers that are one"
        " person, correct the contact of the one that is not meant, or choose on its External Reference who it is; it goes"
        " then by itself."
    )
    return BusinessError("ambiguous_customer", message, waits_on=f"customer:{payload.external_id}")


def _listed(found: list[Candidate]) -> str:
    by_name: dict[str, list[str]] = {}
    for one in sorted(found, key=lambda one: (one.name, one.by)):
        by_name.setdefault(one.name, []).append(_word(one.by))
    return ", ".join(f"{name} (by {' and '.join(words)})" for name, words in by_name.items())


def _word(kind: str) -> str:
    return {"phone": "phone", "email": "e-mail"}[kind]


def _bare(tax_id: str) -> str:
    return "".join(tax_id.split()).casefold()


def _is_shared_guest(person: CustomerPayload, settings: Settings) -> bool:
    return person.is_guest and settings.is_one_guest


def _guest_customer(settings: Settings) -> str:
    if settings.guest_customer:
        return settings.guest_customer
    message = (
        "The order names no buyer with an account and no guest customer is set."
        f" Set 'Guest Customer' in {SETTINGS_PAGE}; the order goes then by itself."
    )
    raise BusinessError("missing_customer", message, waits_on="setting:guest_customer")


def _save_buyer(payload: OrderPayload, buyer: CustomerPayload, context: Context) -> str:
    """The customer came with the order only. The watermark stays low: the customer's own command still counts."""
    reference = context.receiver.lock_reference(context.source, "customer", buyer.external_id)
    adopted = adopt_customer(buyer, context)
    values, _ = customer_values(
        buyer,
        context.settings,
        is_new=not adopted,
        store=context.source,
        ships_to=payload.shipping.address,
    )
    saved = context.erp.save_customer(adopted, values)
    context.before.extend(one for one in (saved, *saved.also) if one.action != "unchanged")
    linked = replace(reference, doctype=saved.doctype, docname=saved.name, content_hash="", is_new=False)
    context.receiver.save_reference(linked)
    return saved.name
