"""Salla's tokens: the access token runs out, the refresh token works once. ref: docs.salla.dev/421118m0"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

SCOPES = (
    "orders.read_write products.read_write customers.read categories.read brands.read branches.read"
    " settings.read shipping.read webhooks.read_write offline_access"
)


class OAuth:
    """Issues and refreshes the tokens of one store. lifetime in seconds."""

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        lifetime: int = 14 * 24 * 3600,
        now: Callable[[], float] = time.time,
    ):
        self.client_id, self.client_secret, self.lifetime, self._now = client_id, client_secret, lifetime, now
        self.scope = SCOPES
        # Some answers are said to carry expires_in instead of expires.
        self.says_expires_in = False
        self.refreshes = 0
        self._access: dict[str, float] = {}
        self._refresh: str | None = None
        self._spent: set[str] = set()
        self._codes: dict[str, str] = {}
        # The merchant presses No.
        self.refuses_consent = False
        self._lock = threading.Lock()

    def issue(self) -> dict[str, Any]:
        """Fresh tokens, as app.store.authorize brings them; older ones die, as after a new installation."""
        with self._lock:
            self._access.clear()
            return self._new_pair()

    def consent(self, query: Mapping[str, str]) -> str:
        """The authorization page, where the merchant agrees at once: where the browser goes, "" if Salla refuses."""
        redirect_url = query.get("redirect_uri", "")
        is_known = query.get("client_id") == self.client_id and query.get("response_type") == "code"
        if not is_known or "offline_access" not in query.get("scope", "") or not redirect_url:
            return ""
        state = query.get("state", "").replace("-", "")
        if self.refuses_consent:
            return f"{redirect_url}?{urlencode({'error': 'access_denied', 'state': state})}"
        code = f"code-{secrets.token_hex(16)}"
        with self._lock:
            self._codes[code] = redirect_url
        return f"{redirect_url}?{urlencode({'code': code, 'scope': self.scope, 'state': state})}"

    def answer(self, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """The token endpoint: (status, body)."""
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return 401, {"error": "invalid_client"}
        if form.get("grant_type") == "authorization_code":
            return self._redeem(form)
        if form.get("grant_type") != "refresh_token":
            return 400, {"error": "unsupported_grant_type"}
        with self._lock:
            given = form.get("refresh_token", "")
            if self._refresh is None or given != self._refresh:
                self._revoke_if_spent(given)
                return 401, {"error": "invalid_grant"}
            self._spent.add(given)
            self.refreshes += 1
            return 200, self._new_pair()

    def _redeem(self, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        with self._lock:
            # A code works once, and for the address that it was sent to.
            redirect_url = self._codes.pop(form.get("code", ""), None)
            if redirect_url is None or redirect_url != form.get("redirect_uri"):
                return 401, {"error": "invalid_grant"}
            return 200, self._new_pair()

    def accepts(self, authorization: str) -> bool:
        kind, _, token = authorization.partition(" ")
        return kind == "Bearer" and self._access.get(token, 0) > self._now()

    def expire(self) -> None:
        """The access tokens end now; the refresh token still works."""
        self._access.clear()

    def uninstall(self) -> None:
        with self._lock:
            self._access.clear()
            self._refresh = None

    def _revoke_if_spent(self, given: str) -> None:
        if given in self._spent:
            self._access.clear()
            self._refresh = None

    def _new_pair(self) -> dict[str, Any]:
        access, self._refresh = f"at-{secrets.token_hex(16)}", f"rt-{secrets.token_hex(16)}"
        ends = self._now() + self.lifetime
        self._access[access] = ends
        end = {"expires_in": self.lifetime} if self.says_expires_in else {"expires": int(ends)}
        return {
            "access_token": access,
            **end,
            "refresh_token": self._refresh,
            "scope": self.scope,
            "token_type": "bearer",
        }
