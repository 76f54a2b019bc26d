"""Access tokens of one store. The refresh token is single-use: whoever uses it twice loses the store.

A second use revokes the whole chain and the merchant has to install the app again. So it is used under a
lock, after a second look, once, and its successor is kept before the lock is let go.
ref: docs.salla.dev/421118m0
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from salla_manager.core.transport import HttpAnswer, HttpTransport, Limits
from salla_manager.platforms.port import ShopError
from salla_manager.platforms.salla.accounts import Accounts, GrantError, expiry
from salla_manager.platforms.salla.errors import INACTIVE, SCOPE, USER_GONE, body_of, kind_of_401, message_of

DAY = 24 * 3600
# What a worker does in its way; the scheduler comes days before.
REFRESH_BEFORE = DAY
# After a refresh that failed without using the token.
PAUSE = 600
# When the scheduler comes: long before the alarm, and not to all stores in the same hour.
AHEAD, SPREAD = 4 * DAY, DAY
# So close to the end, something keeps the scheduler from refreshing.
ALARM = 3 * DAY
INSTALL_AGAIN = "The merchant has to install the app again."


class TokenStore(Protocol):
    """Keeps the tokens of one store: access_token, refresh_token, expires and obtained (Unix seconds), scope, and what
    became of them: is_revoked, refresh_problem (the last refresh ended unclear), refresh_refused (it was refused and
    the token is unused), retry_at (Unix seconds; not before, while the token lives), lost, inactive, missing_scope
    (what the API said of the access)."""

    def load(self) -> dict[str, Any] | None: ...

    def save(self, tokens: dict[str, Any]) -> None:
        """Durable when it returns, whatever becomes of the caller's transaction. Keeps unknown keys."""

    def lock(self) -> AbstractContextManager[None]:
        """One holder at a time for this store, across processes and hosts."""


class Tokens:
    """A TokenProvider: `tokens()` gives a token that should do, `tokens(refused)` one other than the refused.

    now gives Unix seconds; standstill: why this hub may not use the refresh token up, empty where it may.
    """

    def __init__(
        self,
        store: TokenStore,
        accounts: Accounts,
        *,
        now: Callable[[], float] = time.time,
        standstill: Callable[[], str] = lambda: "",
    ):
        self._store = store
        self._accounts = accounts
        self._now = now
        self._standstill = standstill
        self._seen: dict[str, Any] = {}

    def __call__(self, refused: str | None = None) -> str:
        """Raises ShopError: `unauthorized` where only a new installation helps, else `offline` or `throttled`."""
        return self._current(refused, REFRESH_BEFORE)["access_token"]

    def refresh_ahead(self, before: float) -> bool:
        """For the scheduler: refresh what ends within `before` seconds. Whether it was. Raises ShopError."""
        obtained = self._load()["access_token"]
        return self._current(None, before)["access_token"] != obtained

    def _current(self, refused: str | None, before: float) -> dict[str, Any]:
        tokens = self._load()
        if not self._needs_refresh(tokens, refused, before):
            return tokens
        with self._store.lock():
            # Another worker may have refreshed while this one waited.
            tokens = self._load()
            if self._needs_refresh(tokens, refused, before):
                tokens = self._refresh(tokens, refused)
        return tokens

    def _load(self) -> dict[str, Any]:
        self._seen = tokens = self._store.load() or {}
        if not tokens.get("access_token"):
            raise ShopError(
                "unauthorized", "There is no access token; the app has to be installed in the shop."
            )
        if tokens.get("lost") or tokens.get("is_revoked"):
            raise ShopError("unauthorized", access_problem(tokens), http_status=401)
        return tokens

    def _needs_refresh(self, tokens: dict[str, Any], refused: str | None, before: float) -> bool:
        if refused is not None:
            return tokens["access_token"] == refused
        ends = expiry(tokens, 0)
        if not ends:
            return False
        # After an unclear refresh a second use could revoke the token that still works: use that up first.
        is_to_wait = tokens.get("retry_at", 0) > self._now()
        if tokens.get("refresh_problem") or is_to_wait:
            before = 0
        # A token of an hour must not be refreshed at every call.
        lifetime = ends - tokens["obtained"] if tokens.get("obtained") else 2 * before
        return ends - self._now() < min(before, lifetime / 2)

    def _refresh(self, tokens: dict[str, Any], refused: str | None) -> dict[str, Any]:
        standstill = self._standstill()
        if standstill:
            # A copy that refreshes cuts the original off.
            raise ShopError("offline", standstill)
        if not tokens.get("refresh_token"):
            raise ShopError("unauthorized", f"There is no refresh token. {INSTALL_AGAIN}", http_status=401)
        try:
            fresh = self._accounts.refresh(tokens["refresh_token"])
        except GrantError as error:
            self._note(tokens, error)
            if error.outcome == "spent":
                raise ShopError("unauthorized", f"{error} {INSTALL_AGAIN}", http_status=401) from error
            is_usable = refused is None and expiry(tokens, 0) > self._now()
            # There is time left to try again.
            if is_usable:
                return tokens
            raise
        fresh = {**_carried(tokens), **fresh, "scope": fresh["scope"] or tokens.get("scope") or ""}
        self._store.save(fresh)
        return fresh

    def _note(self, tokens: dict[str, Any], error: GrantError) -> None:
        if error.outcome == "spent":
            self._store.save({**tokens, "is_revoked": True})
        elif error.outcome == "unclear":
            self._store.save({**tokens, "refresh_problem": str(error)})
        else:
            refused = {"refresh_refused": str(error)} if error.kind == "unauthorized" else {}
            self._store.save({**tokens, **refused, "retry_at": int(self._now()) + PAUSE})

    def learn(self, answer: HttpAnswer) -> None:
        """What an answer of the API says of the access is kept, where it is news."""
        kind = kind_of_401(answer.body) if answer.status == 401 else ""
        if kind in _SAID:
            name, words = _SAID[kind]
            self._keep(name, words or message_of(body_of(answer.body)))
        elif answer.status < 300 and self._seen.get("inactive"):
            self._keep("inactive", "")

    def _keep(self, name: str, words: str) -> None:
        if (self._seen.get(name) or "") == words:
            return
        with self._store.lock():
            tokens = self._store.load()
            if tokens:
                self._seen = {**tokens, name: words}
                self._store.save(self._seen)


class WatchedTransport:
    """Passes calls of the API on; what the answers say of the access is kept with the tokens."""

    def __init__(self, transport: HttpTransport, tokens: Tokens):
        self._transport = transport
        self._tokens = tokens

    def get(self, url: str, headers: Mapping[str, str], limits: Limits) -> HttpAnswer:
        """Raises TransportError."""
        answer = self._transport.get(url, headers, limits)
        self._tokens.learn(answer)
        return answer

    def send(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], limits: Limits
    ) -> HttpAnswer:
        """Raises TransportError."""
        answer = self._transport.send(method, url, body, headers, limits)
        self._tokens.learn(answer)
        return answer


# Kind of 401: where it is kept, and in which words; None for Salla's own.
_SAID = {
    USER_GONE: ("lost", "The user who installed the app is gone from the shop."),
    INACTIVE: ("inactive", "The shop's account at Salla is not active."),
    SCOPE: ("missing_scope", None),
}
# What a refresh settles, or gives anew.
_SETTLED = ("refresh_problem", "refresh_refused", "is_revoked", "retry_at", "inactive", "expires_in")


def _carried(tokens: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in tokens.items() if key not in _SETTLED}


def ahead_of(store: str) -> float:
    """Seconds before the end of its token at which a store's turn comes, the same each time."""
    share = int.from_bytes(hashlib.sha256(store.encode()).digest()[:4], "big") / 2**32
    return AHEAD + share * SPREAD


def access_alarm(tokens: dict[str, Any], now: float) -> str:
    """What somebody has to be told of, in a sentence; empty where nothing presses. now: Unix seconds."""
    if tokens.get("lost") or tokens.get("is_revoked"):
        return access_problem(tokens)
    ends = expiry(tokens, 0)
    lifetime = ends - tokens["obtained"] if tokens.get("obtained") else 4 * ALARM
    if not ends or ends - now >= min(ALARM, lifetime / 4):
        return ""
    left = max(0, int(ends - now)) // 3600
    return f"The access ends in {left} hours and could not be renewed. {access_problem(tokens)}".rstrip()


def access_problem(tokens: dict[str, Any]) -> str:
    """What stands in the way of reading the shop, and the way back; empty where nothing does."""
    if tokens.get("lost"):
        return f"{tokens['lost']} {INSTALL_AGAIN}"
    if tokens.get("is_revoked"):
        return (
            "Salla no longer takes the refresh token: the app was removed, or the token was used elsewhere."
            f" {INSTALL_AGAIN}"
        )
    if tokens.get("inactive"):
        return f"{tokens['inactive']} The shop is read again as soon as Salla lets us."
    if tokens.get("refresh_problem"):
        return (
            f"The last refresh ended unclear: {tokens['refresh_problem']} The access still serves until its end; then"
            " one more try is made. To be on the safe side, let the merchant install the app again before that."
        )
    if tokens.get("refresh_refused"):
        return (
            f"{tokens['refresh_refused']} Nothing is lost: correct Client ID and Client Secret in Salla Manager"
            " Settings, and it is tried again."
        )
    if tokens.get("missing_scope"):
        return f"{tokens['missing_scope']} Give the app these scopes in Salla's partner portal and let the merchant update it."
    return ""
