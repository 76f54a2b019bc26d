"""Every event that Salla's pages name: which entity it is about, or why it is of no interest.

ref: docs.salla.dev/421119m0
"""

from __future__ import annotations

# Events that (may) bring credentials; the last is the older name of the first.
TOKEN_EVENTS = frozenset({"app.store.authorize", "app.updated", "app.store.token"})
# What the merchant typed into the app's own settings at Salla.
SETTINGS_EVENT = "app.settings.updated"

# event: (entity type, action)
# Salla says of these neither which lines nor how much.
GIVING_BACK = frozenset({"order.refunded", "order.shipment.return.created"})
SUBJECTS: dict[str, tuple[str, str]] = {
    "order.created": ("order", "upsert"),
    "order.updated": ("order", "upsert"),
    "order.status.updated": ("order", "upsert"),
    "order.cancelled": ("order", "upsert"),
    "order.refunded": ("order", "upsert"),
    "order.deleted": ("order", "delete"),
    "order.products.updated": ("order", "upsert"),
    "order.payment.updated": ("order", "upsert"),
    "order.coupon.updated": ("order", "upsert"),
    "order.total.price.updated": ("order", "upsert"),
    "order.customer.updated": ("order", "upsert"),
    "order.shipping.address.updated": ("order", "upsert"),
    "order.shipment.creating": ("order", "upsert"),
    "order.shipment.created": ("order", "upsert"),
    "order.shipment.cancelled": ("order", "upsert"),
    "order.shipment.return.creating": ("order", "upsert"),
    "order.shipment.return.created": ("order", "upsert"),
    "order.shipment.return.cancelled": ("order", "upsert"),
    "shipment.creating": ("order", "upsert"),
    "shipment.created": ("order", "upsert"),
    "shipment.cancelled": ("order", "upsert"),
    "shipment.updated": ("order", "upsert"),
    # Comes when an order is completed or restored, for which there is no event of its own.
    "invoice.created": ("order", "upsert"),
    "product.created": ("product", "upsert"),
    "product.deleted": ("product", "delete"),
    "product.price.updated": ("product", "upsert"),
    "product.status.updated": ("product", "upsert"),
    "product.quantity.low": ("product", "upsert"),
    "product.image.updated": ("product", "upsert"),
    "product.category.updated": ("product", "upsert"),
    "product.brand.updated": ("product", "upsert"),
    "product.tags.updated": ("product", "upsert"),
    "product.channels.changed": ("product", "upsert"),
    # Deprecated since December 2025, still sent to older apps.
    "product.updated": ("product", "upsert"),
    "product.available": ("product", "upsert"),
    "customer.created": ("customer", "upsert"),
    "customer.updated": ("customer", "upsert"),
    "category.created": ("category", "upsert"),
    "category.updated": ("category", "upsert"),
    "brand.created": ("brand", "upsert"),
    "brand.updated": ("brand", "upsert"),
    "brand.deleted": ("brand", "delete"),
}

_BILLING = "It is about an add-on of the shop's subscription to this app."
_NO_ENTITY = "is not among the entities that are sent to the ERP."

IGNORED: dict[str, str] = {
    SETTINGS_EVENT: "The app keeps no settings at Salla.",
    "app.feedback.created": "A review of the app changes nothing in the shop.",
    "customer.login": "A login changes nothing about the customer.",
    "customer.otp.request": "A one-time password changes nothing about the customer.",
    "abandoned.cart": "A cart is no order.",
    "abandoned.cart.status.changed": "A cart is no order.",
    "abandoned.cart.purchased": "The order that was made of the cart has its own events.",
    "coupon.applied": "A coupon counts when its order comes.",
    "storetax.created": f"A tax rate {_NO_ENTITY}",
    "review.added": f"A review {_NO_ENTITY}",
    "subscription.created": "A buyer's subscription counts when its orders come.",
    "subscription.charge.succeeded": "The order that was charged has its own events.",
    "subscription.charge.failed": "A charge that failed makes no order.",
}

IGNORED_FAMILIES: dict[str, str] = {
    "app.trial.": _BILLING,
    "app.subscription.": _BILLING,
    "store.branch.": f"A branch {_NO_ENTITY}",
    "shipping.zone.": f"A shipping zone {_NO_ENTITY}",
    "shipping.company.": f"A shipping company {_NO_ENTITY}",
    "specialoffer.": "A special offer counts as a discount when its order comes.",
    "communication.": "Messages to buyers are for communication apps.",
}
