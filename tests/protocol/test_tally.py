"""Does the counting of the bench sections see what is wrong? Each case has one fault in an otherwise good run."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from chaos.__main__ import BENCH_SECTIONS, SECTIONS, chosen
from chaos.command_traffic import outcome
from chaos.processes import growth
from chaos.tally import Found, Strike, percentile, tally, unsent
from chaos.wire import Line, Reply

STRIKES = [Strike("p", "Item", "a"), Strike("p", "Sales Order", "b"), Strike("p", "Item", "c", killed=False)]
DOCUMENTS = [["Item", "a", 1], ["Sales Order", "b", 3], ["Item", "c", 1]]
COMMANDS = [["product", "a", "Done", 1], ["order", "b", "Done", 2], ["product", "c", "Done", 1]]
ACKS = [["a", "applied", True], ["b", "applied", True], ["c", "applied", False]]


def test_a_good_run() -> None:
    found = tally(STRIKES, DOCUMENTS, COMMANDS, ACKS, repeated=True)
    assert found == Found(killed=2)
    assert found.problems(2) == []
    assert found.problems(3) == ["killed 2 of 3"]


@pytest.mark.parametrize(
    ("documents", "commands", "acks", "wanted"),
    [
        (DOCUMENTS[1:], COMMANDS, ACKS, Found(2, lost=1)),
        ([["Item", "a", 0], *DOCUMENTS[1:]], COMMANDS, ACKS, Found(2, lost=1)),
        ([DOCUMENTS[0], ["Sales Order", "b", 2], DOCUMENTS[2]], COMMANDS, ACKS, Found(2, lost=1)),
        ([*DOCUMENTS, ["Sales Order", "b", 3]], COMMANDS, ACKS, Found(2, doubled=1)),
        ([["Item", "a", 2], *DOCUMENTS[1:]], COMMANDS, ACKS, Found(2, doubled=1)),
        (DOCUMENTS, [["product", "a", "Sending", 1], *COMMANDS[1:]], ACKS, Found(2, stuck=1)),
        (DOCUMENTS, [["product", "a", "Dead", 1], *COMMANDS[1:]], ACKS, Found(2, lost=1)),
        (DOCUMENTS, COMMANDS[1:], ACKS, Found(2, lost=1)),
        (DOCUMENTS, COMMANDS, [["a", "applied", False], *ACKS[1:]], Found(2, surprises=1)),
        (DOCUMENTS, COMMANDS, [*ACKS, ["a", "applied", True]], Found(2, surprises=1)),
        (DOCUMENTS, COMMANDS, ACKS[1:], Found(2, surprises=1)),
    ],
)
def test_each_fault_is_seen(documents: list, commands: list, acks: list, wanted: Found) -> None:
    assert tally(STRIKES, documents, commands, acks, repeated=True) == wanted


def test_what_nobody_asked_for() -> None:
    sent = [(one.doctype, one.external_id) for one in STRIKES]
    assert unsent(DOCUMENTS, sent) == []
    assert unsent([*DOCUMENTS, ["Item", "d", 1]], sent) == ["Item d"]


def test_percentiles() -> None:
    assert [percentile(values, 95) for values in ([], [7.0])] == [0.0, 7.0]
    assert percentile([float(number) for number in range(101)], 95) == 95.0


def test_growth_is_by_process() -> None:
    assert growth({"web 1": 90.0, "web 2": 90.0}, {"web 1": 95.5, "web 3": 300.0}) == {"web 1": 5.5}


def ack(status: str, code: str | None = None) -> bytes:
    return json.dumps({"ack_status": status, "ack_payload": {"error_code": code}}).encode()


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(200, ack("applied"), 0.1), "applied"),
        (Reply(200, ack("skipped", "stale"), 0.1), "applied"),
        (Reply(409, ack("failed", "in_progress"), 0.1), "put off: 409 in_progress"),
        (Reply(503, ack("failed", "busy"), 0.1), "put off: 503 busy"),
        (Reply(503, ack("failed", "internal"), 0.1), "HTTP 503 internal"),
        (Reply(422, ack("failed", "refused_by_erp"), 0.1), "HTTP 422 refused_by_erp"),
        (Reply(502, b"<html>", 0.1), "HTTP 502 without an ack"),
        (Reply(200, b"{}", 0.1), "HTTP 200 without an ack"),
        (Reply(0, b"ConnectionResetError", 0.1), "no answer, ConnectionResetError"),
    ],
)
def test_what_an_answer_says(reply: Reply, said: str) -> None:
    assert outcome(reply) == said


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        reply = Line(taken.getsockname()[1], "client.localhost").post("/", b"{}", {})
    assert (reply.status, reply.body) == (0, b"ConnectionRefusedError")


def test_without_a_bench_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BENCH_DIR", str(tmp_path))
    assert chosen() == list(SECTIONS)
    said = capsys.readouterr().out
    assert said.startswith("LEFT OUT: ")
    assert all(name in said for name in BENCH_SECTIONS)
    assert f"there is no bench at {tmp_path}" in said
