"""URLs that people enter."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

import frappe
from frappe import _
from frappe.utils import cint

from salla_manager.core.addresses import TransportError, check_address, check_url
from salla_manager.core.refusals import words_of
from salla_manager.platforms.port import ShopError
from salla_manager.platforms.woocommerce.site import check_secure, site_url


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


def checked_shop(url: str) -> str:
    """The address of a WordPress site: https and public unless private addresses are allowed here. What was copied
    along behind it, such as /wp-json, is taken off."""
    url = checked_url(site_url(url or ""), _("Shop URL"))
    allow_private = bool(
        cint(frappe.db.get_single_value("Salla Manager Settings", "allow_private_addresses"))
    )
    try:
        check_url(url, allow_private)
        check_secure(url, allow_private)
        if _is_address(urlsplit(url).hostname):
            check_address(urlsplit(url).hostname, allow_private)
    except (TransportError, ShopError) as error:
        frappe.throw(_("{0}: {1}").format(_("Shop URL"), words_of(error)))
    return url


def _is_address(host: str | None) -> bool:
    try:
        return bool(ip_address(host or ""))
    except ValueError:
        return False
