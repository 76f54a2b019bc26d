"""Commands that somebody sends who does not know the secret."""

from __future__ import annotations

import time

import requests

from salla_manager import contract


def forge(executor_url: str, instance_id: str) -> int:
    """A well-formed command signed with a secret that is not the shared one."""
    key = contract.idempotency_key(instance_id, "upsert_brand", "SM-STORE-00001", "666", 1)
    command = contract.Command(
        "SM-COMMAND-66666", "upsert_brand", "brand", "SM-STORE-00001", "CUST-0001", instance_id, key,
        {"external_id": "666", "name": "Forged"}, revision=1,
    )  # fmt: skip
    body = contract.encode_command(command)
    headers = contract.signed_headers(instance_id, "not the secret", body, key, now=int(time.time()))
    return requests.post(
        executor_url + contract.DISPATCH_PATH, data=body, headers=headers, timeout=30
    ).status_code
