"""Ratios on the real bench: `make benchmark`. Only ratios and statement counts carry over to another machine.

The measuring runs in the bench's own Python, one process per site; this part finds the bench and prints.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts" / "bench"))

import pair  # noqa: E402
import services  # noqa: E402
from layout import CLIENT, HUB, SITES, Bench, BenchError, command, existing_bench  # noqa: E402

from benchmarks.report import table  # noqa: E402

RESULT = ROOT / "var" / "benchmark.json"
PARTS = ((CLIENT, "on_client.py"), (HUB, "on_hub.py"))


def main() -> int:
    bench = existing_bench()
    missing = [site for site in SITES if not bench.has_site(site)]
    if missing:
        raise BenchError(f"{bench.root} has no site {missing[0]}; run `make bench`")
    began = time.monotonic()
    services.start(bench)
    # Keys and names carry it, so that two runs at once do not meet.
    run = f"smbench-{int(began * 1000) % 10**7:07d}{os.getpid() % 1000:03d}"
    print(f"run {run} on {bench.root}; about three minutes on two cores", flush=True)
    figures: dict[str, Any] = {}
    for site, script in PARTS:
        figures |= _measure(bench, site, script, run)
    seconds = round(time.monotonic() - began)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({"run": run, "seconds": seconds, **figures}, indent=1) + "\n")
    print(table(figures))
    print(
        "\nms: min / median / max; ratio: of medians; paired: median of the rounds' ratios; SQL: ours : base"
    )
    print(f"{seconds} s; also in {RESULT.relative_to(ROOT)}")
    return 0


def _measure(bench: Bench, site: str, script: str, run: str) -> dict[str, Any]:
    """Run one part in the sites folder, as Frappe wants it, with its progress shown. Raises BenchError."""
    print(site, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "figures.json"
        arguments = [str(ROOT / "benchmarks" / script), site, run, pair.site_url(bench, site), str(out)]
        # A library of ERPNext's warns about the age of Python; that is no news here.
        environment = {**bench.environment(), "PYTHONWARNINGS": "ignore"}
        done = subprocess.run([str(bench.python), *arguments], cwd=bench.sites, env=environment, check=False)
        if done.returncode:
            raise BenchError(f"{script} ended with status {done.returncode}; what it said stands above")
        return json.loads(out.read_text())


if __name__ == "__main__":
    command(main)
