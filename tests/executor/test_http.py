"""The embedded executor over real HTTP."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from executor_kit import INSTANCE, NOW, SECRET, command, order, product, signed

from salla_executor.contract import DISPATCH_PATH, MAX_BODY
from sandbox.executor import EmbeddedExecutor


@pytest.fixture
def executor(tmp_path):
    with EmbeddedExecutor(tmp_path / "executor.sqlite", INSTANCE, SECRET, clock=lambda: NOW) as running:
        yield running


def post(executor, sent, **changes):
    body, headers = signed(sent)
    return requests.post(executor.url + DISPATCH_PATH, data=body, headers=headers | changes, timeout=10)


def test_answer_is_the_bare_object(executor):
    sent = command("product", product())
    answer = post(executor, sent)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    assert set(body) == {"ack_status", "ack_payload", "idempotency_key", "command_id"}
    assert (body["ack_status"], body["idempotency_key"], body["command_id"]) == (
        "applied",
        sent.idempotency_key,
        sent.command_id,
    )
    assert [one["name"] for one in executor.documents("Item")] == ["SKU-11"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods(executor, method):
    answer = requests.request(method, executor.url + DISPATCH_PATH, timeout=10)
    assert (answer.status_code, answer.json()["ack_payload"]["error_code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("path", ["/", "/x", DISPATCH_PATH + "/x", "/api/v2/method/x"])
def test_other_paths(executor, path):
    answer = requests.post(executor.url + path, data=b"{}", timeout=10)
    assert (answer.status_code, answer.json()["ack_payload"]["error_code"]) == (404, "not_found")


def test_body_too_large(executor):
    answer = requests.post(executor.url + DISPATCH_PATH, data=b"x" * (MAX_BODY + 1000), timeout=10)
    assert (answer.status_code, answer.json()["ack_status"]) == (413, "rejected")


def test_refusal_and_failure_carry_their_status(executor):
    body, headers = signed(command("product", product()), secret="x" * 64)
    assert (
        requests.post(executor.url + DISPATCH_PATH, data=body, headers=headers, timeout=10).status_code == 401
    )
    answer = post(executor, command("order", order()))
    assert (answer.status_code, answer.json()["ack_payload"]["error_code"]) == (503, "unknown_item")


def test_retry_after_travels_as_a_header(executor):
    sent = command("product", product())
    with executor.store.receiver() as other:
        other.claim(sent, "x")
        answer = post(executor, sent)
    assert (answer.status_code, answer.headers["Retry-After"]) == (409, "2")


def test_stop_and_start_again_is_an_outage(executor):
    sent, port = command("product", product()), executor.port
    assert post(executor, sent).json()["ack_status"] == "applied"
    executor.stop()
    with pytest.raises(requests.ConnectionError):
        post(executor, sent)
    executor.start()
    assert executor.port == port
    answer = post(executor, sent).json()
    assert (answer["ack_status"], answer["ack_payload"]["repeat"]) == ("applied", True)
    # The nonces survive as well.
    body, headers = signed(command("product", product("12")))
    assert (
        requests.post(executor.url + DISPATCH_PATH, data=body, headers=headers, timeout=10).status_code == 200
    )
    executor.stop()
    executor.start()
    again = requests.post(executor.url + DISPATCH_PATH, data=body, headers=headers, timeout=10)
    assert again.json()["ack_payload"]["error_code"] == "nonce_used"


def test_many_copies_of_one_command_at_once(executor):
    post(executor, command("product", product()))
    sent, start = command("order", order()), threading.Barrier(8)

    def send(_):
        start.wait()
        return [post(executor, sent) for _ in range(5)]

    with ThreadPoolExecutor(8) as pool:
        answers = [answer for batch in pool.map(send, range(8)) for answer in batch]
    fresh = [one for one in answers if one.status_code == 200 and "repeat" not in one.json()["ack_payload"]]
    assert len(fresh) == 1
    assert {one.status_code for one in answers} <= {200, 409}
    assert len(executor.documents("Sales Order")) == 1
    assert executor.store.errors == []


def test_many_commands_at_once(executor):
    post(executor, command("product", product()))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: post(executor, command("order", order(str(n)))), range(60)))
    assert {one.json()["ack_status"] for one in answers} == {"applied"}
    orders = executor.documents("Sales Order")
    assert len({one["external_id"] for one in orders}) == len(orders) == 60
    assert len(executor.documents("Customer")) == 1
