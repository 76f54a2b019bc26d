"""The bench's processes from outside: memory by process, read from /proc."""

from __future__ import annotations

from pathlib import Path

from chaos.bench import Bench, services


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def memory(bench: Bench) -> dict[str, float]:
    """MiB of each web worker and RQ worker, by name and process number."""
    found = {}
    for service in services.web_services(bench):
        pid = services.running_pid(bench, service)
        if pid is None:
            continue
        if service.name == "web":
            found |= {f"web {child}": resident(child) for child in children(pid)}
        elif service.name.startswith("worker"):
            found[f"{service.name} {pid}"] = resident(pid)
    return found


def resident(pid: int) -> float:
    """MiB; 0 for a process that has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    lines = [line for line in text.splitlines() if line.startswith("VmRSS")]
    return int(lines[0].split()[1]) / 1024 if lines else 0.0


def growth(start: dict[str, float], end: dict[str, float]) -> dict[str, float]:
    """MiB by process; one that was replaced has no growth but is named."""
    return {name: round(end[name] - start[name], 1) for name in start if name in end}
