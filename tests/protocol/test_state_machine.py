"""Both ends under any order of deliveries, faults, deaths, switches and rotations, against what the shop told last.

CHAOS_EXAMPLES asks for more runs than the suite's own.
"""

from __future__ import annotations

import os
import random
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chaos.checker import check, check_moves, check_order
from chaos.ends import HUB_DEATHS, Ends
from chaos.network import FAULTS
from salla_manager.core.commands import resend_record
from salla_manager.payloads import Payload, parse_payload

EXAMPLES = int(os.environ.get("CHAOS_EXAMPLES", "50"))
SHOP = st.sampled_from(["b0", "b1", "p0"])
TEXTS = st.sampled_from(["Oud", "Musk", "Rose"])


def payload(entity: str, text: str) -> Payload:
    if entity.startswith("b"):
        values = {"external_id": entity, "name": f"Brand {entity}", "description": text}
        return parse_payload("brand", values)
    values = {"external_id": entity, "name": text, "sku": "SKU-0", "price": "10.00", "currency": "SAR"}
    return parse_payload("product", {**values, "brand_id": "b0"})


class BothEnds(RuleBasedStateMachine):
    """The model is what the shop told last."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.ends = Ends(Path(self.folder.name), random.Random(0))
        self.ends.network.shop_changes = lambda: self.change("b0", "Amber")
        self.told: dict[str, str] = {}

    @rule(entity=SHOP, text=TEXTS)
    def tell(self, entity: str, text: str) -> None:
        self.change(entity, text)

    def change(self, entity: str, text: str) -> None:
        if self.ends.change(payload(entity, text)) is not None:
            self.told[entity] = text

    @rule(
        faults=st.lists(st.sampled_from(FAULTS), max_size=4), clock_off=st.sampled_from([0, 0, 3600, -3600])
    )
    def deliver(self, faults: list[str], clock_off: int) -> None:
        self.ends.dispatch(faults, clock_off=clock_off)

    @rule(entity=SHOP, text=TEXTS, point=st.sampled_from(HUB_DEATHS))
    def the_hub_dies(self, entity: str, text: str, point: str) -> None:
        with self.ends.hub_dying_at(point):
            self.change(entity, text)
            self.ends.dispatch()

    @precondition(lambda self: self.ends.network.late)
    @rule(number=st.integers(0, 5), stays=st.booleans())
    def a_late_copy_arrives(self, number: int, stays: bool) -> None:
        self.ends.network.late_arrives(number, stays=stays)

    @rule(seconds=st.sampled_from([1, 10, 100, 700]))
    def wait(self, seconds: int) -> None:
        self.ends.clock.forward(seconds)
        self.ends.sweep()

    @rule()
    def restart_the_executor(self) -> None:
        self.ends.restart_executor()

    @rule(step=st.sampled_from(["rotate_executor", "rotate_hub", "forget_previous_secret"]))
    def rotate(self, step: str) -> None:
        getattr(self.ends, step)()

    @rule(command_type=st.sampled_from(["upsert_brand", "upsert_product"]), is_on=st.booleans())
    def switch_in_the_hub(self, command_type: str, is_on: bool) -> None:
        self.ends.switch_hub(command_type, is_on)

    @rule(is_on=st.booleans())
    def switch_in_the_executor(self, is_on: bool) -> None:
        self.ends.switch_executor(is_on)

    @rule(seconds=st.sampled_from([0, 200, 400, -400]))
    def set_the_executors_clock(self, seconds: int) -> None:
        self.ends.skew = seconds

    @rule()
    def purge_the_inbox(self) -> None:
        self.ends.purge_inbox()

    @rule(number=st.integers(0, 2))
    def send_again(self, number: int) -> None:
        rows = [row for row in self.ends.rows.rows("record") if row["revision"]]
        if rows:
            resend_record(self.ends.host, rows[number % len(rows)]["name"])

    @rule()
    def retry_the_dead(self) -> None:
        self.ends.retry_dead()

    @invariant()
    def no_effect_twice_or_backwards(self) -> None:
        assert check_order(self.ends.effects()) == []

    @invariant()
    def no_command_comes_back(self) -> None:
        assert check_moves(self.ends.rows.moves()) == []

    def teardown(self) -> None:
        try:
            self.ends.heal()
            assert check(self.ends) == []
            assert self._stands() == self.told
        finally:
            self.ends.close()
            self.folder.cleanup()

    def _stands(self) -> dict[str, str]:
        """What the ERP's documents say, by the shop's ids."""
        brands = self.ends.executor.documents("Brand")
        items = self.ends.executor.documents("Item")
        found = {one["name"].removeprefix("Brand "): one["description"] for one in brands}
        return found | {one["name"].replace("SKU-", "p"): one["item_name"] for one in items}


BothEnds.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=25, deadline=None)
TestBothEnds = BothEnds.TestCase
