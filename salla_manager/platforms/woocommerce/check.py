"""Does the shop let itself be read, and if not, what is the cause? Step by step, each with what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, NamedTuple

from salla_manager.platforms.port import ShopError
from salla_manager.platforms.values import mapping, text
from salla_manager.platforms.woocommerce.api import V3, Answer
from salla_manager.platforms.woocommerce.client import WooClient
from salla_manager.platforms.woocommerce.errors import NOBODY, WooError
from salla_manager.platforms.woocommerce.site import check_secure

ADDRESS, REST, ORDERS, PRODUCTS, FILTER, CACHE, CLOCK, VERSION = (
    "Address", "REST API", "Orders", "Products", "Filter by change", "Cache", "Clock", "Version",
)  # fmt: skip
# No order will be changed then.
_FAR = "2190-01-01T00:00:00"
_MOST_SECONDS_OFF = 60
_HITS = {"x-litespeed-cache": "hit", "cf-cache-status": "hit", "x-wc-cache": "hit", "x-cache": "hit"}


class Row(NamedTuple):
    step: str
    ok: bool
    message: str


def check_connection(client: WooClient) -> list[Row]:
    """Rows of (step, ok, message). It ends at the first step without which none of the next can be done; never raises."""
    return _Check(client).rows()


class _Check:
    def __init__(self, client: WooClient):
        self._client = client
        self._answers: list[Answer] = []
        self._index: dict[str, Any] = {}
        self._index_error: WooError | None = None
        self._found: list[Row] = []

    def rows(self) -> list[Row]:
        steps: tuple[tuple[str, Callable[[], str]], ...] = (
            (ADDRESS, self._address),
            (REST, self._rest),
            (ORDERS, lambda: self._readable("orders")),
            (PRODUCTS, lambda: self._readable("products")),
            (FILTER, self._filter),
        )
        for step, check in steps:
            try:
                self._found.append(Row(step, True, check()))
            except _Failure as failure:
                self._found.append(Row(step, False, str(failure)))
            except ShopError as error:
                self._found.append(Row(step, False, self._cause(error)))
            if not self._found[-1].ok and step in (ADDRESS, REST, ORDERS):
                break
        return [*self._found, *self._hints()]

    def _address(self) -> str:
        site = self._client.site
        if not site.url:
            raise _Failure("The store has no address. Enter the address of the shop's start page.")
        if not (site.key.name and site.key.secret):
            raise _Failure(
                "Consumer key and secret are missing. Enter both, as WooCommerce showed them once."
            )
        check_secure(site.url, self._client.http.allow_private_addresses)
        try:
            self._index = mapping(self._get("", {}).body)
        except WooError as error:
            if not error.http_status:
                raise
            # Somebody answers there; whether it is WordPress is for the next step.
            self._index_error = error
        return f"{site.url} answers."

    def _rest(self) -> str:
        if self._index_error is not None:
            raise self._index_error
        namespaces = self._index.get("namespaces")
        if not isinstance(namespaces, list):
            raise _Failure(
                "The answer is not the index of WordPress. Correct the address to the shop's start page."
            )
        if "wc/v3" not in namespaces:
            old = [name for name in namespaces if str(name).startswith("wc/")]
            if old:
                raise _Failure("WooCommerce is older than 3.5 and has no wc/v3. Bring it up to date.")
            raise _Failure(
                "WordPress is there, WooCommerce is not. Activate the plugin WooCommerce in that shop."
            )
        how = "by plain permalinks (?rest_route=)" if self._client.site.is_plain else "at /wp-json/"
        return f"{text(self._index.get('name')) or 'The shop'} has wc/v3 {how}."

    def _readable(self, kind: str) -> str:
        answer = self._get(f"{V3}/{kind}", {"per_page": 1, "_fields": "id"})
        return f"{'An unknown number of' if answer.total is None else answer.total} {kind} can be read."

    def _filter(self) -> str:
        query = {"modified_after": _FAR, "dates_are_gmt": "true", "per_page": 1, "_fields": "id"}
        answer = self._get(f"{V3}/orders", query)
        if answer.body:
            raise _Failure(
                "The shop gives orders that changed after the year 2190: its WooCommerce is older than 5.8 and does not"
                " know the filter modified_after, or a cache answers without looking at the question. Bring WooCommerce"
                " up to date, or exclude /wp-json/ from the cache; until then changes are not found."
            )
        return "Changes can be asked for."

    def _get(self, path: str, query: Mapping[str, Any]) -> Answer:
        answer = self._client.api.get(path, query, self._client.budget())
        self._answers.append(answer)
        return answer

    def _cause(self, error: ShopError) -> str:
        if isinstance(error, WooError) and error.cause == NOBODY:
            return f"{error} {self._why_nobody()}"
        return f"{error} {error.step}".strip()

    def _why_nobody(self) -> str:
        """The same request with the key in the URL tells whether the header was dropped on the way."""
        key = self._client.site.key
        if key.in_query:
            return _UNKNOWN_KEY
        try:
            self._client.api.get(
                f"{V3}/orders",
                {"per_page": 1, "_fields": "id"},
                self._client.budget(),
                replace(key, in_query=True),
            )
        except WooError as error:
            if error.cause == NOBODY:
                home = text(self._index.get("home")) or text(self._index.get("url")) or ""
                is_hidden = home.startswith("http://") and self._client.site.url.startswith("https://")
                return _HIDDEN_TLS if is_hidden else _UNKNOWN_KEY
            return (
                f"With the key in the URL instead of the header the shop says: {error} {error.step}".strip()
            )
        except ShopError as error:
            return f"Whether the header comes through could not be told: {error}"
        return _STRIPPED

    def _hints(self) -> list[Row]:
        """What the answers that came say besides."""
        if not self._answers:
            return []
        return [self._cache(), self._clock(), *self._version()]

    def _cache(self) -> Row:
        found = next((hit for answer in self._answers if (hit := _cache_hit(answer.headers))), "")
        if found:
            return Row(
                CACHE, False,
                f"A cache answered in the shop's place ({found}). What it gives may be old, or meant for somebody else."
                " Exclude /wp-json/ from it: in LiteSpeed Cache switch off Cache REST API.",
            )  # fmt: skip
        return Row(CACHE, True, "No cache answers in the shop's place.")

    def _clock(self) -> Row:
        moments = [answer.at for answer in self._answers if answer.at]
        if not moments:
            return Row(CLOCK, True, "The shop does not tell its time.")
        off = round((moments[-1] - datetime.fromtimestamp(self._client.now(), timezone.utc)).total_seconds())
        if abs(off) <= _MOST_SECONDS_OFF:
            return Row(CLOCK, True, "The shop's clock agrees with this server's.")
        side = "ahead of" if off > 0 else "behind"
        return Row(
            CLOCK, False,
            f"The shop's clock is {abs(off)} seconds {side} this server's. Changes are asked for in the shop's own time,"
            " so none is lost; have the wrong one of the two set by NTP.",
        )  # fmt: skip

    def _version(self) -> list[Row]:
        """Only where the shop could be read, and only if the key's user may see it."""
        if not all(row.ok for row in self._found if row.step in (ADDRESS, REST, ORDERS)):
            return []
        try:
            status = mapping(self._get(f"{V3}/system_status", {"_fields": "environment,settings"}).body)
        except ShopError:
            return [Row(VERSION, True, "Its version is not shown to this key's user, which does no harm.")]
        version = text(mapping(status.get("environment")).get("version")) or "unknown"
        settings = mapping(status.get("settings"))
        has_tables = next((value for name, value in settings.items() if "hpos" in name.lower()), None)
        orders = {True: "in order tables", False: "as posts"}.get(has_tables, "in a way it does not tell")
        zone = text(self._index.get("timezone_string")) or f"UTC{text(self._index.get('gmt_offset')) or '+0'}"
        if _is_older(version, (5, 8)):
            return [Row(VERSION, False, f"WooCommerce {version} is older than 5.8. Bring it up to date.")]
        return [Row(VERSION, True, f"WooCommerce {version}, orders {orders}, time zone {zone}.")]


class _Failure(Exception):
    """A step that does not hold; says why and what to do."""


_STRIPPED = (
    "The key is right: with it in the URL the shop answers. So the shop's web server drops the header Authorization."
    ' Have "CGIPassAuth On" or "SetEnvIf Authorization "(.*)" HTTP_AUTHORIZATION=$1" set in its .htaccess; or, where'
    " that cannot be done, switch on Key in URL on the store, at the price of the key standing in the shop's logs."
)
_HIDDEN_TLS = (
    "WordPress believes that it is called without https, and takes no key then: a proxy in front of it does not tell."
    " Have the proxy send X-Forwarded-Proto: https, and wp-config.php set HTTPS to on where it says so."
)
_UNKNOWN_KEY = (
    "The shop does not know this consumer key, by header or by URL: it was mistyped or revoked, or a proxy hides https"
    " from WordPress (then have it send X-Forwarded-Proto: https). Make a new key in WooCommerce > Settings > Advanced"
    " > REST API with the permission Read and enter it."
)


def _cache_hit(headers: Mapping[str, str]) -> str:
    """The header that says so."""
    for name, word in _HITS.items():
        if word in headers.get(name, "").lower():
            return f"{name}: {headers[name]}"[:80]
    age = headers.get("age", "").strip()
    return f"age: {age}" if age.isdigit() and int(age) > 0 else ""


def _is_older(version: str, least: tuple[int, int]) -> bool:
    parts = version.split(".")[:2]
    return all(part.isdigit() for part in parts) and tuple(map(int, parts)) < least
