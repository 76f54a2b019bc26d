"""What the core refuses in words, as Desk shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import frappe
from frappe import _
from frappe.utils import escape_html

from salla_manager.core.refusals import REFUSALS, words_of
from salla_manager.platforms.port import ShopError


def told(action: Callable[..., Any], *arguments: Any) -> Any:
    """The action's answer; what it cannot do is said to the user."""
    try:
        return action(*arguments)
    except REFUSALS as error:
        is_shop = isinstance(error, ShopError)
        title = _("The shop could not be read") if is_shop else _("Not possible now")
        # Desk shows it as HTML, and a shop or an ERP may have its word in it.
        return frappe.throw(escape_html(words_of(error)), title=title)
