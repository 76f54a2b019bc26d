"""What `sandbox replay` prints, and what it advises where a file is not enough."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from salla_manager.platforms.salla.client import requests_of
from salla_manager.platforms.salla.understand import Understood

if TYPE_CHECKING:
    from sandbox.replay import Replayed

_NOTHING = (None, [], {}, "")
# Ids of one list that are spelled out.
_NAMED = 3


def to_do(understood: Understood, commands: list[dict[str, Any]], products: list[str]) -> list[str]:
    """Sentences: which further FILEs would show more. products: requests for those an order lacks."""
    sentences = [_wanted(*entity) for entity in understood.wanted[:_NAMED]]
    if len(understood.wanted) > _NAMED:
        sentences.append(f"The same for the other {len(understood.wanted) - _NAMED} orders.")
    if understood.order_lines:
        sentences.append("Give the answer of GET /orders/<id> as the FILE right before this one.")
    if any(entity_type == "variant" for entity_type, _ in understood.entities):
        sentences.append("To see a variant with its product, give the answer of GET /products/<id>.")
    codes = {(command["ack"] or {}).get("error_code") for command in commands if command["status"] != "Done"}
    if products:
        sentences.append(f"Give the answers of {', '.join(products)} as FILEs before this one.")
    if "unknown_parent" in codes:
        sentences.append("Give the parent, GET /categories/<id>, as a FILE before this one.")
    return sentences


def _wanted(entity_type: str, external_id: str) -> str:
    asked = requests_of(entity_type, external_id)
    if len(asked) == 1:
        return f"Save the answer of {asked[0]} and give it as a FILE."
    return f"Save the answers of {' and '.join(asked)} and give them as FILEs in this order."


def product_request(line: dict[str, Any]) -> str:
    """How the product of an order's line is asked for."""
    if line.get("product_id"):
        return requests_of("product", line["product_id"])[0]
    return f"GET /products/sku/{line.get('sku') or '<sku>'}"


def text(result: Replayed) -> str:
    lines = [f"== {result.file}", *(f"understood  {sentence}" for sentence in result.understood)]
    if result.event:
        event = result.event
        name = f" {event['event']}" if event["event"] else ""
        lines.append(f"event       {event['http_status']}{name}: {event['status']}. {event['message']}")
    for payload in result.payloads:
        lines += _block("payload", payload)
    lines += [f"hub         {sentence}" for sentence in result.outcomes]
    for command in result.commands:
        lines += _command(command)
    for document in result.documents:
        lines += _block("document", document)
    if not (result.payloads or result.commands):
        lines.append("result      Nothing is sent to the ERP for this file.")
    lines += [f"to do       {sentence}" for sentence in result.to_do]
    return "\n".join(lines)


def _command(command: dict[str, Any]) -> list[str]:
    """The ack says why; the hub's own reason is shown where it is another one."""
    ack = command["ack"] or {}
    message = ack.get("message") or ""
    name = f"{command['name']} {command['command_type']} {command['external_id']}"
    lines = [f"command     {name}: {command['status']}"]
    if command["reason"] and not (message and message in command["reason"]):
        lines.append(f"            {command['reason']}")
    if command["ack"]:
        code = f" ({ack['error_code']})" if ack.get("error_code") else ""
        told = message.replace("\n", "\n            ")
        lines.append(f"ack         {command['ack_status']}{code}: {told}")
    return lines


def _block(label: str, value: dict[str, Any]) -> list[str]:
    rows = json.dumps(_said(value), ensure_ascii=False, indent=1, default=str).splitlines()
    return [f"{label if number == 0 else '':<12}{row}" for number, row in enumerate(rows)]


def _said(value: Any) -> Any:
    """Without what says nothing, at any depth."""
    if isinstance(value, dict):
        found = {key: _said(child) for key, child in value.items()}
        return {key: child for key, child in found.items() if child not in _NOTHING}
    return [_said(child) for child in value] if isinstance(value, list) else value
