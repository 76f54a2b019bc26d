"""`python -m sandbox replay FILE…`: one captured webhook body or REST answer per file, taken through hub and executor.

The files share one hub and one executor, in the order given: a product first, then the order that wants it.
There is no shop behind them, so what a file does not carry cannot be fetched, and the output says so.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests

from salla_manager import contract
from salla_manager.core.host import context_of
from salla_manager.core.ingest import ingest
from salla_manager.core.mapping.gate import mapped
from salla_manager.core.mapping.rules import RulesError
from salla_manager.core.mapping.versions import read_export
from salla_manager.core.model import Settings, Store
from salla_manager.core.outbox import wake
from salla_manager.core.readiness import record_of_line
from salla_manager.payloads import dump_payload
from salla_manager.platforms.body import load_body
from salla_manager.platforms.port import NormalizeError
from salla_manager.platforms.salla.understand import Understood, payloads, understand
from salla_manager.platforms.values import identifier
from sandbox.executor import EmbeddedExecutor
from sandbox.hub import EmbeddedHub
from sandbox.replay_text import product_request, text, to_do
from sandbox.world import wait_until

SECRET = "replay-webhook-secret"
# The store of files that name no merchant, as REST answers do not.
NO_MERCHANT = "0"
MAX_FILE = 32 * 1024 * 1024
_SHOWN = ("name", "command_type", "external_id", "title", "revision", "status", "reason", "idempotency_key")


@dataclass
class Replayed:
    """What became of one file. is_readable: it could be read and worked on, whatever came of it."""

    file: str
    understood: list[str] = field(default_factory=list)
    event: dict[str, Any] | None = None
    payloads: list[dict[str, Any]] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    commands: list[dict[str, Any]] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)
    to_do: list[str] = field(default_factory=list)
    is_readable: bool = True


class Replay:
    """merchant: of the files that name none; rules: Mapping Rules of every store, as their files hold them."""

    def __init__(self, folder: Path, merchant: str = NO_MERCHANT, rules: Iterable[dict[str, Any]] = ()):
        secret = contract.new_secret()
        self.executor = EmbeddedExecutor(folder / "executor.sqlite", "ERP-INSTANCE-0001", secret).start()
        settings = Settings(retry_max_attempts=1, retry_backoff_seconds=0.01)
        self.hub = EmbeddedHub(
            folder / "hub.sqlite", settings=settings, webhook_secrets=(SECRET,), client_for=lambda store: None
        ).start()
        self.hub.add_instance(self.executor.url, secret, "ERP-INSTANCE-0001")
        for values in rules:
            self.hub.store.save_rules("salla", "", values)
        self._merchant = merchant
        self._seen: set[tuple[str, str]] = set()
        self._light_order: dict[str, Any] = {}

    def close(self) -> None:
        self.hub.stop()
        self.executor.stop()

    def run(self, path: str) -> Replayed:
        result = Replayed(path)
        try:
            raw = read_file(path)
            body = load_body(raw)
        except (OSError, ValueError) as error:
            result.is_readable = False
            result.understood.append(f"It cannot be read: {unreadable_because(error)}.")
            return result
        try:
            self._replay(raw, body, result)
        except Exception as error:
            # One file must not take the others with it; its text may hold a customer's data.
            result.is_readable = False
            result.understood.append(
                f"Replay itself failed with {type(error).__name__}; please report it with this file."
            )
        return result

    def _replay(self, raw: bytes, body: Any, result: Replayed) -> None:
        merchant = merchant_of(body) or self._merchant
        store = self.hub.add_store(merchant, erp_instance="ERP-INSTANCE-0001", currency=None)
        understood = understand(body, context_of(store))
        if understood.order_lines and self._light_order:
            body = {**self._light_order, "items": understood.order_lines}
            result.understood = [
                f"{understood.reason} They are taken for those of the order in the file before."
            ]
            understood = understand(body, context_of(store))
        self._light_order = understood.light_order or {}
        found, said = payloads(body, context_of(store))
        result.understood = (result.understood or said[:1]) + said[1:]
        sets = self.hub.host.rules(store)
        for kind, payload in found:
            one = mapped(payload, sets)
            if one.refusal:
                result.understood.append(f"{kind} {payload.external_id}: {one.refusal[1]}")
            else:
                result.payloads.append({"entity_type": kind, **dump_payload(one.payload), "raw": None})
        if is_webhook(body):
            result.event = self._deliver(raw, understood)
        else:
            self._ingest(understood, store, result)
        wait_until(self.hub.is_idle, "Coming to rest", pause=0.01)
        self._collect(result)
        result.to_do = to_do(understood, result.commands, self._unknown_products(store, result))

    def _unknown_products(self, store: Store, result: Replayed) -> list[str]:
        """Salla's paths of the products that stopped an order and that no file has given."""
        stopped = {row["external_id"] for row in result.commands if row["status"] in ("Held", "Dead")}
        lines = [
            line
            for payload in result.payloads
            if payload["entity_type"] == "order" and payload["external_id"] in stopped
            for line in payload["items"]
        ]
        with self.hub.store.transaction():
            unknown = [line for line in lines if record_of_line(self.hub.store, store.name, line) is None]
        return list(dict.fromkeys(product_request(line) for line in unknown))

    def _deliver(self, raw: bytes, understood: Understood) -> dict[str, Any]:
        """http_status, event, status and message of the hub."""
        signature = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
        headers = {"X-Salla-Security-Strategy": "Signature", "X-Salla-Signature": signature}
        answer = requests.post(self.hub.webhook_url, data=raw, headers=headers, timeout=30)
        wait_until(self.hub.is_idle, "Coming to rest", pause=0.01)
        said = answer.json()
        row = next((row for row in self.hub.rows("event") if row["name"] == said.get("event")), {})
        told = {
            "event": row.get("event", ""),
            "status": row.get("status", "Refused"),
            "message": row.get("message", said.get("message", "")),
        }
        if understood.wanted and told["status"] == "No Access":
            told["message"] = "There is no shop behind replay to read it from."
        return {"http_status": answer.status_code, **told}

    def _ingest(self, understood: Understood, store: Store, result: Replayed) -> None:
        for entity_type, entity in understood.entities:
            try:
                outcomes = ingest(self.hub.host, store, None, entity_type, entity, self.hub.host.clock.now())
            except NormalizeError:
                continue  # payloads() has said it already
            wake(outcomes, self.hub.host)
            for outcome in outcomes:
                line = f"{outcome.key.entity_type} {outcome.key.external_id}: {outcome.status}"
                result.outcomes.append(f"{line}. {outcome.reason}" if outcome.reason else line)
        # The buyer of several orders is told once.
        result.outcomes = list(dict.fromkeys(result.outcomes))

    def _collect(self, result: Replayed) -> None:
        """The commands that this file made or moved on, and their documents as they stand now."""
        acks = {row["command"]: row for row in self.hub.rows("ack")}
        named: list[dict[str, str]] = []
        for row in self.hub.rows("command"):
            if (row["name"], row["status"]) in self._seen:
                continue
            self._seen.add((row["name"], row["status"]))
            ack = acks.get(row["name"])
            payload = ack["payload"] if ack else None
            payload = json.loads(payload) if isinstance(payload, str) else payload
            result.commands.append(
                {key: row[key] for key in _SHOWN}
                | {"ack_status": ack["ack_status"] if ack else None, "ack": payload}
            )
            document = (payload or {}).get("erp_doc")
            if document and document not in named:
                named.append(document)
        result.documents = [
            {"doctype": document["doctype"], **found}
            for document in named
            for found in self.executor.documents(document["doctype"])
            if found["name"] == document["name"]
        ]


def read_file(path: str) -> bytes:
    """Raises OSError, ValueError where it is too large."""
    with Path(path).open("rb") as file:
        raw = file.read(MAX_FILE + 1)
    if len(raw) > MAX_FILE:
        raise ValueError(f"it has more than {MAX_FILE // 2**20} MiB")
    if not raw.strip():
        raise ValueError("it is empty")
    return raw


def unreadable_because(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    return f"it is not JSON, {error}" if isinstance(error, json.JSONDecodeError) else str(error)


def is_webhook(body: Any) -> bool:
    return isinstance(body, dict) and {"event", "merchant"} <= body.keys()


def merchant_of(body: Any) -> str:
    """The merchant of a webhook; empty for anything else."""
    return (identifier(body["merchant"]) or "") if is_webhook(body) else ""


def only_merchant(files: tuple[str, ...]) -> str:
    """Where all webhooks among the files are of one merchant, the REST answers are taken to be his."""
    named = set()
    for path in files:
        try:
            named.add(merchant_of(load_body(read_file(path))))
        except (OSError, ValueError):
            continue
    named.discard("")
    return named.pop() if len(named) == 1 else NO_MERCHANT


def main(files: tuple[str, ...], as_json: bool, rule_files: tuple[str, ...] = ()) -> int:
    """0 if every file could be read, whatever became of it; 1 otherwise."""
    # Names and bodies may hold what the terminal's encoding lacks.
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    with TemporaryDirectory(prefix="salla-replay-") as folder:
        try:
            rules = [read_export(Path(path).read_text(encoding="utf-8")) for path in rule_files]
        except (OSError, RulesError) as error:
            print(f"The rules cannot be taken: {error}", file=sys.stderr)
            return 2
        replay = Replay(Path(folder), only_merchant(files), rules)
        try:
            results = [replay.run(path) for path in files]
        finally:
            replay.close()
    if as_json:
        print(json.dumps([vars(result) for result in results], ensure_ascii=False, indent=1, default=str))
    else:
        print("\n\n".join(text(result) for result in results))
    return 0 if all(result.is_readable for result in results) else 1
