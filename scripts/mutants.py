"""Puts each fault of `faults.py` into a copy of the tree and runs the one test that has to notice it.

Ends non-zero when a fault survives, when its old text is not found exactly once, or when a named test fails
without any fault. usage: python -m scripts.mutants [WORD]   (WORD: only faults whose name holds it)
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from scripts.faults import FAULTS, Fault

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("salla_manager", "salla_executor", "sandbox", "chaos", "scripts", "tests", "docs", "pyproject.toml")
WORKERS = 2
TIMEOUT = 60
# Pytest's own: tests ran and one failed. Anything else, such as a test that is not found, is no proof.
PASSED, FAILED = 0, 1


@dataclass(frozen=True)
class Result:
    fault: Fault
    is_caught: bool
    seconds: float
    note: str = ""


def occurrences(fault: Fault, root: Path = ROOT) -> int:
    return (root / fault.file).read_text(encoding="utf-8").count(fault.old)


def copy_tree(target: Path) -> Path:
    """Without caches: a stale one could hide a fault, as it is known by second and size."""
    target.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(
                source, target / part, ignore=shutil.ignore_patterns("__pycache__", ".hypothesis")
            )
        else:
            shutil.copy(source, target / part)
    return target


def run_tests(tree: Path, tests: Iterable[str]) -> tuple[int, str]:
    """Exit code and the last lines of pytest, run in the copy."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(tree)}
    try:
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, timeout=TIMEOUT
        )
    except subprocess.TimeoutExpired:
        return -1, f"it did not end within {TIMEOUT} s"
    return done.returncode, "\n".join(done.stdout.strip().splitlines()[-3:])


def try_fault(fault: Fault, tree: Path) -> Result:
    """Put the fault in, run its test, take the fault out again."""
    began, path = time.monotonic(), tree / fault.file
    sound = path.read_text(encoding="utf-8")
    path.write_text(sound.replace(fault.old, fault.new), encoding="utf-8")
    try:
        code, tail = run_tests(tree, [fault.test])
    finally:
        path.write_text(sound, encoding="utf-8")
    note = (
        "" if code == FAILED else ("it survived" if code == PASSED else f"pytest ended with {code}: {tail}")
    )
    return Result(fault, code == FAILED, time.monotonic() - began, note)


def try_all(faults: Iterable[Fault], trees: list[Path]) -> list[Result]:
    """As many at a time as there are copies, each of them in a copy of its own."""
    free: SimpleQueue[Path] = SimpleQueue()
    for tree in trees:
        free.put(tree)

    def work(fault: Fault) -> Result:
        tree = free.get()
        try:
            return try_fault(fault, tree)
        finally:
            free.put(tree)

    with ThreadPoolExecutor(len(trees)) as pool:
        return list(pool.map(work, faults))


def table(results: list[Result]) -> str:
    rows = [("fault", "caught by", "seconds")]
    for result in results:
        caught_by = result.fault.test.split("::")[1] if result.is_caught else f"NOT CAUGHT: {result.note}"
        rows.append((result.fault.name, caught_by, f"{result.seconds:.1f}"))
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    return "\n".join(
        f"{name:<{widths[0]}}  {by:<{widths[1]}}  {seconds:>7}".rstrip() for name, by, seconds in rows
    )


def main(words: list[str]) -> int:
    faults = [fault for fault in FAULTS if not words or words[0] in fault.name]
    lost = [f"{fault.name}: {fault.file} holds its old text {occurrences(fault)} times, not once."
            for fault in faults if occurrences(fault) != 1]  # fmt: skip
    if lost or not faults:
        print("\n".join(lost) or f"No fault has '{words[0]}' in its name.", file=sys.stderr)
        return 2
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        trees = [copy_tree(Path(folder) / str(number)) for number in range(WORKERS)]
        code, tail = run_tests(trees[0], sorted({fault.test for fault in faults}))
        if code != PASSED:
            print(f"The named tests have to pass without any fault:\n{tail}", file=sys.stderr)
            return 2
        results = try_all(faults, trees)
    print(table(results))
    survived = [result for result in results if not result.is_caught]
    print(
        f"{len(results) - len(survived)} of {len(results)} faults caught in {time.monotonic() - began:.0f} s."
    )
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
