"""What stands between a WooCommerce store and its reader, and what goes wrong on demand."""

from __future__ import annotations

import gzip
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from werkzeug.wrappers import Request, Response

from sandbox.salla.faults import Fault, Faults, dripping

CHALLENGE = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>"
MAINTENANCE = "<!DOCTYPE html><html><body>Briefly unavailable for scheduled maintenance.</body></html>"
NOT_FOUND = "<!DOCTYPE html><html><body>The page can&rsquo;t be found.</body></html>"
NOTICE = (
    b"<br />\n<b>Deprecated</b>: Creation of dynamic property in <b>plugin.php</b> on line <b>7</b><br />\n"
)


class WooFaults(Faults):
    """throttle (429), error (5xx, HTML), refuse (4xx envelope; message: `code: words`), slow, drip, html (a firewall's
    page with the fault's status), notice (PHP's words before the JSON), cut (the answer breaks off), redirect (to the
    fault's message)."""

    kinds = ("throttle", "error", "refuse", "slow", "drip", "html", "notice", "cut", "redirect")


def faulty_response(fault: Fault, answer: Callable[[], Response]) -> Response:
    """What the client gets instead of, or around, the true answer."""
    if fault.kind in ("slow", "drip", "notice", "cut"):
        return _spoilt(fault, answer)
    if fault.kind == "throttle":
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        return Response(CHALLENGE, 429, headers, content_type="text/html; charset=UTF-8")
    if fault.kind == "redirect":
        return Response(status=301, headers={"Location": fault.message})
    if fault.kind == "refuse":
        code, _, words = fault.message.partition(": ")
        envelope = {"code": code, "message": words, "data": {"status": fault.status}}
        return Response(json.dumps(envelope), fault.status, content_type="application/json; charset=UTF-8")
    text = CHALLENGE if fault.kind == "html" else MAINTENANCE
    return Response(text, fault.status, content_type="text/html; charset=UTF-8")


def _spoilt(fault: Fault, answer: Callable[[], Response]) -> Response:
    if fault.kind == "slow":
        time.sleep(fault.seconds)
        return answer()
    whole = answer()
    if fault.kind == "drip":
        return dripping(whole, fault.seconds)
    if fault.kind == "notice":
        whole.set_data(NOTICE + whole.get_data())
        return whole
    content = whole.get_data()
    half = Response(content[: len(content) // 2], whole.status_code, content_type=whole.content_type)
    half.headers.update({name: value for name, value in whole.headers if name.startswith("X-WP")})
    return half


@dataclass
class Surroundings:
    """Of a site, for as long as it lasts.

    strips_authorization: the web server keeps the header to itself. hides_tls: a proxy speaks TLS and does not say so.
    has_plain_permalinks: /wp-json/ is no address. is_inactive: WordPress without WooCommerce. compresses: answers come
    gzipped, asked for or not. seconds_ahead: of its clock before the true time.
    """

    strips_authorization: bool = False
    hides_tls: bool = False
    has_plain_permalinks: bool = False
    is_inactive: bool = False
    compresses: bool = False
    seconds_ahead: int = 0
    cache: Cache | None = None

    def close(self, request: Request, response: Response) -> Response:
        """The answer as it leaves the site."""
        if self.compresses and "gzip" not in response.headers.get("Content-Encoding", ""):
            response.set_data(gzip.compress(response.get_data(), 1))
            response.headers["Content-Encoding"] = "gzip"
        return response


@dataclass
class Cache:
    """Keeps answers by URL and forgets who asked. style: litespeed, cloudflare or woocommerce, which can be told to
    stand aside by `_skip_cache`."""

    style: str = "litespeed"
    now: Callable[[], float] = time.time
    _kept: dict[str, tuple[float, bytes, dict[str, str]]] = field(default_factory=dict)

    def answer(self, request: Request, fresh: Callable[[], Response]) -> Response:
        if self.style == "woocommerce" and request.args.get("_skip_cache") == "true":
            return fresh()
        url = request.full_path
        if request.method == "GET" and url in self._kept:
            return self._hit(url)
        response = fresh()
        if request.method == "GET" and response.status_code == 200:
            self._kept[url] = (self.now(), response.get_data(), dict(response.headers))
        if self.style == "woocommerce":
            response.headers.update({"X-WC-Cache": "MISS", "ETag": _etag(response.get_data())})
        return response

    def _hit(self, url: str) -> Response:
        kept_at, content, headers = self._kept[url]
        response = Response(content, 200, headers)
        if self.style == "woocommerce":
            response.headers.update({"X-WC-Cache": "HIT", "ETag": _etag(content)})
            return response
        response.headers["Age"] = str(int(self.now() - kept_at))
        mark = "X-LiteSpeed-Cache" if self.style == "litespeed" else "CF-Cache-Status"
        response.headers[mark] = "hit" if self.style == "litespeed" else "HIT"
        return response


def _etag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'
