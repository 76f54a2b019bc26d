"""docs/ERP_CONNECTORS.md cannot lie: what it writes is written, run, found by its hook and used. So is the template."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from salla_manager.erp.checks import LIMITS, sample_command
from salla_manager.erp.port import ConnectorError
from salla_manager.erp.registry import ConnectorRegistry
from salla_manager.erp.template import new_connector

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs/ERP_CONNECTORS.md").read_text(encoding="utf-8")


def blocks() -> dict[str, str]:
    """File name → content, of every block of Python in the document."""
    return dict(re.findall(r"^```python ([\w/.]+)\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL))


def unittests(folder: Path, *tests: str) -> str:
    """What unittest says of them. Frappe is blocked, as a plain folder has none."""
    script = "import sys, unittest\nsys.modules['frappe'] = None\nunittest.main(module=None, argv=['unittest', *sys.argv[1:]])"
    done = subprocess.run(
        [sys.executable, "-c", script, *tests],
        cwd=folder,
        env={"PYTHONPATH": f"{ROOT}:{folder}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture
def app(tmp_path, monkeypatch):
    for name, text in blocks().items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.split(".")[0] == "acme"]:
        del sys.modules[name]


def test_every_block_of_python_is_a_file():
    assert list(blocks()) == ["acme/acme_books.py", "acme/test_acme_books.py", "acme/hooks.py"]
    assert DOCUMENT.count("```python") == len(blocks())


def test_the_tests_of_the_walk_through_pass(app):
    (module,) = re.findall(r"^python -m unittest (\S+)$", DOCUMENT, re.MULTILINE)
    said = unittests(app, module)
    ran = int(re.search(r"Ran (\d+) tests", said)[1])
    # Those of the page and those of ConnectorChecks.
    assert ran == blocks()["acme/test_acme_books.py"].count("def test_") + 8


def test_the_connector_is_found_by_its_hook(app):
    hooks = importlib.import_module("acme.hooks").salla_manager_erp_connectors
    registry = ConnectorRegistry(limits=LIMITS)
    for connector_type, path in hooks.items():
        registry.register(connector_type, path)
    assert "acme.acme_books" not in sys.modules
    connector = registry.get("ACME_BOOKS")
    assert connector.connector_type == "ACME_BOOKS"
    with pytest.raises(ConnectorError, match="Is the server up"):
        connector.export(sample_command(), {"url": "http://127.0.0.1:1", "token": "a-token"})


def test_the_walk_through_is_in_the_style_of_the_house(app):
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--config",
            str(ROOT / "pyproject.toml"),
            "--ignore",
            "PT,I001",
            str(app),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


# --- the template ---


@pytest.mark.parametrize(
    ("name", "module", "cls", "connector_type"),
    [
        ("acme-books", "acme_books", "AcmeBooks", "ACME_BOOKS"),
        ("Acme Books", "acme_books", "AcmeBooks", "ACME_BOOKS"),
        ("ACME_2", "acme_2", "ACME2", "ACME_2"),
        ("class", "class", "Class", "CLASS"),
        ("json", "json", "Json", "JSON"),
    ],
)
def test_the_template_is_written_and_its_tests_pass(name, module, cls, connector_type, tmp_path):
    paths = new_connector(name, tmp_path)
    assert [path.name for path in paths] == [f"{module}_connector.py", f"test_{module}_connector.py"]
    assert sorted(paths) == sorted(tmp_path.iterdir())
    text = paths[0].read_text(encoding="utf-8")
    assert f"class {cls}Connector(HttpConnector):\n" in text
    assert f'connector_type = "{connector_type}"\n' in text
    assert "Ran 11 tests" in unittests(tmp_path, f"test_{module}_connector")


def test_the_template_is_in_the_style_of_the_house(tmp_path):
    paths = [str(path) for path in new_connector("acme-books", tmp_path)]
    config = ["--config", str(ROOT / "pyproject.toml")]
    for command in (["check", "--ignore", "PT"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *config, *paths], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "1acme",
        "acme/books",
        "../acme",
        "acme.books",
        "acme\n",
        "-acme",
        "acme--books",
        "متجر",
        "a" * 41,
        "a'b",
    ],
)
def test_a_name_that_cannot_be_one(name, tmp_path):
    with pytest.raises(ValueError, match=r"cannot be a connector's name\. Take up to 40 letters"):
        new_connector(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["mock", "Client Executor", "dropzone-json-v1"])
def test_a_type_of_the_hub_is_not_given_twice(name, tmp_path):
    with pytest.raises(ValueError, match=r"is taken by a connector of the hub\. Take another name"):
        new_connector(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["acme_connector.py", "test_acme_connector.py"])
def test_nothing_is_written_over(there, tmp_path):
    (tmp_path / there).write_text("mine")
    with pytest.raises(ValueError, match="is there already; nothing was written"):
        new_connector("acme", tmp_path)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(there, "mine")]


def test_the_folder_has_to_be_there(tmp_path):
    with pytest.raises(ValueError, match=r"There is no folder .*/gone"):
        new_connector("acme", tmp_path / "gone")
