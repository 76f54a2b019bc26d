"""A new secret on the executor: by the hub's command, by a pairing code, by its own wish; and the hub's half of its
checklist. The hub is played."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from executor_kit import INSTANCE, NOW, SECRET, Bench, command, product, sign_body, signed

from salla_executor import __version__, contract
from salla_executor.core.checklist import FAILED, OK, WARNING, hub_rows
from salla_executor.core.hub_calls import HubError, pair, rotate
from salla_executor.core.model import NewSecret
from salla_executor.key_agreement import PAIR, ROTATE, PairingCode, Question, answer

HUB, CODE = "https://hub.test", PairingCode("https://hub.test", INSTANCE, "c" * 32)


def order(question: Question, **changes: Any) -> contract.Command:
    payload = {"public_key": question.public_key}
    values = {"command_type": "rotate_secret", "store_account": "", "customer_account": ""}
    return command("", payload, **{**values, "revision": 0, **changes})


def rotated(bench: Bench, signer: str) -> str:
    """By the hub's command, signed with `signer`."""
    question = Question(ROTATE, INSTANCE, signer)
    ack = bench.post(*signed(order(question), secret=signer))
    assert (ack.http_status, ack.ack_status) == (200, "applied"), ack.payload
    return question.secret_of(ack.payload)


def is_taken(bench: Bench, secret: str) -> bool:
    ping = command("", {}, command_type="ping", store_account="")
    return bench.post(*signed(ping, secret=secret)).http_status == 200


def test_the_hub_s_command_gives_a_new_secret_and_the_one_that_signed_it_is_taken_on(bench):
    secret = rotated(bench, SECRET)
    assert bench.store.settings.secrets == (secret, SECRET)
    assert bench.counts("inbox", "documents") == {"inbox": 0, "documents": 0}


def test_a_lost_answer_shuts_nobody_out(bench):
    """The hub never learns of two secrets; what it signs with is taken until it has used a newer one."""
    rotated(bench, SECRET)
    rotated(bench, SECRET)
    assert is_taken(bench, SECRET)
    bench.store.clock = lambda: NOW + 40 * 24 * 3600
    at = NOW + 40 * 24 * 3600
    question = Question(ROTATE, INSTANCE, SECRET)
    ack = bench.post(*signed(order(question), secret=SECRET, now=at))
    assert bench.store.settings.secrets == (question.secret_of(ack.payload), SECRET)


def test_the_former_secret_ends_a_day_after_the_hub_used_the_new_one(bench):
    secret = rotated(bench, SECRET)
    assert is_taken(bench, SECRET)
    assert is_taken(bench, secret)
    body, headers = signed(command("product", product()), now=NOW + 24 * 3600 - 1)
    bench.store.clock = lambda: NOW + 24 * 3600 - 1
    assert bench.post(body, headers).http_status == 200
    bench.store.clock = lambda: NOW + 24 * 3600
    body, headers = signed(command("product", product("12")), now=NOW + 24 * 3600)
    assert bench.post(body, headers).payload["error_code"] == "unauthorized"
    headers = sign_body(body, headers[contract.HEADER_KEY], secret=secret, now=NOW + 24 * 3600)
    assert bench.post(body, headers).http_status == 200


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"payload": {"public_key": "0" * 64}}, 400, "bad_key"),
        ({"payload": {}}, 400, "bad_key"),
        ({"payload": {"public_key": ["0" * 64]}}, 400, "bad_key"),
        ({"dry_run": True}, 400, "bad_envelope"),
        ({"secret": "x" * 64}, 401, "unauthorized"),
    ],
)
def test_a_command_for_a_new_secret_that_is_refused_changes_nothing(bench, changes, status, code):
    before, signing = bench.store.settings, {"secret": changes.pop("secret", SECRET)}
    payload = changes.pop("payload", None)
    sent = order(Question(ROTATE, INSTANCE, SECRET), **changes)
    ack = bench.post(*signed(sent if payload is None else replace(sent, payload=payload), **signing))
    assert (ack.http_status, ack.payload["error_code"]) == (status, code)
    assert bench.store.settings == before


def test_of_two_changes_at_once_one_is_kept(bench):
    store = bench.store
    assert store.keep_secret(NewSecret("a" * 64, SECRET, replaces=SECRET))
    assert not store.keep_secret(NewSecret("b" * 64, SECRET, replaces=SECRET))
    assert store.settings.secrets == ("a" * 64, SECRET)


class PlayedHub:
    """Takes what is signed with `secrets`; `answers` come first, once each."""

    def __init__(self, *secrets: str):
        self.secrets = secrets
        self.agreed = ""
        self.answers: list[Any] = []
        self.before: Callable[[], None] = lambda: None
        self.signers: list[str] = []
        self.says: dict[str, Any] = {}

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        assert url.startswith(HUB)
        self.before()
        try:
            request = contract.verify(headers, body, instance_id=INSTANCE, secrets=self.secrets, now=NOW)
        except contract.ProtocolError as error:
            return error.http_status, {"ok": False, "error_code": error.error_code, "message": error.reason}
        self.signers.append(request.secret)
        asked = contract.load_json(body)
        assert asked["erp_instance"] == INSTANCE
        if self.answers:
            said = self.answers.pop(0)
            if isinstance(said, Exception):
                raise said
            return said
        if asked["action"] == "pair":
            self.agreed, told = answer(PAIR, INSTANCE, asked, request.secret)
            return 200, {"ok": True, **told}
        proof = contract.answer_proof(request.secret, request.nonce, NOW)
        told = {"proof": proof, "server_time": NOW, "contract_version": "1.0", "is_enabled": True}
        versions = {"salla_manager": __version__}
        return 200, {"ok": True, **told, "versions": versions, "erp_url": "https://erp.test", **self.says}


@pytest.fixture
def paired(bench):
    bench.set(hub_url=HUB)
    return bench


def test_a_code_pairs(bench):
    hub = PlayedHub(CODE.code)
    bench.set(secrets=(), instance_id="")
    with bench.store.receiver() as receiver:
        pair(CODE, hub, receiver)
    settings = bench.store.settings
    assert (settings.secrets, settings.instance_id, settings.hub_url) == ((hub.agreed,), INSTANCE, HUB)
    assert is_taken(bench, hub.agreed)


def test_pairing_again_keeps_the_secret_that_the_hub_signs_with(paired):
    hub = PlayedHub(CODE.code)
    with paired.store.receiver() as receiver:
        pair(CODE, hub, receiver)
    assert paired.store.settings.secrets == (hub.agreed, SECRET)
    # The hub has not used that one yet, so it still signs with the one before.
    with paired.store.receiver() as receiver:
        pair(CODE, hub, receiver)
    assert paired.store.settings.secrets == (hub.agreed, SECRET)


@pytest.mark.parametrize("before", [{"hub_url": "https://other.test"}, {"instance_id": "ERP-INSTANCE-0002"}])
def test_what_another_hub_signed_with_is_not_taken_on(paired, before):
    paired.set(**before)
    hub = PlayedHub(CODE.code)
    with paired.store.receiver() as receiver:
        pair(CODE, hub, receiver)
    assert paired.store.settings.secrets == (hub.agreed,)


BAD_ANSWERS = [
    ((200, {"ok": True, "public_key": "0" * 64, "proof": "0" * 64}), "not one of X25519"),
    ((200, {"ok": True, **answer(PAIR, INSTANCE, {"public_key": "09" + "0" * 62}, "x")[1]}), "somebody else"),
    ((200, {"ok": True}), "public_key"),
    ((200, {"message": "no"}), "no"),
    ((409, {"ok": False, "error_code": "in_progress", "message": "being changed"}), "being changed"),
    (HubError("The hub cannot be reached."), "cannot be reached"),
]


@pytest.mark.parametrize(("said", "reason"), BAD_ANSWERS)
@pytest.mark.parametrize("way", ["pair", "rotate"])
def test_without_a_proof_of_the_hub_nothing_is_kept(paired, said, reason, way):
    hub, before = PlayedHub(CODE.code, SECRET), paired.store.settings
    hub.answers = [said]
    with paired.store.receiver() as receiver, pytest.raises(HubError, match=reason):
        pair(CODE, hub, receiver) if way == "pair" else rotate(hub, receiver)
    assert paired.store.settings == before


def test_a_code_that_was_used_says_what_to_do(paired):
    with paired.store.receiver() as receiver, pytest.raises(HubError, match="Make a new one on the hub"):
        pair(CODE, PlayedHub("another"), receiver)


def test_the_erp_changes_the_secret(paired):
    hub = PlayedHub(SECRET)
    with paired.store.receiver() as receiver:
        rotate(hub, receiver)
    assert paired.store.settings.secrets == (hub.agreed, SECRET)


def test_where_the_hub_does_not_know_the_newest_the_former_one_asks(paired):
    paired.set(secrets=("n" * 64, SECRET), is_rotating=True)
    hub = PlayedHub(SECRET)
    with paired.store.receiver() as receiver:
        rotate(hub, receiver)
    assert paired.store.settings.secrets == (hub.agreed, SECRET)


def test_a_secret_that_changed_meanwhile_stands(paired):
    hub = PlayedHub(SECRET)
    hub.before = lambda: paired.set(secrets=("m" * 64, SECRET))
    with paired.store.receiver() as receiver, pytest.raises(HubError, match="that one stands"):
        rotate(hub, receiver)
    assert paired.store.settings.secrets == ("m" * 64, SECRET)


@pytest.mark.parametrize("missing", [{"hub_url": ""}, {"instance_id": ""}, {"secrets": ()}])
def test_who_is_not_paired_is_told_so(paired, missing):
    paired.set(**missing)
    with paired.store.receiver() as receiver:
        with pytest.raises(HubError, match="not paired"):
            rotate(PlayedHub(SECRET), receiver)
        assert [row.state for row in hub_rows(receiver, PlayedHub(SECRET), "")] == [FAILED]


def checked(bench: Bench, hub: PlayedHub, site: str = "https://erp.test") -> dict[str, tuple[str, str]]:
    with bench.store.receiver() as receiver:
        return {row.check: (row.state, row.text) for row in hub_rows(receiver, hub, site)}


def test_a_good_connection(paired):
    rows = checked(paired, PlayedHub(SECRET))
    assert {state for state, _ in rows.values()} == {OK}
    assert list(rows) == ["Hub", "Clock", "Signature", "Versions", "ERP Instance", "Address of this ERP"]


CHECKS = [
    ({"proof": "0" * 64}, "Signature", FAILED, "does not come from the hub"),
    ({"proof": None}, "Signature", FAILED, "does not come from the hub"),
    ({"proof": "é"}, "Signature", FAILED, "does not come from the hub"),
    ({"server_time": NOW + 30}, "Clock", WARNING, "+30 s off"),
    ({"server_time": NOW - 301}, "Clock", FAILED, "-301 s off"),
    ({"contract_version": "2.0"}, "Versions", FAILED, "protocol 2.0"),
    ({"versions": {"salla_manager": "9.9.9"}}, "Versions", WARNING, "9.9.9 there"),
    ({"versions": 5}, "Versions", OK, "salla_manager ?"),
    ({"is_enabled": False}, "ERP Instance", WARNING, "switched off on the hub"),
    ({"erp_url": "https://other.test"}, "Address of this ERP", WARNING, "sends to https://other.test"),
    ({"erp_url": "https://[bad"}, "Address of this ERP", WARNING, "[bad"),
    ({"ok": "true"}, "Hub", FAILED, "ok"),
]


@pytest.mark.parametrize(("says", "check", "state", "words"), CHECKS)
def test_what_is_wrong_has_a_row(paired, says, check, state, words):
    hub = PlayedHub(SECRET)
    hub.says = says
    found = checked(paired, hub)[check]
    assert found[0] == state
    assert words in found[1]


def test_a_hub_that_knows_no_secret_of_ours(paired):
    rows = checked(paired, PlayedHub("x" * 64))
    assert rows["Signature"] == (
        FAILED,
        "The hub does not take this ERP's secret. Pair again, with a code from the hub.",
    )


def test_a_hub_that_knows_only_the_former_secret(paired):
    paired.set(secrets=("n" * 64, SECRET), is_rotating=True)
    assert checked(paired, PlayedHub(SECRET))["Signature"][0] == WARNING


def test_a_hub_in_the_clear_is_for_this_machine(paired):
    hub = PlayedHub(SECRET)
    paired.set(hub_url="http://localhost")
    hub.post = lambda url, body, headers: PlayedHub.post(hub, HUB, body, headers)  # type: ignore[method-assign]
    assert checked(paired, hub)["Hub"][0] == WARNING


def test_a_ping_brings_the_executor_s_own_checklist(bench):
    ack = bench.post(*signed(command("", {}, command_type="ping", store_account="")))
    assert [row["state"] for row in ack.payload["checks"]] == ["ok"]
