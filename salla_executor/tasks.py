"""Scheduled work."""

import time

from salla_executor.erpnext import waiting
from salla_executor.setup.log_clearing import delete_in_batches


def purge_nonces() -> None:
    """A nonce that outlived the time window can no longer be replayed."""
    delete_in_batches("Executor Nonce", "expires_at", int(time.time()))


def forget_waits() -> None:
    """What the hub does not ask for any more waits for nobody."""
    waiting.forget()
