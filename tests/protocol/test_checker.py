"""The checker of histories is only worth what it catches: each broken promise, written down or brought about."""

from __future__ import annotations

from typing import Any

import pytest

from chaos.checker import check_commands, check_moves, check_order, check_outcomes
from chaos.history import play
from chaos.network import FAILED, OK, UNKNOWN, Operation
from salla_executor.core import receive
from salla_executor.core.model import Claim
from sandbox.executor_store import SqliteReceiver
from sandbox.hub_store import SqliteHubStore

BRAND = ("brand", "1")
FIRST, SECOND = (1, 0), (2, 0)


def said(outcome: str, code: str = "") -> Operation:
    return Operation(BRAND, FIRST, outcome, code)


def is_caught(words: str) -> bool:
    """Within some short histories, as a long one would be."""
    return any(words in text for seed in "12345678" for text in play(seed, 120)[1])


@pytest.mark.parametrize(
    ("log", "effects"),
    [
        ([said(OK)], [(BRAND, FIRST)]),
        ([said(UNKNOWN)], []),
        ([said(UNKNOWN)], [(BRAND, FIRST)]),
        ([said(UNKNOWN), said(FAILED), said(OK)], [(BRAND, FIRST)]),
        ([said(FAILED)], []),
        ([said(OK, "stale")], [(BRAND, SECOND)]),
        ([said(UNKNOWN), said(OK, "stale")], [(BRAND, FIRST)]),
    ],
)
def test_a_good_history_passes(log: list[Operation], effects: Any) -> None:
    # Whatever takes effect has been sent.
    sent = [Operation(BRAND, SECOND, UNKNOWN)]
    assert check_outcomes([*log, *sent], effects) == []


@pytest.mark.parametrize(
    ("log", "effects", "problem"),
    [
        ([said(OK)], [], "acknowledged without an effect"),
        ([said(UNKNOWN), said(OK)], [(BRAND, FIRST)] * 2, "2 effects"),
        ([said(FAILED)], [(BRAND, FIRST)], "an effect although every request failed"),
        ([said(OK, "stale")], [(BRAND, FIRST)], "an effect although it was told to be stale"),
        ([said(OK, "stale")], [], "told to be stale although nothing newer stands"),
        ([], [(BRAND, FIRST)], "an effect of what nobody sent"),
    ],
)
def test_a_broken_promise_is_named(log: list[Operation], effects: Any, problem: str) -> None:
    assert check_outcomes(log, effects) == [f"brand 1 revision 1+0: {problem}"]


def test_an_effect_that_goes_back_is_named() -> None:
    assert check_order([(BRAND, FIRST), (BRAND, SECOND)]) == []
    assert check_order([(BRAND, SECOND), (BRAND, FIRST)]) == ["brand 1 revision 1+0: came after (2, 0)"]


def test_a_command_that_hangs_or_lies_is_named() -> None:
    row = {"entity_type": "brand", "external_id": "1", "revision": 1, "generation": 0, "reason": ""}
    assert check_commands([{**row, "status": "Done"}], [(BRAND, SECOND)]) == []
    assert len(check_commands([{**row, "status": "Done"}], [])) == 1
    assert len(check_commands([{**row, "status": "Sending"}], [(BRAND, FIRST)])) == 1


def test_a_command_that_comes_back_is_named() -> None:
    assert (
        check_moves([("A", "Queued", "Sending"), ("A", "Sending", "Queued"), ("B", "Dead", "Superseded")])
        == []
    )
    assert check_moves([("A", "Done", "Queued")]) == ["A went from Done to Queued"]
    assert check_moves([("A", "Dead", "Queued")]) == ["A went from Dead to Queued"]


def test_a_hub_without_fencing_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that lost its lease writes over what the next one has found."""
    values = {"lease_token": "", "lease_until": None}

    def write_over(rows: SqliteHubStore, command: Any, token: str, update: Any) -> bool:
        rows._update("command", command.name, {"status": update.status, "due_at": None, **values})
        return True

    monkeypatch.setattr(SqliteHubStore, "return_lease", write_over)
    assert is_caught("went from Done")


def test_one_seed_is_one_history() -> None:
    first, again, other = play("7", 40), play("7", 40), play("8", 40)
    assert first == again
    assert first[0] != other[0]
    assert first[1] == other[1] == []


def test_an_executor_that_forgets_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without inbox and watermark each try has its effect."""
    remember = SqliteReceiver.claim

    def forgetful(receiver: SqliteReceiver, *given: Any) -> Claim:
        remember(receiver, *given)
        return Claim("new")

    monkeypatch.setattr(SqliteReceiver, "claim", forgetful)
    monkeypatch.setattr(receive, "_stale", lambda command, reference: None)
    assert is_caught("effects")


def test_an_executor_without_watermark_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receive, "_stale", lambda command, reference: None)
    assert is_caught("came after")


def test_an_ack_before_the_commit_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SqliteReceiver, "commit", SqliteReceiver.rollback)
    assert is_caught("acknowledged without an effect")
