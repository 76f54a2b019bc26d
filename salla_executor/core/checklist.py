"""The hub's half of the ERP's checklist: one signed call, and every part of its answer looked at."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from salla_executor import __version__, contract
from salla_executor.core.hub_calls import HubError, Reply, caller_of, check_ok, is_unknown
from salla_executor.core.ports import Hub, SecretKeeper

OK, WARNING, FAILED = "ok", "warning", "failed"
# Seconds that two clocks kept by NTP never differ by.
CLOCK_TOLERANCE = 30


@dataclass(frozen=True)
class Row:
    """One line: what was looked at, `ok`, `warning` or `failed`, and a sentence with the next step.

    message has {0}, {1} … for `values`, so that a screen can show it in its own language.
    """

    check: str
    state: str
    message: str
    values: tuple[Any, ...] = ()

    @property
    def text(self) -> str:
        return self.message.format(*self.values)


def is_good(rows: list[Row]) -> bool:
    return all(row.state != FAILED for row in rows)


def hub_rows(keeper: SecretKeeper, hub: Hub, site_url: str) -> list[Row]:
    """site_url: this ERP's own address, to compare with what the hub sends to; may be empty."""
    settings = keeper.settings()
    try:
        caller = caller_of(settings, hub)
        body = caller.small_body("check")
        reply = caller.call_with(settings.secrets, contract.CHECK_PATH, body, keeper.now())
    except HubError as error:
        return [Row("Hub", FAILED, "{0}", (str(error),))]
    rows = [_address(settings.hub_url)]
    if is_unknown(reply):
        message = "The hub does not take this ERP's secret. Pair again, with a code from the hub."
        return [*rows, Row("Signature", FAILED, message)]
    if type(reply.answer.get("server_time")) is int:
        rows.append(_clock(reply.answer["server_time"] - reply.sent_at, settings.timestamp_window))
    try:
        check_ok(reply)
    except HubError as error:
        return [*rows, Row("Hub", FAILED, "{0}", (str(error),))]
    return [*rows, *_said(reply, settings.secrets[0], site_url)]


def _address(url: str) -> Row:
    if url.startswith("https://"):
        return Row("Hub", OK, "{0} answers, with a valid certificate.", (url,))
    return Row("Hub", WARNING, "{0} answers, but in the clear: for a hub on this machine only.", (url,))


def _clock(offset: int, window: int) -> Row:
    """offset: seconds by which the hub's clock is ahead."""
    if abs(offset) < CLOCK_TOLERANCE:
        return Row("Clock", OK, "The clocks of hub and ERP agree.")
    message = "The hub's clock is {0} s off this one; more than {1} s are refused. Set both servers by NTP."
    return Row("Clock", WARNING if abs(offset) <= window else FAILED, message, (f"{offset:+d}", window))


def _said(reply: Reply, current: str, site_url: str) -> list[Row]:
    answer = reply.answer
    rows = [_signature(reply, current), _versions(answer), _enabled(answer)]
    erp_url = str(answer.get("erp_url") or "")[:300]
    if site_url and erp_url:
        rows.append(_own_address(erp_url, site_url))
    return rows


def _signature(reply: Reply, current: str) -> Row:
    proof = contract.answer_proof(reply.secret, reply.nonce, int(reply.answer.get("server_time") or 0))
    # Its own answer has to be signed as well: a page in between may say anything.
    if not hmac.compare_digest(proof.encode(), str(reply.answer.get("proof")).encode()):
        return Row("Signature", FAILED, "The answer does not come from the hub. Check Manager Base URL.")
    if reply.secret != current:
        message = "The hub still has the former secret, which is taken on. Press Rotate Secret to agree on a new one."
        return Row("Signature", WARNING, message)
    return Row("Signature", OK, "Hub and ERP take each other's signature.")


def _versions(answer: dict[str, Any]) -> Row:
    said, ours = str(answer.get("contract_version"))[:20], contract.CONTRACT_VERSION
    if said.split(".")[0] != ours.split(".")[0]:
        message = "The hub speaks protocol {0}, this ERP {1}. Update the older side."
        return Row("Versions", FAILED, message, (said, ours))
    versions = answer.get("versions")
    hub = str(versions.get("salla_manager") or "")[:40] if isinstance(versions, dict) else ""
    if hub and hub.split(".")[:2] != __version__.split(".")[:2]:
        message = "salla_manager is {0} there, salla_executor {1} here. Update the older one."
        return Row("Versions", WARNING, message, (hub, __version__))
    return Row("Versions", OK, "salla_manager {0}, salla_executor {1}", (hub or "?", __version__))


def _enabled(answer: dict[str, Any]) -> Row:
    if answer.get("is_enabled") is True:
        return Row("ERP Instance", OK, "The hub sends commands to this ERP.")
    return Row("ERP Instance", WARNING, "This ERP is switched off on the hub, which holds its commands.")


def _own_address(erp_url: str, site_url: str) -> Row:
    if _host_of(erp_url) == _host_of(site_url):
        return Row("Address of this ERP", OK, "The hub sends to {0}.", (erp_url,))
    message = (
        "The hub sends to {0}, this site is {1}. If that is not the same ERP, correct the URL on the hub."
    )
    return Row("Address of this ERP", WARNING, message, (erp_url, site_url))


def _host_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
