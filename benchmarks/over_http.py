"""Signed requests over HTTP: beside `ping`, and beside what a script with an API key posts to make the same documents."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import contents
from apply import Kind
from client_run import ClientRun
from load import Maker, Request, interleaved_blocks
from measure import row

import frappe

from salla_executor import contract

PING = "/api/method/ping"
ROUNDS = 10
# Documents are slower than pings, and have to be removed again; short blocks, so that both sides of a pair meet the same
# machine.
DOCUMENT_ROUNDS, DOCUMENTS_PER_CLIENT = 60, 2
# Some for each client.
BUYERS = 16
LIMIT = 1.05
CLIENTS = (1, 4)


def ping_rows(run: ClientRun, url: str) -> list[dict[str, Any]]:
    known = run.request("upsert_product", contents.product(run.unit()))
    run.receive(known, "applied")()
    kinds = {
        "ping": lambda: Request("GET", PING),
        "signed": lambda: _signed(run, run.request("ping", {})),
        "repeat": lambda: _signed(run, known),
    }
    rows = []
    for clients in CLIENTS:
        who = _clients(clients)
        label = f"executor over HTTP, {who}"
        times = interleaved_blocks(label, url, kinds, clients, ROUNDS, settle=lambda: None)
        rows += [
            row(f"signed ping, {who}", times["signed"], times["ping"], base_label="frappe ping"),
            row(f"repeat of a key, {who}", times["repeat"], times["ping"], base_label="frappe ping"),
        ]
    return rows


def document_rows(run: ClientRun, url: str) -> list[dict[str, Any]]:
    product = Kind(run, "upsert_product", contents.product)
    buyers = [contents.customer(run.unit()) for _ in range(BUYERS)]
    for buyer in buyers:
        run.receive(run.request("upsert_customer", buyer), "applied")()
    items = run.known_items(contents.product, contents.LINES)
    order = Kind(
        run,
        "upsert_order",
        contents.orders_of(buyers, items, frappe.utils.nowdate()),
        submit=run.settings.submit_orders,
    )
    state = "submitted" if run.settings.submit_orders else "draft"
    rows = []
    for clients in CLIENTS:
        rows += _beside(run, url, clients, f"order of 3 lines, {state}", order, "Sales Order")
        rows += _beside(run, url, clients, "product with a price", product, "Item")
    return rows


def _beside(
    run: ClientRun, url: str, clients: int, label: str, kind: Kind, doctype: str
) -> list[dict[str, Any]]:
    who = _clients(clients)
    kinds: dict[str, Maker] = {"ours": lambda: _command(run, kind), "bare": lambda: _post(run, kind)}
    sent_again: Counter[str] = Counter()
    times = interleaved_blocks(
        f"{label}, {who}",
        url,
        kinds,
        clients,
        DOCUMENT_ROUNDS,
        settle=lambda: None,
        per_client=DOCUMENTS_PER_CLIENT,
        sent_again=sent_again,
        keep_alive=False,
    )
    title = f"{label}, {who}"
    counts = (sent_again["ours"], sent_again["bare"])
    return [
        row(
            title,
            times["ours"],
            times["bare"],
            base_label=f"POST {doctype}",
            limit=LIMIT,
            sent_again=counts,
        )
    ]


def _command(run: ClientRun, kind: Kind) -> Request:
    return _signed(run, run.request(kind.command_type, kind.make(run.unit())))


def _post(run: ClientRun, kind: Kind) -> Request:
    """One POST that makes the same; ERPNext makes an Item's price itself where it is told a standard rate."""
    first, *beside = kind.bare_values()
    if first["doctype"] == "Item" and beside:
        first["standard_rate"] = beside[0]["price_list_rate"]
    first["docstatus"] = int(kind.submit)
    headers = {"Authorization": run.authorization(), "Content-Type": "application/json"}
    path = f"/api/resource/{first['doctype']}".replace(" ", "%20")
    post = Request("POST", path, json.dumps(first).encode(), headers)
    return replace(post, again=lambda: post)


def _signed(run: ClientRun, body: bytes) -> Request:
    # A nonce is good for once, so what is sent again is signed again.
    return Request("POST", contract.DISPATCH_PATH, body, run.headers(body), lambda: _signed(run, body))


def _clients(number: int) -> str:
    return f"{number} client{'s' if number > 1 else ''}"
