"""An order goes when the ERP knows what it stands on, and stands in the list with the reason until then."""

from __future__ import annotations

from hub_kit import Hub, body, line

from salla_manager.core.release import release_parked
from salla_manager.core.skips import read_again
from salla_manager.platforms.port import ShopError


def order_came(hub: Hub, **values: object) -> None:
    hub.shop.has("order", body("order", **values))
    hub.webhook("order.created", external_id="900")
    hub.process()


def test_an_order_brings_customer_and_products_and_waits_for_them(hub: Hub) -> None:
    hub.shop.has("product", body("product"))
    order_came(hub)
    assert hub.shop.fetched == [("order", "900"), ("product", "1")]
    [order] = hub.commands("order")
    assert order.status == "Waiting"
    assert order.reason == "Waits for customer 7 (Noura); product 1 (Oud)."
    hub.dispatch()
    assert [sent["command_type"] for sent, _ in hub.wire.sent] == [
        "upsert_customer",
        "upsert_product",
        "upsert_order",
    ]
    assert hub.statuses() == ["Done", "Done", "Done"]


def test_an_order_goes_at_once_when_all_is_known(hub: Hub) -> None:
    hub.absorb("product")
    hub.absorb("customer", external_id="7")
    hub.dispatch()
    order_came(hub)
    assert hub.shop.fetched == [("order", "900")]
    assert hub.statuses("order") == ["Queued"]


def test_a_line_without_sku_holds_the_order_until_it_is_mended(hub: Hub) -> None:
    hub.shop.has("product", body("product", sku=None))
    order_came(hub, items=[line(sku=None)])
    [order] = hub.commands("order")
    assert order.status == "Held"
    assert order.reason.startswith(
        "Line 1 (Oud): its product 1 is skipped. The product has no SKU. Give it one"
    )
    hub.clock.forward(1)
    # Salla tells nothing of it.
    hub.shop.has("product", body("product", sku="OUD-1"))
    read_again(hub.host, hub.rows, hub.store)
    hub.process()
    assert release_parked(hub.host).released == 0
    assert hub.commands("order")[0].reason == "Waits for customer 7 (Noura); product 1 (Oud)."
    hub.dispatch()
    assert hub.statuses("order") == ["Done"]


def test_a_product_gone_from_the_shop_is_looked_for_in_the_erp_by_its_sku(hub: Hub) -> None:
    order_came(hub, customer=None)
    assert hub.statuses("order") == ["Queued"]


def test_a_product_gone_from_the_shop_without_sku_holds_the_order(hub: Hub) -> None:
    order_came(hub, customer=None, items=[line(sku=None)])
    [order] = hub.commands("order")
    assert (order.status, "Line 1 (Oud)" in order.reason) == ("Held", True)
    assert "pull products; the order goes then by itself" in order.reason
    hub.absorb("product", external_id="1")
    release_parked(hub.host)
    hub.dispatch()
    assert hub.statuses("order") == ["Done"]


def test_an_order_does_not_wait_for_what_is_switched_off(hub: Hub) -> None:
    off = frozenset({"upsert_product", "upsert_customer"})
    hub.change_instance(disabled_command_types=off)
    hub.shop.has("product", body("product"))
    order_came(hub)
    assert hub.statuses("product") == ["Held"]
    assert hub.statuses("customer") == ["Held"]
    assert hub.statuses("order") == ["Queued"]


def test_a_line_is_found_by_variant_then_product_then_sku(hub: Hub) -> None:
    hub.absorb("product", options=["Size"])
    hub.absorb("variant", external_id="11", sku="OUD-S")
    hub.absorb("product", external_id="2", sku="MUSK")
    hub.absorb(
        "order",
        customer=None,
        items=[line(variant_id="11"), line(product_id="2"), line(product_id=None, sku="musk")],
    )
    wanted = [hub.record("variant", "11").name, hub.record("product", "2").name]
    assert list(hub.commands("order")[0].waits_for) == wanted


def test_an_unknown_variant_is_never_taken_for_its_product(hub: Hub) -> None:
    hub.absorb("product", options=["Size"])
    hub.absorb("order", customer=None, items=[line(variant_id="12", sku="OUD-L")])
    assert hub.statuses("order") == ["Held"]
    hub.absorb("product", external_id="3", sku="ROSE")
    hub.absorb(
        "order", external_id="901", customer=None, items=[line(variant_id="31", product_id="3", sku=None)]
    )
    assert hub.statuses("order", "901") == ["Waiting"]


def test_the_variants_of_an_unknown_product_come_along(hub: Hub) -> None:
    variant = body("variant", external_id="11", sku="OUD-S")
    hub.shop.has("product", body("product", sku=None, options=["Size"], variants=[variant]))
    order_came(hub, customer=None, items=[line(variant_id="11", sku="OUD-S")])
    assert hub.commands("order")[0].waits_for == (hub.record("variant", "11").name,)


def test_a_customer_within_an_order_never_replaces_the_known_one(hub: Hub) -> None:
    hub.absorb("customer", external_id="7", name="Noura Al-Saud", email="n@example.com")
    hub.absorb("product")
    order_came(hub)
    assert hub.statuses("customer") == ["Queued"]
    assert hub.record("customer", "7").title == "Noura Al-Saud"


def test_a_shop_away_while_products_are_fetched_brings_the_order_back_later(hub: Hub) -> None:
    hub.shop.has("product", body("product"))
    order_came(hub)
    hub.rows.finish_event("SM-LOG-00001", "Processed", "")
    hub.shop.bodies["order", "901"] = body(
        "order", external_id="901", items=[line(product_id="2", sku="MUSK")]
    )
    hub.webhook("order.created", external_id="901")
    fetch, calls = hub.shop.fetch, []

    def flaky(entity_type: str, external_id: str) -> object:
        calls.append(entity_type)
        if calls == ["order", "product"]:
            raise ShopError("offline", "HTTP 502")
        return fetch(entity_type, external_id)

    hub.shop.fetch = flaky  # type: ignore[method-assign]
    assert hub.process().events == {"Failed": 1}
    assert hub.statuses("order", "901") == []
    hub.clock.forward(60)
    hub.shop.has("product", body("product", external_id="2", sku="MUSK"))
    assert hub.process().events == {"Processed": 1}
    assert hub.statuses("order", "901") == ["Waiting"]


def test_a_dead_product_is_named_where_the_order_waits(hub: Hub) -> None:
    hub.absorb("product", description="x" * 300_000)
    hub.absorb("order", customer=None)
    reason = hub.commands("order")[0].reason
    assert reason.startswith("Waits for product 1 (Oud), which failed: Too large")


def test_a_newer_order_replaces_one_that_waits(hub: Hub) -> None:
    hub.absorb("product")
    hub.absorb("order", customer=None)
    hub.absorb("order", customer=None, status="completed")
    assert hub.statuses("order") == ["Superseded", "Waiting"]
    hub.dispatch()
    assert [sent["revision"] for sent, _ in hub.wire.sent] == [1, 2]
