"""Faults that somebody could put into the code by mistake, and the test that has to notice each of them.

`make mutants` puts them in one by one; tests/test_mutants.py holds that each old text still stands exactly once.
"""

from __future__ import annotations

from typing import NamedTuple

from scripts.connector_faults import CONNECTORS
from scripts.mapping_faults import MAPPING


class Fault(NamedTuple):
    """`old` stands exactly once in `file`; with `new` in its place `test` has to fail."""

    name: str
    file: str
    old: str
    new: str
    test: str


CONTRACT = "salla_executor/contract.py"
RECEIVE = "salla_executor/core/receive.py"
ORDERS = "salla_executor/core/orders.py"
FOLLOW_UP = "salla_executor/core/order_follow_up.py"
ORDER_COMPARE = "salla_executor/core/mapping/order_compare.py"
INBOX = "sandbox/executor_store.py"
QUEUE = "sandbox/hub_store.py"
ANSWERS = "salla_manager/core/answers.py"
DISPATCH = "salla_manager/core/dispatch.py"
READINESS = "salla_manager/core/readiness.py"
TRANSPORT = "salla_manager/core/transport.py"
ADDRESSES = "salla_manager/core/addresses.py"
INTAKE = "salla_manager/core/intake.py"
PROCESS = "salla_manager/core/process.py"
IDENTITY = "salla_manager/core/identity.py"
PULL = "salla_manager/core/pull_api.py"
CALLERS = "salla_manager/core/callers.py"
AGREEMENT = "salla_manager/key_agreement.py"
SHARED_SECRET = "salla_manager/core/shared_secret.py"
CHECKLIST = "salla_executor/core/checklist.py"
OUTBOX = "salla_manager/core/outbox.py"
SKU = "salla_manager/core/sku.py"
STANDING = "salla_manager/core/standing.py"
WEBHOOKS = "salla_manager/platforms/salla/webhooks.py"
PROOF = "salla_manager/platforms/salla/signature.py"
TOKENS = "salla_manager/platforms/salla/tokens.py"
ENCRYPTION = "salla_manager/erp/encryption.py"
ADOPTION = "salla_executor/core/adoption.py"
ITEM_VALUES = "salla_executor/core/mapping/items.py"

REFUSALS = "tests/executor/test_refusals.py::"
ONCE = "tests/executor/test_once.py::"
APPLY = "tests/executor/test_apply.py::"
ITEM_TESTS = "tests/executor/test_items.py::"
ANSWER_TESTS = "tests/hub/test_answers.py::"
DISPATCH_TESTS = "tests/hub/test_dispatch.py::"
TRANSPORT_TESTS = "tests/hub/test_transport.py::"
INTAKE_TESTS = "tests/hub/test_intake.py::"
PULL_TESTS = "tests/hub/test_pull.py::"
IDENTITY_TESTS = "tests/hub/test_identity.py::"
ABSORB_TESTS = "tests/hub/test_absorb.py::"
AGREEMENT_TESTS = "tests/contract/test_key_agreement.py::"
SHARED_SECRET_TESTS = "tests/hub/test_shared_secret.py::"
NEW_SECRET_TESTS = "tests/executor/test_new_secret.py::"
WORKBENCH_TESTS = "tests/hub/test_workbench.py::"
DRAIN_TESTS = "tests/hub/test_drain.py::"
RECONCILE_TESTS = "tests/hub/test_reconcile.py::"
SECRET_TESTS = "tests/erp/test_encryption.py::"
_COMPARE = 'if hmac.compare_digest(expected.encode("ascii"), request.signature.encode("ascii")):'

SIGNED_REQUESTS = (
    Fault("signature unchecked", CONTRACT, "if not (used and known and", "if not (known and",
          REFUSALS + "test_wrong_secret"),
    Fault("signature compared by its first half", CONTRACT, _COMPARE,
          "if hmac.compare_digest(expected[:32], request.signature[:32]):",
          REFUSALS + "test_each_digit_of_the_signature_counts"),
    Fault("signature compared with ==", CONTRACT, _COMPARE,
          "if expected == request.signature:",
          "tests/contract/test_constant_time.py::test_a_signature_is_compared_by_digest_compare"),
    Fault("nonce stored before the signature", RECEIVE, "    request = contract.verify(\n",
          "    receiver.remember_nonce(contract.read_headers(headers).nonce[::-1], receiver.now() + 660)\n"
          "    request = contract.verify(\n",
          REFUSALS + "test_wrong_secret"),
    Fault("nonce not looked at", RECEIVE, "    if not receiver.remember_nonce(", "    if None is receiver.remember_nonce(",
          REFUSALS + "test_nonce_used_before"),
    Fault("nonce forgotten too early", RECEIVE,
          "max(contract.NONCE_LIFETIME, 2 * gate.timestamp_window + 60)", "gate.timestamp_window",
          REFUSALS + "test_nonce_lives_as_long_as_its_request"),
    Fault("future timestamps accepted", CONTRACT,
          "if abs(int(now) - request.timestamp) > window", "if int(now) - request.timestamp > window",
          REFUSALS + "test_time_outside_the_window"),
    Fault("header key other than the body's", CONTRACT,
          "if command.idempotency_key != request.idempotency_key:", "if False:",
          REFUSALS + "test_header_and_body_differ"),
    Fault("header instance other than the body's", CONTRACT,
          "if command.erp_instance != request.instance_id:", "if False:",
          REFUSALS + "test_header_and_body_differ"),
    Fault("previous secret ignored", CONTRACT,
          "[secret for secret in secrets if secret] or", "[secret for secret in secrets if secret][:1] or",
          REFUSALS + "test_previous_secret_is_taken_during_a_rotation"),
    Fault("no secret set, so the dummy one counts", CONTRACT,
          "and known and candidates != [_DUMMY_SECRET]):", "and known):", REFUSALS + "test_executor_without_secrets"),
    Fault("a key twice in one object accepted", CONTRACT, "if len(result) != len(pairs):", "if False:",
          REFUSALS + "test_body_that_is_no_strict_json"),
    Fault("pull of somebody else's store", PULL,
          "if store is None or store.erp_instance != instance:", "if store is None:",
          PULL_TESTS + "test_a_pull_is_refused"),
    Fault("pull taken twice", CALLERS, "if not host.store.remember_nonce(", "if None is host.store.remember_nonce(",
          PULL_TESTS + "test_a_pull_is_not_taken_twice"),
)  # fmt: skip

ONCE_IN_EFFECT = (
    Fault("stale revision applied", RECEIVE,
          "if not command.revision or said > (reference.revision, reference.generation):", "if True:",
          ONCE + "test_late_revision_is_stale"),
    Fault("same key, other body: stored ack", INBOX, 'if row["body_hash"] != body_hash:', "if False:",
          ONCE + "test_same_key_with_another_body_is_refused"),
    Fault("same key, other body: applied", RECEIVE,
          'if claim.state != "new" and not (claim.state == "conflict" and command.dry_run):',
          'if claim.state not in ("new", "conflict"):',
          ONCE + "test_same_key_with_another_body_is_refused"),
    Fault("ack stored in a second transaction", RECEIVE,
          "    receiver.store_ack(command.idempotency_key, ack.content())\n    receiver.commit()\n    return ack\n",
          "    receiver.commit()\n    receiver.store_ack(command.idempotency_key, ack.content())\n    return ack\n",
          ONCE + "test_crash_at_every_step_leaves_nothing_or_all"),
    Fault("ack stored without its inbox row", RECEIVE,
          "    claim = receiver.claim(command, body_hash)\n",
          "    receiver.claim(command, body_hash)\n    receiver.commit()\n    claim = receiver.claim(command, body_hash)\n",
          ONCE + "test_crash_at_every_step_leaves_nothing_or_all"),
    Fault("retryable failure kept as final", RECEIVE,
          "        if not error.retryable:\n            _keep", "        if True:\n            _keep",
          ONCE + "test_retryable_failure_leaves_nothing_and_runs_again"),
    Fault("lasting failure not kept", RECEIVE,
          "            _keep_failure(command, body_hash, error, receiver)\n", "            pass\n",
          ONCE + "test_repeat_of_a_lasting_failure_keeps_its_verdict"),
    Fault("dry run commits", RECEIVE, "    if command.dry_run:\n        receiver.rollback()\n        return ack\n", "",
          ONCE + "test_dry_run_tells_and_leaves_nothing"),
    Fault("lease compare-and-set ignored", QUEUE,
          '"status = ? and lease_token = ?", (CommandStatus.SENDING, token), values',
          '"status <> ?", ("",), values',
          DISPATCH_TESTS + "test_a_worker_that_lost_its_lease_changes_nothing"),
    Fault("lost lease writes the record", DISPATCH, "            if is_kept:\n", "            if True:\n",
          DISPATCH_TESTS + "test_a_worker_that_lost_its_lease_changes_nothing"),
    Fault("request outlasts its lease", DISPATCH, "if not self._goes_on() or not self._fits(command):",
          "if not self._goes_on():",
          DISPATCH_TESTS + "test_a_request_that_would_outlast_its_lease_is_not_begun"),
    Fault("a newer one overtakes the one on its way", QUEUE,
          "*(CommandStatus.SENDING, CommandStatus.QUEUED, limit),", '*("", CommandStatus.QUEUED, limit),',
          DISPATCH_TESTS + "test_a_newer_one_never_overtakes_the_one_on_its_way"),
    Fault("older state of the shop wins", OUTBOX,
          "        if _is_older(before, payload, observed_at, host.clock.now()):\n"
          '            return Outcome(key, STALE, "The shop has told a newer state of it already.")\n'
          "        payload = ",
          "        payload = ", ABSORB_TESTS + "test_an_older_state_is_stale_and_changes_nothing"),
    Fault("duplicate webhook stored twice", WEBHOOKS,
          'f"salla:{merchant}:{event}:{content}".encode()', 'f"salla:{time.time_ns()}:{content}".encode()',
          "tests/salla/test_webhooks.py::test_the_dedupe_hash_tells_contents_apart"),
)  # fmt: skip

CHANGES_OF_THE_SECRET = (
    Fault("proof of the other side unchecked", AGREEMENT,
          'if not hmac.compare_digest(_proof(secret, transcript), _hex(answer, "proof")):', "if False:",
          SHARED_SECRET_TESTS + "test_without_a_proof_the_secret_stays"),
    Fault("whoever is in between can agree", AGREEMENT, 'salt=signer.encode("utf-8")', 'salt=b""',
          AGREEMENT_TESTS + "test_who_differs_in_anything_cannot_prove_it"),
    Fault("code good for ever", SHARED_SECRET, "if until is not None and now < until else", "if until is not None else",
          SHARED_SECRET_TESTS + "test_a_code_ends_after_half_an_hour"),
    Fault("code good twice", SHARED_SECRET, "    if signer == instance.pairing_code:\n", "    if False:\n",
          SHARED_SECRET_TESTS + "test_a_code_is_good_once"),
    Fault("code good twice at the same moment", SHARED_SECRET,
          "if instance is None or signer not in taken(instance, now, with_code=True):", "if instance is None:",
          SHARED_SECRET_TESTS + "test_of_two_requests_with_one_code_one_is_answered"),
    Fault("code opens every door", SHARED_SECRET, "if with_code else secrets", "",
          SHARED_SECRET_TESTS + "test_a_code_opens_the_door_of_pairing_only"),
    Fault("hub signs with a secret that the ERP may not have", SHARED_SECRET,
          "changed = replace(instance, pending_secret=secret)", "changed = replace(instance, secret=secret)",
          SHARED_SECRET_TESTS + "test_a_code_makes_a_pending_secret_and_the_first_call_with_it_makes_it_current"),
    Fault("secret entered by hand overwritten", SHARED_SECRET, "if found.secret != instance.secret:", "if False:",
          SHARED_SECRET_TESTS + "test_a_secret_entered_by_hand_meanwhile_stands"),
    Fault("secret asked for while another is open", SHARED_SECRET,
          "        _settle_pending(host, _known(host.store.instance(name), name))\n", "",
          "tests/protocol/test_secret_changes.py::"
          "test_what_was_signed_with_a_secret_that_is_gone_does_not_make_it_current"),
    Fault("another secret taken on than the hub signs with", RECEIVE, "NewSecret(secret, signer, replaces=",
          "NewSecret(secret, settings.secrets[0], replaces=", NEW_SECRET_TESTS + "test_a_lost_answer_shuts_nobody_out"),
    Fault("former secret ends before the hub knows the new one", RECEIVE,
          "if gate.is_rotating and request.secret == gate.secrets[0]:", "if gate.is_rotating:",
          NEW_SECRET_TESTS + "test_a_lost_answer_shuts_nobody_out"),
    Fault("checklist believes any answer", CHECKLIST,
          'if not hmac.compare_digest(proof.encode(), str(reply.answer.get("proof")).encode()):', "if False:",
          NEW_SECRET_TESTS + "test_what_is_wrong_has_a_row"),
)  # fmt: skip

ANSWERS_AND_NETWORK = (
    Fault("HTML with 200 taken as success", ANSWERS, "    if ack is None:\n",
          "    if ack is None and http_status == 200:\n        return Verdict(DONE, True, 0, flaw)\n    if ack is None:\n",
          ANSWER_TESTS + "test_what_is_no_ack_is_unknown"),
    Fault("echo of another command taken", ANSWERS, 'if data.get(name) not in (None, "", own):', "if False:",
          ANSWER_TESTS + "test_what_is_no_ack_is_unknown"),
    Fault("wrong secret kills commands", ANSWERS,
          "return Verdict(BREAK, False, 0, reason, ack, is_connection_like=True)",
          "return Verdict(DEAD, True, 0, reason, ack)",
          DISPATCH_TESTS + "test_a_configuration_error_stops_all_at_once_and_kills_nothing"),
    Fault("redirects followed", TRANSPORT, "        response = self.getresponse()\n",
          "        response = self.getresponse()\n"
          "        while response.getheader('location') and self.request('POST', path, body) is None:\n"
          "            response = self.getresponse()\n",
          TRANSPORT_TESTS + "test_a_redirect_is_not_followed"),
    Fault("unbounded read of an answer", TRANSPORT,
          "    content = response.read(limit + 1)\n    if len(content) > limit:\n",
          "    content = response.read()\n    if False:\n",
          TRANSPORT_TESTS + "test_faults_have_a_kind_and_end_in_time"),
    Fault("deadline per read only", TRANSPORT, "    left = deadline - monotonic()\n", "    left = most\n",
          TRANSPORT_TESTS + "test_faults_have_a_kind_and_end_in_time"),
    Fault("private addresses reached", ADDRESSES, "if not allow_private and not ip.is_global:", "if False:",
          TRANSPORT_TESTS + "test_addresses_that_are_refused_unless_allowed"),
    Fault("toggle acknowledges instead of holding", DISPATCH,
          "CommandUpdate(CommandStatus.HELD, closed, command.attempts)",
          "CommandUpdate(CommandStatus.DONE, closed, command.attempts)",
          DISPATCH_TESTS + "test_a_toggle_turned_off_holds_without_an_attempt_and_on_releases"),
    Fault("switched-off executor acknowledges", RECEIVE, "    if not gate.is_enabled:\n",
          '    if not gate.is_enabled:\n        return _ack(command, Outcome("skipped", "It is switched off."))\n'
          "    if False:\n",
          REFUSALS + "test_switched_off_holds_the_command"),
    Fault("webhook signature unchecked", INTAKE,
          "        adapter.check_signature(headers, raw, rules.secrets)\n", "        pass\n",
          INTAKE_TESTS + "test_a_wrong_signature_leaves_no_row"),
    Fault("webhook proof of any kind taken", PROOF, "return any(matches)", "return bool(matches)",
          "tests/salla/test_signature.py::test_one_changed_byte_is_refused"),
)  # fmt: skip

A_COPY_OF_THE_HUB = (
    Fault("a copy delivers", DISPATCH, "        if self.settings.standstill:\n", "        if False:\n",
          IDENTITY_TESTS + "test_a_copy_delivers_nothing_and_burns_no_attempt"),
    Fault("a copy reads the shop", PROCESS, "    if report.reason:\n", "    if False:\n",
          IDENTITY_TESTS + "test_a_copy_keeps_webhooks_and_works_them_off_afterwards"),
    Fault("a copy refreshes tokens", TOKENS, "        if standstill:\n", "        if False:\n",
          "tests/salla/test_tokens.py::test_a_copy_of_the_hub_never_uses_the_refresh_token_up"),
    Fault("a copy told by its name alone", IDENTITY, "    if kept == present:\n", "    if kept.site == present.site:\n",
          IDENTITY_TESTS + "test_whatever_differs_is_told_and_so_is_the_way_out"),
)  # fmt: skip

RULES_AND_SECRETS = (
    Fault("SKU rule off", SKU, "    if not normalize_sku(sku):\n", "    if False:\n",
          ABSORB_TESTS + "test_a_product_without_sku_is_skipped_and_flows_once_it_has_one"),
    Fault("one SKU for two products", SKU,
          "if other.key != key and other.status != RecordStatus.SKIPPED:", "if False:",
          ABSORB_TESTS + "test_a_sku_is_taken_once_whatever_its_case"),
    Fault("unseen marks make another SKU", SKU, 'unicodedata.category(character) != "Cf"', "True",
          WORKBENCH_TESTS + "test_what_an_erp_or_a_person_takes_for_one_sku_is_one"),
    Fault("a variant that is gone keeps its SKU", "salla_manager/core/workbench.py",
          "dict.fromkeys((product, key))", "()",
          WORKBENCH_TESTS + "test_a_variant_that_its_product_has_no_more_lets_its_sku_go"),
    Fault("what was held floods the ERP", "salla_manager/core/release.py",
          "if placement.status == CommandStatus.QUEUED and not self._may_go(command):", "if False:",
          DRAIN_TESTS + "test_five_thousand_held_ones_do_not_flood_and_keep_their_order"),
    Fault("orders starve behind products", "salla_manager/core/release.py",
          'command.entity_type == "order" or command.record in self.wanted', "False",
          DRAIN_TESTS + "test_held_orders_use_what_products_leave"),
    Fault("a missing order is not missed", STANDING,
          "if known.status == RecordStatus.NEW and not known.revision:", "if False:",
          RECONCILE_TESTS + "test_what_was_never_told_is_missing_and_is_read_once"),
    Fault("another total is taken for the same", STANDING, "abs(entry.total - ours) < SAME", "True",
          RECONCILE_TESTS + "test_a_total_that_changed_unheard_is_different_and_is_read_again"),
    Fault("an old run writes into a new one", "sandbox/reconcile_rows.py", " where name = ? and token = ?",
          " where name = ? and ? != ''",
          RECONCILE_TESTS + "test_a_run_that_was_taken_over_keeps_nothing_more"),
    Fault("order does not wait for its product", READINESS, "    if not missing:\n        return READY\n",
          "    return READY\n",
          "tests/hub/test_order_dependencies.py::test_an_order_brings_customer_and_products_and_waits_for_them"),
    Fault("money guard off", ORDER_COMPARE, "if abs(has - says) > settings.money_tolerance", "if False",
          APPLY + "test_difference_keeps_the_draft_and_names_itself"),
    Fault("order submitted despite a difference", FOLLOW_UP,
          "if saved.docstatus == 0 and is_agreed and _is_to_submit(case, due):",
          "if saved.docstatus == 0 and _is_to_submit(case, due):",
          APPLY + "test_difference_keeps_the_draft_and_names_itself"),
    Fault("total of nothing replaces an order", ORDERS, "if not payload.total and gross > discount:", "if False:",
          APPLY + "test_total_of_nothing_never_replaces_a_real_order"),
    Fault("AAD dropped", ENCRYPTION,
          'json.dumps([VERSION, key_id, place.site, place.doctype, place.row, place.field]).encode("ascii")', 'b""',
          SECRET_TESTS + "test_swapped_rows_cannot_read"),
    Fault("field left out of the AAD", ENCRYPTION, "place.row, place.field])", "place.row])",
          SECRET_TESTS + "test_another_place_cannot_read"),
    Fault("GCM nonce reused", ENCRYPTION, "nonce = os.urandom(NONCE_BYTES)", "nonce = bytes(NONCE_BYTES)",
          SECRET_TESTS + "test_no_nonce_comes_twice"),
    Fault("tokens kept in the log", WEBHOOKS, "_stars(child) if key in _SECRETS else", "",
          "tests/salla/test_webhooks.py::test_tokens_are_taken_out_of_what_is_kept"),
)  # fmt: skip

ITEMS = (
    Fault("field of the ERP overwritten", ITEM_VALUES, 'frozenset() if is_new else settings.erp_item_fields', "frozenset()",
          ITEM_TESTS + "test_field_of_the_erp_is_told_and_not_written"),
    Fault("Item linked by barcode unasked", ADOPTION, "if not (is_barcode and context.settings.link_by_barcode):",
          "if not is_barcode:", ITEM_TESTS + "test_what_is_certain_is_linked_and_the_rest_waits"),
    Fault("plain Item made a template", ADOPTION, "if is_template and not found.has_variants:", "if False:",
          ITEM_TESTS + "test_what_is_certain_is_linked_and_the_rest_waits"),
    Fault("Item of two shops disabled by one", "salla_executor/core/items.py", "if values.is_disabled and (seller",
          "if False and (seller", ITEM_TESTS + "test_deleted_comes_back_and_another_shop_keeps_it"),
    Fault("price with VAT in a list without", ITEM_VALUES,
          "if payload.price_includes_tax == price_list.includes_tax:", "if True:",
          ITEM_TESTS + "test_prices_of_each_list"),
)  # fmt: skip

CUSTOMERS, REHEARSAL = "salla_executor/core/customers.py", "salla_manager/core/rehearsal.py"
APPLY_TESTS, REHEARSAL_TESTS = "tests/executor/test_apply.py::", "tests/hub/test_rehearsal.py::"
PERSONS = (
    Fault("two customers merged on a contradiction", CUSTOMERS, "    if len(names) > 1:\n", "    if False:\n",
          APPLY_TESTS + "test_phone_and_mail_of_two_customers_are_merged_by_nobody"),
    Fault("another VAT number taken for the same company", CUSTOMERS,
          "if payload.tax_id and chosen.tax_id and", "if False and",
          APPLY_TESTS + "test_another_vat_number_is_another_customer"),
    Fault("guests share an address", CUSTOMERS,
          "if address is None or customer != context.settings.guest_customer:", "if True:",
          APPLY_TESTS + "test_guest_is_a_customer_of_his_own_or_the_one_for_all"),
    Fault("rehearsal in earnest", REHEARSAL, "        dry_run=True,\n", "        dry_run=False,\n",
          REHEARSAL_TESTS + "test_what_would_become_of_each_order"),
    Fault("orders to an ERP that may ignore dry_run", REHEARSAL,
          "if not isinstance(versions, dict) or DRY_RUN_APP not in versions:", "if False:",
          REHEARSAL_TESTS + "test_erp_that_may_not_know_dry_runs_is_sent_no_order"),
)  # fmt: skip

CONNECTION_TESTS, PUSH_TESTS = "tests/hub/test_connections.py::", "tests/hub/test_push.py::"
PUSH = "salla_manager/erp/push.py"
DESTINATIONS = (
    Fault("a copy waits", READINESS, "    if command.is_copy:\n        return READY\n", "",
          CONNECTION_TESTS + "test_a_copy_waits_for_nothing"),
    Fault("a copy moves the record", "salla_manager/core/verdicts.py",
          "    if command.is_copy:\n        return record\n", "",
          CONNECTION_TESTS + "test_a_copy_never_touches_the_record"),
    Fault("a destination holds up another", QUEUE, " and o.{column} = c.{column}", "",
          CONNECTION_TESTS + "test_the_leading_command_in_flight_keeps_no_copy_back"),
    Fault("connections of every organisation", "sandbox/hub_config.py",
          "where customer_account = ? and is_enabled = 1", "where ? != '' and is_enabled = 1",
          CONNECTION_TESTS + "test_no_other_organisation_gets_it"),
    Fault("two active of one type", "sandbox/hub_rows.py", "create unique index if not exists connection_active",
          "create index if not exists connection_active",
          CONNECTION_TESTS + "test_one_is_active_per_organisation_and_type"),
    Fault("a disabled connection exports", READINESS, "    if not connection.is_enabled:\n", "    if False:\n",
          CONNECTION_TESTS + "test_a_disabled_connection_holds_and_gets_nothing_new"),
    Fault("a connector's own words are told", "salla_manager/erp/orchestrator.py",
          "stumbled: {type(error).__name__}.", "stumbled: {error}.",
          CONNECTION_TESTS + "test_a_fault_of_a_connector_is_told_without_its_words"),
    Fault("the same order pushed twice", PUSH, "self.result = orchestrator.check_idempotency(key)", "self.result = None",
          PUSH_TESTS + "test_the_same_order_again_is_not_sent_again"),
    Fault("delays do not double", PUSH, "retry_delay_base * 2 ** (number - 1)", "retry_delay_base * number",
          PUSH_TESTS + "test_delays_double"),
)  # fmt: skip

FAULTS = (
    *SIGNED_REQUESTS,
    *ONCE_IN_EFFECT,
    *CHANGES_OF_THE_SECRET,
    *ANSWERS_AND_NETWORK,
    *A_COPY_OF_THE_HUB,
    *RULES_AND_SECRETS,
    *ITEMS,
    *PERSONS,
    *DESTINATIONS,
    *(Fault(*one) for one in CONNECTORS),
    *(Fault(*one) for one in MAPPING),
)
