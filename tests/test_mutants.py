"""The list of `make mutants` cannot rot: what it would change still stands there, and so do its tests."""

import re
from pathlib import Path

import pytest

from scripts.faults import FAULTS
from scripts.mutants import occurrences

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_fault_can_be_put_in_and_its_test_exists(fault):
    assert occurrences(fault) == 1
    assert fault.old != fault.new
    file, name = fault.test.split("::")
    assert re.search(rf"^def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_names_are_told_apart():
    assert len(FAULTS) >= 14
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
