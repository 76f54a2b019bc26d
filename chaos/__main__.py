"""Kills, faults and disorder between hub and executor, counted: `make chaos`. Any violation ends it non-zero."""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from chaos.bench import BenchError, missing_bench
from chaos.bench_canaries import bench_canaries
from chaos.bench_crash import bench_crash
from chaos.bench_desk import bench_desk
from chaos.bench_load import bench_load
from chaos.bench_timing import bench_timing
from chaos.crash import crash
from chaos.delivery import delivery
from chaos.ground import Section
from chaos.history import history
from chaos.order import order

RESULT = Path(__file__).resolve().parents[1] / "var" / "chaos.json"
SECTIONS: dict[str, Callable[[int], Section]] = {
    "delivery": delivery,
    "order": order,
    "crash": crash,
    "history": history,
}
# These need a bench; each takes minutes.
BENCH_SECTIONS: dict[str, Callable[[int], Section]] = {
    "bench-canaries": bench_canaries,
    "bench-desk": bench_desk,
    "bench-timing": bench_timing,
    "bench-crash": bench_crash,
    "bench-load": bench_load,
}
ALL = {**SECTIONS, **BENCH_SECTIONS}


def main(arguments: Sequence[str] | None = None) -> int:
    wanted = _wanted(arguments)
    seed = wanted.seed if wanted.seed is not None else random.SystemRandom().randrange(10**9)
    print(f"seed {seed}; the same faults again with --seed {seed}", flush=True)
    began, sections = time.monotonic(), []
    for name in wanted.sections or chosen():
        print(f"\n{name}", flush=True)
        try:
            section = ALL[name](seed)
        except BenchError as error:
            section = Section(name, {"stopped": ""}, [f"{name}: {error}"])
        print(table(section), flush=True)
        sections.append(section)
    seconds = round(time.monotonic() - began)
    violations = [violation for section in sections for violation in section.violations]
    write(seed, seconds, sections)
    print(f"\n{seconds} s, {len(violations)} violations; also in var/{RESULT.name}")
    for violation in violations:
        print(violation, file=sys.stderr)
    return 1 if violations else 0


def chosen() -> list[str]:
    """All, but for those that need a bench where there is none."""
    reason = missing_bench()
    if reason:
        print(f"LEFT OUT: {', '.join(BENCH_SECTIONS)}, since {reason}", flush=True)
    return list(SECTIONS if reason else ALL)


def _wanted(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="section", help=f"of {', '.join(ALL)}; default all")
    parser.add_argument("--seed", type=int, help="the number that an earlier run has printed")
    wanted = parser.parse_args(arguments)
    unknown = sorted(set(wanted.sections) - set(ALL))
    if unknown:
        parser.error(f"there is no section {unknown[0]}; there are {', '.join(ALL)}")
    return wanted


def table(section: Section) -> str:
    width = max(map(len, section.figures))
    lines = [f"  {name.ljust(width)}  {value:>8}" for name, value in section.figures.items()]
    return "\n".join(lines)


def write(seed: int, seconds: int, sections: Sequence[Section]) -> None:
    """Sections of an earlier run that were not run now stay out: the file is one run."""
    RESULT.parent.mkdir(exist_ok=True)
    found = {one.name: {**one.figures, "violations": one.violations} for one in sections}
    RESULT.write_text(json.dumps({"seed": seed, "seconds": seconds, **found}, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
