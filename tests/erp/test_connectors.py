"""What every connector has from its base, and how it is found."""

import base64
import csv
import json
import logging
import subprocess
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from salla_manager.core.transport import Limits
from salla_manager.erp import base
from salla_manager.erp.base import BaseConnector
from salla_manager.erp.client_executor import ClientExecutorConnector
from salla_manager.erp.mock import MockConnector
from salla_manager.erp.port import ConfigField, ConnectorError, ExportResult
from salla_manager.erp.registry import BUILT_IN, ConnectorRegistry

ROOT = Path(__file__).resolve().parents[2]
COMMAND = {
    "command_id": "SM-COMMAND-00001",
    "command_type": "upsert_order",
    "entity_type": "order",
    "store_account": "SM-STORE-00001",
    "customer_account": "CUST-0001",
    "erp_instance": "",
    "idempotency_key": "ab" * 32,
    "payload": {"external_id": "77", "customer": {"name": "Nora Ali", "phone": "+966500000000"}},
    "revision": 3,
}


class Plain(BaseConnector):
    """Its `work` is what the test wants it to do."""

    connector_type = "PLAIN"

    def __init__(self, work=lambda command, config: ExportResult(True, "DOC-1"), limits=None):
        super().__init__(limits)
        self.work = work

    def config_fields(self):
        return (
            ConfigField("url", "URL", is_required=True),
            ConfigField("token", "Token", "secret", is_required=True),
            ConfigField("port", "Port", "number", default=22),
            ConfigField("way", "Way", "choice", default="in", choices=("in", "out")),
            ConfigField("fast", "Fast", "check"),
        )

    def deliver(self, command, config):
        return self.work(command, config)

    def probe(self, config):
        self.work({}, config)


CONFIG = {"url": "https://erp.example.com", "token": "s3cret-Token/of+the=shop"}


def failing(error):
    def work(command, config):
        raise error

    return work


# --- the registry ---


def test_a_connector_is_found_by_its_type():
    registry = ConnectorRegistry()
    registry.register("PLAIN", lambda limits: Plain(limits=limits))
    assert isinstance(registry.get("MOCK"), MockConnector)
    assert isinstance(registry.get("PLAIN"), Plain)
    assert registry.get("PLAIN") is registry.get("PLAIN")
    assert registry.names() == ("DROPZONE_JSON_V1", "MOCK", "PLAIN")


@pytest.mark.parametrize("name", ["X", "", "mock", "MOCK "])
def test_an_unknown_type_says_so(name):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        ConnectorRegistry().get(name)
    assert str(caught.value) == f"Unknown connector type: '{name}'"


def test_every_built_in_type_can_be_loaded_and_knows_its_name():
    registry = ConnectorRegistry()
    for name in registry.names():
        connector = registry.get(name)
        assert connector.connector_type == name
        assert len({field.name for field in connector.config_fields()}) == len(connector.config_fields())


def test_connectors_have_the_limits_of_their_host():
    limits = Limits(allow_private_addresses=True)
    assert ConnectorRegistry(limits=limits).get("MOCK").limits is limits


def test_registries_share_nothing():
    ConnectorRegistry().register("PLAIN", Plain)
    assert "PLAIN" not in ConnectorRegistry().names()


def test_a_type_stands_for_one_class():
    registry = ConnectorRegistry({"PLAIN": Plain})
    registry.register("PLAIN", Plain)
    with pytest.raises(ValueError, match=r"'PLAIN' is taken by Plain\. Give MockConnector another one"):
        registry.register("PLAIN", MockConnector)


@pytest.mark.parametrize("name", ["", "plain", "P-1", "P\n", "1P", "P" * 61, None])
def test_a_type_is_a_word_in_capitals(name):
    with pytest.raises(ValueError, match="cannot be a connector type"):
        ConnectorRegistry().register(name, Plain)


@pytest.mark.parametrize("path", ["no_such_app.erp.Acme", "json.Acme", "Acme", "salla_manager.erp.mock.Mock"])
def test_what_cannot_be_loaded_says_which_and_why(path):
    with pytest.raises(
        ValueError, match=f"connector 'ACME' cannot be loaded from {path}: .* app that brings it"
    ):
        ConnectorRegistry({"ACME": path}).get("ACME")


def test_what_is_no_connector_is_refused():
    with pytest.raises(ValueError, match="The connector 'ACME' has no config_fields"):
        ConnectorRegistry({"ACME": lambda limits: object()}).get("ACME")


def test_nothing_is_imported_before_it_is_used():
    script = (
        "import sys\nfrom salla_manager.erp.registry import ConnectorRegistry\n"
        "registry = ConnectorRegistry()\nregistry.register('ACME', 'no_such_app.Acme')\nregistry.names()\n"
        "assert 'salla_manager.erp.mock' not in sys.modules\n"
        "registry.get('DROPZONE_JSON_V1')\nassert 'paramiko' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# --- the configuration ---


def test_each_problem_of_a_configuration_is_one_sentence_without_values():
    wrong = {"token": 17, "port": "22", "way": "s3cret", "fast": "yes", "tokn": "s3cret"}
    assert Plain().validate_required_fields(wrong) == (
        "URL is missing. Fill it in.",
        "Token has to be a text.",
        "Port has to be a number.",
        "Way has to be one of in, out.",
        "Fast has to be 0 or 1.",
        "There is no field 'tokn'. Fields are: fast, port, token, url, way.",
    )
    assert Plain().validate_required_fields(CONFIG) == ()
    assert Plain().validate_required_fields({"url": " ", "token": ""})[0] == "URL is missing. Fill it in."


def test_a_wrong_configuration_stops_the_destination_and_no_command():
    with pytest.raises(ConnectorError, match="Token is missing") as caught:
        Plain().export(COMMAND, {"url": "https://erp.example.com"})
    assert (caught.value.action, caught.value.burns_attempt, caught.value.is_uncertain) == (
        "break",
        False,
        False,
    )
    assert (
        Plain().test_connection({}).error_message
        == "URL is missing. Fill it in. Token is missing. Fill it in."
    )


def test_what_is_not_entered_has_its_default():
    config = Plain().checked({**CONFIG, "port": None, "way": "", "fast": 1})
    assert (config["port"], config["way"], config["fast"], len(config)) == (22, "in", True, 5)


def test_a_whole_number_is_whole_however_a_form_gives_it():
    ports = [Plain().checked({**CONFIG, "port": port})["port"] for port in (22, 22.0, 0.5)]
    assert [repr(port) for port in ports] == ["22", "22", "0.5"]
    assert Plain().validate_required_fields({**CONFIG, "port": float("nan")}) == ("Port has to be a number.",)


def test_each_label_and_help_is_there_in_arabic():
    with (ROOT / "salla_manager/translations/ar.csv").open(encoding="utf-8", newline="") as file:
        arabic = {row[0] for row in csv.reader(file)}
    connectors = [ConnectorRegistry().get(name) for name in BUILT_IN]
    connectors.append(ClientExecutorConnector(None, Limits()))
    fields = [field for connector in connectors for field in connector.config_fields()]
    assert len(fields) > 10
    assert [
        text for field in fields for text in (field.label, field.help) if text and text not in arabic
    ] == []


# --- exports, tests, rollbacks ---


def test_the_result_of_an_export_is_what_deliver_gave():
    result = ExportResult(True, "DOC-1", "acme://DOC-1", {"lines": [1, 2]})
    assert Plain(lambda command, config: result).export(COMMAND, CONFIG) == result


def test_a_rehearsal_is_never_delivered():
    done = []
    with pytest.raises(ConnectorError, match="knows no rehearsals; nothing was sent") as caught:
        Plain(lambda *_: done.append(1)).export({**COMMAND, "dry_run": True}, CONFIG)
    assert (done, caught.value.action) == ([], "dead")


def test_what_an_error_asks_for_arrives():
    error = ConnectorError(
        "Full.", action="wait", retry_after=7, burns_attempt=False, is_uncertain=True, is_throttled=True
    )
    with pytest.raises(ConnectorError, match="Full") as caught:
        Plain(failing(error)).export(COMMAND, CONFIG)
    assert vars(caught.value) == vars(error)


@pytest.mark.parametrize("error", [KeyError("total"), OSError("gone"), SystemExit(3), RecursionError()])
def test_a_fault_of_the_connector_names_its_place(error):
    with pytest.raises(ConnectorError) as caught:
        Plain(failing(error)).export(COMMAND, CONFIG)
    kind = type(error).__name__
    assert f"inside the connector PLAIN: {kind} at test_connectors.py, line " in str(caught.value)
    assert (caught.value.action, caught.value.is_uncertain) == ("retry", True)


def test_a_fault_in_a_library_is_told_at_the_line_that_called_it():
    with pytest.raises(
        ConnectorError, match=r"JSONDecodeError at test_connectors\.py, line \d+\. Tell who wrote it"
    ):
        Plain(lambda *_: json.loads("{")).export(COMMAND, CONFIG)


def test_an_export_without_end_is_left():
    hang = threading.Event()
    connector = Plain(lambda *_: hang.wait(8), Limits(total=0.1))
    began = time.monotonic()
    with pytest.raises(ConnectorError, match=r"did not answer within 0\.1 s") as caught:
        connector.export(COMMAND, CONFIG)
    hang.set()
    assert time.monotonic() - began < 5
    assert (caught.value.action, caught.value.is_uncertain) == ("retry", True)


def test_a_test_without_end_is_left_after_its_limit(monkeypatch):
    assert base.TEST_SECONDS == 5.0
    monkeypatch.setattr(base, "TEST_SECONDS", 0.2)
    hang = threading.Event()
    result = Plain(lambda *_: hang.wait(8)).test_connection(CONFIG)
    hang.set()
    assert not result.success
    assert result.error_message.startswith("It did not answer within 0.2 s. Is the destination of PLAIN up?")
    assert 200 <= result.latency_ms < 5000


def test_a_test_tells_its_cause_or_nothing():
    assert Plain(failing(ConnectorError("No."))).test_connection(CONFIG).error_message == "No."
    good = Plain(lambda *_: time.sleep(0.02)).test_connection(CONFIG)
    assert (good.success, good.error_message) == (True, "")
    assert good.latency_ms >= 20
    assert BaseConnector().build_test_result(True, "left over", 3).error_message == ""


def test_latency_is_measured_also_where_the_block_fails():
    with suppress(KeyError), Plain().measure_latency("read") as latency:
        time.sleep(0.02)
        raise KeyError
    assert latency.name == "read"
    assert 20 <= latency.latency_ms < 5000


def test_only_a_connector_with_take_back_can_roll_back():
    class Taking(Plain):
        def take_back(self, result, config):
            return result

    assert Taking().can_rollback()
    assert Taking().rollback(ExportResult(True, "DOC-1"), CONFIG).export_id == "DOC-1"
    assert not Plain().can_rollback()
    with pytest.raises(ConnectorError, match=r"PLAIN takes nothing back\. Undo it in the ERP, by hand"):
        Plain().rollback(ExportResult(True, "DOC-1"), CONFIG)


# --- nothing leaks ---


def test_a_log_line_holds_named_plain_fields_alone(caplog):
    caplog.set_level(logging.INFO, "salla_manager.erp")
    Plain().export(COMMAND, CONFIG)
    (record,) = caplog.records
    line = json.loads(record.message)
    assert line.pop("latency_ms") >= 0
    assert line == {
        "event": "export",
        "connector": "PLAIN",
        "success": True,
        "export_id": "DOC-1",
        "storage_key": "",
        **{
            name: COMMAND[name]
            for name in (
                "command_id",
                "command_type",
                "entity_type",
                "store_account",
                "idempotency_key",
                "revision",
            )
        },
    }
    connector = Plain()
    connector.log(
        "told", connector.checked(CONFIG), payload="Nora", status=b"Nora", error=["Nora"], action="dead"
    )
    assert json.loads(caplog.records[-1].message) == {"event": "told", "connector": "PLAIN", "action": "dead"}
    assert "Nora" not in caplog.text


SECRETS = [
    "s3cret-Token/of+the=shop",
    'quote"and\\slash\tand\nline',
    "كلمة سر المتجر",
    "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n-----END KEY-----",
    "pin1",
]


def shapes(secret: str) -> dict[str, str]:
    """Ways in which a library may show a secret that was given to it."""
    raw = secret.encode()
    return {
        "as it is": secret,
        "amid words": f"invalid:{secret}!",
        "repr": repr({"token": secret}),
        "twice": secret + secret,
        "json": json.dumps([secret]),
        "json in unicode": json.dumps({"a": {"b": secret}}, ensure_ascii=False),
        "url": f"https://x.example?token={quote(secret, safe='')}&a=1",
        "form": quote_plus(secret),
        "hex": raw.hex(),
        "basic": base64.b64encode(b"user:" + raw).decode() if len(raw) > 10 else "",
        "basic of a longer name": base64.b64encode(b"store1:" + raw).decode() if len(raw) > 10 else "",
        "basic of a shorter name": base64.b64encode(b"use:" + raw).decode() if len(raw) > 10 else "",
        "a line of it": secret.splitlines()[-1],
        "its first half": secret[: max(8, len(secret) // 2)],
    }


def parts(secret: str) -> set[str]:
    """What may not be seen of it: any eight characters in a row."""
    raw = secret.encode()
    found = {secret, raw.hex()}
    if len(secret) > 8:
        found |= {secret[at : at + 8] for at in range(len(secret) - 7)}
        found |= {
            base64.b64encode(bytes(n) + raw).decode()[4:-4][at : at + 8] for n in range(3) for at in range(4)
        }
    return {part for part in found if len(part) >= 4}


class Quoting(Exception):
    def __repr__(self):
        return f"Quoting<{self.args}>"


@pytest.mark.parametrize("secret", SECRETS, ids=["token", "quoted", "arabic", "key", "short"])
def test_however_a_connector_shows_its_secret_nobody_sees_it(secret, caplog):
    caplog.set_level(logging.DEBUG)
    config = {**CONFIG, "token": secret}
    seen = []
    for name, text in shapes(secret).items():
        for error in (ConnectorError(text), Quoting(text, [text]), ValueError(text), KeyError(text)):
            connector = Plain(failing(error))
            with pytest.raises(ConnectorError) as caught:
                connector.export(COMMAND, config)
            raised = caught.value
            assert (raised.__cause__, raised.__context__) == (None, None)
            seen += [str(raised), repr(raised), "".join(traceback.format_exception(raised))]
            seen += [connector.test_connection(config).error_message]
        shown = ExportResult(True, text, text, {name: [{text: text}]})
        result = Plain(lambda *_, shown=shown: shown).export(COMMAND, config)
        seen += [result.export_id, result.storage_key, *texts_of(result.connector_metadata)]
        told = dict.fromkeys(base.LOG_FIELDS, text) | {
            "config": config,
            "payload": text,
            "nested": {"a": text},
        }
        connector.log("told", connector.checked(config), **told)
    seen += [record.getMessage() for record in caplog.records]
    assert [record for record in caplog.records if record.args or record.exc_info or record.exc_text] == []
    assert len(seen) > 200
    leaks = {part for part in parts(secret) for text in seen if part in text}
    assert leaks == set()


def texts_of(value) -> list[str]:
    if isinstance(value, dict):
        return [text for pair in value.items() for one in pair for text in texts_of(one)]
    return [text for one in value for text in texts_of(one)] if isinstance(value, list) else [str(value)]


def test_no_frame_of_what_is_raised_holds_a_value_of_the_configuration():
    """As an error monitor keeps them: the locals of each frame of the traceback, by their repr."""
    with pytest.raises(ConnectorError) as caught:
        Plain(failing(KeyError("x"))).export(COMMAND, CONFIG)
    frames, kept = caught.value.__traceback__, []
    while frames:
        if frames.tb_frame.f_code.co_filename == base.__file__:
            kept += [repr(value) for value in frames.tb_frame.f_locals.values()]
        frames = frames.tb_next
    assert kept
    assert [text for text in kept if CONFIG["token"] in text] == []


def test_a_checked_configuration_shows_names_alone():
    config = Plain().checked(CONFIG)
    for text in (repr(config), str(config), f"{config}", repr([{"a": config}]), repr(config.redact)):
        assert CONFIG["token"] not in text
    assert repr(config) == "ConnectorConfig(url, token, port, way, fast)"


# --- the mock ---


def mock_export(mock: MockConnector, key: str = "ab" * 32, **config):
    return mock.export({**COMMAND, "idempotency_key": key}, config)


def test_mock_takes_a_command_once():
    mock = MockConnector()
    first, again = mock_export(mock), mock_export(mock)
    assert (
        first
        == again
        == ExportResult(True, "MOCK-" + "ab" * 8, "mock://MOCK-" + "ab" * 8, {"mode": "success"})
    )
    assert len(mock.taken) == 1
    assert mock.test_connection({}).success


@pytest.mark.parametrize(("mode", "is_uncertain"), [("failure", False), ("timeout", True)])
def test_mock_fails_as_it_is_told(mode, is_uncertain):
    mock = MockConnector()
    with pytest.raises(ConnectorError, match=r"as its mode says\. Set another mode") as caught:
        mock_export(mock, mode=mode)
    assert (caught.value.is_uncertain, mock.taken) == (is_uncertain, {})
    assert not mock.test_connection({"mode": mode}).success


@pytest.mark.parametrize("is_shared", [False, True])
def test_mock_is_flaky_by_key_and_count(is_shared, tmp_path):
    """With a folder of counts, workers that know nothing of each other count together."""
    folder = {"count_folder": str(tmp_path)} if is_shared else {}
    mock, outcomes = MockConnector(), []
    for key in ["ab" * 32, "cd" * 32, "ab" * 32, "ab" * 32, "cd" * 32, "cd" * 32]:
        mock = MockConnector() if is_shared else mock
        try:
            outcomes.append(mock_export(mock, key, mode="flaky", failures=2, **folder).success)
        except ConnectorError as error:
            outcomes.append(str(error)[:26])
    first, second = "The mock fails at try 1 of", "The mock fails at try 2 of"
    assert outcomes == [first, first, second, True, second, True]


def test_mock_takes_back():
    mock = MockConnector()
    result = mock_export(mock)
    mock_export(mock, "cd" * 32)
    assert mock.can_rollback()
    assert mock.rollback(result, {}) == result
    assert list(mock.taken) == ["cd" * 32]


def test_mock_waits_as_it_is_told():
    assert MockConnector().test_connection({"delay_seconds": 0.05}).latency_ms >= 50
