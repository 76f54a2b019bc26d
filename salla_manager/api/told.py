"""What the core refuses in words, as Desk shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import frappe
from frappe import _
from frappe.utils import escape_html

from salla_manager.core.commands import OperatorError
from salla_manager.core.pull import PullError
from salla_manager.core.reconcile import ReconcileError
from salla_manager.platforms.port import ShopError


def told(action: Callable[..., Any], *arguments: Any) -> Any:
    """The action's answer; what it cannot do is said to the user."""
    try:
        return action(*arguments)
    except (OperatorError, PullError, ReconcileError) as error:
        # Desk shows it as HTML, and a shop or an ERP may have its word in it.
        return frappe.throw(escape_html(str(error)), title=_("Not possible now"))
    except ShopError as error:
        return frappe.throw(
            escape_html(f"{error} {error.step}".strip()), title=_("The shop could not be read")
        )
