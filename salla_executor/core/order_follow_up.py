"""What follows once an order stands: submit, and what the shop's status asks for by the status catalogue.

An action is done once for a status, and only what is left of it: an order that skipped statuses comes to the same
documents. An action that ERPNext refuses leaves the order as it is and asks a person.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from salla_executor.core.context import Context
from salla_executor.core.model import SETTINGS_PAGE, BusinessError, Saved, SavedOrder
from salla_executor.core.values import ActionValues
from salla_executor.payloads import OrderPayload

SUBMIT, CANCEL, RETURN, PARTIAL_RETURN = "submit", "cancel", "return", "partial_return"
INVOICE = "sales_invoice"
# In the order they are done; each one before `cancel` needs the order submitted.
ACTIONS = (SUBMIT, "delivery_note", INVOICE, "payment_entry", "close", RETURN, CANCEL)
# An order that came to nothing is kept as a draft, for the record.
NOT_TO_SUBMIT = frozenset(
    {
        "canceled",
        "cancelled",
        "restored",
        "restoring",
        "refunded",
        "payment_failed",
        "failed",
        "deleted",
        "trash",
    }
)


@dataclass
class FollowUp:
    """docstatus after it; notes for the message; written: documents that were made; problems: for a person."""

    docstatus: int
    notes: list[str] = field(default_factory=list)
    written: list[Saved] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def actions_of(payload: OrderPayload, context: Context) -> tuple[str, ...]:
    """What the order's status asks for. Raises BusinessError for a status that the catalogue lacks."""
    ids = (payload.custom_status_id, payload.status_id, payload.status)
    found = context.erp.status_actions(context.source, tuple(one for one in ids if one))
    if found is not None:
        return found
    message = (
        f"The status '{payload.status_name or payload.status}' is not in the shop's catalogue of statuses here, so its"
        f" action is not known. Fetch the order statuses: Request Pull in {SETTINGS_PAGE}; the order goes then by itself."
    )
    raise BusinessError("unknown_status", message, waits_on=f"status:{context.source}:{payload.status}")


def follow_up(
    saved: SavedOrder, payload: OrderPayload, difference: str, actions: tuple[str, ...], context: Context
) -> FollowUp:
    done = FollowUp(saved.docstatus)
    status = _status_key(payload)
    due = tuple(action for action in ACTIONS if action in actions and saved.status_done != status)
    is_agreed = saved.is_accepted or not difference
    if saved.docstatus == 0 and is_agreed and _is_to_submit(payload, due, context):
        context.erp.submit_sales_order(saved.name)
        done.docstatus = 1
        done.notes.append("It was submitted.")
    values = ActionValues(
        reference=payload.reference or payload.external_id,
        returned={line.external_id: line.returned for line in payload.items if line.returned},
    )
    for action in due:
        _act(action, saved, values, difference, done, context)
    if values.returned and context.settings.partial_return and done.docstatus == 1:
        _carry_out(PARTIAL_RETURN, saved, values, done, context)
    context.erp.ask_person(saved.name, "\n".join(done.problems))
    # What a draft did not get comes once it is submitted.
    is_held = done.docstatus == 0 and not {CANCEL, RETURN}.issuperset(due)
    if due and not is_held and not done.problems:
        context.erp.mark_status_done(saved.name, status)
    done.notes += done.problems
    return done


def _status_key(payload: OrderPayload) -> str:
    """A sub-status has actions of its own, beside those of the status it hangs under."""
    custom = payload.custom_status_id
    return (f"{payload.status}:{custom}" if custom else payload.status)[:140]


def _is_to_submit(payload: OrderPayload, due: tuple[str, ...], context: Context) -> bool:
    if CANCEL in due or RETURN in due:
        return False
    return bool(due) or (context.settings.submit_orders and payload.status not in NOT_TO_SUBMIT)


def _act(
    action: str, saved: SavedOrder, values: ActionValues, difference: str, done: FollowUp, context: Context
) -> None:
    if action == SUBMIT:
        if done.docstatus == 2:
            done.problems.append(
                "The shop goes on with this order, which was cancelled here. Amend it if it is to go on."
            )
        return
    if done.docstatus == 0:
        if action not in (CANCEL, RETURN):
            reason = "its money differs from the shop's" if difference else "it is a draft"
            done.notes.append(f"What its status asks for was not done: {reason}.")
        return
    if done.docstatus == 2:
        return
    if action == INVOICE and context.settings.tax_invoice_by == "Shop":
        done.notes.append("The shop issues the tax invoice, so no Sales Invoice was made.")
        return
    if action == RETURN and not context.settings.full_return:
        done.problems.append(
            "The shop took this order back. Returns are off in the settings: make them by hand."
        )
        return
    _carry_out(action, saved, values, done, context)
    if action == CANCEL and not done.problems:
        done.docstatus = 2
        done.notes.append("It was cancelled.")


def _carry_out(
    action: str, saved: SavedOrder, values: ActionValues, done: FollowUp, context: Context
) -> None:
    try:
        made = context.erp.carry_out(saved.name, action, values)
    except BusinessError as error:
        is_race = error.retryable and not error.waits_on
        if is_race or (error.waits_on and context.reference.docname):
            # All of it runs again; an order that is there already can wait with its status until that is mended.
            raise
        done.problems.append(str(error))
        return
    done.written += made
    done.notes += [f"{one.doctype} {one.name} was made." for one in made]
