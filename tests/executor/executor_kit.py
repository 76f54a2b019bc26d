"""Payloads, signed requests and a store for the executor's tests."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from salla_executor.contract import Ack, Command, encode_command, idempotency_key, signed_headers
from salla_executor.core.receive import receive
from sandbox.executor_store import Store

INSTANCE, SECRET, SHOP = "ERP-INSTANCE-0001", "s" * 64, "SM-STORE-00001"
NOW = 1_790_000_000
TABLES = ("nonces", "inbox", "documents", "refs", "contacts", "shop_orders")


@dataclass
class Bench:
    """Sends commands to a store without HTTP."""

    store: Store
    sent: list[bytes] = field(default_factory=list)

    def send(self, entity_type: str, payload: dict[str, Any], **changes: Any) -> Ack:
        return self.post(*signed(command(entity_type, payload, **changes)))

    def post(self, body: bytes, headers: dict[str, str]) -> Ack:
        with self.store.receiver() as receiver:
            return receive(body, headers, receiver)

    def set(self, **changes: Any) -> None:
        self.store.settings = replace(self.store.settings, **changes)

    def counts(self, *tables: str) -> dict[str, int]:
        return {table: self.store.count(table) for table in tables or TABLES}

    def documents(self, doctype: str) -> list[dict[str, Any]]:
        return self.store.documents(doctype)

    def order(self) -> dict[str, Any]:
        (order,) = self.documents("Sales Order")
        return order

    def delete(self, doctype: str, name: str) -> None:
        with self.store.receiver() as receiver:
            receiver.erp.delete(doctype, name)


def command(entity_type: str, payload: dict[str, Any], **changes: Any) -> Command:
    """revision 1 and the key that belongs to it, unless `changes` say otherwise."""
    kind = changes.pop("command_type", f"upsert_{entity_type}")
    store = changes.pop("store_account", SHOP)
    revision, generation = changes.pop("revision", 1), changes.pop("generation", 0)
    external_id = str(payload.get("external_id"))
    key = idempotency_key(INSTANCE, kind, store, external_id, revision, generation)
    values = {
        "command_id": "SM-COMMAND-00001",
        "command_type": kind,
        "entity_type": entity_type,
        "store_account": store,
        "customer_account": "CUST-0001",
        "erp_instance": INSTANCE,
        "idempotency_key": key,
        "payload": payload,
        "revision": revision,
        "generation": generation,
    }
    return Command(**(values | changes))


def signed(sent: Command, **changes: Any) -> tuple[bytes, dict[str, str]]:
    """Body and headers; changes: secret, instance_id, now, nonce."""
    body = encode_command(sent)
    return body, sign_body(body, sent.idempotency_key, **changes)


def sign_body(body: bytes, key: str, **changes: Any) -> dict[str, str]:
    values = {"instance_id": INSTANCE, "secret": SECRET, "now": NOW} | changes
    return signed_headers(values.pop("instance_id"), values.pop("secret"), body, key, **values)


def product(external_id: str = "11", **changes: Any) -> dict[str, Any]:
    base = {
        "external_id": external_id,
        "name": "Mug",
        "sku": f"SKU-{external_id}",
        "price": "10.00",
        "currency": "SAR",
    }
    return base | changes


def variant(external_id: str = "21", **changes: Any) -> dict[str, Any]:
    base = {"external_id": external_id, "product_id": "11", "name": "Mug red", "sku": f"SKU-{external_id}"}
    return (
        base
        | {"options": [{"name": "Colour", "value": "Red"}], "price": "12.00", "currency": "SAR"}
        | changes
    )


def customer(external_id: str = "31", **changes: Any) -> dict[str, Any]:
    base = {
        "external_id": external_id,
        "name": "سارة الأحمد",
        "phone": "+966501234567",
        "email": "sara@example.com",
    }
    return base | changes


def line(**changes: Any) -> dict[str, Any]:
    base = {"external_id": "1", "product_id": "11", "sku": "SKU-11", "name": "Mug"}
    return base | {"quantity": "2", "unit_price": "50.00", "tax_percent": "15"} | changes


def order(external_id: str = "41", **changes: Any) -> dict[str, Any]:
    """100.00 + shipping 10.00 + VAT 16.50 = 126.50."""
    base = {
        "external_id": external_id,
        "reference": "R-41",
        "status": "under_review",
        "created_at": "2026-03-01T22:30:00+00:00",
        "currency": "SAR",
        "total": "126.50",
        "tax": {"percent": "15", "amount": "16.50"},
        "shipping": {"amount": "10.00"},
        "customer": customer(),
        "items": [line()],
    }
    return base | changes
