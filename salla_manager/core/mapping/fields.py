"""What a Mapping Rule may write: the fields of the payload models, as target paths."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from salla_manager.core.mapping.paths import EACH, Path, PathError, parse_target
from salla_manager.payloads import PAYLOADS, Payload

# Which entity it is and when it changed is the shop's to say; `raw` is what the shop said.
_FIXED = frozenset(Payload.model_fields)


@dataclass(frozen=True)
class Target:
    """is_list: the field itself is a list of plain values, such as `category_ids`. needs: objects on the way that have
    to be there already, since they need more fields than this one."""

    path: Path
    is_list: bool = False
    needs: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[Any, ...]:
        return self.path.steps


@lru_cache(maxsize=1024)
def target(entity_type: str, text: str) -> Target:
    """Raises PathError, also where the payload has no such field."""
    path = parse_target(text)
    model: type[BaseModel] | None = PAYLOADS[entity_type]
    if path.steps[0] in _FIXED:
        raise PathError(text, 1, f"'{path.steps[0]}' is the shop's to say; no rule writes it")
    needs: list[str] = []
    is_list, names, steps = False, "", list(path.steps)
    while steps:
        name = steps.pop(0)
        if model is None or not isinstance(name, str) or name not in model.model_fields:
            raise PathError(text, 1, _unknown(entity_type, path))
        names += f".{name}" if names else name
        inner, is_list = _inside(model.model_fields[name].annotation)
        if steps and steps[0] is EACH and is_list:
            steps.pop(0)
            names += "[*]"
            is_list = inner is None
            if not steps:
                raise PathError(text, len(text), "a field of each row is missing behind [*]")
        elif is_list and steps:
            raise PathError(text, 1, f"{names} is a list; write {names}[*]")
        elif steps and inner is not None and any(f.is_required() for f in inner.model_fields.values()):
            needs.append(names)
        model = inner
    return Target(path, is_list and model is None, tuple(needs))


def targets(entity_type: str) -> list[str]:
    """Every target of an entity type, in the order of its model."""
    return list(_targets(PAYLOADS[entity_type], "", _FIXED))


def _targets(model: type[BaseModel], prefix: str, left_out: frozenset[str] = frozenset()) -> Iterator[str]:
    # Deeper than a row of a row, such as an option of a line, no rule reaches: one [*] is taken.
    for name, field in model.model_fields.items():
        if name in left_out:
            continue
        inner, is_list = _inside(field.annotation)
        if inner is None:
            if not (is_list and "[*]" in prefix):
                yield prefix + name
        elif not is_list:
            yield from _targets(inner, f"{prefix}{name}.", frozenset({"raw", "updated_at"}))
        elif "[*]" not in prefix:
            yield from _targets(inner, f"{prefix}{name}[*].")


def _inside(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """(the model in an annotation, whether in a list)."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _inside(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return next((_inside(part) for part in arguments if part is not type(None)), (None, False))
    if origin is list:
        return _inside(arguments[0])[0], True
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return (annotation if is_model else None), False


def _unknown(entity_type: str, path: Path) -> str:
    near = difflib.get_close_matches(path.text, targets(entity_type), 3, 0.5)
    hint = f" Near it: {', '.join(near)}." if near else " The editor lists those there are."
    return f"a payload of the entity type {entity_type} has no such field.{hint}"
