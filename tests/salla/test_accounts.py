"""The accounts service: consent, code, tokens and whose shop it is, against the simulated one."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from salla_manager.core.transport import Limits
from salla_manager.platforms.port import ShopError
from salla_manager.platforms.salla.accounts import Accounts, GrantError, Merchant, SallaApp

CALLBACK = "https://hub.example.com/api/method/salla_manager.api.shops.salla_callback"
STATE = "abc123"


@pytest.fixture
def accounts(salla):
    app = SallaApp("sandbox-client", "sandbox-client-secret", salla.url + "/")
    return Accounts(app, http=Limits(allow_private_addresses=True))


def consent(accounts, redirect_url=CALLBACK, state=STATE):
    """What the browser brings back from Salla's page."""
    page = requests.get(accounts.authorize_url(redirect_url, state), allow_redirects=False, timeout=5)
    assert page.headers["Location"].startswith(redirect_url + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(page.headers["Location"]).query).items()}


def test_a_consent_gives_tokens_that_open_its_shop(accounts, salla):
    brought = consent(accounts)
    assert brought["state"] == STATE
    tokens = accounts.redeem(brought["code"], CALLBACK)
    assert salla.oauth.accepts(f"Bearer {tokens['access_token']}")
    assert accounts.merchant(tokens["access_token"]) == Merchant(
        str(salla.state.merchant_id), salla.state.name
    )
    assert tokens["expires"] - tokens["obtained"] == pytest.approx(salla.oauth.lifetime, abs=60)


def test_both_shapes_of_user_info_are_read(accounts, salla):
    salla.wraps_user_info = True
    tokens = accounts.redeem(consent(accounts)["code"], CALLBACK)
    assert accounts.merchant(tokens["access_token"]).id == str(salla.state.merchant_id)


def test_a_code_works_once_and_for_its_own_address(accounts):
    code = consent(accounts)["code"]
    accounts.redeem(code, CALLBACK)
    for attempt in (
        lambda: accounts.redeem(code, CALLBACK),
        lambda: accounts.redeem(consent(accounts)["code"], "x"),
    ):
        with pytest.raises(GrantError, match="invalid_grant") as caught:
            attempt()
        assert caught.value.outcome == "spent"


def test_a_refresh_of_the_new_tokens_keeps_the_chain(accounts):
    tokens = accounts.redeem(consent(accounts)["code"], CALLBACK)
    fresh = accounts.refresh(tokens["refresh_token"])
    assert accounts.merchant(fresh["access_token"]).id
    # A second use costs the chain, the fresh tokens too.
    with pytest.raises(GrantError):
        accounts.refresh(tokens["refresh_token"])
    with pytest.raises(ShopError, match="access token is invalid"):
        accounts.merchant(fresh["access_token"])


@pytest.mark.parametrize("kind", ["html", "error"])
def test_an_answer_without_a_merchant_is_an_error(accounts, salla, kind):
    salla.faults.add("/oauth2/user/info", kind)
    with pytest.raises(ShopError):
        accounts.merchant("any")


def test_no_message_holds_a_secret(accounts, salla):
    salla.faults.add("/oauth2/token", "error")
    with pytest.raises(GrantError) as caught:
        accounts.redeem("code-canary", CALLBACK)
    assert "canary" not in str(caught.value) + repr(accounts._app)
    assert "sandbox-client-secret" not in str(caught.value) + repr(accounts._app)
