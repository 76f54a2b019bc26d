"""On the hub's site, in the bench's Python: canaries in each field for a secret, and failures that could leak them."""

from __future__ import annotations

import secrets
import zlib
from typing import Any
from unittest.mock import patch

import frappe
from frappe.utils import add_days, now_datetime
from frappe.utils.background_jobs import get_redis_conn

from chaos.bench_site import connected, serve
from salla_manager import tasks
from salla_manager.adapters import secrets as at_rest
from salla_manager.adapters.tokens import save_tokens
from salla_manager.contract import PING
from salla_manager.core.exchange import ask
from salla_manager.core.transport import HttpTransport
from salla_manager.erp.encryption import KEY_SETTING

MARK = "chaos-canary"
SETTINGS = "Salla Manager Settings"


def plant(site: str) -> dict[str, str]:
    """Two instances with a current and a previous secret and a store with tokens; gives every secret of the site."""
    with connected(site):
        for title in ("A", "B"):
            doc = frappe.new_doc("ERP Instance")
            # Port 9 answers nothing, so that requests with the secret at hand fail.
            doc.update({"title": f"{MARK} {title}", "url": "http://127.0.0.1:9"})
            doc.insert()
            doc.shared_secret = _canary()
            doc.save()
        _plant_store()
        frappe.db.commit()
        return {**_kept(), "master key": frappe.conf[KEY_SETTING]}


def _plant_store() -> None:
    store = frappe.new_doc("Store Account")
    store.update({"store_name": MARK, "platform": "Salla", "merchant_id": MARK}).insert()
    tokens = {"access_token": _canary(), "refresh_token": _canary(), "scope": "offline_access"}
    save_tokens(store.name, {**tokens, "expires": int(add_days(now_datetime(), 10).timestamp())})


def _canary() -> str:
    return f"canary{secrets.token_hex(16)}"


def _kept() -> dict[str, str]:
    found = {}
    for doctype, name, fieldname in at_rest.kept_here():
        secret = at_rest.read_secret(doctype, name, fieldname)
        if fieldname == "tokens":
            tokens = frappe.parse_json(secret)
            found |= {f"{name} {key}": tokens[key] for key in ("access_token", "refresh_token")}
        else:
            found[f"{doctype} {name} {fieldname}"] = secret
    return found


def stir(site: str) -> None:
    """Pings that fail, jobs that fail in a worker of RQ, and exceptions amid a request with the secret at hand."""
    with connected(site):
        names = frappe.get_all("ERP Instance", {"title": ("like", f"{MARK}%")}, pluck="name")
        for name in names:
            _ping(name)
            frappe.enqueue("salla_manager.tasks.dispatch_to", destination=name)
            frappe.enqueue("salla_manager.tasks.pull_store", store=MARK)
        with patch.object(HttpTransport, "post", _fail):
            for name in names:
                tasks._guarded("canaries", lambda name=name: _ping(name))
        frappe.logger("salla_manager").warning(f"{MARK}: a line to be found")
        frappe.db.commit()


def _fail(*_arguments: Any) -> None:
    raise RuntimeError("failed on purpose, with headers and body in the frames above")


def _ping(name: str) -> None:
    host = tasks.build_host()
    instance = host.store.instance(name)
    assert instance is not None
    ask(host, instance, PING, {})


def redis(site: str) -> str:
    """Whatever stands in both Redis servers, as one text; what RQ has packed is unpacked."""
    with connected(site):
        texts = []
        for server in (get_redis_conn(), frappe.cache):
            for key in server.scan_iter("*", count=1000):
                texts += [key, *_values(server, key)]
    return b"\n".join(map(_unpacked, texts)).decode("latin-1")


def _values(server: Any, key: bytes) -> list[bytes]:
    # The plain commands, since Frappe's cache reads pickles and prefixes keys.
    kind = server.execute_command("TYPE", key).decode()
    read = {
        "string": ("GET", key),
        "hash": ("HGETALL", key),
        "list": ("LRANGE", key, 0, -1),
        "set": ("SMEMBERS", key),
        "zset": ("ZRANGE", key, 0, -1),
    }.get(kind)
    values = server.execute_command(*read) if read else []
    if isinstance(values, dict):
        values = [part for pair in values.items() for part in pair]
    return [values] if isinstance(values, bytes) else [part for part in values or [] if part]


def _unpacked(text: bytes) -> bytes:
    try:
        return zlib.decompress(text)
    except zlib.error:
        return text


def clean(site: str) -> None:
    with connected(site):
        instances = frappe.get_all("ERP Instance", {"title": ("like", f"{MARK}%")}, pluck="name")
        stores = frappe.get_all("Store Account", {"merchant_id": MARK}, pluck="name")
        for doctype, names in (("Store Account", stores), ("ERP Instance", instances)):
            for name in names:
                frappe.delete_doc(doctype, name, force=True, delete_permanently=True)
        frappe.db.delete("Error Log", {"method": ("like", "%canaries%")})
        frappe.db.commit()


if __name__ == "__main__":
    serve({"plant": plant, "stir": stir, "redis": redis, "clean": clean})
