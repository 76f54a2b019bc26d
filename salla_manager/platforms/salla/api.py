"""Requests to Salla's Merchant API: token, limits, paging, and what an answer means.

ref: docs.salla.dev/421123m0 (responses), docs.salla.dev/421124m0 (pagination), docs.salla.dev/421125m0 (limits)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from salla_manager.platforms.body import load_body
from salla_manager.platforms.port import ShopError
from salla_manager.platforms.salla.normalize.common import mapping, rows, text

PER_PAGE = 60
MAX_ANSWER = 16 * 1024 * 1024
MAX_PAGES = 20_000
_DEFAULT_WAIT = 5.0

# Called without argument for a token, and with one that the shop refused for another.
TokenProvider = Callable[..., str]


class Budget:
    """Seconds of waiting that are left."""

    def __init__(self, seconds: float):
        self._left = seconds

    def take(self, seconds: float) -> bool:
        if seconds > self._left:
            return False
        self._left -= seconds
        return True


class SallaApi:
    """GET and its paging. All methods raise ShopError; options as in SallaClient."""

    def __init__(
        self,
        tokens: TokenProvider,
        transport: Any,
        base_url: str,
        *,
        timeout: tuple[float, float],
        deadline: float,
        sleep: Callable[[float], None],
        now: Callable[[], float],
    ):
        self._tokens = tokens
        self._transport = transport
        self._base_url = base_url.rstrip("/")
        self._timeout = timeout
        self._deadline = deadline
        self._sleep = sleep
        self._now = now

    def single(self, path: str, budget: Budget) -> dict[str, Any] | None:
        try:
            data = self.get(path, {}, budget).get("data")
        except ShopError as error:
            if error.http_status in (404, 410):
                return None
            raise
        if not isinstance(data, dict) or not data:
            raise ShopError("unreadable", f"GET {path}: the answer has no object in `data`.")
        return data

    def pages(self, path: str, query: dict[str, Any], budget: Budget) -> Iterator[dict[str, Any]]:
        """Rows of all pages. The shop may cap per_page, so its own counters say where the end is."""
        for page in range(1, MAX_PAGES):
            answer = self.get(path, {**query, "page": page, "per_page": PER_PAGE}, budget)
            if not isinstance(answer.get("data"), list | dict):
                raise ShopError("unreadable", f"GET {path}: the answer has no list in `data`.")
            yield from rows(answer["data"])
            paging = mapping(answer.get("pagination"))
            current = _count(paging, "currentPage", page)
            if current >= _count(paging, "totalPages", 1):
                return
            if current < page:
                raise ShopError("unreadable", f"GET {path}: page {current} came for page {page}.")
        raise ShopError("unreadable", f"GET {path}: the list does not end after {MAX_PAGES} pages.")

    def get(self, path: str, query: dict[str, Any], budget: Budget) -> dict[str, Any]:
        token, is_second_token = self._tokens(), False
        while True:
            status, headers, content = self._send(path, query, token)
            if status == 401 and not is_second_token and _is_token_invalid(content):
                token, is_second_token = self._tokens(token), True
                continue
            try:
                return self._read(path, status, headers, content)
            except ShopError as error:
                if error.kind != "throttled":
                    raise
                pause = _DEFAULT_WAIT if error.retry_after is None else max(error.retry_after, 0.1)
                if not budget.take(pause):
                    raise
                self._sleep(pause)

    def _send(self, path: str, query: dict[str, Any], token: str) -> tuple[int, Any, bytes]:
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            # A compressed answer could unfold to any size.
            "Accept-Encoding": "identity",
        }
        try:
            answer = self._transport.get(
                f"{self._base_url}{path}",
                params=query,
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            )
            try:
                return answer.status_code, answer.headers, self._content(path, answer)
            finally:
                answer.close()
        except (requests.RequestException, HTTPError, OSError) as error:
            raise ShopError("offline", f"GET {path}: {type(error).__name__}") from error

    def _content(self, path: str, answer: Any) -> bytes:
        started, content = time.monotonic(), bytearray()
        for piece in _pieces(answer):
            content += piece
            if len(content) > MAX_ANSWER:
                raise ShopError("unreadable", f"GET {path}: the answer is larger than {MAX_ANSWER} bytes.")
            if time.monotonic() - started > self._deadline:
                raise ShopError("offline", f"GET {path}: the answer took longer than {self._deadline:g} s.")
        return bytes(content)

    def _read(self, path: str, status: int, headers: Any, content: bytes) -> dict[str, Any]:
        if status == 429:
            wait = self._retry_after(headers)
            raise ShopError(
                "throttled", f"GET {path}: Salla asks to wait.", http_status=429, retry_after=wait
            )
        if status >= 500:
            raise ShopError("offline", f"GET {path}: Salla answered {status}.", http_status=status)
        body = _body(content)
        if status >= 300:
            kind = {401: "unauthorized", 403: "forbidden"}.get(status, "refused")
            raise ShopError(kind, f"GET {path}: {status} {_message(body)}", http_status=status)
        if not body:
            raise ShopError("unreadable", f"GET {path}: {status} without a JSON object.", http_status=status)
        if body.get("success") is False:
            code = _count(body, "status", status)
            kind = {401: "unauthorized", 403: "forbidden"}.get(code, "refused")
            raise ShopError(kind, f"GET {path}: {_message(body)}", http_status=code)
        return body

    def _retry_after(self, headers: Any) -> float | None:
        given = (headers.get("Retry-After") or "").strip()
        if given.isdigit():
            return float(given)
        if given:
            try:
                return max(0.0, parsedate_to_datetime(given).timestamp() - self._now())
            except (TypeError, ValueError):
                pass
        reset = (headers.get("X-RateLimit-Reset") or "").strip()
        return max(0.0, float(reset) - self._now()) if reset.isdigit() else None


def _pieces(answer: Any) -> Iterator[bytes]:
    """What has arrived so far, as it arrives: a larger read would wait past the deadline for a slow sender."""
    read_some = getattr(getattr(answer, "raw", None), "read1", None)
    if read_some is None:
        yield from answer.iter_content(128)
        return
    while piece := read_some(65536):
        yield piece


def _is_token_invalid(content: bytes) -> bool:
    # The other four kinds of 401 (scope, user deleted or inactive, spent refresh token) no refresh cures.
    return "access token is invalid" in _message(_body(content)).lower()


def _body(content: bytes) -> dict[str, Any]:
    try:
        body = load_body(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _message(body: dict[str, Any]) -> str:
    error = body.get("error")
    if not isinstance(error, dict):
        return text(error) or text(body.get("message")) or ""
    fields = mapping(error.get("fields"))
    named = "; ".join(f"{name}: {value}" for name, value in fields.items())
    return " ".join(part for part in (text(error.get("message")), named) if part)[:500]


def _count(holder: dict[str, Any], name: str, default: int) -> int:
    try:
        return int(holder.get(name, default))
    except (TypeError, ValueError):
        return default
