"""Names of a run on the bench; known on both sides of the fence."""

from __future__ import annotations

import os
import time

# Begins the name of each row that bench-desk plants.
HOSTILE = "chaos-hostile"


def run_mark() -> str:
    """In every id and name of a run, so that nothing else of the sites is counted or removed."""
    return f"chaos-1{int(time.time()) % 10**6:06d}{os.getpid() % 1000:03d}"


def merchant(mark: str) -> str:
    """Of the run's own shop: the digits of the mark."""
    return mark.rsplit("-", 1)[-1]
