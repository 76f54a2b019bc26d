"""Access tokens of one store. The refresh token is single-use: whoever uses it twice loses the store.

A second use revokes the whole chain and the merchant has to install the app again. So it is used under a
lock, after a second look, once, and its successor is kept before the lock is let go.
ref: docs.salla.dev/421118m0
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

import requests

from salla_manager.platforms.body import load_body
from salla_manager.platforms.port import ShopError

TOKEN_URL = "https://accounts.salla.sa/oauth2/token"
REFRESH_BEFORE = 24 * 3600
_REINSTALL = "The merchant has to install the app again."


class TokenStore(Protocol):
    """Keeps the tokens of one store: access_token, refresh_token, expires (Unix seconds), scope."""

    def load(self) -> dict[str, Any] | None: ...

    def save(self, tokens: dict[str, Any]) -> None:
        """Durable when it returns, whatever becomes of the caller's transaction. Keeps unknown keys."""

    def lock(self) -> AbstractContextManager[None]:
        """One holder at a time for this store, across processes and hosts."""


class Tokens:
    """A TokenProvider: `tokens()` gives a token that should do, `tokens(refused)` one other than the refused."""

    def __init__(
        self,
        store: TokenStore,
        client_id: str,
        client_secret: str,
        transport: Any = None,
        *,
        token_url: str = TOKEN_URL,
        now: Callable[[], float] = time.time,
        timeout: tuple[float, float] = (5.0, 20.0),
    ):
        self._store = store
        self._client = {"client_id": client_id, "client_secret": client_secret}
        self._transport = transport if transport is not None else requests.Session()
        self._token_url = token_url
        self._now = now
        self._timeout = timeout

    def __call__(self, refused: str | None = None) -> str:
        """Raises ShopError: `unauthorized` where only a new installation helps, else `offline` or `throttled`."""
        tokens = self._load()
        if not self._needs_refresh(tokens, refused):
            return tokens["access_token"]
        with self._store.lock():
            # Another worker may have refreshed while this one waited.
            tokens = self._load()
            if self._needs_refresh(tokens, refused):
                tokens = self._refresh(tokens, refused)
        return tokens["access_token"]

    def _load(self) -> dict[str, Any]:
        tokens = self._store.load() or {}
        if not tokens.get("access_token"):
            raise ShopError(
                "unauthorized", "There is no access token; the app has to be installed in the shop."
            )
        return tokens

    def _needs_refresh(self, tokens: dict[str, Any], refused: str | None) -> bool:
        if refused is not None:
            return tokens["access_token"] == refused
        ends = expiry(tokens, 0)
        if not ends:
            return False
        left = ends - self._now()
        # After an unclear refresh a second use could revoke the token that still works: use that up first.
        return left < (0 if tokens.get("refresh_problem") else REFRESH_BEFORE)

    def _refresh(self, tokens: dict[str, Any], refused: str | None) -> dict[str, Any]:
        if tokens.get("is_revoked") or not tokens.get("refresh_token"):
            raise ShopError(
                "unauthorized", f"The refresh token is missing or spent. {_REINSTALL}", http_status=401
            )
        try:
            fresh = self._request(tokens)
        except ShopError as error:
            is_usable = refused is None and expiry(tokens, 0) > self._now()
            # There is a day left to try again.
            if is_usable and error.is_retryable:
                return tokens
            raise
        self._store.save(fresh)
        return fresh

    def _request(self, tokens: dict[str, Any]) -> dict[str, Any]:
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], **self._client}
        try:
            answer = self._transport.post(
                self._token_url, data=form, timeout=self._timeout, allow_redirects=False
            )
        except requests.ConnectTimeout as error:
            raise ShopError("offline", f"Salla's token service cannot be reached: {error}") from error
        except requests.RequestException as error:
            self._note(tokens, "no answer came")
            raise ShopError(
                "offline", f"Salla's token service gave no answer: {type(error).__name__}"
            ) from error
        body = _object(answer.content)
        if answer.status_code == 200 and body.get("access_token"):
            return self._successor(tokens, body)
        raise self._refusal(tokens, answer.status_code, body)

    def _successor(self, tokens: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        kept = {
            key: value
            for key, value in tokens.items()
            if key not in ("refresh_problem", "is_revoked", "expires_in")
        }
        return {
            **kept,
            "access_token": str(body["access_token"]),
            "refresh_token": str(body.get("refresh_token") or ""),
            "expires": expiry(body, self._now()),
            "scope": str(body.get("scope") or tokens.get("scope") or ""),
        }

    def _refusal(self, tokens: dict[str, Any], status: int, body: dict[str, Any]) -> ShopError:
        if status == 429:
            return ShopError("throttled", "Salla's token service asks to wait.", http_status=status)
        if body.get("error") == "invalid_grant":
            self._store.save({**tokens, "is_revoked": True})
            message = f"Salla no longer takes the refresh token (invalid_grant). {_REINSTALL}"
            return ShopError("unauthorized", message, http_status=status)
        self._note(tokens, f"HTTP {status}")
        kind = "unauthorized" if 400 <= status < 500 else "offline"
        word = str(body.get("error") or "no reason given")[:100]
        return ShopError(kind, f"Salla's token service answered {status}: {word}", http_status=status)

    def _note(self, tokens: dict[str, Any], problem: str) -> None:
        self._store.save({**tokens, "refresh_problem": problem})


def expiry(tokens: dict[str, Any], now: float) -> int:
    """When the access token ends, in Unix seconds, out of `expires` (absolute) or `expires_in` (relative).

    ref: docs.salla.dev/421118m0 has the first, the official SDK the second. 0 where neither is given.
    """
    for name in ("expires", "expires_in"):
        try:
            value = int(float(tokens.get(name) or 0))
        except (TypeError, ValueError):
            continue
        if value > 0:
            # Both names have been seen with both meanings; no token lives for 30 years.
            return value if value > 10**9 else int(now) + value
    return 0


def _object(content: bytes) -> dict[str, Any]:
    try:
        body = load_body(content)
    except ValueError:
        return {}
    body = body if isinstance(body, dict) else {}
    return body["data"] if isinstance(body.get("data"), dict) else body
