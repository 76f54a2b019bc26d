"""Keeps a command's transaction whole: a commit or rollback by code we call fails while the command is applied."""

from __future__ import annotations

import frappe


class HiddenCommitError(Exception):
    """Some ERPNext code, or another app's hook, tried to end the transaction of a command."""


class CommitGuard:
    def __init__(self) -> None:
        self._is_armed = False

    def arm(self) -> None:
        self._is_armed = True
        self._watch()

    def disarm(self) -> None:
        self._is_armed = False

    def __call__(self) -> None:
        """Runs before each commit and rollback. Callbacks are forgotten once run, so it lines up again."""
        if self._is_armed:
            self._watch()
            raise HiddenCommitError("the transaction of a command was about to be ended inside it")

    def _watch(self) -> None:
        frappe.db.before_commit.add(self)
        frappe.db.before_rollback.add(self)
