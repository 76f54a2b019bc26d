"""What follows once an order stands: submit, and what the shop's status asks for by the status catalogue.

An action is done once for a status, and only what is left of it: an order that skipped statuses comes to the same
documents. An action that ERPNext refuses leaves the order as it is and asks a person.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from salla_executor.core.model import SETTINGS_PAGE, BusinessError, Saved, SavedOrder, Settings
from salla_executor.core.ports import Erp
from salla_executor.core.texts import Text
from salla_executor.core.values import ActionValues, Standing

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


@dataclass(frozen=True)
class Case:
    """One order that is followed up. is_repeated: all of it runs again once a person mended what it waits for.
    problems: for a person, whatever follows."""

    saved: SavedOrder
    standing: Standing
    is_different: bool
    settings: Settings
    erp: Erp
    is_repeated: bool = False
    problems: tuple[str, ...] = ()


def actions_of(standing: Standing, source: str, erp: Erp) -> tuple[str, ...]:
    """What the order's status asks for. Raises BusinessError for a status that the catalogue lacks."""
    found = erp.status_actions(source, standing.ids)
    if found is not None:
        return found
    message = (
        f"The status '{standing.title or standing.status}' is not in the shop's catalogue of statuses here, so its"
        f" action is not known. Fetch the order statuses: Request Pull in {SETTINGS_PAGE}; the order goes then by itself."
    )
    raise BusinessError("unknown_status", message, waits_on=f"status:{source}:{standing.status}")


def follow_up(case: Case, actions: tuple[str, ...]) -> FollowUp:
    saved, standing, erp = case.saved, case.standing, case.erp
    done = FollowUp(saved.docstatus, problems=list(case.problems))
    due = tuple(action for action in ACTIONS if action in actions and saved.status_done != standing.key)
    is_agreed = saved.is_accepted or not case.is_different
    if saved.docstatus == 0 and is_agreed and _is_to_submit(case, due):
        erp.submit_sales_order(saved.name)
        done.docstatus = 1
        done.notes.append("It was submitted.")
    for action in due:
        _act(action, case, done)
    if standing.returned and case.settings.partial_return and done.docstatus == 1:
        _carry_out(PARTIAL_RETURN, case, done)
    erp.ask_person(saved.name, tuple(done.problems))
    # What a draft did not get comes once it is submitted.
    is_held = done.docstatus == 0 and not {CANCEL, RETURN}.issuperset(due)
    erp.keep_standing(saved.name, standing if is_held else None)
    if due and not is_held and not done.problems:
        erp.mark_status_done(saved.name, standing.key)
    done.notes += done.problems
    return done


def _is_to_submit(case: Case, due: tuple[str, ...]) -> bool:
    if CANCEL in due or RETURN in due:
        return False
    return bool(due) or (case.settings.submit_orders and case.standing.status not in NOT_TO_SUBMIT)


def _act(action: str, case: Case, done: FollowUp) -> None:
    if action == SUBMIT:
        if done.docstatus == 2:
            done.problems.append(
                Text(
                    "The shop goes on with this order, which was cancelled here. Amend it if it is to go on."
                )
            )
        return
    if done.docstatus == 0:
        if action not in (CANCEL, RETURN):
            reason = "its money differs from the shop's" if case.is_different else "it is a draft"
            done.notes.append(f"What its status asks for was not done: {reason}.")
        return
    if done.docstatus == 2:
        return
    if action == INVOICE and case.settings.tax_invoice_by == "Shop":
        done.notes.append("The shop issues the tax invoice, so no Sales Invoice was made.")
        return
    if action == RETURN and not case.settings.full_return:
        done.problems.append(
            Text("The shop took this order back. Returns are off in the settings: make them by hand.")
        )
        return
    _carry_out(action, case, done)
    if action == CANCEL and not done.problems:
        done.docstatus = 2
        done.notes.append("It was cancelled.")


def _carry_out(action: str, case: Case, done: FollowUp) -> None:
    values = ActionValues(case.standing.reference, case.standing.returned)
    try:
        made = case.erp.carry_out(case.saved.name, action, values)
    except BusinessError as error:
        is_race = error.retryable and not error.waits_on
        if is_race or (error.waits_on and case.is_repeated):
            raise
        done.problems.append(str(error))
        return
    done.written += made
    done.notes += [f"{one.doctype} {one.name} was made." for one in made]
