"""Rule sets: what is refused and how it is said, and what the rules make of a payload."""

import json
import random

import pytest
from hub_kit import body, line

from salla_manager.core.mapping.apply import MappingError, map_payload
from salla_manager.core.mapping.fields import targets
from salla_manager.core.mapping.rules import RulesError, compile_rules, dump_rules
from salla_manager.core.mapping.templates import template
from salla_manager.core.mapping.transforms import TRANSFORMS
from salla_manager.core.mapping.versions import differences, export, read_export
from salla_manager.payloads import PAYLOADS, dump_payload, parse_payload

RAW = {
    "status": "wc-done",
    "billing": {"email": "Sara@Example.com", "first": "Sara", "last": "Ali", "phone": ""},
    "total": "1,150.00",
    "currency": "ر.س",
    "line_items": [{"note": "gift"}, {"note": None}],
    "meta_data": [{"key": "_vat", "value": "300"}],
    "tags": [{"id": 3}, {"id": 4}, {"id": 3}, {}],
}


def order(**values):
    lines = [line(), line(external_id="92", product_id="2", sku="OUD-2")]
    return parse_payload("order", {**body("order", items=lines), "raw": RAW, **values})


def rule(target, source="", transform="copy", required=False, **parameters):
    row = {"target": target, "source": source, "transform": transform, "required": required}
    return {**row, "parameters": parameters} if parameters else row


def rules(*rows, entity_type="order", **lookups):
    return compile_rules({"entity_type": entity_type, "rules": list(rows), "lookups": lookups}, "R", "R")


def mapped(*rows, **values):
    return dump_payload(map_payload(order(**values), rules(*rows)))


def refused(*rows, **values):
    with pytest.raises(MappingError) as caught:
        map_payload(order(**values), rules(*rows))
    return caught.value.problems


def test_without_an_effect_the_payload_is_the_same_object():
    payload = order()
    assert map_payload(payload, rules()) is payload
    assert map_payload(payload, rules(rule("status", "payload.status"))) is payload


def test_values_come_from_the_shops_body():
    found = mapped(
        rule("status", "raw.status", "map", map={"wc-done": "completed"}),
        rule("customer.email", "raw.billing.email", "text", case="lower"),
        rule("customer.name", "raw.billing.first, raw.billing.last", "join"),
        rule("customer.tax_id", "raw.meta_data[key=_vat].value"),
        rule("total", "raw.total", "price"),
        rule("currency", "raw.currency", "currency"),
        rule("source", transform="constant", value="web"),
    )
    assert found["status"] == "completed"
    assert found["customer"]["email"] == "sara@example.com"
    assert (found["customer"]["name"], found["customer"]["tax_id"]) == ("Sara Ali", "300")
    assert (found["total"], found["currency"], found["source"]) == ("1150.00", "SAR", "web")


def test_the_payload_that_was_given_stays_as_it_was():
    payload = order()
    before = dump_payload(payload)
    map_payload(payload, rules(rule("items[*].note", transform="constant", value="x")))
    assert dump_payload(payload) == before


def test_rows_are_aligned():
    found = mapped(rule("items[*].note", "raw.line_items[*].note, payload.items[*].sku"))
    assert [row["note"] for row in found["items"]] == ["gift", "OUD-2"]


def test_rows_that_do_not_align_are_refused():
    (problem,) = refused(rule("items[*].note", "raw.meta_data[*].value"))
    assert problem.startswith("Rule 1 (items[*].note): raw.meta_data[*].value gives 1 values for 2 rows")


def test_each_rule_sees_what_those_before_have_written():
    found = mapped(rule("note", "raw.status"), rule("note", "payload.note, raw.currency", "join"))
    assert found["note"] == "wc-done ر.س"


def test_an_empty_source_leaves_the_field_and_a_constant_empties_it():
    found = mapped(
        rule("reference", "raw.none, raw.billing.phone"), rule("note", transform="constant"), note="old"
    )
    assert (found["reference"], found["note"]) == ("1042", None)


def test_the_first_source_that_holds_something_is_taken():
    assert mapped(rule("note", "raw.none, raw.billing.phone, raw.status"))["note"] == "wc-done"


def test_a_list_is_read_value_by_value_and_each_counts_once():
    product = parse_payload("product", {**body("product"), "raw": RAW, "category_ids": ["9"]})
    table = {"groups": {"3": "30", "4": "30"}}
    found = map_payload(
        product,
        rules(
            rule("category_ids", "raw.tags[*].id", "lookup", table="groups"), entity_type="product", **table
        ),
    )
    assert found.category_ids == ["30"]
    plain = map_payload(product, rules(rule("category_ids", "raw.tags[*].id"), entity_type="product"))
    assert plain.category_ids == ["3", "4"]
    one = map_payload(
        product, rules(rule("category_ids", transform="constant", value="5"), entity_type="product")
    )
    assert one.category_ids == ["5"]


def test_a_lookup_takes_the_first_of_a_list_that_has_a_row():
    product = parse_payload("product", {**body("product"), "raw": RAW, "category_ids": ["3", "4"]})
    row = rule(
        "item_group", "payload.category_ids[*]", "lookup", table="groups", otherwise="default", default=None
    )
    found = map_payload(product, rules(row, entity_type="product", groups={"4": "Oud"}))
    assert found.item_group == "Oud"
    assert map_payload(product, rules(row, entity_type="product", groups={})) is product


def test_a_required_field_that_stays_empty_is_told_with_what_was_there():
    assert refused(rule("note", "raw.billing.mail", required=True)) == [
        "Rule 1 (note): it is required, and the field is empty. What was there: raw.billing has no 'mail'."
    ]
    assert refused(rule("items[*].note", "raw.line_items[*].note", required=True)) == [
        "Rule 1 (items[*].note): it is required, and it is empty in row 2."
        " What was there: 1 of the 2 of raw.line_items hold it."
    ]


def test_a_required_field_that_the_shop_gave_otherwise_is_there():
    assert mapped(rule("reference", "raw.none", required=True))["reference"] == "1042"


def test_all_that_is_wrong_is_told_at_once():
    problems = refused(
        rule("total", "raw.status", "price"),
        rule("status", "raw.status", "map", map={}),
        rule("note", "raw.none", required=True),
    )
    assert [problem.partition(":")[0] for problem in problems] == [
        "Rule 1 (total)",
        "Rule 2 (status)",
        "Rule 3 (note)",
    ]
    assert "'wc-done' is no amount" in problems[0]


def test_what_does_not_fit_the_payload_names_the_rule():
    (problem,) = refused(
        rule("currency", "raw.currency"),
        rule("items[*].quantity", transform="constant", value="0"),
        items=[line()],
    )[:1]
    assert problem.startswith("Rule 1 (currency): what it gives does not fit the field currency:")
    problems = refused(rule("items[*].quantity", transform="constant", value="0"), items=[line()])
    assert problems[0].startswith(
        "Rule 1 (items[*].quantity): what it gives does not fit the field items.0.quantity"
    )
    problems = refused(rule("total", "raw.billing"))
    assert "Rule 1 (total)" in problems[0]


def test_what_is_not_there_is_not_half_made():
    """A guest of whom nothing is known gets no customer out of an e-mail alone."""
    assert mapped(rule("customer.email", "raw.billing.email"), customer=None)["customer"] is None
    assert mapped(rule("shipping.address.city", "raw.status"))["shipping"]["address"]["city"] == "wc-done"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"target": "statis", "source": "raw.a"}, "Rule 1: Target 'statis', position 1: "),
        ({"target": "status", "source": "raw.a["}, "Rule 1: Source 'raw.a[', position 7: "),
        ({"target": "status"}, "Rule 1: copy needs a source"),
        ({"target": "status", "source": "raw.a", "transform": "constant"}, "constant takes no source"),
        ({"target": "status", "source": "raw.a", "transform": "eval"}, "There is no transform 'eval'"),
        ({"target": "status", "source": "raw.a", "transform": "map"}, "map needs the parameter 'map'"),
        (rule("status", "raw.a", "map", map={"a": 1}), "'map' has to be an object of texts"),
        (rule("status", "raw.a", "map", map={}, otherwise="x"), "one of keep, default, fail"),
        (rule("status", "raw.a", "map", map={}, otherwise="default"), "'default' has to be there"),
        (rule("status", "raw.a", "lookup", table="none"), "There is no lookup table 'none'"),
        (rule("status", "raw.a", "price", mark="."), "price has no parameter 'mark'. It has: decimal_mark"),
        (rule("total", transform="constant", value=1.5), "amounts are text"),
        (rule("currency", "raw.a", "currency", names={"$": "USDX"}), "'USDX' is no ISO 4217 code"),
        ({"target": "status", "source": "raw.a", "sorce": ""}, "'sorce' is not known here"),
        ({"target": "status", "source": "raw.a", "parameters": []}, ""),
        ({"target": "status", "source": "raw.a", "required": "yes"}, "true or false"),
        ({"target": 5, "source": "raw.a"}, "a path is a text"),
        ({"target": "status", "source": ["raw.a"]}, "a path is a text"),
    ],
)
def test_rules_that_cannot_be_taken(row, words):
    if not words:
        assert rules(row).rules
        return
    with pytest.raises(RulesError) as caught:
        rules(row)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        None,
        [],
        {},
        {"entity_type": "invoice", "rules": []},
        {"entity_type": "order", "rules": {}},
        {"entity_type": "order", "rules": ["x"]},
        {"entity_type": "order", "rules": [], "lookups": []},
        {"entity_type": "order", "rules": [], "lookups": {"a": {"b": 1}}},
        {"entity_type": "order", "rules": [], "script": "x"},
        {"entity_type": "order", "rules": [{"target": "note", "source": "raw.a"}] * 201},
        {"entity_type": "order", "lookups": {"a": {str(n): "x" * 200 for n in range(4000)}}},
    ],
)
def test_sets_that_cannot_be_taken(values):
    with pytest.raises(RulesError):
        compile_rules(values)


def test_what_is_exported_can_be_imported():
    values = template("woocommerce", "category")
    assert read_export(export(values)) == values
    assert json.loads(dump_rules(values))["rules"][0]["target"] == "name"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "It is no JSON"),
        ("[]", "It is no export"),
        ('{"format": "salla-mapping-rules-9"}', "It is no export"),
        (
            '{"format": "salla-mapping-rules-1", "entity_type": "order", "code": 1}',
            "'code' is not known here",
        ),
    ],
)
def test_an_import_of_something_else_is_refused(text, words):
    with pytest.raises(RulesError, match=words):
        read_export(text)


def test_versions_differ_line_by_line():
    before = {"entity_type": "order", "rules": [rule("note", "raw.a"), rule("status", "raw.b")]}
    after = {
        "entity_type": "order",
        "rules": [rule("note", "raw.c", required=True), rule("status", "raw.b")],
        "lookups": {"groups": {"1": "A"}},
    }
    assert differences(before, before) == []
    assert differences(before, after) == [
        "- rule 1: note = copy(raw.a)",
        "+ rule 1: note = copy(raw.c), required",
        "+ groups: 1 becomes A",
    ]
    assert differences(after, before)[-1] == "- groups: 1 becomes A"


@pytest.mark.parametrize("platform", ["salla", "woocommerce", "shopware"])
@pytest.mark.parametrize("entity_type", PAYLOADS)
def test_each_platform_has_a_template_for_each_kind(platform, entity_type):
    found = compile_rules(template(platform, entity_type))
    assert found.rules


PARAMETERS = {
    "map": {"map": {"a": "b"}, "otherwise": "keep"},
    "lookup": {"table": "t", "otherwise": "default", "default": "x"},
    "default": {"value": "x"},
    "constant": {"value": "x"},
}
ODD = [
    None,
    "",
    " ",
    "a",
    "1,5",
    0,
    -1,
    True,
    1.5,
    [],
    {},
    [[]],
    [{"a": 1}, None, "x"],
    {"a": {"b": []}},
    "x" * 600,
]


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_whatever_a_shop_says_is_mapped_or_refused_in_words(transform):
    """Never an error that no one foresaw."""
    source = "" if transform == "constant" else "raw.a, raw.b[*].a, raw.b[0], raw.a.b"
    chance = random.Random(transform)
    outcomes, blamed = {"mapped": 0, "refused": 0}, set()
    every = [*targets("order"), "items[*].options", "discounts"]
    for target in every:
        row = {"target": target, "source": source, "transform": transform}
        row |= {"parameters": PARAMETERS.get(transform, {}), "required": True}
        found = rules(row, t={"a": "b"})
        for _ in range(12):
            raw = {"a": chance.choice(ODD), "b": chance.choice(ODD)}
            try:
                map_payload(order(raw=raw), found)
                outcomes["mapped"] += 1
            except MappingError as error:
                outcomes["refused"] += 1
                blamed |= {problem.partition(":")[0] for problem in error.problems}
    assert min(outcomes.values()) > 50, outcomes
    assert blamed <= {f"Rule 1 ({target})" for target in every}
