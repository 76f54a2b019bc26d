"""The core's host inside one web request that only keeps something: one commit, and workers are woken afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import frappe

from salla_manager.adapters.host import build_host
from salla_manager.adapters.jobs import FrappeJobs
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.core.host import Host


class RequestStore(FrappeHubStore):
    """Frappe commits each POST before it answers; a commit of our own before that would be a second one to wait for."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield


class RequestJobs(FrappeJobs):
    """The shop waits for the answer, not for Redis. What wakes a worker comes after the commit as well."""

    def process_events(self) -> None:
        frappe.request.after_response.add(super().process_events)


def build_request_host() -> Host:
    return replace(build_host(), store=RequestStore(), jobs=RequestJobs())
