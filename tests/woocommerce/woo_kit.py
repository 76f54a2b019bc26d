"""A simulated shop without a socket, and a client that reads it."""

from dataclasses import replace
from urllib.parse import parse_qsl

from salla_manager.core.addresses import TransportError
from salla_manager.core.transport import HttpAnswer
from salla_manager.platforms.woocommerce.client import HTTP, WooClient
from sandbox.salla.direct import DirectTransport, SimulatedClock
from sandbox.woocommerce.generate import generate
from sandbox.woocommerce.server import SimulatedWoo

BASE = "http://woo.test"


class Shop:
    """woo: the simulated site. client: one that reads it with the right key."""

    def __init__(self, **values):
        self.clock = SimulatedClock()
        self.woo = SimulatedWoo(generate(now=self.clock.now, **values), now=self.clock)
        self.state, self.shop = self.woo.state, self.woo.shop
        self.transport = DirectTransport(self.woo, self.clock, BASE)
        self.client = self.new_client()

    def new_client(self, **options):
        keys = {"consumer_key": self.woo.consumer_key, "consumer_secret": self.woo.consumer_secret}
        values = {
            "calls_per_minute": 100_000,
            "http": replace(HTTP, allow_private_addresses=True),
            "sleep": self.clock.sleep,
            "now": self.clock,
            **options,
        }
        url = values.pop("url", BASE)
        keys |= values.pop("keys", {})
        return WooClient(url, keys, values.pop("transport", self.transport), **values)

    def queries(self, path):
        """Of all calls of this path."""
        return [dict(parse_qsl(query)) for _, called, query in self.woo.log.entries if called == path]


class Wire:
    """Plays answers: (status, body, headers), or the kind of a TransportError; the last one for ever."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.sent = []

    def get(self, url, headers, limits):
        self.sent.append((url, headers))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, str):
            raise TransportError(answer, f"It was {answer} at {url}")
        status, body, *more = answer
        headers = {"content-type": "application/json; charset=UTF-8", **(more[0] if more else {})}
        return HttpAnswer(status, headers, body if isinstance(body, bytes) else body.encode())


def client(*answers, **options):
    """Of an https shop that gives these answers."""
    wire = Wire(*answers)
    keys = {"consumer_key": "ck_1", "consumer_secret": "cs_secret"}
    slept = []
    values = {"sleep": slept.append, "now": lambda: 1_800_000_000 + sum(slept), **options}
    found = WooClient("https://shop.example.com", keys, wire, **values)
    return found, wire
