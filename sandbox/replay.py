"""`python -m sandbox replay FILE…`: one captured webhook body or REST answer per file, taken through hub and executor.

The files share one hub and one executor, in the order given: a product first, then the order that wants it.
There is no shop behind them, so what a file does not carry cannot be fetched, and the output says so.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests

from salla_manager import contract
from salla_manager.core.host import context_of
from salla_manager.core.ingest import ingest
from salla_manager.core.model import Settings, Store
from salla_manager.core.outbox import wake
from salla_manager.payloads import dump_payload
from salla_manager.platforms.body import load_body
from salla_manager.platforms.port import NormalizeError
from salla_manager.platforms.salla.understand import payloads, understand
from sandbox.executor import EmbeddedExecutor
from sandbox.hub import EmbeddedHub
from sandbox.world import wait_until

SECRET = "replay-webhook-secret"
# The store of files that name no merchant, as REST answers do not.
NO_MERCHANT = "0"


@dataclass
class Replayed:
    """What became of one file."""

    file: str
    understood: list[str] = field(default_factory=list)
    event: dict[str, Any] | None = None
    payloads: list[dict[str, Any]] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    commands: list[dict[str, Any]] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)
    is_readable: bool = True


class Replay:
    def __init__(self, folder: Path):
        secret = contract.new_secret()
        self.executor = EmbeddedExecutor(folder / "executor.sqlite", "ERP-INSTANCE-0001", secret).start()
        settings = Settings(salla_webhook_secrets=(SECRET,), retry_max_attempts=1, retry_backoff_seconds=0.01)
        self.hub = EmbeddedHub(
            folder / "hub.sqlite", settings=settings, client_for=lambda store: None
        ).start()
        self.hub.add_instance(self.executor.url, secret, "ERP-INSTANCE-0001")
        self._seen: set[str] = set()

    def close(self) -> None:
        self.hub.stop()
        self.executor.stop()

    def run(self, path: str) -> Replayed:
        result = Replayed(path)
        try:
            raw = Path(path).read_bytes()
            body = load_body(raw)
        except (OSError, ValueError) as error:
            result.is_readable = False
            result.understood.append(f"It cannot be read: {error}.")
            return result
        is_webhook = isinstance(body, dict) and "event" in body and "merchant" in body
        store = self._store(str(body["merchant"]) if is_webhook else NO_MERCHANT)
        found, result.understood = payloads(body, context_of(store))
        result.payloads = [
            {"entity_type": kind, **dump_payload(payload), "raw": None} for kind, payload in found
        ]
        if is_webhook:
            result.event = self._deliver(raw)
        else:
            self._ingest(body, store, result)
        wait_until(self.hub.is_idle, "Coming to rest", pause=0.01)
        self._collect(result)
        return result

    def _store(self, merchant: str) -> Store:
        return self.hub.add_store(merchant, erp_instance="ERP-INSTANCE-0001", currency=None)

    def _deliver(self, raw: bytes) -> dict[str, Any]:
        signature = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
        headers = {"X-Salla-Security-Strategy": "Signature", "X-Salla-Signature": signature}
        answer = requests.post(self.hub.webhook_url, data=raw, headers=headers, timeout=30)
        wait_until(self.hub.is_idle, "Coming to rest", pause=0.01)
        name = answer.json().get("event")
        row = next((row for row in self.hub.rows("event") if row["name"] == name), {})
        return {
            "http_status": answer.status_code,
            **{key: row.get(key) for key in ("event", "status", "message")},
        }

    def _ingest(self, body: Any, store: Store, result: Replayed) -> None:
        for entity_type, entity in understand(body, context_of(store)).entities:
            try:
                outcomes = ingest(self.hub.host, store, None, entity_type, entity, self.hub.host.clock.now())
            except NormalizeError:
                continue  # payloads() has said it already
            wake(outcomes, self.hub.host)
            for outcome in outcomes:
                text = f"{outcome.key.entity_type} {outcome.key.external_id}: {outcome.status}"
                result.outcomes.append(f"{text}. {outcome.reason}".strip() if outcome.reason else text)

    def _collect(self, result: Replayed) -> None:
        acks = {row["command"]: row for row in self.hub.rows("ack")}
        for row in self.hub.rows("command"):
            stamp = f"{row['name']} {row['status']}"
            if stamp in self._seen:
                continue
            self._seen.add(stamp)
            ack = acks.get(row["name"])
            payload = (
                json.loads(ack["payload"])
                if ack and isinstance(ack["payload"], str)
                else (ack or {}).get("payload")
            )
            shown = (
                "name",
                "command_type",
                "external_id",
                "title",
                "revision",
                "status",
                "reason",
                "idempotency_key",
            )
            result.commands.append(
                {key: row[key] for key in shown}
                | {"ack_status": ack["ack_status"] if ack else None, "ack": payload}
            )
            document = (payload or {}).get("erp_doc")
            if document:
                rows = self.executor.documents(document["doctype"])
                result.documents += [
                    {"doctype": document["doctype"], **found}
                    for found in rows
                    if found["name"] == document["name"]
                ]


def main(files: tuple[str, ...], as_json: bool) -> int:
    """0 if every file could be read, whatever became of it; 1 otherwise."""
    with TemporaryDirectory(prefix="salla-replay-") as folder:
        replay = Replay(Path(folder))
        try:
            results = [replay.run(path) for path in files]
        finally:
            replay.close()
    if as_json:
        print(json.dumps([vars(result) for result in results], ensure_ascii=False, indent=1, default=str))
    else:
        print("\n\n".join(text(result) for result in results))
    return 0 if all(result.is_readable for result in results) else 1


def text(result: Replayed) -> str:
    lines = [f"== {result.file}", *(f"understood  {sentence}" for sentence in result.understood)]
    if result.event:
        event = result.event
        lines.append(
            f"event       {event['http_status']} {event['event']}: {event['status']}. {event['message']}"
        )
    for payload in result.payloads:
        said = {key: value for key, value in payload.items() if value not in (None, [], {}, "")}
        lines += ["payload     " + line for line in _block(said)]
    lines += [f"hub         {sentence}" for sentence in result.outcomes]
    for command in result.commands:
        lines.append(
            f"command     {command['name']} {command['command_type']} {command['external_id']}: {command['status']}"
        )
        if command["reason"]:
            lines.append(f"            {command['reason']}")
        if command["ack"]:
            lines.append(f"ack         {command['ack_status']}: {command['ack'].get('message')}")
    for document in result.documents:
        said = {key: value for key, value in document.items() if value not in (None, [], {}, "")}
        lines += ["document    " + line for line in _block(said)]
    if not (result.payloads or result.commands):
        lines.append("result      Nothing is sent to the ERP for this file.")
    return "\n".join(lines)


def _block(value: Any) -> list[str]:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str).splitlines()
