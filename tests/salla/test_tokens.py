import threading
from contextlib import contextmanager

import pytest
import requests

from salla_manager.platforms.port import ShopError
from salla_manager.platforms.salla.tokens import Tokens, expiry

DAY = 24 * 3600
NOW = 1_800_000_000


class MemoryStore:
    """A TokenStore that notes what happened in which order."""

    def __init__(self, tokens):
        self.tokens = tokens
        self.log = []
        self._lock = threading.Lock()

    def load(self):
        return dict(self.tokens) if self.tokens else None

    def save(self, tokens):
        assert self._lock.locked()
        self.log.append("save")
        self.tokens = tokens

    @contextmanager
    def lock(self):
        with self._lock:
            self.log.append("lock")
            yield
            self.log.append("release")


class Answer:
    def __init__(self, status, content):
        self.status_code, self.content = status, content


class Transport:
    """Gives canned answers in turn; an exception among them is raised."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.forms = []

    def post(self, url, data, **options):
        assert options["allow_redirects"] is False
        self.forms.append(data)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def old_tokens(left=3600, **values):
    return {"access_token": "a1", "refresh_token": "r1", "expires": NOW + left, "scope": "x", **values}


def fresh(end=b'"expires": 1801209600'):
    return Answer(200, b'{"access_token": "a2", "refresh_token": "r2", "scope": "y", ' + end + b"}")


def tokens(store, *answers):
    transport = Transport(*answers)
    return Tokens(store, "id", "secret", transport, now=lambda: NOW), transport


def test_a_good_token_is_used_without_lock():
    store = MemoryStore(old_tokens(left=2 * DAY))
    provider, transport = tokens(store)
    assert provider() == "a1"
    assert (store.log, transport.forms) == ([], [])


def test_a_token_of_its_last_day_is_refreshed_and_kept_before_the_lock_is_let_go():
    store = MemoryStore(old_tokens())
    provider, transport = tokens(store, fresh())
    assert provider() == "a2"
    assert store.log == ["lock", "save", "release"]
    assert store.tokens == {"access_token": "a2", "refresh_token": "r2", "expires": 1801209600, "scope": "y"}
    assert transport.forms == [
        {"grant_type": "refresh_token", "refresh_token": "r1", "client_id": "id", "client_secret": "secret"}
    ]


def test_expires_in_is_taken_too():
    store = MemoryStore(old_tokens())
    tokens(store, fresh(b'"expires_in": 1209600'))[0]()
    assert store.tokens["expires"] == NOW + 1209600


@pytest.mark.parametrize(
    ("given", "end"),
    [
        ({"expires": "1801209600"}, 1801209600),
        ({"expires": 600}, NOW + 600),
        ({"expires_in": 600}, NOW + 600),
        ({}, 0),
    ],
)
def test_expiry(given, end):
    assert expiry(given, NOW) == end


def test_without_a_known_end_only_a_refusal_refreshes():
    store = MemoryStore({"access_token": "a1", "refresh_token": "r1"})
    provider, _ = tokens(store, fresh())
    assert (provider(), provider("a1")) == ("a1", "a2")


def test_who_waited_for_the_lock_uses_what_the_other_got():
    store = MemoryStore(old_tokens())
    provider, transport = tokens(store, fresh())
    loads = store.load

    def load_after_another_refreshed():
        if "lock" in store.log:
            store.tokens = {"access_token": "a9", "refresh_token": "r9", "expires": NOW + 9 * DAY}
        return loads()

    store.load = load_after_another_refreshed
    assert provider() == "a9"
    assert provider("a1") == "a9"
    assert transport.forms == []


def test_many_threads_use_the_refresh_token_once(salla):
    store = MemoryStore({**salla.oauth.issue(), "expires": 1})
    provider = Tokens(store, "sandbox-client", "sandbox-client-secret", token_url=salla.token_url)
    found = []
    threads = [threading.Thread(target=lambda: found.append(provider())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1
    assert salla.oauth.refreshes == 1


def test_a_spent_refresh_token_is_never_tried_again():
    store = MemoryStore(old_tokens())
    provider, transport = tokens(store, Answer(401, b'{"error":"invalid_grant"}'))
    for _ in range(3):
        with pytest.raises(ShopError, match="install the app again") as caught:
            provider()
        assert (caught.value.kind, caught.value.is_retryable) == ("unauthorized", False)
    assert len(transport.forms) == 1


@pytest.mark.parametrize("answer", [requests.ReadTimeout(), Answer(502, b"<html>"), Answer(200, b"<html>")])
def test_after_an_unclear_refresh_the_living_token_is_used_up_first(answer):
    store = MemoryStore(old_tokens())
    provider, transport = tokens(store, answer)
    assert [provider(), provider(), provider()] == ["a1"] * 3
    assert len(transport.forms) == 1
    assert store.tokens["refresh_problem"]


def test_after_its_end_one_more_try_costs_nothing():
    store = MemoryStore(old_tokens(left=-5, refresh_problem="no answer came"))
    provider, _ = tokens(store, fresh())
    assert provider() == "a2"
    assert "refresh_problem" not in store.tokens


def test_an_unclear_refresh_of_a_dead_token_is_an_outage():
    provider, _ = tokens(MemoryStore(old_tokens(left=-5)), requests.ConnectionError())
    with pytest.raises(ShopError) as caught:
        provider()
    assert caught.value.kind == "offline"


def test_a_service_that_was_not_reached_has_not_used_the_token():
    store = MemoryStore(old_tokens())
    provider, _ = tokens(store, requests.ConnectTimeout(), fresh())
    assert [provider(), provider()] == ["a1", "a2"]


def test_wrong_client_credentials_are_no_reinstall():
    store = MemoryStore(old_tokens(left=-5))
    provider, _ = tokens(store, Answer(401, b'{"error":"invalid_client"}'))
    with pytest.raises(ShopError, match="invalid_client"):
        provider()
    assert "is_revoked" not in store.tokens


@pytest.mark.parametrize("held", [None, {}, {"access_token": ""}])
def test_a_store_without_tokens_says_so(held):
    with pytest.raises(ShopError, match="has to be installed"):
        tokens(MemoryStore(held))[0]()


def test_no_message_holds_a_token():
    store = MemoryStore(old_tokens(left=-5))
    provider, _ = tokens(store, Answer(500, b'{"error":"boom"}'))
    with pytest.raises(ShopError) as caught:
        provider()
    assert not any(secret in str(caught.value) for secret in ("a1", "r1", "secret"))
