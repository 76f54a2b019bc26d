import pytest
from dropzone_kit import LOOPBACK, PASSWORD
from ssh_servers import SSHD, openssh, python_server
from wycheproof import MISSING

from salla_manager.erp.dropzone_json import DropzoneJsonV1Connector


def pytest_terminal_summary(terminalreporter):
    if MISSING:
        terminalreporter.write_line(
            f"Wycheproof vectors not run: {', '.join(MISSING)} not found; see tests/vectors/README.md."
        )


@pytest.fixture(scope="session")
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
