"""Requests to Salla's Merchant API: token, limits, paging, and what an answer means.

ref: docs.salla.dev/421123m0 (responses), docs.salla.dev/421124m0 (pagination), docs.salla.dev/421125m0 (limits)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Protocol
from urllib.parse import urlencode

from salla_manager.contract import dump_json
from salla_manager.core.addresses import TransportError
from salla_manager.core.transport import HttpAnswer
from salla_manager.core.transport import Limits as HttpLimits
from salla_manager.platforms.pace import Budget
from salla_manager.platforms.port import ShopError
from salla_manager.platforms.salla.errors import Gone, body_of, is_ban, is_token_invalid, refusal
from salla_manager.platforms.salla.limits import Limits
from salla_manager.platforms.values import mapping, rows

PER_PAGE = 60
MAX_ANSWER = 16 * 1024 * 1024
MAX_PAGES = 20_000
_BANNED = (
    "Salla shuts itself to this store's calls for a while (403), as it does where it takes them for abuse"
)

# Called without argument for a token, and with one that the shop refused for another.
TokenProvider = Callable[..., str]


class HttpGet(Protocol):
    def get(self, url: str, headers: Any, limits: HttpLimits) -> HttpAnswer:
        """Raises TransportError."""

    def send(self, method: str, url: str, body: bytes | None, headers: Any, limits: HttpLimits) -> HttpAnswer:
        """Raises TransportError."""


class SallaApi:
    """Calls and paging, in one lane. All methods raise ShopError."""

    def __init__(
        self,
        tokens: TokenProvider,
        transport: HttpGet,
        base_url: str,
        limits: Limits,
        *,
        lane: str,
        http: HttpLimits,
        sleep: Callable[[float], None],
    ):
        self._tokens = tokens
        self._transport = transport
        self._base_url = base_url.rstrip("/")
        self._limits = limits
        self._lane = lane
        self._http = replace(http, max_answer=MAX_ANSWER)
        self._sleep = sleep

    def single(self, path: str, budget: Budget) -> dict[str, Any] | None:
        try:
            data = self.get(path, {}, budget).get("data")
        except Gone:
            return None
        if not isinstance(data, dict) or not data:
            raise ShopError("unreadable", f"GET {path}: the answer has no object in `data`.")
        return data

    def pages(self, path: str, query: dict[str, Any], budget: Budget) -> Iterator[dict[str, Any]]:
        """Rows of all pages. The shop may cap per_page, so its own counters say where the end is."""
        for number in range(1, MAX_PAGES):
            page = self.page(path, query, number, budget)
            yield from page.rows
            if page.number >= page.pages:
                return
            if page.number < number:
                raise ShopError("unreadable", f"GET {path}: page {page.number} came for page {number}.")
        raise ShopError("unreadable", f"GET {path}: the list does not end after {MAX_PAGES} pages.")

    def page(self, path: str, query: dict[str, Any], number: int, budget: Budget) -> RawPage:
        answer = self.get(path, {**query, "page": number, "per_page": PER_PAGE}, budget)
        if not isinstance(answer.get("data"), list | dict):
            raise ShopError("unreadable", f"GET {path}: the answer has no list in `data`.")
        return RawPage(rows(answer["data"]), mapping(answer.get("pagination")), number)

    def get(self, path: str, query: dict[str, Any], budget: Budget) -> dict[str, Any]:
        return self._call("GET", path, query, None, budget)

    def send(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        budget: Budget,
        query: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """A change. It is repeated only where Salla has refused it unread, by its limit or for the token."""
        return self._call(method, path, query or {}, dump_json(body) if body is not None else b"", budget)

    def _call(
        self, method: str, path: str, query: dict[str, Any], body: bytes | None, budget: Budget
    ) -> dict[str, Any]:
        token, is_second_token = self._tokens(), False
        while True:
            self._await_turn(path, budget)
            answer = self._send(method, path, query, body, token)
            pause = self._limits.learn(path, answer.status, answer.headers)
            if pause and not budget.has(pause):
                raise _throttled(path, "Salla asks to wait", pause, answer.status)
            if pause:
                continue
            if is_ban(answer.status, answer.body):
                raise _throttled(path, _BANNED, self._limits.ban(), answer.status)
            if answer.status == 401 and not is_second_token and is_token_invalid(answer.body):
                token, is_second_token = self._tokens(token), True
                continue
            return _read(f"{method} {path}", answer, is_change=method != "GET")

    def _await_turn(self, path: str, budget: Budget) -> None:
        while wait := self._limits.take(path, self._lane):
            if not budget.take(wait):
                raise _throttled(path, "The shop's limit leaves no place for it now", wait)
            self._sleep(wait)

    def _send(
        self, method: str, path: str, query: dict[str, Any], body: bytes | None, token: str
    ) -> HttpAnswer:
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            # A compressed answer could unfold to any size.
            "Accept-Encoding": "identity",
        }
        url = f"{self._base_url}{path}" + (f"?{urlencode(query, doseq=True)}" if query else "")
        try:
            if method == "GET":
                return self._transport.get(url, headers, self._http)
            return self._transport.send(
                method, url, body, {**headers, "Content-Type": "application/json"}, self._http
            )
        except TransportError as error:
            kind = {"blocked": "refused", "too_large": "unreadable"}.get(error.kind, "offline")
            raise ShopError(kind, f"{method} {path}: {error}") from error


class RawPage:
    """A page of a list, and where it stands in it by the shop's own counters."""

    def __init__(self, found: list[dict[str, Any]], paging: dict[str, Any], asked: int):
        self.rows = found
        self.number = _count(paging, "currentPage", asked)
        self.pages = _count(paging, "totalPages", 1)
        self.total = _count(paging, "total", len(found))
        self.size = max(1, _count(paging, "perPage", len(found) or 1))


def _read(call: str, answer: HttpAnswer, is_change: bool = False) -> dict[str, Any]:
    status = answer.status
    if status >= 500:
        raise ShopError("offline", f"{call}: Salla answered {status}.", http_status=status)
    body = body_of(answer.body)
    if status >= 300:
        raise refusal(call, status, body)
    if not body and is_change and not answer.body.strip():
        # 204 says all by itself.
        return {}
    if not body:
        raise ShopError("unreadable", f"{call}: {status} without a JSON object.", http_status=status)
    if body.get("success") is False:
        raise refusal(call, _count(body, "status", status), body)
    return body


def _throttled(path: str, why: str, wait: float, status: int = 0) -> ShopError:
    return ShopError("throttled", f"GET {path}: {why}.", http_status=status, retry_after=wait)


def _count(holder: dict[str, Any], name: str, default: int) -> int:
    try:
        return int(holder.get(name, default))
    except (TypeError, ValueError):
        return default
