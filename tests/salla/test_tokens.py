import json
import threading
from contextlib import contextmanager
from urllib.parse import parse_qsl

import pytest

from salla_manager.core.addresses import TransportError
from salla_manager.core.transport import HttpAnswer, Limits
from salla_manager.platforms.port import ShopError
from salla_manager.platforms.salla.accounts import Accounts, SallaApp, expiry
from salla_manager.platforms.salla.tokens import (
    AHEAD,
    ALARM,
    SPREAD,
    Tokens,
    WatchedTransport,
    access_alarm,
    access_problem,
    ahead_of,
)

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


def Answer(status, content):
    return HttpAnswer(status, {}, content)


class Transport:
    """Gives canned answers in turn; an exception among them is raised."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.forms = []

    def post(self, url, body, headers, limits):
        assert limits.total <= 30
        self.forms.append(dict(parse_qsl(body.decode())))
        return self._next()

    def get(self, url, headers, limits):
        return self._next()

    def _next(self):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


APP = SallaApp("id", "secret")


def old_tokens(left=3600, **values):
    return {"access_token": "a1", "refresh_token": "r1", "expires": NOW + left, "scope": "x", **values}


def fresh(end=b'"expires": 1801209600'):
    return Answer(200, b'{"access_token": "a2", "refresh_token": "r2", "scope": "y", ' + end + b"}")


def tokens(store, *answers):
    transport = Transport(*answers)
    return Tokens(store, Accounts(APP, transport, now=lambda: NOW), now=lambda: NOW), transport


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
    assert store.tokens == {
        "access_token": "a2",
        "refresh_token": "r2",
        "expires": 1801209600,
        "obtained": NOW,
        "scope": "y",
    }
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


def test_a_copy_of_the_hub_never_uses_the_refresh_token_up():
    store, transport, told = MemoryStore(old_tokens()), Transport(fresh()), ["It is a copy."]
    accounts = Accounts(APP, transport, now=lambda: NOW)
    provider = Tokens(store, accounts, now=lambda: NOW, standstill=lambda: told[-1])
    for refused in (None, "a1"):
        with pytest.raises(ShopError, match="It is a copy") as caught:
            provider(refused)
        assert caught.value.is_retryable
    assert (transport.forms, store.tokens) == ([], old_tokens())
    told.append("")
    assert provider() == "a2"


def test_many_threads_use_the_refresh_token_once(salla):
    store = MemoryStore({**salla.oauth.issue(), "expires": 1})
    app = SallaApp("sandbox-client", "sandbox-client-secret", salla.url)
    provider = Tokens(store, Accounts(app, http=Limits(allow_private_addresses=True)))
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


@pytest.mark.parametrize(
    "answer",
    [
        *(TransportError(kind, "It broke.") for kind in ("timeout", "reset", "too_large")),
        *(Answer(status, b"<html>") for status in (200, 302, 403, 500, 502, 503)),
        Answer(200, b'{"access_token": {}}'),
    ],
)
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
    provider, _ = tokens(MemoryStore(old_tokens(left=-5)), TransportError("reset", "It broke."))
    with pytest.raises(ShopError) as caught:
        provider()
    assert caught.value.kind == "offline"


@pytest.mark.parametrize(
    "answer",
    [
        *(TransportError(kind, "Not sent.") for kind in ("refused", "dns", "tls", "blocked")),
        Answer(429, b"{}"),
        Answer(401, b'{"error":"invalid_client"}'),
    ],
)
def test_a_refresh_that_used_nothing_up_is_tried_again_after_a_pause(answer):
    store = MemoryStore(old_tokens())
    provider, transport = tokens(store, answer, fresh())
    assert [provider(), provider()] == ["a1", "a1"]
    assert len(transport.forms) == 1
    assert "refresh_problem" not in store.tokens
    store.tokens["retry_at"] = NOW
    assert provider() == "a2"
    assert access_problem(store.tokens) == ""


def test_wrong_client_credentials_are_no_reinstall():
    store = MemoryStore(old_tokens(left=-5))
    provider, _ = tokens(store, Answer(401, b'{"error":"invalid_client"}'))
    with pytest.raises(ShopError, match="invalid_client"):
        provider()
    assert "is_revoked" not in store.tokens
    assert "correct Client ID and Client Secret" in access_problem(store.tokens)


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


def test_a_token_of_an_hour_is_not_refreshed_at_every_call():
    store = MemoryStore(old_tokens(left=3600, obtained=NOW))
    provider, transport = tokens(store, fresh())
    assert provider() == "a1"
    store.tokens |= {"obtained": NOW - 1801, "expires": NOW + 1799}
    assert provider() == "a2"
    assert len(transport.forms) == 1


def test_the_scheduler_refreshes_days_ahead_and_only_once():
    store = MemoryStore(old_tokens(left=4 * DAY))
    provider, transport = tokens(store, fresh())
    assert provider() == "a1"
    assert not provider.refresh_ahead(3 * DAY)
    assert provider.refresh_ahead(5 * DAY)
    assert not provider.refresh_ahead(5 * DAY)
    assert (provider(), len(transport.forms)) == ("a2", 1)


def test_the_scheduler_leaves_alone_what_a_second_use_could_lose():
    provider, transport = tokens(MemoryStore(old_tokens(left=2 * DAY, refresh_problem="It broke.")))
    assert not provider.refresh_ahead(5 * DAY)
    assert transport.forms == []


def refusal(message):
    return Answer(
        401, json.dumps({"status": 401, "error": {"code": "Unauthorized", "message": message}}).encode()
    )


@pytest.mark.parametrize(
    ("message", "words", "stops"),
    [
        ("The User is not exists.", "gone from the shop. The merchant has to install", True),
        ("حسابك غير مفعل", "is not active. The shop is read again as soon", False),
        ("The access token should have access to one of those scopes: products.read", "products.read", False),
        ("The access token is invalid", "", False),
        ("Something new", "", False),
    ],
)
def test_each_kind_of_401_of_the_api_is_told_with_the_way_back(message, words, stops):
    store = MemoryStore(old_tokens(left=9 * DAY))
    provider, _ = tokens(store)
    provider()
    WatchedTransport(Transport(refusal(message)), provider).get("https://x", {}, Limits())
    assert words in access_problem(store.tokens)
    assert bool(words) == bool(access_problem(store.tokens))
    if stops:
        with pytest.raises(ShopError, match="install the app again"):
            provider()
    else:
        assert provider() == "a1"


def test_what_heals_by_itself_is_taken_back_at_the_next_good_answer():
    store = MemoryStore(old_tokens(left=9 * DAY))
    provider, _ = tokens(store)
    answers = [refusal("حسابك غير مفعل"), refusal("حسابك غير مفعل"), Answer(200, b"{}"), Answer(200, b"{}")]
    transport = WatchedTransport(Transport(*answers), provider)
    problems = []
    for _ in answers:
        provider()
        transport.get("https://x", {}, Limits())
        problems.append(bool(access_problem(store.tokens)))
    assert problems == [True, True, False, False]
    assert store.log.count("save") == 2


def test_a_missing_scope_stays_until_the_app_is_installed_anew():
    store = MemoryStore(old_tokens(left=9 * DAY))
    provider, _ = tokens(store)
    transport = WatchedTransport(Transport(refusal("scopes: a.read"), Answer(200, b"{}")), provider)
    for _ in range(2):
        provider()
        transport.get("https://x", {}, Limits())
    assert "a.read" in access_problem(store.tokens)
    assert store.log.count("save") == 1


def test_stores_are_renewed_spread_over_a_day_and_long_before_the_alarm():
    turns = [ahead_of(f"SM-STORE-{number:05d}") for number in range(240)]
    assert min(turns) >= AHEAD > ALARM
    assert max(turns) < AHEAD + SPREAD
    assert len({int(turn // 3600) for turn in turns}) == 24
    assert ahead_of("SM-STORE-00007") == turns[7]


@pytest.mark.parametrize(
    ("left", "state", "words"),
    [
        (3 * DAY, {}, ""),
        (3 * DAY - 1, {}, "ends in 71 hours and could not be renewed."),
        (3600, {"refresh_problem": "It broke."}, "one more try is made"),
        (-5, {}, "ends in 0 hours"),
        (9 * DAY, {"is_revoked": True}, "install the app again"),
        (9 * DAY, {"lost": "The user is gone."}, "install the app again"),
        (9 * DAY, {"missing_scope": "scopes: a"}, ""),
        # A token of an hour is in its last quarter only then.
        (1800, {"obtained": NOW - 1800}, ""),
        (800, {"obtained": NOW - 2800}, "ends in 0 hours"),
    ],
)
def test_when_somebody_has_to_be_told(left, state, words):
    told = access_alarm(old_tokens(left=left, **state), NOW)
    assert words in told
    assert bool(words) == bool(told)
