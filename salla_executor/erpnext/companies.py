"""What a Company says of itself, from the cache."""

from __future__ import annotations

import frappe


def currency_of(company: str | None) -> str:
    return (frappe.get_cached_value("Company", company, "default_currency") if company else None) or "SAR"


def country_of(company: str | None) -> str:
    """Two letters."""
    country = frappe.get_cached_value("Company", company, "country") if company else None
    return ((country and frappe.get_cached_value("Country", country, "code")) or "SA").upper()
