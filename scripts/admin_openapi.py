"""Writes docs/admin-openapi.json: the admin methods, as their own source describes them, and what they answer."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pydantic import TypeAdapter

from salla_manager.core import connector_views

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "admin-openapi.json"
MODULES = ("connectors", "backfills")
SCHEMAS = "#/components/schemas/"
REFUSALS = {
    "403": "not logged in, or without the right to do this",
    "404": "there is nothing of this name",
    "417": "an argument of another type, or not possible now; `_server_messages` says why and what to do",
}
# What the annotations of the methods are made of.
NAMES = {**vars(connector_views), "Literal": Literal}


def methods() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Dotted path and source of each whitelisted function."""
    for module in MODULES:
        path = ROOT / "salla_manager" / "api" / f"{module}.py"
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.decorator_list:
                yield f"salla_manager.api.{module}.{node.name}", node


def verb(node: ast.FunctionDef) -> str:
    (decorator,) = node.decorator_list
    assert isinstance(decorator, ast.Call)
    allowed = next(word.value for word in decorator.keywords if word.arg == "methods")
    (only,) = ast.literal_eval(allowed)
    return only.lower()


def schema_of(annotation: ast.expr | None, kept: dict[str, Any]) -> dict[str, Any]:
    """kept: gets the schemas that it refers to."""
    assert annotation is not None
    meant = eval(ast.unparse(annotation), NAMES)
    schema = TypeAdapter(meant).json_schema(ref_template=SCHEMAS + "{model}")
    kept.update({name: plain(one) for name, one in schema.pop("$defs", {}).items()})
    if "title" in schema and schema.get("type") == "object":
        kept[schema["title"]] = plain(schema)
        return {"$ref": SCHEMAS + schema["title"]}
    return plain(schema)


def plain(schema: Any) -> Any:
    """Without the titles that pydantic makes of names; a description in one line."""
    if isinstance(schema, list):
        return [plain(child) for child in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        name: plain(child)
        for name, child in schema.items()
        if not (name == "title" and isinstance(child, str))
    }
    if isinstance(kept.get("description"), str):
        kept["description"] = " ".join(kept["description"].split())
    return kept


def arguments(node: ast.FunctionDef, kept: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """(schema by name, the names that have to be given)"""
    given = node.args.args
    defaults = [None] * (len(given) - len(node.args.defaults)) + list(node.args.defaults)
    properties, needed = {}, []
    for argument, default in zip(given, defaults, strict=True):
        schema = schema_of(argument.annotation, kept)
        if default is None:
            needed.append(argument.arg)
        else:
            schema = {**schema, "default": ast.literal_eval(default)}
        properties[argument.arg] = schema
    return properties, needed


def operation(dotted: str, node: ast.FunctionDef, kept: dict[str, Any]) -> dict[str, Any]:
    properties, needed = arguments(node, kept)
    summary, _, more = (ast.get_docstring(node) or "").partition("\n\n")
    made: dict[str, Any] = {
        "operationId": dotted.removeprefix("salla_manager.api."),
        "summary": " ".join(summary.split()),
    }
    if more:
        made["description"] = " ".join(more.split())
    if verb(node) == "get":
        made["parameters"] = [
            {"name": name, "in": "query", "required": name in needed, "schema": schema}
            for name, schema in properties.items()
        ]
    else:
        body: dict[str, Any] = {"type": "object", "properties": properties}
        made["requestBody"] = {
            "required": True,
            "content": in_json({**body, "required": needed} if needed else body),
        }
    answer: dict[str, Any] = {"type": "object"}
    if ast.unparse(node.returns or ast.Constant(None)) != "None":
        answer |= {"required": ["message"], "properties": {"message": schema_of(node.returns, kept)}}
    refused = {"$ref": SCHEMAS + "Refusal"}
    made["responses"] = {"200": {"description": "done", "content": in_json(answer)}} | {
        status: {"description": about, "content": in_json(refused)} for status, about in REFUSALS.items()
    }
    return made


def in_json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def document() -> dict[str, Any]:
    kept: dict[str, Any] = {
        "Refusal": {
            "type": "object",
            "properties": {"exc_type": {"type": "string"}, "_server_messages": {"type": "string"}},
        }
    }
    paths = {
        f"/api/method/{dotted}": {verb(node): operation(dotted, node, kept)} for dotted, node in methods()
    }
    token = {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "token API_KEY:API_SECRET",
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Salla Manager, admin methods",
            "version": "1.0",
            "description": "Generated by `make docs`; do not edit by hand. Explained in OPERATIONS.md.",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {"securitySchemes": {"token": token}, "schemas": dict(sorted(kept.items()))},
    }


def rendered() -> str:
    return json.dumps(document(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(rendered(), encoding="utf-8")
    print(f"wrote docs/{TARGET.name}")
