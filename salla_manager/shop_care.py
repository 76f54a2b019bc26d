"""What looks after the shops in the background: tokens are renewed in time, and a shop that falls silent is noticed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import frappe
from frappe.utils import now_datetime

from salla_manager.adapters import subscriptions
from salla_manager.adapters.alarms import changed
from salla_manager.adapters.clock import FrappeClock
from salla_manager.adapters.config_store import PLATFORMS
from salla_manager.adapters.failures import log_failure
from salla_manager.adapters.host import build_host, tokens_of
from salla_manager.adapters.rows import from_epoch, shown, to_epoch
from salla_manager.adapters.sku_rows import FrappeSkipRows
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.adapters.tokens import read_tokens
from salla_manager.core import asked, shop_facts, silence, skips
from salla_manager.core.commands import OperatorError
from salla_manager.core.model import AppStatus
from salla_manager.platforms.port import ShopError
from salla_manager.platforms.salla.tokens import AHEAD, SPREAD, access_alarm, ahead_of

STORE, LOG = "Store Account", "Salla Incoming Log"
# Far below RQ's limit; what is left over comes in the next hour, days before any end.
BUDGET_SECONDS = 900.0
HOUR = 3600 * 1_000_000


def hourly() -> None:
    """Each step and each store stands alone, so that a failing one does not stop the others."""
    if FrappeHubStore().settings().standstill:
        return
    renew_tokens()
    watch_access()
    watch_silence()
    read_skips()


def nightly() -> None:
    learn_habits()
    if not FrappeHubStore().settings().standstill:
        check_webhooks()
        learn_shops()


def check_webhooks() -> None:
    """What is not as it should be stands on the Store Account, and is told once."""
    for name, row in _stores("platform", "webhook_secret"):
        is_wanted = row.platform == "Salla" or row.webhook_secret
        if is_wanted and row.app_status != AppStatus.UNINSTALLED and not row.token_error:
            _guarded("check webhooks", lambda name=name: _check_webhooks(name))


def _check_webhooks(name: str) -> None:
    try:
        subscriptions.check(name)
    except OperatorError:
        # Without access, Hub URL or scope there is nothing to compare with; that is told elsewhere.
        return


def learn_shops() -> None:
    """What a shop says of itself fills what nobody has said; what is open stands on the Store Account, told once."""
    for name, row in _stores():
        if row.app_status != AppStatus.UNINSTALLED and not row.token_error:
            learn_shop(name)


def learn_shop(store: str) -> None:
    """The job, also behind each installation."""
    if not FrappeHubStore().settings().standstill:
        _guarded("learn a shop", lambda: _learn_shop(store))


def _learn_shop(name: str) -> None:
    host = build_host()
    store = host.store.store(name)
    if store is None:
        return
    try:
        told = shop_facts.learn(host, store)
    except ShopError:
        # Away, or without access, which is told elsewhere; the next night asks again.
        return
    title = frappe.db.get_value(STORE, name, "store_name")
    if changed(STORE, name, "shop_problem", told, f"{title}: {told}"):
        frappe.clear_document_cache(STORE, name)
    # Between two stores, so that no lock is held over all of them.
    frappe.db.commit()


def renew_tokens() -> int:
    """Refresh what ends soon, the soonest first. Gives how many were."""
    soon = now_datetime() + timedelta(seconds=AHEAD + SPREAD)
    where = {"platform": "Salla", "token_expires_at": ("<", soon)}
    names = [row.name for row in _enabled(where, ["name"], "token_expires_at asc")]
    ends_at, renewed = time.monotonic() + BUDGET_SECONDS, 0
    for name in names:
        if time.monotonic() > ends_at:
            break
        renewed += bool(_guarded("renew tokens", lambda name=name: _renew(name)))
    return renewed


def _renew(name: str) -> bool:
    try:
        return tokens_of(name).refresh_ahead(ahead_of(name))
    except ShopError:
        # It stands on the Store Account with what to do.
        return False


def watch_access() -> None:
    """An access that is lost or about to end is told once; what waited for one that is back goes on."""
    for name, row in _stores("merchant_id", "platform", "last_sync_at", "last_sync_error"):
        _guarded("watch access", lambda name=name, row=row: _watch_access(name, row))


def _watch_access(name: str, row: Any) -> None:
    tokens = read_tokens(name)
    alarm = row.token_error if row.app_status == AppStatus.UNINSTALLED else ""
    alarm = access_alarm(tokens, FrappeClock().now().timestamp()) if tokens else alarm
    is_new = changed(STORE, name, "access_alarm", alarm, f"{row.store_name}: {alarm}")
    # Also what came in the moment in which the store was made, and saw none.
    if row.platform == "Salla":
        has_access = bool(tokens) and not row.token_error
    else:
        # Keys have no end of their own: a look that came through shows that they are good.
        has_access = bool(row.last_sync_at) and not row.last_sync_error
    hub, platform = FrappeHubStore(), PLATFORMS[row.platform]
    is_new |= bool(hub.adopt_events(platform, row.merchant_id, name, has_access=has_access))
    if is_new:
        # One store's news must not go with another's failure.
        frappe.db.commit()


def watch_silence() -> None:
    for name, row in _stores("activity", "platform"):
        if row.app_status != AppStatus.UNINSTALLED and row.activity:
            _guarded("watch silence", lambda name=name, row=row: _watch_silence(name, row))


def _watch_silence(name: str, row: Any) -> None:
    kept = json.loads(row.activity)
    habits, last = silence.Activity(kept["weeks"], tuple(kept["active"])), _last_event(name)
    found = silence.silence(habits, last, FrappeClock().now()) if last else None
    text = _words(found, habits.weeks, row.platform) if found else ""
    # The words change every hour; that a shop is silent is news only once.
    if changed(STORE, name, "silence", text, f"{row.store_name}: {text}"):
        values = {"silent_since": shown(found.since) if found else None}
        frappe.db.set_value(STORE, name, values, update_modified=False)
        # One store's news must not go with another's failure.
        frappe.db.commit()


_WHERE_TO_LOOK = {
    "Salla": "look whether the app is still installed in the shop, and into the Webhooks Log of Salla's partner portal.",
    "WooCommerce": (
        "look whether they are active in WooCommerce, Settings, Advanced, Webhooks, where too many failures switch them"
        " off, and whether WP-Cron runs there."
    ),
}


def _words(found: silence.Silence, weeks: int, platform: str) -> str:
    return (
        f"No webhook for {found.hours} hours. By the past {weeks} weeks that happens by chance once in"
        f" {found.one_in} times. Press Check Webhooks; {_WHERE_TO_LOOK.get(platform, 'look into the shop.')}"
    )


def read_skips() -> None:
    """What was mended of SKUs, which Salla tells by no webhook; the looks of other shops find it."""
    for name, row in _stores("platform"):
        if row.platform == "Salla" and row.app_status != AppStatus.UNINSTALLED and not row.token_error:
            _guarded("read skips again", lambda name=name: _read_skips(name))


def _read_skips(name: str) -> None:
    host = build_host()
    store = host.store.store(name)
    if store is not None:
        skips.read_again(host, FrappeSkipRows(), store)


def learn_habits() -> None:
    """Each night, from the webhooks of the past weeks."""
    now = FrappeClock().now()
    for name, _ in _stores():
        _guarded("learn habits", lambda name=name: _learn(name, now))


def _learn(name: str, now: datetime) -> None:
    since = to_epoch(now - timedelta(weeks=silence.WEEKS))
    rows = frappe.db.sql(
        f"""select distinct received div {HOUR} from `tabSalla Incoming Log`
        where store = %s and received >= %s and event != %s""",
        (name, since, asked.EVENT),
    )
    habits = silence.learn((int(hour) for (hour,) in rows), now)
    frappe.db.set_value(STORE, name, "activity", json.dumps(asdict(habits)), update_modified=False)
    # Between two stores, so that no lock is held over all of them.
    frappe.db.commit()


def _last_event(store: str) -> datetime | None:
    rows = frappe.db.sql(
        """select received from `tabSalla Incoming Log` where store = %s and event != %s
        order by received desc limit 1""",
        (store, asked.EVENT),
    )
    return from_epoch(rows[0][0]) if rows else None


def _stores(*columns: str) -> Iterator[tuple[str, Any]]:
    for row in _enabled({}, ["name", "store_name", "token_error", "app_status", *columns]):
        yield row.name, row


def _enabled(where: dict[str, Any], fields: list[str], order_by: str = "name asc") -> list[Any]:
    return frappe.get_all(STORE, filters={**where, "enabled": 1}, fields=fields, order_by=order_by)


def _guarded(step: str, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except Exception as error:
        frappe.db.rollback()
        log_failure(f"salla_manager shop care, {step}", error)
        return None
