"""Reading and writing fields of Frappe documents: clean text, compare, set only what differs."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import cint, cstr, flt, get_datetime, getdate
from frappe.utils.html_utils import sanitize_html

_TAGS = re.compile(r"<[^<>]*>")
# Control characters, zero-width characters and overrides of the writing direction.
_INVISIBLE = re.compile("[\x00-\x1f\x7f\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069]")
NUMBERS = ("Currency", "Float", "Percent")


def plain(text: str | None, length: int = 140) -> str:
    """One line without markup.

    Frappe cleans no text that happens to be JSON, and rewrites others (`&` to `&amp;`), so nothing is left to it.
    """
    cleaned = _INVISIBLE.sub(" ", _TAGS.sub(" ", text or ""))
    cleaned = cleaned.replace("<", "‹").replace(">", "›")
    return " ".join(cleaned.split())[:length].strip()


def web_address(url: str | None, length: int = 140) -> str:
    """Desk makes links and pictures of these, so nothing but a web address stands there; none that is cut."""
    cleaned = plain(url, length + 1)
    is_address = cleaned.startswith(("https://", "http://")) and not set(cleaned) & set("\"'` ‹›\\")
    return cleaned if is_address and len(cleaned) <= length else ""


def rich(html: str | None) -> str:
    """HTML with nothing that runs."""
    # Cut twice: cleaning closes a tag that the first cut left open, and may make the text longer.
    return _cut(sanitize_html(_cut(html or ""), always_sanitize=True))


def _cut(text: str) -> str:
    # Bytes, since that is what a column holds: Item Price copies the description into one of 65,535.
    return text.encode("utf-8", "replace")[:60_000].decode("utf-8", "ignore")


def keep_at_hand(doc: Document) -> None:
    """A document that was inserted just now, for whom ERPNext asks by `get_cached_doc` in this command.

    Else it loads all of it again, and leaves it in the cache of the whole site, also where the command is rolled back.
    """
    frappe.local.cache[frappe.cache.make_key(frappe.get_document_cache_key(doc.doctype, doc.name))] = doc


def set_values(doc: Document, values: dict[str, Any]) -> dict[str, list[Any]]:
    """Set the fields that differ; None leaves a field as it is. Returns field -> [before, after]."""
    changes = differing(doc, values)
    for field in changes:
        doc.set(field, stored(values[field]))
    return changes


def differing(doc: Document, values: dict[str, Any]) -> dict[str, list[Any]]:
    """Field -> [in the document, in the values]; None says nothing."""
    return {
        field: [shown(doc.get(field)), shown(value)]
        for field, value in values.items()
        if value is not None and not same(doc, field, doc.get(field), value)
    }


def is_ours(doc: Document) -> bool:
    """Made by a command, and not by people."""
    return doc.owner == frappe.session.user


def is_shared(doc: Document, customer: str) -> bool:
    """A Contact or Address that people linked to another Customer as well."""
    return any(link.link_doctype == "Customer" and link.link_name != customer for link in doc.links)


def same(doc: Document, field: str, before: Any, after: Any) -> bool:
    """Whether a field would hold the same after being saved."""
    kind = doc.meta.get_field(field).fieldtype
    if kind in NUMBERS:
        precision = doc.precision(field)
        return flt(before, precision) == flt(stored(after), precision)
    if kind in ("Check", "Int", "Long Int"):
        return cint(before) == cint(after)
    if kind == "Date":
        # Of an empty value getdate makes today.
        return bool(before) and bool(after) and getdate(before) == getdate(after)
    if kind == "Datetime":
        return bool(before) and get_datetime(before) == after
    return cstr(before) == cstr(after)


def stored(value: Any) -> Any:
    """Frappe computes with floats."""
    if isinstance(value, Decimal):
        return float(value)
    return int(value) if isinstance(value, bool) else value


def shown(value: Any) -> Any:
    """A JSON value for the ack; numbers as text."""
    if isinstance(value, float):
        return format(Decimal(repr(value)).normalize(), "f")
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return int(value) if isinstance(value, bool) else value


def money(value: Any, precision: int) -> Decimal:
    return Decimal(f"{flt(value, precision):.{precision}f}")
