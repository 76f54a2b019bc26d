"""ERPNext's refusals as sentences for people, and the one way to log what nobody expected."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pymysql.err import DataError

import frappe
from frappe import _
from frappe.utils import strip_html

from erpnext.accounts.doctype.accounting_period.accounting_period import ClosedAccountingPeriod
from erpnext.accounts.utils import FiscalYearError
from erpnext.controllers.item_variant import ItemVariantExistsError
from erpnext.utilities.transaction_base import UOMMustBeIntegerError

from salla_executor.core.model import BusinessError


class StaleViewError(Exception):
    """A row that was locked is newer than what this transaction's plain reads see; they would contradict it."""


# Another transaction won: nothing is wrong with the command, all of it has to run again.
CONFLICTS = (frappe.QueryDeadlockError, frappe.QueryTimeoutError, StaleViewError)
# A day that nothing may be booked on.
CLOSED = (FiscalYearError, ClosedAccountingPeriod)
# Refusals that are mostly such a conflict seen from inside ERPNext, and now and then the plain truth.
RACES = ("changed_meanwhile", "duplicate", "missing_link")
_PERSONAL = re.compile(r"[^\s@'\"]+@[^\s@'\"]+|\+?\d{6,}")


@dataclass(frozen=True)
class Refusal:
    """text: with {0} for the document, {1} for ERPNext's own words and {2} for the user; waits_on: what it waits for, before those words."""

    kinds: tuple[type[Exception], ...]
    error_code: str
    text: Callable[[], str]
    waits_on: str = ""
    retryable: bool = False


# The first that fits; a kind stands before what it is derived from.
REFUSALS = (
    Refusal(
        (frappe.TimestampMismatchError,),
        "changed_meanwhile",
        lambda: _("{0} was changed by someone else at the same moment. It is tried again."),
        retryable=True,
    ),
    Refusal(
        (frappe.DuplicateEntryError, frappe.UniqueValidationError),
        "duplicate",
        lambda: _("{0} could not be saved, since another document has the same key: {1}"),
        retryable=True,
    ),
    Refusal(
        (frappe.PermissionError,),
        "not_permitted",
        lambda: _(
            "{2} may not write {0}: {1} Give a role of this user the right and send again from the hub."
        ),
        waits_on="rights",
    ),
    Refusal(
        (frappe.LinkValidationError, frappe.DoesNotExistError),
        "missing_link",
        lambda: _("{0} names a document that does not exist: {1} Create it or correct the settings."),
        waits_on="link:{0}",
    ),
    Refusal(
        CLOSED,
        "closed_period",
        lambda: _("{0} falls into a time that is closed: {1} Open it in ERPNext, or make the Fiscal Year."),
        waits_on="period:{0}",
    ),
    Refusal(
        (frappe.MandatoryError,),
        "missing_value",
        lambda: _(
            "{0} lacks a field that is mandatory on this site: {1}. Give it a default value or make it optional."
        ),
        waits_on="mandatory:{0}",
    ),
    Refusal(
        (ItemVariantExistsError,),
        "same_options",
        lambda: _(
            "{0} has the options of another variant: {1} Give one of the two another value in the shop, or delete it"
            " there."
        ),
    ),
    Refusal(
        (UOMMustBeIntegerError,),
        "whole_number",
        lambda: _(
            "{0} has a part of a unit: {1} Give the Item a unit that can be split, or untick it there; it goes then by"
            " itself."
        ),
        waits_on="unit:{0}",
    ),
    # A text or number that no column holds: no later try can help.
    Refusal(
        (DataError,),
        "refused_by_erp",
        lambda: _("{0} has a value that ERPNext's database cannot hold: {1} Correct it in the shop."),
    ),
    Refusal(
        (frappe.ValidationError, frappe.NameError),
        "refused_by_erp",
        lambda: _("ERPNext refused {0}: {1}"),
    ),
)


@contextmanager
def refusals(what: str) -> Iterator[None]:
    """Turn ERPNext's exceptions into BusinessError; `what` names the document, such as `Item ABC`."""
    try:
        yield
    except (BusinessError, *CONFLICTS):
        raise
    except Exception as error:
        found = next((one for one in REFUSALS if isinstance(error, one.kinds)), None)
        if found is None:
            raise
        text = words_of(error)
        # Of a missing value only the fields, not the document it was missing in.
        cause = text.rpartition("]: ")[2] if "mandatory" in found.waits_on else text
        raise BusinessError(
            found.error_code,
            found.text().format(what, text, frappe.session.user),
            retryable=found.retryable,
            waits_on=found.waits_on.format(cause),
        ) from None


def words_of(error: Exception) -> str:
    """An exception's text without markup."""
    text = " ".join(strip_html(str(error)).split())
    return text[:500] or type(error).__name__


def log_redacted(title: str, error: Exception) -> None:
    """One Error Log row: kind, place and masked text of an error, never the values of variables."""
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    places = "\n".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
    text = _PERSONAL.sub("***", str(error))[:1000]
    frappe.log_error(title=title, message=f"{type(error).__name__}: {text}\n{places}")
