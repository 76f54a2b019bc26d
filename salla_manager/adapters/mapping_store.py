"""Mapping Rule Sets, their versions, and the records that they are for, on frappe.db."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import frappe

from salla_manager.adapters.config_store import platform_label
from salla_manager.adapters.record_store import record_of
from salla_manager.adapters.rows import DATA_LENGTH, insert_row, plain, to_epoch
from salla_manager.core.mapping.gate import kept_rules
from salla_manager.core.mapping.port import Scope
from salla_manager.core.mapping.remap import Remapped
from salla_manager.core.mapping.rules import RuleSet
from salla_manager.core.model import Record, Store

RULE_SET, VERSION = "Mapping Rule Set", "Mapping Rule Version"


class RemapState:
    RUNNING = "Running"
    DONE = "Done"


@dataclass(frozen=True)
class Task:
    """A mapping again that is under way. token: of this one; cursor: the last record that was looked at; done: how
    many were looked at, sent anew and refused."""

    rule_set: str
    token: str
    scope: Scope
    only_failed: bool
    cursor: str
    done: tuple[int, int, int]


def rules_of(store: Store) -> dict[str, RuleSet]:
    """By entity type: the store's own, else those of its platform."""
    # Read each time: what was saved has to count at once, also in a job of hours.
    rows = frappe.db.sql(
        """select name, title, entity_type, version, definition from `tabMapping Rule Set`
        where enabled = 1 and (store = %s or (coalesce(store, '') = '' and platform = %s))
        order by coalesce(store, '')""",
        (store.name, platform_label(store.platform)),
        as_dict=True,
    )
    return {
        row.entity_type: kept_rules(
            row.entity_type, row.definition or "", row.name, f"{row.title} (version {row.version})"
        )
        for row in rows
    }


class FrappeMappingRows:
    """Implements core.mapping.port.MappingRows."""

    def records_behind(self, scope: Scope, after: str, limit: int, *, only_failed: bool) -> list[Record]:
        # The names first: sorting whole rows would drag the payloads along.
        rows = frappe.db.sql(
            f"""select record.* from `tabExternal Record` record join (
                select name from `tabExternal Record` where {_where(only_failed)} and name > %(after)s
                order by name limit %(limit)s
            ) page on page.name = record.name order by record.name""",
            {"stores": scope.stores or ("",), "type": scope.entity_type, "after": after, "limit": limit},
            as_dict=True,
        )
        return [record_of(row) for row in rows]

    def count_records(self, scope: Scope, *, only_failed: bool) -> int:
        values = {"stores": scope.stores or ("",), "type": scope.entity_type}
        sql = f"select count(*) from `tabExternal Record` where {_where(only_failed)}"
        return int(frappe.db.sql(sql, values)[0][0])


def _where(only_failed: bool) -> str:
    where = "store in %(stores)s and entity_type = %(type)s"
    return f"{where} and failed_by != ''" if only_failed else where


def scope_of(platform: str, store: str | None, entity_type: str) -> Scope:
    """platform: as the Select field has it. Those of a platform are not for stores with rules of their own."""
    if store:
        return Scope((store,), entity_type)
    own = frappe.get_all(
        RULE_SET, {"entity_type": entity_type, "enabled": 1, "store": ("is", "set")}, pluck="store"
    )
    stores = frappe.get_all("Store Account", {"platform": platform}, pluck="name", order_by="name")
    return Scope(tuple(name for name in stores if name not in own), entity_type)


def keep_version(
    rule_set: str, title: str, version: int, definition: str, changes: list[str], note: str
) -> None:
    values = {
        "rule_set": rule_set,
        "title": plain(f"{title}, {version}", DATA_LENGTH),
        "version": version,
        "definition": definition,
        "changes": "\n".join(changes),
        "note": note,
        "made_by": frappe.session.user,
    }
    insert_row(VERSION, values)


def definition_of(version: str) -> dict[str, Any]:
    return json.loads(frappe.db.get_value(VERSION, version, "definition") or "{}")


def version_before(rule_set: str, version: int) -> dict[str, Any]:
    """The rules of the version before this one; empty for the first."""
    found = frappe.get_all(
        VERSION,
        {"rule_set": rule_set, "version": ("<", version)},
        pluck="definition",
        order_by="version desc",
        limit=1,
    )
    return json.loads(found[0]) if found else {}


def begin_remap(rule_set: str, *, only_failed: bool, total: int, now: datetime) -> None:
    """One that is under way begins anew, with the larger scope of both."""
    running = frappe.db.get_value(RULE_SET, rule_set, ["remap_state", "remap_scope"], as_dict=True)
    is_all = not only_failed or (running.remap_state == RemapState.RUNNING and running.remap_scope == "all")
    _write(
        rule_set,
        remap_state=RemapState.RUNNING,
        remap_scope="all" if is_all else "failed",
        remap_token=frappe.generate_hash(length=20),
        remap_cursor="",
        remap_beat=to_epoch(now),
        remap_done=0,
        remap_total=total,
        remap_changed=0,
        remap_failed=0,
        remap_message="",
    )


def open_task(rule_set: str) -> Task | None:
    row = frappe.db.get_value(
        RULE_SET, {"name": rule_set, "remap_state": RemapState.RUNNING}, "*", as_dict=True
    )
    if not row:
        return None
    return Task(
        rule_set,
        row.remap_token or "",
        scope_of(row.platform, row.store, row.entity_type),
        row.remap_scope != "all",
        row.remap_cursor or "",
        (row.remap_done, row.remap_changed, row.remap_failed),
    )


def silent_tasks(before: datetime) -> list[str]:
    """Rule sets whose records are being mapped again by nobody any more."""
    filters = {"remap_state": RemapState.RUNNING, "remap_beat": ("<", to_epoch(before))}
    return frappe.get_all(RULE_SET, filters, pluck="name")


def keep_progress(task: Task, report: Remapped, now: datetime) -> None:
    """A task that has begun anew meanwhile is left alone."""
    done, changed, refused = task.done
    frappe.db.sql(
        """update `tabMapping Rule Set` set remap_cursor = %s, remap_beat = %s, remap_done = %s, remap_changed = %s,
        remap_failed = %s, remap_message = %s, remap_state = %s where name = %s and remap_token = %s""",
        (
            report.cursor,
            to_epoch(now),
            done + report.looked_at,
            changed + report.changed,
            refused + report.refused,
            plain(report.problem or "\n".join(report.reasons)),
            RemapState.DONE if report.is_complete else RemapState.RUNNING,
            task.rule_set,
            task.token,
        ),
    )


def _write(rule_set: str, **values: Any) -> None:
    # Not a change of the rules: whoever edits them meanwhile may save.
    frappe.db.set_value(RULE_SET, rule_set, values, update_modified=False)
