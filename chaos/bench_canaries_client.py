"""On the client's site, in the bench's Python: its secrets, and requests and failures that could leak them."""

from __future__ import annotations

import time
from unittest.mock import patch

import frappe

from chaos.bench_site import connected, serve
from salla_executor.api.commands import _receive
from salla_executor.contract import PING, Command, encode_command, new_nonce, signed_headers
from salla_executor.erpnext import receiver
from salla_executor.erpnext import secrets as at_rest
from salla_executor.erpnext.settings import DOCTYPE, read_secrets


def plant(site: str) -> dict[str, str]:
    """Nothing is planted: what the site has is looked for."""
    with connected(site):
        return {
            f"{doctype} {fieldname} of the client": at_rest.read_secret(doctype, name, fieldname)
            for doctype, name, fieldname in at_rest.kept_here()
        }


def stir(site: str) -> None:
    """A good request, one with a wrong signature, and one that breaks off with the secrets at hand."""
    with connected(site):
        instance = frappe.get_cached_doc(DOCTYPE).instance_id
        key = new_nonce()
        body = encode_command(Command(key, PING, "", "", "", instance, key, {}))
        for secret in (read_secrets()[0], "0" * 64):
            _receive(body, signed_headers(instance, secret, body, key, now=int(time.time())))
        with patch.object(receiver.FrappeReceiver, "remember_nonce", _fail):
            _receive(body, signed_headers(instance, read_secrets()[0], body, key, now=int(time.time())))


def _fail(*_arguments: object) -> bool:
    raise RuntimeError("canaries: failed on purpose, with headers and secrets in the frames above")


def clean(site: str) -> None:
    with connected(site):
        frappe.db.delete("Error Log", {"error": ("like", "%canaries: failed on purpose%")})
        frappe.db.commit()


if __name__ == "__main__":
    serve({"plant": plant, "stir": stir, "clean": clean})
