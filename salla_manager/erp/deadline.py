"""An end in time for work that has none of its own, such as a folder on a drive that does not answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class DeadlinePassed(TimeoutError):
    """The work was not done in time. It goes on by itself, since nothing can stop it, and may still have its effect."""


def within(seconds: float, work: Callable[[], T]) -> T:
    """What `work` gives or raises, from a thread of its own. Raises DeadlinePassed."""
    box: list[Any] = []

    def run() -> None:
        try:
            box.append((work(), None))
        except BaseException as error:
            box.append((None, error))

    # A daemon, so that what hangs does not keep the process from its end.
    thread = threading.Thread(target=run, daemon=True, name="connector")
    thread.start()
    thread.join(seconds)
    if not box:
        raise DeadlinePassed(f"It did not answer within {seconds:g} s.")
    value, error = box[0]
    if error is not None:
        raise error
    return value
