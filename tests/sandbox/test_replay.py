"""`sandbox replay`: what support reads about one captured file."""

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sandbox.__main__ import cli
from sandbox.replay import main
from sandbox.replay_text import text

ROOT = Path(__file__).resolve().parents[2]


def webhook(event, data, merchant=1305146709, **more):
    stamp = "Sun Jun 26 2022 12:21:48 GMT+0300"
    return {"event": event, "merchant": merchant, "created_at": stamp, "data": data, **more}


def answer(data):
    return {"status": 200, "success": True, "data": data}


@pytest.fixture
def pattern():
    """The second product that the order of the fixtures is made of: digital, without SKU in the order's line."""
    price = {"amount": 150, "currency": "SAR"}
    return answer(
        {
            "id": 4412, "name": "Pattern", "sku": "PATTERN", "type": "digital", "status": "sale", "price": price,
            "regular_price": price, "sale_price": {}, "with_tax": True, "options": [], "skus": [],
            "urls": {"customer": "https://shop.test/p4412"}, "updated_at": "2026-02-01 10:00:00",
        }
    )  # fmt: skip


def orders(result):
    return [document for document in result.documents if document["doctype"] == "Sales Order"]


def test_an_order_after_its_products_becomes_a_sales_order_with_the_right_total(replay, pattern):
    *_, result = replay("product_variants", pattern, "order_light", "order_items")
    assert result.understood[0].endswith("They are taken for those of the order in the file before.")
    (document,) = orders(result)
    assert (document["grand_total"], document["difference"]) == ("399.63", "")
    assert [line["item_code"] for line in document["lines"]] == ["SCARF-RED", "PATTERN"]
    assert result.to_do == []
    assert {command["status"] for command in result.commands} == {"Done"}


def test_a_total_that_ignores_its_own_discount_is_flagged_with_the_cause(replay, pattern, fixture):
    light = fixture("order_light")
    light["data"]["amounts"]["total"]["amount"] = 434.63
    *_, told, result = replay("product_variants", pattern, light, "order_items")
    assert "350.00 - 35.00 discount + 20.00 shipping + 12.50 cash on delivery + 52.13 VAT = 399.63" in str(
        told.understood
    )
    (document,) = orders(result)
    assert document["docstatus"] == 0
    assert "The shop's own figures do not add up" in document["difference"]
    assert "It stays a draft" in text(result)


def test_a_light_order_alone_says_what_is_missing_and_what_to_do(replay):
    (result,) = replay("order_light")
    said = text(result)
    assert "an order without its lines; it has to be read whole." in said
    assert "Nothing is sent to the ERP for this file." in said
    assert "Save the answers of GET /orders/771203344 and GET /orders/items?order_id=771203344" in said


def test_lines_are_not_taken_for_an_order_that_is_not_right_before_them(replay):
    *_, last = replay("order_light", "statuses", "order_items")
    assert last.payloads == []
    assert last.to_do == ["Give the answer of GET /orders/<id> as the FILE right before this one."]


def test_an_order_without_its_products_says_which_line_and_what_to_do(replay, order_body, pattern):
    (result,) = replay(order_body)
    assert result.commands[-1]["status"] == "Held"
    said = text(result)
    assert "Line 2 (Pattern): the hub does not know its product" in said
    assert (
        "to do       Give the answers of GET /products/4411, GET /products/4412 as FILEs before this one."
        in said
    )
    *_, later = replay("product_variants", pattern, order_body)
    assert later.to_do == []


def test_a_line_that_names_its_sku_only_says_why_once_and_what_to_do(replay, order_body):
    data = order_body["data"]
    line = {key: value for key, value in data["items"][0].items() if not key.startswith("product_")}
    (result,) = replay(answer({**data, "items": [line]}))
    held = result.commands[-1]
    assert (held["status"], held["ack"]["error_code"]) == ("Held", "unknown_item")
    said = text(result)
    assert said.count("has no Item here") == 1
    assert "ack         failed (unknown_item): Line 1, 'Scarf' (SKU SCARF-RED)" in said
    assert result.to_do == ["Give the answers of GET /products/sku/SCARF-RED as FILEs before this one."]


@pytest.fixture
def order_body(fixture):
    return answer({**fixture("order_light")["data"], "items": fixture("order_items")["data"]})


def test_webhooks_and_answers_of_one_merchant_meet_in_one_store(
    tmp_path, capsys, pattern, fixture, order_body
):
    bodies = [fixture("product_variants"), pattern, webhook("order.created", order_body["data"])]
    files = [tmp_path / f"{number}.json" for number in range(3)]
    for file, body in zip(files, bodies, strict=True):
        file.write_text(json.dumps(body))
    assert main(tuple(map(str, files)), as_json=True) == 0
    *_, order = json.loads(capsys.readouterr().out)
    assert order["event"]["status"] == "Processed"
    assert [row["grand_total"] for row in order["documents"] if row["doctype"] == "Sales Order"] == ["399.63"]


@pytest.mark.parametrize("name", ["order_status_updated", "shipment_live"])
def test_a_signal_names_the_order_and_that_there_is_no_shop(replay, name):
    (result,) = replay(name)
    said = text(result)
    assert "order 771203344" in said
    assert "9007199254740993" not in said
    assert "No Access. There is no shop behind replay to read it from." in said
    assert "GET /orders/771203344" in said
    assert "Connect the store" not in said


def test_a_partial_product_event_sends_nothing(replay):
    (result,) = replay(webhook("product.price.updated", {"id": 4411, "sku": "SCARF", "price": 150}))
    assert result.commands == []
    assert result.to_do == ["Save the answer of GET /products/4411 and give it as a FILE."]


def test_missing_fields_are_named(replay, fixture):
    variant = fixture("product_variants")["data"]["skus"][0]
    (result,) = replay(answer(variant))
    assert "product_id: the shop gives none; name: the shop gives none" in text(result)


def test_a_category_before_its_parent_says_so(replay):
    child = {"id": 8, "name": "Tea", "parent_id": 7, "sort_order": 1, "status": "active"}
    (result,) = replay(answer(child))
    assert result.to_do == ["Give the parent, GET /categories/<id>, as a FILE before this one."]
    _, later = replay(answer({**child, "id": 7, "parent_id": 0, "name": "Food"}), answer({**child, "id": 9}))
    assert later.documents[0]["parent"] == "Food"


def test_what_many_entities_share_is_told_once(replay, pattern, order_body):
    data = order_body["data"]
    *_, result = replay("product_variants", pattern, answer([data, {**data, "id": 5}, {**data, "id": 6}]))
    assert len(orders(result)) == 3
    assert len(result.outcomes) == len(set(result.outcomes)) == 5
    twins = [{"id": key, "first_name": "A", "mobile": 501112233, "mobile_code": "+966"} for key in (1, 2)]
    (result,) = replay(answer(twins))
    assert [document["name"] for document in result.documents] == ["A"]


TOKENS = {"access_token": "at-secret", "refresh_token": "rt-secret", "expires": 1800000000}


@pytest.mark.parametrize(
    "body",
    [
        TOKENS,
        answer(TOKENS),
        webhook("app.store.authorize", TOKENS),
        webhook("app.updated", TOKENS),
        webhook("app.store.authorize", {**TOKENS, "access_token": ["at-secret"]}),
        webhook("order.created", {"id": 4, **TOKENS}),
        webhook("app.teleported", {"nested": [TOKENS]}),
        {"event": "app.store.authorize", "merchant": None, "data": TOKENS},
        {**TOKENS, "error": "at-none"},
    ],
)
def test_tokens_are_never_shown_nor_kept_in_what_was_received(replay, body, tmp_path):
    (result,) = replay(body)
    assert "-secret" not in text(result) + json.dumps(vars(result), default=str)
    kept = subprocess.run(
        [sys.executable, "-c", _EVENTS, str(tmp_path / "hub.sqlite")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "-secret" not in kept.stdout


_EVENTS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print([list(row) for table in ("event", "record", "command") for row in connection.execute(f"select * from {table}")])
"""


def test_values_that_say_nothing_are_not_printed(replay):
    (result,) = replay("statuses")
    assert "null" not in text(result)
    assert text(result).count("was created.") == len(result.commands)


BAD = {
    b"": "it is empty",
    b" \n": "it is empty",
    b"\x80\x81": "not UTF-8",
    b'{"a":': "not JSON",
    b"{} {}": "not JSON",
    b'{"a": NaN}': "NaN is not JSON",
    b"[" * 100_000 + b"]" * 100_000: "nested deeper",
    b'{"a":' * 40 + b"1" + b"}" * 40: "nested deeper",
    b'{"id": 1' + b"0" * 5000 + b"}": "out of range",
}


@pytest.mark.parametrize("raw", BAD, ids=range(len(BAD)))
def test_a_file_that_cannot_be_read_says_why(replay, raw):
    (result,) = replay(raw)
    assert not result.is_readable
    assert BAD[raw] in text(result)


@pytest.mark.parametrize(
    "raw",
    [b"5", b'"x"', b"null", b"true", b"{}", b"[]", b"[[]]", b'{"data": 5, "status": 1}', b'{"a": "\\ud800"}'],
)
def test_json_of_any_other_kind_sends_nothing_and_says_so(replay, raw):
    (result,) = replay(raw)
    assert result.is_readable
    assert result.understood
    assert "Nothing is sent to the ERP" in text(result)


def test_a_webhook_that_is_too_large_is_refused_in_words(replay):
    (result,) = replay(webhook("brand.created", {"id": 1, "name": "B" * 2**20}))
    assert result.event["http_status"] == 413
    assert "413: Refused. The body has" in text(result)


def test_one_unreadable_file_does_not_stop_the_others(tmp_path):
    good = tmp_path / "good.json"
    good.write_text(json.dumps(webhook("brand.created", {"id": 1, "name": "B"})))
    runner = CliRunner()
    done = runner.invoke(cli, ["replay", str(tmp_path / "none.json"), str(tmp_path), str(good)])
    assert done.exit_code == 1
    assert "No such file or directory" in done.output
    assert "Is a directory" in done.output
    assert "Brand B was created." in done.output
    assert runner.invoke(cli, ["replay"]).exit_code == 2
    assert "Exit status: 0" in runner.invoke(cli, ["replay", "--help"]).output


def test_output_survives_a_narrow_terminal(tmp_path):
    file = tmp_path / "good.json"
    file.write_text(json.dumps(webhook("brand.created", {"id": 1, "name": "قهوة"})))
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "replay", str(file)],
        cwd=ROOT, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")


VALUES = [None, "", [], {}, "x", -1, 10**30, True]


def places(value, at=()):
    if at:
        yield at
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, child in children:
        yield from places(child, (*at, key))


def damaged(body, at, *value):
    """A copy with one place replaced, or deleted where no value is given."""
    copied = copy.deepcopy(body)
    holder = copied
    for key in at[:-1]:
        holder = holder[key]
    if value:
        holder[at[-1]] = value[0]
    else:
        del holder[at[-1]]
    return copied


@pytest.mark.parametrize("kind", ["order", "product", "customer"])
def test_a_damaged_field_never_ends_without_a_reason(replay, kind, order_body, fixture, pattern):
    """Each place once, its damage taken in turn; every damage at every place takes minutes."""
    bodies = {"order": order_body, "product": fixture("product_variants")}
    bodies["customer"] = answer({**order_body["data"]["customer"], "email": "a@example.com"})
    replay("product_variants", pattern)
    body = bodies[kind]
    for number, at in enumerate(places(body)):
        index = number % (len(VALUES) + 1)
        (result,) = replay(damaged(body, at, *VALUES[index : index + 1]))
        said = text(result) + json.dumps(vars(result), default=str)
        assert "Replay itself failed" not in said, at
        assert "unforeseen" not in said, at
        assert '"internal"' not in said, at
        assert all(row["reason"] or row["ack"] for row in result.commands), at
        assert result.understood, at
