"""A copy of the hub: nothing leaves it until somebody says that it is the live one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hub_kit import INSTANCE, NOW, SECRET, STORE, Hub, plain

from salla_manager import contract
from salla_manager.core import shared_secret
from salla_manager.core.client_api import receive_pair
from salla_manager.core.commands import OperatorError
from salla_manager.core.exchange import ping
from salla_manager.core.identity import Identity, standstill
from salla_manager.core.pull import PullError, request_pull
from salla_manager.core.pull_api import receive_pull

LIVE = Identity("hub.example.com", "_abc at 10.0.0.5:3306", "1" * 32)
REASON = "This hub is a copy."


def test_the_same_place_is_the_live_one() -> None:
    assert standstill(LIVE, replace(LIVE)) == ""


def test_without_an_id_the_rest_decides() -> None:
    bare = replace(LIVE, site_id="")
    assert standstill(bare, bare) == ""
    assert standstill(bare, replace(bare, site="staging.example.com"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"site": "staging.example.com"},
            "made as hub.example.com on database _abc at 10.0.0.5:3306; it now runs as staging.example.com on database",
        ),
        (
            {"database": "_abc at localhost:3306"},
            "it now runs as hub.example.com on database _abc at localhost:3306.",
        ),
        ({"site_id": ""}, "has lost its salla_site_id"),
        ({"site_id": "2" * 32}, "holds another salla_site_id"),
    ],
)
def test_whatever_differs_is_told_and_so_is_the_way_out(change: dict[str, str], told: str) -> None:
    reason = standstill(LIVE, replace(LIVE, **change))
    assert told in reason
    assert "bench salla adopt-site" in reason
    # Whoever reads the reason need not learn what proves the place.
    assert "1" * 32 not in reason


def test_a_database_that_names_no_place_stands_still() -> None:
    assert "does not say where the live site is" in standstill(None, LIVE)


def test_a_copy_delivers_nothing_and_burns_no_attempt(hub: Hub) -> None:
    hub.absorb("brand", external_id="1")
    before = hub.commands()
    hub.change_settings(standstill=REASON)
    report = hub.dispatch()
    assert (report.reason, report.sent, hub.wire.sent) == (REASON, 0, [])
    assert (hub.commands(), hub.rows.rows("attempt")) == (before, [])
    hub.change_settings(standstill="")
    assert hub.dispatch().done == 1


def test_a_copy_does_not_probe_either(hub: Hub) -> None:
    hub.absorb("brand")
    hub.wire.answers = [plain(401)]
    hub.dispatch()
    hub.clock.forward(3600)
    hub.change_settings(standstill=REASON)
    assert hub.dispatch().reason == REASON
    assert hub.wire.types() == ["upsert_brand"]


def test_a_copy_keeps_webhooks_and_works_them_off_afterwards(hub: Hub) -> None:
    hub.change_settings(standstill=REASON)
    assert hub.webhook("product.updated", external_id="1").http_status == 200
    report = hub.process()
    assert (report.reason, report.events) == (REASON, {})
    event = hub.event()
    assert (event["status"], event["attempts"], hub.shop.fetched) == ("Received", 0, [])
    hub.change_settings(standstill="")
    assert hub.process().reason == ""
    assert hub.shop.fetched == [("product", "1")]


def test_a_copy_is_not_pulled(hub: Hub) -> None:
    hub.shop.list_errors = {"brand": AssertionError("the shop was read")}
    hub.change_settings(standstill=REASON)
    with pytest.raises(PullError, match=REASON):
        request_pull(hub.host, STORE, ["brands"])


def test_a_copy_changes_no_secret_and_asks_no_erp(hub: Hub) -> None:
    """Else the ERP would take the copy's new secret, and the original's no more."""
    hub.change_settings(standstill=REASON)
    with pytest.raises(OperatorError, match=REASON):
        shared_secret.rotate(hub.host, INSTANCE)
    assert ping(hub.host, hub.host.store.instance(INSTANCE))[0].verdict.reason == REASON
    assert hub.wire.sent == []


def test_an_erp_that_asks_a_copy_is_told_to_come_back(hub: Hub) -> None:
    hub.change_settings(standstill=REASON)
    raw = contract.dump_json({"action": "pair", "erp_instance": INSTANCE})
    for secret, expected in ((SECRET, (503, "standstill")), ("x" * 64, (401, "unauthorized"))):
        headers = contract.signed_headers(INSTANCE, secret, raw, "pair-" + "0" * 20, now=int(NOW.timestamp()))
        for door in (receive_pair, receive_pull):
            headers[contract.HEADER_NONCE] = contract.new_nonce()
            headers[contract.HEADER_SIGNATURE] = contract.sign(
                secret, headers[contract.HEADER_TIMESTAMP], headers[contract.HEADER_NONCE], raw
            )
            status, answer = door(raw, headers, hub.host)
            assert (status, answer["error_code"]) == expected
            # The names of the hub's servers are its operator's.
            assert REASON not in str(answer)
