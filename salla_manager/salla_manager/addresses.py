"""URLs that people enter."""

import re
from urllib.parse import urlsplit

import frappe
from frappe import _


def checked_url(url: str, label: str) -> str:
    """Without a slash at its end. What it resolves to is checked when it is called."""
    url = (url or "").strip().rstrip("/")
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
        is_url = is_url and not re.search(r"[\s\\<>\"'\x00-\x1f]", url)
    except ValueError:
        is_url = False
    if not is_url:
        frappe.throw(_("{0}: {1} is no URL. It has to look like https://shop.example.com").format(label, url))
    if parts.username is not None or parts.query or parts.fragment:
        frappe.throw(_("{0}: leave out user name, query and fragment.").format(label))
    return url
