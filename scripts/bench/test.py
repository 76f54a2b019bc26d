"""Run the suites of both apps on the bench, with the code of this checkout.

Frappe's own runner needs watching: it does nothing when tests are not allowed on the site, and it ends with status 0
when tests fail. So the outcome is read from what unittest prints, and a run without a single test is a failure.

    python scripts/bench/test.py [--app salla_manager] [more arguments of `bench run-tests`, e.g. --module x.y]
"""

from __future__ import annotations

import argparse
import fcntl
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import apps
import services
import sites
from layout import CHECKOUT, CLIENT, HUB, Bench, BenchError, bench_from, command, existing_bench

SUITES = {"salla_manager": HUB, "salla_executor": CLIENT}
RAN = re.compile(r"^Ran (\d+) tests? in ", re.MULTILINE)
# "FAIL: test_x (module.Class.test_x)"; a sub-test repeats its test's name, a broken set-up has no test of its own.
BROKEN = re.compile(r"^(?:FAIL|ERROR): (\S+) \(([^)]*)\)", re.MULTILINE)
SKIPPED = re.compile(r"^(?:OK|FAILED) \(.*?skipped=(\d+)", re.MULTILINE)
VERDICT = re.compile(r"^(OK|FAILED)(?: \(.*\))?\s*$", re.MULTILINE)
OUTSIDE_TESTS = ("setUpClass", "tearDownClass", "setUpModule", "tearDownModule")


@dataclass(frozen=True)
class Outcome:
    ran: int
    passed: int
    failed: int
    skipped: int = 0
    problem: str = ""


def read_outcome(text: str, status: int, expected: bool) -> Outcome:
    """What a run printed and its exit status → numbers, and a problem that no number shows."""
    ran = sum(map(int, RAN.findall(text)))
    broken = set(BROKEN.findall(text))
    in_tests = sum(name not in OUTSIDE_TESTS for name, _ in broken)
    skipped = sum(map(int, SKIPPED.findall(text)))
    passed = max(0, ran - in_tests - skipped)
    verdicts = VERDICT.findall(text)
    problem = ""
    if expected and ran == 0 and not broken:
        problem = "no test was run although there are test files; the lines above say why"
    elif not broken and (status or "FAILED" in verdicts or (ran and not verdicts)):
        problem = f"the runner ended with status {status} and no test to blame; read the lines above"
    return Outcome(ran, passed, len(broken) or int(bool(problem)), skipped, problem)


def run_suite(bench: Bench, app: str, more: Sequence[str]) -> Outcome:
    site = SUITES[app]
    print(f"\n== {app} on {site}", flush=True)
    began = time.monotonic()
    text, status = stream(bench, bench.frappe("--site", site, "run-tests", "--app", app, *more))
    outcome = read_outcome(text, status, expected=has_tests(app))
    print(
        f"{app}: {outcome.passed} passed, {outcome.failed} failed, {outcome.skipped} skipped"
        f" in {time.monotonic() - began:.0f} s",
        flush=True,
    )
    if outcome.problem:
        print(f"{app}: {outcome.problem}", flush=True)
    return outcome


def stream(bench: Bench, run: Sequence[str]) -> tuple[str, int]:
    process = subprocess.Popen(
        run,
        cwd=bench.sites,
        env=bench.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    kept = []
    # By the byte and not by the line: unittest prints a dot per test.
    while chunk := process.stdout.read1():
        sys.stdout.buffer.write(chunk)
        sys.stdout.flush()
        kept.append(chunk)
    return b"".join(kept).decode(errors="replace"), process.wait()


def has_tests(app: str) -> bool:
    # The runner skips test files that lie directly in the package.
    return any(path.parent != CHECKOUT / app for path in (CHECKOUT / app).rglob("test_*.py"))


def prepare(bench: Bench, wanted: Sequence[str]) -> None:
    services.start(bench, "data")
    moved = [app for app in SUITES if apps.point(bench, app)]
    for app in wanted:
        sites.configure(bench, SUITES[app])
        apps.install_or_migrate(bench, app, SUITES[app])
    if moved and services.web_is_running(bench):
        print(f"  {' and '.join(moved)} came from another checkout: restarting web and workers", flush=True)
        services.restart_web(bench)


@contextmanager
def web_server(bench: Bench) -> Iterator[None]:
    """What speaks real HTTP is skipped without one; one that was started here is stopped again."""
    web = next(service for service in services.web_services(bench) if service.name == "web")
    was_up = services.is_up(bench, web)
    if not was_up:
        services.start_one(bench, web)
    try:
        yield
    finally:
        if not was_up:
            services.stop_one(bench, web)


@contextmanager
def alone(bench: Bench) -> Iterator[None]:
    """Two runs on the same sites would see each other's rows."""
    with (bench.root / "config" / "test.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another test run uses this bench; waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def scheduler_kept(bench: Bench, site: str) -> Iterator[None]:
    """The runner switches the scheduler off and leaves it so when it dies half-way."""
    try:
        yield
    finally:
        enable_scheduler(bench, site)


def enable_scheduler(bench: Bench, site: str) -> None:
    try:
        bench.output(bench.frappe("--site", site, "scheduler", "enable"))
    except BenchError as error:
        print(f"the scheduler of {site} may be off: {error}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Suites of both apps on the bench")
    parser.add_argument("--bench", help="bench folder (default: $BENCH_DIR or ~/frappe-bench)")
    parser.add_argument("--app", choices=list(SUITES), action="append", help="default: both")
    parser.add_argument("--if-found", action="store_true", help="say so and succeed when there is no bench")
    args, more = parser.parse_known_args()
    found = bench_from(args.bench)
    if args.if_found and not all(found.has_site(site) for site in SUITES.values()):
        print(
            f"== bench suites NOT run: no bench with {HUB} and {CLIENT} at {found.root}; `make bench` makes one"
        )
        return 0
    bench = existing_bench(args.bench)
    wanted = args.app or list(SUITES)
    for app in wanted:
        if not bench.has_site(SUITES[app]):
            raise BenchError(f"{bench.root} has no site {SUITES[app]}; run `make bench`")
    print(f"== bench {bench.root}", flush=True)
    with alone(bench):
        prepare(bench, wanted)
        outcomes = []
        with web_server(bench):
            for app in wanted:
                with scheduler_kept(bench, SUITES[app]):
                    outcomes.append(run_suite(bench, app, more))
    failed = sum(outcome.failed for outcome in outcomes)
    passed, skipped = (sum(getattr(one, name) for one in outcomes) for name in ("passed", "skipped"))
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    command(main)
