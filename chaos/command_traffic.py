"""Clients that send signed commands to the executor on the bench, as fast as it answers: all kinds, mixed."""

from __future__ import annotations

import json
import random
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.contents import LINES, Unit, customer, order, product
from chaos.bench import CLIENT
from chaos.wire import Line, Meter, Reply
from salla_manager import contract

# Of a hundred requests.
MIX = {
    "new item": 25,
    "update": 20,
    "customer": 10,
    "order of 3 lines": 20,
    "repeat": 15,
    "bad signature": 10,
}
DAY = "2026-11-20"
# Another transaction held a lock or came first; all of it runs again.
LOCK_CODES = ("in_progress", "busy", "changed_meanwhile", "duplicate", "missing_link")
TRIES = 20


@dataclass(frozen=True)
class Sent:
    """A command that was applied, by its kind. key: its idempotency key."""

    kind: str
    entity: str
    key: str


@dataclass
class Shared:
    """What the clients of a run have in common."""

    port: int
    mark: str
    instance: str
    secret: str
    meter: Meter
    is_over: threading.Event = field(default_factory=threading.Event)


class CommandClient(threading.Thread):
    """One sender with items, customers and orders of its own, so that each revision follows the one before."""

    def __init__(self, shared: Shared, number: int, seed: int):
        super().__init__(daemon=True)
        self.shared, self.number = shared, number
        self.chance = random.Random(f"{seed}-{number}")
        self.line = Line(shared.port, CLIENT)
        self.applied: list[Sent] = []
        self.bodies: list[bytes] = []
        self.revisions: dict[str, int] = {}
        self.made = 0
        self.buyer: dict[str, Any] = {}
        self.makers: dict[str, Callable[[], None]] = {
            "new item": self._new_item,
            "update": self._update,
            "customer": self._customer,
            "order of 3 lines": self._order,
            "repeat": self._repeat,
            "bad signature": self._bad_signature,
        }

    def run(self) -> None:
        for _ in range(LINES):
            self._new_item()
        self._customer()
        while not self.shared.is_over.is_set():
            self.makers[self.chance.choices(list(MIX), list(MIX.values()))[0]]()
        self.line.close()

    def _unit(self) -> Unit:
        self.made += 1
        # Adopting a customer goes by phone, so each has one that nobody else has.
        phone = f"+9665{self.number}{self.made % 10**4:04d}{int(self.shared.mark[-3:]):03d}"
        return Unit(f"{self.shared.mark}-{self.number}-{self.made:05d}", phone)

    def _new_item(self) -> None:
        unit = self._unit()
        self._apply("new item", "upsert_product", product(unit))
        self.revisions[unit.mark] = 1

    def _update(self) -> None:
        name = self.chance.choice(list(self.revisions))
        self.revisions[name] += 1
        changed = {**product(Unit(name, "")), "price": f"{self.chance.randrange(1, 10**5)}.50"}
        self._apply("update", "upsert_product", changed, self.revisions[name])

    def _customer(self) -> None:
        payload = customer(self._unit())
        self._apply("customer", "upsert_customer", payload)
        self.buyer = payload

    def _order(self) -> None:
        goods = [Unit(name, "") for name in self.chance.sample(list(self.revisions), LINES)]
        payload = order(self._unit(), self.buyer, goods, DAY)
        self._apply("order of 3 lines", "upsert_order", payload)

    def _repeat(self) -> None:
        reply = self._settled("repeat", self.chance.choice(self.bodies))
        if reply is not None and not json.loads(reply.body)["ack_payload"].get("repeat"):
            self.shared.meter.failed("repeat: not answered from the inbox")

    def _bad_signature(self) -> None:
        body = self.chance.choice(self.bodies)
        headers = {**self._headers(body), contract.HEADER_SIGNATURE: secrets.token_hex(32)}
        reply = self.line.post(contract.DISPATCH_PATH, body, headers)
        if reply.status == 401:
            self.shared.meter.served("bad signature", reply.seconds)
        else:
            self.shared.meter.failed(f"bad signature: {outcome(reply)}")

    def _apply(self, kind: str, command_type: str, payload: dict[str, Any], revision: int = 1) -> None:
        key = secrets.token_hex(20)
        command = contract.Command(
            f"{self.shared.mark}-{key[:12]}",
            command_type,
            contract.COMMAND_TYPES[command_type],
            self.shared.mark,
            "",
            self.shared.instance,
            key,
            payload,
            revision=revision,
        )
        body = contract.encode_command(command)
        if self._settled(kind, body) is not None:
            self.applied.append(Sent(kind, payload["external_id"], key))
            self.bodies.append(body)

    def _settled(self, kind: str, body: bytes) -> Reply | None:
        """Sent anew as long as it is put off, as the hub does; None where it failed."""
        for _ in range(TRIES):
            reply = self.line.post(contract.DISPATCH_PATH, body, self._headers(body))
            said = outcome(reply)
            if said == "applied":
                self.shared.meter.served(kind, reply.seconds)
                return reply
            if not said.startswith("put off"):
                break
            self.shared.meter.postponed(said)
            time.sleep(self.chance.uniform(0.1, 0.5))
        self.shared.meter.failed(f"{kind}: {said}")
        return None

    def _headers(self, body: bytes) -> dict[str, str]:
        key = json.loads(body)["idempotency_key"]
        return contract.signed_headers(
            self.shared.instance, self.shared.secret, body, key, now=int(time.time())
        )


def outcome(reply: Reply) -> str:
    """applied, put off: why, or what went wrong."""
    if not reply.status:
        return f"no answer, {reply.body.decode()}"
    try:
        ack = json.loads(reply.body)
        code = ack["ack_payload"].get("error_code") or ""
    except (ValueError, KeyError, TypeError):
        return f"HTTP {reply.status} without an ack"
    if reply.status == 200 and ack["ack_status"] in ("applied", "skipped"):
        return "applied"
    if reply.status == 409 or (reply.status == 503 and code in LOCK_CODES):
        return f"put off: {reply.status} {code}"
    return f"HTTP {reply.status} {code}".strip()
