"""An executor without a bench: the same core behind real HTTP on loopback, its documents in one SQLite file."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import requests
from werkzeug.datastructures import Headers
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Request, Response

from salla_executor.contract import DISPATCH_PATH, MAX_BODY, Ack, ProtocolError, refusal
from salla_executor.core.checklist import Row, hub_rows
from salla_executor.core.hub_calls import HubError, pair, rotate
from salla_executor.core.model import Settings
from salla_executor.core.receive import receive
from salla_executor.key_agreement import read_code
from sandbox.executor_store import Store, default_settings
from sandbox.quiet import QuietHandler


class EmbeddedExecutor:
    """Takes commands at `url` between start() and stop(); the pair on the same file and port is an outage.

    secret: shared with the hub; settings: replaces the sandbox's own; clock: Unix seconds.
    """

    def __init__(
        self,
        path: str | Path,
        instance_id: str,
        secret: str,
        port: int = 0,
        *,
        settings: Settings | None = None,
        clock: Callable[[], float] = time.time,
    ):
        self.store = Store(Path(path), settings or default_settings(instance_id, secret), clock)
        self.port = port
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The base URL of the ERP Instance."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> EmbeddedExecutor:
        self._server = make_server("127.0.0.1", self.port, self, threaded=True, request_handler=QuietHandler)
        self.port = self._server.port
        # The default poll of half a second would make every stop that slow.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        if self._server and self._thread:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
        self._server = self._thread = None

    def __enter__(self) -> EmbeddedExecutor:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def documents(self, doctype: str) -> list[dict[str, Any]]:
        """All documents of a doctype (Item, Customer, Sales Order, …), by name; money is text."""
        return self.store.documents(doctype)

    def pair(self, text: str) -> None:
        """With the text that the hub's `new_pairing_code` gave. Raises HubError or AgreementError."""
        with self.store.receiver() as receiver:
            pair(read_code(text), HubLink(), receiver)
            hub_rows(receiver, HubLink(), self.url)

    def rotate_secret(self) -> None:
        """Raises HubError."""
        with self.store.receiver() as receiver:
            rotate(HubLink(), receiver)
            hub_rows(receiver, HubLink(), self.url)

    def check(self) -> list[Row]:
        with self.store.receiver() as receiver:
            return hub_rows(receiver, HubLink(), self.url)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        ack = self.answer(Request(environ))
        headers = Headers({"Cache-Control": "no-store", **ack.headers})
        response = Response(ack.body(), ack.http_status, headers, mimetype="application/json")
        return response(environ, start_response)

    def answer(self, request: Request) -> Ack:
        # One byte more than is taken shows that there is more.
        raw = request.stream.read(MAX_BODY + 1)
        if request.path != DISPATCH_PATH:
            return refusal(ProtocolError(404, "not_found", f"Commands are taken at {DISPATCH_PATH} only."))
        if request.method != "POST":
            return refusal(ProtocolError(405, "method_not_allowed", "Commands are sent by POST."))
        with self.store.receiver() as receiver:
            return receive(raw, request.headers, receiver)


class HubLink:
    """ref: salla_executor.core.ports.Hub"""

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        try:
            response = requests.post(url, data=body, headers=dict(headers), timeout=10, allow_redirects=False)
            answer = response.json()
        except (requests.RequestException, ValueError) as error:
            raise HubError(f"The hub does not answer: {type(error).__name__}") from None
        if not isinstance(answer, dict):
            raise HubError("The hub's answer is no JSON object.")
        return response.status_code, answer
