"""What the machine must have before a bench can be built: system packages, two host names, free ports."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import sysconfig
from pathlib import Path

from layout import Bench, BenchError, port_answers

# What is looked for → the Debian and Ubuntu package that brings it.
PROGRAMS = {
    "git": "git",
    "cc": "build-essential",
    "mariadbd": "mariadb-server",
    "mariadb": "mariadb-client",
    "redis-server": "redis-server",
    "node": "nodejs",
    "npm": "npm",
}
OLDEST_NODE = 18
# The usual ports of a bench, and MariaDB away from 3306 so that a distribution's server is left alone.
PORTS = {
    "webserver_port": 8000,
    "socketio_port": 9000,
    "redis_queue": 11000,
    "redis_cache": 13000,
    "db_port": 13306,
}


def missing_packages(bench: Bench) -> list[str]:
    packages = {package for program, package in PROGRAMS.items() if not bench.which(program)}
    if not Path(sysconfig.get_paths()["include"], "Python.h").exists():
        packages.add("python3-dev")
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        packages.add("python3-venv")
    return sorted(packages)


def install_packages(bench: Bench, packages: list[str]) -> None:
    apt = [*as_root(), "apt-get"] if shutil.which("apt-get") and as_root() is not None else None
    if apt is None:
        raise BenchError(f"these packages are missing and need root to install: {' '.join(packages)}")
    quiet = [*as_root(), "env", "DEBIAN_FRONTEND=noninteractive", *apt[-1:]]
    waiting = ["-o", "DPkg::Lock::Timeout=600"]
    bench.run([*quiet, *waiting, "update"], cwd=bench.root, log="apt")
    bench.run(
        [*quiet, *waiting, "install", "-y", "--no-install-recommends", *packages], cwd=bench.root, log="apt"
    )
    left = missing_packages(bench)
    if left:
        raise BenchError(f"apt-get ran but {' '.join(left)} cannot be found; read {bench.logs / 'apt.log'}")


def as_root() -> list[str] | None:
    """What to put before a command that needs root; None when there is no way without a password."""
    if os.geteuid() == 0:
        return []
    if (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        return ["sudo", "-n"]
    return None


def check_python() -> None:
    if not (3, 10) <= sys.version_info[:2] <= (3, 13):
        found = ".".join(map(str, sys.version_info[:2]))
        raise BenchError(
            f"Frappe 15 needs Python 3.10 to 3.13 and this is {found}; try `make bench PYTHON=python3.12`"
        )


def check_node(bench: Bench) -> None:
    version = bench.output([bench.which("node") or "node", "--version"], cwd=bench.root).strip()
    if int(version.lstrip("v").split(".")[0]) < OLDEST_NODE:
        raise BenchError(f"Node {version} is too old for Frappe 15; install Node {OLDEST_NODE} or later")


def free_ports() -> dict[str, int]:
    """The usual ports, all moved up by the same number when another bench has them."""
    for offset in range(50):
        ports = {name: port + offset for name, port in PORTS.items()}
        if not any(port_answers(port) for port in ports.values()):
            return ports
    raise BenchError("no free set of ports near 8000, 9000, 11000, 13000 and 13306; stop an old bench")


def unresolved(names: list[str]) -> list[str]:
    """Browsers know every *.localhost, the C library often does not; and the sites call each other by name."""
    missing = []
    for name in names:
        try:
            socket.getaddrinfo(name, None, socket.AF_INET)
        except OSError:
            missing.append(name)
    return missing


def ensure_names(names: list[str]) -> str:
    """Make the names resolve; returns a sentence when somebody else has to do it."""
    names = unresolved(names)
    if not names:
        return ""
    line = f"127.0.0.1 {' '.join(names)}"
    root = as_root()
    if root is not None:
        done = subprocess.run(
            [*root, "tee", "-a", "/etc/hosts"], input=f"{line}\n".encode(), capture_output=True, check=False
        )
        if done.returncode == 0 and not unresolved(names):
            return ""
    return f"add the line `{line}` to /etc/hosts, or the hub cannot call the client by name"
