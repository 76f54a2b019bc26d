"""The master key of the stored secrets: made, changed and looked at from the command line. It lies in
common_site_config.json or the environment, never in the site's own configuration, which every backup copies."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

import frappe
from frappe import _
from frappe.utils.synchronization import filelock

from salla_executor.encryption import KEY_SETTING, PREVIOUS_KEYS_SETTING, read_master_keys
from salla_executor.erpnext.secrets import key_ids, rewrap_secrets


def status() -> dict[str, Any]:
    """Where the keys are, their ids, and how many secrets of this site each one encrypts. Raises MasterKeyError."""
    keys = read_master_keys(os.environ, frappe.conf)
    return {
        "kept_in": _kept_in(),
        "current_key": keys.current.id,
        "previous_keys": [key.id for key in keys.previous],
        "secrets_by_key": key_ids(),
        "warning": _(
            "The key lies in site_config.json, which backups copy. Move it to common_site_config.json."
        )
        if KEY_SETTING in _read(Path(frappe.get_site_path("site_config.json")))
        else "",
    }


def make() -> dict[str, Any]:
    """A first key. Never in place of another, without which nothing kept so far could be read."""
    if _kept_in():
        frappe.throw(
            _("There is a master key already, in {0}. Use --rotate to change it.").format(_kept_in())
        )
    _write({KEY_SETTING: secrets.token_hex(32)})
    return {**rewrap_secrets(), **status()}


def rotate() -> dict[str, Any]:
    """A new key; the old one stays as a previous key until no site of this bench needs it."""
    if _kept_in() != str(_common()):
        frappe.throw(
            _(
                "The master key is not in {0}. Where it is kept, make the old one {1} and put a new one in as {2}, then"
                " use --rewrap."
            ).format(_common(), PREVIOUS_KEYS_SETTING, KEY_SETTING)
        )
    common = _read(_common())
    previous = [common[KEY_SETTING], *filter(None, [common.get(PREVIOUS_KEYS_SETTING)])]
    # Both at once: who reads the file in between finds every secret readable.
    _write({KEY_SETTING: secrets.token_hex(32), PREVIOUS_KEYS_SETTING: ",".join(previous)})
    return {**rewrap_secrets(), **status()}


def rewrap(site_before: str = "") -> dict[str, Any]:
    """Every secret of this site under the current key; site_before: its name before it was moved."""
    return {**rewrap_secrets(site_before), **status()}


def _kept_in() -> str:
    if os.environ.get(KEY_SETTING):
        return "environment"
    for path in (Path(frappe.get_site_path("site_config.json")), _common()):
        if KEY_SETTING in _read(path):
            return str(path)
    return ""


def _common() -> Path:
    return Path(frappe.local.sites_path, "common_site_config.json").resolve()


def _write(values: dict[str, str]) -> None:
    with filelock("site_config", is_global=True):
        fresh = _common().with_suffix(".new")
        # Readable by the bench's user alone.
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps({**_read(_common()), **values}, indent=1, sort_keys=True))
        fresh.replace(_common())
    frappe.conf.update(values)


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.is_file() else {}
