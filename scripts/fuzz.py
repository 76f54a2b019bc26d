"""Schemathesis against the embedded hosts: what docs/openapi.json describes, bent out of shape and signed rightly.

usage: python -m scripts.fuzz [COUNT] [SEED]   in the environment that `make fuzz` makes.
Of the cases two thirds carry a valid signature, so that the damage comes behind it. An answer has to be that of the
document and no server error, and a refused request writes nothing.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from werkzeug.test import Client

from salla_manager import contract
from salla_manager.core.model import Store
from salla_manager.platforms.salla import signature
from salla_manager.platforms.woocommerce import signature as woo_signature
from sandbox.executor import EmbeddedExecutor
from sandbox.hub import EmbeddedHub

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "openapi.json"
INSTANCE, SECRET, WEBHOOK_SECRET = "ERP-INSTANCE-0001", "s" * 64, "w" * 32
TABLES = ("inbox", "documents", "refs", "contacts", "shop_orders")
REFUSED = (400, 401, 403, 404, 405, 413)


KINDS_OF_ANSWER = ("Ack", "PullAnswer", "PairAnswer", "CheckAnswer", "WebhookAnswer", "Refusal")


class EmptyShop:
    """A shop in which nothing is, so that a pull that is taken ends at once."""

    def fetch(self, entity_type: str, external_id: str) -> None:
        return None

    def find_by_sku(self, sku: str) -> None:
        return None

    def list(self, entity_type: str, since: Any = None) -> Iterator[dict[str, Any]]:
        return iter(())


class Hosts:
    """Both embedded hosts without their servers; what they have written; what they have answered."""

    def __init__(self, folder: Path, document: dict[str, Any]):
        self.executor = EmbeddedExecutor(folder / "executor.sqlite", INSTANCE, SECRET)
        self.hub = EmbeddedHub(
            folder / "hub.sqlite", webhook_secrets=(WEBHOOK_SECRET,), client_for=self._shop_of
        )
        self.hub.add_instance("http://127.0.0.1:9", SECRET, INSTANCE)
        self.store = self.hub.add_store("1305146709", erp_instance=INSTANCE)
        self.woo = self.hub.add_store("shop.example.com", platform="woocommerce", erp_instance=INSTANCE)
        self.hub.store.store_webhook_secrets[self.woo.name] = WEBHOOK_SECRET
        self.document = document
        self.answers: dict[str, Counter[str]] = {}
        names = [f"#/components/schemas/{name}" for name in KINDS_OF_ANSWER]
        self.validators = {
            name: jsonschema_rs.validator_for({"$ref": name, "components": document["components"]})
            for name in names
        }

    @staticmethod
    def _shop_of(store: Store) -> Any:
        return EmptyShop()

    def app(self, path: str) -> Any:
        return self.executor if path == contract.DISPATCH_PATH else self.hub

    def written(self) -> dict[str, Any]:
        """Of both hosts, nonces left out: those of a valid signature are kept also where the body is refused."""
        rows = {table: self.executor.store.count(table) for table in TABLES}
        return {**rows, **self.hub.counts()}

    def send(self, path: str, raw: bytes, headers: dict[str, str], query: dict[str, str]) -> None:
        """Raises AssertionError where the answer is none of the document, or a refusal has written something."""
        before = self.written()
        answer = Client(self.app(path)).post(path, data=raw, headers=headers, query_string=query)
        told = f"{path} {query} {headers} {raw[:600]!r} -> {answer.status} {answer.get_data()[:600]!r}"
        body = self._checked(path, answer.status_code, answer.get_data(), told)
        if answer.status_code in REFUSED or body.get("ack_status") == "rejected":
            assert self.written() == before, told
        assert self.executor.store.errors == [], told
        code = (body.get("ack_payload") or body).get("error_code") or ""
        counted = self.answers.setdefault(path, Counter())
        counted[f"{answer.status_code} {body.get('ack_status', '')} {code}".replace("  ", " ").strip()] += 1

    def _checked(self, path: str, status: int, raw: bytes, told: str) -> dict[str, Any]:
        responses = self.document["paths"][path]["post"]["responses"]
        assert str(status) in responses, told
        body = json.loads(raw)
        name = responses[str(status)]["content"]["application/json"]["schema"]["$ref"]
        assert self.validators[name].is_valid(body), told
        # 503 is an answer of the contract where a later try can help; a mishap is none.
        if status >= 500:
            assert (status, body["ack_status"], body["ack_payload"]["retryable"]) == (503, "failed", True), (
                told
            )
            assert body["ack_payload"]["error_code"] != "internal", told
        return body


def body_bytes(case: Case) -> bytes:
    if isinstance(case.body, bytes):
        return case.body
    try:
        return json.dumps(case.body, ensure_ascii=False).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError):
        return b""


def plain_headers(case: Case) -> dict[str, str]:
    """As generated; what no HTTP client could send is left out."""
    return {
        str(name): str(value)
        for name, value in dict(case.headers or {}).items()
        if str(name).isascii() and str(value).isascii() and not {"\r", "\n", "\x00"} & set(str(value))
    }


def tame(value: Any) -> Any:
    """Numbers that the contract can hold; else a third of all bodies would end at the reader of JSON."""
    if isinstance(value, dict):
        return {name: tame(child) for name, child in value.items()}
    if isinstance(value, list):
        return [tame(child) for child in value]
    if isinstance(value, float):
        return round(value, 6) if 1e-6 < abs(value) < 1e12 else 0.5
    return value % 2**53 if isinstance(value, int) and abs(value) > 2**60 else value


def fitted(hosts: Hosts, body: Any, key: str) -> Any:
    """The body about this very instance, key and store, where it is one that can say so."""
    body = tame(body)
    if not isinstance(body, dict):
        return body
    if "store_id" in body and isinstance(body["store_id"], str):
        return body | {"store_id": hosts.store.name}
    if "erp_instance" in body:
        return body | {"erp_instance": INSTANCE, "idempotency_key": key}
    return body


def signed(path: str, raw: bytes, key: str) -> dict[str, str]:
    if path.endswith("webhooks.woocommerce"):
        return {woo_signature.SIGNATURE: woo_signature.sign(WEBHOOK_SECRET, raw)}
    if path.endswith("webhooks.salla"):
        return {signature.STRATEGY: "Signature", signature.SIGNATURE: signature.sign(WEBHOOK_SECRET, raw)}
    return contract.signed_headers(INSTANCE, SECRET, raw, key, now=int(time.time()))


def runner(hosts: Hosts, operation: Any, mode: GenerationMode, count: int, start: int) -> Callable[[], None]:
    @seed(start)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=operation.as_strategy(generation_mode=mode), how=st.sampled_from(["fitted", "signed", "bare"])
    )
    def run(case: Case, how: str) -> None:
        key = contract.new_nonce()
        if how == "fitted":
            case.body = fitted(hosts, case.body, key)
        raw = body_bytes(case)
        headers = plain_headers(case)
        if how != "bare":
            headers |= signed(operation.path, raw, key)
        query = {str(name): str(value) for name, value in dict(case.query or {}).items()}
        if how != "bare" and "store" in query:
            query["store"] = hosts.woo.name
        hosts.send(operation.path, raw, headers, query)

    return run


def main(words: list[str]) -> int:
    count = int(words[0]) if words else 2_400
    start = int(words[1]) if len(words) > 1 else random.SystemRandom().randrange(2**32)
    print(f"schemathesis: seed {start}", flush=True)
    began = time.monotonic()
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    operations = [found.ok() for found in schemathesis.openapi.from_dict(document).get_all_operations()]
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        hosts = Hosts(Path(folder), document)
        for operation in operations:
            # What is right comes too, so that it is known that the road behind the refusals is open.
            runner(hosts, operation, GenerationMode.NEGATIVE, count // len(operations), start)()
            runner(hosts, operation, GenerationMode.POSITIVE, count // len(operations) // 10, start)()
    for path, answers in hosts.answers.items():
        print(path)
        for answer, number in sorted(answers.items()):
            print(f"  {number:>6}  {answer}")
    total = sum(number for answers in hosts.answers.values() for number in answers.values())
    print(
        f"{total} cases in {time.monotonic() - began:.0f} s, no server error, nothing written by a refused one."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
