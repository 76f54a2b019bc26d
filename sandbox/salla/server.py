"""A small HTTP server that behaves as Salla's Merchant API does, with faults on demand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import requests
from werkzeug.wrappers import Request, Response

from sandbox.listening import Listening
from sandbox.quiet import QuietHandler
from sandbox.salla import bodies
from sandbox.salla.api import PREFIX, ApiError, MerchantApi, error_response, json_response
from sandbox.salla.faults import Faults, LeakyBucket, RequestLog, faulty_response
from sandbox.salla.generate import generate
from sandbox.salla.oauth import OAuth
from sandbox.salla.shop import Delivery, Shop, deliver
from sandbox.salla.state import RIYADH, ShopState


class _KeepAliveHandler(QuietHandler):
    protocol_version = "HTTP/1.1"


class SimulatedSalla(Listening):
    """One store on a loopback port; port 0 takes any free one.

    shop: the store at work (its changes give webhooks), state: its content, oauth: its tokens, api: its
    resources, faults, log: as their classes say. bucket: the store's rate limit, customers_bucket: the one of
    customers, both off at first. before: run ahead of each answer with the path, to change the store under the
    reader's eyes. now: Unix seconds.
    """

    handler = _KeepAliveHandler

    def __init__(
        self,
        state: ShopState | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        client_id: str = "sandbox-client",
        client_secret: str = "sandbox-client-secret",
        webhook_secret: str = "sandbox-webhook-secret",
        now: Callable[[], float] = time.time,
    ):
        super().__init__(host, port)
        self.state = state or generate()
        self.shop = Shop(self.state, webhook_secret)
        self.oauth = OAuth(client_id, client_secret, now=now)
        # Sources differ on the shape of this answer.
        self.wraps_user_info = False
        self.faults, self.log = Faults(), RequestLog()
        self.bucket = LeakyBucket(now=now)
        self.customers_bucket = LeakyBucket(500, now=now)
        self.before: Callable[[str], None] = lambda path: None
        self._now = now
        self.api = MerchantApi(self.state, self.oauth)

    @property
    def url(self) -> str:
        """Where it listens; raises RuntimeError before start()."""
        if self._server is None:
            raise RuntimeError("The simulated store is not started.")
        return f"http://{self._host}:{self._server.server_port}"

    @property
    def api_url(self) -> str:
        return self.url + PREFIX

    @property
    def token_url(self) -> str:
        return self.url + "/oauth2/token"

    def authorize(self) -> Delivery:
        """What Salla posts when the app is installed: app.store.authorize with fresh tokens."""
        local = self.state.now().astimezone(RIYADH)
        return self.shop.webhook(
            "app.store.authorize", self.oauth.issue(), created_at=f"{local:%Y-%m-%d %H:%M:%S}"
        )

    def deliver(self, url: str, delivery: Delivery) -> requests.Response:
        return deliver(url, delivery)

    # answering

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        self.log.add(request.method, request.path, request.query_string.decode())
        self.before(request.path.removeprefix(PREFIX))
        fault = self.faults.take(request.path.removeprefix(PREFIX))
        if fault is None:
            response = self._answer(request)
        else:
            response = faulty_response(fault, lambda: self._answer(request), lambda: self._token_invalid())
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if request.path == "/oauth2/token" and request.method == "POST":
            return json_response(*self.oauth.answer(request.form))
        if request.path == "/oauth2/auth":
            target = self.oauth.consent(request.args)
            return Response(status=302, headers={"Location": target}) if target else Response(status=400)
        if not self.oauth.accepts(request.headers.get("Authorization", "")):
            return self._token_invalid()
        if request.path == "/oauth2/user/info":
            return json_response(200, self._user_info())
        bucket = self._bucket_of(request.path)
        taken, remaining, wait = bucket.pour() if bucket.is_on else (True, 0, 0.0)
        try:
            if not taken:
                raise ApiError(429, "Too Many Attempts.")
            response = json_response(200, {"status": 200, "success": True, **self.api.answer(request)})
        except ApiError as error:
            response = error_response(request, error)
        if bucket.is_on:
            self._add_limit_headers(response, bucket.capacity, remaining, wait)
        return response

    def _bucket_of(self, path: str) -> LeakyBucket:
        is_of_customers = path.startswith(f"{PREFIX}/customers") and self.customers_bucket.is_on
        return self.customers_bucket if is_of_customers else self.bucket

    def _add_limit_headers(self, response: Response, limit: int, remaining: int, wait: float) -> None:
        response.headers["X-RateLimit-Limit"] = str(limit)
        response.headers["X-RateLimit-Remaining"] = str(remaining)
        response.headers["X-RateLimit-Reset"] = str(int(self._now() + wait) + 1)
        if response.status_code == 429:
            response.headers["Retry-After"] = str(int(wait) + 1)

    def _token_invalid(self) -> Response:
        error = {"code": "Unauthorized", "message": "The access token is invalid"}
        return json_response(401, {"status": 401, "success": False, "error": error})

    def _user_info(self) -> dict[str, Any]:
        merchant = {
            key: bodies.store_info(self.state)[key] for key in ("id", "name", "plan", "status", "domain")
        }
        info = {"id": self.state.merchant_id + 1, "name": "Owner", "email": "owner@example.com"}
        info["merchant"] = merchant
        return {"status": 200, "success": True, "data": info} if self.wraps_user_info else info
