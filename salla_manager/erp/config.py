"""A connector's configuration: what its fields say is held against what was entered."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from salla_manager.erp.port import ConfigField
from salla_manager.erp.redaction import Redactor


class ConnectorConfig(Mapping[str, Any]):
    """The fields' values, with defaults where nothing was entered. Its repr shows names alone.

    redact: takes the values of secret fields out of a text.
    """

    def __init__(self, values: Mapping[str, Any], fields: Sequence[ConfigField]) -> None:
        self._values = {field.name: _given(values, field) for field in fields}
        self.redact = Redactor(secrets_of(values, fields))

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"ConnectorConfig({', '.join(self._values)})"


def secrets_of(values: Mapping[str, Any], fields: Sequence[ConfigField]) -> list[str]:
    found = [values.get(field.name) for field in fields if field.kind == "secret"]
    return [str(value) for value in found if value not in (None, "")]


def problems(values: Mapping[str, Any], fields: Sequence[ConfigField]) -> tuple[str, ...]:
    """One sentence per thing that is missing or wrong, in the order of the fields; none shows a value."""
    known = {field.name for field in fields}
    unknown = sorted(name for name in values if name not in known)
    found = [_problem(values.get(field.name), field) for field in fields]
    return (
        *(sentence for sentence in found if sentence),
        *(f"There is no field '{name}'. Fields are: {', '.join(sorted(known))}." for name in unknown),
    )


def _given(values: Mapping[str, Any], field: ConfigField) -> Any:
    value = values.get(field.name)
    if _is_empty(value):
        return field.default
    if field.kind == "number":
        # A form gives 22 as 22.0.
        return int(value) if float(value).is_integer() else value
    return bool(value) if field.kind == "check" else value


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _problem(value: Any, field: ConfigField) -> str:
    if _is_empty(value):
        is_missing = field.is_required and _is_empty(field.default)
        return f"{field.label} is missing. Fill it in." if is_missing else ""
    if field.kind == "number":
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return "" if is_number else f"{field.label} has to be a number."
    if field.kind == "check":
        return "" if value in (0, 1) and not isinstance(value, float) else f"{field.label} has to be 0 or 1."
    if field.kind == "choice":
        return "" if value in field.choices else f"{field.label} has to be one of {', '.join(field.choices)}."
    return "" if isinstance(value, str) else f"{field.label} has to be a text."
