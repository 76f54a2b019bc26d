"""Orders: the items and the customer they need, the write, the comparison with the shop's money, the submit."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from salla_executor.core.context import Context, Outcome, saved_outcome
from salla_executor.core.customers import address_at, buyer_of
from salla_executor.core.mapping.order_compare import differences
from salla_executor.core.mapping.order_maps import mode_of_payment_of, warehouse_of
from salla_executor.core.mapping.order_money import MoneyPlan, plan_money
from salla_executor.core.mapping.orders import order_values, standing_of
from salla_executor.core.model import BusinessError, SavedOrder
from salla_executor.core.order_follow_up import CANCEL, RETURN, Case, FollowUp, actions_of, follow_up
from salla_executor.core.order_items import items_of, known_of
from salla_executor.core.texts import Text
from salla_executor.core.values import Standing
from salla_executor.payloads import OrderPayload

DELETED, CANCELLED = "deleted", 2
_DELETED_THERE = Text(
    "The shop deleted this order. Cancel it here if it is not to go on; that is not done by itself, unless the catalogue"
    " of statuses has a row 'deleted' that says so."
)

_GIVEN_BACK = (
    "The shop said on {0} that goods or money of this order were given back, and not which lines. Look into the shop and"
    " make the credit note or return by hand; this stands here until there is one."
)


def apply_order(payload: OrderPayload, context: Context) -> Outcome:
    """A Sales Order, submitted if the setting says so and its money agrees with the shop's."""
    document = context.document()
    if payload.is_price_quote:
        return Outcome("skipped", "A price quote is no order yet; it comes when the buyer accepts it.")
    standing = standing_of(payload)
    if standing.status == DELETED:
        return _deleted(payload, standing, context)
    actions = actions_of(standing, context.source, context.erp)
    if document and CANCEL in actions:
        return _cancel(document, standing, actions, context)
    _refuse_collapsed(payload)
    known = known_of(payload, context)
    item_codes = items_of(payload, known, context)
    settings = replace(context.settings, warehouse=warehouse_of(payload, context.settings, context.source))
    mode_of_payment = mode_of_payment_of(payload, settings, context.source)
    plan = plan_money(payload, item_codes, settings)
    customer = buyer_of(payload, known, context)
    values = order_values(
        payload, settings, plan, source=context.source, customer=customer, mode_of_payment=mode_of_payment
    )
    values = replace(
        values,
        shipping_address=address_at(customer, values.shipping_address, payload, context),
        is_resent=context.command.generation > 0,
    )
    adopted = None if document else context.erp.find_sales_order(context.source, payload.external_id)
    saved = context.erp.save_sales_order(document or adopted, values)
    difference = differences(saved, plan, payload, context.settings)
    context.erp.flag_sales_order(saved.name, difference)
    problems = () if RETURN in actions else _given_back(payload, saved, context)
    case = replace(_case(saved, standing, difference, context), problems=problems)
    return _outcome(saved, plan, difference, follow_up(case, actions), bool(adopted))


def _cancel(document: str, standing: Standing, actions: tuple[str, ...], context: Context) -> Outcome:
    """Lines and money of an order that came to nothing do not matter any more; shops empty them."""
    saved = context.erp.note_status(document, standing.status, standing.title or None)
    done = follow_up(_case(saved, standing, (), context), actions)
    outcome = saved_outcome(saved, *done.notes, docstatus=done.docstatus)
    return replace(outcome, status="applied") if done.docstatus != saved.docstatus else outcome


def _deleted(payload: OrderPayload, standing: Standing, context: Context) -> Outcome:
    """What the catalogue says of `deleted` is done; else a person is asked. Nothing is cancelled unasked."""
    document = context.document() or context.erp.find_sales_order(context.source, payload.external_id)
    if not document:
        return Outcome("skipped", "Deleted in the shop before it had a Sales Order here; nothing was made.")
    actions = context.erp.status_actions(context.source, standing.ids) or ()
    saved = context.erp.note_status(document, standing.status, None)
    case = _case(saved, standing, (), context)
    if CANCEL not in actions and saved.docstatus != CANCELLED:
        case = replace(case, problems=(_DELETED_THERE,))
    done = follow_up(case, actions)
    outcome = saved_outcome(saved, *done.notes, docstatus=done.docstatus)
    return replace(outcome, status="applied")


def _given_back(payload: OrderPayload, saved: SavedOrder, context: Context) -> tuple[Text, ...]:
    """Until there is a return or a credit note."""
    if not payload.given_back_at or context.erp.has_return(saved.name):
        return ()
    return (Text(_GIVEN_BACK, f"{payload.given_back_at:%Y-%m-%d}"),)


def _case(saved: SavedOrder, standing: Standing, difference: tuple[Text, ...], context: Context) -> Case:
    # An order that is there already can wait with its status until that is mended.
    is_repeated = bool(context.reference.docname)
    return Case(saved, standing, bool(difference), context.settings, context.erp, is_repeated)


def _refuse_collapsed(payload: OrderPayload) -> None:
    """Shops now and then send an order without its lines or its money; that must not replace a real one."""
    if not payload.items:
        message = f"Order {payload.reference or payload.external_id} came without lines. Fetch it from the shop again."
        raise BusinessError("no_lines", message)
    gross = sum((line.unit_price * line.quantity for line in payload.items), Decimal(0))
    discount = max(payload.discount_total, sum((line.discount for line in payload.items), Decimal(0)))
    if not payload.total and gross > discount:
        message = (
            f"The shop says a total of 0 while the lines come to {gross - discount} {payload.currency};"
            " nothing was changed. Fetch the order from the shop again."
        )
        raise BusinessError("collapsed_total", message)


def _outcome(
    saved: SavedOrder, plan: MoneyPlan, differing: tuple[Text, ...], done: FollowUp, is_linked: bool
) -> Outcome:
    notes, difference = [saved.note], "\n".join(differing)
    if difference:
        state = ("It stays a draft", "It is submitted already", "It was cancelled")[done.docstatus]
        notes.append(f"{state}; its money differs from the shop's. {difference}")
    extra = {
        "docstatus": done.docstatus,
        "difference": difference or None,
        "totals": {"shop": plan.shop.total, "erp": saved.grand_total},
    }
    outcome = saved_outcome(saved, *notes, *done.notes, is_linked=is_linked, **extra)
    outcome = replace(outcome, written=(*outcome.written, *done.written))
    is_written = difference or done.written or done.docstatus != saved.docstatus
    return replace(outcome, status="applied") if is_written else outcome
