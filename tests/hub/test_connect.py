"""A consent that was asked for from the hub ends in a Store Account with tokens, or in words."""

from datetime import timedelta

import pytest
from hub_kit import MERCHANT, STORE

from salla_manager.core.connect import ConnectError, connect
from salla_manager.core.installation import change
from salla_manager.platforms.port import AppChange, ShopError
from salla_manager.platforms.salla.accounts import Merchant

TOKENS = {"access_token": "at-1", "refresh_token": "rt-1", "expires": 2**31, "scope": ""}


class Service:
    def __init__(self, merchant=MERCHANT, error=None):
        self.shop, self.error = Merchant(merchant, "Oud House"), error

    def redeem(self, code, redirect_url):
        assert (code, redirect_url) == ("code", "https://hub/back")
        return TOKENS

    def merchant(self, access_token):
        if self.error:
            raise self.error
        return self.shop


def end(hub, service, wanted=""):
    return connect(hub.host, "salla", service, "code", "https://hub/back", wanted)


def test_a_new_shop_gets_a_store(bare_hub):
    store = end(bare_hub, Service("555"))
    assert (store.merchant_id, store.app_status) == ("555", "Installed")
    assert bare_hub.rows.tokens(store.name) == TOKENS


def test_a_known_shop_keeps_its_store_and_what_waited_goes_on(hub):
    hub.client = None
    hub.webhook("product.updated", external_id="1")
    hub.process()
    assert hub.event()["status"] == "No Access"
    assert end(hub, Service(), STORE).name == STORE
    assert (hub.event()["status"], hub.jobs.events > 0) == ("Received", True)


def test_after_a_removal_a_consent_connects_again(hub):
    change(hub.host, STORE, AppChange("Uninstalled"), hub.clock.now() - timedelta(hours=1))
    assert end(hub, Service()).app_status == "Installed"


def test_the_consent_of_another_shop_is_not_taken(hub):
    with pytest.raises(ConnectError, match=r"Oud House \(555\), while SM-STORE-00001 is the shop"):
        end(hub, Service("555"), STORE)
    assert len(hub.rows.rows("store")) == 1
    assert hub.rows.tokens(STORE) == {}


def test_an_outage_is_told_with_what_to_do(hub):
    with pytest.raises(ConnectError, match="Begin again at Connect"):
        end(hub, Service(error=ShopError("offline", "It broke.")))


def test_a_copy_of_the_hub_takes_no_consent(hub):
    hub.change_settings(standstill="It is a copy.")
    with pytest.raises(ConnectError, match="It is a copy"):
        end(hub, Service())
