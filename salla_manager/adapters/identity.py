"""What binds the hub to its place: written into the database once, compared by `core/identity.py` ever after."""

from __future__ import annotations

import os
import secrets
from typing import Any

import frappe
from frappe import _
from frappe.installer import get_site_config_path, update_site_config

from salla_manager.core.identity import Identity, standstill

SETTINGS = "Salla Manager Settings"
# In the site's own site_config.json, which a restored database does not bring along.
SITE_ID = "salla_site_id"
_LOCAL = ("localhost", "127.0.0.1", "::1")


def present() -> Identity:
    """Of the site of this request or job."""
    conf = frappe.conf
    # The folder's own name: a link to it may be one more name that the site answers to.
    site = os.path.basename(os.path.realpath(frappe.get_site_path()))
    host = "localhost" if conf.db_host in _LOCAL else conf.db_host
    server = conf.db_socket or f"{host}:{conf.db_port}"
    return Identity(site, f"{conf.db_name} at {server}", str(conf.get(SITE_ID) or ""))


def standstill_of(settings: Any) -> str:
    """settings: Salla Manager Settings, the document or its row. Empty where this is the live site."""
    return standstill(_kept(settings), present())


def establish() -> None:
    """On installing and for sites of before: this is the live site, unless the database names one already."""
    if _kept(frappe.db.get_singles_dict(SETTINGS)) is None:
        _keep(_site_id(frappe.conf.get(SITE_ID)))


def adopt() -> None:
    """Somebody says that this is the live site. It gets an id of its own, since the one it has may be a copy too."""
    before = _kept(frappe.db.get_singles_dict(SETTINGS))
    _keep(_site_id(None))
    text = _("said that this is the live site: {0}. Before, it was: {1}.").format(present(), before or "-")
    frappe.get_doc(SETTINGS).add_comment("Info", text)


def _kept(settings: Any) -> Identity | None:
    site = settings.get("live_site")
    if not site:
        return None
    return Identity(site, settings.get("live_database") or "", settings.get("live_site_id") or "")


def _keep(site_id: str) -> None:
    here = present()
    values = {"live_site": here.site, "live_database": here.database, "live_site_id": site_id}
    frappe.db.set_single_value(SETTINGS, values)


def _site_id(known: str | None) -> str:
    """The known one, or a new one; where the file may not be written, the one it has, if any."""
    path = get_site_config_path()
    if known or not os.access(path, os.W_OK):
        return str(known or frappe.conf.get(SITE_ID) or "")
    fresh = secrets.token_hex(16)
    update_site_config(SITE_ID, fresh, site_config_path=path)
    return fresh
