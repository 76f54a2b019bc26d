"""The path language of Mapping Rules: what it takes, what it refuses and where, and that reading never raises."""

import random
from decimal import Decimal

import pytest

from salla_manager.core.mapping.fields import target, targets
from salla_manager.core.mapping.paths import PathError, is_empty, parse_path, parse_paths, shown
from salla_manager.payloads import PAYLOADS

RAW = {
    "billing": {"email": "a@b.example", "phone": None, "a.b": "dotted", "with space": 1},
    "line_items": [{"id": 1, "note": "x", "total": Decimal("1.50")}, {"id": 2}, "odd"],
    "meta_data": [{"key": "_vat", "value": "300"}, {"key": 7, "value": {"deep": [1, 2]}}, None],
    "zero": 0,
    "no": False,
    "empty": [],
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("raw", RAW),
        ("raw.billing.email", "a@b.example"),
        (" raw . billing", None),
        ("raw.billing.phone", None),
        ("raw.billing.email.deeper", None),
        ('raw.billing["a.b"]', "dotted"),
        ("raw.billing['with space']", 1),
        ("raw.line_items[0].total", "1.50"),
        ("raw.line_items[-2].id", 2),
        ("raw.line_items[7].id", None),
        ("raw.line_items[*].note", ["x", None, None]),
        ("raw.line_items[*]", RAW["line_items"]),
        ("raw.meta_data[key=_vat].value", "300"),
        ("raw.meta_data[ key = '_vat' ].value", "300"),
        ("raw.meta_data[key=7].value.deep[1]", 2),
        ("raw.meta_data[key=none].value", None),
        ("raw.zero", 0),
        ("raw.no", False),
        ("raw.empty[*]", []),
        ("raw.zero[*].x", []),
        ("raw.billing[0]", None),
    ],
)
def test_what_a_path_takes(text, value):
    if text.startswith(" "):
        with pytest.raises(PathError):
            parse_path(text)
        return
    assert parse_path(text).read(RAW) == value


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 1),
        ("order.status", 1),
        ("raw.", 5),
        ("raw..a", 5),
        ("raw.a b", 7),
        ("raw.a[", 7),
        ("raw.a[]", 7),
        ("raw.a[*", 6),
        ("raw.a[1", 8),
        ("raw.a[key]", 10),
        ("raw.a[key=]", 11),
        ("raw.a[*].b[*]", 14),
        ("raw.a,", 7),
        ("raw.a,b", 7),
        ("raw.__class__()", 14),
        ("raw" + ".a" * 17, 38),
        ("raw." + "a" * 300, 301),
    ],
)
def test_an_error_names_its_position(text, position):
    with pytest.raises(PathError) as caught:
        parse_paths(text)
    assert caught.value.position == position
    assert f"position {position}:" in str(caught.value)


def test_several_sources_stand_between_commas():
    paths = parse_paths("raw.meta[key=a,b].value, payload.items[*].sku")
    assert [path.text for path in paths] == ["raw.meta[key=a,b].value", "payload.items[*].sku"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("raw.billing.email", "raw.billing.email is 'a@b.example'"),
        ("raw.billing.mail", "raw.billing has no 'mail'"),
        ("raw.billing.phone", "raw.billing.phone is null"),
        ("raw.zero.x", "raw.zero is '0'"),
        ("raw.empty", "raw.empty is a list of 0"),
        ("raw.empty[*].x", "raw.empty is an empty list"),
        ("raw.line_items[9].x", "raw.line_items has only 3 elements"),
        ("raw.meta_data[key=x].value", "raw.meta_data has no element whose key is 'x'"),
        ("raw.line_items[*].sku", "none of the 3 of raw.line_items hold it"),
    ],
)
def test_it_is_told_how_far_a_path_leads(text, words):
    assert parse_path(text).explain(RAW) == words


def _odd(chance: random.Random, depth: int = 0):
    leaves = [None, "", "a", 0, 1, -1, True, Decimal("1.5"), 2.5, [], {}, "\ud800", b"x"]
    if depth > 3 or chance.random() < 0.3:
        return chance.choice(leaves)
    if chance.random() < 0.5:
        return [_odd(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {chance.choice(["a", "b", "key", "value"]): _odd(chance, depth + 1) for _ in range(3)}


def test_reading_never_raises():
    paths = parse_paths("raw.a, raw.a[*].b, raw.a[0], raw.a[-1].b, raw.b[key=a].value, raw.a.b[*].value, raw")
    chance = random.Random(6)
    for _ in range(3000):
        value = _odd(chance)
        for path in paths:
            is_empty(path.read(value))
            assert path.explain(value)


def test_what_is_shown_of_a_value_is_short():
    assert shown("x" * 500) == f"'{'x' * 60}…'"
    assert shown({"a": 1, "b": 2}) == "an object of 2 fields"


@pytest.mark.parametrize("entity_type", PAYLOADS)
def test_every_listed_target_can_be_written(entity_type):
    found = targets(entity_type)
    assert len(found) > 3
    assert not {"external_id", "raw", "updated_at"} & set(found)
    for text in found:
        assert target(entity_type, text).path.text == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("items[*].nte", "no such field. Near it: items[*].note"),
        ("external_id", "the shop's to say"),
        ("raw.x", "the shop's to say"),
        ("items.note", "items is a list; write items[*]"),
        ("items[0].note", "items is a list"),
        ("items[*]", "a field of each row is missing"),
        ("status.slug", "no such field"),
        ("", "position 1"),
    ],
)
def test_a_target_that_is_none_is_explained(text, words):
    with pytest.raises(PathError) as caught:
        target("order", text)
    assert words in str(caught.value)


def test_what_has_to_be_there_before_a_field_can_be_written():
    assert target("order", "customer.email").needs == ("customer",)
    assert target("order", "shipping.address.city").needs == ()
    assert target("product", "category_ids").is_list
