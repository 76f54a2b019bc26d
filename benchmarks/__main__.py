"""Ratios on the real bench: `make benchmark`. Only ratios and statement counts carry over to another machine.

The measuring runs in the bench's own Python, one process per site; this part finds the bench and prints. Named parts
are measured alone: `make benchmark PARTS=intake`. What needs no bench runs in this process: `PARTS=connectors`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts" / "bench"))

import pair  # noqa: E402
import services  # noqa: E402
from layout import CLIENT, HUB, SITES, Bench, BenchError, command, existing_bench  # noqa: E402

from benchmarks import connectors  # noqa: E402
from benchmarks.report import over_limit, table  # noqa: E402

HERE = {"connectors": connectors.figures}
RESULT = ROOT / "var" / "benchmark.json"
PARTS = {
    "masters": (CLIENT, "on_client.py"),
    "orders": (CLIENT, "on_client.py"),
    "long_orders": (CLIENT, "on_client.py"),
    "documents_http": (CLIENT, "on_client.py"),
    "unrelated": (CLIENT, "on_client.py"),
    "lookups": (CLIENT, "on_client.py"),
    "executor_http": (CLIENT, "on_client.py"),
    "dispatch": (HUB, "on_hub.py"),
    "intake": (HUB, "on_hub.py"),
}


def main(wanted: Sequence[str] = ()) -> int:
    unknown = set(wanted) - PARTS.keys() - HERE.keys()
    if unknown:
        raise BenchError(f"there is no part {min(unknown)}; there are {', '.join([*PARTS, *HERE])}")
    began = time.monotonic()
    # Keys and names carry it, so that two runs at once do not meet.
    run = f"smbench-{int(began * 1000) % 10**7:07d}{os.getpid() % 1000:03d}"
    figures: dict[str, Any] = {name: work() for name, work in HERE.items() if not wanted or name in wanted}
    on_sites = [name for name in wanted or PARTS if name in PARTS]
    if on_sites:
        figures |= _on_bench(run, on_sites)
    seconds = round(time.monotonic() - began)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({"run": run, "seconds": seconds, **figures}, indent=1) + "\n")
    print(table(figures))
    print(
        "\nms: min / median / max; ratio: of medians; paired: median of the rounds' ratios, which a limit holds for;"
        " SQL, sent again: ours : base"
    )
    print(f"{seconds} s; also in {RESULT.relative_to(ROOT)}")
    over = over_limit(figures)
    for sentence in over:
        print(f"over its limit: {sentence}")
    return int(bool(over))


def _on_bench(run: str, wanted: Sequence[str]) -> dict[str, Any]:
    """Raises BenchError where there is no bench with both sites."""
    bench = existing_bench()
    missing = [site for site in SITES if not bench.has_site(site)]
    if missing:
        raise BenchError(f"{bench.root} has no site {missing[0]}; run `make bench`")
    services.start(bench)
    print(f"run {run} on {bench.root}; about eight minutes on two cores", flush=True)
    figures: dict[str, Any] = {}
    for site, script in dict.fromkeys(PARTS.values()):
        parts = [name for name in wanted if PARTS[name] == (site, script)]
        if parts:
            figures |= _measure(bench, site, script, run, parts)
    return figures


def _measure(bench: Bench, site: str, script: str, run: str, parts: Sequence[str]) -> dict[str, Any]:
    """Run one part in the sites folder, as Frappe wants it, with its progress shown. Raises BenchError."""
    print(site, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "figures.json"
        arguments = [str(ROOT / "benchmarks" / script), site, run, pair.site_url(bench, site), str(out)]
        arguments += parts
        # A library of ERPNext's warns about the age of Python; that is no news here.
        environment = {**bench.environment(), "PYTHONWARNINGS": "ignore"}
        done = subprocess.run([str(bench.python), *arguments], cwd=bench.sites, env=environment, check=False)
        if done.returncode:
            raise BenchError(f"{script} ended with status {done.returncode}; what it said stands above")
        return json.loads(out.read_text())


if __name__ == "__main__":
    command(lambda: main(sys.argv[1:]))
