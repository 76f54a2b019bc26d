"""What an ERP asks of the hub about their connection: a new secret, and the hub's half of a checklist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salla_manager import __version__, contract
from salla_manager.core import shared_secret
from salla_manager.core.callers import answered, authenticate, read_body
from salla_manager.core.host import Host


def receive_pair(raw: bytes, headers: Mapping[str, str], host: Host) -> tuple[int, dict[str, Any]]:
    """A new secret, asked for with a pairing code or with the secret that the ERP has: (HTTP status, answer)."""

    def work() -> dict[str, Any]:
        instance, request = authenticate(raw, headers, host, with_code=True, also_disabled=True)
        question = read_body(raw, request, "pair")
        return shared_secret.agree(host, instance.name, request, question)

    return answered(work)


def receive_check(raw: bytes, headers: Mapping[str, str], host: Host) -> tuple[int, dict[str, Any]]:
    """(HTTP status, answer). A disabled instance is answered too: its checklist shall say that it is."""

    def work() -> dict[str, Any]:
        instance, request = authenticate(raw, headers, host, also_disabled=True)
        read_body(raw, request, "check")
        now = int(host.clock.now().timestamp())
        return {
            "proof": contract.answer_proof(request.secret, request.nonce, now),
            "server_time": now,
            "contract_version": contract.CONTRACT_VERSION,
            "versions": {"salla_manager": __version__, **host.versions},
            "erp_url": instance.url,
            "is_enabled": instance.is_enabled,
        }

    return answered(work)
