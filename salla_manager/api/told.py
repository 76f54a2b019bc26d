"""What the core refuses in words, as Desk shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import frappe
from frappe import _

from salla_manager.core.commands import OperatorError
from salla_manager.core.pull import PullError
from salla_manager.core.reconcile import ReconcileError
from salla_manager.platforms.port import ShopError


def told(action: Callable[..., Any], *arguments: Any) -> Any:
    """The action's answer; what it cannot do is said to the user."""
    try:
        return action(*arguments)
    except (OperatorError, PullError, ReconcileError) as error:
        return frappe.throw(str(error), title=_("Not possible now"))
    except ShopError as error:
        return frappe.throw(f"{error} {error.step}".strip(), title=_("The shop could not be read"))
