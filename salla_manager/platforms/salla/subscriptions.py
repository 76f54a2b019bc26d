"""Subscriptions of a store's events: what Salla has of ours against what is wanted. ref: docs.salla.dev/841782f0

The Store Events list of the partner portal delivers for every store and needs none; subscriptions are for where it
does not. Those that go to other addresses are somebody else's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from salla_manager.platforms.port import ShopError, WebhookTarget
from salla_manager.platforms.salla.api import Budget, SallaApi
from salla_manager.platforms.salla.events import SUBJECTS
from salla_manager.platforms.values import identifier, mapping, text

NAME = "Salla Manager"
VERSION = 2
_STRATEGIES = ("signature", "token")
# Deprecated, said again by order.shipment.*, or said before anything has changed.
_LEFT_OUT = ("product.updated", "product.available")
EVENTS = tuple(
    event
    for event in SUBJECTS
    if event not in _LEFT_OUT and not event.startswith("shipment.") and not event.endswith(".creating")
)
_BAD_ADDRESS = ("localhost", "test.")


@dataclass(frozen=True)
class Hook:
    """One subscription. strategy and secret: None where Salla does not tell them."""

    id: str
    event: str
    url: str
    version: int = VERSION
    rule: str = ""
    strategy: str | None = None
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Difference:
    """words: what is wrong with the subscription of this event, or with all where none is named."""

    words: str
    repair: Literal["subscribe", "update", "remove", ""] = ""
    event: str = ""
    hook_id: str = ""


def hook_of(row: dict[str, Any]) -> Hook:
    security = mapping(row.get("security"))
    version = text(row.get("version")) or ""
    return Hook(
        id=identifier(row.get("id")) or "",
        event=text(row.get("event")) or "",
        url=text(row.get("url")) or "",
        version=int(version) if version.isdigit() else VERSION,
        rule=text(row.get("rule")) or "",
        strategy=(text(security.get("strategy")) or "").lower() if "strategy" in security else None,
        secret=_told(text(security.get("secret"))),
    )


def _told(secret: str | None) -> str | None:
    # Stars say nothing about it.
    return None if secret is None or "*" in secret else secret


def compare(found: list[Hook], target: WebhookTarget) -> list[Difference]:
    """What is not as it should be; empty where all is well."""
    differences = _of_the_address(target)
    ours = [hook for hook in found if _is_same(hook.url, target.url)]
    if not ours and target.heard:
        # All comes by the portal's list.
        return differences
    for event in EVENTS:
        hooks = [hook for hook in ours if hook.event == event]
        if not hooks and event not in target.heard:
            words = "not subscribed, and never come from this shop yet."
            differences.append(Difference(words, "subscribe", event))
        differences += _of_one(hooks[0], target) if hooks else []
        differences += [
            Difference("subscribed more than once.", "remove", event, hook.id) for hook in hooks[1:]
        ]
    return differences + [
        Difference(
            "nothing is done with this event; each costs a delivery.",
            "remove",
            hook.event,
            hook.id,
        )
        for hook in ours
        if hook.event not in SUBJECTS
    ]


def _of_the_address(target: WebhookTarget) -> list[Difference]:
    if any(part in target.url for part in _BAD_ADDRESS):
        words = f"Salla takes no address with localhost or test. in it, as {target.url} has. Correct Hub URL."
        return [Difference(words)]
    return []


def _of_one(hook: Hook, target: WebhookTarget) -> list[Difference]:
    faults = []
    if hook.version != VERSION:
        faults.append(f"its version is {hook.version}, not {VERSION}")
    if hook.rule:
        faults.append(f"its rule '{hook.rule[:100]}' drops events in silence")
    if hook.strategy is not None and hook.strategy not in _STRATEGIES:
        faults.append("it comes unsigned, so it is refused here")
    if hook.secret is not None and hook.secret != target.secret:
        faults.append("it has another secret, so it is refused here")
    return [Difference(f"{'; '.join(faults)}.", "update", hook.event, hook.id)] if faults else []


def _is_same(url: str, ours: str) -> bool:
    return url.rstrip("/").lower() == ours.rstrip("/").lower()


def lines_of(told: list[tuple[Difference, str]]) -> list[str]:
    """A line for each thing that is to be said, with all the events that it is said of."""
    events: dict[str, list[str]] = {}
    for found, outcome in told:
        events.setdefault(f"{found.words} {outcome}".rstrip(), []).append(found.event)
    return [f"{', '.join(named)}: {words}" if any(named) else words for words, named in events.items()]


class Subscriptions:
    """At one store. All methods raise ShopError."""

    def __init__(self, api: SallaApi, wait: float):
        self._api = api
        self._wait = wait

    def check(self, target: WebhookTarget) -> list[str]:
        """What is not as it should be, in words."""
        return lines_of([(found, "") for found in self._differences(target)])

    def repair(self, target: WebhookTarget) -> list[str]:
        """The same, with what was done about it."""
        return lines_of([(found, self._repair(found, target)) for found in self._differences(target)])

    def _differences(self, target: WebhookTarget) -> list[Difference]:
        rows = self._api.pages("/webhooks", {}, Budget(self._wait))
        return compare([hook_of(row) for row in rows], target)

    def _repair(self, found: Difference, target: WebhookTarget) -> str:
        steps = {"subscribe": self._subscribe, "update": self._update, "remove": self._remove}
        if not found.repair:
            return "This cannot be repaired from here."
        try:
            return steps[found.repair](found, target)
        except ShopError as error:
            if error.kind not in ("refused", "forbidden"):
                raise
            if found.repair == "subscribe":
                # Since August 2026 Salla refuses those that the portal manages.
                return f"Salla refuses the subscription ({error}). Tick the event in the Store Events of the app in Salla's partner portal."
            return f"Salla refuses the change: {error}"

    def _subscribe(self, found: Difference, target: WebhookTarget) -> str:
        answer = self._api.send("POST", "/webhooks/subscribe", _body(found.event, target), Budget(self._wait))
        hook = hook_of(mapping(answer.get("data")))
        if hook.id and hook.strategy not in _STRATEGIES:
            # Sources differ on whether subscribing takes the security; an update does.
            self._update(Difference("", "update", found.event, hook.id), target)
        return "It is subscribed now."

    def _update(self, found: Difference, target: WebhookTarget) -> str:
        body = {**_body(found.event, target), "rule": ""}
        self._api.send("PUT", f"/webhooks/{found.hook_id}", body, Budget(self._wait))
        return "It is corrected now."

    def _remove(self, found: Difference, target: WebhookTarget) -> str:
        # By id: by URL Salla would remove all of that address.
        self._api.send(
            "DELETE", "/webhooks/unsubscribe", None, Budget(self._wait), query={"id": found.hook_id}
        )
        return "It is removed now."


def _body(event: str, target: WebhookTarget) -> dict[str, Any]:
    # An update without the event is refused.
    return {
        "name": f"{NAME} {event}",
        "event": event,
        "url": target.url,
        "version": VERSION,
        "security_strategy": "signature",
        "secret": target.secret,
    }
