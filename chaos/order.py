"""Versions shuffled and duplicated, from many senders at once: the last one stands, none overwrites a newer one."""

from __future__ import annotations

import json
import queue
import random
import re
import threading
import time
from pathlib import Path
from typing import Any

from chaos import children
from chaos.ground import INSTANCE, SECRET, SETTINGS, STORE, Section, ask, backward_effects, brand, scratch
from salla_manager import contract
from salla_manager.core.transport import HttpTransport, TransportError, limits_of

ENTITIES, VERSIONS, SENDERS = 50, 40, 8
# Of these, one in four is sent twice.
TWICE = 0.25


def order(seed: int, entities: int = ENTITIES, versions: int = VERSIONS) -> Section:
    section = Section("order")
    sends = shuffled(random.Random(seed), entities, versions)
    with scratch() as folder, children.ExecutorProcess(folder / "executor.db") as executor:
        began = time.monotonic()
        senders = _Senders(executor.url, sends)
        senders.run()
        section.figures |= {"entities": entities, "versions": versions, "sent": len(sends)}
        section.figures |= {"senders": SENDERS, **senders.counted()}
        section.expect("never answered", len(sends) - senders.answered, 0)
        section.expect("keys with two different answers", senders.contradictions(), 0)
        _compare(section, folder / "executor.db", entities, versions)
        section.figures["seconds"] = round(time.monotonic() - began, 1)
    return section


def shuffled(chance: random.Random, entities: int, versions: int) -> list[contract.Command]:
    pairs = [(entity, version) for entity in range(entities) for version in range(1, versions + 1)]
    pairs += [pair for pair in pairs if chance.random() < TWICE]
    chance.shuffle(pairs)
    return [command(f"{entity:03d}", version) for entity, version in pairs]


def command(external_id: str, version: int) -> contract.Command:
    key = contract.idempotency_key(INSTANCE, "upsert_brand", STORE, external_id, version)
    payload = brand(external_id, version).model_dump(mode="json")
    name = f"SM-COMMAND-{external_id}-{version}"
    return contract.Command(
        name, "upsert_brand", "brand", STORE, "CUST-0001", INSTANCE, key, payload, revision=version
    )


class _Senders:
    """Threads that take from one queue; what the executor puts off goes back into it."""

    def __init__(self, url: str, sends: list[contract.Command]):
        self.url = url + contract.DISPATCH_PATH
        self.transport = HttpTransport(max_idle=SENDERS)
        self.waiting: queue.SimpleQueue[contract.Command] = queue.SimpleQueue()
        for one in sends:
            self.waiting.put(one)
        self.left = len(sends)
        self.answered = 0
        self.answers: dict[str, set[tuple[str, str]]] = {}
        self.kinds: dict[str, int] = {}
        self.ends_at = time.monotonic() + 120
        self.lock = threading.Lock()

    def run(self) -> None:
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(self) -> None:
        while self.left and time.monotonic() < self.ends_at:
            try:
                one = self.waiting.get(timeout=0.05)
            except queue.Empty:
                continue
            self._keep(one, self._send(one))

    def _send(self, one: contract.Command) -> dict[str, Any] | None:
        """The ack; None where it has to be sent again."""
        body = contract.encode_command(one)
        headers = contract.signed_headers(INSTANCE, SECRET, body, one.idempotency_key, now=int(time.time()))
        try:
            answer = self.transport.post(self.url, body, headers, limits_of(SETTINGS))
        except TransportError:
            return None
        return json.loads(answer.body) if answer.status == 200 else None

    def _keep(self, one: contract.Command, ack: dict[str, Any] | None) -> None:
        with self.lock:
            if ack is None:
                self.kinds["put off"] = self.kinds.get("put off", 0) + 1
                self.waiting.put(one)
                return
            payload = ack["ack_payload"]
            kind = "repeat" if payload.get("repeat") else payload.get("error_code") or ack["ack_status"]
            self.kinds[kind] = self.kinds.get(kind, 0) + 1
            said = (ack["ack_status"], payload.get("error_code") or "")
            self.answers.setdefault(one.idempotency_key, set()).add(said)
            self.left -= 1
            self.answered += 1

    def counted(self) -> dict[str, int]:
        return {f"answered {kind}": self.kinds[kind] for kind in sorted(self.kinds)}

    def contradictions(self) -> int:
        return sum(len(said) > 1 for said in self.answers.values())


def _compare(section: Section, executor: Path, entities: int, versions: int) -> None:
    stand = [json.loads(body)["description"] for (body,) in ask(executor, "SELECT body FROM documents")]
    revisions = [row[0] for row in ask(executor, "SELECT revision FROM refs")]
    section.expect("entities with the last version", stand.count(f"version {versions}"), entities)
    section.expect("references at the last version", revisions.count(versions), entities)
    section.expect("documents", len(stand), entities)
    section.expect("stale overwrites", _stale_writes(executor), 0)
    section.expect("effects out of order", backward_effects(executor), 0)


def _stale_writes(executor: Path) -> int:
    """Writes of a document with an older or the same version than it had."""
    newest: dict[str, int] = {}
    wrong = 0
    for name, body in ask(executor, "SELECT name, body FROM writes ORDER BY number"):
        version = int(re.sub(r"\D", "", json.loads(body)["description"]))
        wrong += version <= newest.get(name, 0)
        newest[name] = max(version, newest.get(name, 0))
    return wrong
