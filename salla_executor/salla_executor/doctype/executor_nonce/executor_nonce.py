"""Nonces already used; the name is sha256 of instance and nonce. Purged by the hour."""

from frappe.model.document import Document


class ExecutorNonce(Document):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        expires_at: DF.LongInt
    # end: auto-generated types

    pass
