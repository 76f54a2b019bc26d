"""One row per idempotency key: the answer that a repeated delivery gets again.

The name is sha256 of instance and key, since the collation takes `abc` and `ABC` for equal. The document is plain
text, since Frappe reads whole tables of dynamic links whenever something is renamed or deleted.
"""

import frappe
from frappe.model.document import Document

from salla_executor.setup.log_clearing import clear_in_batches

# A command delivered again after its row is gone would be applied again.
LEAST_RETENTION_DAYS = 90


class ExecutorInbox(Document):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        ack: DF.Code | None
        body_hash: DF.Data | None
        command_id: DF.Data | None
        command_type: DF.Data | None
        document_name: DF.Data | None
        document_type: DF.Data | None
        external_id: DF.Data | None
        idempotency_key: DF.Data | None
        instance_id: DF.Data | None
        message: DF.SmallText | None
        revision: DF.LongInt
        status: DF.Literal["applied", "skipped", "failed", "rejected"]
        store_account: DF.Data | None
    # end: auto-generated types

    @staticmethod
    def clear_old_logs(days: int = 180) -> None:
        clear_in_batches("Executor Inbox", max(int(days), LEAST_RETENTION_DAYS))


def on_doctype_update() -> None:
    frappe.db.add_index("Executor Inbox", ["creation"])
