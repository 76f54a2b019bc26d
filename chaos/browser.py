"""Pages of Desk in a headless Chromium, and a listener that hears whatever a page was made to fetch."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from chaos.bench import BenchError

# Of the page's own clock: Desk loads, renders and goes quiet within it.
PAGE_MILLISECONDS, PAGE_SECONDS = 12_000, 90
QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--host-resolver-rules=MAP *.localhost 127.0.0.1",
)  # fmt: skip


def chromium() -> str:
    """Its path. Raises BenchError."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not found:
        raise BenchError("there is no Chromium; install it (on Debian: apt-get install chromium)")
    return found


def dom_of(url: str) -> str:
    """The page's HTML once it has rendered. Raises BenchError where the browser gives none."""
    with tempfile.TemporaryDirectory(prefix="chaos-browser-", ignore_cleanup_errors=True) as profile:
        command = [chromium(), *QUIET, f"--user-data-dir={profile}", "--dump-dom"]
        command += [f"--virtual-time-budget={PAGE_MILLISECONDS}", url]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PAGE_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise BenchError(f"{url} did not render within {PAGE_SECONDS} s") from None
    return done.stdout


class Listener:
    """Notes the path of each request on loopback."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                listener.heard.append(self.path)
                self.send_response(204)
                self.send_header("Access-Control-Allow-Origin", "*")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def take(self) -> list[str]:
        """What was heard since the last time."""
        taken, self.heard[:] = list(self.heard), []
        return taken


@contextmanager
def listener() -> Iterator[Listener]:
    one = Listener()
    threading.Thread(target=one.server.serve_forever, daemon=True).start()
    try:
        yield one
    finally:
        one.server.shutdown()
        one.server.server_close()
