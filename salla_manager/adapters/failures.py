"""Error Log rows that tell where, never what: locals and messages hold customers' data and secrets."""

from __future__ import annotations

import frappe


def log_failure(where: str, error: BaseException) -> None:
    """Class and place only: a message or a traceback could hold a customer's data or a secret."""
    frappe.log_error(title=f"{where}: {type(error).__name__}", message=_place(error))
    # Whoever failed has rolled back; this row is to stay whatever follows.
    frappe.db.commit()


def _place(error: BaseException) -> str:
    lines = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        lines.append(f"{code.co_filename.rsplit('/apps/', 1)[-1]}:{trace.tb_lineno} in {code.co_name}")
        trace = trace.tb_next
    return f"{type(error).__module__}.{type(error).__qualname__}\n" + "\n".join(lines)
