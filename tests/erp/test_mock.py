"""The mock fails in the way that is wanted, and else takes a command once."""

import pytest
from connector_kit import COMMAND

from salla_manager.erp.mock import MockConnector
from salla_manager.erp.port import ConnectorError, ExportResult


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
