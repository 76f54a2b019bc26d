"""The parameters of a request, checked as WordPress does: all that is wrong is told at once."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from werkzeug.datastructures import MultiDict

_DATE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:?\d\d)?")


class ApiError(Exception):
    """An answer in the error envelope. data: beside the status."""

    def __init__(self, status: int, code: str, message: str, **data: Any):
        super().__init__(message)
        self.status, self.code, self.message, self.data = status, code, message, data

    def envelope(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "data": {"status": self.status, **self.data}}


class Query:
    """Unknown parameters are ignored. check() raises what the readings before it found."""

    def __init__(self, args: MultiDict[str, str]):
        self._args = args
        self._problems: dict[str, tuple[str, str]] = {}

    def text(self, name: str, default: str = "") -> str:
        return self._args.get(name, default)

    def words(self, name: str) -> list[str]:
        """`a,b`, or `name[]=a&name[]=b`."""
        given = [*self._args.getlist(f"{name}[]"), *self._args.get(name, "").split(",")]
        return [word.strip() for word in given if word.strip()]

    def number(self, name: str, default: int, least: int = 0, most: int | None = None) -> int:
        given = self._args.get(name)
        if given is None:
            return default
        if not given.lstrip("-").isdigit():
            return self._wrong(name, "rest_invalid_type", f"{name} is not of type integer.", default)
        if not least <= int(given) <= (most if most is not None else int(given)):
            said = (
                f"between {least} (inclusive) and {most} (inclusive)"
                if most
                else f"greater than or equal to {least}"
            )
            return self._wrong(name, "rest_out_of_bounds", f"{name} must be {said}", default)
        return int(given)

    def ids(self, name: str) -> list[int]:
        found = self.words(name)
        if not all(word.isdigit() for word in found):
            return self._wrong(name, "rest_invalid_type", f"{name}[0] is not of type integer.", [])
        return [int(word) for word in found]

    def one_of(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        given = self._args.get(name, default)
        if given not in allowed:
            message = f"{name} is not one of {', '.join(allowed[:-1])}, and {allowed[-1]}."
            return self._wrong(name, "rest_not_in_enum", message, default)
        return given

    def moment(self, name: str) -> datetime | None:
        given = self._args.get(name)
        if not given:
            return None
        # A plus that nobody encoded arrives as a space.
        given = given[:11] + given[11:].replace(" ", "+").upper().replace("Z", "+00:00")
        try:
            if not _DATE.fullmatch(given):
                raise ValueError
            return datetime.fromisoformat(given).replace(microsecond=0)
        except ValueError:
            return self._wrong(name, "rest_invalid_date", "Invalid date.", None)

    def is_set(self, name: str) -> bool:
        return self._args.get(name, "").lower() in ("1", "true")

    def wrong(self, name: str, message: str) -> None:
        self._problems[name] = ("rest_not_in_enum", message)

    def check(self) -> None:
        if not self._problems:
            return
        names = ", ".join(self._problems)
        params = {name: message for name, (_, message) in self._problems.items()}
        details = {
            name: {"code": code, "message": message, "data": None}
            for name, (code, message) in self._problems.items()
        }
        raise ApiError(
            400, "rest_invalid_param", f"Invalid parameter(s): {names}", params=params, details=details
        )

    def _wrong(self, name: str, code: str, message: str, instead: Any) -> Any:
        self._problems[name] = (code, message)
        return instead
