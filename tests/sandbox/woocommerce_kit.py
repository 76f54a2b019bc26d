"""A simulated WooCommerce store on a clock of its own, asked without a socket."""

from datetime import datetime, timezone

from werkzeug.test import Client

from sandbox.woocommerce.generate import generate
from sandbox.woocommerce.server import SimulatedWoo

NOON = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


class Site:
    """A store on a clock of its own, asked without a socket."""

    def __init__(self, **values):
        self.at = NOON
        self.woo = SimulatedWoo(generate(now=lambda: self.at, **values), now=lambda: self.at.timestamp())
        self.state, self.shop = self.woo.state, self.woo.shop
        self.client = Client(self.woo)

    def ask(self, path, auth="basic", method="GET", root="/wp-json/wc/v3/", **query):
        key = (self.woo.consumer_key, self.woo.consumer_secret)
        if auth == "query":
            query |= {"consumer_key": key[0], "consumer_secret": key[1]}
        basic = {"basic": key, "query": None, None: None}.get(auth, auth)
        return self.client.open(root + path, method=method, query_string=query, auth=basic)

    def ids(self, path, **query):
        return [row["id"] for row in self.ask(path, **query).json]
