"""A signed ping to an ERP Instance, for the button that tests the connection."""

from __future__ import annotations

from typing import Any

from salla_manager import contract
from salla_manager.core import answers
from salla_manager.core.host import Host
from salla_manager.core.transport import TransportError, limits_of


def ping(host: Host, instance_name: str) -> dict[str, Any]:
    """ok, message and what the other side says of itself (versions, missing settings)."""
    instance = host.store.instance(instance_name)
    if instance is None or not instance.secret:
        return {"ok": False, "message": f"{instance_name} has no shared secret."}
    key = f"ping-{contract.new_nonce()}"
    command = contract.Command(key, contract.PING, "", "", "", instance.name, key, {})
    body = contract.encode_command(command)
    now = host.clock.now()
    headers = contract.signed_headers(instance.name, instance.secret, body, key, now=int(now.timestamp()))
    url = instance.url.rstrip("/") + contract.DISPATCH_PATH
    try:
        answer = host.transport.post(url, body, headers, limits_of(host.store.settings()))
    except TransportError as error:
        return {"ok": False, "message": str(error)}
    verdict = answers.judge(answer.status, answer.headers, answer.body, None, command, now)
    payload = verdict.ack.payload if verdict.ack else {}
    return {
        "ok": verdict.action == answers.DONE,
        "message": verdict.reason or str(payload.get("message") or ""),
        "http_status": answer.status,
        "clock_offset": verdict.offset,
        "payload": payload,
    }
