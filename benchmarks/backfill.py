"""A backfill of a large simulated store: `python -m benchmarks.backfill`. Needs no bench.

Twice: at an unlimited rate, and at Salla's smallest documented limit on a simulated clock. Each time the worker is
killed in the middle. Prints figures; ends with 1 where something came twice, is missing, was refused, or cost
more calls than it may.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from salla_manager.core.sync_run import SyncRun
from sandbox.history import History

SIZES = {"products": 10_000, "customers": 2_000, "orders": 5_000, "categories": 30, "brands": 20}
PER_MINUTE = 120
# Calls above the least possible, in percent.
MOST_ABOVE = 2.0


@dataclass(frozen=True)
class Result:
    label: str
    run: SyncRun
    plan: dict[str, Any]
    missing: dict[str, list[str]]
    repeated: int
    records: dict[str, int]
    commands: int
    calls: int
    least: int
    refused: int
    simulated_minutes: float
    seconds: float

    @property
    def above(self) -> float:
        """Percent."""
        return (self.calls / self.least - 1) * 100

    def problems(self) -> list[str]:
        found = {
            f"the run is {self.run.status}: {self.run.message}": self.run.status != "Done",
            f"missing: { {kind: len(ids) for kind, ids in self.missing.items()} }": bool(self.missing),
            f"{self.repeated} entities have more than one command": self.repeated > 0,
            f"{self.refused} calls were refused with 429": self.refused > 0,
            f"{self.above:.2f} % more calls than the least": self.above > MOST_ABOVE,
        }
        return [sentence for sentence, is_so in found.items() if is_so]


def measure(label: str, path: Path, per_minute: int, sizes: dict[str, int]) -> Result:
    history = History(str(path), per_minute=per_minute, **sizes)
    began, started_at = time.monotonic(), history.clock.now()
    plan = history.begin()
    history.work_until_killed(plan.name, plan.figures()["calls"] // 2)
    run = history.finish(plan.name)
    commands = history.commands()
    result = Result(
        label=label,
        run=run,
        plan=plan.figures() | {"minutes": plan.figures()["calls"] / PER_MINUTE},
        missing=history.missing(),
        repeated=sum(count > 1 for count in commands.values()),
        records=dict(history.arrived()),
        commands=len(commands),
        calls=history.calls(),
        least=least_calls(history),
        refused=history.refusals(),
        simulated_minutes=(history.clock.now() - started_at).total_seconds() / 60,
        seconds=time.monotonic() - began,
    )
    history.close()
    return result


def least_calls(history: History) -> int:
    """Each list once in the largest pages that Salla gives; each order, its lines, and its shipments where it has any."""
    state, api = history.salla.state, history.salla.api
    pages = sum(-(-len(rows) // api.per_page_cap) for rows in (state.products, state.customers, state.brands))
    roots = sum(row["parent_id"] == 0 for row in state.categories.values())
    lists = pages - (-roots // api.per_page_cap) - (-len(state.orders) // api.orders_per_page_cap) + 1
    return lists + sum(3 if order.is_shippable else 2 for order in state.orders.values())


def _print(result: Result) -> None:
    plan = result.plan
    print(f"\n{result.label}")
    print(f"  planned: {plan['calls']} calls, {plan['minutes']:.0f} minutes at {PER_MINUTE} a minute")
    print(f"  arrived: {', '.join(f'{count} {kind}' for kind, count in sorted(result.records.items()))}")
    print(f"  commands: {result.commands}; entities with more than one: {result.repeated}")
    print(
        f"  calls: {result.calls}, least possible {result.least}: {result.above:.2f} % more; 429: {result.refused}"
    )
    print(f"  simulated: {result.simulated_minutes:.1f} minutes; took {result.seconds:.0f} s here")
    for problem in result.problems():
        print(f"  NOT AS PROMISED: {problem}")


@click.command(help=__doc__)
@click.option("--scale", default=1.0, show_default=True, help="Of the store's size.")
def main(scale: float) -> None:
    sizes = {name: max(1, round(count * scale)) for name, count in SIZES.items()}
    print(
        f"store: {', '.join(f'{count} {name}' for name, count in sizes.items())}; one kill at half of the calls"
    )
    results = []
    with tempfile.TemporaryDirectory(prefix="salla-backfill-") as folder:
        for label, per_minute in (("unlimited", 0), (f"{PER_MINUTE} calls a minute", PER_MINUTE)):
            results.append(measure(label, Path(folder) / f"{per_minute}.sqlite", per_minute, sizes))
            _print(results[-1])
    sys.exit(any(result.problems() for result in results))


if __name__ == "__main__":
    main()
