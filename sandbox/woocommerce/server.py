"""A small HTTP server that behaves as a WordPress site with WooCommerce does, with faults on demand."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode

import requests
from werkzeug.http import http_date
from werkzeug.wrappers import Request, Response

from sandbox.listening import Listening
from sandbox.quiet import QuietHandler
from sandbox.salla.faults import RequestLog
from sandbox.salla.shop import Delivery, deliver
from sandbox.woocommerce import bodies, site
from sandbox.woocommerce.api import Found, RestApi
from sandbox.woocommerce.auth import ApiKey, authenticate
from sandbox.woocommerce.faults import NOT_FOUND, Surroundings, WooFaults, faulty_response
from sandbox.woocommerce.generate import generate
from sandbox.woocommerce.query import ApiError
from sandbox.woocommerce.shop import WooShop
from sandbox.woocommerce.state import WooState
from sandbox.woocommerce.webhooks import Webhooks

API = "/wc/v3"


class _Handler(QuietHandler):
    protocol_version = "HTTP/1.1"

    def send_response(self, code: int, message: str | None = None) -> None:
        # Date is the site's, not this machine's.
        self.send_response_only(code, message)


class SimulatedWoo(Listening):
    """One site on a loopback port; port 0 takes any free one. Without a certificate it is as a site behind a proxy that
    speaks TLS and says so.

    shop: the store at work (its changes give webhooks), state: its content, key: of the connector, keys: all there are,
    webhooks: its subscriptions, surroundings, faults, log: as their classes say. certificate: files (chain, key).
    folder: where the site lies below its host, such as /shop.
    before: run ahead of each answer with the path below /wc/v3, to change the store under the reader's eyes; after:
    run behind it. now: Unix seconds.
    """

    handler = _Handler

    def __init__(
        self,
        state: WooState | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        folder: str = "",
        certificate: tuple[str, str] | None = None,
        now: Callable[[], float] = time.time,
    ):
        super().__init__(host, port, certificate)
        self.state = state or generate()
        self.key = ApiKey()
        self.keys = [self.key]
        self.webhooks = Webhooks(self.state, lambda: self.url)
        self.shop = WooShop(self.state, self.webhooks)
        self.surroundings = Surroundings()
        self.faults, self.log = WooFaults(), RequestLog()
        self.before: Callable[[str], None] = lambda path: None
        self.after: Callable[[str], None] = lambda path: None
        self._now = now
        self._api = RestApi(self.state, self.webhooks, lambda: self.url)
        self._folder = folder

    @property
    def consumer_key(self) -> str:
        return self.key.consumer_key

    @property
    def consumer_secret(self) -> str:
        return self.key.consumer_secret

    @property
    def url(self) -> str:
        """The site's base; before start() an address that nobody calls."""
        if self._server is None:
            return "http://woo.test"
        scheme = "https" if self._certificate else "http"
        return f"{scheme}://{self._host}:{self._server.server_port}{self._folder}"

    @property
    def calls(self) -> Counter[str]:
        """How often each path below /wc/v3 was asked for, such as /products; the index is /."""
        return self.log.counts()

    def deliver(self, url: str, delivery: Delivery) -> requests.Response:
        return deliver(url, delivery)

    # answering

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(self._folder):
            environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(self._folder)
        request = Request(environ)
        path = _rest_path(request)
        shown = _below(path)
        self.log.add(request.method, shown, request.query_string.decode())
        self.before(shown)
        fault = self.faults.take(shown)
        fresh = lambda: self._answer(request, path)  # noqa: E731
        if fault is not None:
            response = faulty_response(fault, fresh)
        elif self.surroundings.cache is not None:
            response = self.surroundings.cache.answer(request, fresh)
        else:
            response = fresh()
        response.headers["Date"] = http_date(self._now() + self.surroundings.seconds_ahead)
        self.after(shown)
        return self.surroundings.close(request, response)(environ, start_response)

    def _answer(self, request: Request, path: str | None) -> Response:
        is_pretty = request.path.startswith("/wp-json")
        if path is None or (is_pretty and self.surroundings.has_plain_permalinks):
            return Response(NOT_FOUND, 404, content_type="text/html; charset=UTF-8")
        try:
            found = self._find(request, path.strip("/"))
        except ApiError as error:
            return _json(error.status, error.envelope())
        return self._with_paging(request, found)

    def _find(self, request: Request, path: str) -> Found:
        namespaces = self._api.namespaces()
        if self.surroundings.is_inactive:
            namespaces = [name for name in namespaces if not name.startswith("wc/")]
        if not path:
            return Found(site.index(self.state, self.url, namespaces))
        namespace = "/".join(path.split("/")[:2])
        key = self._who_asks(request)
        if namespace == "wp/v2" and key is not None and self.state.is_at_least(11, 1):
            words = "The API key provided cannot be used to access this endpoint."
            raise ApiError(401, "woocommerce_rest_authentication_error", words)
        if namespace not in namespaces or not namespace.startswith("wc/"):
            words = "No route was found matching the URL and request method."
            raise ApiError(404, "rest_no_route", words)
        return self._api.answer(request, path[len(namespace) + 1 :], key)

    def _who_asks(self, request: Request) -> ApiKey | None:
        header = None if self.surroundings.strips_authorization else request.headers.get("Authorization")
        return authenticate(request, self.keys, not self.surroundings.hides_tls, header)

    def _with_paging(self, request: Request, found: Found) -> Response:
        response = _json(found.status, found.body)
        page = found.page
        if page is None:
            return response
        response.headers["X-WP-Total"] = str(page.total)
        response.headers["X-WP-TotalPages"] = str(page.pages)
        links = []
        for name, number in page.neighbours.items():
            query = urlencode({**request.args.to_dict(), "page": number})
            links.append(f'<{self.url}{request.path}?{query}>; rel="{name}"')
        if links:
            response.headers["Link"] = ", ".join(links)
        return response


def _rest_path(request: Request) -> str | None:
    """Of the API, by either way to name it; None for a page of the site."""
    if request.path == "/wp-json" or request.path.startswith("/wp-json/"):
        return request.path.removeprefix("/wp-json") or "/"
    return request.args.get("rest_route")


def _below(path: str | None) -> str:
    """As faults and counts name it."""
    return "/" + (path or "").removeprefix(API).strip("/")


def _json(status: int, body: Any) -> Response:
    headers = {"Access-Control-Expose-Headers": "X-WP-Total, X-WP-TotalPages, Link"}
    return Response(bodies.dump(body), status, headers, content_type="application/json; charset=UTF-8")
