"""DROPZONE_JSON_V1 over SFTP, against a real OpenSSH server on loopback that the tests start."""

import base64
import hashlib
import json
import logging
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
from ssh_servers import SSHD, breaking_way, free_port, make_key, openssh, python_server
from test_dropzone_folder import COMMAND, NAME, ROOT, files

from salla_manager.core.transport import Limits
from salla_manager.erp import sftp_connection
from salla_manager.erp.dropzone_json import DropzoneJsonV1Connector, body_of
from salla_manager.erp.port import ConnectorError, ExportResult

PASSWORD = "pass Wort/für=den+Laden"
# Long enough for a machine that is busy with other things.
LOOPBACK = Limits(connect=10, read=20, total=40, allow_private_addresses=True)
BIG = {**COMMAND, "payload": {"external_id": "77", "raw": "x" * 250_000}}


@pytest.fixture(scope="module")
def sshd(tmp_path_factory):
    if SSHD is None:
        pytest.skip("no sshd found: install openssh-server to have SFTP tested against a real one")
    with openssh(tmp_path_factory.mktemp("sshd")) as server:
        DropzoneJsonV1Connector(LOOPBACK).test_connection(server.config)
        if "account is locked" in server.log.read_text():
            pytest.skip("sshd lets the user of these tests in nowhere: the account is locked")
        yield server


@pytest.fixture
def server(sshd):
    for path in sshd.folder.iterdir():
        path.unlink()
    return sshd


@pytest.fixture
def connector():
    return DropzoneJsonV1Connector(LOOPBACK)


@pytest.fixture
def other_server(tmp_path):
    """Not OpenSSH, so it is there everywhere: what gets into it, and what was tried."""
    with python_server(PASSWORD) as (port, host_key, tried):
        config = {
            "target": "SFTP",
            "folder": str(tmp_path),
            "host": "127.0.0.1",
            "port": port,
            "host_key": host_key,
        }
        yield {**config, "username": "hub", "password": PASSWORD}, tried


def refused(connector, config, command=COMMAND) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        connector.export(command, config)
    return caught.value


def blocked(connector, config) -> str:
    """The destination is to be mended, no command is to blame, and nothing has arrived."""
    error = refused(connector, config)
    assert (error.action, error.burns_attempt, error.is_uncertain) == ("break", False, False)
    return str(error)


def fingerprint(public_key: str) -> str:
    digest = hashlib.sha256(base64.b64decode(public_key.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


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


# --- whose server it is ---


def test_a_server_without_a_pinned_key_is_refused_with_its_fingerprint(server, connector):
    said = blocked(connector, {**server.config, "host_key": ""})
    assert (
        f"127.0.0.1:{server.port} shows the host key {fingerprint(server.host_key())} (ssh-ed25519)" in said
    )
    assert (
        "none is pinned. Ask its administrator whether that is its fingerprint; if so, enter it as Host Key."
        in said
    )


def test_a_changed_host_key_is_refused_before_anything_is_sent(server, connector):
    pinned = make_key(server.keys / f"former{time.monotonic_ns()}").with_suffix(".pub").read_text()
    before = server.log.read_text()
    said = blocked(connector, {**server.config, "host_key": pinned})
    assert fingerprint(server.host_key()) in said
    assert "which is not the pinned one; nothing was sent." in said
    assert "something stands between you and the server" in said
    assert files(server.folder) == []
    assert "Accepted" not in server.log.read_text()[len(before) :]


def test_nothing_is_shown_to_a_server_that_is_not_the_pinned_one(other_server, connector, tmp_path):
    config, tried = other_server
    assert connector.export(COMMAND, config).success
    assert (files(tmp_path), tried) == ([NAME], ["password"])
    key = paramiko.ECDSAKey.generate()
    for host_key in ("", f"{key.get_name()} {key.get_base64()}"):
        assert "shows the host key SHA256:" in blocked(connector, {**config, "host_key": host_key})
    assert tried == ["password"]


def test_the_hub_goes_to_no_private_address_unasked(other_server, tmp_path):
    config, tried = other_server
    said = blocked(DropzoneJsonV1Connector(), config)
    assert "is not a public address. If that is meant, allow private addresses" in said
    assert (files(tmp_path), tried) == ([], [])


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
@pytest.mark.parametrize("form", ["line", "known_hosts", "keyscan", "fingerprint", "two lines"])
def test_a_pinned_key_may_be_written_in_each_usual_form(kind, form, server, connector):
    line = server.host_key(kind)
    other = make_key(server.keys / f"other{time.monotonic_ns()}", "ecdsa").with_suffix(".pub").read_text()
    forms = {
        "line": line,
        "known_hosts": f"[127.0.0.1]:{server.port} {line}",
        "keyscan": f"# 127.0.0.1:{server.port} SSH-2.0-OpenSSH\n[127.0.0.1]:{server.port} {' '.join(line.split()[:2])}\n",
        "fingerprint": f"256 {fingerprint(server.host_key())} test (ED25519)",
        "two lines": f"{other}\n{line}",
    }
    assert connector.export(COMMAND, {**server.config, "host_key": forms[form]}).success


@pytest.mark.parametrize(
    "text", ["ssh-ed25519", "ssh-ed25519 !!!", "SHA256:short", "MD5:aa:bb", "ssh-rsa AAAAC3Nz"]
)
def test_what_is_no_host_key_is_refused(text, server, connector):
    assert "neither a public key nor a fingerprint" in blocked(connector, {**server.config, "host_key": text})


def test_private_addresses_are_refused_unless_they_are_allowed(server):
    strict = DropzoneJsonV1Connector(replace(LOOPBACK, allow_private_addresses=False))
    before = server.log.read_text()
    for host in ("127.0.0.1", "localhost", "10.0.0.1", "::ffff:127.0.0.1"):
        said = blocked(strict, {**server.config, "host": host})
        assert (
            "is not a public address. If that is meant, allow private addresses in Salla Manager Settings"
            in said
        )
    assert "169.254.169.254" in blocked(
        DropzoneJsonV1Connector(LOOPBACK), {**server.config, "host": "169.254.169.254"}
    )
    assert server.log.read_text() == before


# --- who comes in ---


@pytest.mark.parametrize(
    ("kind", "passphrase", "more"),
    [
        ("ed25519", "", ()),
        ("rsa", "", ("-m", "PEM")),
        ("ecdsa", "open sesame", ()),
        ("rsa", "open sesame", ("-m", "PEM")),
    ],
)
@pytest.mark.parametrize("form", ["as it is", "in one line", "with written line breaks"])
def test_private_keys_of_each_kind_and_form(kind, passphrase, more, form, server, connector):
    key = make_key(server.keys / f"user{time.monotonic_ns()}", kind, passphrase, *more)
    with (server.keys / "authorized").open("a") as file:
        file.write(key.with_suffix(".pub").read_text())
    text = key.read_text()
    text = {
        "in one line": text.replace("\n", " "),
        "with written line breaks": text.replace("\n", "\\n"),
    }.get(form, text)
    config = {**server.config, "private_key": text, "passphrase": passphrase}
    if form == "in one line" and "ENCRYPTED" in text:
        # The headers of this old form end with their line.
        assert "Enter an Ed25519, ECDSA or RSA key, all of its lines." in blocked(connector, config)
        return
    assert connector.export(COMMAND, config).success
    if passphrase:
        for wrong in ("", "open sesame!"):
            assert blocked(DropzoneJsonV1Connector(LOOPBACK), {**config, "passphrase": wrong}).startswith(
                "The private key "
            )


def test_a_private_key_that_is_none(server, connector):
    said = blocked(
        connector, {**server.config, "private_key": "-----BEGIN KEY-----\nnonsense\n-----END KEY-----"}
    )
    assert said.startswith("The private key cannot be read, or not with this passphrase.")


def test_a_user_who_may_not_come_in(server, connector):
    said = blocked(connector, {**server.config, "username": "nobody-here"})
    assert (
        "does not let the user nobody-here in with this private key. Correct it, or have the server's" in said
    )


def test_a_way_in_that_the_server_does_not_have(server, connector):
    said = blocked(connector, {**server.config, "private_key": "", "password": "guess"})
    assert "lets nobody in this way, only by publickey. Fill in what it asks for." in said


@pytest.mark.parametrize(
    ("ways", "with_key", "seen"),
    [
        (("password",), False, ["password"]),
        (("keyboard-interactive",), False, ["password", "keyboard-interactive"]),
        (("publickey", "password"), True, ["publickey", "password"]),
    ],
)
def test_passwords(ways, with_key, seen, server, connector):
    """OpenSSH would need a user of this machine with a known password."""
    with python_server(PASSWORD, ways) as (port, host_key, tried):
        config = {**server.config, "port": port, "host_key": host_key, "password": PASSWORD}
        config |= {} if with_key else {"private_key": ""}
        assert connector.export(COMMAND, config).success
        assert list(dict.fromkeys(tried)) == seen
        said = blocked(DropzoneJsonV1Connector(LOOPBACK), {**config, "password": "wrong"})
    assert files(server.folder) == [NAME]
    assert "does not let the user" in said or "lets nobody in this way" in said


def test_a_server_that_asks_for_more_than_there_is(server, connector):
    with python_server(PASSWORD, ("publickey", "password")) as (port, host_key, _tried):
        said = blocked(connector, {**server.config, "port": port, "host_key": host_key})
    assert said == "The server asks for more to sign in: password. Fill in password and private key."


def test_no_log_of_a_connection_holds_what_opens_it(server, caplog):
    caplog.set_level(logging.DEBUG)
    with python_server(PASSWORD) as (port, host_key, _tried):
        config = {
            **server.config,
            "port": port,
            "host_key": host_key,
            "password": PASSWORD,
            "private_key": "",
        }
        for password in (PASSWORD, "wrong" + PASSWORD):
            DropzoneJsonV1Connector(LOOPBACK).test_connection({**config, "password": password})
    assert len(caplog.records) > 10
    assert PASSWORD not in caplog.text
    assert server.config["private_key"][50:90] not in caplog.text


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
