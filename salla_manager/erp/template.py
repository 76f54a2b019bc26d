"""Writes a connector to begin with, and tests for it that pass. What there is to change in it says docs/ERP_CONNECTORS.md."""

from __future__ import annotations

import re
from pathlib import Path

from salla_manager.erp.registry import BUILT_IN

_NAME = re.compile(r"\A[A-Za-z][A-Za-z0-9]*([ _-][A-Za-z0-9]+)*\Z", re.ASCII)
_LONGEST = 40

_CONNECTOR = '''"""{type}: brings commands to {title} over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salla_manager.erp.config import ConnectorConfig
from salla_manager.erp.http_connector import HttpConnector
from salla_manager.erp.port import ConfigField, ExportResult


class {cls}(HttpConnector):
    connector_type = "{type}"

    def config_fields(self) -> tuple[ConfigField, ...]:
        return (
            ConfigField("url", "URL", is_required=True, help="Where commands are posted to, with https."),
            ConfigField("token", "Token", "secret", is_required=True),
        )

    def deliver(self, command: Mapping[str, Any], config: ConnectorConfig) -> ExportResult:
        # The ERP has to answer a key that it knows with what it gave before.
        headers = {{**_signed_in(config), "Idempotency-Key": command["idempotency_key"]}}
        answer = self.json_of(self.post(config["url"], command, headers))
        return ExportResult(True, export_id=str(answer.get("id", "")), storage_key=config["url"])

    def probe(self, config: ConnectorConfig) -> None:
        self.get(config["url"], _signed_in(config))


def _signed_in(config: ConnectorConfig) -> dict[str, str]:
    return {{"Authorization": f"Bearer {{config['token']}}"}}
'''

_TESTS = '''"""{title}: what every connector holds, and what is {title}'s own. `python -m unittest {tests}`"""

import json
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from {module} import {cls}

from salla_manager.erp.checks import LIMITS, ConnectorChecks, sample_command
from salla_manager.erp.port import ConnectorError

TOKEN = "right-token"


class FakeErp(BaseHTTPRequestHandler):
    """Gives each key one document. answer: an HTTP status instead."""

    documents: dict[str, str] = {{}}
    answer = 0

    def do_GET(self) -> None:
        self._say(200 if self._is_signed_in() else 401, {{}})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        key = self.headers["Idempotency-Key"]
        if self.answer or not self._is_signed_in():
            self._say(self.answer or 401, {{"error": "no"}})
        else:
            self._say(201, {{"id": self.documents.setdefault(key, f"DOC-{{len(self.documents) + 1}}")}})

    def log_message(self, *args: object) -> None:
        pass

    def _is_signed_in(self) -> bool:
        return self.headers["Authorization"] == f"Bearer {{TOKEN}}"

    def _say(self, status: int, body: dict) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())


class Test{cls}(ConnectorChecks, unittest.TestCase):
    def setUp(self) -> None:
        self.erp = type("Erp", (FakeErp,), {{"documents": {{}}}})
        server = ThreadingHTTPServer(("127.0.0.1", 0), self.erp)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.connector = {cls}(LIMITS)
        self.config = {{"url": f"http://127.0.0.1:{{server.server_port}}/commands", "token": TOKEN}}

    def test_one_document_per_key(self) -> None:
        results = [self.connector.export(sample_command(), self.config) for _ in range(2)]
        results.append(self.connector.export(sample_command(idempotency_key="f" * 64), self.config))
        self.assertEqual([result.export_id for result in results], ["DOC-1", "DOC-1", "DOC-2"])

    def test_what_an_answer_asks_for(self) -> None:
        for status, action in ((401, "break"), (404, "break"), (422, "dead"), (429, "retry"), (500, "retry")):
            self.erp.answer = status
            with self.assertRaises(ConnectorError) as caught:
                self.connector.export(sample_command(), self.config)
            self.assertEqual(caught.exception.action, action, status)

    def test_a_wrong_token_is_named(self) -> None:
        result = self.connector.test_connection({{**self.config, "token": "wrong-token"}})
        self.assertIn("does not let the hub in", result.error_message)


if __name__ == "__main__":
    unittest.main()
'''


def new_connector(name: str, folder: Path) -> tuple[Path, Path]:
    """The connector's module and its tests, written into a folder that is there. name: words such as "Acme Books".

    Raises ValueError on a name that cannot be one, on a type that is taken, and when a file is there already; then
    nothing is written.
    """
    words = _words(name)
    module = "_".join(words).lower() + "_connector"
    values = {
        "type": "_".join(words).upper(),
        "title": " ".join(word[:1].upper() + word[1:] for word in words),
        "cls": "".join(word[:1].upper() + word[1:] for word in words) + "Connector",
        "module": module,
        "tests": f"test_{module}",
    }
    if values["type"] in (*BUILT_IN, "CLIENT_EXECUTOR"):
        raise ValueError(f"The type {values['type']} is taken by a connector of the hub. Take another name.")
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}. Make it first; it should be a package of your app.")
    paths = folder / f"{module}.py", folder / f"test_{module}.py"
    for path in paths:
        if path.exists() or path.is_symlink():
            raise ValueError(f"{path} is there already; nothing was written. Take another name or folder.")
    for path, text in zip(paths, (_CONNECTOR, _TESTS), strict=True):
        with path.open("x", encoding="utf-8") as file:
            file.write(text.format(**values))
    return paths


def _words(name: str) -> list[str]:
    if not _NAME.match(name) or len(name) > _LONGEST:
        raise ValueError(
            f"'{name}' cannot be a connector's name. Take up to {_LONGEST} letters and digits, beginning with a letter,"
            " words parted by a blank, - or _, as in acme-books."
        )
    return re.split("[ _-]", name)
