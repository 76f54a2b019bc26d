"""`python -m sandbox demo`: the scenario on embedded hosts, its table and its verdict."""

from __future__ import annotations

from pathlib import Path

from sandbox.report import Report
from sandbox.scenario import Scenario
from sandbox.world import EmbeddedWorld, World

RESULT = Path("var/demo.json")


def play(world: World, result: Path) -> Report:
    """Plays in a world that is up, prints the table, writes the result."""
    print(f"Playing on {world.name}", flush=True)
    report = Scenario(world, lambda line: print(f"  {line}", flush=True)).play()
    report.save(result)
    print()
    print(report.text())
    print(f"The same as JSON: {result}")
    return report


def main() -> int:
    """0 if shop and ERP agree."""
    with EmbeddedWorld() as world:
        return 0 if play(world, RESULT).is_green else 1
