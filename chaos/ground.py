"""What every section stands on: a paired hub, settings with short times, and a record of each effect."""

from __future__ import annotations

import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from salla_manager.core.host import Host
from salla_manager.core.model import Instance, Settings, Store
from salla_manager.core.transport import HttpTransport, Transport
from salla_manager.payloads import Payload, parse_payload
from salla_manager.platforms import registry
from sandbox.executor_store import Store as ExecutorStore
from sandbox.hub import SystemClock
from sandbox.hub_store import SqliteHubStore

INSTANCE, SECRET, STORE = "ERP-INSTANCE-0001", "c" * 64, "SM-STORE-00001"
# Short, so that a lost lease is back within a run; a lease is never shorter than two requests and a margin.
SETTINGS = Settings(
    retry_max_attempts=100,
    retry_backoff_seconds=0.05,
    retry_cap_seconds=0.5,
    lease_seconds=1,
    connect_timeout=3,
    read_timeout=3,
    total_timeout=3,
    breaker_failures=1000,
    breaker_probe_seconds=0.5,
    allow_private_addresses=True,
)
LEASE_SECONDS = 2 * SETTINGS.total_timeout + 5
SWEEP_SECONDS = 1.0
# Triggers write within the command's own transaction: what is counted is what was committed, nothing else.
_WATCH = """
CREATE TABLE IF NOT EXISTS effects (number INTEGER PRIMARY KEY AUTOINCREMENT, entity_type TEXT,
    external_id TEXT, revision INTEGER, generation INTEGER, docname TEXT);
CREATE TRIGGER IF NOT EXISTS on_effect AFTER INSERT ON refs BEGIN
    INSERT INTO effects (entity_type, external_id, revision, generation, docname)
    VALUES (new.entity_type, new.external_id, new.revision, new.generation, new.docname); END;
CREATE TABLE IF NOT EXISTS writes (number INTEGER PRIMARY KEY AUTOINCREMENT, doctype TEXT, name TEXT, body TEXT);
CREATE TRIGGER IF NOT EXISTS on_write AFTER INSERT ON documents BEGIN
    INSERT INTO writes (doctype, name, body) VALUES (new.doctype, new.name, new.body); END;
"""


@dataclass
class Section:
    """What a section found: figures in the order of printing, and each violation as a sentence."""

    name: str
    figures: dict[str, Any] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def expect(self, figure: str, found: Any, wanted: Any) -> None:
        self.figures[figure] = found
        if found != wanted:
            self.violations.append(f"{self.name}: {figure} is {found}, not {wanted}")


class NoJobs:
    """Workers look by themselves; nobody is woken."""

    def process_events(self) -> None:
        pass

    def dispatch(self, erp_instance: str) -> None:
        pass


@contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        yield Path(folder)


def paired(rows: SqliteHubStore, url: str) -> Store:
    """One ERP Instance and one store that points to it."""
    store = Store(STORE, "salla", "1", "CUST-0001", INSTANCE, currency="SAR")
    with rows.transaction():
        rows.save_instance(Instance(INSTANCE, url, SECRET))
        rows.add_store(store)
    return store


def host_of(rows: SqliteHubStore, transport: Transport | None = None, **changes: Any) -> Host:
    values = {
        "store": rows,
        "clock": SystemClock(),
        "jobs": NoJobs(),
        "platforms": registry.get,
        "client_for": lambda store: None,
        "transport": transport or HttpTransport(),
        "random": random.random,
    }
    return Host(**{**values, **changes})


def brand(external_id: str, version: int = 1) -> Payload:
    """The simplest entity: one document, nothing to wait for; the description tells the version."""
    values = {"external_id": external_id, "name": f"Brand {external_id}", "description": f"version {version}"}
    return parse_payload("brand", values)


def product(external_id: str) -> Payload:
    """Two documents, Item Price and Item, so that there is a middle to die in."""
    values = {"name": f"Product {external_id}", "sku": f"SKU-{external_id}", "price": "10.00"}
    return parse_payload("product", {"external_id": external_id, "currency": "SAR", **values})


def watch(store: ExecutorStore) -> None:
    """Have the executor's own database note each effect and each written document."""
    with closing(store.connect()) as connection:
        connection.executescript(_WATCH)


def ask(path: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Read a database from outside, beside the processes that work on it."""
    with closing(sqlite3.connect(path, timeout=30)) as connection:
        return connection.execute(sql, values).fetchall()


def count(path: Path, sql: str, *values: Any) -> int:
    return ask(path, sql, *values)[0][0]


def until(is_so: Callable[[], bool], seconds: float, pause: float = 0.02) -> bool:
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


def doubled_effects(executor: Path) -> int:
    """Versions of an entity that took effect more than once."""
    return count(
        executor,
        "SELECT COUNT(*) FROM (SELECT 1 FROM effects GROUP BY entity_type, external_id, revision, generation"
        " HAVING COUNT(*) > 1)",
    )


def backward_effects(executor: Path) -> int:
    """Effects that came after one of a newer version of the same entity."""
    newest: dict[tuple[str, str], tuple[int, int]] = {}
    wrong = 0
    for entity, external_id, *version in ask(
        executor, "SELECT entity_type, external_id, revision, generation FROM effects ORDER BY number"
    ):
        known = newest.get((entity, external_id), (0, 0))
        wrong += tuple(version) < known
        newest[entity, external_id] = max(known, tuple(version))
    return wrong
