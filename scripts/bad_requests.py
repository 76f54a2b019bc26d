"""Bad requests by the thousand through the executor's `receive`, in this process, made by Hypothesis.

Each of them is refused with a bare ack and in words, and leaves nothing; the first that does not ends the run and is
shrunk. usage: python -m scripts.bad_requests [COUNT] [SEED]
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from salla_executor import contract
from salla_executor.core.receive import receive
from sandbox.executor_store import Store, default_settings

INSTANCE, SECRET, NOW = "ERP-INSTANCE-0001", "s" * 64, 1_790_000_000
ENVELOPE = {
    "command_id": "SM-COMMAND-00001",
    "command_type": "upsert_product",
    "entity_type": "product",
    "store_account": "SM-STORE-00001",
    "customer_account": "CUST-0001",
    "erp_instance": INSTANCE,
    "idempotency_key": "k" * 64,
    "payload": {"external_id": "11", "name": "Mug", "sku": "SKU-11", "price": "10.00"},
    "revision": 1,
}
SIGNED = ("X-Instance-ID", "X-Timestamp", "X-Nonce", "X-Signature", "X-Idempotency-Key")
TABLES = ("inbox", "documents", "refs", "contacts", "shop_orders")
_LETTERS = "aZ09.:_-+ ,\n\r\t\x00<>'\"%{}[]é١\u202e😀"


@dataclass(frozen=True)
class Bad:
    """is_signed: with a valid signature, so that its nonce is kept."""

    kind: str
    body: bytes
    headers: dict[str, str]
    is_signed: bool = False


def proper(body: bytes | None = None, **changes: Any) -> tuple[bytes, dict[str, str]]:
    """A request that would be taken, so that a bad one has exactly one flaw."""
    body = contract.dump_json(ENVELOPE) if body is None else body
    values = {"secret": SECRET, "now": NOW} | changes
    return body, contract.signed_headers(INSTANCE, values["secret"], body, "k" * 64, now=values["now"])


def some_text(rng: random.Random, most: int = 80) -> str:
    return "".join(rng.choice(_LETTERS) for _ in range(rng.randrange(most)))


def header_lost(rng: random.Random) -> Bad:
    body, headers = proper()
    del headers[rng.choice(SIGNED)]
    return Bad("header lost", body, headers)


def header_altered(rng: random.Random) -> Bad:
    """Some other text instead of it, or within it; never one of the contract's grammar but the right one."""
    body, headers = proper()
    name = rng.choice(SIGNED[:4])
    value = headers[name]
    at = rng.randrange(len(value) + 1)
    others = (
        some_text(rng),
        value[:at] + rng.choice(_LETTERS) + value[at:],
        value[:at] + value[at + 1 :] if at < len(value) else value[1:],
        f"{value}, {value}",
        value * 3,
    )
    other = rng.choice([one for one in others if one != value])
    return Bad("header altered", body, headers | {name: other})


def signature_altered(rng: random.Random) -> Bad:
    body, headers = proper()
    value, at = headers["X-Signature"], rng.randrange(64)
    digit = rng.choice("0123456789abcdef".replace(value[at], ""))
    return Bad("signature altered", body, headers | {"X-Signature": value[:at] + digit + value[at + 1 :]})


def body_altered(rng: random.Random) -> Bad:
    body, headers = proper()
    at = rng.randrange(len(body))
    changed = bytes([body[at] ^ rng.randrange(1, 256)])
    flipped = body[:at] + changed + body[at + 1 :]
    return Bad("body altered", rng.choice([flipped, body[:at], body + b" ", b"\xef\xbb\xbf" + body]), headers)


def wrong_secret(rng: random.Random) -> Bad:
    return Bad("wrong secret", *proper(secret=f"{rng.getrandbits(256):064x}"))


def wrong_time(rng: random.Random) -> Bad:
    offset = rng.choice([-1, 1]) * rng.randrange(301, 10**8)
    return Bad("wrong time", *proper(now=NOW + offset))


def no_json(rng: random.Random) -> Bad:
    """Signed rightly all the same."""
    good = contract.dump_json(ENVELOPE)
    at = rng.randrange(len(good) - 1)
    body = rng.choice(
        [
            good[:at],
            rng.randbytes(rng.randrange(200)) + b"\xff",
            good + b"}",
            b"[" * rng.randrange(33, 3000),
            good[:-1] + b',"revision":1}',
            good.replace(
                b":1}", rng.choice([b":NaN}", b":-Infinity}", b":1e400}", b":" + b"9" * 5000 + b"}"])
            ),
        ]
    )
    return Bad("no strict JSON", *proper(body), is_signed=True)


def odd_value(rng: random.Random) -> Any:
    return rng.choice(
        [
            None,
            True,
            -1,
            0,
            1.5,
            2**60,
            "",
            "<b>",
            "a\x00b",
            "x" * 141,
            [],
            ["like", "%"],
            {},
            {"a": 1},
            some_text(rng),
        ]
    )


def no_envelope(rng: random.Random) -> Bad:
    """A field of another form, a name that steers the framework, another key or instance than the header's."""
    values: dict[str, Any] = dict(ENVELOPE)
    choice = rng.randrange(4)
    if choice == 0:
        values[rng.choice(sorted(contract.FORBIDDEN_BODY_KEYS))] = odd_value(rng)
    elif choice == 1:
        name = rng.choice(["command_type", "erp_instance", "idempotency_key", "entity_type"])
        values[name] = rng.choice([value for _ in range(9) if (value := odd_value(rng)) != ENVELOPE[name]])
    elif choice == 2:
        values[rng.choice(["revision", "generation"])] = rng.choice([-1, 1.5, True, "1", None, [], 2**53])
    else:
        values[rng.choice(["payload", "dry_run", "contract_version"])] = rng.choice([None, 7, [], 1.5])
    return Bad("no envelope", *proper(contract.dump_json(values)), is_signed=True)


def other_header(rng: random.Random) -> Bad:
    """Signed rightly, but with the key or the instance of another command in the body."""
    other = rng.choice([{"idempotency_key": "x" * 64}, {"erp_instance": "ERP-INSTANCE-0002"}])
    return Bad("other header", *proper(contract.dump_json(ENVELOPE | other)), is_signed=True)


def no_object(rng: random.Random) -> Bad:
    value = rng.choice([None, True, rng.randrange(10**6), some_text(rng), [], [ENVELOPE]])
    return Bad("no object", *proper(contract.dump_json(value)), is_signed=True)


def too_large(rng: random.Random) -> Bad:
    return Bad("too large", *proper(b" " * (contract.MAX_BODY + 1 + rng.randrange(3))))


# Those that cost little come more often.
KINDS: tuple[Callable[[random.Random], Bad], ...] = (
    *(header_lost, header_altered, signature_altered, body_altered, wrong_secret, wrong_time) * 4,
    *(no_json, no_envelope, no_object, other_header) * 4,
    too_large,
)


class Refused:
    """The executor that refuses, and what it has written meanwhile."""

    def __init__(self, path: Path):
        self.store = Store(path, default_settings(INSTANCE, SECRET), lambda: NOW)
        self.statuses: Counter[str] = Counter()
        self.nonces = 0

    def check(self, bad: Bad) -> None:
        """Raises AssertionError."""
        with self.store.receiver() as receiver:
            ack = receive(bad.body, bad.headers, receiver)
        told = f"{bad} -> {ack}"
        assert ack.ack_status == "rejected", told
        assert 400 <= ack.http_status < 500, told
        answer = json.loads(ack.body())
        assert set(answer) == {"ack_status", "ack_payload", "idempotency_key", "command_id"}, told
        assert all(answer["ack_payload"][name] for name in ("error_code", "message")), told
        assert SECRET not in ack.body().decode(), told
        self.statuses[f"{ack.http_status} {answer['ack_payload']['error_code']}"] += 1
        self.nonces += bad.is_signed

    def check_rows(self) -> None:
        """Nothing is written but the nonces of what was signed rightly. Raises AssertionError."""
        assert {table: self.store.count(table) for table in TABLES} == dict.fromkeys(TABLES, 0)
        assert self.store.count("nonces") == self.nonces
        assert self.store.errors == []


def run(count: int, start: int) -> Refused:
    """Raises AssertionError with the smallest bad request that was not refused as it should be."""
    with tempfile.TemporaryDirectory(prefix="bad-requests-") as folder:
        executor = Refused(Path(folder) / "executor.sqlite")

        @seed(start)
        @settings(
            max_examples=count,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(kind=st.sampled_from(KINDS), rng=st.randoms(use_true_random=False))
        def refuse(kind: Callable[[random.Random], Bad], rng: random.Random) -> None:
            executor.check(kind(rng))

        refuse()
        executor.check_rows()
    return executor


def main(words: list[str]) -> int:
    count = int(words[0]) if words else 10_000
    start = int(words[1]) if len(words) > 1 else random.SystemRandom().randrange(2**32)
    print(f"bad requests: seed {start}", flush=True)
    began = time.monotonic()
    executor = run(count, start)
    for answer, number in sorted(executor.statuses.items()):
        print(f"  {number:>6}  {answer}")
    total = sum(executor.statuses.values())
    print(f"  {total:>6}  in {time.monotonic() - began:.0f} s, all refused with a bare ack, nothing written.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
