"""Random faults over tens of thousands of requests, and a checker over what was promised: the same for one seed."""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from chaos import children
from chaos.checker import check
from chaos.ends import HUB_DEATHS, Ends
from chaos.ground import Section
from chaos.network import FAULTS
from salla_manager.core.commands import resend_record
from salla_manager.payloads import Payload, parse_payload

OPERATIONS, PER_ROUND, PROCESSES = 20_000, 1000, 2
WAITS = (1, 3, 10, 40, 100, 400, 700)
BRANDS, CATEGORIES, PRODUCTS = 8, 5, 6


def history(seed: int, operations: int = OPERATIONS) -> Section:
    section = Section("history")
    began = time.monotonic()
    rounds = -(-operations // PER_ROUND)
    with children.context().Pool(PROCESSES) as pool:
        found = pool.starmap(play, [(f"{seed}:{number}",) for number in range(rounds)], chunksize=1)
    total: Counter[str] = Counter()
    for number, (counted, violations) in enumerate(found):
        total.update(counted)
        section.violations += [f"history: round {seed}:{number}: {text}" for text in violations]
    section.figures |= {"rounds": rounds, **{name: total[name] for name in sorted(total)}}
    section.expect("violations", len(section.violations), 0)
    section.figures["seconds"] = round(time.monotonic() - began, 1)
    if total["operations"] < operations:
        section.violations.append(f"history: {total['operations']} operations, not {operations}")
    return section


def play(seed: str, operations: int = PER_ROUND) -> tuple[dict[str, int], list[str]]:
    """One round: counts and violations."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        player = Player(Path(folder), random.Random(seed))
        try:
            player.run(operations)
            player.ends.heal()
            return player.counted(), check(player.ends)
        finally:
            player.ends.close()


class Player:
    """Draws what happens next."""

    def __init__(self, folder: Path, chance: random.Random):
        self.chance = chance
        self.ends = Ends(folder, chance)
        self.ends.network.shop_changes = self.change
        self.steps: Counter[str] = Counter()
        self.told = 0
        self.weights: dict[Callable[[], None], float] = {
            self.change: 10,
            self.deliver: 14,
            self.late_copy: 6,
            self.wait: 6,
            self.hub_dies: 1.5,
            self.sweep: 2,
            self.restart_executor: 0.5,
            self.rotate_secret: 0.5,
            self.switch_in_hub: 0.6,
            self.switch_in_executor: 0.4,
            self.purge_inbox: 0.3,
            self.executor_clock: 0.3,
            self.send_again: 0.6,
            self.retry_dead: 0.4,
        }

    def run(self, operations: int) -> None:
        steps, weights = list(self.weights), list(self.weights.values())
        while len(self.ends.network.log) < operations:
            (step,) = self.chance.choices(steps, weights)
            self.steps[step.__name__.replace("_", " ")] += 1
            step()

    def counted(self) -> dict[str, int]:
        log, ends = self.ends.network.log, self.ends
        counts = Counter(f"outcome {operation.outcome}" for operation in log)
        counts.update(
            operations=len(log), effects=len(ends.effects()), commands=len(ends.rows.rows("command"))
        )
        counts["answered from the inbox"] = sum(operation.is_repeat for operation in log)
        counts["answered stale"] = sum(operation.code == "stale" for operation in log)
        counts.update({f"step {name}": number for name, number in self.steps.items()})
        return counts

    # What may happen

    def change(self) -> None:
        for _ in range(self.chance.randint(1, 4)):
            self.ends.change(self._payload())

    def deliver(self) -> None:
        faults = [self._fault() for _ in range(self.chance.randint(0, 8))]
        clock_off = self.chance.choice((-3600, -60, 60, 3600)) if self.chance.random() < 0.03 else 0
        self.ends.dispatch(faults, self.chance.choice((1, 5, 20)), clock_off)

    def late_copy(self) -> None:
        self.ends.network.late_arrives(self.chance.randrange(1000), stays=self.chance.random() < 0.3)

    def wait(self) -> None:
        self.ends.clock.forward(self.chance.choice(WAITS))

    def hub_dies(self) -> None:
        with self.ends.hub_dying_at(self.chance.choice(HUB_DEATHS)):
            self.ends.change(self._payload())
            self.ends.dispatch()

    def sweep(self) -> None:
        self.ends.sweep()

    def restart_executor(self) -> None:
        self.ends.restart_executor()

    def rotate_secret(self) -> None:
        self.ends.rotate_executor()
        if self.chance.random() < 0.3:
            self.ends.forget_previous_secret()
        self.ends.dispatch([self._fault()])
        self.ends.rotate_hub()

    def switch_in_hub(self) -> None:
        command_type = self.chance.choice(("upsert_brand", "upsert_product", "upsert_category"))
        self.ends.switch_hub(command_type, self.chance.random() < 0.6)

    def switch_in_executor(self) -> None:
        self.ends.switch_executor(self.chance.random() < 0.6)

    def purge_inbox(self) -> None:
        self.ends.purge_inbox()

    def executor_clock(self) -> None:
        self.ends.skew = self.chance.choice((0, 0, 0, 200, 400, -400))

    def send_again(self) -> None:
        rows = [row for row in self.ends.rows.rows("record") if row["revision"]]
        if rows:
            resend_record(self.ends.host, self.chance.choice(rows)["name"])

    def retry_dead(self) -> None:
        self.ends.retry_dead()

    def _fault(self) -> str:
        # Delayed ones are told more often: they alone come after a newer version.
        return "ok" if self.chance.random() < 0.4 else self.chance.choice((*FAULTS, "delayed", "delayed"))

    def _payload(self) -> Payload:
        """A new text most times, now and then one that was told before."""
        self.told += self.chance.random() < 0.8
        text = f"text {self.told}"
        kind = self.chance.choices(("brand", "category", "product", "order"), (6, 3, 4, 0.5))[0]
        values = getattr(self, f"_{kind}")(text)
        return parse_payload(kind, values)

    def _brand(self, text: str) -> dict[str, object]:
        number = self.chance.randrange(BRANDS)
        return {"external_id": f"b{number}", "name": f"Brand {number}", "description": text}

    def _category(self, text: str) -> dict[str, object]:
        number = self.chance.randrange(CATEGORIES)
        values = {
            "external_id": f"c{number}",
            "name": f"Category {number}",
            "image": f"https://shop.test/{text}",
        }
        return values | ({"parent_id": "c0"} if number else {})

    def _product(self, text: str) -> dict[str, object]:
        number = self.chance.randrange(PRODUCTS)
        values = {"external_id": f"p{number}", "name": text, "sku": f"SKU-{number}", "currency": "SAR"}
        return values | {"price": f"{1 + self.told % 50}.00", "brand_id": f"b{number}"}

    def _order(self, text: str) -> dict[str, object]:
        """Of a total that has collapsed: the executor refuses it for good."""
        line = {"external_id": "1", "sku": "GONE", "name": text, "quantity": "1", "unit_price": "10.00"}
        values = {"external_id": "o1", "reference": "1", "status": "under_review", "currency": "SAR"}
        return values | {
            "created_at": "2026-11-20T11:00:00+00:00",
            "total": "0",
            "customer": {"external_id": "7", "name": "Noura"},
            "items": [line],
        }
