"""Frappe and ERPNext on a bench: clones, Python environment, node packages, assets."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from layout import Bench, BenchError, read_toml

BRANCH = "version-15"
SOURCES = {
    "frappe": ("FRAPPE_SOURCE", "https://github.com/frappe/frappe"),
    "erpnext": ("ERPNEXT_SOURCE", "https://github.com/frappe/erpnext"),
}
YARN = "yarn@1.22.22"
# Later ones lost pkg_resources, which Frappe 15 imports.
SETUPTOOLS = "setuptools<81"

# Frappe names these by a git address. The registries have the same or the next release.
GUNICORN = (re.compile(r'"gunicorn @ git\+[^"]*"'), '"gunicorn~=21.2"')
NODE_PACKAGES = {"air-datepicker": "2.2.3", "frappe-charts": "2.0.0-rc27"}


def source_of(app: str) -> str:
    variable, official = SOURCES[app]
    return os.environ.get(variable) or official


def local_source(app: str) -> Path | None:
    path = Path(source_of(app).removeprefix("file://")).expanduser()
    return path.resolve() if path.is_dir() else None


def is_cloned(bench: Bench, app: str) -> bool:
    return (bench.apps / app / app / "hooks.py").is_file()


def clone(bench: Bench, app: str) -> None:
    """Cloned aside and renamed, so that a folder in apps/ is always a whole clone."""
    variable, _ = SOURCES[app]
    local = local_source(app)
    aside = bench.root / f".{app}.clone"
    shutil.rmtree(aside, ignore_errors=True)
    command = [
        *trusting(bench, local),
        "git",
        "clone",
        "--origin",
        "upstream",
        "--branch",
        BRANCH,
        "--single-branch",
    ]
    # A local clone is linked, not copied, so there is nothing to gain from a shallow one.
    command += [str(local)] if local else ["--depth", "1", source_of(app)]
    hint = f"set {variable} to a git URL or clone that has the branch {BRANCH}; read"
    bench.run([*command, str(aside)], cwd=bench.root, log=f"clone-{app}", hint=hint)
    if local:
        only_registries(aside)
    if not (aside / app / "hooks.py").is_file():
        raise BenchError(f"{source_of(app)} holds no {app}; set {variable} to a clone of {app}")
    aside.replace(bench.apps / app)


def trusting(bench: Bench, local: Path | None) -> list[str]:
    """Git refuses a local clone that another user owns; naming it in the environment is consent enough."""
    if local is None:
        return []
    settings = bench.root / "config" / "gitconfig"
    settings.write_text(f"[safe]\n\tdirectory = {local}\n\tdirectory = {local}/.git\n")
    return ["env", f"GIT_CONFIG_GLOBAL={settings}"]


def only_registries(folder: Path) -> None:
    """With local sources a git host may be out of reach, so take what is named by one from the registries."""
    pattern, replacement = GUNICORN
    edit(folder / "pyproject.toml", lambda text: pattern.sub(replacement, text))
    edit(folder / "package.json", pin_node_packages)
    edit(folder / "yarn.lock", unlock_node_packages)


def edit(path: Path, change: Callable[[str], str]) -> None:
    if path.is_file():
        old = path.read_text()
        new = change(old)
        if new != old:
            path.write_text(new)


def pin_node_packages(text: str) -> str:
    for name, version in NODE_PACKAGES.items():
        text = re.sub(rf'("{re.escape(name)}": )"[^"]*"', rf'\1"{version}"', text)
    return text


def unlock_node_packages(text: str) -> str:
    entries = re.split(r"\n\n(?=\S)", text)
    names = "|".join(map(re.escape, NODE_PACKAGES))
    return "\n\n".join(entry for entry in entries if not re.match(rf'\s*"?(?:{names})@', entry))


def install_bench_command(bench: Bench) -> None:
    """The scripts do without it; people do not."""
    folder = bench.root / "tools" / "bench"
    if bench.which("bench"):
        return
    bench.run([sys.executable, "-m", "venv", "--clear", str(folder)], cwd=bench.root, log="python")
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]
    bench.run([*pip, "frappe-bench>=5.25"], cwd=bench.root, log="python")
    # `bench init` marks bench's own patches as done on a new folder; `bench update` would run them otherwise.
    for patches in folder.glob("lib/python*/site-packages/bench/patches/patches.txt"):
        shutil.copy(patches, bench.root / "patches.txt")


def requirements_stamp(bench: Bench) -> tuple[Path, str]:
    """A file and what it says once these very requirements are installed."""
    digest = hashlib.sha256(repr(sys.version_info[:2]).encode())
    for app in SOURCES:
        digest.update((bench.apps / app / "pyproject.toml").read_bytes())
    return bench.root / "env" / ".requirements", digest.hexdigest()


def python_is_ready(bench: Bench) -> bool:
    stamp, wanted = requirements_stamp(bench)
    return bench.python.exists() and stamp.is_file() and stamp.read_text() == wanted


def install_python(bench: Bench) -> None:
    # pip is the last thing a new environment gets, so without it the making was cut off.
    if not (bench.root / "env" / "bin" / "pip").exists():
        bench.run(
            [sys.executable, "-m", "venv", "--clear", str(bench.root / "env")], cwd=bench.root, log="python"
        )
    pip = [str(bench.python), "-m", "pip", "install", "--disable-pip-version-check"]
    bench.run([*pip, SETUPTOOLS, "wheel"], cwd=bench.root, log="python")
    folders = [part for app in SOURCES for part in ("-e", str(bench.apps / app))]
    bench.run([*pip, SETUPTOOLS, *folders], cwd=bench.root, log="python")
    bench.run([*pip, SETUPTOOLS, *development_packages(bench)], cwd=bench.root, log="python")
    stamp, wanted = requirements_stamp(bench)
    stamp.write_text(wanted)


def development_packages(bench: Bench) -> list[str]:
    """What Frappe's own test helpers import, as `bench setup requirements --dev` would install it."""
    project = read_toml(bench, bench.apps / "frappe" / "pyproject.toml")
    listed = project.get("tool", {}).get("bench", {}).get("dev-dependencies", {})
    return [name + version for name, version in listed.items()]


def node_is_ready(bench: Bench) -> bool:
    return all((bench.apps / app / "node_modules" / ".yarn-integrity").is_file() for app in SOURCES)


def install_node(bench: Bench) -> None:
    # Frappe needs yarn 1; a copy of the bench's own needs no right to install anything globally.
    if not (bench.root / "tools" / "node_modules" / ".bin" / "yarn").exists():
        npm = bench.which("npm") or "npm"
        bench.run([npm, "install", "--prefix", str(bench.root / "tools"), YARN], cwd=bench.root, log="node")
    yarn = str(bench.root / "tools" / "node_modules" / ".bin" / "yarn")
    for app in SOURCES:
        bench.run([yarn, "install", "--no-progress", "--non-interactive"], cwd=bench.apps / app, log="node")


def assets_are_ready(bench: Bench) -> bool:
    manifest = bench.sites / "assets" / "assets.json"
    return manifest.is_file() and "erpnext.bundle.js" in manifest.read_text()


def build_assets(bench: Bench) -> None:
    # --force: build here instead of asking the release page for a ready-made bundle.
    bench.run(bench.frappe("build", "--force"), log="assets")
