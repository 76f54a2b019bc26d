"""`python -m sandbox bench-demo`: the demo's scenario on the two sites of a real bench."""

from __future__ import annotations

import os
from pathlib import Path

from sandbox.bench_world import BenchWorld
from sandbox.demo import play

RESULT = Path("var/bench-demo.json")


def main() -> int:
    """0 if shop and ERPNext agree, 1 if not, 2 where there is no bench."""
    try:
        world = BenchWorld(os.environ.get("BENCH_DIR"), os.environ.get("SITE_PASSWORD", "admin"))
    except Exception as error:
        # The bench scripts say in one sentence what is missing.
        if type(error).__name__ != "BenchError":
            raise
        print(error)
        return 2
    with world:
        return 0 if play(world, RESULT) else 1
