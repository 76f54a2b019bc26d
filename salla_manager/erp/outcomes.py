"""From what a connector gives or raises to the verdict that the hub goes by. Pure."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from salla_manager import contract
from salla_manager.core import answers
from salla_manager.core.answers import AckBody, Verdict
from salla_manager.core.verdicts import Exchange
from salla_manager.erp.port import ConnectorError, ExportResult

# Characters of what a connector says of its result, and of an error; more is not kept.
_MOST_METADATA, _MOST_REASON = 3000, 1000


def exchange_of(
    outcome: ExportResult | ConnectorError,
    target: str,
    draft_order: dict[str, Any],
    started_at: datetime,
    latency_ms: int,
) -> Exchange:
    """target: connector type and name of the destination, for people."""
    body = contract.dump_json(draft_order)
    request = {
        "method": "EXPORT",
        "target": target,
        "bytes": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    if isinstance(outcome, ConnectorError):
        uncertain = outcome.is_uncertain
        return Exchange(refused(outcome), started_at, latency_ms, request, is_uncertain=uncertain)
    kept = _kept(outcome)
    verdict = _taken(kept) if outcome.success else refused(_unsuccessful(kept))
    return Exchange(verdict, started_at, latency_ms, request, response=json.dumps(kept, ensure_ascii=False))


def refused(error: ConnectorError) -> Verdict:
    return Verdict(
        error.action,
        # What is the destination's fault is not counted against a command.
        error.burns_attempt and error.action != answers.BREAK,
        error.retry_after,
        str(error)[:_MOST_REASON],
        is_connection_like=error.action in (answers.RETRY, answers.BREAK) and not error.is_throttled,
        is_throttled=error.is_throttled,
    )


def result_of(response: str) -> ExportResult:
    """What `response` of an attempt that succeeded says; an executor's ack has no more than its document."""
    values = json.loads(response)
    if "export_id" in values:
        return ExportResult(True, values["export_id"], values["storage_key"], values["connector_metadata"])
    document = (values.get("ack_payload") or {}).get("erp_doc") or ""
    return ExportResult(True, document.get("name", "") if isinstance(document, dict) else str(document))


def _kept(result: ExportResult) -> dict[str, Any]:
    """As JSON gives it back, whatever a connector has put into it."""
    metadata = json.dumps(result.connector_metadata, default=str, ensure_ascii=False)
    return {
        "export_id": str(result.export_id)[:140],
        "storage_key": str(result.storage_key)[:500],
        "connector_metadata": json.loads(metadata) if len(metadata) <= _MOST_METADATA else {},
    }


def _taken(kept: dict[str, Any]) -> Verdict:
    payload = {"erp_doc": kept["export_id"], "message": "", **kept}
    return Verdict(answers.DONE, True, 0, "", AckBody("applied", payload))


def _unsuccessful(kept: dict[str, Any]) -> ConnectorError:
    return ConnectorError(f"The connector reports no success and gives no reason. It said: {kept}")
