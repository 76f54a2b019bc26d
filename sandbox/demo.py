"""`python -m sandbox demo`: the scenarios of both shops on embedded hosts, their tables and their verdict."""

from __future__ import annotations

from pathlib import Path

from sandbox.scenario import Scenario
from sandbox.scene import Scene
from sandbox.woocommerce.scenario import WooScenario
from sandbox.world import EmbeddedWorld, World

RESULT = Path("var/demo.json")


def play(world: World, result: Path) -> bool:
    """Plays in a world that is up, prints the tables, writes the results; whether both are green."""
    print(f"Playing on {world.name}", flush=True)
    is_green = _scene("Salla", Scenario(world, _say), result)
    woo = result.with_name(f"{result.stem}-woocommerce{result.suffix}")
    return _scene("WooCommerce", WooScenario(world.of_woo(), _say), woo) and is_green


def _scene(shop: str, scene: Scene, result: Path) -> bool:
    print(f"\n{shop}", flush=True)
    report = scene.play()
    report.save(result)
    print()
    print(report.text())
    print(f"The same as JSON: {result}")
    return report.is_green


def _say(line: str) -> None:
    print(f"  {line}", flush=True)


def main() -> int:
    """0 if shops and ERP agree."""
    with EmbeddedWorld() as world:
        return 0 if play(world, RESULT) else 1
