"""A large simulated WooCommerce store, read whole and then again: `python -m benchmarks.woocommerce`. Needs no bench.

The worker is killed in the middle of the first reading. Prints figures; ends with 1 where something came twice, is
missing, cost more calls than it may, or where reading an unchanged store again did more than it may.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from salla_manager.core.sync_run import RunStatus
from sandbox.woocommerce.history import WooHistory
from sandbox.woocommerce.lists import MOST_PER_PAGE

SIZES = {"products": 10_000, "variations": 20_000, "orders": 5_000, "customers": 2_000, "categories": 30}
# Calls above the least possible, in percent.
MOST_ABOVE = 2.0
# Of an unchanged store's second sync to the first, outside of HTTP, in percent.
MOST_AGAIN = 3.0


@dataclass(frozen=True)
class Cost:
    """seconds: of this process outside of HTTP, its waiting and the shop's own work. commands: made meanwhile."""

    calls: int
    seconds: float
    commands: int


@dataclass(frozen=True)
class First:
    """The reading with a kill. repeated: entities with more than one command. missing: by entity type."""

    cost: Cost
    least: int
    repeated: int
    missing: dict[str, int]

    @property
    def above(self) -> float:
        """Percent."""
        return (self.cost.calls - self.least) * 100 / self.least

    def problems(self) -> list[str]:
        found = {
            f"missing: {self.missing}": bool(self.missing),
            f"{self.repeated} entities have more than one command": self.repeated > 0,
            f"{self.above:.2f} % more calls than the least": self.above > MOST_ABOVE,
        }
        return [sentence for sentence, is_so in found.items() if is_so]


@dataclass(frozen=True)
class Again:
    """One reading of the store that has not changed since."""

    name: str
    cost: Cost
    first: Cost

    @property
    def share(self) -> float:
        """Percent."""
        return self.cost.seconds * 100 / self.first.seconds

    def problems(self) -> list[str]:
        found = {
            f"{self.name}: {self.cost.commands} commands": self.cost.commands > 0,
            f"{self.name}: {self.share:.2f} % of the first": self.share > MOST_AGAIN,
        }
        return [sentence for sentence, is_so in found.items() if is_so]


class Meter:
    def __init__(self, history: WooHistory):
        self.history = history

    def __call__(self, work: Callable[[], Any]) -> Cost:
        history = self.history
        calls, commands = history.calls(), sum(history.commands().values())
        began, within = time.process_time(), history.transport.seconds
        work()
        seconds = time.process_time() - began - (history.transport.seconds - within)
        return Cost(history.calls() - calls, seconds, sum(history.commands().values()) - commands)


def read_whole(history: WooHistory, is_killed: bool = False) -> None:
    """Raises RuntimeError where the run did not end well."""
    run = history.begin()
    if is_killed:
        history.work_until_killed(run.name, history.calls() + run.figures()["calls"] // 2)
    run = history.finish(run.name)
    failed = [(step.entity_type, step.reasons) for step in run.steps if step.failed]
    if run.status != RunStatus.DONE or failed:
        raise RuntimeError(f"The run is {run.status}: {run.message} {failed}")


def least_calls(history: WooHistory) -> int:
    """Each list once, in the largest pages that WooCommerce gives; the order statuses are one more."""
    state = history.woo.state
    lists = (state.products, state.variations, state.orders, state.refunds, state.customers, state.categories)
    return sum(-(-len(rows) // MOST_PER_PAGE) for rows in (*lists, state.brands)) + 1


def measure_first(history: WooHistory) -> First:
    cost = Meter(history)(lambda: read_whole(history, is_killed=True))
    repeated = sum(count > 1 for count in history.commands().values())
    missing = {kind: len(ids) for kind, ids in history.missing().items()}
    return First(cost, least_calls(history), repeated, missing)


def measure_again(history: WooHistory, first: Cost) -> Iterator[Again]:
    """The look that the scheduler makes all day, then all of it once more."""
    for name, work in (("second sync", history.look), ("all read again", lambda: read_whole(history))):
        history.clock.sleep(timedelta(hours=1).total_seconds())
        yield Again(name, Meter(history)(work), first)


@click.command(help=__doc__)
@click.option("--scale", default=1.0, show_default=True, help="Of the store's size.")
def main(scale: float) -> None:
    sizes = {name: max(1, round(count * scale)) for name, count in SIZES.items()}
    stocked = ", ".join(f"{count} {name}" for name, count in sizes.items())
    print(f"store: {stocked}; one kill at half of the calls")
    with tempfile.TemporaryDirectory(prefix="woocommerce-sync-") as folder:
        history = WooHistory(str(Path(folder) / "hub.sqlite"), **sizes)
        first = measure_first(history)
        _print_first(history, first)
        problems = first.problems()
        for again in measure_again(history, first.cost):
            _print_again(again)
            problems += again.problems()
        history.close()
    for problem in problems:
        print(f"  NOT AS PROMISED: {problem}")
    sys.exit(bool(problems))


def _print_first(history: WooHistory, first: First) -> None:
    arrived = ", ".join(f"{count} {kind}" for kind, count in sorted(history.arrived().items()))
    print(f"\nfirst sync\n  arrived: {arrived}")
    print(f"  commands: {first.cost.commands}; entities with more than one: {first.repeated}")
    print(f"  calls: {first.cost.calls}, least possible {first.least}: {first.above:.2f} % more")
    print(f"  outside of HTTP: {first.cost.seconds:.1f} s")


def _print_again(again: Again) -> None:
    print(f"\n{again.name}, nothing has changed")
    print(f"  commands: {again.cost.commands}; calls: {again.cost.calls}")
    print(f"  outside of HTTP: {again.cost.seconds:.2f} s, {again.share:.2f} % of the first")


if __name__ == "__main__":
    main()
