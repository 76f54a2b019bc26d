"""One run on the client's site: its mark, the commands it signs, and whom it posts as."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count
from typing import Any

from contents import Unit

import frappe

from salla_executor import contract
from salla_executor.api.commands import _receive
from salla_executor.erpnext.settings import read_settings
from salla_executor.setup.integration_user import INTEGRATION_ROLE


class ClientRun:
    def __init__(self, run: str):
        self.run = run
        self.settings = read_settings()
        if not (self.settings.secrets and self.settings.is_enabled):
            raise SystemExit(
                "the executor is not paired or switched off; run `python3 scripts/bench/pair.py`"
            )
        self._numbers = count(1)
        self._authorization = ""

    def unit(self) -> Unit:
        number = next(self._numbers)
        # Adopting a customer goes by phone, so each unit has one that nobody else has.
        return Unit(f"{self.run}-{number:04d}-", f"+9665{int(time.time()) % 10_000:04d}{number:04d}")

    def request(
        self, command_type: str, payload: dict[str, Any], revision: int = 1, generation: int = 0
    ) -> bytes:
        command = contract.Command(
            command_id=f"{self.run}-{revision}-{generation}",
            command_type=command_type,
            entity_type=contract.COMMAND_TYPES.get(command_type, ""),
            store_account=self.run,
            customer_account="",
            erp_instance=self.settings.instance_id,
            idempotency_key=frappe.generate_hash(length=40),
            payload=payload,
            revision=revision,
            generation=generation,
        )
        return contract.encode_command(command)

    def headers(self, body: bytes) -> dict[str, str]:
        key = contract.load_json(body)["idempotency_key"]
        now = int(time.time())
        return contract.signed_headers(
            self.settings.instance_id, self.settings.secrets[0], body, key, now=now
        )

    def receive(self, body: bytes, expected: str) -> Callable[[], Any]:
        """Prepared off the clock: signing is the hub's work, and the user is whom the web server starts with."""
        headers = self.headers(body)
        frappe.set_user("Guest")
        frappe.clear_messages()

        def work() -> dict[str, Any]:
            ack = _receive(body, headers)
            if ack.ack_status != expected:
                raise RuntimeError(f"the executor answered {ack.ack_status}: {ack.payload.get('message')}")
            return ack.payload

        return work

    def known_items(self, make: Callable[[Unit], dict[str, Any]], number: int) -> list[Unit]:
        units = [self.unit() for _ in range(number)]
        for unit in units:
            self.receive(self.request("upsert_product", make(unit)), "applied")()
        return units

    def authorization(self) -> str:
        """Of a user with exactly the rights of the executor's own, made on first use: what a script would post as."""
        if not self._authorization:
            frappe.set_user("Administrator")
            user = frappe.new_doc("User")
            user.update(
                {
                    "email": f"{self.run}-@benchmark.invalid",
                    "first_name": self.run,
                    "last_name": f"{self.run}-",
                }
            )
            user.update({"send_welcome_email": 0, "api_key": frappe.generate_hash(length=15)})
            user.api_secret = secret = frappe.generate_hash(length=15)
            user.append("roles", {"role": INTEGRATION_ROLE})
            user.flags.no_welcome_mail = True
            user.insert()
            # The web server reads it.
            frappe.db.commit()
            self._authorization = f"token {user.api_key}:{secret}"
        return self._authorization
