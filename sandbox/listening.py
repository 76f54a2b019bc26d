"""A WSGI application that listens on a loopback port between start() and stop()."""

from __future__ import annotations

import threading
from typing import Any, TypeVar

from werkzeug.serving import WSGIRequestHandler, make_server

from sandbox.quiet import QuietHandler

L = TypeVar("L", bound="Listening")


class Listening:
    """certificate: files (chain, key), for https. handler: of the class that listens."""

    handler: type[WSGIRequestHandler] = QuietHandler

    def __init__(self, host: str, port: int, certificate: tuple[str, str] | None = None):
        self._host, self._port, self._certificate = host, port, certificate
        self._server: Any = None

    def start(self: L) -> L:
        self._server = make_server(
            self._host,
            self._port,
            self,  # type: ignore[arg-type]
            threaded=True,
            request_handler=self.handler,
            ssl_context=self._certificate,
        )
        # A short poll, so that stop() is quick.
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self: L) -> L:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
