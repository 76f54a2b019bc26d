"""One signed request to an ERP Instance, and what its answer means."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Protocol

from salla_manager import contract
from salla_manager.core import answers
from salla_manager.core.answers import Verdict, judge
from salla_manager.core.host import Host
from salla_manager.core.model import Instance
from salla_manager.core.ports import Clock
from salla_manager.core.transport import Limits, Transport, TransportError, limits_of
from salla_manager.core.verdicts import Exchange

_KEPT_ANSWER = 4000


class Line(Protocol):
    """What a request needs of its host."""

    @property
    def clock(self) -> Clock: ...

    @property
    def transport(self) -> Transport: ...


def send(
    line: Line, instance: Instance, command: contract.Command, limits: Limits, *, offset: int = 0
) -> Exchange:
    """offset: seconds by which the ERP's clock is ahead, as far as it has said so."""
    body = contract.encode_command(command)
    started_at, begin = line.clock.now(), line.clock.monotonic()
    headers = contract.signed_headers(
        instance.name,
        instance.secret,
        body,
        command.idempotency_key,
        now=int(started_at.timestamp()) + offset,
    )
    url = instance.url.rstrip("/") + contract.DISPATCH_PATH
    answer, error = None, None
    try:
        answer = line.transport.post(url, body, headers, limits)
    except TransportError as failure:
        error = failure
    latency = int((line.clock.monotonic() - begin) * 1000)
    status, names, content = (answer.status, answer.headers, answer.body) if answer else (0, {}, b"")
    verdict = judge(status, names, content, error, command, line.clock.now())
    return Exchange(
        verdict,
        started_at,
        latency,
        request={
            "method": "POST",
            "target": url,
            "bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
        },
        http_status=status,
        response=content[:_KEPT_ANSWER].decode("utf-8", "replace"),
        no_answer=str(error) if error else "",
        is_uncertain=verdict.action != answers.DONE and _is_uncertain(verdict, error),
    )


def _is_uncertain(verdict: Verdict, error: TransportError | None) -> bool:
    """Sent, without an answer that can be trusted."""
    return verdict.ack is None and not (error and error.kind in answers.NOT_SENT)


def ask(host: Host, instance: Instance, command_type: str, payload: dict[str, str]) -> tuple[Exchange, int]:
    """A request that is no entity's; signed once more where the clocks differ, which the second value tells."""
    command, settings = question(instance, command_type, payload), host.store.settings()
    if settings.standstill:
        return _unsent(host, command, settings.standstill), 0
    return send_twice(host, instance, command, limits_of(settings))


def question(instance: Instance, command_type: str, payload: dict[str, str]) -> contract.Command:
    key = f"{command_type}-{contract.new_nonce()}"
    return contract.Command(key, command_type, "", "", "", instance.name, key, payload)


def send_twice(
    line: Line, instance: Instance, command: contract.Command, limits: Limits
) -> tuple[Exchange, int]:
    """Once where the clocks agree; the second value is by how much they do not."""
    exchange = send(line, instance, command, limits)
    offset = exchange.verdict.offset if exchange.verdict.action == answers.RESIGN else 0
    if offset:
        exchange = send(line, instance, command, limits, offset=offset)
    return exchange, offset


def _unsent(line: Line, command: contract.Command, reason: str) -> Exchange:
    now, error = line.clock.now(), TransportError("blocked", reason)
    return Exchange(judge(0, {}, b"", error, command, now), now, 0, no_answer=reason)


def ping(host: Host, instance: Instance, secret: str = "") -> tuple[Exchange, int]:
    """Signed with the instance's secret unless another is given."""
    return ask(host, replace(instance, secret=secret or instance.secret), contract.PING, {})
