"""Scheduled work."""

import time

from salla_executor.setup.log_clearing import delete_in_batches


def purge_nonces() -> None:
    """A nonce that outlived the time window can no longer be replayed."""
    delete_in_batches("Executor Nonce", "expires_at", int(time.time()))
