"""What every connector has from its base, and how it is found."""

import csv
import json
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest
from connector_kit import COMMAND, CONFIG, ROOT, Plain, failing

from salla_manager.core.transport import Limits
from salla_manager.erp import base
from salla_manager.erp.base import BaseConnector
from salla_manager.erp.client_executor import ClientExecutorConnector
from salla_manager.erp.mock import MockConnector
from salla_manager.erp.port import ConnectorError, ExportResult
from salla_manager.erp.registry import BUILT_IN, ConnectorRegistry

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
    assert f"inside the connector PLAIN: {kind} at connector_kit.py, line " in str(caught.value)
    assert (caught.value.action, caught.value.is_uncertain) == ("retry", True)


def test_a_fault_in_a_library_is_told_at_the_line_that_called_it():
    with pytest.raises(
        ConnectorError, match=r"JSONDecodeError at connector_kit\.py, line \d+\. Tell who wrote it"
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
