"""The hub's configuration on SQLite: settings, stores and ERP Instances with their secrets."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from salla_manager.core.model import Connection, Instance, Settings, Store, WebhookRules, is_connection
from salla_manager.platforms.salla.tokens import access_problem
from sandbox.hub_rows import Rows, as_text, columns_of


class ConfigRows(Rows):
    """Implements salla_manager.core.ports.ConfigStore."""

    def __init__(self, path: str, settings: Settings | None = None, webhook_secrets: tuple[str, ...] = ()):
        super().__init__(path)
        self._settings = settings or Settings()
        self.salla_webhook_secrets = webhook_secrets
        # Of a WooCommerce store, by its name.
        self.store_webhook_secrets: dict[str, str] = {}
        self.webhook_body_limit = WebhookRules.body_limit
        self._changing: dict[str, threading.Lock] = {}
        self._run("create table if not exists release_pace (destination text primary key, free_at text)")

    def settings(self) -> Settings:
        return self._settings

    def webhook_rules(self, platform: str, store: str = "") -> WebhookRules:
        own = (self.store_webhook_secrets.get(store, ""),)
        secrets = self.salla_webhook_secrets if platform == "salla" else own
        return WebhookRules(self.webhook_body_limit, secrets)

    def save_settings(self, settings: Settings) -> None:
        self._settings = settings

    def store(self, name: str) -> Store | None:
        return self._one(Store, "select * from store where name = ?", name)

    def store_of_merchant(self, platform: str, merchant_id: str) -> Store | None:
        return self._one(
            Store, "select * from store where platform = ? and merchant_id = ?", platform, merchant_id
        )

    def add_store(self, store: Store) -> str:
        name = store.name or self._name("store")
        self._insert("store", replace(store, name=name))
        return name

    def save_store(self, store: Store) -> None:
        self._update("store", store.name, columns_of(store))

    def tokens(self, store: str) -> dict[str, Any]:
        row = self._run("select tokens from store where name = ?", store).fetchone()
        return json.loads(row["tokens"]) if row and row["tokens"] else {}

    def save_tokens(self, store: str, tokens: dict[str, Any]) -> None:
        problem = access_problem(tokens)
        self._update("store", store, {"tokens": json.dumps(tokens), "access_problem": problem})

    def lock_store(self, name: str) -> Store | None:
        # The transaction is the only one, so reading is locking.
        return self.store(name)

    def save_app(self, store: Store) -> None:
        kept = ("app_status", "app_changed_at", "plan", "plan_status", "plan_until", "plan_changed_at")
        columns = columns_of(store)
        self._update("store", store.name, {column: columns[column] for column in kept})

    def save_facts(self, store: Store) -> None:
        values = {"currency": store.currency, "prices_include_tax": store.prices_include_tax}
        self._update("store", store.name, values)

    def drop_tokens(self, store: str, reason: str) -> None:
        self._update("store", store, {"tokens": "", "access_problem": reason})

    def adopt_store(
        self, platform: str, merchant_id: str, tokens: dict[str, Any], shop_name: str = ""
    ) -> Store:
        store = self.store_of_merchant(platform, merchant_id)
        if store is None:
            name = self.add_store(Store(name="", platform=platform, merchant_id=merchant_id))
            store = Store(name=name, platform=platform, merchant_id=merchant_id)
        self.save_tokens(store.name, tokens)
        return store

    def instance(self, name: str) -> Instance | None:
        return self._one(Instance, "select * from instance where name = ?", name)

    def instance_or_other(self, name: str) -> Instance | None:
        return self._one(Instance, "select * from instance order by name = ? desc limit 1", name)

    def connection(self, name: str) -> Connection | None:
        return self._one(Connection, "select * from connection where name = ?", name)

    def connections_of(self, customer_account: str) -> list[Connection]:
        return self._many(
            Connection,
            "select * from connection where customer_account = ? and is_enabled = 1 order by name",
            customer_account,
        )

    def add_connection(self, connection: Connection) -> str:
        """Gives its name. Raises ValueError where another one of its organisation and type is active."""
        name = connection.name or self._name("connection")
        try:
            self._insert("connection", replace(connection, name=name))
        except sqlite3.IntegrityError:
            raise ValueError(
                f"{connection.customer_account} has an active {connection.connector_type} already. Disable that one first."
            ) from None
        return name

    def save_connection(self, connection: Connection) -> None:
        self._update("connection", connection.name, columns_of(connection))

    def save_instance(self, instance: Instance) -> None:
        self._run("delete from instance where name = ?", instance.name)
        self._insert("instance", instance)

    def lock_instance(self, name: str) -> Instance | None:
        # The transaction is the only one, so reading is locking.
        return self.instance(name)

    def save_secrets(self, instance: Instance) -> None:
        kept = ("secret", "previous_secret", "pending_secret", "pairing_code", "pairing_code_until")
        columns = columns_of(instance)
        self._update("instance", instance.name, {column: columns[column] for column in kept})

    @contextmanager
    def changing_secret(self, instance: str) -> Iterator[bool]:
        lock = self._changing.setdefault(instance, threading.Lock())
        is_mine = lock.acquire(blocking=False)
        try:
            yield is_mine
        finally:
            if is_mine:
                lock.release()

    def save_breaker(self, destination: str, failures: int, open_until: datetime | None, reason: str) -> None:
        values = {
            "consecutive_failures": failures,
            "breaker_open_until": as_text(open_until),
            "breaker_reason": reason,
        }
        self._update("connection" if is_connection(destination) else "instance", destination, values)

    def move_release(self, destination: str, change: Callable[[datetime | None], datetime | None]) -> bool:
        row = self._run("select free_at from release_pace where destination = ?", destination).fetchone()
        moved = change(datetime.fromisoformat(row["free_at"]) if row else None)
        if moved is not None:
            self._run("replace into release_pace values (?, ?)", destination, as_text(moved))
        return moved is not None
