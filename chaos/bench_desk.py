"""Hostile texts in every column of every list and form of ours, and in ERPNext's documents made from commands, looked at
in a headless Chromium: nothing of them may run and nothing may be fetched."""

from __future__ import annotations

import json
import secrets
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import requests

from benchmarks.contents import Unit, customer, order, product
from chaos.bench import CLIENT, HUB, Bench, BenchError, OnSite, the_bench
from chaos.bench_names import HOSTILE, run_mark
from chaos.browser import Listener, dom_of, listener
from chaos.ground import Section
from chaos.hostile_texts import COUNT, hostile_texts
from chaos.wire import Line
from salla_manager import contract

# Forms looked at of each DocType; the texts move by one column from row to row.
FORMS = 2
DAY = "2026-11-20"


def bench_desk(seed: int) -> Section:
    """The seed chooses which forms are opened."""
    section = Section("bench-desk")
    began, bench, mark = time.monotonic(), the_bench(), run_mark()
    with ExitStack() as stack:
        ears = stack.enter_context(listener())
        _control(section, ears)
        pages = _Pages(bench, ears, section)
        texts = hostile_texts(ears.url)
        for site, module in ((HUB, "chaos.bench_desk_site"), (CLIENT, "chaos.bench_desk_site")):
            on_site = stack.enter_context(OnSite(bench, site, module))
            on_site.ask("clean")
            stack.callback(on_site.ask, "clean")
            pages.visit_site(on_site, site, texts, seed)
        client = stack.enter_context(OnSite(bench, CLIENT, "chaos.bench_client"))
        stack.callback(client.ask, "sweep", mark=mark, stores=[mark])
        pages.visit(CLIENT, _documents(bench, client, mark, texts, section))
    section.figures |= {"hostile texts": COUNT, "pages": pages.count, "pages with such a text": pages.shown}
    section.expect("ran or fetched", ", ".join(pages.ran) or "none", "none")
    section.figures["seconds"] = round(time.monotonic() - began, 1)
    return section


def _control(section: Section, ears: Listener) -> None:
    """A page without any escaping: what does not run there would prove nothing elsewhere."""
    with tempfile.TemporaryDirectory(prefix="chaos-control-") as folder:
        heard = set()
        for number, text in enumerate(hostile_texts(ears.url)):
            page = Path(folder) / f"{number}.html"
            page.write_text(f"<!doctype html><p>{text}</p>")
            dom_of(page.as_uri())
            heard |= set(ears.take())
    section.figures["texts that run where nothing escapes them"] = len(heard)
    if len(heard) < COUNT // 2:
        section.violations.append(f"bench-desk: the browser ran only {len(heard)} of {COUNT} texts")


class _Pages:
    def __init__(self, bench: Bench, ears: Listener, section: Section):
        self.ears, self.section = ears, section
        self.port, self.password = int(bench.config()["webserver_port"]), bench.config()["admin_password"]
        self.sids: dict[str, str] = {}
        self.count = self.shown = 0
        self.ran: list[str] = []

    def visit_site(self, on_site: OnSite, site: str, texts: list[str], seed: int) -> None:
        self.sids[site] = self._login(site)
        paths = []
        for doctype, names in on_site.ask("plant", texts=texts):
            route = doctype.lower().replace(" ", "-")
            paths.append(f"{route}/view/list")
            paths += [f"{route}/{names[(seed + step) % len(names)]}" for step in range(FORMS)]
        paths += [f"query-report/{quote(report)}" for report in on_site.ask("reports")]
        self.visit(site, [*paths, "salla-manager" if site == HUB else "salla-executor"])

    def _login(self, site: str) -> str:
        known = {"usr": "Administrator", "pwd": self.password}
        reply = requests.post(f"http://{site}:{self.port}/api/method/login", data=known, timeout=60)
        if not reply.ok or "sid" not in reply.cookies:
            raise BenchError(f"no login at {site}: HTTP {reply.status_code}")
        return reply.cookies["sid"]

    def visit(self, site: str, paths: list[str]) -> None:
        for path in paths:
            # A page of the hub's may have this session's cookie already; the address brings it at the first one.
            dom = dom_of(f"http://{site}:{self.port}/app/{path}?sid={self.sids[site]}")
            self.count += 1
            self.shown += HOSTILE in dom or "fetch(" in dom
            if "page-container" not in dom:
                self.section.violations.append(f"bench-desk: {site} /app/{path} did not render")
            if heard := self.ears.take():
                self.ran.append(f"{site} /app/{path} ({' '.join(sorted(set(heard)))})")


def _documents(bench: Bench, client: OnSite, mark: str, texts: list[str], section: Section) -> list[str]:
    """Item, Customer and Sales Order made from commands whose every text is hostile; the pages of their forms."""
    known = client.ask("identity")
    line = Line(int(bench.config()["webserver_port"]), CLIENT)
    made = {}
    for command_type, payload in _payloads(mark, texts):
        key = secrets.token_hex(20)
        entity = contract.COMMAND_TYPES[command_type]
        parts = (mark, "", known["instance"], key, payload)
        body = contract.encode_command(contract.Command(f"{mark}-{key[:8]}", command_type, entity, *parts))
        headers = contract.signed_headers(known["instance"], known["secret"], body, key, now=int(time.time()))
        reply = line.post(contract.DISPATCH_PATH, body, headers)
        ack = json.loads(reply.body)["ack_payload"]
        if reply.status != 200 or not ack.get("erp_doc"):
            raise BenchError(
                f"{command_type} with hostile texts was answered {reply.status}: {ack.get('message')}"
            )
        made[ack["erp_doc"]["doctype"]] = ack["erp_doc"]["name"]
    line.close()
    routes = [f"{doctype.lower().replace(' ', '-')}" for doctype in made]
    return [
        *(f"{route}/view/list" for route in routes),
        *(f"{route}/{quote(name, safe='')}" for route, name in zip(routes, made.values(), strict=True)),
    ]


def _payloads(mark: str, texts: list[str]) -> list[tuple[str, dict]]:
    unit = Unit(mark, "+966500000001")
    item = {**product(unit), "name": f"{mark} {texts[2]}", "description": "".join(texts)}
    buyer = {**customer(unit), "name": f"{mark} {texts[5]}", "first_name": texts[2], "last_name": texts[9]}
    for address in buyer["addresses"]:
        address |= {"name": f"Sara {texts[2]}", "line1": f"Road {texts[4]}", "city": f"Riyadh {texts[5]}"}
    sale = order(unit, buyer, [unit], DAY)
    sale |= {"status": "chaos", "status_name": texts[2], "payment_method": texts[4], "reference": texts[3]}
    for row in sale["items"]:
        row["name"] = texts[17]
    return [("upsert_product", item), ("upsert_customer", buyer), ("upsert_order", sale)]
