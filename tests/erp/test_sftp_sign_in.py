"""To which SFTP server the hub speaks, and how it gets in."""

import base64
import hashlib
import logging
import time
from dataclasses import replace

import paramiko
import pytest
from dropzone_kit import COMMAND, LOOPBACK, NAME, PASSWORD, blocked, files
from ssh_servers import make_key, python_server

from salla_manager.erp.dropzone_json import DropzoneJsonV1Connector


def fingerprint(public_key: str) -> str:
    digest = hashlib.sha256(base64.b64decode(public_key.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


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
