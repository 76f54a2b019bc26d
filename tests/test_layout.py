"""The shape of the repository: what must not know Frappe, what packaging promises."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FRAPPE_FREE = [
    "salla_manager/contract.py",
    "salla_manager/key_agreement.py",
    "salla_manager/payloads.py",
    "salla_manager/core",
    "salla_manager/platforms",
    "salla_manager/erp",
    "salla_executor/contract.py",
    "salla_executor/key_agreement.py",
    "salla_executor/encryption.py",
    "salla_executor/payloads.py",
    "salla_executor/core",
    "sandbox",
]
BLOCKED = {"frappe", "erpnext"}


def modules() -> list[str]:
    files: list[Path] = []
    for room in FRAPPE_FREE:
        path = ROOT / room
        files += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in files
        if path.name != "__main__.py"
    ]


def test_pure_rooms_import_with_frappe_blocked():
    script = "import sys, importlib\n" + "".join(f"sys.modules[{name!r}] = None\n" for name in BLOCKED)
    script += "".join(f"importlib.import_module({name!r})\n" for name in modules())
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_block_works():
    script = "import sys\nsys.modules['frappe'] = None\nimport frappe\n"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True).returncode != 0


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize(
    ("app", "other"), [("salla_manager", "salla_executor"), ("salla_executor", "salla_manager")]
)
def test_the_apps_are_installed_apart(app, other):
    for path in (ROOT / app).rglob("*.py"):
        assert not [name for name in imports(path) if name.split(".")[0] in {other, "sandbox"}], path


@pytest.mark.parametrize("app", ["salla_manager", "salla_executor"])
def test_init_holds_the_version_only(app):
    body = ast.parse((ROOT / app / "__init__.py").read_text()).body
    assert len(body) == 1
    assert body[0].targets[0].id == "__version__"


@pytest.mark.parametrize("app", ["salla_manager", "salla_executor"])
def test_hooks_are_plain_data(app):
    for node in ast.walk(ast.parse((ROOT / app / "hooks.py").read_text())):
        assert not isinstance(node, ast.Call | ast.Import | ast.ImportFrom | ast.FunctionDef), ast.dump(node)


def dotted_paths(app: str) -> set[str]:
    """Every text in hooks.py and patches.txt that names something inside the app."""
    tree = ast.parse((ROOT / app / "hooks.py").read_text())
    texts = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    lines = (ROOT / app / "patches.txt").read_text().splitlines()
    texts |= {line.split()[0] for line in lines if line.startswith(f"{app}.")}
    texts |= {
        line.split("import ")[0].removeprefix("execute:from ").strip()
        + "."
        + line.split("import ")[1].split(";")[0]
        for line in lines
        if line.startswith("execute:from")
    }
    return {text for text in texts if text.startswith(f"{app}.") and " " not in text}


@pytest.mark.parametrize("app", ["salla_manager", "salla_executor"])
def test_paths_in_hooks_and_patches_exist(app):
    for path in dotted_paths(app):
        module, _, name = path.rpartition(".")
        file = ROOT / (module.replace(".", "/") + ".py")
        whole = ROOT / (path.replace(".", "/") + ".py")
        if whole.exists():
            continue
        assert file.exists(), path
        defined = {
            node.name
            for node in ast.parse(file.read_text()).body
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
        }
        assert name in defined, path


def test_required_apps_is_one_line_with_an_owner():
    assert 'required_apps = ["frappe/erpnext"]\n' in (ROOT / "salla_executor/hooks.py").read_text()


def test_no_symlink_is_committed():
    listed = subprocess.run(["git", "ls-files", "-s"], cwd=ROOT, capture_output=True, text=True).stdout
    assert not [line for line in listed.splitlines() if line.startswith("120000")]
