"""The door between hub and executor: open it forwards, shut it refuses, and it opens again on the same port."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests

from sandbox.proxy import Proxy


class Echo(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.path)))
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def door():
    server = HTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    proxy = Proxy(server.server_address)
    proxy.open()
    yield proxy
    proxy.shut()
    server.shutdown()
    server.server_close()


def ask(door, path="/a"):
    return requests.get(f"http://127.0.0.1:{door.port}{path}", timeout=5).text


def test_open_shut_and_open_again(door):
    port = door.port
    assert ask(door) == "/a"
    door.shut()
    with pytest.raises(requests.ConnectionError):
        ask(door)
    door.open()
    assert door.port == port
    assert ask(door, "/b" * 20_000) == "/b" * 20_000
