import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from load import LoadError, Request, interleaved_blocks


@pytest.fixture
def server():
    """Answers what `script` holds for a path, in turn, and 200 afterwards."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with self.server.lock:
                self.server.seen.append(self.headers["X-Try"])
                answers = self.server.script.get(self.path, [])
                status, headers = answers.pop(0) if answers else (200, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.script, server.seen, server.lock = {}, [], threading.Lock()
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield server
    server.shutdown()
    server.server_close()


def post(number, *, may_again=True):
    def again():
        return post(number + 1)

    return Request("POST", "/order", b"{}", {"X-Try": str(number)}, again if may_again else None)


def run(server, make, **more):
    counts = Counter()
    times = interleaved_blocks(
        "x", server.url, {"order": make}, 2, 1, lambda: None, sent_again=counts, **more
    )
    return times["order"], counts["order"]


def test_what_is_told_to_come_again_is_made_anew_and_sent_again_after_the_time_named(server):
    server.script["/order"] = [(409, {"Retry-After": "0.3"}), (503, {"Retry-After": "0.3"})]
    times, sent_again = run(server, lambda: post(1), per_client=3)
    assert sent_again == 2
    assert sorted(server.seen) == ["1"] * 6 + ["2"] * 2
    # Nobody worked while it waited.
    assert times[0] * 6 < 0.25


def test_any_other_answer_ends_the_run(server):
    server.script["/order"] = [(422, {})]
    with pytest.raises(LoadError, match="422"):
        run(server, lambda: post(1), per_client=3)


def test_what_is_never_taken_ends_the_run(server):
    server.script["/order"] = [(409, {"Retry-After": "0"})] * 100
    with pytest.raises(LoadError, match="409"):
        run(server, lambda: post(1), per_client=1)


def test_what_cannot_be_made_anew_is_not_sent_again(server):
    server.script["/order"] = [(503, {"Retry-After": "0"})]
    with pytest.raises(LoadError, match="503"):
        run(server, lambda: post(1, may_again=False), per_client=1)
    assert server.seen.count("2") == 0
