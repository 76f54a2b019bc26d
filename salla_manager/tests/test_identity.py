"""The hub knows its place: a copy of its database stands still until a person says that it is the live one."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import frappe

from salla_manager import tasks
from salla_manager.adapters import identity
from salla_manager.adapters.health import read_health
from salla_manager.adapters.host import build_host, client_for
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.adapters.tokens import FrappeTokenStore, save_tokens
from salla_manager.api import operations
from salla_manager.platforms.port import ShopError
from salla_manager.tests.factories import (
    LONG_AGO,
    HubCase,
    make_command,
    make_event,
    make_instance,
    make_record,
    make_store,
)

SETTINGS = "Salla Manager Settings"
FIELDS = ("live_site", "live_database", "live_site_id")
TOKENS = {"access_token": "a1", "refresh_token": "r1", "expires": 1, "scope": ""}


class IdentityCase(HubCase):
    """Nothing is committed but rows of the test's own: the site's workers go on."""

    def setUp(self):
        super().setUp()
        self.config = self.patched("salla_manager.adapters.identity.update_site_config")
        self.config.side_effect = lambda key, value, **_: frappe.local.conf.update({key: value})
        self.addCleanup(frappe.local.conf.update, {identity.SITE_ID: frappe.conf.get(identity.SITE_ID)})
        self.live = identity.present()

    def tearDown(self):
        frappe.db.rollback()
        super().tearDown()

    def runs_as(self, **changes):
        """As if the database had been restored elsewhere."""
        return self.patched(
            "salla_manager.adapters.identity.present", return_value=replace(self.live, **changes)
        )

    def kept(self):
        row = frappe.db.get_singles_dict(SETTINGS)
        return tuple(row.get(field) for field in FIELDS)

    def forget(self):
        frappe.db.delete("Singles", {"doctype": SETTINGS, "field": ("in", FIELDS)})


class TestIdentity(IdentityCase):
    def test_this_site_is_the_live_one(self):
        assert FrappeHubStore().settings().standstill == ""
        assert self.kept() == (self.live.site, self.live.database, self.live.site_id)
        assert self.live.site == frappe.local.site
        assert len(self.live.site_id) == 32

    def test_a_backup_put_back_in_its_place_goes_on(self):
        rows = self.kept()
        self.forget()
        assert "does not say" in FrappeHubStore().settings().standstill
        frappe.db.set_single_value(SETTINGS, dict(zip(FIELDS, rows, strict=True)))
        assert FrappeHubStore().settings().standstill == ""

    def test_installing_and_patching_never_name_another_place(self):
        before = self.kept()
        for changes in ({"site": "staging"}, {"site_id": ""}):
            with patch("salla_manager.adapters.identity.present", return_value=replace(self.live, **changes)):
                identity.establish()
                assert FrappeHubStore().settings().standstill
        assert (self.kept(), self.config.called) == (before, False)

    def test_a_site_that_names_none_takes_the_id_it_has(self):
        self.forget()
        identity.establish()
        assert (self.kept()[2], self.config.called) == (self.live.site_id, False)

    def test_a_new_site_gets_an_id(self):
        self.forget()
        frappe.local.conf.pop(identity.SITE_ID)
        identity.establish()
        assert len(self.kept()[2]) == 32
        assert FrappeHubStore().settings().standstill == ""

    def test_where_the_file_cannot_be_written_the_rest_has_to_do(self):
        self.forget()
        frappe.local.conf.pop(identity.SITE_ID)
        self.patched("os.access", return_value=False)
        identity.establish()
        assert (self.kept()[2], FrappeHubStore().settings().standstill) == ("", "")
        self.runs_as(site="staging", site_id="")
        assert FrappeHubStore().settings().standstill

    def test_an_admin_says_so_and_it_is_kept_who(self):
        self.runs_as(site="staging.example.com")
        assert "staging.example.com" in operations.standstill()
        operations.adopt_site()
        assert self.kept()[0] == "staging.example.com"
        assert self.kept()[2] not in ("", self.live.site_id)
        comment = frappe.get_last_doc("Comment", {"reference_doctype": SETTINGS, "comment_type": "Info"})
        assert comment.owner == frappe.session.user
        assert "staging.example.com" in comment.content
        assert self.live.site in comment.content


class TestACopy(IdentityCase):
    def setUp(self):
        super().setUp()
        self.instance = make_instance()
        self.store = make_store(erp_instance=self.instance)

    def test_nothing_is_leased_and_no_attempt_is_made(self):
        name = make_command(make_record(self.store, "p-1"), self.instance, due_at=LONG_AGO)
        post = self.patched("salla_manager.core.transport.HttpTransport.post")
        self.runs_as(site="staging")
        self.enqueue.reset_mock()
        tasks.dispatch_due()
        assert not self.enqueue.called
        report = tasks.dispatch_to(self.instance)
        assert "it now runs as staging" in report.reason
        row = frappe.db.get_value(
            "Outbound Client Command", name, ["status", "attempts", "lease_token"], as_dict=True
        )
        assert (row.status, row.attempts, row.lease_token) == ("Queued", 0, None)
        assert (post.called, frappe.db.count("Command Delivery Attempt", {"command": name})) == (False, 0)

    def test_once_it_is_the_live_one_the_queue_drains(self):
        make_command(make_record(self.store, "p-1"), self.instance, due_at=LONG_AGO)
        present = self.runs_as(site="staging")
        assert tasks.dispatch_to(self.instance).sent == 0
        present.return_value = self.live
        assert tasks.dispatch_to(self.instance).sent == 1

    def test_events_are_kept_and_not_looked_at(self):
        hub = FrappeHubStore()
        with hub.transaction():
            name, _ = hub.add_event(make_event("copy"))
        self.runs_as(site_id="")
        assert tasks.process_events() == {}
        with hub.transaction():
            assert name in [event.name for event in hub.due_events(LONG_AGO, 1000)]

    def test_no_shop_is_read_and_no_token_is_used_up(self):
        save_tokens(self.store, TOKENS)
        frappe.db.commit()
        store = build_host().store.store(self.store)
        live_client = client_for(store)
        post = self.patched("requests.Session.post")
        self.runs_as(database="_other at localhost:3306")
        with self.assertRaisesRegex(ShopError, "_other at localhost"):
            client_for(store)
        # Also where the client was made before.
        with self.assertRaisesRegex(ShopError, "_other at localhost"):
            live_client.fetch("brand", "1")
        assert (post.called, FrappeTokenStore(self.store).load()["refresh_token"]) == (False, "r1")

    def test_the_health_says_why(self):
        assert read_health()["standstill"] == ""
        self.runs_as(site="staging")
        assert "it now runs as staging" in read_health()["standstill"]
