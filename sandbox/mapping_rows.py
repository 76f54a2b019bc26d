"""Mapping Rules on SQLite, and the records that they are for."""

from __future__ import annotations

import json
from typing import Any

from salla_manager.core.mapping.gate import kept_rules
from salla_manager.core.mapping.port import Scope
from salla_manager.core.mapping.rules import RuleSet, compile_rules, dump_rules
from salla_manager.core.model import Record, Store
from sandbox.hub_rows import Rows

_TABLE = """
create table if not exists rule_set (name text primary key, platform text, store text, entity_type text,
    version integer, definition text);
"""


class MappingRows(Rows):
    """Implements salla_manager.core.mapping.port.MappingRows."""

    def __init__(self, path: str):
        super().__init__(path)
        self._connection.executescript(_TABLE)

    def rules_of(self, store: Store) -> dict[str, RuleSet]:
        """By entity type: the store's own, else those of its platform."""
        rows = self._run(
            "select * from rule_set where store = ? or (store = '' and platform = ?) order by store",
            *(store.name, store.platform),
        )
        return {
            row["entity_type"]: kept_rules(row["entity_type"], row["definition"], row["name"], row["name"])
            for row in rows.fetchall()
        }

    def save_rules(self, platform: str, store: str, values: dict[str, Any]) -> str:
        """values: in the form of `rules.compile_rules`. Gives the rule set's name. Raises RulesError."""
        compile_rules(values)
        entity_type = values["entity_type"]
        name = f"{store or platform} {entity_type}"
        known = self._run("select version from rule_set where name = ?", name).fetchone()
        version = known["version"] + 1 if known else 1
        self._run(
            "replace into rule_set values (?, ?, ?, ?, ?, ?)",
            *(name, platform, store, entity_type, version, dump_rules(values)),
        )
        return name

    def drop_rules(self, name: str) -> None:
        self._run("delete from rule_set where name = ?", name)

    def records_behind(self, scope: Scope, after: str, limit: int, *, only_failed: bool) -> list[Record]:
        where, values = _where(scope, only_failed)
        sql = f"select * from record where {where} and name > ? order by name limit ?"
        return self._many(Record, sql, *values, after, limit)

    def count_records(self, scope: Scope, *, only_failed: bool) -> int:
        where, values = _where(scope, only_failed)
        return int(self._run(f"select count(*) from record where {where}", *values).fetchone()[0])


def _where(scope: Scope, only_failed: bool) -> tuple[str, list[str]]:
    where = "entity_type = ? and store in (select value from json_each(?))"
    return where + (" and failed_by != ''" if only_failed else ""), [
        scope.entity_type,
        json.dumps(scope.stores),
    ]
