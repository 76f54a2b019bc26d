"""Delivery: leases, attempts, breaker, clock, toggles, and exactly one effect."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from hub_kit import INSTANCE, NOW, SECRET, FakeExecutor, Hub, acked, broken, payload, plain

from salla_manager import contract
from salla_manager.core.commands import retry_command
from salla_manager.core.dispatch import dispatch_to, take_turn
from salla_manager.core.model import AttemptStatus, Instance, RecordStatus, Store
from salla_manager.core.outbox import absorb
from salla_manager.core.release import release_parked
from salla_manager.core.transport import HttpTransport
from salla_manager.core.verdicts import ASK_AGAIN_MOST


def test_a_command_is_signed_delivered_and_recorded(hub: Hub) -> None:
    hub.absorb("product")
    report = hub.dispatch()
    [(envelope, headers)] = hub.wire.sent
    body = contract.dump_json(envelope)
    contract.verify(headers, body, instance_id=INSTANCE, secrets=[SECRET], now=int(NOW.timestamp()))
    assert headers[contract.HEADER_KEY] == envelope["idempotency_key"]
    assert (report.sent, report.done, hub.statuses()) == (1, 1, ["Done"])
    record = hub.record("product", "1")
    assert (record.status, record.applied_revision, record.erp_document) == ("Applied", 1, "DOC")
    [attempt], [ack] = hub.rows.rows("attempt"), hub.rows.rows("ack")
    assert (attempt["status"], attempt["number"], attempt["http_status"]) == ("SUCCESS", 1, 200)
    assert (ack["ack_status"], ack["command"]) == ("applied", "SM-COMMAND-00001")
    assert SECRET not in str(hub.rows.rows("attempt"))


def test_an_unclear_answer_is_tried_again_with_the_same_key_and_a_new_nonce(hub: Hub) -> None:
    hub.absorb("product")
    hub.wire.answers = [broken("timeout"), plain(502)]
    for attempts, wait in ((1, 15), (2, 30)):
        hub.dispatch()
        [command] = hub.commands()
        assert (command.status, command.attempts) == ("Queued", attempts)
        assert command.due_at == hub.clock.now() + timedelta(seconds=wait)
        assert hub.dispatch().sent == 0
        hub.clock.forward(wait)
    assert hub.dispatch().done == 1
    headers = [sent for _, sent in hub.wire.sent]
    assert len({sent[contract.HEADER_KEY] for sent in headers}) == 1
    assert len({sent[contract.HEADER_NONCE] for sent in headers}) == 3
    attempts = [(row["status"], row["is_uncertain"]) for row in hub.rows.rows("attempt")]
    assert attempts == [(AttemptStatus.RETRYING, 1)] * 2 + [(AttemptStatus.SUCCESS, 0)]


def test_it_is_dead_after_exactly_the_last_attempt(hub: Hub) -> None:
    hub.change_settings(retry_max_attempts=3, breaker_failures=99)
    hub.absorb("product")
    hub.wire.normal = plain(500)
    for _ in range(6):
        hub.dispatch()
        hub.clock.forward(7200)
    [command] = hub.commands()
    assert (command.status, command.attempts, len(hub.wire.sent)) == ("Dead", 3, 3)
    assert command.reason.startswith("Given up after 3 attempts. HTTP 500")
    assert hub.record("product", "1").status == RecordStatus.FAILED


def test_a_refused_command_is_dead_and_sent_again_under_a_new_key(hub: Hub) -> None:
    hub.absorb("product")
    hub.wire.answers = [acked("failed", 422, retryable=False, message="No item group.")]
    hub.dispatch()
    assert hub.commands()[0].reason == "Failed in the ERP: No item group."
    retry_command(hub.host, "SM-COMMAND-00001")
    hub.dispatch()
    assert hub.statuses() == ["Superseded", "Done"]
    assert hub.record("product", "1").status == "Applied"
    assert len({sent["idempotency_key"] for sent, _ in hub.wire.sent}) == 2


def test_what_waits_for_a_person_in_the_erp_is_held_asked_again_and_never_dies(hub: Hub) -> None:
    hub.change_settings(retry_max_attempts=2)
    for external_id in ("1", "2"):
        hub.absorb("product", external_id=external_id, sku=f"S-{external_id}")
    hub.wire.normal = acked("failed", 503, retryable=True, waits_on="setting:x", message="Set X.")
    for _ in range(6):
        hub.dispatch()
        # Not before its time.
        assert release_parked(hub.host).released == 0
        assert hub.statuses() == ["Held", "Held"]
        assert {command.reason for command in hub.commands()} == {"Waits for a person in the ERP: Set X."}
        hub.clock.forward(ASK_AGAIN_MOST)
        assert release_parked(hub.host).released == 2
    hub.wire.normal = acked("applied")
    hub.dispatch()
    assert hub.statuses() == ["Done", "Done"]
    assert [command.attempts for command in hub.commands()] == [1, 1]


def test_a_failed_older_one_gives_way_to_a_newer_one(hub: Hub) -> None:
    hub.absorb("product", price="10")
    hub.wire.before = lambda: hub.absorb("product", price="12") and None
    hub.wire.answers = [broken("timeout")]
    hub.dispatch(limit=1)
    assert hub.statuses() == ["Superseded", "Queued"]
    hub.dispatch()
    assert [sent["revision"] for sent, _ in hub.wire.sent] == [1, 2]


def test_a_newer_one_never_overtakes_the_one_on_its_way(hub: Hub) -> None:
    hub.absorb("product", price="10")
    with hub.rows.transaction():
        hub.rows.lease_due_commands(INSTANCE, NOW, 10, "token", NOW + timedelta(seconds=90))
    hub.absorb("product", price="12")
    assert hub.dispatch().sent == 0
    assert hub.statuses() == ["Sending", "Queued"]


def test_an_expired_lease_is_healed(hub: Hub) -> None:
    hub.absorb("product")
    with hub.rows.transaction():
        hub.rows.lease_due_commands(INSTANCE, NOW, 10, "token", NOW + timedelta(seconds=90))
    hub.clock.forward(91)
    with hub.rows.transaction():
        hub.rows.free_expired_leases(hub.clock.now())
    assert "did not report back" in hub.commands()[0].reason
    assert hub.dispatch().done == 1


def test_a_worker_that_lost_its_lease_changes_nothing(hub: Hub) -> None:
    """It sleeps past its lease while another worker delivers the command."""
    hub.absorb("product")
    second: list[Any] = []

    def sleep() -> None:
        if len(hub.wire.sent) == 1:
            hub.clock.forward(91)
            second.append(hub.dispatch())

    hub.wire.before = sleep
    hub.wire.answers = [acked("skipped"), acked("failed", 422)]
    first = hub.dispatch()
    assert (second[0].done, first.lost_leases, first.done, first.dead) == (1, 1, 0, 0)
    assert (hub.statuses(), hub.record("product", "1").status) == (["Done"], "Applied")
    assert len(hub.rows.rows("attempt")) == 2


def test_a_request_that_would_outlast_its_lease_is_not_begun(hub: Hub) -> None:
    for number in range(3):
        hub.absorb("brand", external_id=str(number))
    hub.wire.before = lambda: hub.clock.forward(30)
    report = hub.dispatch(budget_seconds=300)
    assert (report.returned, report.done, hub.statuses()) == (1, 3, ["Done"] * 3)


def test_a_lease_shorter_than_a_request_is_lengthened(hub: Hub) -> None:
    hub.change_settings(lease_seconds=1)
    hub.absorb("brand")
    assert hub.dispatch().done == 1


def test_the_budget_ends_a_run(hub: Hub) -> None:
    for number in range(4):
        hub.absorb("brand", external_id=str(number))
    hub.wire.before = lambda: hub.clock.forward(20)
    assert (hub.dispatch(budget_seconds=30).sent, hub.statuses().count("Queued")) == (2, 2)


def test_a_toggle_turned_off_holds_without_an_attempt_and_on_releases(hub: Hub) -> None:
    hub.absorb("product")
    hub.change_instance(disabled_command_types=frozenset({"upsert_product"}))
    assert hub.dispatch().held == 1
    [command] = hub.commands()
    assert (command.status, command.attempts, hub.rows.rows("attempt")) == ("Held", 0, [])
    assert release_parked(hub.host).released == 0
    hub.change_instance(disabled_command_types=frozenset())
    assert release_parked(hub.host).released == 1
    assert hub.dispatch().done == 1


def test_an_outage_opens_the_breaker_burns_nothing_and_heals(hub: Hub) -> None:
    for number in range(20):
        hub.absorb("brand", external_id=str(number))
    hub.wire.normal = broken("refused")
    assert (hub.dispatch().sent, hub.dispatch().sent) == (5, 0)
    instance = hub.rows.instance(INSTANCE)
    assert instance is not None
    assert (instance.consecutive_failures, instance.breaker_reason) == (5, "It was refused.")
    for _ in range(10):
        hub.clock.forward(60)
        hub.dispatch()
    assert hub.wire.types()[5:] == ["ping"] * 10
    hub.wire.normal = acked()
    hub.clock.forward(60)
    assert hub.dispatch().done == 20
    assert {command.attempts for command in hub.commands()} == {1}
    assert hub.statuses() == ["Done"] * 20
    healed = hub.rows.instance(INSTANCE)
    assert healed is not None
    assert (healed.consecutive_failures, healed.breaker_open_until, healed.breaker_reason) == (0, None, "")


@pytest.mark.parametrize(
    "answer", [plain(401), plain(403), plain(404), plain(302), broken("dns"), broken("tls")]
)
def test_a_configuration_error_stops_all_at_once_and_kills_nothing(hub: Hub, answer: Any) -> None:
    hub.absorb("brand", external_id="1")
    hub.absorb("brand", external_id="2")
    hub.wire.normal = answer
    report = hub.dispatch()
    assert (report.sent, report.breaker) == (1, "open")
    assert [(command.status, command.attempts) for command in hub.commands()] == [("Queued", 0)] * 2
    hub.wire.normal = acked()
    hub.clock.forward(60)
    assert hub.dispatch().done == 2


def test_a_probe_that_a_strict_executor_rejects_still_proves_it_alive(hub: Hub) -> None:
    hub.absorb("brand")
    hub.wire.answers = [plain(401), acked("rejected", 400, error_code="unknown_command_type")]
    hub.dispatch()
    hub.clock.forward(60)
    assert hub.dispatch().done == 1


def test_a_clock_apart_is_answered_by_signing_once_more(hub: Hub) -> None:
    hub.absorb("brand", external_id="1")
    hub.absorb("brand", external_id="2")
    theirs = int(NOW.timestamp()) + 4000
    hub.wire.answers = [acked("rejected", 401, error_code="stale_timestamp", server_time=theirs)]
    assert hub.dispatch().done == 2
    times = [int(headers[contract.HEADER_TIMESTAMP]) - int(NOW.timestamp()) for _, headers in hub.wire.sent]
    assert times == [0, 4000, 4000]
    assert [command.attempts for command in hub.commands()] == [1, 1]


def test_a_clock_that_stays_apart_opens_the_breaker(hub: Hub) -> None:
    hub.absorb("brand")
    hub.wire.normal = acked(
        "rejected", 401, error_code="stale_timestamp", server_time=int(NOW.timestamp()) + 4000
    )
    report = hub.dispatch()
    assert (report.sent, len(hub.wire.sent), report.breaker) == (1, 2, "open")
    assert "clock is +4000 s off" in report.reason


def test_throttling_pauses_the_whole_instance(hub: Hub) -> None:
    hub.absorb("brand", external_id="1")
    hub.absorb("brand", external_id="2")
    hub.wire.answers = [plain(429, retry_after="120")]
    report = hub.dispatch()
    assert (report.sent, report.returned) == (1, 1)
    [first, second] = hub.commands()
    assert (first.attempts, first.due_at) == (0, NOW + timedelta(seconds=120))
    assert (second.attempts, second.due_at) == (0, None)


def test_a_document_of_an_earlier_ack_is_kept(hub: Hub) -> None:
    hub.absorb("brand", name="A")
    hub.dispatch()
    hub.absorb("brand", name="B")
    hub.wire.normal = acked("skipped")
    hub.dispatch()
    assert hub.record("brand", "1").erp_document == "DOC"


def test_a_dead_instance_is_unknown_or_missing(hub: Hub) -> None:
    assert dispatch_to(hub.host, "ERP-INSTANCE-0009").reason == (
        "The ERP Instance ERP-INSTANCE-0009 does not exist."
    )


def test_lanes_hold_under_parallel_workers(hub: Hub, executor: FakeExecutor) -> None:
    """Over real HTTP: 12 entities with 5 revisions each, four workers, each revision at most once and in order."""
    hub.change_instance(url=executor.url)
    object.__setattr__(hub.host, "transport", HttpTransport())
    with ThreadPoolExecutor(4) as pool:
        for revision in range(5):
            for number in range(12):
                hub.absorb("brand", external_id=str(number), name=f"Brand {revision}")
            list(pool.map(lambda _: hub.dispatch(), range(4)))
    hub.dispatch()
    assert set(hub.statuses()) == {"Done"} or set(hub.statuses()) == {"Done", "Superseded"}
    by_entity: dict[str, list[int]] = {}
    for _, external_id, revision in executor.orders:
        by_entity.setdefault(external_id, []).append(revision)
    assert all(revisions == sorted(set(revisions)) and revisions[-1] == 5 for revisions in by_entity.values())
    assert set(Counter(row["attempt_key"] for row in hub.rows.rows("attempt")).values()) == {1}


@pytest.mark.parametrize("answer", [acked("applied"), broken("timeout")])
def test_one_worker_serves_many_instances_in_turn(hub: Hub, answer: Any) -> None:
    """One has hundreds of commands, and may be slow or dead; another's single one does not wait for them."""
    hub.change_settings(breaker_failures=1000)
    for number in range(300):
        hub.absorb("brand", external_id=str(number))
    with hub.rows.transaction():
        hub.rows.save_instance(Instance("ERP-INSTANCE-0002", "http://other.test", SECRET))
        store = hub.rows.add_store(Store("", "salla", "2", "CUST-0002", "ERP-INSTANCE-0002", currency="SAR"))
    absorb(payload("product"), hub.rows.store(store), hub.host)
    hub.wire.normal, hub.wire.before = answer, lambda: hub.clock.forward(1)
    queue, turns = hub.jobs.instances, 0
    queue[:] = [INSTANCE, "ERP-INSTANCE-0002"]
    while queue and turns < 4:
        take_turn(hub.host, queue.pop(0))
        turns += 1
    instances = [headers["X-Instance-ID"] for _, headers in hub.wire.sent]
    assert instances.index("ERP-INSTANCE-0002") <= 6
    assert instances.count(INSTANCE) >= 10
    assert queue == [INSTANCE]


def test_who_is_done_or_shut_out_asks_for_no_other_turn(hub: Hub) -> None:
    hub.absorb("brand")
    assert not take_turn(hub.host, INSTANCE).is_cut_short
    hub.absorb("product")
    hub.wire.answers, hub.jobs.instances[:] = [plain(401)], []
    take_turn(hub.host, INSTANCE)
    assert hub.jobs.instances == []
