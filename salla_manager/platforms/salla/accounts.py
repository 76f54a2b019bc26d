"""Salla's accounts service: where a merchant gives access, what tokens come of it, and whose shop it is.

ref: docs.salla.dev/421118m0 (authorization)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

from salla_manager.core.addresses import TransportError
from salla_manager.core.transport import HttpAnswer, HttpTransport, Limits
from salla_manager.platforms.port import ShopError
from salla_manager.platforms.salla.errors import body_of, refusal
from salla_manager.platforms.values import identifier, mapping, text

ACCOUNTS_URL = "https://accounts.salla.sa"
HTTP = Limits(connect=5.0, read=20.0, total=30.0)
# Nothing was sent, so a grant that works once still works.
_UNSENT = ("refused", "dns", "tls", "blocked")


@dataclass(frozen=True)
class SallaApp:
    """This app as Salla's partner portal knows it."""

    client_id: str
    client_secret: str = field(repr=False)
    accounts_url: str = ACCOUNTS_URL


@dataclass(frozen=True)
class Merchant:
    id: str
    name: str = ""


class GrantError(ShopError):
    """No tokens came. outcome of the code or refresh token, which works once: `unused` (it still works), `spent`
    (it works no more), `unclear`."""

    def __init__(self, outcome: str, kind: str, message: str, http_status: int = 0):
        super().__init__(kind, message, http_status=http_status)
        self.outcome = outcome


class HttpClient(Protocol):
    def post(self, url: str, body: bytes, headers: Mapping[str, str], limits: Limits) -> HttpAnswer: ...

    def get(self, url: str, headers: Mapping[str, str], limits: Limits) -> HttpAnswer: ...


class Accounts:
    """now gives Unix seconds."""

    def __init__(
        self,
        app: SallaApp,
        transport: HttpClient | None = None,
        http: Limits = HTTP,
        now: Callable[[], float] = time.time,
    ):
        self._app = app
        self._url = app.accounts_url.rstrip("/")
        self._transport = transport or HttpTransport()
        self._http = http
        self._now = now

    def authorize_url(self, redirect_url: str, state: str) -> str:
        """Where the merchant's browser goes. state: letters and digits, since Salla takes hyphens out."""
        query = {
            "client_id": self._app.client_id,
            "response_type": "code",
            "redirect_uri": redirect_url,
            "scope": "offline_access",
            "state": state,
        }
        return f"{self._url}/oauth2/auth?{urlencode(query)}"

    def redeem(self, code: str, redirect_url: str) -> dict[str, Any]:
        """Tokens for the code of a consent, which works once. Raises GrantError."""
        grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_url}
        return self._tokens({**grant, "scope": "offline_access"})

    def refresh(self, refresh_token: str) -> dict[str, Any]:
        """access_token, refresh_token, expires and obtained (Unix seconds), scope. Raises GrantError."""
        return self._tokens({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def merchant(self, access_token: str) -> Merchant:
        """Whose shop the token opens. Raises ShopError."""
        path = "/oauth2/user/info"
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
        try:
            answer = self._transport.get(self._url + path, headers, self._http)
        except TransportError as error:
            raise ShopError("offline", f"GET {path}: {error}") from error
        body = body_of(answer.body)
        if answer.status != 200:
            raise refusal(f"GET {path}", answer.status, body)
        merchant = mapping(_unwrapped(body).get("merchant"))
        merchant_id = identifier(merchant.get("id"))
        if merchant_id is None:
            raise ShopError("unreadable", f"GET {path}: the answer names no merchant.")
        return Merchant(merchant_id, text(merchant.get("name")) or "")

    def _tokens(self, grant: dict[str, str]) -> dict[str, Any]:
        form = {**grant, "client_id": self._app.client_id, "client_secret": self._app.client_secret}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        try:
            answer = self._transport.post(
                f"{self._url}/oauth2/token", urlencode(form).encode(), headers, self._http
            )
        except TransportError as error:
            outcome = "unused" if error.kind in _UNSENT else "unclear"
            raise GrantError(outcome, "offline", f"Salla's token service: {error}") from error
        body = _unwrapped(body_of(answer.body))
        if answer.status != 200 or not text(body.get("access_token")):
            raise _refused(answer.status, body)
        return {
            "access_token": text(body["access_token"]),
            "refresh_token": text(body.get("refresh_token")) or "",
            "expires": expiry(body, self._now()),
            "obtained": int(self._now()),
            "scope": text(body.get("scope")) or "",
        }


def _refused(status: int, body: dict[str, Any]) -> GrantError:
    word = (text(body.get("error")) or "")[:100]
    if status == 429:
        return GrantError("unused", "throttled", "Salla's token service asks to wait.", status)
    if word == "invalid_grant":
        message = "Salla no longer takes the code or refresh token (invalid_grant)."
        return GrantError("spent", "unauthorized", message, status)
    told = f"Salla's token service answered {status}: {word or 'no reason given'}"
    if 400 <= status < 500 and word:
        return GrantError("unused", "unauthorized", told, status)
    return GrantError("unclear", "offline", told, status)


def _unwrapped(body: dict[str, Any]) -> dict[str, Any]:
    # Sources differ on whether answers of this service lie in `data`.
    return body["data"] if isinstance(body.get("data"), dict) else body


def expiry(tokens: dict[str, Any], now: float) -> int:
    """When the access token ends, in Unix seconds, out of `expires` (absolute) or `expires_in` (relative).

    ref: docs.salla.dev/421118m0 has the first, the official SDK the second. 0 where neither is given.
    """
    for name in ("expires", "expires_in"):
        try:
            value = int(float(tokens.get(name) or 0))
        except (TypeError, ValueError, OverflowError):
            continue
        if value > 0:
            # Both names have been seen with both meanings; no token lives for 30 years.
            return value if value > 10**9 else int(now) + value
    return 0
