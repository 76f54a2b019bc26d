"""DROPZONE_JSON_V1 over SFTP, against a real OpenSSH server on loopback that the tests start."""

import json
import random
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import paramiko
import pytest
from dropzone_kit import COMMAND, LOOPBACK, NAME, PASSWORD, ROOT, blocked, files, refused
from ssh_servers import breaking_way, free_port, make_key, openssh, python_server

from salla_manager.core.transport import Limits
from salla_manager.erp import sftp_connection
from salla_manager.erp.dropzone_json import DropzoneJsonV1Connector, body_of
from salla_manager.erp.port import ConnectorError, ExportResult

BIG = {**COMMAND, "payload": {"external_id": "77", "raw": "x" * 250_000}}


# --- what lies there ---


def test_the_command_lies_there_whole_and_once(server, connector):
    first = connector.export(COMMAND, server.config)
    before = (server.folder / NAME).stat()
    again = connector.export(COMMAND, server.config)
    assert files(server.folder) == [NAME]
    assert (server.folder / NAME).read_bytes() == body_of(COMMAND)
    assert (server.folder / NAME).stat() == before
    assert first.connector_metadata.pop("was_there") is False
    assert again.connector_metadata.pop("was_there") is True
    where = f"sftp://127.0.0.1:{server.port}{server.folder}/{NAME}"
    assert first == again == ExportResult(True, NAME, where, first.connector_metadata)


def test_another_content_under_the_name_is_left_and_refused(server, connector):
    (server.folder / NAME).write_bytes(body_of(COMMAND) + b"x")
    error = refused(connector, server.config)
    assert error.action == "dead"
    assert "is there with another content and was left as it is" in str(error)
    assert (server.folder / NAME).read_bytes() == body_of(COMMAND) + b"x"
    assert files(server.folder) == [NAME]


def test_a_folder_below_the_home_of_the_user(server, connector, tmp_path):
    with openssh(tmp_path, ("ed25519",), f"ForceCommand internal-sftp -d {server.folder}") as inner:
        connector.export(COMMAND, {**inner.config, "folder": "."})
    assert files(server.folder) == [NAME]


def test_it_is_synced_before_it_has_its_name(server, connector, monkeypatch):
    steps = []
    request = paramiko.SFTPClient._request

    def recorded(self, kind, *args):
        steps.append(args[0] if kind == paramiko.sftp.CMD_EXTENDED else kind)
        return request(self, kind, *args)

    monkeypatch.setattr(paramiko.SFTPClient, "_request", recorded)
    connector.export(COMMAND, server.config)
    assert steps.index("fsync@openssh.com") < steps.index(paramiko.sftp.CMD_RENAME)
    assert "posix-rename@openssh.com" not in steps


def test_a_rename_never_replaces_a_file(server, connector, monkeypatch):
    """Somebody was faster between the look and the rename."""
    monkeypatch.setattr("salla_manager.erp.dropzone_sftp.SftpFolder.read", lambda *_: None)
    (server.folder / NAME).write_text("theirs")
    error = refused(connector, server.config)
    assert "the server says: Failure" in str(error)
    assert files(server.folder) == [NAME]
    assert (server.folder / NAME).read_text() == "theirs"


def test_rollback_takes_away_what_is_still_there_unchanged(server, connector):
    result = connector.export(COMMAND, server.config)
    assert connector.rollback(result, server.config).connector_metadata == {"removed": True}
    assert files(server.folder) == []
    with pytest.raises(ConnectorError, match="is gone: the ERP has taken it"):
        connector.rollback(result, server.config)
    connector.export(COMMAND, server.config)
    (server.folder / NAME).write_text("changed")
    with pytest.raises(ConnectorError, match="was changed since it was written"):
        connector.rollback(result, server.config)
    assert (server.folder / NAME).read_text() == "changed"


# --- connections ---


def test_one_connection_serves_the_files_that_follow(server, connector):
    opened = server.log.read_text().count("Accepted publickey")
    for number in range(5):
        connector.export({**COMMAND, "revision": number}, server.config)
    assert len(files(server.folder)) == 5
    assert server.log.read_text().count("Accepted publickey") == opened + 1


def test_a_connection_serves_its_own_configuration_alone(server, connector):
    connector.export(COMMAND, server.config)
    other = make_key(server.keys / f"other{time.monotonic_ns()}").read_text()
    assert "does not let the user" in blocked(connector, {**server.config, "private_key": other})


def test_a_connection_that_ended_meanwhile_is_made_anew(server, connector):
    connector.export(COMMAND, server.config)
    connector._sessions._idle.transport.close()
    assert connector.export({**COMMAND, "revision": 9}, server.config).success


def test_a_connection_is_not_kept_for_long(server, connector, monkeypatch):
    monkeypatch.setattr(sftp_connection, "IDLE_SECONDS", 0.0)
    opened = server.log.read_text().count("Accepted publickey")
    connector.export(COMMAND, server.config)
    connector.export(COMMAND, server.config)
    assert server.log.read_text().count("Accepted publickey") == opened + 2


# --- what goes wrong ---


def test_a_folder_that_is_not_there_is_not_made(server, connector):
    said = blocked(connector, {**server.config, "folder": f"{server.folder}/gone"})
    assert (
        said
        == f"{server.folder}/gone on 127.0.0.1 is not there. Make the folder on the server, or correct it."
    )
    assert files(server.folder) == []


@pytest.mark.parametrize("method", ["open for writing", "rename", "stat"])
@pytest.mark.parametrize(
    ("status", "said"),
    [
        (paramiko.SFTP_PERMISSION_DENIED, "may not be written by"),
        (
            paramiko.SFTP_FAILURE,
            "took nothing; the server says: Failure. Is its disk full, its quota used up",
        ),
    ],
)
def test_a_server_that_refuses_names_its_reason_and_keeps_nothing(method, status, said, server, connector):
    with python_server(PASSWORD, faults={method: status}) as (port, host_key, _tried):
        config = {
            **server.config,
            "port": port,
            "host_key": host_key,
            "password": PASSWORD,
            "private_key": "",
        }
        assert said in blocked(connector, config)
        assert not connector.test_connection(config).success or method == "rename"
    assert files(server.folder) == []


def test_a_full_disk_of_the_server(server, connector, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(small)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("a small disk can be mounted by root alone; the same answer is simulated above")
    try:
        error = refused(connector, {**server.config, "folder": str(small)}, BIG)
        assert "Is its disk full, its quota used up, or the folder only readable?" in str(error)
        assert files(small) == []
        subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
        assert "took nothing" in blocked(connector, {**server.config, "folder": str(small)})
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_nobody_listens(server, connector):
    error = refused(connector, {**server.config, "port": free_port()})
    assert "Is the server up, and does its firewall let the hub in?" in str(error)
    assert (error.action, error.burns_attempt, error.is_uncertain) == ("retry", False, False)


def test_a_name_that_leads_nowhere(server, connector):
    assert "cannot be resolved" in blocked(connector, {**server.config, "host": "erp.invalid"})


def test_something_else_listens(server):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        quick = DropzoneJsonV1Connector(replace(LOOPBACK, read=0.3, total=1))
        error = refused(quick, {**server.config, "port": silent.getsockname()[1]})
    assert "Is it an SFTP server, and up?" in str(error)
    assert not error.is_uncertain


def test_a_way_that_breaks_anywhere_leaves_a_whole_file_or_none(server, connector):
    """Cut after so many bytes from the client, from the greeting to the last answer."""
    whole = len(body_of(BIG))
    outcomes, actions = [], set()
    for most in [
        100,
        2_000,
        5_000,
        *range(10_000, whole + 20_000, 40_000),
        whole + 4_000,
        whole + 4_500,
        whole + 5_000,
    ]:
        for path in server.folder.iterdir():
            path.unlink()
        with breaking_way(server.port, most) as port:
            try:
                DropzoneJsonV1Connector(LOOPBACK).export(BIG, {**server.config, "port": port})
                outcomes.append("done")
            except ConnectorError as error:
                outcomes.append({False: "nothing", True: "uncertain"}[error.is_uncertain])
                actions.add(error.action)
        final = [path for path in server.folder.iterdir() if path.name.endswith(".json")]
        assert [path.read_bytes() for path in final] in ([], [body_of(BIG)])
        assert final or outcomes[-1] != "done"
        assert not final or outcomes[-1] != "nothing"
        assert connector.export(BIG, server.config).success
    assert set(outcomes) == {"nothing", "uncertain", "done"}
    assert actions == {"retry"}


@pytest.mark.parametrize("most", [500, 3_000, 100_000])
def test_a_way_that_hangs_has_an_end(most, server):
    quick = DropzoneJsonV1Connector(Limits(connect=1, read=0.5, total=2, allow_private_addresses=True))
    began = time.monotonic()
    with breaking_way(server.port, most, hangs=True) as port:
        error = refused(quick, {**server.config, "port": port}, BIG)
    assert time.monotonic() - began < 4
    assert error.action == "retry"
    assert [name for name in files(server.folder) if name.endswith(".json")] == []


def test_a_test_has_an_end(server, monkeypatch):
    monkeypatch.setattr("salla_manager.erp.base.TEST_SECONDS", 0.5)
    with breaking_way(server.port, 1_500, hangs=True) as port:
        result = DropzoneJsonV1Connector(LOOPBACK).test_connection({**server.config, "port": port})
    assert (result.success, 500 <= result.latency_ms < 3000) == (False, True)
    assert "did not answer within 0.5 s" in result.error_message


def test_test_connection_leaves_nothing(server, connector):
    result = connector.test_connection(server.config)
    assert (result.success, result.error_message) == (True, "")
    assert files(server.folder) == []


WRITER = """
import itertools, json, sys
from salla_manager.core.transport import Limits
from salla_manager.erp.dropzone_json import DropzoneJsonV1Connector
connector = DropzoneJsonV1Connector(Limits(allow_private_addresses=True))
config = json.load(sys.stdin)
for number in itertools.count():
    command = {"store_account": "S", "entity_type": "order", "idempotency_key": f"{sys.argv[1]}{number:08d}",
               "payload": {"external_id": str(number), "raw": "x" * 2_000_000, "end": "whole"}}
    connector.export(command, config)
"""


def test_a_kill_in_the_middle_of_an_upload_leaves_no_half_file(server):
    chance, left_over = random.Random(11), 0
    for run in range(4):
        for path in server.folder.iterdir():
            path.unlink()
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, f"run{run}"], cwd=ROOT, stdin=subprocess.PIPE
        )
        writer.stdin.write(json.dumps(server.config).encode())
        writer.stdin.close()
        wait_until(lambda: whole(server.folder) and parts(server.folder))
        time.sleep(chance.random() * 0.02)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        time.sleep(0.2)
        assert whole(server.folder)
        for path in whole(server.folder):
            assert json.loads(path.read_bytes())["payload"]["end"] == "whole"
        left_over += len(parts(server.folder))
    # Some kills hit an upload, else this would prove little.
    assert left_over > 0


def whole(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.endswith(".json")]


def parts(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.endswith(".part")]


def wait_until(is_so) -> None:
    deadline = time.monotonic() + 20
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.001)


def test_without_paramiko_the_message_says_how_to_get_it(server, connector, monkeypatch):
    monkeypatch.setitem(sys.modules, "paramiko", None)
    said = blocked(connector, server.config)
    assert "SFTP needs the Python package paramiko, which is not installed here." in said
    assert "Run `bench pip install paramiko` (or `pip install 'salla_manager[sftp]'`)" in said
