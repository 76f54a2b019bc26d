"""Mapping Rule Sets on a site: saved, versioned, applied, tried, and what they refused mapped again."""

from __future__ import annotations

import html
import json

import frappe

from salla_manager import remapping
from salla_manager.adapters.host import build_host
from salla_manager.adapters.mapping_store import RULE_SET, VERSION, rules_of
from salla_manager.api import mapping as api
from salla_manager.core.ingest import take_in
from salla_manager.core.mapping.versions import export
from salla_manager.core.model import RecordKey
from salla_manager.payloads import parse_payload
from salla_manager.setup import mapping
from salla_manager.tests.factories import HubCase, make_instance, make_store
from salla_manager.tests.test_permissions import ADMIN, OPERATOR, user_with

NOTE = {"target": "description", "source": "raw.note"}
NEEDS_BARCODE = {"target": "barcode", "source": "raw.gtin", "required": 1}


class MappingCase(HubCase):
    def setUp(self):
        super().setUp()
        self.clean()
        self.addCleanup(self.clean)
        self.store = make_store(erp_instance=make_instance())

    def clean(self):
        frappe.set_user("Administrator")
        frappe.db.rollback()
        for row in frappe.get_all(RULE_SET, ["name", "store", "platform"]):
            if row.platform == "Shopware" or not frappe.db.exists("Store Account", row.store or "none"):
                self.drop(row.name)
        for name in frappe.get_all(RULE_SET, {"store": getattr(self, "store", None) or "none"}, pluck="name"):
            self.drop(name)
        frappe.db.commit()

    def drop(self, name):
        for doctype in (VERSION, "Mapping Rule", "Mapping Lookup Row"):
            field = "rule_set" if doctype == VERSION else "parent"
            frappe.db.delete(doctype, {field: name})
        frappe.db.delete(RULE_SET, {"name": name})

    def rules(self, *rows, **values):
        doc = frappe.get_doc(
            {
                "doctype": RULE_SET,
                "store": self.store,
                "entity_type": "product",
                "rules": [{"transform": "copy", **row} for row in rows],
                **values,
            }
        ).insert()
        frappe.db.commit()
        return doc

    def change(self, doc, *rows):
        doc = frappe.get_doc(RULE_SET, doc.name)
        doc.set("rules", [{"transform": "copy", **row} for row in rows])
        doc.save()
        frappe.db.commit()
        return doc

    def told(self, external_id="1", store=None, **values):
        """What the shop says of a product, taken in."""
        host = build_host()
        body = {"external_id": external_id, "name": "Oud", "sku": f"S-{external_id}", "price": "10.00"}
        raw = {"note": "says", **values}
        payload = parse_payload("product", {**body, "raw": raw})
        store = host.store.store(store or self.store)
        return take_in(host, store, None, [payload], host.clock.now())[0]

    def record(self, external_id="1"):
        return build_host().store.find_record(RecordKey(self.store, "product", external_id))


class TestMapping(MappingCase):
    def test_each_change_is_a_version_with_its_difference(self):
        doc = self.rules(NOTE, change_note="begin")
        self.assertEqual((doc.version, doc.change_note), (1, None))
        doc.save()
        self.assertEqual(doc.version, 1)
        self.change(doc, {**NOTE, "source": "raw.text"})
        versions = frappe.get_all(
            VERSION, {"rule_set": doc.name}, ["version", "changes", "note", "made_by"], order_by="version"
        )
        self.assertEqual([row.version for row in versions], [1, 2])
        self.assertEqual(versions[0].note, "begin")
        self.assertEqual(
            versions[1].changes,
            "- rule 1: description = copy(raw.note)\n+ rule 1: description = copy(raw.text)",
        )
        self.assertEqual(versions[1].made_by, "Administrator")

    def test_a_version_is_restored_as_a_new_one(self):
        doc = self.rules(NOTE)
        self.change(doc, {**NOTE, "source": "raw.text"})
        first = frappe.db.get_value(VERSION, {"rule_set": doc.name, "version": 1})
        self.assertEqual(
            api.changes_since(first),
            ["- rule 1: description = copy(raw.text)", "+ rule 1: description = copy(raw.note)"],
        )
        self.assertEqual(api.restore(first), 3)
        self.assertEqual(frappe.get_doc(RULE_SET, doc.name).rules[0].source, "raw.note")
        self.assertEqual(api.changes_since(first), [])

    def test_nobody_edits_a_version(self):
        doc = self.rules(NOTE)
        name = frappe.db.get_value(VERSION, {"rule_set": doc.name})
        with self.assertRaises(frappe.ValidationError):
            frappe.get_doc(VERSION, name).save()

    def test_rules_that_cannot_be_applied_are_not_saved(self):
        with self.assertRaises(frappe.ValidationError) as caught:
            self.rules(NOTE, {"target": "barcode", "source": "raw.a["})
        told = html.unescape(str(caught.exception))
        self.assertIn("Rule 2: Source 'raw.a[', position 7", told)
        with self.assertRaises(frappe.ValidationError) as caught:
            self.rules({**NOTE, "parameters": "{"})
        self.assertIn("no JSON", str(caught.exception))

    def test_one_set_holds_for_a_store_and_kind(self):
        doc = self.rules(NOTE)
        with self.assertRaises(frappe.ValidationError) as caught:
            self.rules(NOTE)
        self.assertIn(doc.name, str(caught.exception))

    def test_own_rules_come_before_those_of_the_platform(self):
        store = make_store("m-2", platform="Shopware")
        default = self.rules(NOTE, store=None, platform="Shopware")
        known = build_host().store.store(store)
        self.assertEqual(rules_of(known)["product"].name, default.name)
        own = self.rules({**NOTE, "source": "raw.text"}, store=store)
        self.assertEqual(own.platform, "Shopware")
        self.assertEqual(rules_of(known)["product"].name, own.name)
        own.enabled = 0
        own.save()
        self.assertEqual(rules_of(known)["product"].name, default.name)
        self.assertEqual(rules_of(build_host().store.store(self.store)), {})

    def test_raw_normalized_and_mapped_are_kept(self):
        self.rules(NOTE)
        self.assertTrue(self.told().made_command)
        record = self.record()
        self.assertEqual(json.loads(record.raw), {"note": "says"})
        self.assertEqual(json.loads(record.mapped)["description"], "says")
        self.assertIsNone(json.loads(record.normalized)["description"])

    def test_one_fix_releases_all_in_the_background(self):
        doc = self.rules(NEEDS_BARCODE)
        for number in range(60):
            self.assertEqual(self.told(str(number)).status, "Failed")
        self.assertEqual(self.record("7").failed_by, doc.name)
        self.assertIn("raw has no 'gtin'", self.record("7").message)
        modified = frappe.db.get_value(RULE_SET, doc.name, "modified")
        doc = self.change(doc, {**NEEDS_BARCODE, "source": "raw.note"})
        waiting = frappe.get_doc(RULE_SET, doc.name)
        self.assertEqual((waiting.remap_state, waiting.remap_total, waiting.remap_done), ("Running", 60, 0))
        self.assertEqual(self.enqueue.call_args.args[0], "salla_manager.remapping.take_turn")
        self.assertTrue(remapping.take_turn(doc.name))
        done = frappe.get_doc(RULE_SET, doc.name)
        self.assertEqual(
            (done.remap_state, done.remap_done, done.remap_changed, done.remap_failed), ("Done", 60, 60, 0)
        )
        self.assertEqual((self.record("7").failed_by, self.record("7").status), ("", "Queued"))
        self.assertGreater(done.modified, modified)
        # Whoever edits the rules meanwhile may save them.
        doc.reload()
        doc.save()

    def test_a_turn_that_died_is_found_by_the_sweep(self):
        doc = self.rules(NEEDS_BARCODE)
        self.told()
        self.change(doc, NOTE)
        self.enqueue.reset_mock()
        remapping.hand_over()
        self.enqueue.assert_not_called()
        frappe.db.set_value(RULE_SET, doc.name, "remap_beat", 1, update_modified=False)
        remapping.hand_over()
        self.assertEqual(self.enqueue.call_args.kwargs["rule_set"], doc.name)

    def test_an_outdated_turn_does_not_speak_for_the_new_one(self):
        doc = self.rules(NEEDS_BARCODE)
        self.told()
        self.change(doc, {**NEEDS_BARCODE, "source": "raw.none"})

        def meanwhile(*_, **__):
            remapping.begin(doc.name)
            frappe.db.commit()

        self.patched("frappe.publish_realtime", side_effect=meanwhile)
        remapping.work(doc.name)
        self.assertEqual(frappe.db.get_value(RULE_SET, doc.name, "remap_state"), "Running")

    def test_everything_is_mapped_again_on_demand(self):
        doc = self.rules({"target": "url", "source": "raw.url"})
        for number in range(3):
            self.told(str(number), **({"note": None} if number else {}))
        self.change(doc, NOTE)
        self.assertEqual(api.map_again(doc.name, 1), 3)
        report = remapping.work(doc.name)
        self.assertEqual((report.looked_at, report.changed, report.is_complete), (3, 1, True))

    def test_what_a_deleted_set_refused_goes(self):
        doc = self.rules(NEEDS_BARCODE)
        self.told()
        frappe.delete_doc(RULE_SET, doc.name)
        frappe.db.commit()
        self.assertFalse(frappe.db.exists(VERSION, {"rule_set": doc.name}))
        (job,) = [
            call
            for call in self.enqueue.call_args_list
            if call.args[0] == "salla_manager.remapping.release_failed"
        ]
        remapping.release_failed(**{key: job.kwargs[key] for key in ("platform", "store", "entity_type")})
        self.assertEqual((self.record().status, self.record().failed_by), ("Queued", ""))

    def test_trying_and_counting_before_saving(self):
        self.told()
        values = {"entity_type": "product", "rules": [{**NOTE, "transform": "copy"}]}
        trial = api.try_rules(self.record().name, json.dumps(values))
        self.assertEqual(trial["changes"], [{"path": "description", "before": "null", "after": '"says"'}])
        self.assertEqual(trial["raw"], {"note": "says"})
        figures = api.preview("Salla", values, self.store)
        self.assertEqual((figures["total"], figures["sample"], figures["changes"]), (1, 1, 1))
        self.assertEqual(frappe.get_all(RULE_SET, {"store": self.store}), [])
        for wrong in ({"entity_type": "order", "rules": []}, {"entity_type": "product", "rules": [{}]}):
            with self.assertRaises(frappe.ValidationError):
                api.try_rules(self.record().name, wrong)

    def test_files(self):
        values = {
            "entity_type": "product",
            "rules": [{**NOTE, "required": True}],
            "lookups": {"t": {"a": "b"}},
        }
        made = mapping.imported(export(values), "Salla", self.store, "from a file")
        self.assertEqual((made["version"], made["rules"]), (1, 1))
        text = mapping.exported("Salla", self.store, "product")
        self.assertEqual(mapping.read(text)["lookups"], {"t": {"a": "b"}})
        self.assertEqual(mapping.imported(text, "Salla", self.store, "")["version"], 1)
        self.assertEqual(api.export_rules(made["rule_set"]), text)
        rows = api.read_file(text, "product")
        self.assertEqual(rows["lookups"], [{"table_name": "t", "given": "a", "gives": "b"}])
        for wrong in ("{", text.replace("required", "requird")):
            with self.assertRaises(frappe.ValidationError):
                api.read_file(wrong, "product")
        with self.assertRaises(frappe.ValidationError):
            api.read_file(text, "order")

    def test_what_the_terminal_prints(self):
        self.told()
        trial = mapping.tried(self.record().name)
        self.assertEqual(mapping.lines_of(trial), ["Oud:", "  nothing changes"])
        refused = mapping.tried(
            self.record().name, export({"entity_type": "product", "rules": [NEEDS_BARCODE]})
        )
        self.assertIn("refused: Rule 1 (barcode)", mapping.lines_of(refused)[1])

    def test_choices_of_the_editor(self):
        found = api.choices("order")
        self.assertIn("items[*].note", found["targets"])
        self.assertEqual(
            sorted(found["transforms"]),
            sorted(frappe.get_meta("Mapping Rule").get_field("transform").options.split("\n")),
        )
        self.assertEqual(api.template_rows("Salla", "category")["rules"][0]["transform"], "lookup")


class TestMappingAccess(MappingCase):
    def test_who_may_what(self):
        doc = self.rules(NOTE)
        self.told()
        record, version = self.record().name, frappe.db.get_value(VERSION, {"rule_set": doc.name})
        values = {"entity_type": "product", "rules": []}
        reading = (
            lambda: api.choices("order"),
            lambda: api.template_rows("Salla", "order"),
            lambda: api.try_rules(record, values),
            lambda: api.preview("Salla", values, self.store),
            lambda: api.export_rules(doc.name),
            lambda: api.read_file(export(values), "product"),
            lambda: api.changes_since(version),
            lambda: api.map_again(doc.name),
        )
        frappe.set_user(user_with())
        for action in (*reading, lambda: api.restore(version)):
            with self.assertRaises(frappe.PermissionError):
                action()
        frappe.set_user(user_with(OPERATOR))
        for action in reading:
            action()
        with self.assertRaises(frappe.PermissionError):
            api.restore(version)
        with self.assertRaises(frappe.PermissionError):
            frappe.get_doc(RULE_SET, doc.name).save()
        frappe.set_user(user_with(ADMIN))
        self.change(doc, {**NOTE, "source": "raw.text"})
        self.assertEqual(api.restore(version), 3)
