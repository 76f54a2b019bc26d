"""`python -m sandbox up --json` as whoever writes the other end uses it."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from salla_executor import contract

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def up():
    """(process, details of its first line)."""
    command = [sys.executable, "-m", "sandbox", "up", "--json"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def post(url, details, body, key, secret=None):
    secret = secret or details["shared_secret"]
    headers = contract.signed_headers(details["instance_id"], secret, body, key, now=int(time.time()))
    return requests.post(url, data=body, headers=headers, timeout=20)


def command_of(details, name="Hayat"):
    key = contract.idempotency_key(details["instance_id"], "upsert_brand", details["store_id"], "77", 1)
    command = contract.Command(
        "SM-COMMAND-90001", "upsert_brand", "brand", details["store_id"], "CUST-0001", details["instance_id"], key,
        {"external_id": "77", "name": name}, revision=1,
    )  # fmt: skip
    return contract.encode_command(command), key


def test_the_first_line_says_all_that_is_needed(up):
    _, details = up
    assert details["contract_version"] == contract.CONTRACT_VERSION
    assert details["receive_url"] == details["executor_url"] + contract.DISPATCH_PATH
    assert details["pull_url"] == details["hub_url"] + contract.PULL_PATH
    assert all(isinstance(value, str) and value for value in details.values())


def test_a_signed_command_is_applied_once(up):
    _, details = up
    body, key = command_of(details)
    first, again = (post(details["receive_url"], details, body, key) for _ in range(2))
    assert (first.status_code, first.json()["ack_status"]) == (200, "applied")
    assert first.json()["ack_payload"]["erp_doc"] == {"doctype": "Brand", "name": "Hayat"}
    assert again.json()["ack_payload"]["repeat"] is True


def test_a_wrong_secret_is_refused(up):
    _, details = up
    body, key = command_of(details, "Forged")
    for url in (details["receive_url"], details["pull_url"]):
        assert post(url, details, body, key, "not the secret").status_code == 401


def test_a_signed_pull_is_answered_and_its_commands_arrive(up):
    _, details = up
    body = contract.dump_json({"store_id": details["store_id"], "entity_types": ["brands"], "limit": 2})
    answer = post(details["pull_url"], details, body, contract.body_hash(body))
    assert answer.status_code == 200, answer.text
    assert answer.json()["ok"] is True
    assert answer.json()["queued"] == {"brands": 2}


def test_the_shop_answers_with_a_token_only(up):
    _, details = up
    assert requests.get(details["shop_api_url"] + "/brands", timeout=10).status_code == 401


# The last, since it ends what the others use.
def test_an_interrupt_ends_it_cleanly(up):
    process, _ = up
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert process.stderr.read() == ""
