"""What reading a shop keeps on SQLite: the pace of each limit."""

from __future__ import annotations

from dataclasses import asdict

from salla_manager.platforms.pace import Change, Pace
from sandbox.hub_rows import Rows


class SyncRows(Rows):
    """Implements salla_manager.platforms.pace.PaceStore."""

    def __init__(self, path: str):
        super().__init__(path)
        self._run(
            "create table if not exists pace"
            " (key text primary key, size real, rate real, level real, seen real, blocked_until real)"
        )

    def change_pace(self, key: str, change: Change) -> float:
        with self.transaction():
            row = self._run("select * from pace where key = ?", key).fetchone()
            before = {name: row[name] for name in asdict(Pace())} if row else {}
            pace, seconds = change(Pace(**before))
            self._run("replace into pace values (?, ?, ?, ?, ?, ?)", key, *asdict(pace).values())
            return seconds
