"""Start, stop and show the processes of a bench: MariaDB and Redis (`data`), web, workers and scheduler (`web`).

Each process is detached, has a pid file in config/pids and a log in logs. No service manager is needed, and a
database or Redis that somebody else already runs on the bench's ports is used as it is.

    python scripts/bench/services.py start data|web|all
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import host
from layout import SITES, Bench, BenchError, command, existing_bench, port_answers

GROUPS = ("data", "web", "all")


@dataclass(frozen=True)
class Service:
    name: str
    group: str
    command: Sequence[str]
    cwd: Path
    port: int | None = None
    # Databases need time to write what they hold; the others are quick.
    patience: float = 20.0
    needs: Sequence[Path] = field(default=())


def services(bench: Bench) -> list[Service]:
    return [*data_services(bench), *web_services(bench)]


def data_services(bench: Bench) -> list[Service]:
    config = bench.config()
    mariadb_conf = bench.root / "config" / "mariadb.cnf"
    mariadbd = [bench.which("mariadbd") or "mariadbd", f"--defaults-file={mariadb_conf}"]
    if os.geteuid() == 0:
        mariadbd.append("--user=root")
    found = [
        Service(
            "mariadb", "data", mariadbd, bench.root, int(config.get("db_port", 3306)), 60.0, [mariadb_conf]
        )
    ]
    for name in ("redis_cache", "redis_queue"):
        conf = bench.root / "config" / f"{name}.conf"
        command = [bench.which("redis-server") or "redis-server", str(conf)]
        found.append(Service(name, "data", command, bench.root, port_of(config.get(name, "")), needs=[conf]))
    return found


def web_services(bench: Bench) -> list[Service]:
    config = bench.config()
    web, socketio = int(config.get("webserver_port", 8000)), int(config.get("socketio_port", 9000))
    gunicorn = [
        str(bench.root / "env" / "bin" / "gunicorn"),
        "-b",
        f"127.0.0.1:{web}",
        "-w",
        "2",
        "-t",
        "120",
    ]
    # Hub and client call each other: with one request per worker, two calls at once would wait for each other.
    gunicorn += ["--worker-class", "gthread", "--threads", "4"]
    # Called as a factory: without a web server in front, the application itself serves /assets and /files.
    gunicorn += ["--preload", "frappe.app:application_with_statics()"]
    node = [bench.which("node") or "node", str(bench.apps / "frappe" / "socketio.js")]
    worker = bench.frappe("worker", "--queue", "short,default,long")
    workers = [
        Service(f"worker_{number}", "web", worker, bench.sites)
        for number in range(1, int(config.get("background_workers", 1)) + 1)
    ]
    return [
        Service("web", "web", gunicorn, bench.sites, web),
        Service("socketio", "web", node, bench.root, socketio),
        *workers,
        Service("scheduler", "web", bench.frappe("schedule"), bench.sites),
    ]


def port_of(url: str) -> int:
    """redis://127.0.0.1:13000 → 13000"""
    return int(url.rsplit(":", 1)[-1].split("/")[0] or 6379) if url else 6379


def pid_file(bench: Bench, service: Service) -> Path:
    return bench.pids / f"{service.name}.pid"


def running_pid(bench: Bench, service: Service) -> int | None:
    """The pid in the file, if that process still is this service (a number may have been used again)."""
    try:
        pid = int(pid_file(bench, service).read_text())
        # The folder and not the command line, which Redis rewrites.
        folder = Path(f"/proc/{pid}/cwd").resolve(strict=True)
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, ValueError):
        return None
    return pid if state != "Z" and folder.is_relative_to(bench.root) else None


def is_up(bench: Bench, service: Service) -> bool:
    if service.port is not None:
        return port_answers(service.port)
    return running_pid(bench, service) is not None


def start(bench: Bench, group: str = "all") -> list[Service]:
    """Start what is down; returns what that was."""
    if group != "data":
        sentence = host.ensure_names(list(SITES))
        if sentence:
            print(f"  note: {sentence}", flush=True)
    down = [
        service
        for service in services(bench)
        if group in (service.group, "all") and not is_up(bench, service)
    ]
    for service in down:
        start_one(bench, service)
    return down


def start_one(bench: Bench, service: Service) -> None:
    missing = [path for path in service.needs if not path.exists()]
    if missing:
        raise BenchError(
            f"nothing answers on port {service.port} and this bench does not run its own {service.name} "
            f"({missing[0].name} is not there); start the {service.name} it was set up with"
        )
    bench.pids.mkdir(parents=True, exist_ok=True)
    bench.logs.mkdir(parents=True, exist_ok=True)
    with (bench.logs / f"{service.name}.log").open("ab") as sink:
        try:
            process = subprocess.Popen(
                service.command,
                cwd=service.cwd,
                env=bench.environment(),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise BenchError(f"{error.filename} is not installed; install it and start again") from None
    pid_file(bench, service).write_text(f"{process.pid}\n")
    wait_until_up(bench, service, process)
    print(f"  started {service.name}" + (f" on port {service.port}" if service.port else ""), flush=True)


def wait_until_up(bench: Bench, service: Service, process: subprocess.Popen[bytes]) -> None:
    # A process without a port has nothing to ask, so it counts as up when it survives its imports' first moment.
    deadline = time.monotonic() + (service.patience if service.port else 0.5)
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise BenchError(f"{service.name} ended at once; read {bench.logs / (service.name + '.log')}")
        if service.port and port_answers(service.port):
            return
        time.sleep(0.1)
    if service.port:
        raise BenchError(
            f"{service.name} does not answer on port {service.port} after {service.patience:.0f} s; "
            f"read {bench.logs / (service.name + '.log')}"
        )


def stop(bench: Bench, group: str = "all") -> None:
    for service in reversed(services(bench)):
        if group in (service.group, "all"):
            stop_one(bench, service)


def restart_web(bench: Bench) -> None:
    """Processes keep the code they imported, so new code needs new processes."""
    stop(bench, "web")
    start(bench, "web")


def web_is_running(bench: Bench) -> bool:
    return any(running_pid(bench, service) is not None for service in web_services(bench))


def stop_one(bench: Bench, service: Service) -> None:
    pid = running_pid(bench, service)
    if pid is None:
        pid_file(bench, service).unlink(missing_ok=True)
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + service.patience
    while running_pid(bench, service) is not None and time.monotonic() < deadline:
        reap(pid)
        time.sleep(0.1)
    if running_pid(bench, service) is not None:
        if service.name == "mariadb":
            raise BenchError(
                f"mariadb (pid {pid}) is still shutting down; wait for it before you start it again"
            )
        os.killpg(pid, signal.SIGKILL)
    pid_file(bench, service).unlink(missing_ok=True)
    print(f"  stopped {service.name}", flush=True)


def reap(pid: int) -> None:
    """Take the exit status when the process is our own child, so that it does not stay as a zombie."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def status(bench: Bench) -> None:
    for service in services(bench):
        pid = running_pid(bench, service)
        port = f"port {service.port}" if service.port else ""
        if pid is not None:
            state = f"running (pid {pid})"
        elif service.port and port_answers(service.port):
            state = "running, not started by this script"
        else:
            state = "down"
        print(f"{service.name:<12} {port:<11} {state}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Processes of a bench")
    parser.add_argument("action", choices=("start", "stop", "restart", "status"))
    parser.add_argument("group", nargs="?", choices=GROUPS, default="all")
    parser.add_argument("--bench", help="bench folder (default: $BENCH_DIR or ~/frappe-bench)")
    args = parser.parse_args()
    bench = existing_bench(args.bench)
    if args.action in ("stop", "restart"):
        stop(bench, args.group)
    if args.action in ("start", "restart"):
        start(bench, args.group)
    if args.action == "status":
        status(bench)


if __name__ == "__main__":
    command(main)
