"""Whatever a connector does with its secrets, nobody sees them."""

import base64
import json
import logging
import traceback
from urllib.parse import quote, quote_plus

import pytest
from connector_kit import COMMAND, CONFIG, Plain, failing

from salla_manager.erp import base
from salla_manager.erp.port import ConnectorError, ExportResult


def test_a_log_line_holds_named_plain_fields_alone(caplog):
    caplog.set_level(logging.INFO, "salla_manager.erp")
    Plain().export(COMMAND, CONFIG)
    (record,) = caplog.records
    line = json.loads(record.message)
    assert line.pop("latency_ms") >= 0
    assert line == {
        "event": "export",
        "connector": "PLAIN",
        "success": True,
        "export_id": "DOC-1",
        "storage_key": "",
        **{
            name: COMMAND[name]
            for name in (
                "command_id",
                "command_type",
                "entity_type",
                "store_account",
                "idempotency_key",
                "revision",
            )
        },
    }
    connector = Plain()
    connector.log(
        "told", connector.checked(CONFIG), payload="Nora", status=b"Nora", error=["Nora"], action="dead"
    )
    assert json.loads(caplog.records[-1].message) == {"event": "told", "connector": "PLAIN", "action": "dead"}
    assert "Nora" not in caplog.text


SECRETS = [
    "s3cret-Token/of+the=shop",
    'quote"and\\slash\tand\nline',
    "كلمة سر المتجر",
    "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n-----END KEY-----",
    "pin1",
]


def shapes(secret: str) -> dict[str, str]:
    """Ways in which a library may show a secret that was given to it."""
    raw = secret.encode()
    return {
        "as it is": secret,
        "amid words": f"invalid:{secret}!",
        "repr": repr({"token": secret}),
        "twice": secret + secret,
        "json": json.dumps([secret]),
        "json in unicode": json.dumps({"a": {"b": secret}}, ensure_ascii=False),
        "url": f"https://x.example?token={quote(secret, safe='')}&a=1",
        "form": quote_plus(secret),
        "hex": raw.hex(),
        "basic": base64.b64encode(b"user:" + raw).decode() if len(raw) > 10 else "",
        "basic of a longer name": base64.b64encode(b"store1:" + raw).decode() if len(raw) > 10 else "",
        "basic of a shorter name": base64.b64encode(b"use:" + raw).decode() if len(raw) > 10 else "",
        "a line of it": secret.splitlines()[-1],
        "its first half": secret[: max(8, len(secret) // 2)],
    }


def parts(secret: str) -> set[str]:
    """What may not be seen of it: any eight characters in a row."""
    raw = secret.encode()
    found = {secret, raw.hex()}
    if len(secret) > 8:
        found |= {secret[at : at + 8] for at in range(len(secret) - 7)}
        found |= {
            base64.b64encode(bytes(n) + raw).decode()[4:-4][at : at + 8] for n in range(3) for at in range(4)
        }
    return {part for part in found if len(part) >= 4}


class Quoting(Exception):
    def __repr__(self):
        return f"Quoting<{self.args}>"


@pytest.mark.parametrize("secret", SECRETS, ids=["token", "quoted", "arabic", "key", "short"])
def test_however_a_connector_shows_its_secret_nobody_sees_it(secret, caplog):
    caplog.set_level(logging.DEBUG)
    config = {**CONFIG, "token": secret}
    seen = []
    for name, text in shapes(secret).items():
        for error in (ConnectorError(text), Quoting(text, [text]), ValueError(text), KeyError(text)):
            connector = Plain(failing(error))
            with pytest.raises(ConnectorError) as caught:
                connector.export(COMMAND, config)
            raised = caught.value
            assert (raised.__cause__, raised.__context__) == (None, None)
            seen += [str(raised), repr(raised), "".join(traceback.format_exception(raised))]
            seen += [connector.test_connection(config).error_message]
        shown = ExportResult(True, text, text, {name: [{text: text}]})
        result = Plain(lambda *_, shown=shown: shown).export(COMMAND, config)
        seen += [result.export_id, result.storage_key, *texts_of(result.connector_metadata)]
        told = dict.fromkeys(base.LOG_FIELDS, text) | {
            "config": config,
            "payload": text,
            "nested": {"a": text},
        }
        connector.log("told", connector.checked(config), **told)
    seen += [record.getMessage() for record in caplog.records]
    assert [record for record in caplog.records if record.args or record.exc_info or record.exc_text] == []
    assert len(seen) > 200
    leaks = {part for part in parts(secret) for text in seen if part in text}
    assert leaks == set()


def texts_of(value) -> list[str]:
    if isinstance(value, dict):
        return [text for pair in value.items() for one in pair for text in texts_of(one)]
    return [text for one in value for text in texts_of(one)] if isinstance(value, list) else [str(value)]


def test_no_frame_of_what_is_raised_holds_a_value_of_the_configuration():
    """As an error monitor keeps them: the locals of each frame of the traceback, by their repr."""
    with pytest.raises(ConnectorError) as caught:
        Plain(failing(KeyError("x"))).export(COMMAND, CONFIG)
    frames, kept = caught.value.__traceback__, []
    while frames:
        if frames.tb_frame.f_code.co_filename == base.__file__:
            kept += [repr(value) for value in frames.tb_frame.f_locals.values()]
        frames = frames.tb_next
    assert kept
    assert [text for text in kept if CONFIG["token"] in text] == []


def test_a_checked_configuration_shows_names_alone():
    config = Plain().checked(CONFIG)
    for text in (repr(config), str(config), f"{config}", repr([{"a": config}]), repr(config.redact)):
        assert CONFIG["token"] not in text
    assert repr(config) == "ConnectorConfig(url, token, port, way, fast)"
