"""DROPZONE_JSON_V1 into a local folder: whole files, names that say what they hold, and nothing twice."""

import errno
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

from salla_manager.core.transport import Limits
from salla_manager.erp.dropzone_json import DropzoneJsonV1Connector, body_of, file_name
from salla_manager.erp.port import ConnectorError, ExportResult

ROOT = Path(__file__).resolve().parents[2]
KEY = "0123456789abcdef" * 4
COMMAND = {
    "command_id": "SM-COMMAND-00001",
    "command_type": "upsert_order",
    "entity_type": "order",
    "store_account": "SM-STORE-00001",
    "customer_account": "CUST-0001",
    "erp_instance": "",
    "idempotency_key": KEY,
    "payload": {"external_id": "77", "total": Decimal("115.50"), "customer": {"name": "نورة"}},
    "revision": 3,
    "generation": 1,
    "dry_run": False,
}
NAME = "SM_STORE_00001-order-77-r3-g1-0123456789abcdef.json"


def export(folder, command=COMMAND, **config) -> ExportResult:
    return DropzoneJsonV1Connector().export(command, {"folder": str(folder), **config})


def refused(folder, command=COMMAND, **config) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        export(folder, command, **config)
    return caught.value


def files(folder: Path) -> list[str]:
    """Also hidden ones."""
    return sorted(os.listdir(folder))


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
    result = export(inside, {**COMMAND, **hostile, "idempotency_key": f"../{KEY}"})
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
    error = refused(tmp_path)
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


# --- what goes wrong ---


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "has no room left on its disk. Make room there."),
        (errno.EDQUOT, "has used up its quota. Make room there, or raise the quota."),
        (errno.EROFS, "can only be read. Mount it for writing."),
        (
            errno.EACCES,
            "may not be written by the hub. Give the user of the hub's workers the right to write there.",
        ),
        (errno.ESTALE, "does not answer. Look after the drive and mount it anew."),
        (errno.EIO, "does not answer. Look after the drive and mount it anew."),
    ],
)
@pytest.mark.parametrize("step", ["open", "fsync", "rename"])
def test_a_fault_of_the_folder_names_cause_and_step_and_leaves_nothing(
    number, said, step, tmp_path, monkeypatch
):
    real = getattr(os, step)

    def fail(name, *args, **at):
        if step == "open" and not str(name).endswith(".part"):
            return real(name, *args, **at)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, step, fail)
    error = refused(tmp_path)
    monkeypatch.undo()
    assert str(error) == f"{tmp_path} {said}"
    assert (error.action, error.burns_attempt) == ("break", False)
    assert error.is_uncertain == (number in (errno.ESTALE, errno.EIO))
    assert files(tmp_path) == []
    assert export(tmp_path).success


def test_a_full_disk_is_full(tmp_path):
    """A real one, where the test may mount it."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(tmp_path)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("a small disk can be mounted by root alone; the same fault is simulated above")
    try:
        error = refused(tmp_path, {**COMMAND, "payload": {"raw": "x" * 200_000}})
        assert str(error) == f"{tmp_path} has no room left on its disk. Make room there."
        assert files(tmp_path) == []
        assert not DropzoneJsonV1Connector().test_connection({"folder": str(tmp_path / "x")}).success
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path)], check=True)
        assert str(refused(tmp_path)) == f"{tmp_path} can only be read. Mount it for writing."
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_folder_that_went_away_is_never_made_anew(tmp_path):
    error = refused(tmp_path / "gone")
    assert (
        str(error) == f"{tmp_path}/gone is not there. Is its drive mounted? Mount it, or correct the folder."
    )
    assert error.action == "break"
    assert files(tmp_path) == []
    (tmp_path / "file").write_text("")
    assert str(refused(tmp_path / "file")) == f"{tmp_path}/file is no folder. Correct the folder."


def test_nothing_is_written_below_a_mount_point_without_its_drive(tmp_path):
    error = refused(tmp_path, mount_point=str(tmp_path))
    assert str(error) == f"No drive is mounted at {tmp_path}; nothing was written. Mount it."
    assert (error.action, files(tmp_path)) == ("break", [])
    assert export(tmp_path, mount_point="/").success


def test_a_drive_that_hangs_does_not_hold_up_the_worker(tmp_path):
    os.mkfifo(tmp_path / NAME)
    began = time.monotonic()
    with pytest.raises(ConnectorError, match=r"did not answer within 0\.2 s") as caught:
        DropzoneJsonV1Connector(Limits(total=0.2)).export(COMMAND, {"folder": str(tmp_path)})
    assert time.monotonic() - began < 5
    assert caught.value.is_uncertain
    os.close(os.open(tmp_path / NAME, os.O_WRONLY))


def test_a_link_under_the_name_is_not_followed(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret").write_bytes(body_of(COMMAND))
    (tmp_path / "in" / NAME).symlink_to(tmp_path / "secret")
    assert "cannot be used" in str(refused(tmp_path / "in"))
    assert (tmp_path / "secret").read_bytes() == body_of(COMMAND)


# --- the configuration, the test, the way back ---


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "Folder is missing. Fill it in."),
        ({"folder": "in"}, "Folder has to begin with /."),
        ({"folder": "/mnt/../etc"}, "Folder may hold no '..' and no line breaks."),
        ({"folder": "/mnt\n/x"}, "Folder may hold no '..' and no line breaks."),
        ({"folder": "/mnt", "target": "FTP"}, "Target has to be one of Folder, SFTP."),
        (
            {"folder": "in", "target": "SFTP", "port": 0},
            "Host is missing. SFTP needs it. User Name is missing. SFTP needs it. Password and Private Key are missing."
            " SFTP needs one of them. Port has to be a whole number from 1 to 65535.",
        ),
    ],
)
def test_a_configuration_that_cannot_work_says_why(config, said):
    assert DropzoneJsonV1Connector().test_connection(config).error_message == said


def test_test_connection_tells_and_leaves_nothing(tmp_path):
    connector = DropzoneJsonV1Connector()
    assert connector.test_connection({"folder": str(tmp_path)}).success
    assert files(tmp_path) == []
    result = connector.test_connection({"folder": str(tmp_path / "gone")})
    assert (result.success, "is not there. Is its drive mounted?" in result.error_message) == (False, True)


def test_test_connection_finds_that_it_may_not_write(tmp_path, monkeypatch):
    real = os.open

    def read_only(name, flags, *args, **at):
        if flags & os.O_CREAT:
            raise PermissionError(errno.EACCES, "no")
        return real(name, flags, *args, **at)

    monkeypatch.setattr(os, "open", read_only)
    result = DropzoneJsonV1Connector().test_connection({"folder": str(tmp_path)})
    assert "may not be written by the hub" in result.error_message


def roll_back(result, folder) -> ExportResult:
    return DropzoneJsonV1Connector().rollback(result, {"folder": str(folder)})


def test_rollback_takes_away_what_is_still_there(tmp_path):
    export(tmp_path, {**COMMAND, "idempotency_key": "f" * 64})
    result = export(tmp_path)
    assert DropzoneJsonV1Connector().can_rollback()
    assert roll_back(result, tmp_path).connector_metadata == {"removed": True}
    assert files(tmp_path) == [NAME.replace("0123456789abcdef", "f" * 16)]


def test_rollback_knows_a_path_that_holds_a_secret(tmp_path):
    config = {"folder": str(tmp_path / "orders"), "password": "orders"}
    (tmp_path / "orders").mkdir()
    connector = DropzoneJsonV1Connector()
    result = connector.export(COMMAND, config)
    assert "orders" not in result.storage_key
    assert connector.rollback(result, config).connector_metadata == {"removed": True}


def test_rollback_leaves_what_it_cannot_answer_for(tmp_path):
    (tmp_path / "new").mkdir()
    result = export(tmp_path)
    outside = tmp_path / "new" / "x.json"
    for change, said in [
        ({"export_id": f"../{NAME}"}, "is no name of a file that was exported here"),
        ({"export_id": str(outside)}, "is no name of a file that was exported here"),
        ({"storage_key": f"/other/{NAME}"}, "The file was written to /other/"),
    ]:
        with pytest.raises(ConnectorError, match=said):
            roll_back(ExportResult(**{**vars(result), **change}), tmp_path)
    with pytest.raises(ConnectorError, match=r"and the connection leads to .* now. Take it away there"):
        roll_back(result, tmp_path / "new")
    (tmp_path / NAME).write_text("changed")
    with pytest.raises(ConnectorError, match="was changed since it was written and was left there"):
        roll_back(result, tmp_path)
    assert (tmp_path / NAME).read_text() == "changed"
    (tmp_path / NAME).unlink()
    with pytest.raises(ConnectorError, match=r"is gone: the ERP has taken it\. Undo it in the ERP"):
        roll_back(result, tmp_path)
