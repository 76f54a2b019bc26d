"""What a shop tells of itself: index, settings, currency, system status."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from sandbox.woocommerce.state import ORDER_STATUSES, WooState


def index(state: WooState, url: str, namespaces: list[str]) -> dict[str, Any]:
    """GET /wp-json/, which anybody may read."""
    offset = datetime.now(state.zone).utcoffset() or timedelta(0)
    return {
        "name": state.name,
        "description": "",
        "url": url,
        "home": url,
        "gmt_offset": f"{offset / timedelta(hours=1):g}",
        "timezone_string": state.zone_name,
        "namespaces": namespaces,
        "authentication": {},
        "routes": {f"/{name}": {"namespace": name, "methods": ["GET"]} for name in namespaces},
        "_links": {"help": [{"href": "https://developer.wordpress.org/rest-api/"}]},
    }


def currency(state: WooState) -> dict[str, Any]:
    """GET data/currencies/current; the symbol is an HTML entity."""
    return {"code": state.currency, "name": state.currency, "symbol": "&#65020;"}


def settings(state: WooState) -> list[dict[str, Any]]:
    """GET settings/general, as far as anybody needs it."""
    values = {
        "woocommerce_default_country": state.country,
        "woocommerce_calc_taxes": "yes" if state.taxes else "no",
        "woocommerce_currency": state.currency,
        "woocommerce_price_num_decimals": str(state.decimals),
    }
    return [{"id": key, "label": key, "type": "text", "value": value} for key, value in values.items()]


def tax_settings(state: WooState) -> list[dict[str, Any]]:
    """GET settings/tax."""
    values = {
        "woocommerce_prices_include_tax": "yes" if state.prices_include_tax else "no",
        "woocommerce_tax_round_at_subtotal": "yes" if state.rounds_at_subtotal else "no",
    }
    return [{"id": key, "label": key, "type": "radio", "value": value} for key, value in values.items()]


def order_totals(state: WooState) -> list[dict[str, Any]]:
    """GET reports/orders/totals: each status that an order may have, the shop's own among them."""
    counts = Counter(order.status for order in state.orders.values())
    names = [*ORDER_STATUSES, *state.custom_statuses]
    return [
        {"slug": slug, "name": slug.replace("-", " ").capitalize(), "total": counts[slug]} for slug in names
    ]


def system_status(state: WooState, url: str) -> dict[str, Any]:
    return {
        "environment": {
            "home_url": url,
            "site_url": url,
            "version": state.version,
            "wp_version": "6.8.3",
            "server_info": "nginx/1.26.2",
            "php_version": "8.3.14",
            "default_timezone": "UTC",
        },
        "database": {"wc_database_version": state.version, "database_prefix": "wp_"},
        "active_plugins": [
            {"plugin": "woocommerce/woocommerce.php", "name": "WooCommerce", "version": state.version}
        ],
        "settings": {
            "api_enabled": True,
            "force_ssl": False,
            "currency": state.currency,
            "number_of_decimals": state.decimals,
            "HPOS_enabled": state.has_order_tables,
        },
        "security": {"secure_connection": True, "hide_errors": True},
    }
