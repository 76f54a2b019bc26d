"""The way to Salla's consent page and back. What was begun in one session can be ended in that one only, once."""

from __future__ import annotations

import hashlib
import json
import secrets

import frappe
from frappe import _

from salla_manager.adapters.config_store import SETTINGS
from salla_manager.adapters.connection import hub_url
from salla_manager.adapters.host import accounts, build_host
from salla_manager.core.connect import ConnectError, connect

CALLBACK = "/api/method/salla_manager.api.shops.salla_callback"
WEBHOOK = "/api/method/salla_manager.api.webhooks.salla"
WOO_WEBHOOK = "/api/method/salla_manager.api.webhooks.woocommerce?store="
MINUTES = 15


def addresses() -> dict[str, str]:
    """callback and webhook: what Salla's partner portal asks for; empty while nobody has said where this hub is."""
    url = hub_url()
    return {"callback": url and url + CALLBACK, "webhook": url and url + WEBHOOK}


def webhook_url(store: str, platform: str) -> str:
    """Where this shop sends its webhooks; a shop of WooCommerce has an address of its own, as it has its own secret.
    Empty as above."""
    url = hub_url()
    return url and url + (f"{WOO_WEBHOOK}{store}" if platform.lower() == "woocommerce" else WEBHOOK)


def begin(store: str) -> str:
    """Where the browser goes. store: the Store Account that it is for, "" for any shop."""
    callback = addresses()["callback"]
    if not callback:
        frappe.throw(_("Say in Salla Manager Settings, as Hub URL, where this hub can be reached."))
    if not frappe.db.get_single_value(SETTINGS, "salla_client_id"):
        frappe.throw(_("Set Client ID and Client Secret of the app in Salla Manager Settings."))
    # Salla takes hyphens out of it.
    state = secrets.token_hex(24)
    kept = json.dumps({"session": _session(), "store": store})
    frappe.cache.setex(_key(state), MINUTES * 60, kept)
    return accounts().authorize_url(callback, state)


def finish(state: str, code: str, error: str) -> str:
    """The Store Account that is connected now. Raises ConnectError."""
    begun = _take(state)
    if begun is None:
        raise ConnectError(
            _(
                "This consent was not begun here in the last {0} minutes, or it was used already. Log in to this hub and"
                " press Connect to Salla."
            ).format(MINUTES)
        )
    if error or not code:
        raise ConnectError(_("The shop has not agreed: {0}").format(error or _("no reason given")))
    callback = addresses()["callback"]
    return connect(build_host(), "salla", accounts(), code, callback, begun["store"]).name


def _take(state: str) -> dict[str, str] | None:
    key = _key(state)
    kept = frappe.cache.get(key)
    # Whoever deletes it has it; a second one finds nothing.
    if not kept or not frappe.cache.delete(key):
        return None
    begun = json.loads(kept)
    return begun if secrets.compare_digest(begun["session"], _session()) else None


def _key(state: str) -> bytes:
    # A digest, since the state comes from outside.
    return frappe.cache.make_key(f"salla_connect:{hashlib.sha256(state.encode()).hexdigest()}")


def _session() -> str:
    return hashlib.sha256(f"{frappe.session.user} {frappe.session.sid}".encode()).hexdigest()
