"""The tokens of one store in its encrypted field, for `platforms/salla/tokens.py`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

import frappe

from salla_manager.adapters.rows import key_of, plain, shown
from salla_manager.adapters.secrets import keep_secret, read_secret
from salla_manager.platforms.port import ShopError
from salla_manager.platforms.salla.accounts import expiry
from salla_manager.platforms.salla.tokens import access_problem

STORE, FIELD = "Store Account", "tokens"
LOCK_SECONDS = 45


class FrappeTokenStore:
    """To be used outside of a transaction: `save` commits."""

    def __init__(self, store: str):
        self._store = store
        self._loaded = ""

    def load(self) -> dict[str, Any] | None:
        tokens = read_tokens(self._store)
        self._loaded = (tokens or {}).get("refresh_token") or ""
        return tokens

    def save(self, tokens: dict[str, Any]) -> None:
        frappe.db.rollback()
        frappe.db.get_value(STORE, {"name": ("=", self._store)}, "name", for_update=True)
        current = (read_tokens(self._store) or {}).get("refresh_token") or ""
        # A new installation in the shop has brought its own tokens meanwhile; the older chain is worthless.
        if current == self._loaded:
            save_tokens(self._store, tokens)
            self._loaded = tokens.get("refresh_token") or ""
        # Salla has spent the old refresh token by now, so its successor must outlive whatever follows.
        frappe.db.commit()

    @contextmanager
    def lock(self) -> Iterator[None]:
        name = f"salla-tokens-{key_of(frappe.local.site, self._store)[:40]}"
        if not frappe.db.sql("select get_lock(%s, %s)", (name, LOCK_SECONDS))[0][0]:
            raise ShopError("offline", "Another worker is refreshing this store's access for too long.")
        try:
            # What the other worker saved is not in the view that this transaction opened before.
            frappe.db.rollback()
            yield
        finally:
            frappe.db.sql("select release_lock(%s)", name)


def read_tokens(store: str) -> dict[str, Any] | None:
    text = read_secret(STORE, store, FIELD)
    return json.loads(text) if text else None


def save_tokens(store: str, tokens: dict[str, Any]) -> None:
    """In the transaction that is open."""
    # A relative expires_in means nothing later.
    expires = expiry(tokens, time.time())
    is_over = tokens.get("is_revoked") or tokens.get("lost")
    tokens = {key: value for key, value in tokens.items() if key != "expires_in"} | {"expires": expires}
    keep_secret(STORE, store, FIELD, json.dumps(tokens))
    values = {
        "token_expires_at": shown(datetime.fromtimestamp(expires, timezone.utc))
        if expires and not is_over
        else None,
        "token_scope": plain(str(tokens.get("scope") or "")),
        "token_error": plain(access_problem(tokens)),
    }
    frappe.db.set_value(STORE, store, values, update_modified=False)
