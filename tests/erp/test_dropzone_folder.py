"""DROPZONE_JSON_V1 into a local folder: whole files, names that say what they hold, and nothing twice."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from dropzone_kit import COMMAND, NAME, ROOT, export, files, refused_in

from salla_manager.erp.dropzone_json import DropzoneJsonV1Connector, body_of, file_name

# --- what lies there ---


def test_the_command_lies_there_whole_under_a_name_that_says_what_it_is(tmp_path):
    result = export(tmp_path)
    assert files(tmp_path) == [NAME]
    raw = (tmp_path / NAME).read_bytes()
    assert json.loads(raw) == {
        "format": "DROPZONE_JSON_V1",
        **COMMAND,
        "payload": {**COMMAND["payload"], "total": "115.50"},
    }
    assert raw.startswith(b'{"format":"DROPZONE_JSON_V1",')
    assert "نورة".encode() in raw
    assert (result.success, result.export_id, result.storage_key) == (True, NAME, f"{tmp_path}/{NAME}")
    assert result.connector_metadata["bytes"] == len(raw)
    assert (tmp_path / NAME).stat().st_mode & 0o007 == 0


@pytest.mark.parametrize(
    "external_id",
    [
        "../../etc/cron.d/x",
        "/etc/passwd",
        "..",
        ".hidden",
        "a\0b",
        "a\nb",
        "-rf",
        "C:\\x",
        "متجر",
        "%2e%2e%2f",
        "",
        None,
        12,
    ],
)
def test_nothing_in_a_command_leads_out_of_the_folder(external_id, tmp_path):
    inside = tmp_path / "in" / "deep"
    inside.mkdir(parents=True)
    hostile = {
        "payload": {"external_id": external_id},
        "entity_type": external_id,
        "store_account": external_id,
    }
    result = export(inside, {**COMMAND, **hostile, "idempotency_key": "../" + COMMAND["idempotency_key"]})
    assert re.fullmatch(r"[A-Za-z0-9_]+(-[A-Za-z0-9_]+){5}\.json", result.export_id)
    found = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert found == [inside / result.export_id]


def test_each_part_of_the_name_counts_and_long_ones_stay_within_a_field():
    changes = [
        {},
        {"store_account": "SM-STORE-00002"},
        {"entity_type": "customer"},
        {"payload": {"external_id": "78"}},
        {"revision": 4},
        {"generation": 2},
        {"idempotency_key": "f" * 64},
    ]
    assert len({file_name({**COMMAND, **change}) for change in changes}) == len(changes)
    assert file_name(COMMAND) == file_name(dict(COMMAND)) == NAME
    long = {name: "x" * 900 for name in ("store_account", "entity_type", "idempotency_key")}
    longest = {**long, "payload": {"external_id": "x" * 900}, "revision": 10**9, "generation": 10**9}
    assert len(file_name(longest)) <= 140


def test_ids_that_look_alike_when_made_safe_are_two_files(tmp_path):
    for number, external_id in enumerate(("a/b", "a_b", "a.b")):
        export(
            tmp_path,
            {**COMMAND, "payload": {"external_id": external_id}, "idempotency_key": f"{number:064x}"[::-1]},
        )
    assert len(files(tmp_path)) == 3


# --- once ---


def test_the_same_key_again_is_the_same_file_untouched(tmp_path):
    first = export(tmp_path)
    before = (tmp_path / NAME).stat()
    again = export(tmp_path)
    after = (tmp_path / NAME).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert files(tmp_path) == [NAME]
    assert first.connector_metadata.pop("was_there") is False
    assert again.connector_metadata.pop("was_there") is True
    assert first == again


@pytest.mark.parametrize("content", [b"", b"something else", body_of(COMMAND) + b"x", body_of(COMMAND)[:-1]])
def test_another_content_under_the_name_is_left_and_refused(content, tmp_path):
    (tmp_path / NAME).write_bytes(content)
    error = refused_in(tmp_path)
    assert f"{tmp_path}/{NAME} is there with another content and was left as it is" in str(error)
    assert error.action == "dead"
    assert (tmp_path / NAME).read_bytes() == content
    assert files(tmp_path) == [NAME]


def test_many_at_once_make_one_file(tmp_path):
    connector = DropzoneJsonV1Connector()
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: connector.export(COMMAND, {"folder": str(tmp_path)}), range(40)))
    assert {result.export_id for result in results} == {NAME}
    assert files(tmp_path) == [NAME]
    assert (tmp_path / NAME).read_bytes() == body_of(COMMAND)


def test_of_two_at_once_neither_writes_into_the_others_file(tmp_path, monkeypatch):
    """The second comes while the first, which has written, is about to rename."""
    rename, hidden = os.rename, []

    def slow(source, target, **at):
        hidden.append(source)
        if len(hidden) == 1:
            export(tmp_path)
        rename(source, target, **at)

    monkeypatch.setattr(os, "rename", slow)
    assert export(tmp_path).success
    assert len(set(hidden)) == 2
    assert files(tmp_path) == [NAME]


# --- whole or not at all ---


def test_the_file_lasts_before_it_has_its_name_and_then_so_does_the_name(tmp_path, monkeypatch):
    steps = []
    fsync, rename = os.fsync, os.rename

    def record_fsync(descriptor):
        kind = "folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file"
        steps.append((f"sync {kind}", [name for name in files(tmp_path) if name.endswith(".json")]))
        fsync(descriptor)

    def record_rename(source, target, **at):
        steps.append(("rename", [name for name in files(tmp_path) if name.endswith(".json")]))
        assert os.path.dirname(source) == os.path.dirname(target) == ""
        assert source.startswith(".")
        assert (tmp_path / source).read_bytes() == body_of(COMMAND)
        rename(source, target, **at)

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(os, "rename", record_rename)
    export(tmp_path)
    assert steps == [("sync file", []), ("rename", []), ("sync folder", [NAME])]


def test_a_repeat_makes_the_name_last_that_a_killed_attempt_left(tmp_path, monkeypatch):
    export(tmp_path)
    synced = []
    monkeypatch.setattr(os, "fsync", synced.append)
    export(tmp_path)
    assert len(synced) == 1


WRITER = """
import itertools, sys
from salla_manager.erp.dropzone_json import DropzoneJsonV1Connector
connector, folder, run = DropzoneJsonV1Connector(), sys.argv[1], sys.argv[2]
for number in itertools.count():
    command = {"store_account": "S", "entity_type": "order", "idempotency_key": f"{run}{number:08d}",
               "payload": {"external_id": str(number), "raw": "x" * 3_000_000, "end": "whole"}}
    connector.export(command, {"folder": folder})
"""


def test_a_kill_in_the_middle_of_writing_leaves_no_half_file(tmp_path):
    chance, left_over = random.Random(7), 0
    for run in range(8):
        folder = tmp_path / str(run)
        folder.mkdir()
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(folder), f"run{run}"], cwd=ROOT)
        deadline = time.monotonic() + 20
        while len(files(folder)) < 3 and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(chance.random() * 0.05)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        whole = [path for path in folder.iterdir() if path.name.endswith(".json")]
        assert len(whole) >= 2
        for path in whole:
            assert json.loads(path.read_bytes())["payload"]["end"] == "whole"
        left_over += len(files(folder)) - len(whole)
    # Some kills hit a write, else this would prove little.
    assert left_over > 0
