"""The same cases that `make fuzz` counts, over a real socket."""

import pytest

from scripts.broken_answers import ANSWERS, LIMITS, URLS, kind_of_refusal, verdict_of


@pytest.mark.parametrize("url", URLS)
def test_no_request_goes_to_such_a_url(url):
    # A name with a dot behind may not be known to the resolver at all.
    assert kind_of_refusal(url) in ("blocked", "dns")


@pytest.mark.parametrize(("name", "script", "action", "burns"), ANSWERS, ids=[case[0] for case in ANSWERS])
def test_what_comes_back_leads_to_the_table_s_action(name, script, action, burns):
    verdict, _, requests = verdict_of(script)
    assert (verdict.action, verdict.burns_attempt, requests) == (action, burns, 1)


def test_no_broken_answer_takes_longer_than_it_may():
    assert LIMITS.total < 1
    assert len(ANSWERS) > 40
    assert len(URLS) >= 40
