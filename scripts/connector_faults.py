"""Faults of the ERP connectors, as `faults.py` has them: name, file, old text, new text, test."""

BASE = "salla_manager/erp/base.py"
JSON = "salla_manager/erp/dropzone_json.py"
FOLDER = "salla_manager/erp/dropzone_folder.py"
SFTP = "salla_manager/erp/dropzone_sftp.py"
CONNECTION = "salla_manager/erp/sftp_connection.py"
KEYS = "salla_manager/erp/ssh_keys.py"

BASE_TESTS = "tests/erp/test_connectors.py::"
FOLDER_TESTS = "tests/erp/test_dropzone_folder.py::"
FAULT_TESTS = "tests/erp/test_dropzone_faults.py::"
SFTP_TESTS = "tests/erp/test_dropzone_sftp.py::"
SIGN_IN_TESTS = "tests/erp/test_sftp_sign_in.py::"
LEAK_TESTS = "tests/erp/test_no_leaks.py::"
_LASTS = FOLDER_TESTS + "test_the_file_lasts_before_it_has_its_name_and_then_so_does_the_name"

CONNECTORS = (
    ("file written under its final name", FOLDER, "temporary = temporary_name(name)", "temporary = name", _LASTS),
    ("file renamed before it lasts", FOLDER, "            os.fsync(file.fileno())\n", "", _LASTS),
    ("name of the file not made to last", FOLDER, "        os.fsync(self._descriptor)\n", "        pass\n", _LASTS),
    ("one hidden name for all attempts", FOLDER, "{secrets.token_hex(4)}.part", "x.part",
     FOLDER_TESTS + "test_of_two_at_once_neither_writes_into_the_others_file"),
    ("written below a mount point without its drive", FOLDER,
     "if mount_point and not os.path.ismount(mount_point):", "if False:",
     FAULT_TESTS + "test_nothing_is_written_below_a_mount_point_without_its_drive"),
    ("file name from the external id as it is", JSON, 'parts = [_UNSAFE.sub("_", str(part or ""))[:_PART]',
     'parts = [str(part or "")[:_PART]', FOLDER_TESTS + "test_nothing_in_a_command_leads_out_of_the_folder"),
    ("file of another content replaced", JSON, "if existing is None:", "if existing != body:",
     FOLDER_TESTS + "test_another_content_under_the_name_is_left_and_refused"),
    ("changed file taken back", JSON, 'if hashlib.sha256(content).hexdigest() != metadata.get("sha256"):', "if False:",
     FAULT_TESTS + "test_rollback_leaves_what_it_cannot_answer_for"),
    ("upload under its final name", SFTP, "temporary = self._remote(temporary_name(name))",
     "temporary = self._remote(name)", SFTP_TESTS + "test_a_way_that_breaks_anywhere_leaves_a_whole_file_or_none"),
    ("upload that replaces a file", SFTP, "self._sftp.rename(", "self._sftp.posix_rename(",
     SFTP_TESTS + "test_a_rename_never_replaces_a_file"),
    ("host key unchecked", CONNECTION, "    keys.check(transport.get_remote_server_key(),",
     "    (transport.get_remote_server_key(),",
     SIGN_IN_TESTS + "test_nothing_is_shown_to_a_server_that_is_not_the_pinned_one"),
    ("first host key trusted", KEYS, "if shown in self._fingerprints:",
     "if shown in self._fingerprints or not self._fingerprints:",
     SIGN_IN_TESTS + "test_nothing_is_shown_to_a_server_that_is_not_the_pinned_one"),
    ("SFTP to private addresses", CONNECTION, 'open_socket(("ssh", host, port), None, limits,',
     'open_socket(("ssh", host, port), None, Limits(allow_private_addresses=True),',
     SIGN_IN_TESTS + "test_the_hub_goes_to_no_private_address_unasked"),
    ("connection lent to another configuration", CONNECTION, "if session is None or session.key != _key(config):",
     "if session is None:", SFTP_TESTS + "test_a_connection_serves_its_own_configuration_alone"),
    ("secret in a connector's message", BASE, "return _like(error, config.redact(str(error)))",
     "return _like(error, str(error))",
     LEAK_TESTS + "test_however_a_connector_shows_its_secret_nobody_sees_it"),
    ("whole payload logged", BASE, "if name in LOG_FIELDS and isinstance(value,", "if isinstance(value,",
     LEAK_TESTS + "test_a_log_line_holds_named_plain_fields_alone"),
    ("rehearsal delivered by a connector", BASE, 'if draft_order.get("dry_run"):', "if False:",
     BASE_TESTS + "test_a_rehearsal_is_never_delivered"),
    ("export without end", "salla_manager/erp/deadline.py", "thread.join(seconds)", "thread.join()",
     BASE_TESTS + "test_an_export_without_end_is_left"),
)  # fmt: skip
