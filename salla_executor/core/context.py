"""What the apply functions are given and what they give back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from salla_executor.contract import Command
from salla_executor.core.model import Reference, Saved, Settings
from salla_executor.core.ports import Erp, Receiver


@dataclass(frozen=True)
class Outcome:
    """The verdict on one command.

    status: applied or skipped; changes: field -> [before, after]; extra: further keys of the ack payload.
    """

    status: str
    message: str
    doctype: str = ""
    docname: str = ""
    changes: dict[str, list[Any]] = field(default_factory=dict)
    error_code: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """One command while it is applied; reference is the locked one of its own entity."""

    command: Command
    settings: Settings
    receiver: Receiver
    reference: Reference

    @property
    def erp(self) -> Erp:
        return self.receiver.erp

    @property
    def source(self) -> str:
        return self.command.store_account

    def document(self) -> str | None:
        """The ERP document of this entity, unless it was never made or was deleted."""
        return self._living(self.reference)

    def find(self, entity_type: str, external_id: str | None) -> str | None:
        """The living ERP document of another entity of the same shop."""
        if not external_id:
            return None
        reference = self.receiver.find_reference(self.source, entity_type, external_id)
        return self._living(reference) if reference else None

    def _living(self, reference: Reference) -> str | None:
        name = reference.docname
        return name if name and self.erp.exists(reference.doctype, name) else None


def saved_outcome(saved: Saved, *notes: str, is_linked: bool = False, **extra: Any) -> Outcome:
    """The outcome of a write; notes are sentences for the message, is_linked says the document was adopted."""
    label = f"{saved.doctype} {saved.name}"
    if is_linked:
        first = f"The existing {label} was linked to the shop's entry."
    else:
        first = {
            "created": f"{label} was created.",
            "updated": f"{label} was updated.",
            "unchanged": f"{label} needed no change.",
        }[saved.action]
    status = "skipped" if saved.action == "unchanged" and not is_linked else "applied"
    message = " ".join([first, *(note for note in notes if note)])
    changes = {name: [_plain(value) for value in pair] for name, pair in saved.changes.items()}
    return Outcome(status, message, saved.doctype, saved.name, changes, extra=extra)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | list | dict) else str(value)
