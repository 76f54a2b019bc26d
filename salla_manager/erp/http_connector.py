"""A base for connectors that speak HTTP: the hub's own client, and what an answer asks the dispatcher to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from salla_manager import contract
from salla_manager.core.addresses import TransportError
from salla_manager.core.retry import retry_after
from salla_manager.core.transport import HttpAnswer, HttpTransport, Limits
from salla_manager.erp.base import BaseConnector
from salla_manager.erp.port import ConnectorError

_NOT_SENT = ("refused", "dns", "tls", "blocked")
_SIGN_IN = (401, 403)
_MISDIRECTED = (301, 302, 303, 307, 308, 404, 410)
# A conflict is another request at work on it, or for good: which one, the attempts that are left will tell.
_AGAIN = (408, 409, 425)


class HttpConnector(BaseConnector):
    """Only https to public addresses, unless the hub allows more; no redirects; an end in bytes and in time."""

    def __init__(self, limits: Limits | None = None) -> None:
        super().__init__(limits)
        self._transport = HttpTransport()

    def post(self, url: str, body: Any, headers: Mapping[str, str]) -> HttpAnswer:
        """body: a JSON value, Decimals as texts. Gives a 2xx. Raises ConnectorError."""
        headers = {"Content-Type": "application/json", **headers}
        return self.send("POST", url, contract.dump_json(body), headers)

    def get(self, url: str, headers: Mapping[str, str]) -> HttpAnswer:
        """Gives a 2xx. Raises ConnectorError."""
        return self.send("GET", url, None, headers)

    def send(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> HttpAnswer:
        """Gives a 2xx. Raises ConnectorError."""
        try:
            answer = self._transport.send(method, url, body, headers, self.limits)
        except TransportError as error:
            raise _no_answer(error) from None
        if not 200 <= answer.status < 300:
            raise error_of(answer)
        return answer

    def json_of(self, answer: HttpAnswer) -> dict[str, Any]:
        """The object of an answer. Raises ConnectorError where it is none, as of a proxy's page."""
        try:
            value = contract.load_json(answer.body)
        except contract.ProtocolError:
            value = None
        if not isinstance(value, dict):
            raise ConnectorError(
                f"HTTP {answer.status}, and no JSON object: {_excerpt(answer)}. Does the URL lead to the ERP itself?",
                is_uncertain=True,
            )
        return value


def error_of(answer: HttpAnswer) -> ConnectorError:
    """What an answer other than 2xx asks for; by the status alone, since every ERP has words of its own."""
    status, said = answer.status, f"HTTP {answer.status}: {_excerpt(answer)}"
    asked = retry_after(answer.headers.get("retry-after"), datetime.now(timezone.utc))
    if status in _SIGN_IN:
        return _break(f"{said}. The ERP does not let the hub in. Check what it signs in with.")
    if status in _MISDIRECTED:
        return _break(f"{said}. Nothing takes commands there. Correct the URL.")
    if status == 429 or (status == 503 and asked is not None):
        return ConnectorError(
            f"{said}. The ERP asks for patience.",
            retry_after=asked or 0,
            burns_attempt=False,
            is_throttled=True,
        )
    if 400 <= status < 500 and status not in _AGAIN:
        return ConnectorError(
            f"{said}. The ERP refuses this one. Mend what it says, then retry.", action="dead"
        )
    return ConnectorError(f"{said}. It is tried again; look at the ERP if it stays.", is_uncertain=True)


def _no_answer(error: TransportError) -> ConnectorError:
    was_sent = error.kind not in _NOT_SENT
    return ConnectorError(
        str(error),
        action="break" if error.kind in ("dns", "tls", "blocked") else "retry",
        burns_attempt=was_sent,
        is_uncertain=was_sent,
    )


def _break(message: str) -> ConnectorError:
    return ConnectorError(message, action="break", burns_attempt=False)


def _excerpt(answer: HttpAnswer) -> str:
    return " ".join(answer.body[:400].decode("utf-8", "replace").split())[:200] or "no words"
