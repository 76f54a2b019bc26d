"""The path language of Mapping Rules: `raw.billing.email`, `payload.items[*].sku`, `raw.meta_data[key=_vat].value`.

A path is parsed, never evaluated. Reading one never raises, whatever the data: what is not there is None.

| step | takes |
|---|---|
| `.name` | the field of an object |
| `["a.b"]` | the same, for a name with dots, brackets or commas |
| `[2]`, `[-1]` | an element of a list, from its beginning or end |
| `[*]` | each element; at most once in a path |
| `[key=value]` | the first object of a list whose field `key` is `value`; both may stand in quotes |
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

ROOTS = ("raw", "payload")
MAX_LENGTH, MAX_STEPS, MAX_ELEMENTS = 300, 16, 5000
# How much of a value is shown to a person.
SHOWN = 60
_NAME = re.compile(r"[^\s.\[\](){}\"',=*]+")
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_INDEX = re.compile(r"-?\d{1,6}(?=\s*\])")


class PathError(ValueError):
    """A path that cannot be read; position counts characters from 1."""

    def __init__(self, text: str, position: int, reason: str):
        super().__init__(f"'{text[:MAX_LENGTH]}', position {position}: {reason}")
        self.position = position
        self.reason = reason


class Each:
    """The step `[*]`."""

    def __repr__(self) -> str:
        return "[*]"


EACH = Each()


@dataclass(frozen=True)
class Where:
    """The step `[key=value]`."""

    key: str
    value: str


Step = str | int | Each | Where


@dataclass(frozen=True)
class Path:
    """text: as it was written. root: `raw` or `payload` of a source, empty for a target."""

    text: str
    root: str
    steps: tuple[Step, ...]

    @property
    def has_each(self) -> bool:
        return EACH in self.steps

    def read(self, value: Any) -> Any:
        """What the path leads to from its root's value; with `[*]` a list with one entry, or None, per element."""
        return _follow(value, self.steps)

    def explain(self, value: Any) -> str:
        """How far the path leads and what is there, in words for a person."""
        return _explain(self, value)


def parse_path(text: str) -> Path:
    """One source path. Raises PathError."""
    paths = parse_paths(text)
    if len(paths) != 1:
        raise PathError(text, 1, "one path is wanted here")
    return paths[0]


def parse_paths(text: str) -> tuple[Path, ...]:
    """Source paths with commas between them. Raises PathError."""
    reader = _Reader(text)
    found = [reader.path(ROOTS)]
    while reader.takes(","):
        found.append(reader.path(ROOTS))
    reader.must_end()
    return tuple(found)


def parse_target(text: str) -> Path:
    """A path into the payload, which has no root: `items[*].note`. Raises PathError."""
    reader = _Reader(text)
    path = reader.path(())
    reader.must_end()
    return path


def plain(value: Any) -> Any:
    """As JSON has it: decimals as text, as they are kept."""
    return format(value, "f") if isinstance(value, Decimal) else value


def is_empty(value: Any) -> bool:
    """Nothing, blank text, or a list or object without content; 0 and false are something."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or value == [] or value == {}


def shown(value: Any) -> str:
    """A value for a sentence, cut where it is long; of lists and objects only what they are."""
    if isinstance(value, dict):
        return f"an object of {len(value)} fields"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = " ".join(str(plain(value)).split())
    return f"'{text[:SHOWN]}…'" if len(text) > SHOWN else f"'{text}'"


class _Reader:
    """Reads a text from left to right."""

    def __init__(self, text: str):
        if not isinstance(text, str):
            raise PathError(str(text), 1, "a path is a text")
        self.text, self.at = text, 0
        if len(text) > MAX_LENGTH:
            raise PathError(text, MAX_LENGTH + 1, f"a path has at most {MAX_LENGTH} characters")

    def path(self, roots: tuple[str, ...]) -> Path:
        self._space()
        begin = self.at
        first = self._name("a path begins with " + (" or ".join(roots) if roots else "the name of a field"))
        if roots and first not in roots:
            raise self._error(f"a path begins with {' or '.join(roots)}, not '{first}'", begin)
        steps: list[Step] = [] if roots else [first]
        while self.at < len(self.text) and self.text[self.at] in ".[":
            steps.append(self._step())
            if len(steps) > MAX_STEPS:
                raise self._error(f"a path has at most {MAX_STEPS} steps")
        if steps.count(EACH) > 1:
            raise self._error("[*] may stand in a path once")
        return Path(self.text[begin : self.at].strip(), first if roots else "", tuple(steps))

    def takes(self, mark: str) -> bool:
        self._space()
        is_there = self.text[self.at : self.at + 1] == mark
        self.at += is_there
        return is_there

    def must_end(self) -> None:
        self._space()
        if self.at < len(self.text):
            raise self._error(f"'{self.text[self.at]}' is not expected here")

    def _step(self) -> Step:
        if self.takes("."):
            return self._name("the name of a field is missing behind the dot")
        begin = self.at
        self.at += 1
        step = self._selector()
        if not self.takes("]"):
            raise self._error("the bracket is not closed", begin)
        return step

    def _selector(self) -> Step:
        if self.takes("*"):
            return EACH
        if index := _INDEX.match(self.text, self.at):
            self.at = index.end()
            return int(index[0])
        is_quoted = self.text[self.at : self.at + 1] in ("'", '"')
        key = self._name("a number, *, a name in quotes or key=value belongs into the brackets")
        if self.takes("="):
            return Where(key, self._value())
        if is_quoted:
            return key
        raise self._error(f"'=' and a value are missing behind '{key}'")

    def _value(self) -> str:
        self._space()
        if quoted := _QUOTED.match(self.text, self.at):
            self.at = quoted.end()
            return quoted[1] if quoted[1] is not None else quoted[2]
        end = self.text.find("]", self.at)
        if end < 0:
            raise self._error("the bracket is not closed")
        value, self.at = self.text[self.at : end].strip(), end
        if not value:
            raise self._error("a value is missing behind '='")
        return value

    def _name(self, otherwise: str) -> str:
        found = _QUOTED.match(self.text, self.at) or _NAME.match(self.text, self.at)
        if found is None or not found[0].strip("'\""):
            raise self._error(otherwise)
        self.at = found.end()
        return found[0] if found.re is _NAME else (found[1] if found[1] is not None else found[2])

    def _space(self) -> None:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1

    def _error(self, reason: str, at: int | None = None) -> PathError:
        return PathError(self.text, (self.at if at is None else at) + 1, reason)


def _follow(value: Any, steps: tuple[Step, ...]) -> Any:
    for number, step in enumerate(steps):
        if step is EACH:
            found = value[:MAX_ELEMENTS] if isinstance(value, list) else []
            return [_follow(element, steps[number + 1 :]) for element in found]
        value = _one(value, step)
        if value is None:
            return [] if EACH in steps[number + 1 :] else None
    return plain(value)


def _one(value: Any, step: Step) -> Any:
    if isinstance(step, str):
        return value.get(step) if isinstance(value, dict) else None
    if not isinstance(value, list):
        return None
    if isinstance(step, int):
        return value[step] if -len(value) <= step < len(value) else None
    return next(_matching(value, step), None) if isinstance(step, Where) else None


def _matching(rows: list[Any], where: Where) -> Iterator[dict[str, Any]]:
    for row in rows[:MAX_ELEMENTS]:
        found = row.get(where.key) if isinstance(row, dict) else None
        is_word = isinstance(found, str | int | Decimal) and not isinstance(found, bool)
        if is_word and str(plain(found)) == where.value:
            yield row


def _explain(path: Path, value: Any) -> str:
    passed = path.root
    for number, step in enumerate(path.steps):
        if step is EACH:
            if not isinstance(value, list) or not value:
                return f"{passed} is {shown(value)}" if value != [] else f"{passed} is an empty list"
            held = sum(not is_empty(one) for one in _follow(value, path.steps[number:]))
            return f"{held or 'none'} of the {len(value)} of {passed} hold it"
        found = _one(value, step)
        if found is None:
            return _lacking(passed, value, step)
        value, passed = found, passed + _written(step)
    return f"{passed} is {shown(value)}" if not is_empty(value) or value in ([], {}) else f"{passed} is empty"


def _lacking(passed: str, value: Any, step: Step) -> str:
    if isinstance(step, str) and isinstance(value, dict):
        return f"{passed}{_written(step)} is null" if step in value else f"{passed} has no '{step}'"
    if isinstance(step, int) and isinstance(value, list):
        return f"{passed} has only {len(value)} elements"
    if isinstance(step, Where) and isinstance(value, list):
        return f"{passed} has no element whose {step.key} is '{step.value}'"
    return f"{passed} is {shown(value)}"


def _written(step: Step) -> str:
    if isinstance(step, str):
        return f".{step}" if _NAME.fullmatch(step) else f'["{step}"]'
    return f"[{step.key}={step.value}]" if isinstance(step, Where) else f"[{step}]"
