"""Faults of the Mapping Rules, as `faults.py` has them: name, file, old text, new text, test."""

APPLY = "salla_manager/core/mapping/apply.py"
FIELDS = "salla_manager/core/mapping/fields.py"
PATHS = "salla_manager/core/mapping/paths.py"
REMAP = "salla_manager/core/mapping/remap.py"
RULES = "salla_manager/core/mapping/rules.py"
TRANSFORMS = "salla_manager/core/mapping/transforms.py"
INGEST = "salla_manager/core/ingest.py"
OUTBOX = "salla_manager/core/outbox.py"

HUB_TESTS = "tests/hub/test_mapping_hub.py::"
RULE_TESTS = "tests/hub/test_mapping_rules.py::"
PATH_TESTS = "tests/hub/test_mapping_paths.py::"
TRANSFORM_TESTS = "tests/hub/test_mapping_transforms.py::"

MAPPING = (
    ("required field not checked", APPLY, "if not rule.is_required:", "if True:",
     HUB_TESTS + "test_a_missing_required_field_fails_the_record_and_sends_nothing"),
    ("rows of another length aligned", APPLY, "if len(value) != length:", "if False:",
     RULE_TESTS + "test_rows_that_do_not_align_are_refused"),
    ("the given payload changed", APPLY, "copy.deepcopy(before)", "before",
     RULE_TESTS + "test_values_come_from_the_shops_body"),
    ("half a customer made", FIELDS, "            needs.append(names)\n", "            pass\n",
     RULE_TESTS + "test_what_is_not_there_is_not_half_made"),
    ("an id written by a rule", FIELDS, "if path.steps[0] in _FIXED:", "if False:",
     PATH_TESTS + "test_a_target_that_is_none_is_explained"),
    ("reading raises on odd data", PATHS, "value.get(step) if isinstance(value, dict) else None", "value.get(step)",
     PATH_TESTS + "test_reading_never_raises"),
    ("an ambiguous amount guessed", TRANSFORMS,
     'if len(last) == 3 and first.lstrip("0") and len(first) <= 3:', "if False:",
     TRANSFORM_TESTS + "test_an_amount_that_can_be_read_in_two_ways_needs_a_word"),
    ("an unknown key imported", RULES, "if key not in _SET_KEYS]", "if False]",
     RULE_TESTS + "test_an_import_of_something_else_is_refused"),
    ("second-hand copies not mapped", INGEST, "    one = mapped(payload, sets)\n", "    one = Mapped(payload)\n",
     HUB_TESTS + "test_an_order_waits_for_a_customer_whom_rules_refuse"),
    ("a refusal forgets what was sent", OUTBOX, "                mapped=before.mapped,\n", "",
     HUB_TESTS + "test_what_was_sent_before_stays"),
    ("mapped again from what was mapped", REMAP, "text = record.normalized or record.mapped", "text = record.mapped",
     HUB_TESTS + "test_a_changed_rule_sends_only_what_changes"),
    ("a deleted entity mapped back to life", REMAP, 'if getattr(payload, "status", "") == "deleted" or', "if",
     HUB_TESTS + "test_what_was_deleted_in_the_shop_stays_deleted"),
    ("an old content sent for one that is not understood", REMAP, "if record.status != RecordStatus.FAILED:", "if True:",
     HUB_TESTS + "test_what_the_normalizer_refuses_is_not_touched"),
    ("the code of a template lost", REMAP, "payloads = [payload, *_beside(host, record, payload)]", "payloads = [payload]",
     HUB_TESTS + "test_a_product_mapped_again_keeps_the_code_that_its_variants_leave_it"),
)  # fmt: skip
