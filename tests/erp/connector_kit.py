"""A connector that does what a test wants, and what it is given."""

from pathlib import Path

from salla_manager.erp.base import BaseConnector
from salla_manager.erp.port import ConfigField, ExportResult

ROOT = Path(__file__).resolve().parents[2]
COMMAND = {
    "command_id": "SM-COMMAND-00001",
    "command_type": "upsert_order",
    "entity_type": "order",
    "store_account": "SM-STORE-00001",
    "customer_account": "CUST-0001",
    "erp_instance": "",
    "idempotency_key": "ab" * 32,
    "payload": {"external_id": "77", "customer": {"name": "Nora Ali", "phone": "+966500000000"}},
    "revision": 3,
}


class Plain(BaseConnector):
    """Its `work` is what the test wants it to do."""

    connector_type = "PLAIN"

    def __init__(self, work=lambda command, config: ExportResult(True, "DOC-1"), limits=None):
        super().__init__(limits)
        self.work = work

    def config_fields(self):
        return (
            ConfigField("url", "URL", is_required=True),
            ConfigField("token", "Token", "secret", is_required=True),
            ConfigField("port", "Port", "number", default=22),
            ConfigField("way", "Way", "choice", default="in", choices=("in", "out")),
            ConfigField("fast", "Fast", "check"),
        )

    def deliver(self, command, config):
        return self.work(command, config)

    def probe(self, config):
        self.work({}, config)


CONFIG = {"url": "https://erp.example.com", "token": "s3cret-Token/of+the=shop"}


def failing(error):
    def work(command, config):
        raise error

    return work
