"""What the core cannot do and says so, for whoever asked for it."""

from __future__ import annotations

from salla_manager.core.commands import OperatorError
from salla_manager.core.pull import PullError
from salla_manager.core.reconcile import ReconcileError
from salla_manager.platforms.port import ShopError

REFUSALS = (OperatorError, PullError, ReconcileError, ShopError)


def words_of(error: Exception) -> str:
    """Why, and what to do about it; one of REFUSALS."""
    return f"{error} {getattr(error, 'step', '')}".strip()
