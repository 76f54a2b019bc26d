"""A simulated shop that tells the hub on the bench of its changes, and tells again until it is answered 200."""

from __future__ import annotations

import random
import threading
import time
from datetime import datetime, timezone

from chaos.bench import HUB, pair
from chaos.bench_names import merchant
from chaos.wire import Line, Meter
from sandbox.salla.generate import generate
from sandbox.salla.server import SimulatedSalla
from sandbox.salla.shop import Delivery

PATH = "/api/method/salla_manager.api.webhooks.salla"
# As Salla does not, but a run has to end: seconds until an unanswered webhook is sent again.
AGAIN_SECONDS = 0.5


class ShopTraffic(threading.Thread):
    """Products, customers, brands and orders of three lines in turn; pause: seconds between two webhooks."""

    def __init__(self, port: int, mark: str, meter: Meter, pause: float):
        super().__init__(daemon=True)
        self.mark, self.meter, self.pause = mark, meter, pause
        state = generate(
            seed=int(merchant(mark)), merchant_id=int(merchant(mark)), brands=0, categories=0, products=0, customers=0, orders=0,
            now=lambda: datetime.now(timezone.utc),
        )  # fmt: skip
        self.salla = SimulatedSalla(state, webhook_secret=pair.WEBHOOK_SECRET).start()
        self.shop = self.salla.shop
        self.line = Line(port, HUB)
        self.sent: list[tuple[str, str]] = []
        self.told_again = 0
        self.is_over = threading.Event()

    def run(self) -> None:
        self._tell("", "", self.salla.authorize())
        number = 0
        while not self.is_over.is_set():
            self._tell(*self._next(number))
            number += 1
            time.sleep(self.pause)
        self.line.close()

    def stop(self) -> None:
        """What was begun is told to its end, so that the hub knows every change of the shop."""
        self.is_over.set()
        self.join(120)

    def close(self) -> None:
        """Once nothing has to be read from it any more."""
        self.salla.stop()

    def _next(self, number: int) -> tuple[str, str, Delivery]:
        """(document it becomes, the document's key, webhook). The first few are what orders are made of."""
        state, name = self.shop.state, f"{self.mark}-s{number:05d}"
        kind = ("product", "product", "product", "customer", "brand", "order", "order")[number % 7]
        if kind == "product":
            return "Item", name, self.shop.new_product(f"Cup {name}", "10.50", sku=name)
        if kind == "customer":
            values = {"first_name": "Sara", "last_name": name, "full_name": f"Sara {name}", "email": None}
            return "Customer", f"Sara {name}", self.shop.new_customer(**values)
        if kind == "brand":
            key = state.new_id()
            state.brands[key] = {"id": key, "name": name, "description": "", "ar_char": "A", "en_char": "A"}
            return "Brand", name, self.shop.webhook("brand.created", state.brands[key])
        chance = random.Random(number)
        goods = [(key, None, 1) for key in chance.sample(sorted(state.products), 3)]
        delivery = self.shop.new_order(goods, customer_id=chance.choice(sorted(state.customers)))
        return "Sales Order", str(list(state.orders)[-1]), delivery

    def _tell(self, doctype: str, key: str, delivery: Delivery) -> None:
        kind = f"webhook {delivery.event}"
        ends_at = time.monotonic() + 110
        while time.monotonic() < ends_at:
            reply = self.line.post(PATH, delivery.body, delivery.headers)
            if reply.status == 200:
                self.meter.served(kind, reply.seconds)
                if doctype:
                    self.sent.append((doctype, key))
                return
            self.meter.failed(f"{kind}: {reply.status or reply.body.decode()}")
            self.told_again += 1
            time.sleep(AGAIN_SECONDS)
