import json
from pathlib import Path

import pytest

from sandbox.replay import Replay
from sandbox.scenario import Scenario
from sandbox.world import EmbeddedWorld

FIXTURES = Path(__file__).parents[1] / "salla" / "fixtures"


@pytest.fixture(scope="session")
def played():
    """(world, report) of the demo's scenario, played once; tests look, and put back what they change."""
    with EmbeddedWorld() as world:
        yield world, Scenario(world, say=lambda line: None).play()


@pytest.fixture
def replay(tmp_path):
    """A function: bodies (parsed, bytes, or the name of a fixture) -> what became of each."""
    replay = Replay(tmp_path)

    def run(*bodies):
        results = []
        for number, body in enumerate(bodies):
            path = FIXTURES / f"{body}.json" if isinstance(body, str) else tmp_path / f"{number}.json"
            if not isinstance(body, str):
                path.write_bytes(body if isinstance(body, bytes) else json.dumps(body).encode())
            results.append(replay.run(str(path)))
        return results

    yield run
    replay.close()


@pytest.fixture
def fixture():
    return lambda name: json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
