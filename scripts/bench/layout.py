"""The bench folder as the other scripts see it: paths, ports, settings, and how a command runs in it.

No step of the setup lives here. Python standard library only, because nothing is installed when it starts.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

CHECKOUT = Path(__file__).resolve().parents[2]
HUB, CLIENT = "hub.localhost", "client.localhost"
# Which of our apps each site runs; ERPNext comes first where it is needed.
SITES: dict[str, tuple[str, ...]] = {HUB: ("salla_manager",), CLIENT: ("erpnext", "salla_executor")}
# A long command must not outlive us: the next run would start the same one beside it.
TIED = ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()
OUR_APPS = ("salla_manager", "salla_executor")


class BenchError(Exception):
    """One sentence for the engineer: what went wrong and what to do next."""


@dataclass(frozen=True)
class Bench:
    root: Path

    @property
    def sites(self) -> Path:
        return self.root / "sites"

    @property
    def apps(self) -> Path:
        return self.root / "apps"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def pids(self) -> Path:
        return self.root / "config" / "pids"

    @property
    def python(self) -> Path:
        return self.root / "env" / "bin" / "python"

    @property
    def config_file(self) -> Path:
        return self.sites / "common_site_config.json"

    def config(self) -> dict[str, Any]:
        return json.loads(self.config_file.read_text()) if self.config_file.is_file() else {}

    def update_config(self, values: Mapping[str, Any]) -> None:
        write_json(self.config_file, {**self.config(), **values})

    def site_config(self, site: str) -> dict[str, Any]:
        return json.loads((self.sites / site / "site_config.json").read_text())

    def has_site(self, site: str) -> bool:
        return (self.sites / site / "site_config.json").is_file()

    def environment(self) -> dict[str, str]:
        """The caller's environment without what changes Frappe's behaviour behind our back."""
        # With CI set, workers run every job in test mode and `build` and `run-tests` take other paths.
        dropped = {"CI", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "SITES_PATH", "FRAPPE_SITE"}
        # Set inside a git hook, where they would turn our git commands to the hook's repository.
        dropped |= {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"}
        env = {key: value for key, value in os.environ.items() if key not in dropped}
        tools = [self.root / folder for folder in ("env/bin", "tools/bench/bin", "tools/node_modules/.bin")]
        # Debian keeps mariadbd in /usr/sbin, which ordinary users do not have on their path.
        env["PATH"] = os.pathsep.join(
            [*map(str, tools), env.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"]
        )
        env["PYTHONUNBUFFERED"] = "1"
        return env

    def frappe(self, *args: str) -> list[str]:
        """What `bench <args>` would run; to be run in the sites folder."""
        return [str(self.python), "-m", "frappe.utils.bench_helper", "frappe", *args]

    def which(self, program: str) -> str | None:
        return shutil.which(program, path=self.environment()["PATH"])

    def run(self, command: Sequence[str], *, cwd: Path | None = None, log: str, hint: str = "") -> None:
        """Run a long command quietly into logs/<log>.log, with a sign of life, and name the log when it fails."""
        log_file = self.logs / f"{log}.log"
        log_file.parent.mkdir(parents=True, exist_ok=True)
        with log_file.open("ab") as sink:
            sink.write(f"\n$ {shown(command)}\n".encode())
            sink.flush()
            process = subprocess.Popen(
                [*TIED, *command],
                cwd=cwd or self.sites,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
            )
            code = wait_with_ticks(process)
        if code:
            reason = reason_in(log_file)
            raise BenchError(
                f"`{shown(command)}` ended with status {code}"
                f"{f' ({reason})' if reason else ''}; {hint or 'read'} {log_file}"
            )

    def output(self, command: Sequence[str], *, cwd: Path | None = None) -> str:
        """Run a short command and return what it printed; its error text becomes the exception."""
        done = subprocess.run(
            command,
            cwd=cwd or self.sites,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines() or ["no output"]
            raise BenchError(
                f"`{' '.join(map(str, command))}` ended with status {done.returncode}: {lines[-1]}"
            )
        return done.stdout


def bench_from(path: str | None = None) -> Bench:
    """The bench named on the command line, else by BENCH_DIR, else ~/frappe-bench."""
    return Bench(Path(path or os.environ.get("BENCH_DIR") or "~/frappe-bench").expanduser().resolve())


def existing_bench(path: str | None = None) -> Bench:
    bench = bench_from(path)
    if not bench.config_file.is_file() or not bench.python.exists():
        raise BenchError(
            f"{bench.root} is not a bench; run `make bench` or set BENCH_DIR to the one you have"
        )
    return bench


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Written aside and renamed, so that a crash never leaves half a settings file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".tmp")
    aside.write_text(json.dumps(values, indent=1, sort_keys=True) + "\n")
    aside.replace(path)


def read_toml(bench: Bench, path: Path) -> dict[str, Any]:
    # Python 3.10 has no TOML reader; Frappe brings one into the bench's environment.
    script = "import json, sys, tomli; print(json.dumps(tomli.load(open(sys.argv[1], 'rb'))))"
    return json.loads(bench.output([str(bench.python), "-c", script, str(path)]))


def shown(command: Sequence[str]) -> str:
    """The command as a person would type it, without passwords."""
    words = list(map(str, command))
    if "frappe.utils.bench_helper" in words:
        words = ["bench", *words[words.index("frappe.utils.bench_helper") + 2 :]]
    secret = ["password" in before for before in ["", *words]]
    return " ".join("***" if hide else word for word, hide in zip(words, secret, strict=False))


def reason_in(path: Path) -> str:
    """The line of a log that most likely says what went wrong: the last one that calls itself an error."""
    lines = [line.strip() for line in path.read_text(errors="replace").splitlines()[-40:] if line.strip()]
    named = [
        line
        for line in lines
        if re.match(r"(fatal|error|e|[\w.]*(Error|Exception))\b ?:", line, re.IGNORECASE)
    ]
    return (named or lines or [""])[-1][:200]


def wait_with_ticks(process: subprocess.Popen[bytes], every: float = 5.0) -> int:
    """Wait and print a dot now and then, so that a silent minute does not look like a hang."""
    try:
        while True:
            try:
                return process.wait(timeout=every)
            except subprocess.TimeoutExpired:
                print(".", end="", flush=True)
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise


def port_answers(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((host, port)) == 0


@contextmanager
def timed(text: str) -> Iterator[None]:
    print(text, end=" ", flush=True)
    began = time.monotonic()
    yield
    print(f" {time.monotonic() - began:.0f} s", flush=True)


def command(main: Callable[[], int | None]) -> NoReturn:
    """Run a script's main and turn what goes wrong into one sentence and a status."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        raise SystemExit(main() or 0)
    except BenchError as error:
        sentence = str(error)
    except OSError as error:
        sentence = f"{error}; check the folder and its owner ({getpass.getuser()} is running this)"
    except KeyboardInterrupt:
        sentence = "stopped; the same command goes on from here"
    print(f"\nbench: {sentence}", file=sys.stderr, flush=True)
    raise SystemExit(1)
