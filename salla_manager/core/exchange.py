"""One signed request to an ERP Instance, and what its answer means."""

from __future__ import annotations

from dataclasses import replace

from salla_manager import contract
from salla_manager.core import answers
from salla_manager.core.answers import judge
from salla_manager.core.host import Host
from salla_manager.core.model import Instance
from salla_manager.core.transport import Limits, TransportError, limits_of
from salla_manager.core.verdicts import Exchange


def send(
    host: Host, instance: Instance, command: contract.Command, limits: Limits, *, offset: int = 0
) -> Exchange:
    """offset: seconds by which the ERP's clock is ahead, as far as it has said so."""
    body = contract.encode_command(command)
    started_at, begin = host.clock.now(), host.clock.monotonic()
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
        answer = host.transport.post(url, body, headers, limits)
    except TransportError as failure:
        error = failure
    latency = int((host.clock.monotonic() - begin) * 1000)
    status, names, content = (answer.status, answer.headers, answer.body) if answer else (0, {}, b"")
    verdict = judge(status, names, content, error, command, host.clock.now())
    return Exchange(verdict, started_at, latency, answer, error)


def ask(host: Host, instance: Instance, command_type: str, payload: dict[str, str]) -> tuple[Exchange, int]:
    """A request that is no entity's; signed once more where the clocks differ, which the second value tells."""
    key = f"{command_type}-{contract.new_nonce()}"
    command = contract.Command(key, command_type, "", "", "", instance.name, key, payload)
    settings = host.store.settings()
    if settings.standstill:
        return _unsent(host, command, settings.standstill), 0
    limits = limits_of(settings)
    exchange = send(host, instance, command, limits)
    offset = exchange.verdict.offset if exchange.verdict.action == answers.RESIGN else 0
    if offset:
        exchange = send(host, instance, command, limits, offset=offset)
    return exchange, offset


def _unsent(host: Host, command: contract.Command, reason: str) -> Exchange:
    now, error = host.clock.now(), TransportError("blocked", reason)
    return Exchange(judge(0, {}, b"", error, command, now), now, 0, None, error)


def ping(host: Host, instance: Instance, secret: str = "") -> tuple[Exchange, int]:
    """Signed with the instance's secret unless another is given."""
    return ask(host, replace(instance, secret=secret or instance.secret), contract.PING, {})
