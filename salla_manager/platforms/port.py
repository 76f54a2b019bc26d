"""What the hub asks of a shop platform. One adapter per platform, found through `registry`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

from salla_manager.payloads import Payload


class SignatureError(Exception):
    """A webhook whose authenticity cannot be shown; the message names the cause."""


class WebhookError(ValueError):
    """A webhook body that cannot be read; the message names the cause."""


class NormalizeError(ValueError):
    """A shop entity that cannot become a payload; `problems` has one sentence per field.

    raw: what of the shop's body may be kept, where that is not all of it.
    """

    def __init__(
        self, entity_type: str, external_id: str, problems: list[str], raw: dict[str, Any] | None = None
    ):
        super().__init__(f"{entity_type} {external_id or '(no id)'}: " + "; ".join(problems))
        self.entity_type = entity_type
        self.external_id = external_id
        self.problems = problems
        self.raw = raw


class ShopError(Exception):
    """A call to the shop that failed.

    kind: `offline` (network, 5xx), `throttled` (429, or no place within the limit), `unauthorized` (no access any
    more), `forbidden` (a scope is missing), `refused` (other 4xx), `unreadable` (no JSON). retry_after in seconds.
    step: what the operator does about it, in a sentence, where the platform knows better than the kind.
    """

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        http_status: int = 0,
        retry_after: float | None = None,
        step: str = "",
    ):
        super().__init__(message)
        self.kind = kind
        self.http_status = http_status
        self.retry_after = retry_after
        self.step = step

    @property
    def is_retryable(self) -> bool:
        return self.kind in ("offline", "throttled", "unreadable")


@dataclass(frozen=True)
class Webhook:
    """A webhook's envelope. tokens is set only by an event that brings credentials; raw is then redacted."""

    event: str
    merchant_id: str
    occurred_at: datetime | None
    data: dict[str, Any]
    dedupe_hash: str
    raw: str
    tokens: dict[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Signal:
    """What an event says: this entity changed. body is the shop's entity where the event carries it whole. given_back:
    something of the order was given back, and the order itself need not show it."""

    entity_type: str
    external_id: str
    action: Literal["upsert", "delete"] = "upsert"
    body: dict[str, Any] | None = None
    given_back: bool = False


@dataclass(frozen=True)
class Plan:
    """What the shop has subscribed to. status: Trial, Active, Expired or Canceled; until: a date in ISO 8601."""

    status: str
    name: str = ""
    until: str = ""
    is_trial: bool = False


@dataclass(frozen=True)
class AppChange:
    """What an event says of this app in the shop: either its status (Installed, Uninstalled) or its plan."""

    status: str = ""
    plan: Plan | None = None


@dataclass(frozen=True)
class StoreContext:
    """What normalizing needs to know of the store.

    weight_unit: kg, g, lb or oz, where products do not tell it. parent: of a variant that was read by itself, the
    payload of its product as JSON values.
    """

    currency: str | None = None
    prices_include_tax: bool | None = None
    country_code: str = "SA"
    timezone: str = "Asia/Riyadh"
    weight_unit: str | None = None
    parent: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Page:
    """One page of a list.

    rows: (external id, what the list shows of it). total: how many there are by the shop's count. size: rows of a
    full page. cursor: where to read on, None at the end. same: rows that were known by what tells a change, and hold no
    more than that.
    at: the shop's own clock, where its times of change are by that.
    """

    rows: list[tuple[str, dict[str, Any]]]
    total: int
    size: int
    cursor: str | None
    same: frozenset[str] = frozenset()
    at: datetime | None = None


@dataclass(frozen=True)
class ShopEntry:
    """What a list shows of one entity. title: reference or name; total, currency: of an order, None and empty where
    the list does not say; changed_at: as the entity's payload has it in `updated_at`; url: in the shop's admin, empty
    where it is not known; sku: of a product."""

    external_id: str
    title: str = ""
    status: str = ""
    total: Decimal | None = None
    currency: str = ""
    created_at: datetime | None = None
    url: str = ""
    changed_at: datetime | None = None
    sku: str = ""


class Met:
    """What is known of an entity that a list shows: it has to be read, it was read or told lately, or it was here in
    this version already when the shop was last looked at."""

    NEW, READ, OLD = "new", "read", "old"


def stop_there(external_id: str, error: ShopError) -> None:
    """A Look's `stuck` that leaves nothing out."""
    raise error


@dataclass(frozen=True)
class Look:
    """For what changed after `since`.

    meet: from external id and time of change, None where the row does not tell, to one of Met. cursor: where to go on,
    empty for the beginning. on_page: called with the cursor of the next page when all of a page has been taken.
    stuck: called where one entity cannot be read though its list can; returns to leave it out, raises to stop there.
    on_end: called at the end with the time up to which the look has seen everything, where the shop's own clock says so.
    """

    since: datetime
    meet: Callable[[str, datetime | None], str] = lambda external_id, changed_at: Met.NEW
    cursor: str = ""
    on_page: Callable[[str], None] = lambda cursor: None
    stuck: Callable[[str, ShopError], None] = stop_there
    on_end: Callable[[datetime], None] = lambda moment: None


@dataclass(frozen=True)
class ShopFacts:
    """What a shop says of itself; None where it does not. problems: why not, in sentences."""

    currency: str | None = None
    prices_include_tax: bool | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class WebhookTarget:
    """Where a shop shall send its events, and with which secret. heard: the events that have come from it lately."""

    url: str
    secret: str = field(repr=False)
    heard: frozenset[str] = frozenset()


# From a page whose rows hold no more than what tells a change, to the external ids that are known as they are.
Known = Callable[[Page], frozenset[str]]


class ShopClient(Protocol):
    """Reads from one store. All methods raise ShopError."""

    def in_lane(self, lane: str) -> ShopClient:
        """The same client, whose calls have the urgency of this lane of `pace`."""

    def fetch(self, entity_type: str, external_id: str) -> dict[str, Any] | None:
        """The whole entity (an order with its items), ready for `normalize`; None if the shop has it no more."""

    def find_by_sku(self, sku: str) -> dict[str, Any] | None:
        """The product that carries this SKU itself or in a variant."""

    def list(self, entity_type: str, since: datetime | None = None) -> Iterator[dict[str, Any]]:
        """Bodies ready for `normalize`; with `since` at least those changed after it. Orders come whole.

        Entity types: product, customer, order, category, brand, order_status. Variants lie within products.
        """

    def changes(self, entity_type: str, look: Look) -> Iterator[dict[str, Any]]:
        """As `list`, what changed, as far as the shop lets that be found without reading all of it, and without what
        is not Met.NEW. What changes meanwhile may be for the next look. Of products also variants by themselves."""

    def counted(self, entity_type: str, since: datetime | None = None) -> Page:
        """total and size as the first `page` would have them, 0 where asking costs as much as reading; no rows."""

    def page(
        self, entity_type: str, cursor: str = "", since: datetime | None = None, known: Known | None = None
    ) -> Page:
        """For reading all of a kind by and by, while the shop goes on: over all pages nothing is missed, though
        some rows may come twice. since: orders made from then on, where the shop can tell them apart. known: which of a
        page's rows need not be read, by their `stamp`; a platform may read them all the same."""

    def kinds(self, entity_type: str) -> tuple[str, ...]:
        """The lists that hold all of this kind: itself, and `variant` where the shop lists those apart."""

    def entries(self, entity_type: str, cursor: str = "") -> Page:
        """As `page`, with no more of each row than `Platform.entry` needs."""

    def unsettled(self, cursor: str = "") -> Page:
        """As `page`, whole orders that may have changed without the shop's saying so; empty where it always says so."""

    def orders_of(self, day: date, cursor: str = "") -> Page:
        """As `entries`, the orders made on this day of the store; some of the days beside it may come along."""

    def whole(self, entity_type: str, row: dict[str, Any]) -> dict[str, Any] | None:
        """A row of `page` ready for `normalize`; None where the shop has it no more."""

    def calls_each(self, entity_type: str) -> int:
        """How many calls `whole` makes at most; with 0 the rows of `page` are whole."""

    def calls_per_minute(self) -> int:
        """Of the store's limit; 0 while that is not known."""

    def facts(self) -> ShopFacts:
        """What holds for all that is read from the shop."""

    def check_webhooks(self, target: WebhookTarget) -> list[str]:
        """What is not as it should be with the shop's subscriptions to this address, in words; empty: all is well."""

    def repair_webhooks(self, target: WebhookTarget) -> list[str]:
        """What was not as it should be, and what was done about it. Subscriptions to other addresses stay."""


class Platform(Protocol):
    name: str

    def check_signature(self, headers: Mapping[str, str], raw: bytes, secrets: tuple[str, ...]) -> None:
        """Raises SignatureError."""

    def is_ping(self, raw: bytes) -> bool:
        """A call, perhaps unsigned, that only asks whether anybody listens: it is answered and forgotten."""

    def read_webhook(self, raw: bytes, headers: Mapping[str, str] | None = None) -> Webhook:
        """headers: those it came with. `Webhook.raw`, which is kept, is read again without them. Raises WebhookError."""

    def signals(self, webhook: Webhook) -> list[Signal]:
        """Empty for an event of no interest. Raises WebhookError where an id is missing."""

    def app_change(self, webhook: Webhook) -> AppChange | None:
        """None for an event that is not about the app itself."""

    def normalize(self, entity_type: str, body: dict[str, Any], context: StoreContext) -> list[Payload]:
        """The entity's payload first, then those that lie within it (a product's variants).

        Raises NormalizeError. Nothing is invented: a field the shop does not give stays empty.
        """

    def product_of(self, body: dict[str, Any]) -> str:
        """External id of the product of a variant that was read by itself; empty where it holds all it needs."""

    def variants_of(self, body: dict[str, Any]) -> frozenset[str] | None:
        """External ids of all variants of a product; None where its body does not carry them whole."""

    def stamp(self, entity_type: str, body: dict[str, Any]) -> str:
        """Of what tells a change: the same for a whole body and for a row that was asked for by that only. Equal, and the
        entity is as it was; empty where nothing tells that."""

    def seen_status(self, slug: str) -> Payload | None:
        """The catalogue's row for an order's status, where the shop's list of statuses may lack it."""

    def entry(
        self, entity_type: str, external_id: str, row: dict[str, Any], context: StoreContext
    ) -> ShopEntry:
        """What a row of `entries` shows. Never raises for what a row may hold."""

    def admin_url(self, entity_type: str, external_id: str, body: dict[str, Any]) -> str:
        """Where a person mends the entity in the shop; empty where that is not known."""

    def ignored_because(self, event: str) -> str:
        """Why an event gives no signals, in a sentence for the operator."""

    def client(self, base_url: str, credentials: Any, transport: Any = None, **options: Any) -> ShopClient:
        """base_url: empty for the platform's own. transport: as core's HttpTransport, or one is made."""
