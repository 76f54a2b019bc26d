"""What the tests of dropzones share: a command, the name of its file, and how an export is refused."""

import os
from decimal import Decimal
from pathlib import Path

import pytest

from salla_manager.core.transport import Limits
from salla_manager.erp.dropzone_json import DropzoneJsonV1Connector
from salla_manager.erp.port import ConnectorError, ExportResult

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "pass Wort/für=den+Laden"
# Long enough for a machine that is busy with other things.
LOOPBACK = Limits(connect=10, read=20, total=40, allow_private_addresses=True)
KEY = "0123456789abcdef" * 4
COMMAND = {
    "command_id": "SM-COMMAND-00001",
    "command_type": "upsert_order",
    "entity_type": "order",
    "store_account": "SM-STORE-00001",
    "customer_account": "CUST-0001",
    "erp_instance": "",
    "idempotency_key": KEY,
    "payload": {"external_id": "77", "total": Decimal("115.50"), "customer": {"name": "نورة"}},
    "revision": 3,
    "generation": 1,
    "dry_run": False,
}
NAME = "SM_STORE_00001-order-77-r3-g1-0123456789abcdef.json"


def export(folder, command=COMMAND, **config) -> ExportResult:
    """Into a local folder."""
    return DropzoneJsonV1Connector().export(command, {"folder": str(folder), **config})


def files(folder: Path) -> list[str]:
    """Also hidden ones."""
    return sorted(os.listdir(folder))


def refused_in(folder, command=COMMAND, **config) -> ConnectorError:
    return refused(DropzoneJsonV1Connector(), {"folder": str(folder), **config}, command)


def refused(connector, config, command=COMMAND) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        connector.export(command, config)
    return caught.value


def blocked(connector, config) -> str:
    """The destination is to be mended, no command is to blame, and nothing has arrived."""
    error = refused(connector, config)
    assert (error.action, error.burns_attempt, error.is_uncertain) == ("break", False, False)
    return str(error)
