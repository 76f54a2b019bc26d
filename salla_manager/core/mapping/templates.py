"""Default rules to start from. As they stand they change nothing: they name the places where stores differ.

A store without rules of its own is not taken through them at all.
"""

from __future__ import annotations

from typing import Any

_KEEP = {"otherwise": "keep"}


def _rule(target: str, source: str, transform: str = "copy", note: str = "", **more: Any) -> dict[str, Any]:
    """more: required, and parameters of the transform."""
    rule: dict[str, Any] = {"target": target, "source": source, "transform": transform}
    is_required = more.pop("required", False)
    if more:
        rule["parameters"] = more
    if is_required:
        rule["required"] = True
    return {**rule, "note": note} if note else rule


_STATUS = "The shop's slug to the one that the ERP's status map knows."
_PRODUCT = "The line's Item is found by product id, then by SKU."
_BILLING = "The e-mail of the bill, raw.billing.email, by which a guest is known."
_GROUP = "A category becomes the Item Group of its name; one that is there already is taken."
_GROUPS = "Into the table go ids of the shop's categories and the Item Groups that are there; the first found is taken."
_COMMON: dict[str, dict[str, Any]] = {
    "order": {
        "rules": [
            _rule("status", "payload.status", "map", _STATUS, required=True, map={}, **_KEEP),
            _rule("currency", "payload.currency", "currency", required=True),
            _rule("total", "payload.total", "price", required=True),
            _rule("customer.email", "payload.customer.email", "text"),
            _rule("items[*].product_id", "payload.items[*].product_id", "text", _PRODUCT),
            _rule("items[*].sku", "payload.items[*].sku", "text"),
        ]
    },
    "customer": {
        "rules": [
            _rule("name", "payload.name", "text", required=True),
            _rule("email", "payload.email", "text"),
            _rule("phone", "payload.phone", "text"),
        ]
    },
    "product": {
        "rules": [
            _rule("name", "payload.name", "text", required=True),
            _rule("sku", "payload.sku", "text"),
            _rule("price", "payload.price", "price"),
            _rule("currency", "payload.currency", "currency"),
            _rule("category_ids", "payload.category_ids"),
            _rule(
                "item_group",
                "payload.category_ids[*]",
                "lookup",
                _GROUPS,
                table="item_groups",
                otherwise="default",
                default=None,
            ),
        ],
        "lookups": {"item_groups": {}},
    },
    "variant": {
        "rules": [
            _rule("sku", "payload.sku", "text"),
            _rule("price", "payload.price", "price"),
            _rule("currency", "payload.currency", "currency"),
        ]
    },
    "category": {
        "rules": [
            _rule("name", "payload.name", "lookup", _GROUP, required=True, table="item_groups", **_KEEP)
        ],
        "lookups": {"item_groups": {}},
    },
    "brand": {"rules": [_rule("name", "payload.name", "text", required=True)]},
    "order_status": {
        "rules": [
            _rule("slug", "payload.slug", "text", required=True),
            _rule("name", "payload.name", "text", required=True),
        ]
    },
}
# In place of those of the same target.
_OWN: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("woocommerce", "order"): [_rule("customer.email", "payload.customer.email", "text", _BILLING)],
    ("woocommerce", "customer"): [_rule("email", "payload.email", "text", _BILLING)],
}


def template(platform: str, entity_type: str) -> dict[str, Any]:
    """In the form of `rules.compile_rules`. Raises KeyError for an entity type that is none."""
    common = _COMMON[entity_type]
    own = {rule["target"]: rule for rule in _OWN.get((platform, entity_type), ())}
    rules = [own.pop(rule["target"], rule) for rule in common["rules"]] + list(own.values())
    return {"entity_type": entity_type, **common, "rules": rules}
