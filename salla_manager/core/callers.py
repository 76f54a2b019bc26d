"""Which ERP asks: signed requests to the hub, and the form of their answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from salla_manager import contract
from salla_manager.core import shared_secret
from salla_manager.core.host import Host
from salla_manager.core.model import Instance

_STANDS_STILL = "This hub stands still until its operator says that it is the live one; its Salla Manager Settings say why."
# Bytes; nothing that is asked besides a pull is longer.
SMALL_BODY = 4096


def authenticate(
    raw: bytes,
    headers: Mapping[str, str],
    host: Host,
    *,
    with_code: bool = False,
    also_disabled: bool = False,
) -> tuple[Instance, contract.SignedRequest]:
    """Raises ProtocolError 400, 401, 413 or, from a copy of the hub, 503. with_code: a pairing code may sign it too."""
    settings, now = host.store.settings(), host.clock.now()
    named = headers.get(contract.HEADER_INSTANCE) or ""
    found = host.store.instance_or_other(named)
    is_usable = found is not None and found.name == named and (found.is_enabled or also_disabled)
    usable = found if is_usable else None
    request = contract.verify(
        headers,
        raw,
        instance_id=usable.name if usable else "",
        # For a stranger those of another one are tried: the time of the answer must not tell who is known.
        secrets=shared_secret.taken(found, now, with_code=with_code) if found else (),
        now=int(now.timestamp()),
        window=settings.timestamp_window,
    )
    assert usable is not None
    # Signed for now + window, it stays valid until now + 2 x window.
    lifetime = timedelta(seconds=2 * settings.timestamp_window + 60)
    expires_at = datetime.fromtimestamp(request.timestamp, timezone.utc) + lifetime
    if not host.store.remember_nonce(request.instance_id, request.nonce, expires_at):
        raise contract.ProtocolError(401, "nonce_used", "The nonce was used before. Sign each request anew.")
    if settings.standstill:
        # Not its own sentence: the names of servers are the operator's.
        raise contract.ProtocolError(503, "standstill", _STANDS_STILL, retryable=True)
    if request.secret == usable.pending_secret:
        # The ERP signs with it, so it has kept it.
        shared_secret.promote(host, usable.name, request.secret)
    return usable, request


def read_body(raw: bytes, request: contract.SignedRequest, action: str) -> dict[str, Any]:
    """The JSON object of a small request, which names its own action and instance, as the signature covers neither
    path nor header. Raises ProtocolError 400 or 413."""
    contract.check_size(raw, SMALL_BODY)
    body = contract.load_json(raw)
    if not isinstance(body, dict) or body.get("action") != action:
        raise contract.ProtocolError(
            400, "bad_request", f"The body has to be an object with action {action}."
        )
    if body.get("erp_instance") != request.instance_id:
        raise contract.ProtocolError(
            400, "header_mismatch", f"{contract.HEADER_INSTANCE} and the body's erp_instance differ."
        )
    return body


def answered(work: Callable[[], dict[str, Any]]) -> tuple[int, dict[str, Any]]:
    """(HTTP status, answer). Never raises ProtocolError."""
    try:
        return 200, {"ok": True, **work()}
    except contract.ProtocolError as error:
        return refusal(error)


def refusal(error: contract.ProtocolError) -> tuple[int, dict[str, Any]]:
    said = {"ok": False, "error_code": error.error_code, "message": error.reason}
    return error.http_status, {**said, **error.extra}
