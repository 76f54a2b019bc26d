"""Kills, faults and disorder between hub and executor, counted: `make chaos`. Any violation ends it non-zero."""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

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


def main(arguments: Sequence[str] | None = None) -> int:
    wanted = _wanted(arguments)
    seed = wanted.seed if wanted.seed is not None else random.SystemRandom().randrange(10**9)
    print(f"seed {seed}; the same faults again with --seed {seed}", flush=True)
    began, sections = time.monotonic(), []
    for name in wanted.sections or SECTIONS:
        section = SECTIONS[name](seed)
        print(table(section), flush=True)
        sections.append(section)
    seconds = round(time.monotonic() - began)
    violations = [violation for section in sections for violation in section.violations]
    write(seed, seconds, sections)
    print(f"\n{seconds} s, {len(violations)} violations; also in var/{RESULT.name}")
    for violation in violations:
        print(violation, file=sys.stderr)
    return 1 if violations else 0


def _wanted(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument(
        "sections", nargs="*", metavar="section", help=f"of {', '.join(SECTIONS)}; default all"
    )
    parser.add_argument("--seed", type=int, help="the number that an earlier run has printed")
    wanted = parser.parse_args(arguments)
    unknown = sorted(set(wanted.sections) - set(SECTIONS))
    if unknown:
        parser.error(f"there is no section {unknown[0]}; there are {', '.join(SECTIONS)}")
    return wanted


def table(section: Section) -> str:
    width = max(map(len, section.figures))
    lines = [f"  {name.ljust(width)}  {value:>8}" for name, value in section.figures.items()]
    return "\n".join(["", section.name, *lines])


def write(seed: int, seconds: int, sections: Sequence[Section]) -> None:
    """Sections of an earlier run that were not run now stay out: the file is one run."""
    RESULT.parent.mkdir(exist_ok=True)
    found = {one.name: {**one.figures, "violations": one.violations} for one in sections}
    RESULT.write_text(json.dumps({"seed": seed, "seconds": seconds, **found}, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
