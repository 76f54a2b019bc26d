"""A network that does as it is told, between both ends in one process, and the log of what senders learn."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chaos.points import Trap
from salla_manager import contract
from salla_manager.core.transport import HttpAnswer, TransportError

OK, FAILED, UNKNOWN = "ok", "failed", "unknown"
# Refusals that tell nothing of an earlier copy of the same request.
_OF_A_COPY = ("nonce_used", "in_progress")
EXECUTOR_DEATHS = (
    "executor: verified",
    "executor: nonce stored",
    "executor: inbox inserted",
    "executor: amid documents",
    "executor: before commit",
    "executor: committed, not answered",
)
FAULTS = (
    "ok",
    "refused",
    "dropped",
    "lost ack",
    "twice",
    "twice, second answer",
    "delayed",
    "copied",
    "503",
    "429",
    "hub dies before",
    "hub dies after",
    "lease lost before",
    "lease lost after",
    "lease and ack lost",
    "changed meanwhile",
    *EXECUTOR_DEATHS,
)


class Crash(BaseException):
    """A process is gone; no BaseException is caught by the core."""


@dataclass(frozen=True)
class Operation:
    """One request as its sender saw it end. version: (revision, generation)."""

    entity: tuple[str, str]
    version: tuple[int, int]
    outcome: str
    code: str = ""
    is_repeat: bool = False


class Network:
    """core's Transport: plays the planned faults, one per request, then delivers; logs what the sender learns."""

    def __init__(self, deliver: Callable[[bytes, Mapping[str, str]], HttpAnswer], trap: Trap):
        self.deliver = deliver
        self.trap = trap
        self.plan: list[str] = []
        self.log: list[Operation] = []
        self.late: list[tuple[bytes, dict[str, str]]] = []
        # What another worker, and the shop, do while a request is under way.
        self.other_worker: Callable[[], None] = lambda: None
        self.shop_changes: Callable[[], None] = lambda: None

    def post(self, url: str, body: bytes, headers: Mapping[str, str], limits: Any) -> HttpAnswer:
        fault = self.plan.pop(0) if self.plan else "ok"
        try:
            answer = self._play(fault, body, dict(headers))
        except TransportError as error:
            self._note(body, FAILED if error.kind == "refused" else UNKNOWN)
            raise
        except Crash:
            self._note(body, UNKNOWN)
            raise
        self._note(body, *_seen(answer))
        return answer

    def _play(self, fault: str, body: bytes, headers: dict[str, str]) -> HttpAnswer:
        if fault in ("delayed", "copied"):
            self.late.append((body, headers))
            # A copy is one more request whose end nobody will learn.
            self._note(body, UNKNOWN)
        if fault in ("503", "429"):
            return HttpAnswer(int(fault), {"retry-after": "7"} if fault == "429" else {}, b"<html>")
        self._before(fault)
        answer = self._arrive(fault, body, headers)
        if fault.startswith("twice"):
            second = self.deliver(body, headers)
            answer = second if fault.endswith("answer") else answer
            self._note(body, UNKNOWN)
        self._after(fault)
        return answer

    def _before(self, fault: str) -> None:
        """What keeps the request from arriving, or happens until it does."""
        if fault == "refused":
            raise TransportError("refused", "Nobody listens.")
        if fault == "hub dies before":
            raise Crash
        if fault in ("dropped", "delayed"):
            raise TransportError("timeout", "No answer came.")
        if fault == "lease lost before":
            self.other_worker()
        if fault == "changed meanwhile":
            self.shop_changes()

    def _after(self, fault: str) -> None:
        """What keeps the answer from arriving, or happens until it does."""
        if fault in ("lease lost after", "lease and ack lost"):
            self.other_worker()
        if fault == "hub dies after":
            raise Crash
        if fault in ("lost ack", "lease and ack lost"):
            raise TransportError("reset", "The connection broke.")

    def _arrive(self, fault: str, body: bytes, headers: dict[str, str]) -> HttpAnswer:
        self.trap.point = fault if fault in EXECUTOR_DEATHS else ""
        try:
            return self.deliver(body, headers)
        except Crash:
            raise TransportError("reset", "The executor died.") from None
        finally:
            self.trap.point = ""

    def late_arrives(self, number: int, *, stays: bool) -> None:
        """One of the late copies reaches the executor; nobody hears the answer."""
        if self.late:
            at = number % len(self.late)
            body, headers = self.late[at] if stays else self.late.pop(at)
            self.deliver(body, headers)

    def _note(self, body: bytes, outcome: str, code: str = "", is_repeat: bool = False) -> None:
        sent = json.loads(body)
        if sent["command_type"] == contract.PING:
            return
        entity = (sent["entity_type"], sent["payload"]["external_id"])
        version = (sent.get("revision", 0), sent.get("generation", 0))
        self.log.append(Operation(entity, version, outcome, code, is_repeat))


def _seen(answer: HttpAnswer) -> tuple[str, str, bool]:
    """Judged here on its own, so that the hub's reading of answers is tested too."""
    try:
        ack = json.loads(answer.body)
    except ValueError:
        return UNKNOWN, "", False
    payload = ack["ack_payload"]
    code, is_repeat = payload.get("error_code") or "", bool(payload.get("repeat"))
    if answer.status == 200 and ack["ack_status"] in ("applied", "skipped"):
        return OK, code, is_repeat
    return UNKNOWN if code in _OF_A_COPY else FAILED, code, is_repeat
