"""The real bench as the sections see it: where it is, what runs there, and processes of its own Python to ask."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts" / "bench"))

import pair  # noqa: E402
import services  # noqa: E402
from layout import CLIENT, HUB, SITES, TIED, Bench, BenchError, bench_from  # noqa: E402

__all__ = [
    "CLIENT",
    "HUB",
    "SITES",
    "TIED",
    "Bench",
    "BenchError",
    "OnSite",
    "environment",
    "missing_bench",
    "pair",
    "services",
    "the_bench",
]


def missing_bench() -> str:
    """Why the bench's sections cannot run; empty where they can."""
    bench = bench_from()
    if not bench.config_file.is_file() or not bench.python.exists():
        return f"there is no bench at {bench.root}; `make bench` makes one, BENCH_DIR names another"
    missing = [site for site in SITES if not bench.has_site(site)]
    return f"{bench.root} has no site {missing[0]}; run `make bench`" if missing else ""


def the_bench() -> Bench:
    """Up and with the two sites paired. Raises BenchError."""
    reason = missing_bench()
    if reason:
        raise BenchError(reason)
    bench = bench_from()
    services.start(bench)
    return bench


def environment(bench: Bench, **more: str) -> dict[str, str]:
    # A library of ERPNext's warns about the age of Python; that is no news here.
    return {**bench.environment(), "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", **more}


class OnSite:
    """A process of the bench's Python on one site; asked and answering in lines of JSON."""

    def __init__(self, bench: Bench, site: str, module: str):
        command = [*TIED, str(bench.python), "-m", module, site]
        self.module = module
        self.process = subprocess.Popen(
            command,
            cwd=bench.sites,
            env=environment(bench),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, do: str, **arguments: Any) -> Any:
        """Raises BenchError with what went wrong over there."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": "its process ended"}
        if "error" in answer:
            raise BenchError(f"{self.module}, {do}: {answer['error']}")
        return answer["value"]

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(60)

    def __enter__(self) -> OnSite:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
