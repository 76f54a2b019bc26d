"""What the apply functions are given and what they give back."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from salla_executor.contract import Command
from salla_executor.core.model import Reference, Saved, Settings
from salla_executor.core.ports import Erp, Receiver


@dataclass(frozen=True)
class Outcome:
    """The verdict on one command.

    status: applied or skipped; changes: of doctype docname, field -> [before, after]; written: every document that
    was made or changed; extra: further keys of the ack payload; of_reference: fields of the reference to keep.
    """

    status: str
    message: str
    doctype: str = ""
    docname: str = ""
    changes: dict[str, list[Any]] = field(default_factory=dict)
    error_code: str | None = None
    written: tuple[Saved, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
    of_reference: dict[str, Any] = field(default_factory=dict)

    def documents(self) -> list[dict[str, Any]]:
        """For the ack: doctype, name, action, and of all but doctype docname the changes."""
        own = (self.doctype, self.docname)
        return [_document(one, is_own=(one.doctype, one.name) == own) for one in self.written]


@dataclass(frozen=True)
class Context:
    """One command while it is applied; reference is the locked one of its own entity.

    before: what was written for the command before its own document, such as an order's buyer.
    """

    command: Command
    receiver: Receiver
    reference: Reference
    before: list[Saved] = field(default_factory=list)

    @cached_property
    def settings(self) -> Settings:
        """As they are for the command's store."""
        return self.receiver.settings().of(self.source)

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
    written = tuple(one for one in (saved, *saved.also) if one.action != "unchanged")
    status = "applied" if written or is_linked else "skipped"
    message = " ".join([first, *(note for note in notes if note)])
    return Outcome(status, message, saved.doctype, saved.name, _changes(saved), written=written, extra=extra)


def _document(saved: Saved, is_own: bool) -> dict[str, Any]:
    named = {"doctype": saved.doctype, "name": saved.name, "action": saved.action}
    return named if is_own else {**named, "changes": _changes(saved)}


def _changes(saved: Saved) -> dict[str, list[Any]]:
    return {name: [_plain(value) for value in pair] for name, pair in saved.changes.items()}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | list | dict) else str(value)
