"""What an ERP's answer over HTTP asks the dispatcher to do, and the checks that every connector goes through."""

import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from salla_manager.core.transport import HttpAnswer, Limits
from salla_manager.erp.base import BaseConnector
from salla_manager.erp.checks import LIMITS, ConnectorChecks, sample_command
from salla_manager.erp.dropzone_json import DropzoneJsonV1Connector
from salla_manager.erp.http_connector import HttpConnector, error_of
from salla_manager.erp.mock import MockConnector
from salla_manager.erp.port import ConfigField, ConnectorError, ExportResult


class Posting(HttpConnector):
    connector_type = "POSTING"

    def config_fields(self):
        return (ConfigField("url", "URL", is_required=True), ConfigField("token", "Token", "secret"))

    def deliver(self, command, config):
        answer = self.json_of(self.post(config["url"], command, {"X-Token": config["token"] or ""}))
        return ExportResult(True, answer["id"])

    def probe(self, config):
        self.get(config["url"], {})


@pytest.fixture
def erp():
    """answer: status, headers and body that it gives; bodies: what was posted to it."""

    class Erp(BaseHTTPRequestHandler):
        answer, bodies = (200, {}, b'{"id": "DOC-1"}'), []

        def do_POST(self):
            self.bodies.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            status, headers, body = self.answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Erp)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    Erp.url = f"http://127.0.0.1:{server.server_port}/in"
    yield Erp
    server.shutdown()
    server.server_close()


def refused(url, connector=None) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        (connector or Posting(LIMITS)).export(sample_command(), {"url": url})
    return caught.value


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (401, {}, ("break", False, False, False, 0)),
        (403, {}, ("break", False, False, False, 0)),
        (302, {"location": "/"}, ("break", False, False, False, 0)),
        (404, {}, ("break", False, False, False, 0)),
        (410, {}, ("break", False, False, False, 0)),
        (429, {}, ("retry", False, False, True, 0)),
        (429, {"retry-after": "17"}, ("retry", False, False, True, 17)),
        (503, {"retry-after": "3"}, ("retry", False, False, True, 3)),
        (503, {}, ("retry", True, True, False, 0)),
        (500, {}, ("retry", True, True, False, 0)),
        (408, {}, ("retry", True, True, False, 0)),
        (409, {}, ("retry", True, True, False, 0)),
        (425, {}, ("retry", True, True, False, 0)),
        (400, {}, ("dead", True, False, False, 0)),
        (413, {}, ("dead", True, False, False, 0)),
        (422, {}, ("dead", True, False, False, 0)),
        (100, {}, ("retry", True, True, False, 0)),
    ],
)
def test_the_status_says_what_is_to_be_done(status, headers, expected):
    error = error_of(HttpAnswer(status, headers, b"<p>no\n stock</p>"))
    assert (
        error.action,
        error.burns_attempt,
        error.is_uncertain,
        error.is_throttled,
        error.retry_after,
    ) == expected
    assert str(error).startswith(f"HTTP {status}: <p>no stock</p>. ")


def test_an_answer_arrives(erp):
    assert Posting(LIMITS).export(sample_command(), {"url": erp.url}).export_id == "DOC-1"
    assert b'"idempotency_key":"0123' in erp.bodies[0]
    assert Posting(LIMITS).test_connection({"url": erp.url}).success


@pytest.mark.parametrize("body", [b"<html>welcome</html>", b"[]", b"", b'{"id": NaN}'])
def test_a_page_is_no_answer(body, erp):
    erp.answer = (200, {}, body)
    error = refused(erp.url)
    assert "and no JSON object" in str(error)
    assert (error.action, error.is_uncertain) == ("retry", True)


def test_a_redirect_is_not_followed(erp):
    erp.answer = (307, {"Location": erp.url + "/else"}, b"")
    assert refused(erp.url).action == "break"
    assert len(erp.bodies) == 1


def test_private_addresses_are_refused_unless_they_are_allowed(erp):
    error = refused(erp.url.replace("http:", "https:"), Posting(Limits()))
    assert "is not a public address" in str(error)
    assert (error.action, error.burns_attempt, error.is_uncertain) == ("break", False, False)
    assert refused("ftp://example.com", Posting(Limits())).action == "break"
    assert erp.bodies == []


def test_nobody_there_and_nobody_answering(erp):
    error = refused("http://127.0.0.1:1/in")
    assert (error.action, error.burns_attempt, error.is_uncertain) == ("retry", False, False)
    erp.answer = (200, {"Content-Length": "99"}, b"{")
    error = refused(erp.url)
    assert (error.action, error.burns_attempt, error.is_uncertain) == ("retry", True, True)


# --- the checks for connectors ---


class TestMockHoldsTheChecks(ConnectorChecks, unittest.TestCase):
    def setUp(self):
        self.connector, self.config = MockConnector(LIMITS), {"mode": "success"}


class TestDropzoneHoldsTheChecks(ConnectorChecks, unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _with_folder(self, tmp_path):
        self.connector, self.config = DropzoneJsonV1Connector(LIMITS), {"folder": str(tmp_path)}


class Good(BaseConnector):
    connector_type = "GOOD"

    def config_fields(self):
        return (ConfigField("url", "URL", is_required=True), ConfigField("token", "Token", "secret"))

    def deliver(self, command, config):
        return ExportResult(True, f"DOC-{command['idempotency_key'][:4]}")

    def probe(self, config):
        pass


class Forgetful(Good):
    count = 0

    def deliver(self, command, config):
        Forgetful.count += 1
        return ExportResult(True, f"DOC-{self.count}")


class Talkative(Good):
    def export(self, draft_order, config):
        self.checked(config)
        raise ConnectorError(f"No: {config}. Look.")


class Rehearsing(Good):
    def export(self, draft_order, config):
        return self.deliver(draft_order, self.checked(config))


class Careless(Good):
    def test_connection(self, config):
        return self.build_test_result(True)


class Terse(Good):
    def export(self, draft_order, config):
        if not config:
            raise ConnectorError("no")
        return super().export(draft_order, config)


class Formless(Good):
    def config_fields(self):
        return (*super().config_fields(), ConfigField("Way-In", ""), ConfigField("kind", "Kind", "choice"))


class Pretending(Good):
    def can_rollback(self):
        return True


@pytest.mark.parametrize(
    ("cls", "failing"),
    [
        (Good, set()),
        (Forgetful, {"test_an_export_succeeds_and_the_same_key_again_gives_the_same"}),
        (Rehearsing, {"test_a_rehearsal_is_not_delivered"}),
        (Careless, {"test_each_required_field_is_missed"}),
        (Terse, {"test_messages_name_a_next_step"}),
        (Formless, {"test_its_fields_can_be_shown_as_a_form"}),
        (Pretending, {"test_an_export_is_taken_back_where_it_says_so"}),
    ],
)
def test_the_checks_find_what_is_missing(cls, failing):
    assert failed(cls) == failing


def test_the_checks_find_a_secret_in_a_message():
    assert "test_no_message_shows_a_secret" in failed(Talkative)


def failed(cls) -> set[str]:
    """Which of the checks do not hold for a connector."""

    class Case(ConnectorChecks, unittest.TestCase):
        def setUp(self):
            self.connector, self.config = cls(LIMITS), {"url": "https://erp.example.com"}

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)
    assert result.testsRun == 8
    return {case.id().rsplit(".", 1)[1] for case, _ in result.failures + result.errors}
