"""Requests to WooCommerce's REST API v3: the key, the pace, pages that shrink, and what an answer means.

ref: woocommerce.github.io/woocommerce-rest-api-docs
"""

from __future__ import annotations

import base64
import re
import uuid
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import urlencode

from salla_manager.contract import dump_json
from salla_manager.core.addresses import TransportError
from salla_manager.core.transport import HttpAnswer
from salla_manager.core.transport import Limits as HttpLimits
from salla_manager.platforms.body import load_body, load_rows
from salla_manager.platforms.pace import Budget
from salla_manager.platforms.port import ShopError
from salla_manager.platforms.values import identifier, rows
from salla_manager.platforms.woocommerce.errors import (
    GONE,
    NO_ROUTE,
    PAGE,
    WooError,
    of_envelope,
    of_other_content,
    of_transport,
)
from salla_manager.platforms.woocommerce.limits import Limits
from salla_manager.platforms.woocommerce.site import check_secure, site_url

V3 = "/wc/v3"
MAX_ANSWER = 16 * 1024 * 1024
# Each divides the one before it, so that a place in a list stays one when the size changes.
SIZES = (100, 50, 25, 5, 1)
# So many good pages before a larger one is tried again.
_STREAK = 4


# From the bytes of an answer to what they hold, None where they are not that.
Parse = Callable[[bytes], Any]


class Http(Protocol):
    def get(self, url: str, headers: Mapping[str, str], limits: HttpLimits) -> HttpAnswer:
        """Raises TransportError."""

    def send(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], limits: HttpLimits
    ) -> HttpAnswer:
        """Raises TransportError."""


@dataclass(frozen=True)
class Key:
    """A consumer key of the shop. in_query: sent in the URL, for servers that drop the header; logs keep URLs."""

    name: str
    secret: str = field(repr=False)
    in_query: bool = False

    def header(self) -> str:
        return "Basic " + base64.b64encode(f"{self.name}:{self.secret}".encode()).decode()

    def query(self) -> dict[str, str]:
        return {"consumer_key": self.name, "consumer_secret": self.secret}


@dataclass(frozen=True)
class Answer:
    """JSON of the shop. headers: names in lower case."""

    body: Any
    headers: Mapping[str, str]

    @property
    def total(self) -> int | None:
        """Rows of the whole list; None where something in between took the header away."""
        return _whole(self.headers.get("x-wp-total", ""))

    @property
    def pages(self) -> int | None:
        return _whole(self.headers.get("x-wp-totalpages", ""))

    @property
    def has_next(self) -> bool | None:
        """By the header Link; None where there is none."""
        link = self.headers.get("link")
        return None if link is None else 'rel="next"' in link

    @property
    def at(self) -> datetime | None:
        """The shop's clock."""
        try:
            return parsedate_to_datetime(self.headers.get("date", "")).astimezone(timezone.utc)
        except (TypeError, ValueError):
            return None


@dataclass
class Site:
    """One shop as this client has come to know it, shared by its lanes. The rest is None until it is found out."""

    url: str
    key: Key
    # Without pretty permalinks there is no /wp-json/.
    is_plain: bool | None = None
    has_variations: bool | None = None
    has_refunds: bool | None = None
    largest: int = SIZES[0]
    streak: int = 0

    def address(self, path: str, query: Mapping[str, Any]) -> str:
        if self.is_plain:
            return f"{self.url}/?{urlencode({'rest_route': path, **query})}"
        return f"{self.url}/wp-json{path}" + (f"?{urlencode(query)}" if query else "")

    def size_at(self, place: int) -> int:
        """Rows to ask for from this place of a list on."""
        return next(size for size in SIZES if size <= self.largest and place % size == 0)

    def shrink(self, size: int) -> None:
        self.largest, self.streak = SIZES[SIZES.index(size) + 1], 0

    def came_through(self) -> None:
        self.streak += 1
        if self.streak >= _STREAK and self.largest != SIZES[0]:
            self.largest, self.streak = SIZES[SIZES.index(self.largest) - 1], 0


@dataclass(frozen=True)
class RawPage:
    """rows: with their ids. place: rows of the list before it; size: that were asked for."""

    rows: list[tuple[str, dict[str, Any]]]
    answer: Answer
    place: int
    size: int


def _parsed(content: bytes) -> Any:
    """None where it is no JSON."""
    try:
        return load_body(content)
    except ValueError:
        return None


def _parsed_rows(content: bytes) -> Any:
    """None where it is no JSON list."""
    try:
        return load_rows(content)
    except ValueError:
        return None


class WooApi:
    """Calls in one lane. All methods raise ShopError."""

    def __init__(
        self,
        site: Site,
        transport: Http,
        limits: Limits,
        *,
        lane: str,
        http: HttpLimits,
        sleep: Callable[[float], None],
    ):
        self.site = site
        self._transport = transport
        self._limits = limits
        self._lane = lane
        self._http = replace(http, max_answer=MAX_ANSWER)
        self._sleep = sleep

    def single(self, path: str, query: Mapping[str, Any], budget: Budget) -> dict[str, Any] | None:
        """None where the shop has it no more. A page of a firewall says nothing of that."""
        try:
            found = self.get(V3 + path, query, budget).body
        except WooError as error:
            if error.cause == GONE:
                return None
            raise
        if not isinstance(found, dict):
            raise ShopError("unreadable", f"GET {path}: the answer is no object.")
        return found

    def page(self, path: str, query: Mapping[str, Any], place: int, budget: Budget) -> RawPage:
        """From this place of the list on, in as many rows as the shop manages."""
        while True:
            size = self.site.size_at(place)
            paging = {"page": place // size + 1, "per_page": size}
            try:
                answer = self.get(V3 + path, {**query, **paging}, budget, parse=_parsed_rows)
            except WooError as error:
                if not error.may_be_of_size or size == SIZES[-1]:
                    raise
                self.site.shrink(size)
                continue
            self.site.came_through()
            found = [(_id_of(row), row) for row in rows(answer.body)]
            return RawPage(found, answer, place, size)

    def get(
        self,
        path: str,
        query: Mapping[str, Any],
        budget: Budget,
        key: Key | None = None,
        parse: Parse = _parsed,
    ) -> Answer:
        """path: with its namespace, empty for the index. key: in place of the site's own. parse: of the body of what is
        no refusal."""
        try:
            answer = self._call("GET", path, query, None, budget, key, parse)
        except WooError as error:
            if error.cause != NO_ROUTE or self.site.is_plain is not None or _is_of_wordpress(error):
                raise
            return self._by_plain_route(path, query, budget, key, parse, error)
        self.site.is_plain = bool(self.site.is_plain)
        return answer

    def _by_plain_route(
        self,
        path: str,
        query: Mapping[str, Any],
        budget: Budget,
        key: Key | None,
        parse: Parse,
        error: WooError,
    ) -> Answer:
        """With plain permalinks a site names its pages by a parameter."""
        self.site.is_plain = True
        try:
            return self._call("GET", path, query, None, budget, key, parse)
        except WooError as other:
            if other.cause in (NO_ROUTE, PAGE) and not _is_of_wordpress(other):
                self.site.is_plain = None
                raise error from None
            raise

    def send(self, method: str, path: str, body: dict[str, Any] | None, budget: Budget) -> Answer:
        """A change. It is repeated only where it was refused by a limit."""
        return self._call(method, V3 + path, {}, dump_json(body) if body is not None else b"", budget)

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: bytes | None,
        budget: Budget,
        key: Key | None = None,
        parse: Parse = _parsed,
    ) -> Answer:
        call = f"{method} {path.removeprefix(V3) or '/'}"
        while True:
            self._await_turn(call, budget)
            answer = self._send(call, method, path, query, body, key or self.site.key)
            pause = self._limits.learn(answer.status, answer.headers)
            if not pause:
                return _read(call, answer, parse)
            if not budget.has(pause):
                raise _throttled(f"{call}: the shop asks to wait.", pause, answer.status)

    def _await_turn(self, call: str, budget: Budget) -> None:
        while wait := self._limits.take(self._lane):
            if not budget.take(wait):
                raise _throttled(f"{call}: the store's pace leaves no place for it now.", wait)
            self._sleep(wait)

    def _send(
        self, call: str, method: str, path: str, query: Mapping[str, Any], body: bytes | None, key: Key
    ) -> HttpAnswer:
        # A cache between us may give what it keeps, even what another was given: no address comes twice.
        query = {**query, "_cb": uuid.uuid4().hex, "_skip_cache": "true"}
        headers = {"Accept": "application/json", "Cache-Control": "no-cache", "Accept-Encoding": "identity"}
        if key.in_query:
            query |= key.query()
        else:
            headers["Authorization"] = key.header()
        check_secure(self.site.url, self._http.allow_private_addresses)
        url = self.site.address(path, query)
        try:
            if method == "GET":
                return _unpacked(self._transport.get(url, headers, self._http))
            headers["Content-Type"] = "application/json"
            return _unpacked(self._transport.send(method, url, body, headers, self._http))
        except TransportError as error:
            raise of_transport(call, error) from error


def new_site(url: str, credentials: Mapping[str, Any], in_query: bool) -> Site:
    """credentials: consumer_key and consumer_secret."""
    name, secret = (str(credentials.get(part) or "").strip() for part in ("consumer_key", "consumer_secret"))
    return Site(site_url(url), Key(name, secret, in_query))


def _read(call: str, answer: HttpAnswer, parse: Parse) -> Answer:
    is_json = "json" in answer.headers.get("content-type", "").lower()
    body = (parse if answer.status < 300 else _parsed)(answer.body) if is_json else None
    if body is None or 300 <= answer.status < 400:
        raise of_other_content(call, answer.status, answer.headers, answer.body)
    if answer.status >= 300:
        raise of_envelope(call, answer.status, body if isinstance(body, dict) else {})
    return Answer(body, answer.headers)


def _unpacked(answer: HttpAnswer) -> HttpAnswer:
    """Some servers compress though nobody asked for it."""
    if answer.headers.get("content-encoding", "").lower() not in ("gzip", "x-gzip"):
        return answer
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        content = unpacker.decompress(answer.body, MAX_ANSWER)
    except zlib.error as error:
        raise TransportError("reset", f"The compressed answer is broken: {error}.") from error
    if unpacker.unconsumed_tail:
        raise TransportError(
            "too_large", f"The answer has more than {MAX_ANSWER} bytes, the most that is read."
        )
    return replace(answer, body=content)


def _is_of_wordpress(error: WooError) -> bool:
    """WordPress itself said that it has no such route."""
    return "rest_no_route" in str(error)


def _id_of(row: dict[str, Any]) -> str:
    return identifier(row.get("id")) or ""


def _throttled(message: str, wait: float, status: int = 0) -> ShopError:
    return ShopError("throttled", message, http_status=status, retry_after=wait)


def _whole(value: str) -> int | None:
    return int(value) if re.fullmatch(r"\d{1,12}", value.strip()) else None
