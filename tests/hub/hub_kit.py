"""A clock, a shop platform, a shop, a wire and an executor to test the hub with."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from salla_manager import contract
from salla_manager.core.dispatch import DispatchReport, dispatch_to
from salla_manager.core.host import Host
from salla_manager.core.intake import WebhookAnswer, receive_webhook
from salla_manager.core.model import Instance, OutboundCommand, Record, RecordKey, Settings, Store
from salla_manager.core.outbox import absorb, absorb_all
from salla_manager.core.process import ProcessReport, process_due_events
from salla_manager.core.transport import HttpAnswer, TransportError
from salla_manager.payloads import Payload, PayloadError, parse_payload
from salla_manager.platforms.port import (
    NormalizeError,
    Page,
    ShopEntry,
    Signal,
    SignatureError,
    Webhook,
    WebhookError,
)
from sandbox.hub_store import SqliteHubStore
from sandbox.quiet import QuietHandler

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=timezone.utc)
SECRET, WEBHOOK_SECRET = "s" * 64, "w" * 32
STORE, INSTANCE, MERCHANT = "SM-STORE-00001", "ERP-INSTANCE-0001", "1305146709"
SETTINGS = Settings(allow_private_addresses=True)


class FakeClock:
    def __init__(self, now: datetime = NOW):
        self.at = now
        self.ticks = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.ticks

    def sleep(self, seconds: float) -> None:
        self.forward(seconds)

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.ticks += seconds


class FakeJobs:
    def __init__(self) -> None:
        self.events = 0
        self.instances: list[str] = []

    def process_events(self) -> None:
        self.events += 1

    def dispatch(self, destination: str) -> None:
        self.instances.append(destination)


class FakePlatform:
    """Bodies are payloads already; a product's variants lie in `variants`."""

    name = "salla"

    def check_signature(self, headers: Mapping[str, str], raw: bytes, secrets: tuple[str, ...]) -> None:
        proofs = [hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest() for secret in secrets]
        if headers.get("X-Proof") not in proofs:
            raise SignatureError("The signature is wrong.")

    def is_ping(self, raw: bytes) -> bool:
        return False

    def read_webhook(self, raw: bytes, headers: Mapping[str, str] | None = None) -> Webhook:
        try:
            body = json.loads(raw)
        except ValueError as error:
            raise WebhookError(f"it is no JSON: {error}") from None
        data, tokens = dict(body["data"]), None
        if body["event"] == "app.store.authorize":
            tokens, data = data, {key: "***" for key in data}
        kept = json.dumps({**body, "data": data})
        return Webhook(
            body["event"], body["merchant"], None, data, hashlib.sha256(raw).hexdigest(), kept, tokens
        )

    def signals(self, webhook: Webhook) -> list[Signal]:
        entity_type, _, action = webhook.event.partition(".")
        if entity_type not in contract.ENTITY_TYPES:
            return []
        body = webhook.data if "name" in webhook.data or "items" in webhook.data else None
        action = "delete" if action == "deleted" else "upsert"
        return [Signal(entity_type, webhook.data["external_id"], action, body)]

    def entry(self, entity_type: str, external_id: str, row: dict[str, Any], context: Any) -> ShopEntry:
        created = row.get("created_at")
        return ShopEntry(
            external_id,
            row.get("reference") or row.get("name", ""),
            row.get("status", ""),
            Decimal(row["total"]) if row.get("total") else None,
            row.get("currency", ""),
            datetime.fromisoformat(created) if created else None,
            self.admin_url(entity_type, external_id, row),
        )

    def admin_url(self, entity_type: str, external_id: str, body: dict[str, Any]) -> str:
        return f"https://shop.test/{entity_type}/{external_id}"

    def variants_of(self, body: dict[str, Any]) -> frozenset[str] | None:
        return None

    def product_of(self, body: dict[str, Any]) -> str:
        return ""

    def stamp(self, entity_type: str, body: dict[str, Any]) -> str:
        return ""

    def seen_status(self, slug: str) -> None:
        return None

    def app_change(self, webhook: Webhook) -> None:
        return None

    def ignored_because(self, event: str) -> str:
        return f"'{event}' does not concern the ERP."

    def normalize(self, entity_type: str, body: dict[str, Any], context: Any) -> list[Payload]:
        parts = [(entity_type, body), *(("variant", variant) for variant in body.get("variants", ()))]
        try:
            return [parse_payload(kind, {**values, "raw": {"shop": "says"}}) for kind, values in parts]
        except PayloadError as error:
            raise NormalizeError(entity_type, body.get("external_id", ""), error.problems) from None


@dataclass
class FakeShop:
    """bodies: (entity type, external id) -> body; errors: what a fetch raises instead, once each."""

    bodies: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)
    list_errors: dict[str, Exception] = field(default_factory=dict)
    fetched: list[tuple[str, str]] = field(default_factory=list)
    lanes: list[str] = field(default_factory=list)
    days: list[date] = field(default_factory=list)

    def has(self, entity_type: str, body: dict[str, Any]) -> None:
        self.bodies[entity_type, body["external_id"]] = body

    def in_lane(self, lane: str) -> FakeShop:
        self.lanes.append(lane)
        return self

    def fetch(self, entity_type: str, external_id: str) -> dict[str, Any] | None:
        self.fetched.append((entity_type, external_id))
        if self.errors:
            raise self.errors.pop(0)
        return self.bodies.get((entity_type, external_id))

    def find_by_sku(self, sku: str) -> dict[str, Any] | None:
        products = (body for (kind, _), body in self.bodies.items() if kind == "product")
        return next((body for body in products if body.get("sku") == sku), None)

    def list(self, entity_type: str, since: datetime | None = None) -> Iterator[dict[str, Any]]:
        yield from [body for (kind, _), body in self.bodies.items() if kind == entity_type]
        if entity_type in self.list_errors:
            raise self.list_errors[entity_type]

    def page(self, entity_type: str, cursor: str = "", since: datetime | None = None) -> Page:
        """Of two rows; list_errors break off behind the first page."""
        begin = int(cursor or 0)
        if begin and entity_type in self.list_errors:
            raise self.list_errors[entity_type]
        rows = [(key, body) for (kind, key), body in self.bodies.items() if kind == entity_type]
        end = begin + 2
        return Page(rows[begin:end], len(rows), 2, str(end) if end < len(rows) else None)

    def kinds(self, entity_type: str) -> tuple[str, ...]:
        return (entity_type,)

    def entries(self, entity_type: str, cursor: str = "") -> Page:
        return self.page(entity_type, cursor)

    def unsettled(self, cursor: str = "") -> Page:
        return Page([], 0, 1, None)

    def calls_each(self, entity_type: str) -> int:
        return 0

    def orders_of(self, day: date, cursor: str = "") -> Page:
        self.days.append(day)
        return self.page("order", cursor)


Answer = Callable[[dict[str, Any]], HttpAnswer]


def acked(status: str = "applied", http_status: int = 200, headers: Any = None, **payload: Any) -> Answer:
    """An ack that echoes as it should."""

    def answer(envelope: dict[str, Any]) -> HttpAnswer:
        body = {
            "ack_status": status,
            "ack_payload": {"erp_doc": None, "message": "", **payload},
            "idempotency_key": envelope["idempotency_key"],
            "command_id": envelope["command_id"],
        }
        return HttpAnswer(http_status, headers or {}, json.dumps(body).encode())

    return answer


def plain(http_status: int, body: bytes = b"<html>", **headers: str) -> Answer:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda envelope: HttpAnswer(http_status, names, body)


def broken(kind: str) -> Answer:
    def answer(envelope: dict[str, Any]) -> HttpAnswer:
        raise TransportError(kind, f"It was {kind}.")

    return answer


class FakeWire:
    """Plays prepared answers, then `normal`; keeps what was sent."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.normal: Answer = acked(erp_doc={"doctype": "Item", "name": "DOC"})
        self.sent: list[tuple[dict[str, Any], dict[str, str]]] = []
        self.before: Callable[[], None] = lambda: None

    def post(self, url: str, body: bytes, headers: Mapping[str, str], limits: Any) -> HttpAnswer:
        envelope = json.loads(body)
        self.sent.append((envelope, dict(headers)))
        self.before()
        return (self.answers.pop(0) if self.answers else self.normal)(envelope)

    def types(self) -> list[str]:
        return [envelope["command_type"] for envelope, _ in self.sent]


class Hub:
    """The core on a SQLite file with everything around it faked."""

    def __init__(self, path: str, transport: Any = None):
        self.rows = SqliteHubStore(path, SETTINGS, (WEBHOOK_SECRET,))
        self.clock, self.jobs, self.shop, self.wire = FakeClock(), FakeJobs(), FakeShop(), FakeWire()
        self.client: FakeShop | None = self.shop
        self.host = Host(
            store=self.rows,
            clock=self.clock,
            jobs=self.jobs,
            platforms={"salla": FakePlatform()}.__getitem__,
            client_for=lambda store: self.client,
            transport=transport or self.wire,
            random=lambda: 0.5,
            rules=self.rows.rules_of,
        )

    def pair(self, url: str = "http://erp.test") -> Hub:
        with self.rows.transaction():
            self.rows.save_instance(Instance(INSTANCE, url, SECRET))
            self.rows.add_store(Store("", "salla", MERCHANT, "CUST-0001", INSTANCE, currency="SAR"))
        return self

    @property
    def store(self) -> Store:
        store = self.rows.store(STORE)
        assert store is not None
        return store

    def change_store(self, **values: Any) -> None:
        with self.rows.transaction():
            self.rows.save_store(replace(self.store, **values))

    def change_instance(self, **values: Any) -> None:
        instance = self.rows.instance(INSTANCE)
        assert instance is not None
        with self.rows.transaction():
            self.rows.save_instance(replace(instance, **values))

    def change_settings(self, **values: Any) -> None:
        self.rows.save_settings(replace(self.rows.settings(), **values))

    def absorb(self, entity_type: str, **values: Any) -> Any:
        return absorb(payload(entity_type, **values), self.store, self.host)

    def absorb_all(self, *payloads: Payload) -> Any:
        return absorb_all(payloads, self.store, self.host)

    def webhook(
        self, event: str, merchant: str = MERCHANT, secret: str = WEBHOOK_SECRET, **data: Any
    ) -> WebhookAnswer:
        return self.raw_webhook(
            json.dumps({"event": event, "merchant": merchant, "data": data}).encode(), secret
        )

    def raw_webhook(self, raw: bytes, secret: str = WEBHOOK_SECRET) -> WebhookAnswer:
        proof = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
        return receive_webhook("salla", raw, {"X-Proof": proof}, self.host)

    def process(self) -> ProcessReport:
        return process_due_events(self.host)

    def dispatch(self, **options: Any) -> DispatchReport:
        return dispatch_to(self.host, INSTANCE, **options)

    def record(self, entity_type: str, external_id: str) -> Record:
        record = self.rows.find_record(RecordKey(STORE, entity_type, external_id))
        assert record is not None
        return record

    def commands(self, entity_type: str = "", external_id: str = "") -> list[OutboundCommand]:
        names = [
            row["name"]
            for row in self.rows.rows("command")
            if entity_type in ("", row["entity_type"]) and external_id in ("", row["external_id"])
        ]
        return [command for name in names if (command := self.rows.command(name))]

    def statuses(self, entity_type: str = "", external_id: str = "") -> list[str]:
        return [command.status for command in self.commands(entity_type, external_id)]

    def event(self, name: str = "SM-LOG-00001") -> dict[str, Any]:
        return next(row for row in self.rows.rows("event") if row["name"] == name)


def body(entity_type: str, **values: Any) -> dict[str, Any]:
    """A whole body of the shop, as JSON values."""
    common: dict[str, Any] = {"external_id": "1", "name": "Oud"}
    if entity_type in ("product", "variant"):
        common.update(sku="OUD-1", price="10.00", currency="SAR")
    if entity_type == "variant":
        common.update(product_id="1")
    if entity_type == "order_status":
        common.update(slug="under_review")
    if entity_type == "order":
        common = {
            "external_id": "900",
            "reference": "1042",
            "status": "under_review",
            "created_at": "2026-11-20T11:00:00+00:00",
            "currency": "SAR",
            "total": "10.00",
            "customer": {"external_id": "7", "name": "Noura"},
            "items": [line()],
        }
    return {**common, **values}


def line(**values: Any) -> dict[str, Any]:
    common = {"external_id": "91", "product_id": "1", "sku": "OUD-1", "name": "Oud"}
    return {**common, "quantity": "1", "unit_price": "10.00", **values}


def payload(entity_type: str, **values: Any) -> Payload:
    return parse_payload(entity_type, body(entity_type, **values))


class FakeExecutor:
    """A small HTTP server that applies each idempotency key once and remembers the effect."""

    def __init__(self) -> None:
        self.effects: dict[str, int] = {}
        self.orders: list[tuple[str, str, int]] = []
        self.calls = 0
        self.server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=QuietHandler)
        self.url = f"http://127.0.0.1:{self.server.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.calls += 1
        request = Request(environ)
        raw = request.get_data()
        now = int(request.headers[contract.HEADER_TIMESTAMP])
        signed = contract.verify(request.headers, raw, instance_id=INSTANCE, secrets=[SECRET], now=now)
        command = contract.decode_command(raw, signed)
        seen = command.idempotency_key in self.effects
        if not seen and command.command_type != contract.PING:
            self.effects[command.idempotency_key] = 1
            self.orders.append((command.entity_type, command.external_id, command.revision))
        ack = contract.Ack(
            200,
            "skipped" if seen else "applied",
            command.idempotency_key,
            command.command_id,
            {"erp_doc": "DOC"},
        )
        return Response(ack.body(), 200, mimetype="application/json")(environ, start_response)
