"""A line in a document's timeline: what the shop says and the ERP keeps as it is."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.utils import escape_html


def tell(doctype: str, name: str, not_applied: dict[str, list[Any]]) -> None:
    """not_applied: field -> [in the ERP, in the shop]."""
    meta = frappe.get_meta(doctype)
    rows = []
    for field, (ours, theirs) in not_applied.items():
        label = _(meta.get_label(field)) if meta.has_field(field) else field
        rows.append(_("{0}: {1} in the shop, {2} in the ERP").format(label, _quoted(theirs), _quoted(ours)))
    text = _("Not applied of what the shop says:")
    frappe.get_doc(doctype, name).add_comment("Info", "<br>".join([text, *map(escape_html, rows)]))


def _quoted(value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    return ", ".join("“{}”".format("" if one is None else one) for one in values)
