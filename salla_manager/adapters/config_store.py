"""Settings, stores and ERP Instances for the core."""

from __future__ import annotations

from typing import Any

import frappe
from frappe.model.naming import make_autoname
from frappe.utils import cint, flt
from frappe.utils.password import decrypt

from salla_manager.adapters.app_rows import app_of
from salla_manager.adapters.identity import standstill_of
from salla_manager.adapters.jobs import wake
from salla_manager.adapters.rows import insert_row, plain
from salla_manager.adapters.secrets import SecretError, open_stored
from salla_manager.adapters.tokens import save_tokens
from salla_manager.contract import COMMAND_TYPES
from salla_manager.core.model import SecretsUnreadable, Settings, Store, WebhookRules, command_type_of

SETTINGS = "Salla Manager Settings"
PLATFORMS = {"Salla": "salla", "WooCommerce": "woocommerce", "Shopware": "shopware"}
_PLATFORM_LABELS = {name: label for label, name in PLATFORMS.items()}
# Of a Store Account: which kinds each of them stands for.
READ_SWITCHES = {
    "read_products": ("product", "variant", "category", "brand"),
    "read_orders": ("order", "order_status", "customer"),
}
_TAX = {"Yes": True, "No": False}
_INT_SETTINGS = (
    "retry_max_attempts",
    "timestamp_window",
    "lease_seconds",
    "breaker_failures",
    "release_per_minute",
)
_FLOAT_SETTINGS = (
    "retry_backoff_seconds",
    "retry_cap_seconds",
    "connect_timeout",
    "read_timeout",
    "total_timeout",
    "breaker_probe_seconds",
)


class ConfigRows:
    def settings(self) -> Settings:
        # Not the cached document, of which a long run keeps its copy: what is switched has to count at once.
        row = dict(frappe.db.sql("select field, value from `tabSingles` where doctype = %s", SETTINGS))
        return Settings(
            # A field that is newer than the last save has no value yet; the model's default holds then.
            **{name: cint(row[name]) for name in _INT_SETTINGS if row.get(name) not in (None, "")},
            **{name: flt(row[name]) for name in _FLOAT_SETTINGS if row.get(name) not in (None, "")},
            disabled_command_types=switched_off(row),
            allow_private_addresses=bool(cint(row.get("allow_private_addresses"))),
            standstill=standstill_of(row),
        )

    def webhook_rules(self, platform: str, store: str = "") -> WebhookRules:
        owner = ("Store Account", store) if platform in _OWN_SECRETS else (SETTINGS, SETTINGS)
        # In one look, since the shop waits for the answer.
        found = dict(
            frappe.db.sql(
                """select field, value from `tabSingles` where doctype = %(settings)s and field = %(limit)s
                union all select fieldname, password from `__Auth`
                where doctype = %(doctype)s and name = %(name)s and encrypted = 1""",
                {"settings": SETTINGS, "limit": _BODY_LIMIT, "doctype": owner[0], "name": owner[1]},
            )
        )
        limit = cint(found.get(_BODY_LIMIT)) or WebhookRules.body_limit
        fields = [field for field in _WEBHOOK_SECRETS.get(platform, ()) if found.get(field)]
        try:
            return WebhookRules(
                limit, tuple(open_stored(*owner, field, decrypt(found[field])) for field in fields)
            )
        except SecretError as error:
            raise SecretsUnreadable(str(error)) from error

    def store(self, name: str) -> Store | None:
        return _store({"name": name})

    def store_of_merchant(self, platform: str, merchant_id: str) -> Store | None:
        found = _store({"platform": platform_label(platform), "merchant_id": merchant_id})
        return found if found and found.merchant_id == merchant_id else None

    def adopt_store(
        self, platform: str, merchant_id: str, tokens: dict[str, Any], shop_name: str = ""
    ) -> Store:
        label = platform_label(platform)
        name = insert_store(label, merchant_id, shop_name)
        save_tokens(name, tokens)
        frappe.clear_document_cache("Store Account", name)
        # What holds for all that is read from now on.
        job = {"queue": "long", "store": name}
        frappe.db.after_commit.add(
            lambda: wake("salla_manager.shop_care.learn_shop", f"salla_facts_{name}", **job)
        )
        adopted = self.store(name)
        assert adopted is not None
        return adopted


_BODY_LIMIT = "webhook_body_limit"
# The current one first, which subscriptions are given.
_WEBHOOK_SECRETS = {
    "salla": ("salla_webhook_secret", "salla_webhook_secret_previous"),
    "woocommerce": ("webhook_secret",),
}
# Of platforms where the secret is the store's, not the app's.
_OWN_SECRETS = ("woocommerce",)


def platform_label(platform: str) -> str:
    """The word of the Select field for the core's name of a platform."""
    return _PLATFORM_LABELS.get(platform, platform)


def insert_store(label: str, merchant_id: str, shop_name: str = "") -> str:
    """The Store Account of a merchant, made if it is new; two webhooks at once make one."""
    where = {"platform": label, "merchant_id": ("=", merchant_id)}
    name = frappe.db.get_value("Store Account", where, "name")
    if name:
        return str(name)
    values = {
        "name": make_autoname("SM-STORE-.#####", "Store Account"),
        "store_name": plain(shop_name, 140) or f"{label} {plain(merchant_id, 100)}",
        "platform": label,
        "merchant_id": merchant_id,
        "enabled": 1,
    }
    insert_row("Store Account", values, on_duplicate={"enabled": 1})
    return str(frappe.db.get_value("Store Account", where, "name", for_update=True))


# Not the texts that only people read.
_STORE_COLUMNS = (
    "name, platform, merchant_id, customer_account, erp_instance, currency, prices_include_tax, base_url, enabled,"
    " time_zone, read_products, read_orders, token_error, app_status, app_changed, plan, plan_status, plan_until, plan_changed"
)


def _store(where: dict[str, str]) -> Store | None:
    # Written out: building the same statement with the query builder takes longer than running it.
    conditions = " and ".join(f"`{column}` = %s" for column in where)
    rows = frappe.db.sql(
        f"select {_STORE_COLUMNS} from `tabStore Account` where {conditions} limit 1",
        tuple(where.values()),
        as_dict=True,
    )
    if not rows:
        return None
    row = rows[0]
    return Store(
        name=row.name,
        platform=PLATFORMS[row.platform],
        merchant_id=row.merchant_id,
        customer_account=row.customer_account or "",
        erp_instance=row.erp_instance or "",
        currency=row.currency or None,
        prices_include_tax=_TAX.get(row.prices_include_tax),
        base_url=row.base_url or "",
        is_enabled=bool(row.enabled),
        disabled_command_types=_not_wanted(row),
        timezone=row.get("time_zone") or "Asia/Riyadh",
        **app_of(row),
    )


def _not_wanted(row: Any) -> frozenset[str]:
    entities = (kind for field, kinds in READ_SWITCHES.items() if not row[field] for kind in kinds)
    return frozenset(command_type_of(kind) for kind in entities)


def switched_off(row: Any) -> frozenset[str]:
    return frozenset(command_type for command_type in COMMAND_TYPES if row.get(command_type) in (0, "0"))
