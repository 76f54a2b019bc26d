"""Customers and addresses as the ERP's values. Nothing is invented: what the shop does not say stays empty.

| shop | ERP |
|---|---|
| VAT number | Customer type Company, tax id, the group of companies; without one a new Customer is an Individual |
| group, place | of a new Customer Customer Group and Territory, see customer_maps |
| phone, e-mail | contact, if they have the form of E.164 and of an address |
| address | title: receiver, else the customer; line 1: street, else the next finer part that is known; no city and nothing else to go by: left out |
| national address | fields of its own, and in line 1 and 2 for whoever prints them |
"""

from __future__ import annotations

import hashlib
import re

import phonenumbers
from phonenumbers import PhoneNumberFormat

from salla_executor.contract import dump_json
from salla_executor.core.mapping.customer_maps import group_of, territory_of
from salla_executor.core.model import Settings
from salla_executor.core.values import AddressValues, CustomerValues
from salla_executor.payloads import Address, CustomerPayload

NAME_LENGTH = 140
_PHONE = re.compile(r"\A\+[1-9][0-9]{5,14}\Z", re.ASCII)
# What Frappe takes, which is ASCII: one that it refuses would keep the whole customer out.
_ATOM, _LABEL = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+", r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_EMAIL = re.compile(rf"\A{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}\Z", re.ASCII | re.IGNORECASE)


def customer_values(
    payload: CustomerPayload,
    settings: Settings,
    *,
    is_new: bool,
    store: str = "",
    ships_to: Address | None = None,
) -> tuple[CustomerValues, list[str]]:
    """The Customer and notes for people. is_new fills what an existing Customer keeps as the ERP's users set it.

    ships_to: an order's address, for a Customer of whom nothing else is known.
    """
    phone, email = usable_phone(payload.phone), usable_email(payload.email)
    addresses = [address_values(one, payload.name) for one in payload.addresses]
    notes = []
    if payload.phone and not phone:
        notes.append(f"The phone '{payload.phone}' is no international number and was left out.")
    if payload.email and not email:
        notes.append(f"'{payload.email}' is no e-mail address and was left out.")
    if None in addresses:
        notes.append("An address with neither city nor street was left out.")
    group, group_note = group_of(payload, settings, store)
    known = [*payload.addresses, ships_to] if ships_to else payload.addresses
    territory, territory_note = territory_of(known, settings, store)
    notes += [note for note in (group_note, territory_note) if note and is_new]
    values = CustomerValues(
        name=payload.name[:NAME_LENGTH],
        type="Company" if payload.tax_id else ("Individual" if is_new else None),
        group=group if is_new else None,
        territory=territory if is_new else None,
        first_name=payload.first_name,
        last_name=payload.last_name,
        phone=phone,
        phone_forms=phone_forms(phone, settings.company_country) if phone else (),
        email=email,
        language=payload.language,
        tax_id=payload.tax_id,
        is_disabled=False if is_new else None,
        addresses=tuple(one for one in addresses if one),
    )
    return values, notes


def usable_phone(phone: str | None) -> str | None:
    return phone if phone and _PHONE.match(phone) else None


def phone_forms(phone: str, country: str) -> tuple[str, ...]:
    """How people and Desk write an E.164 number; without the country's prefix only where it is the company's own."""
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return (phone,)
    code, national = str(number.country_code), phonenumbers.national_significant_number(number)
    spaced = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    forms = [phone, f"00{phone[1:]}", phone[1:], f"+{code}-{national}", f"+{code} {national}", spaced]
    if phonenumbers.region_code_for_country_code(number.country_code) == country:
        local = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
        forms += [national, local, "".join(local.split())]
    return tuple(dict.fromkeys(forms))


def usable_email(email: str | None) -> str | None:
    return email if email and _EMAIL.match(email) else None


def address_values(address: Address, owner: str) -> AddressValues | None:
    """The ERP needs a title, a line and a city; None where the shop gives nothing to fill them with."""
    building = " ".join(part for part in (address.building_number, address.additional_number) if part) or None
    parts = [address.line1, address.line2, address.district, building, address.short_address]
    known = [part for part in parts if part]
    city = address.city or address.state or address.district
    line1 = known[0] if known else city
    if not (line1 and city):
        return None
    return AddressValues(
        external_id=address.external_id or _fingerprint(address),
        title=(address.name or owner)[:NAME_LENGTH],
        type="Billing" if address.type == "billing" else "Shipping",
        line1=line1[:NAME_LENGTH],
        line2=", ".join(known[1:])[:NAME_LENGTH] or None,
        city=city[:NAME_LENGTH],
        state=address.state,
        postal_code=address.postal_code,
        country_code=address.country_code,
        district=address.district,
        building_number=address.building_number,
        additional_number=address.additional_number,
        short_address=address.short_address,
        phone=usable_phone(address.phone),
    )


def _fingerprint(address: Address) -> str:
    """An id for an address that the shop gives none, so that the same one is not added twice."""
    content = address.model_dump(mode="json", exclude={"external_id", "name", "phone"})
    return hashlib.sha256(dump_json(content)).hexdigest()[:16]
