import json

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import escape_html

from salla_manager import remapping
from salla_manager.adapters.mapping_store import RULE_SET, VERSION, keep_version, version_before
from salla_manager.adapters.rows import key_of
from salla_manager.core.mapping.rules import RulesError, compile_rules, dump_rules
from salla_manager.core.mapping.versions import differences


class MappingRuleSet(Document):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        from salla_manager.salla_manager.doctype.mapping_lookup_row.mapping_lookup_row import MappingLookupRow
        from salla_manager.salla_manager.doctype.mapping_rule.mapping_rule import MappingRule

        change_note: DF.SmallText | None
        definition: DF.Code | None
        enabled: DF.Check
        entity_type: DF.Literal[
            "product", "variant", "customer", "order", "category", "brand", "order_status"
        ]
        lookups: DF.Table[MappingLookupRow]
        platform: DF.Literal["Salla", "WooCommerce", "Shopware"]
        remap_beat: DF.Int
        remap_changed: DF.Int
        remap_cursor: DF.Data | None
        remap_done: DF.Int
        remap_failed: DF.Int
        remap_message: DF.SmallText | None
        remap_scope: DF.Data | None
        remap_state: DF.Literal["", "Running", "Done"]
        remap_token: DF.Data | None
        remap_total: DF.Int
        rules: DF.Table[MappingRule]
        scope_key: DF.Data | None
        store: DF.Link | None
        title: DF.Data | None
        version: DF.Int
    # end: auto-generated types

    def validate(self):
        if self.store:
            self.platform = frappe.db.get_value("Store Account", self.store, "platform")
        self.check_scope()
        self.set_title()
        self.set_definition()

    def check_scope(self):
        """Two sets for the same would leave open which one holds."""
        self.scope_key = key_of(self.platform, self.store or "", self.entity_type)
        other = frappe.db.get_value(RULE_SET, {"scope_key": self.scope_key, "name": ("!=", self.name)})
        if other:
            frappe.throw(_("{0} is for the same store and entity type. Change that one.").format(other))

    def set_title(self):
        name = frappe.db.get_value("Store Account", self.store, "store_name") if self.store else ""
        self.title = f"{name or self.store or self.platform}: {self.entity_type}"[:140]

    def set_definition(self):
        """Also their check: what cannot be applied is not saved."""
        values = self.values()
        try:
            compile_rules(values)
        except RulesError as error:
            lines = [escape_html(problem) for problem in error.problems]
            frappe.throw("<br>".join(lines), title=_("The rules cannot be taken"))
        definition = dump_rules(values)
        self.flags.has_new_rules = definition != (self.definition or "")
        if self.flags.has_new_rules:
            self.version = (self.version or 0) + 1
            self.definition = definition
        self.flags.note, self.change_note = self.change_note or "", None

    def values(self) -> dict:
        """In the form of core's `compile_rules`."""
        lookups: dict[str, dict[str, str]] = {}
        for row in self.lookups:
            lookups.setdefault(row.table_name.strip(), {})[(row.given or "").strip()] = row.gives or ""
        return {
            "entity_type": self.entity_type,
            "rules": [rule_values(row) for row in self.rules],
            "lookups": lookups,
        }

    def take(self, values: dict) -> None:
        """The rules of a version or a file; saved by the caller."""
        self.set("rules", [rule_row(row) for row in values.get("rules") or []])
        self.set("lookups", lookup_rows(values))

    def on_update(self):
        before = self.get_doc_before_save()
        if self.flags.has_new_rules:
            old = version_before(self.name, self.version)
            changes = differences(old, json.loads(self.definition))
            keep_version(self.name, self.title, self.version, self.definition, changes, self.flags.note)
        if self.flags.has_new_rules or before is None or before.enabled != self.enabled:
            remapping.begin(self.name)

    def on_trash(self):
        frappe.db.delete(VERSION, {"rule_set": self.name})
        frappe.enqueue(
            "salla_manager.remapping.release_failed",
            queue="long",
            enqueue_after_commit=True,
            platform=self.platform,
            store=self.store or "",
            entity_type=self.entity_type,
        )


def rule_values(row) -> dict:
    try:
        parameters = json.loads(row.parameters) if (row.parameters or "").strip() else {}
    except ValueError as error:
        frappe.throw(_("Row {0}: the parameters are no JSON: {1}").format(row.idx, str(error)))
    return {
        "target": (row.target or "").strip(),
        "source": (row.source or "").strip(),
        "transform": row.transform or "copy",
        "parameters": parameters,
        "required": bool(row.required),
        "note": row.note or "",
    }


def rule_row(values: dict) -> dict:
    parameters = values.get("parameters")
    return {
        **{key: values.get(key) or "" for key in ("target", "source", "note")},
        "transform": values.get("transform") or "copy",
        "parameters": json.dumps(parameters, ensure_ascii=False) if parameters else "",
        "required": int(bool(values.get("required"))),
    }


def lookup_rows(values: dict) -> list[dict]:
    return [
        {"table_name": name, "given": given, "gives": gives}
        for name, table in (values.get("lookups") or {}).items()
        for given, gives in table.items()
    ]
