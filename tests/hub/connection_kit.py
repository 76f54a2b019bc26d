"""A connector that does what a test says, and connections that it serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hub_kit import INSTANCE, Hub

from salla_manager.core.dispatch import DispatchReport, dispatch_to
from salla_manager.core.model import Connection, OutboundCommand, Route
from salla_manager.erp.port import ConfigField, ExportResult, TestResult
from salla_manager.erp.registry import ConnectorRegistry

ORGANISATION = "CUST-0001"
FIRST = "ERP-CONNECTION-00001"
SECRET = "k3y-of-the-warehouse"


@dataclass
class FakeConnector:
    """outcomes: an ExportResult to give or an error to raise, in turn; then all goes well."""

    outcomes: list[ExportResult | Exception] = field(default_factory=list)
    always: ExportResult | Exception | None = None
    test: TestResult | Exception = field(default_factory=lambda: TestResult(True))
    exported: list[dict[str, Any]] = field(default_factory=list)
    configs: list[Mapping[str, Any]] = field(default_factory=list)
    rolled_back: list[ExportResult] = field(default_factory=list)
    takes_back: bool = True

    def config_fields(self) -> tuple[ConfigField, ...]:
        return (ConfigField("token", "Token", "secret", is_required=True),)

    def export(self, draft_order: dict[str, Any], config: Mapping[str, Any]) -> ExportResult:
        self.exported.append(draft_order)
        self.configs.append(config)
        key = draft_order["idempotency_key"][:8]
        outcome = self.outcomes.pop(0) if self.outcomes else self.always
        outcome = outcome or ExportResult(True, f"DOC-{key}", f"/inbox/{key}.json", {"rows": 1})
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def test_connection(self, config: Mapping[str, Any]) -> TestResult:
        if isinstance(self.test, Exception):
            raise self.test
        return self.test

    def can_rollback(self) -> bool:
        return self.takes_back

    def rollback(self, result: ExportResult, config: Mapping[str, Any]) -> ExportResult:
        self.rolled_back.append(result)
        return result


class ConnectedHub(Hub):
    """connectors: by type; each type that a test connects gets one."""

    def __init__(self, path: str):
        super().__init__(path)
        self.registry = ConnectorRegistry({})
        self.connectors: dict[str, FakeConnector] = {}
        self.host = replace(self.host, connectors=self.registry.get)

    def connect(
        self, connector_type: str = "WAREHOUSE", *routes: Route, organisation: str = ORGANISATION
    ) -> str:
        if connector_type not in self.connectors:
            self.connectors[connector_type] = FakeConnector()
            self.registry.register(connector_type, lambda limits: self.connectors[connector_type])
        connection = Connection("", organisation, connector_type, {"token": SECRET}, routes=routes)
        with self.rows.transaction():
            return self.rows.add_connection(connection)

    def change_connection(self, name: str = FIRST, **values: Any) -> None:
        connection = self.rows.connection(name)
        assert connection is not None
        with self.rows.transaction():
            self.rows.save_connection(replace(connection, **values))

    def connection(self, name: str = FIRST) -> Connection:
        connection = self.rows.connection(name)
        assert connection is not None
        return connection

    def dispatch(self, destination: str = INSTANCE, **options: Any) -> DispatchReport:
        return dispatch_to(self.host, destination, **options)

    def commands_to(self, destination: str) -> list[OutboundCommand]:
        return [command for command in self.commands() if command.destination == destination]

    def attempts(self, destination: str = FIRST) -> list[dict[str, Any]]:
        return [row for row in self.rows.rows("attempt") if row["erp_connection"] == destination]
