"""What a JSON file from Salla is, and what follows from it: for support, not for the way of an order.

A file may be a webhook, an answer of the API (a list, one entity, or an error), or a bare entity.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from salla_manager.contract import dump_json
from salla_manager.payloads import PAYLOADS, Payload
from salla_manager.platforms.port import NormalizeError, StoreContext, WebhookError
from salla_manager.platforms.salla.normalize.order_money import disagreement
from salla_manager.platforms.salla.platform import SALLA
from salla_manager.platforms.salla.webhooks import is_whole
from salla_manager.platforms.values import identifier, mapping, rows, text

ANSWER, BARE = "An answer of Salla", "A bare body"
LIGHT_ORDER = "an order without its lines; it has to be read whole."
ORDER_LINES = "lines of an order; without their order nothing follows."
UNKNOWN = "content of another kind; it is none of the entities that are sent to the ERP."
_TOKEN_KEYS = {"access_token", "refresh_token"}


@dataclass(frozen=True)
class Understood:
    """entities: (entity type, body ready for `normalize`). reason: what the file is, and why nothing follows.

    wanted: (entity type, external id) of what the file speaks of without holding it whole.
    light_order: an order without its lines. order_lines: lines without their order.
    """

    reason: str
    entities: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    wanted: list[tuple[str, str]] = field(default_factory=list)
    light_order: dict[str, Any] | None = None
    order_lines: list[dict[str, Any]] = field(default_factory=list)


def understand(body: Any, context: StoreContext | None = None) -> Understood:
    """Recognise a parsed file. Never raises for what a file may hold."""
    if isinstance(body, dict) and "event" in body and "merchant" in body:
        return _webhook(body)
    if isinstance(body, dict) and _is_error(body):
        return Understood(f"An error answer of Salla: {_error_text(body)}. Nothing changed in the shop.")
    if isinstance(body, dict) and "data" in body and ("status" in body or "success" in body):
        return _answer(body)
    if isinstance(body, dict | list):
        return _data(body, BARE)
    return Understood(f"No JSON object or list but {_kind(body)}; Salla's API gives none such.")


def payloads(body: Any, context: StoreContext) -> tuple[list[tuple[str, Payload]], list[str]]:
    """((entity type, payload) …, sentences): what the file becomes, and what does not and why."""
    found, said = [], []
    understood = understand(body, context)
    said.append(understood.reason)
    for entity_type, entity in understood.entities:
        try:
            made = SALLA.normalize(entity_type, entity, context)
        except NormalizeError as error:
            said.append(str(error))
            continue
        found += [(entity_type_of(payload), payload) for payload in made]
    return found, said


def entity_type_of(payload: Payload) -> str:
    return next(entity_type for entity_type, model in PAYLOADS.items() if type(payload) is model)


def _webhook(body: dict[str, Any]) -> Understood:
    try:
        webhook = SALLA.read_webhook(dump_json(body))
        signals = SALLA.signals(webhook)
    except WebhookError as error:
        return Understood(f"A webhook that cannot be used: {error}.")
    if not signals:
        is_of_app = SALLA.app_change(webhook) is not None
        says = "It tells of this app in the shop." if is_of_app else SALLA.ignored_because(webhook.event)
        return Understood(f"The webhook {webhook.event}: {says}")
    signal = signals[0]
    name = f"The webhook {webhook.event} about {signal.entity_type} {signal.external_id}"
    if signal.action == "delete":
        return Understood(f"{name}: the shop has it no more.")
    if signal.body is None:
        reason = f"{name}: a signal without the whole {signal.entity_type}, which is read from the shop."
        return Understood(reason, wanted=[(signal.entity_type, signal.external_id)])
    return Understood(f"{name}, with its body.", [(signal.entity_type, signal.body)])


def _answer(body: dict[str, Any]) -> Understood:
    if not body["data"]:
        return Understood("An answer of Salla without content.")
    return _data(body["data"], ANSWER)


def _data(data: Any, source: str) -> Understood:
    if isinstance(data, list):
        return _list(data, source)
    if not isinstance(data, dict):
        return Understood(f"{source} with {_kind(data)} for its data; it holds no entity.")
    if not data:
        return Understood(f"{source} without content.")
    entity_type, words = recognise(data)
    if entity_type is not None:
        return Understood(f"{source} with one {words}.", [(entity_type, data)])
    if "id" not in data and words == UNKNOWN and source == BARE:
        return Understood(f"{source} with a request to Salla, not something Salla said.")
    if words != LIGHT_ORDER:
        return Understood(f"{source} with {words}")
    reason = " ".join(filter(None, (f"{source} with {words}", disagreement(data))))
    return Understood(reason, wanted=_orders([data]), light_order=data)


def _list(data: list[Any], source: str) -> Understood:
    entries = rows(data)
    if not entries:
        return Understood(f"{source} with a list that holds no objects.")
    seen = [(recognise(row), row) for row in entries]
    entities = [(entity_type, row) for (entity_type, _), row in seen if entity_type]
    words = list(dict.fromkeys(words for (_, words), _ in seen))
    if words == [UNKNOWN] and source == BARE and not any("id" in row for row in entries):
        words = ["a request to Salla, not something Salla said."]
    said = " / ".join(word.rstrip(".") for word in words)
    light = [row for (_, words), row in seen if words == LIGHT_ORDER]
    lines = entries if words == [ORDER_LINES] else []
    return Understood(
        f"{source} with a list of {len(entries)}: {said}.", entities, _orders(light), order_lines=lines
    )


def _orders(bodies: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [("order", key) for body in bodies if (key := identifier(body.get("id")))]


def recognise(data: dict[str, Any]) -> tuple[str | None, str]:
    """(entity type, its name), or (None, what it is instead and why nothing follows)."""
    for entity_type, test in _ENTITIES:
        if test(data):
            return entity_type, entity_type.replace("_", " ")
    for words, test in _OTHERS:
        if test(data):
            return None, words
    return None, UNKNOWN


def _has(*keys: str) -> Any:
    return lambda data: all(key in data for key in keys)


def _is_order(data: dict[str, Any]) -> bool:
    return "reference_id" in data and is_whole("order", data)


def _is_product(data: dict[str, Any]) -> bool:
    return is_whole("product", data) and "urls" in data


def _is_variant(data: dict[str, Any]) -> bool:
    return "related_option_values" in data and "id" in data


def _is_customer(data: dict[str, Any]) -> bool:
    return is_whole("customer", data) and "id" in data and "references" not in data


def _is_category(data: dict[str, Any]) -> bool:
    return bool(text(data.get("name"))) and _has("id", "parent_id", "sort_order")(data)


def _is_brand(data: dict[str, Any]) -> bool:
    return bool(text(data.get("name"))) and _has("id", "ar_char", "en_char")(data)


def _is_order_status(data: dict[str, Any]) -> bool:
    is_row = "original" in data and "slug" in data
    return is_row and data.get("type") in ("original", "custom") and "id" in data


def _is_order_item(data: dict[str, Any]) -> bool:
    return "quantity" in data and "price_without_tax" in mapping(data.get("amounts"))


_ENTITIES = [
    ("order", _is_order),
    ("product", _is_product),
    ("variant", _is_variant),
    ("customer", _is_customer),
    ("order_status", _is_order_status),
    ("category", _is_category),
    ("brand", _is_brand),
]
_OTHERS = [
    ("tokens of a store; they belong in its credentials.", lambda data: bool(_TOKEN_KEYS & data.keys())),
    (LIGHT_ORDER, _has("reference_id", "status", "date")),
    (ORDER_LINES, _is_order_item),
    ("an invoice; the order it belongs to counts.", _has("order_id", "sub_total", "tax")),
    ("a transaction; the order it paid for counts.", _has("references", "payment_method")),
    ("a shipment; the order it belongs to counts.", lambda data: "ship_to" in data or "courier_id" in data),
    ("a store's settings.", _has("slug", "type", "value")),
    ("the store's identity.", _has("domain", "plan")),
    ("a user of the store.", lambda data: isinstance(data.get("merchant"), dict)),
    ("an option of a product; the product counts.", _has("display_type", "values")),
    ("a value of a product's option; the product counts.", _has("option_id", "name")),
    ("a branch.", lambda data: "preparation_time" in data or "working_hours" in data),
    ("a coupon.", _has("code", "free_shipping")),
    ("a webhook subscription.", lambda data: "event" in data and ("url" in data or "label" in data)),
    (
        "a note that a request was done; it names no entity.",
        lambda data: "message" in data and "code" in data,
    ),
    (
        "error answers of Salla; nothing changed in the shop.",
        lambda data: bool(data) and all(map(_is_error, _values(data))),
    ),
    (
        "categories below one that is not named; read them one by one.",
        _has("id", "urls", "sort_order", "items"),
    ),
    ("a link to an invoice; the order it belongs to counts.", _has("order_id", "invoice_number")),
    ("a link to an invoice; the order it belongs to counts.", _has("order_id", "type", "date")),
    ("a row of an order's history; the order counts.", _has("id", "status", "note", "created_at")),
    ("a change of stock; the ERP keeps the stock.", _has("old_quantity", "new_quantity")),
    ("an image of a product; the product counts.", lambda data: "image" in data and "id" in data),
    ("an extra question at checkout; the order it was answered in counts.", _has("is_required", "type")),
    ("a tax rate; it stands in each order.", _has("tax", "country")),
    ("a reservation of a booking product; its order counts.", _has("seats_count", "start", "end")),
    ("a shipping company.", lambda data: "activation_type" in data),
    ("a country or city.", lambda data: "id" in data and ("mobile_code" in data or "country_id" in data)),
    ("a payment method; each order names its own.", _has("id", "slug", "name")),
    ("a currency; each order names its own.", _has("code", "symbol")),
    ("a language of the store.", lambda data: "iso_code" in data),
]


def _is_error(body: dict[str, Any]) -> bool:
    return "error" in body or body.get("success") is False


def _values(data: dict[str, Any]) -> list[dict[str, Any]]:
    return [mapping(value) for value in data.values()]


def _error_text(body: dict[str, Any]) -> str:
    error = body.get("error")
    if not isinstance(error, dict):
        return text(error) or text(body.get("message")) or "no reason given"
    named = ", ".join(mapping(error.get("fields")))
    return (
        " ".join(part for part in (text(error.get("message")), f"({named})" if named else None) if part)
        or "no reason"
    )


def _kind(value: Any) -> str:
    return {str: "text", bool: "yes or no", int: "a number", type(None): "nothing"}.get(
        type(value), "a number"
    )
