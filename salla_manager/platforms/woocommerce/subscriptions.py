"""Webhooks at the shop: what it has of ours against what is wanted. ref: woocommerce.github.io (webhooks)

A key that may only read cannot make them; then a person does, by hand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from salla_manager.platforms.pace import Budget
from salla_manager.platforms.port import ShopError, WebhookTarget
from salla_manager.platforms.values import identifier, text
from salla_manager.platforms.woocommerce.api import WooApi
from salla_manager.platforms.woocommerce.webhooks import TOPICS

NAME = "Salla Manager"
# WooCommerce decodes HTML in a secret, so that other signs may come out as something else.
_SAFE_SECRET = re.compile(r"[A-Za-z0-9]{32,}")
_BY_HAND = (
    "The key may only read. In the shop, WooCommerce > Settings > Advanced > Webhooks, make one for each topic with the"
    " delivery URL {url} and the webhook secret of this hub, or give the key the permission Read/Write and repair again."
)


@dataclass(frozen=True)
class Difference:
    """words: what is wrong with the webhook of this topic. method: of the change, empty where none is possible."""

    topic: str
    words: str
    hook_id: str = ""
    method: str = ""


class Subscriptions:
    """At one store. All methods raise ShopError."""

    def __init__(self, api: WooApi, wait: float):
        self._api = api
        self._wait = wait

    def check(self, target: WebhookTarget) -> list[str]:
        """What is not as it should be, in words."""
        try:
            return [f"{found.topic}: {found.words}" for found in self._differences(target)]
        except ShopError as error:
            return _unseen(error, target)

    def repair(self, target: WebhookTarget) -> list[str]:
        """The same, with what was done about it."""
        try:
            differences = self._differences(target)
        except ShopError as error:
            return _unseen(error, target)
        told = []
        for found in differences:
            try:
                told.append(f"{found.topic}: {found.words} {self._mend(found, target)}")
            except ShopError as error:
                if error.kind not in ("forbidden", "unauthorized", "refused"):
                    raise
                if error.kind != "refused":
                    return [*told, f"{found.topic}: {found.words}", _BY_HAND.format(url=target.url)]
                told.append(f"{found.topic}: {found.words} The shop refuses the change: {error}")
        return told

    def _differences(self, target: WebhookTarget) -> list[Difference]:
        if not _SAFE_SECRET.fullmatch(target.secret):
            words = (
                "The webhook secret has to be 32 or more letters and digits; WooCommerce alters other signs."
            )
            return [Difference("all", words)]
        query = {"orderby": "id", "order": "asc"}
        listed, place, budget = [], 0, Budget(self._wait)
        while True:
            page = self._api.page("/webhooks", query, place, budget)
            listed += [row for _, row in page.rows]
            place += page.size
            if not page.rows or (page.answer.pages is not None and place // page.size >= page.answer.pages):
                return _compare(listed, target)

    def _mend(self, found: Difference, target: WebhookTarget) -> str:
        if not found.method:
            return "Set another one in Salla Manager Settings."
        body = {
            "name": f"{NAME} {found.topic}",
            "topic": found.topic,
            "delivery_url": target.url,
            "secret": target.secret,
            "status": "active",
        }
        path = f"/webhooks/{found.hook_id}" if found.hook_id else "/webhooks"
        self._api.send(found.method, path, body, Budget(self._wait))
        return "It is mended now."


def _compare(listed: list[dict[str, Any]], target: WebhookTarget) -> list[Difference]:
    """Those that go to other addresses are somebody else's."""
    ours = {}
    for row in listed:
        if (text(row.get("delivery_url")) or "").rstrip("/").lower() == target.url.rstrip("/").lower():
            ours.setdefault(text(row.get("topic")), row)
    found = []
    for topic in TOPICS:
        row = ours.get(topic)
        if row is None:
            found.append(Difference(topic, "there is no webhook of this topic.", method="POST"))
        elif row.get("status") != "active":
            # More than five failures in a row switch it off for good.
            words = f"it is {text(row.get('status')) or 'not active'}."
            found.append(Difference(topic, words, identifier(row.get("id")) or "", "PUT"))
    return found


def _unseen(error: ShopError, target: WebhookTarget) -> list[str]:
    if error.kind not in ("forbidden", "unauthorized", "refused"):
        raise error
    return [f"The key may not see the shop's webhooks ({error}). " + _BY_HAND.format(url=target.url)]
