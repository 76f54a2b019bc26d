"""An executor that applies nothing: answers every command with a proper ack, as fast as Python can.

Prints its port and serves until its standard input ends, so it never outlives whoever started it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Otherwise head and body of an answer wait for each other.
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self) -> None:
        command = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps(_ack(command)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the figures are the output."""


def _ack(command: dict[str, Any]) -> dict[str, Any]:
    return {
        "ack_status": "applied",
        "ack_payload": {
            "erp_doc": {"doctype": "Item", "name": "benchmark"},
            "message": "Item benchmark was created.",
            "error_code": None,
            "retryable": False,
            "changes": {},
        },
        "idempotency_key": command["idempotency_key"],
        "command_id": command["command_id"],
    }


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
