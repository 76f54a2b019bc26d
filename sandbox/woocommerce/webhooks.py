"""Webhooks of a store: who has subscribed, the ping, and the one attempt that each delivery gets."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests
from werkzeug.wrappers import Request

from sandbox.salla.shop import Delivery
from sandbox.woocommerce import bodies
from sandbox.woocommerce.query import ApiError
from sandbox.woocommerce.state import WooState

RESOURCES = ("order", "product", "customer", "coupon")
# Failures in a row after which a webhook is switched off.
MOST_FAILURES = 5
AGENT = "WooCommerce/10.4.2 Hookshot (WordPress/6.8.3)"


@dataclass
class Subscription:
    """failures: in a row. log: the HTTP status of each delivery, 0 for none."""

    id: int
    topic: str
    delivery_url: str
    secret: str = field(repr=False)
    name: str = ""
    status: str = "active"
    failures: int = 0
    log: list[int] = field(default_factory=list)


class Webhooks:
    """url: of the site. secret: of deliveries that a scenario sends by itself."""

    def __init__(
        self, state: WooState, url: Callable[[], str], secret: str = "SandboxWebhookSecretOfSandboxStore"
    ):
        self._state, self._url, self.secret = state, url, secret
        self.held: dict[int, Subscription] = {}
        self.timeout = 60.0

    def delivery(self, topic: str, body: Any, number: int = 1, secret: str | None = None) -> Delivery:
        """A signed delivery of any content, also of nonsense."""
        raw = bodies.dump(body)
        resource, _, event = topic.partition(".")
        headers = {
            "User-Agent": AGENT,
            "Content-Type": "application/json",
            "X-WC-Webhook-Source": f"{self._url()}/",
            "X-WC-Webhook-Topic": topic,
            "X-WC-Webhook-Resource": resource,
            "X-WC-Webhook-Event": event,
            "X-WC-Webhook-Signature": signature(self.secret if secret is None else secret, raw),
            "X-WC-Webhook-ID": str(number),
            "X-WC-Webhook-Delivery-ID": _delivery_id(number, self._state.moment().isoformat()),
        }
        return Delivery(topic, raw, headers)

    def ping(self, number: int = 1) -> Delivery:
        """What a new webhook sends first: a form, unsigned."""
        headers = {"User-Agent": AGENT, "Content-Type": "application/x-www-form-urlencoded"}
        return Delivery("ping", f"webhook_id={number}".encode(), headers)

    def send(self, delivery: Delivery) -> list[int]:
        """To all who have subscribed to its topic, once each, signed anew; the HTTP statuses."""
        return [
            self._attempt(one, self._signed_for(one, delivery))
            for one in list(self.held.values())
            if one.status == "active" and one.topic == delivery.event
        ]

    def _signed_for(self, one: Subscription, delivery: Delivery) -> Delivery:
        proof = {
            "X-WC-Webhook-Signature": signature(one.secret, delivery.body),
            "X-WC-Webhook-ID": str(one.id),
        }
        return Delivery(delivery.event, delivery.body, delivery.headers | proof)

    def _attempt(self, one: Subscription, delivery: Delivery) -> int:
        try:
            answer = requests.post(
                one.delivery_url,
                data=delivery.body,
                headers=delivery.headers,
                timeout=self.timeout,
                allow_redirects=False,
            )
            status = answer.status_code
        except requests.RequestException:
            status = 0
        one.log.append(status)
        one.failures = 0 if 200 <= status < 303 else one.failures + 1
        if one.failures > MOST_FAILURES:
            one.status = "disabled"
        return status

    # As resources

    def rows(self) -> list[dict[str, Any]]:
        return [self.shown(one) for one in self.held.values()]

    def shown(self, one: Subscription | dict[str, Any]) -> dict[str, Any]:
        """Without the secret, which the shop never shows."""
        if isinstance(one, dict):
            return one
        resource, _, event = one.topic.partition(".")
        return {
            "id": one.id,
            "name": one.name or one.topic,
            "status": one.status,
            "topic": one.topic,
            "resource": resource,
            "event": event,
            "hooks": [],
            "delivery_url": one.delivery_url,
            **bodies.dates(self._state, "created", self._state.moment()),
            **bodies.dates(self._state, "modified", self._state.moment()),
        }

    def add(self, topic: str, url: str, secret: str | None = None, **values: Any) -> Subscription:
        """A webhook that is there already."""
        number = self._state.new_id()
        self.held[number] = Subscription(number, topic, url, secret or self.secret, **values)
        return self.held[number]

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        """POST webhooks; the address is pinged at once. Raises ApiError."""
        topic, url = str(body.get("topic") or ""), str(body.get("delivery_url") or "")
        if not re.fullmatch(rf"({'|'.join(RESOURCES)})\.(created|updated|deleted|restored)", topic):
            raise ApiError(
                400,
                "woocommerce_rest_webhook_invalid_topic",
                "Webhook topic is required and must be valid.",
            )
        if not url.startswith(("http://", "https://")):
            raise ApiError(
                400,
                "woocommerce_rest_webhook_invalid_delivery_url",
                "Webhook delivery URL must be a valid URL starting with http:// or https://.",
            )
        one = self.add(topic, url, body.get("secret"), name=str(body.get("name") or ""))
        self._attempt(one, self.ping(one.id))
        return self.shown(one)

    def answer(self, request: Request, key: int) -> dict[str, Any]:
        """GET, PUT and DELETE of one. Raises ApiError."""
        one = self.held.get(key)
        if one is None:
            raise ApiError(404, "woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.")
        if request.method == "DELETE":
            del self.held[key]
        elif request.method in ("PUT", "POST", "PATCH"):
            given = request.get_json(silent=True) or {}
            for name in ("name", "status", "topic", "delivery_url", "secret"):
                setattr(one, name, given.get(name, getattr(one, name)))
        return self.shown(one)


def signature(secret: str, raw: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()


def _delivery_id(number: int, second: str) -> str:
    """Of webhook and second: not unique."""
    return hashlib.md5(f"{number}{second}".encode(), usedforsecurity=False).hexdigest()
