"""A day of a shop in steps, and what came of it; `scenario` has Salla's, `woocommerce/scenario` WooCommerce's."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.compare import Held
from sandbox.report import Figures, Report
from sandbox.salla.shop import Delivery
from sandbox.world import World

PULLED = ["categories", "brands", "order_statuses", "products", "customers", "orders"]


@dataclass
class Scene:
    """play() returns the report; say is given one line per step."""

    world: World
    say: Callable[[str], None] = print
    sent: Counter[str] = field(default_factory=Counter)
    held: set[str] = field(default_factory=set)
    checks: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def steps(self) -> tuple[Callable[[], str], ...]:
        """Each gives the sentence that tells what it did."""
        raise NotImplementedError

    def at_shop(self) -> dict[str, int]:
        """How many the shop has, by entity type."""
        raise NotImplementedError

    def comparison(self) -> Held:
        """What was compared."""
        raise NotImplementedError

    def play(self) -> Report:
        started = time.monotonic()
        for step in self.steps():
            begun = time.monotonic()
            self.say(f"{_title(step):<18} {step()} ({time.monotonic() - begun:.1f} s)")
        return self._report(time.monotonic() - started)

    # Helpers

    def _send(self, delivery: Delivery) -> int:
        status = self.world.deliver(delivery)
        self.sent["accepted" if status == 200 else "refused"] += 1
        return status

    def _open(self) -> int:
        return sum(row["status"] in ("Queued", "Sending", "Waiting") for row in self.world.commands())

    def _mark_held(self) -> int:
        held = {row["name"] for row in self.world.commands() if row["status"] == "Held"}
        self.held |= held
        return len(held)

    def _expect(self, is_so: bool, problem: str) -> None:
        if not is_so:
            self.problems.append(problem)

    def _report(self, seconds: float) -> Report:
        comparison = self.comparison()
        self.checks["orders equal to the halala"] = (
            f"{comparison.orders_equal}, together {comparison.total} SAR"
        )
        files, wrong = self.world.files()
        self.checks["whole files in the dropzone"] = files
        self.problems += wrong
        events = self.world.events()
        webhooks = {"sent": sum(self.sent.values()), "refused": self.sent["refused"], "stored": 0, **events}
        webhooks["stored"] = sum(count for status, count in events.items() if status != "duplicates")
        for row in self.world.commands():
            if row["status"] not in ("Done", "Superseded"):
                text = f"{row['name']} ({row['entity_type']} {row['external_id']}) is {row['status']}: {row['reason']}"
                self.problems.append(text)
        differences = self.problems + comparison.differences
        return Report(self.world.name, self._figures(), webhooks, self.checks, differences, seconds)

    def _figures(self) -> dict[str, Figures]:
        figures = {entity: Figures(at_shop=count) for entity, count in self.at_shop().items()}
        for row in self.world.records():
            figures[row["entity_type"]].received += 1
        for row in self.world.skips():
            if not row["is_resolved"]:
                entry = figures[row["entity_type"]]
                entry.skipped += 1
                entry.skip_reasons[row["reason"]] = entry.skip_reasons.get(row["reason"], 0) + 1
        attempts = self.world.attempts()
        for row in self.world.commands():
            entry = figures[row["entity_type"]]
            entry.commands += 1
            entry.attempts += attempts[row["name"]]
            entry.held += row["name"] in self.held
            entry.applied += row["status"] == "Done"
            entry.superseded += row["status"] == "Superseded"
            entry.dead += row["status"] == "Dead"
        return figures


def _title(step: Callable[[], str]) -> str:
    return step.__name__.replace("_", " ")
