"""A local folder that cannot be used, a configuration that cannot work, and the way back."""

import errno
import os
import subprocess
import time

import pytest
from dropzone_kit import COMMAND, NAME, export, files, refused_in

from salla_manager.core.transport import Limits
from salla_manager.erp.dropzone_json import DropzoneJsonV1Connector, body_of
from salla_manager.erp.port import ConnectorError, ExportResult

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
    error = refused_in(tmp_path)
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
        error = refused_in(tmp_path, {**COMMAND, "payload": {"raw": "x" * 200_000}})
        assert str(error) == f"{tmp_path} has no room left on its disk. Make room there."
        assert files(tmp_path) == []
        assert not DropzoneJsonV1Connector().test_connection({"folder": str(tmp_path / "x")}).success
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path)], check=True)
        assert str(refused_in(tmp_path)) == f"{tmp_path} can only be read. Mount it for writing."
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_folder_that_went_away_is_never_made_anew(tmp_path):
    error = refused_in(tmp_path / "gone")
    assert (
        str(error) == f"{tmp_path}/gone is not there. Is its drive mounted? Mount it, or correct the folder."
    )
    assert error.action == "break"
    assert files(tmp_path) == []
    (tmp_path / "file").write_text("")
    assert str(refused_in(tmp_path / "file")) == f"{tmp_path}/file is no folder. Correct the folder."


def test_nothing_is_written_below_a_mount_point_without_its_drive(tmp_path):
    error = refused_in(tmp_path, mount_point=str(tmp_path))
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
    assert "cannot be used" in str(refused_in(tmp_path / "in"))
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
