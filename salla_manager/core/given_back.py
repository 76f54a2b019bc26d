"""That something of an order was given back, where the shop does not say which lines: it says so once, in an event."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from salla_manager.core.model import Record
from salla_manager.payloads import OrderPayload, Payload

P = TypeVar("P", bound=Payload)


def told(payloads: Iterable[Payload], at: datetime | None) -> list[Payload]:
    """at: of the newest such event about this order, None where there is none among those at hand."""
    return [
        payload.model_copy(update={"given_back_at": at})
        if at is not None and isinstance(payload, OrderPayload)
        else payload
        for payload in payloads
    ]


def with_given_back(payload: P, before: Record) -> P:
    """before: the order's own record; what an event said once holds for each later reading."""
    if not isinstance(payload, OrderPayload) or payload.given_back_at or not before.mapped:
        return payload
    kept = json.loads(before.mapped).get("given_back_at")
    if not kept:
        return payload
    # fromisoformat takes a final Z only from Python 3.11 on.
    return payload.model_copy(update={"given_back_at": datetime.fromisoformat(kept.replace("Z", "+00:00"))})
