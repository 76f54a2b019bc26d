"""The silence alarm on shops of different habits."""

from datetime import datetime, timedelta, timezone

import pytest

from salla_manager.core.silence import EPOCH, HOUR, WEEK, WEEKS, hour_of, learn, silence

# A Friday, noon.
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=timezone.utc)


def habit(is_active, now=NOW, weeks=WEEKS):
    """Hours of the past weeks in which a shop of this habit was heard; is_active is asked with a datetime."""
    present = hour_of(now)
    moments = (EPOCH + HOUR * hour for hour in range(present - weeks * WEEK, present))
    return learn([hour_of(moment) for moment in moments if is_active(moment)], now)


def first_alarm(activity, since, most=400):
    """Hours of silence until the alarm, None if it does not come."""
    steps = range(1, most * 4)
    return next((step / 4 for step in steps if silence(activity, since, since + step * HOUR / 4)), None)


def test_a_shop_that_is_heard_every_hour_is_missed_within_half_a_working_day():
    hours = first_alarm(habit(lambda moment: True), NOW)
    assert 2 <= hours <= 6


def test_the_night_of_a_shop_that_sleeps_is_no_silence():
    activity = habit(lambda moment: 7 <= moment.hour < 21)
    evening = NOW.replace(hour=20, minute=50)
    hours = first_alarm(activity, evening)
    woken = evening + hours * HOUR
    assert woken.date() == NOW.date() + timedelta(days=1)
    assert 9 <= woken.hour <= 14


def test_a_day_off_each_week_is_no_silence():
    activity = habit(lambda moment: moment.weekday() != 4 and 7 <= moment.hour < 21)
    thursday = datetime(2026, 11, 19, 20, 30, tzinfo=timezone.utc)
    assert (thursday + first_alarm(activity, thursday) * HOUR).weekday() == 5


def test_a_shop_that_is_heard_now_and_then_is_given_days():
    activity = habit(lambda moment: moment.weekday() == 0 and moment.hour == 9)
    assert first_alarm(activity, NOW) is None or first_alarm(activity, NOW) > 7 * 24


@pytest.mark.parametrize("weeks", [0, 1])
def test_a_shop_that_is_new_here_is_not_judged(weeks):
    assert first_alarm(habit(lambda moment: True, weeks=weeks), NOW) is None


def test_young_habits_are_trusted_less():
    young, old = (habit(lambda moment: True, weeks=weeks) for weeks in (2, 8))
    assert first_alarm(young, NOW) > first_alarm(old, NOW)


def test_an_outage_in_the_past_does_not_hide_the_next_one():
    outage = NOW - timedelta(weeks=3)
    activity = habit(lambda moment: not outage <= moment < outage + timedelta(days=3))
    assert first_alarm(activity, NOW) <= 8


def test_bursts_count_once():
    one = learn([hour_of(NOW) - 5], NOW)
    assert learn([hour_of(NOW) - 5] * 1000, NOW) == one


def test_weeks_begin_with_the_first_webhook_and_older_ones_are_forgotten():
    present = hour_of(NOW)
    assert learn([], NOW).weeks == 0
    assert learn([present - 3 * WEEK - 1, present - 1], NOW).weeks == 3
    assert learn([present - 30 * WEEK, present - 2 * WEEK], NOW).weeks == 2
    assert sum(learn([present - 2 * WEEK - 5, present], NOW).active) == 0


def test_what_is_told():
    told = silence(habit(lambda moment: True), NOW, NOW + 12 * HOUR)
    assert (told.since, told.hours) == (NOW, 12)
    assert told.one_in >= 10_000


def test_a_clock_that_was_set_back_is_no_silence():
    assert silence(habit(lambda moment: True), NOW + HOUR, NOW) is None
