"""What happens in the store. Each change gives the webhook that WooCommerce would send, signed but not yet sent;
what sends none gives nothing. Which change raises `date_modified` is as odd as in the shop.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.salla.shop import Delivery
from sandbox.woocommerce import bodies, order_bodies
from sandbox.woocommerce.generate import add_customer, add_product, add_variations
from sandbox.woocommerce.orders import Goods, add_order, add_refund, fill
from sandbox.woocommerce.state import Order, Product, Refund, WooState
from sandbox.woocommerce.webhooks import Webhooks


class WooShop:
    """The store's owner and buyers at work."""

    def __init__(self, state: WooState, webhooks: Webhooks):
        self.state, self._webhooks = state, webhooks

    def webhook(self, topic: str, body: Any) -> Delivery:
        return self._webhooks.delivery(topic, body)

    # products

    def new_product(self, name: str, price: Decimal | str, sku: str = "", **values: Any) -> Delivery:
        row = add_product(self.state, name, Decimal(price), sku=sku, **values)
        return self._product("product.created", row)

    def new_variable(self, name: str, price: Decimal | str, sku: str = "", variations: int = 4) -> Delivery:
        row = add_product(self.state, name, Decimal(price), sku=sku)
        add_variations(self.state, row, variations)
        return self._product("product.created", row)

    def change_price(self, key: int, price: Decimal | str) -> Delivery:
        """Of a product or a variation; a variation's parent keeps its date."""
        row = self._touched(key)
        row.regular_price = Decimal(price)
        return self._product("product.updated", row)

    def rename(self, key: int, name: str) -> Delivery:
        row = self._touched(key)
        row.name = name
        return self._product("product.updated", row)

    def give_sku(self, key: int, sku: str) -> Delivery:
        row = self._touched(key)
        row.sku = sku
        return self._product("product.updated", row)

    def write_by_sql(self, key: int, **values: Any) -> None:
        """As some plugins do: neither date nor webhook."""
        row = self._any(key)
        for name, value in values.items():
            setattr(row, name, value)

    def trash_product(self, key: int) -> Delivery:
        row = self._touched(key)
        row.status = "trash"
        return self.webhook("product.deleted", {"id": key})

    def delete_product(self, key: int) -> Delivery:
        """For good, with its variations; only its absence shows it, and this webhook."""
        row = self.state.products.pop(key)
        for one in row.variation_ids:
            del self.state.variations[one]
        return self.webhook("product.deleted", {"id": key})

    def delete_variation(self, key: int) -> Delivery:
        row = self.state.variations.pop(key)
        self.state.products[row.parent_id].variation_ids.remove(key)
        return self.webhook("product.deleted", {"id": key})

    # customers, terms

    def new_customer(self, **values: Any) -> Delivery:
        row = add_customer(self.state, len(self.state.customers))
        row.update(values)
        return self.webhook("customer.created", bodies.customer(self.state, row))

    def change_customer(self, key: int, **values: Any) -> Delivery:
        row = self.state.customers[key]
        row.update(values, modified=self.state.moment())
        return self.webhook("customer.updated", bodies.customer(self.state, row))

    def rename_category(self, key: int, name: str) -> None:
        """Terms have neither dates nor webhooks."""
        self.state.categories[key]["name"] = name

    # orders

    def new_order(self, goods: Goods, **values: Any) -> Delivery:
        """values: as `add_order` takes them. What is on stock goes down, and the product's date stays."""
        order = add_order(self.state, goods, **values)
        for line in order.lines:
            sold = self._any(line.variation_id or line.product_id)
            if sold.manage_stock is True and isinstance(sold.stock, int):
                sold.stock -= int(line.quantity)
        return self.order_webhook("order.created", order.id)

    def order_webhook(self, topic: str, key: int) -> Delivery:
        return self.webhook(topic, order_bodies.order(self.state, self.state.orders[key]))

    def change_order_status(self, key: int, status: str) -> Delivery:
        order = self._touched_order(key)
        order.status = status
        if status == "completed":
            order.completed = self.state.moment()
        return self.order_webhook("order.updated", key)

    def edit_order(self, key: int, goods: Goods) -> Delivery:
        """Its lines only, which does not raise its date."""
        fill(self.state, self.state.orders[key], goods)
        return self.order_webhook("order.updated", key)

    def open_order(self, key: int) -> None:
        """Somebody looks at it; with order tables that raised its date."""
        self._touched_order(key)

    def refund(self, key: int, *args: Any, **values: Any) -> Refund:
        """As `add_refund`; raises the order's date."""
        return add_refund(self.state, self.state.orders[key], *args, **values)

    def delete_refund(self, key: int) -> None:
        """The order's date stays, and its status."""
        del self.state.refunds[key]

    def trash_order(self, key: int) -> Delivery:
        self._touched_order(key).status = "trash"
        return self.webhook("order.deleted", {"id": key})

    def delete_order(self, key: int) -> Delivery:
        del self.state.orders[key]
        return self.webhook("order.deleted", {"id": key})

    def _any(self, key: int) -> Product:
        row = self.state.any_product(key)
        if row is None:
            raise KeyError(key)
        return row

    def _touched(self, key: int) -> Product:
        row = self._any(key)
        row.modified = self.state.moment()
        return row

    def _touched_order(self, key: int) -> Order:
        order = self.state.orders[key]
        order.modified = self.state.moment()
        return order

    def _product(self, topic: str, row: Product) -> Delivery:
        return self.webhook(topic, bodies.product(self.state, row))
