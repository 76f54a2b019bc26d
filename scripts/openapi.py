"""Writes docs/openapi.json from the contract and the payload models: the endpoints, their headers and answers."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pydantic.json_schema import models_json_schema

from salla_manager import contract, payloads
from salla_manager.core.pull import ENTITY_TYPES as PULLED
from salla_manager.core.send_again import MOST as MOST_AGAIN

TARGET = Path(__file__).resolve().parents[1] / "docs" / "openapi.json"
WEBHOOK_PATH = "/api/method/salla_manager.api.webhooks.salla"
WOO_WEBHOOK_PATH = "/api/method/salla_manager.api.webhooks.woocommerce"
SCHEMAS = "#/components/schemas/"
# command_type -> entity_type, empty for those that are no entity's.
KINDS = {**contract.COMMAND_TYPES, contract.PING: "", contract.ROTATE_SECRET: ""}
HEX = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
DECIMAL = "^-?[0-9]{1,12}([.][0-9]{1,12})?$"
ABOUT_HEADERS = {
    contract.HEADER_INSTANCE: "the ERP Instance; the same as `erp_instance` in the body",
    contract.HEADER_TIMESTAMP: f"Unix seconds; at most {contract.TIMESTAMP_WINDOW} s off, on either side",
    contract.HEADER_NONCE: "new for every request",
    contract.HEADER_SIGNATURE: "hex of HMAC-SHA256 over `{timestamp}.{nonce}.{raw_body}` with the shared secret",
    contract.HEADER_KEY: "the same for every try of one command; the same as `idempotency_key` in the body",
}
ACKED = {
    200: "applied or skipped; or the stored verdict on a repeat",
    400: "rejected: header, JSON or envelope of another form",
    401: "rejected: unknown instance or wrong signature, clocks apart, or the nonce was used",
    409: "failed: the same command is being applied",
    413: "rejected: too large",
    422: "failed for good, or rejected: the key was used with another body",
    503: "failed, a later try can help",
}
PULL_ANSWERS = {
    200: "what was queued",
    400: "not a pull of the contract's form",
    401: "unknown instance or wrong signature, clocks apart, or the nonce was used",
    403: "no such store points to this ERP Instance",
    413: "too large",
}
SMALL_ANSWERS = {
    200: "agreed, or checked",
    400: "the body or its public key is of another form, or names another action or instance",
    401: "unknown instance, wrong signature, a code that holds no more, clocks apart, or the nonce was used",
    409: "another change of the secret is under way",
    413: "too large",
}
SEND_AGAIN_ANSWERS = {
    200: "how many come again, and why others do not",
    400: "the body is of another form, or names another action or instance",
    401: "unknown instance or wrong signature, clocks apart, or the nonce was used",
    403: "no such store points to this ERP Instance",
    413: "too large",
}
WEBHOOK_ANSWERS = {
    200: "kept, now or before",
    401: "not proved to come from the shop; nothing was stored",
    413: "too large; nothing was stored",
}


def text(*, least: int = 1, most: int = 140, **more: Any) -> dict[str, Any]:
    return {"type": "string", "minLength": least, "maxLength": most, **more}


def grammar(name: str) -> str:
    """A header's expression as JSON Schema writes it."""
    return contract._GRAMMAR[name].pattern.replace(r"\A", "^").replace(r"\Z", "$")


def header(name: str, about: str, is_required: bool = True, **schema: Any) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": is_required,
        "description": about,
        "schema": {"type": "string", **schema},
    }


def signed_headers() -> dict[str, Any]:
    return {name: header(name, about, pattern=grammar(name)) for name, about in ABOUT_HEADERS.items()}


def model_name(entity_type: str) -> str:
    return payloads.PAYLOADS[entity_type].__name__


def payload_schemas() -> dict[str, Any]:
    models = [(model, "validation") for model in payloads.PAYLOADS.values()]
    _, made = models_json_schema(models, ref_template=SCHEMAS + "{model}")  # type: ignore[arg-type]
    return {name: plain_numbers(schema) for name, schema in made["$defs"].items()}


def plain_numbers(schema: Any) -> Any:
    """Decimals in words of our own: pydantic writes them differently from version to version."""
    if isinstance(schema, list):
        return [plain_numbers(child) for child in schema]
    if not isinstance(schema, dict):
        return schema
    if any(isinstance(one, dict) and one.get("type") == "number" for one in schema.get("anyOf", ())):
        types = ["string", "integer"]
        if any(one.get("type") == "null" for one in schema["anyOf"]):
            types.append("null")
        kept = {name: value for name, value in schema.items() if name in ("title", "description", "default")}
        return {**kept, "type": types, "pattern": DECIMAL}
    return {name: plain_numbers(child) for name, child in schema.items()}


def command_schema(command_type: str, entity_type: str) -> dict[str, Any]:
    """One kind of command with its own payload."""
    payload: dict[str, Any] = {"type": "object"}
    if command_type == contract.ROTATE_SECRET:
        payload |= {"required": ["public_key"], "properties": {"public_key": HEX}}
    elif entity_type:
        payload = {"$ref": SCHEMAS + model_name(entity_type)}
    plain = {"pattern": "^[^<>\\u0000-\\u001f\\u007f]*$"}
    counter = {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}
    properties = {
        "command_id": text(**plain),
        "command_type": {"const": command_type},
        "entity_type": {"const": entity_type} if entity_type else text(least=0, **plain),
        "store_account": text(least=1 if entity_type else 0, **plain),
        "customer_account": text(least=0, **plain),
        "erp_instance": text(pattern=grammar(contract.HEADER_INSTANCE)),
        "idempotency_key": {"type": "string", "pattern": grammar(contract.HEADER_KEY)},
        "payload": payload,
        "revision": counter,
        "generation": counter,
        "dry_run": {"type": "boolean"},
        "contract_version": {"type": "string"},
    }
    needed = ["command_id", "command_type", "erp_instance", "idempotency_key"]
    if entity_type:
        needed += ["entity_type", "store_account"]
    if command_type != contract.PING:
        needed.append("payload")
    return {"type": "object", "required": needed, "properties": properties}


def command_names() -> dict[str, str]:
    """command_type -> name of its schema."""
    return {kind: f"{kind.title().replace('_', '')}Command" for kind in KINDS}


def ack_schema() -> dict[str, Any]:
    document = {"type": "object", "properties": {"doctype": {"type": "string"}, "name": {"type": "string"}}}
    detail = {
        "erp_doc": {"anyOf": [document, {"type": "null"}]},
        "message": {"type": "string"},
        "error_code": {"type": ["string", "null"]},
        "retryable": {"type": "boolean"},
        "changes": {"type": "object"},
        "repeat": {"type": "boolean"},
        "server_time": {"type": "integer"},
    }
    properties = {
        "ack_status": {"enum": list(contract.ACK_STATUSES)},
        "ack_payload": {"type": "object", "required": ["message"], "properties": detail},
        "idempotency_key": {"type": "string"},
        "command_id": {"type": "string"},
    }
    # Nothing beside these, so that a framework's wrapping is never taken for an ack.
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }


def pull_schemas() -> dict[str, Any]:
    counts = {"type": "object", "additionalProperties": {"type": "integer"}}
    asked = {
        "store_id": text(),
        "entity_types": {"type": ["array", "null"], "items": {"enum": list(PULLED)}},
        "since": {"type": ["string", "null"], "format": "date-time"},
        "limit": {"type": ["integer", "null"], "minimum": 1},
    }
    told = {"ok": {"type": "boolean"}, "queued": counts, "skipped_missing_sku": {"type": "integer"}}
    refused = {"ok": {"const": False}, "message": {"type": "string"}, "error_code": {"type": "string"}}
    return {
        "Pull": {"type": "object", "required": ["store_id"], "properties": asked},
        "PullAnswer": {"type": "object", "required": list(told), "properties": told},
        "Refusal": {"type": "object", "required": ["ok", "message"], "properties": refused},
    }


def connection_schemas() -> dict[str, Any]:
    def asked(action: str, **more: Any) -> dict[str, Any]:
        instance = text(pattern=grammar(contract.HEADER_INSTANCE))
        properties = {"action": {"const": action}, "erp_instance": instance, **more}
        return {"type": "object", "required": list(properties), "properties": properties}

    def told(**more: Any) -> dict[str, Any]:
        properties = {"ok": {"const": True}, "proof": HEX, **more}
        return {"type": "object", "required": list(properties), "properties": properties}

    checked = {
        "server_time": {"type": "integer"},
        "contract_version": {"type": "string"},
        "versions": {"type": "object", "additionalProperties": {"type": "string"}},
        "erp_url": {"type": "string"},
        "is_enabled": {"type": "boolean"},
    }
    ids = {"type": "array", "items": text(), "minItems": 1, "maxItems": MOST_AGAIN}
    again = asked("send_again", store_id=text(), orders=ids)
    reasons = {"type": "object", "additionalProperties": {"type": "string"}}
    sent = {"ok": {"const": True}, "sent": {"type": "integer"}, "not_sent": reasons}
    return {
        "Pair": asked("pair", public_key=HEX),
        "PairAnswer": told(public_key=HEX),
        "Check": asked("check"),
        "CheckAnswer": told(**checked),
        "SendAgain": {**again, "required": list(again["properties"])},
        "SendAgainAnswer": {"type": "object", "required": list(sent), "properties": sent},
    }


def webhook_schemas() -> dict[str, Any]:
    sent = {
        "event": text(),
        "merchant": {"type": ["integer", "string"]},
        "created_at": {"type": "string"},
        "data": {"type": "object"},
    }
    told = {"ok": {"const": True}, "event": {"type": "string"}, "duplicate": {"type": "boolean"}}
    # Whatever the shop says of an order, a product or a customer: only its id is believed.
    hint = {
        "type": "object",
        "properties": {"id": {"type": "integer"}, "date_modified_gmt": {"type": "string"}},
    }
    return {
        "WooWebhook": hint,
        "SallaWebhook": {"type": "object", "required": ["event", "merchant"], "properties": sent},
        "WebhookAnswer": {"type": "object", "required": list(told), "properties": told},
    }


def content(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": SCHEMAS + name}}}


def operation(
    name: str,
    summary: str,
    parameters: list[dict[str, Any]],
    body: str,
    answers: dict[int, str],
    good: str,
    bad: str,
) -> dict[str, Any]:
    """good: schema of the answer with 200, bad: of all others."""
    responses = {
        str(status): {"description": about, "content": content(good if status == 200 else bad)}
        for status, about in answers.items()
    }
    return {
        "post": {
            "operationId": name,
            "summary": summary,
            "parameters": parameters,
            "requestBody": {"required": True, "content": content(body)},
            "responses": responses,
        }
    }


def woo_proof() -> list[dict[str, Any]]:
    """A new webhook's ping is a form, unsigned, and answered with 200 all the same."""
    store = {"name": "store", "in": "query", "required": True, "schema": text()}
    signed = "base64 of HMAC-SHA256 over the raw body with the store's webhook secret"
    return [
        {**store, "description": "the Store Account whose secret signs"},
        header("X-WC-Webhook-Topic", "such as order.updated"),
        header("X-WC-Webhook-Source", "the address of the shop"),
        header("X-WC-Webhook-Signature", signed),
    ]


def paths() -> dict[str, Any]:
    signed = [{"$ref": f"#/components/parameters/{name}"} for name in ABOUT_HEADERS]
    proof = [
        header("X-Salla-Security-Strategy", "Signature or Token", False),
        header("X-Salla-Signature", "hex of HMAC-SHA256 over the raw body with the webhook secret", False),
    ]
    return {
        contract.DISPATCH_PATH: operation(
            "dispatch", "Hub to executor: one command", signed, "Command", ACKED, "Ack", "Ack"
        ),
        contract.PULL_PATH: operation(
            "pull", "Executor to hub: read the shop again", signed, "Pull", PULL_ANSWERS, "PullAnswer", "Refusal"
        ),
        contract.PAIR_PATH: operation(
            "pair", "Executor to hub: agree on a secret, by a code or the one both have", signed, "Pair",
            SMALL_ANSWERS, "PairAnswer", "Refusal",
        ),
        contract.CHECK_PATH: operation(
            "check", "Executor to hub: the hub's half of a checklist", signed, "Check", SMALL_ANSWERS, "CheckAnswer",
            "Refusal",
        ),
        contract.SEND_AGAIN_PATH: operation(
            "sendAgain", "Executor to hub: orders once more, as the hub knows them", signed, "SendAgain",
            SEND_AGAIN_ANSWERS, "SendAgainAnswer", "Refusal",
        ),
        WEBHOOK_PATH: operation(
            "webhook", "Salla to hub: something changed", proof, "SallaWebhook", WEBHOOK_ANSWERS,
            "WebhookAnswer", "Refusal",
        ),
        WOO_WEBHOOK_PATH: operation(
            "woo_webhook", "WooCommerce to hub: something changed, to be read from the shop", woo_proof(), "WooWebhook",
            WEBHOOK_ANSWERS, "WebhookAnswer", "Refusal",
        ),
    }  # fmt: skip


def document() -> dict[str, Any]:
    names = command_names()
    commands = {names[kind]: command_schema(kind, entity_type) for kind, entity_type in KINDS.items()}
    mapping = {kind: SCHEMAS + name for kind, name in names.items()}
    command = {
        "oneOf": [{"$ref": target} for target in mapping.values()],
        "discriminator": {"propertyName": "command_type", "mapping": mapping},
    }
    schemas = {"Command": command, **commands, "Ack": ack_schema(), **pull_schemas()}
    schemas |= {**connection_schemas(), **webhook_schemas()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Salla Manager and Salla Executor",
            "version": contract.CONTRACT_VERSION,
            "description": "Generated by `make docs`; do not edit by hand. The rules behind it: RPC_CONTRACT.md.",
        },
        "paths": paths(),
        "components": {"parameters": signed_headers(), "schemas": {**schemas, **payload_schemas()}},
    }


def rendered() -> str:
    return json.dumps(document(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(rendered(), encoding="utf-8")
    print(f"wrote docs/{TARGET.name}")
