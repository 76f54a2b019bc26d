"""Finds the connector of a type. What a type stands for is imported when it is asked for, and made once per registry."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from salla_manager.core.transport import Limits
from salla_manager.erp.port import ERPConnectorPort

# A class, or whatever makes a connector of a host's limits; or the dotted path of one.
Maker = Callable[[Limits], ERPConnectorPort] | str

# The client executor needs the host's store and transport, so the host registers that one.
BUILT_IN: Mapping[str, Maker] = {
    "DROPZONE_JSON_V1": "salla_manager.erp.dropzone_json.DropzoneJsonV1Connector",
    "MOCK": "salla_manager.erp.mock.MockConnector",
}
_TYPE = re.compile(r"\A[A-Z][A-Z0-9_]{0,59}\Z", re.ASCII)
_METHODS = ("config_fields", "export", "test_connection", "can_rollback", "rollback")


class ConnectorRegistry:
    """One per host and not one per process, since the sites of a bench have different apps.

    limits: what each connector is made with: seconds of its connections, and whether private addresses are allowed.
    """

    def __init__(self, entries: Mapping[str, Maker] = BUILT_IN, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._makers: dict[str, Maker] = {}
        self._made: dict[str, ERPConnectorPort] = {}
        for connector_type, cls in entries.items():
            self.register(connector_type, cls)

    def register(self, connector_type: str, cls: Maker) -> None:
        """cls: a connector's class, called with the limits, or its dotted path. The same again changes nothing.

        Raises ValueError on a type that is no word in capitals, or that stands for another class already.
        """
        if not isinstance(connector_type, str) or not _TYPE.match(connector_type):
            raise ValueError(
                f"'{connector_type}' cannot be a connector type. Take capitals, digits and _, as in ACME_BOOKS."
            )
        if self._makers.setdefault(connector_type, cls) != cls:
            raise ValueError(
                f"The connector type '{connector_type}' is taken by {_shown(self._makers[connector_type])}."
                f" Give {_shown(cls)} another one."
            )

    def get(self, connector_type: str) -> ERPConnectorPort:
        """The connector: one object for all threads, so it keeps nothing of a call.

        Raises ValueError when nobody has registered the type, or when what it stands for cannot be loaded.
        """
        made = self._made.get(connector_type)
        return made if made is not None else self._make(connector_type)

    def names(self) -> tuple[str, ...]:
        return tuple(self._makers)

    def _make(self, connector_type: str) -> ERPConnectorPort:
        if connector_type not in self._makers:
            raise ValueError(f"Unknown connector type: '{connector_type}'")
        connector = _load(connector_type, self._makers[connector_type])(self.limits)
        missing = [name for name in _METHODS if not callable(getattr(connector, name, None))]
        if missing:
            raise ValueError(
                f"The connector '{connector_type}' has no {missing[0]}. It has to have what ERPConnectorPort says."
            )
        return self._made.setdefault(connector_type, connector)


def _load(connector_type: str, cls: Maker) -> Callable[[Limits], Any]:
    if not isinstance(cls, str):
        return cls
    module, _, name = cls.rpartition(".")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(
            f"The connector '{connector_type}' cannot be loaded from {cls}: {error}. Is the app that brings it whole"
            " and installed in this environment?"
        ) from None


def _shown(cls: Maker) -> str:
    return cls if isinstance(cls, str) else getattr(cls, "__qualname__", type(cls).__name__)
