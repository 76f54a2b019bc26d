"""Writes docs/CLIENT_EXPECTED_PAYLOAD.md from the models that validate the payloads."""

from __future__ import annotations

import sys
import types
import typing
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from salla_manager import payloads

TARGET = Path(__file__).resolve().parents[1] / "docs" / "CLIENT_EXPECTED_PAYLOAD.md"
PARTS = (
    payloads.OptionValue,
    payloads.Address,
    payloads.OrderLine,
    payloads.Discount,
    payloads.Shipping,
    payloads.OrderTax,
)
ALIASES = {id(payloads.Money): "money", id(payloads.Id): "id"}
INTRO = """# Normalized payloads

*Generated from `payloads.py` by `make docs`; do not edit by hand.*

What lies in `payload` of a command, by `entity_type`. The same models validate on both sides.

* **money** is text with a decimal point, such as `"19.99"`; whole numbers are taken too, binary floats never.
* **id** is text, also where the shop uses numbers (they can exceed 2^53).
* **time** is ISO 8601 with a zone.
* A field that is not needed may be absent or `null`. Keys that a reader does not know are ignored, so additions
  do not break older executors.
* An order's money: `total = subtotal - discount_total + shipping.amount + cash_on_delivery + tax.amount`. Amounts are
  without VAT unless the description says otherwise.
"""


def type_name(annotation: object) -> str:
    if id(annotation) in ALIASES:
        return ALIASES[id(annotation)]
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return type_name(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return " or ".join(type_name(part) for part in arguments if part is not type(None))
    if origin is typing.Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin is list:
        return f"list of {type_name(arguments[0])}"
    if origin is dict or annotation is dict:
        return "object"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return {str: "text", int: "whole number", bool: "true or false", Decimal: "money"}.get(annotation, "time")  # type: ignore[call-overload]


def field_type(name: str, model: type[BaseModel], field: FieldInfo) -> str:
    hints = typing.get_type_hints(model, include_extras=True)
    return type_name(hints.get(name, field.annotation))


def row(name: str, model: type[BaseModel], field: FieldInfo) -> str:
    needed = "yes" if field.is_required() else ""
    return f"| `{name}` | {field_type(name, model, field)} | {needed} | {field.description or ''} |"


def table(model: type[BaseModel]) -> str:
    rows = [row(name, model, field) for name, field in model.model_fields.items()]
    return "\n".join(["| field | type | needed | meaning |", "|---|---|---|---|", *rows])


def section(title: str, model: type[BaseModel]) -> str:
    inherited = any(model.__doc__ == base.__doc__ for base in model.__mro__[1:])
    text = "" if inherited or not model.__doc__ else f"{model.__doc__.strip()}\n\n"
    return f"\n## {title}\n\n{text}{table(model)}\n"


def document() -> str:
    sections = [section(entity, model) for entity, model in payloads.PAYLOADS.items()]
    sections += [section(model.__name__, model) for model in PARTS]
    return INTRO + "".join(sections).replace("(#customerpayload)", "(#customer)")


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")
    print(f"wrote docs/{TARGET.name}")
