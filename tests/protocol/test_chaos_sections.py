"""The sections of `make chaos`, small: processes are started, killed and counted in every run of the suite.

Points that leave a lease behind are left to the long run, as a lease is waited for in real time.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from chaos.crash import crash
from chaos.delivery import delivery
from chaos.ground import Section
from chaos.order import order
from chaos.points import EXECUTOR_POINTS

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_LEASE = (
    "hub: inserted, not committed",
    "hub: committed, nobody woken",
    "hub: outcome committed",
    *EXECUTOR_POINTS,
)


def test_a_kill_at_each_point_without_a_lease() -> None:
    section = crash(0, 1, WITHOUT_LEASE)
    assert section.violations == []
    assert section.figures["kills"] == len(WITHOUT_LEASE)


def test_four_dispatchers_on_one_database() -> None:
    section = delivery(0, 60)
    assert section.violations == []
    assert (section.figures["documents"], section.figures["attempts recorded"]) == (60, 60)


def test_shuffled_versions() -> None:
    section = order(0, 4, 10)
    assert section.violations == []
    assert section.figures["entities with the last version"] == 4


def test_a_figure_that_is_off_is_a_violation() -> None:
    section = Section("delivery")
    section.expect("documents", 3999, 4000)
    assert section.violations == ["delivery: documents is 3999, not 4000"]


@pytest.mark.parametrize(("arguments", "status"), [(["--help"], 0), (["nonsense"], 2)])
def test_the_command_line(arguments: list[str], status: int) -> None:
    call = [sys.executable, "-m", "chaos", *arguments]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert "delivery, order, crash, history" in done.stdout + done.stderr
