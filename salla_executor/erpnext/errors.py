"""ERPNext's refusals as sentences for people, and the one way to log what nobody expected."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from pymysql.err import DataError

import frappe
from frappe import _
from frappe.utils import strip_html

from erpnext.accounts.doctype.accounting_period.accounting_period import ClosedAccountingPeriod
from erpnext.accounts.utils import FiscalYearError
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


@contextmanager
def refusals(what: str) -> Iterator[None]:
    """Turn ERPNext's exceptions into BusinessError; `what` names the document, such as `Item ABC`."""
    try:
        yield
    except (BusinessError, *CONFLICTS):
        raise
    except frappe.TimestampMismatchError:
        message = _("{0} was changed by someone else at the same moment. It is tried again.").format(what)
        raise BusinessError("changed_meanwhile", message, retryable=True) from None
    except (frappe.DuplicateEntryError, frappe.UniqueValidationError) as error:
        message = _("{0} could not be saved, since another document has the same key: {1}").format(
            what, _text(error)
        )
        raise BusinessError("duplicate", message, retryable=True) from None
    except frappe.PermissionError as error:
        message = _(
            "The integration user may not write {0}: {1} Give its role the right and send again."
        ).format(what, _text(error))
        raise BusinessError("not_permitted", message, waits_on="rights") from None
    except (frappe.LinkValidationError, frappe.DoesNotExistError) as error:
        message = _(
            "{0} names a document that does not exist: {1} Create it or correct the settings."
        ).format(what, _text(error))
        raise BusinessError("missing_link", message, waits_on=f"link:{_text(error)}"[:140]) from None
    except CLOSED as error:
        message = _(
            "{0} falls into a time that is closed: {1} Open it in ERPNext, or make the Fiscal Year."
        ).format(what, _text(error))
        raise BusinessError("closed_period", message, waits_on=f"period:{_text(error)}"[:140]) from None
    except frappe.MandatoryError as error:
        message = _(
            "{0} lacks a field that is mandatory on this site: {1}. Give it a default value or make it optional."
        ).format(what, _text(error))
        fields = _text(error).rpartition("]: ")[2]
        raise BusinessError("missing_value", message, waits_on=f"mandatory:{fields}"[:140]) from None
    except UOMMustBeIntegerError as error:
        message = _(
            "{0} has a part of a unit: {1} Give the Item a unit that can be split, or untick it there; it goes then by"
            " itself."
        ).format(what, _text(error))
        raise BusinessError("whole_number", message, waits_on=f"unit:{_text(error)}"[:140]) from None
    except DataError as error:
        # A text or number that no column holds: no later try can help.
        message = _(
            "{0} has a value that ERPNext's database cannot hold: {1} Correct it in the shop."
        ).format(what, _text(error))
        raise BusinessError("refused_by_erp", message) from None
    except (frappe.ValidationError, frappe.NameError) as error:
        message = _("ERPNext refused {0}: {1}").format(what, _text(error))
        raise BusinessError("refused_by_erp", message) from None


def _text(error: Exception) -> str:
    text = " ".join(strip_html(str(error)).split())
    return text[:500] or type(error).__name__


def log_redacted(title: str, error: Exception) -> None:
    """One Error Log row: kind, place and masked text of an error, never the values of variables."""
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    places = "\n".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
    text = _PERSONAL.sub("***", str(error))[:1000]
    frappe.log_error(title=title, message=f"{type(error).__name__}: {text}\n{places}")
