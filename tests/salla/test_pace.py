import pytest
from hypothesis import given
from hypothesis import strategies as st

from salla_manager.platforms.pace import (
    BACKFILL,
    ORDERS,
    PRODUCTS,
    STOCK,
    MemoryPaceStore,
    Pace,
    Pacer,
    Told,
    learn,
    take,
)
from salla_manager.platforms.salla.limits import Limits
from sandbox.hub_store import SqliteHubStore
from sandbox.salla.faults import LeakyBucket

NOW = 1_800_000_000.0
PLUS = Pace(size=120.0, rate=2.0, seen=NOW)


def fill(pace, lane, now=NOW):
    """How many calls go at once."""
    count = 0
    while True:
        pace, wait = take(pace, lane, now)
        if wait:
            return count, wait
        count += 1


def test_lanes_leave_room_for_those_before_them():
    assert [fill(PLUS, lane)[0] for lane in (ORDERS, STOCK, PRODUCTS, BACKFILL)] == [108, 84, 60, 30]


def test_a_full_backfill_lane_holds_up_no_order():
    pace = PLUS
    for _ in range(30):
        pace, _ = take(pace, BACKFILL, NOW)
    assert take(pace, BACKFILL, NOW)[1] == pytest.approx(0.5)
    assert take(pace, ORDERS, NOW)[1] == 0


def test_the_wait_that_is_told_is_long_enough():
    pace = PLUS
    now = NOW
    for _ in range(500):
        pace, wait = take(pace, BACKFILL, now)
        if wait:
            now += wait
            pace, wait = take(pace, BACKFILL, now)
            assert wait == 0
    assert now - NOW == pytest.approx((500 - 30) / 2)


def test_a_limit_that_is_not_known_holds_nothing_back():
    pace = Pace(seen=NOW)
    assert take(pace, BACKFILL, NOW) == (pace, 0.0)


def test_a_refusal_stops_all_lanes_until_its_end_and_fills_the_bucket():
    pace = learn(PLUS, Told(refused_for=10), NOW)
    assert take(pace, ORDERS, NOW)[1] == 10
    assert take(pace, ORDERS, NOW + 10)[1] == 0
    assert take(pace, BACKFILL, NOW + 10)[1] == pytest.approx((120 - 20 + 1 - 30) / 2)


def test_the_shop_knows_of_calls_that_others_made():
    pace = learn(PLUS, Told(per_minute=120, remaining=5), NOW)
    assert take(pace, ORDERS, NOW)[1] == pytest.approx((115 + 1 - 108) / 2)
    # An answer that is older than what is on its way never makes it emptier.
    assert learn(pace, Told(per_minute=120, remaining=119), NOW) == pace


def test_another_plan_counts_at_once():
    pace = learn(PLUS, Told(per_minute=360, remaining=359), NOW)
    assert (pace.size, pace.rate, fill(pace, BACKFILL)[0]) == (360, 6, 89)


def test_a_clock_that_was_set_back_stops_nothing():
    pace, wait = take(PLUS, ORDERS, NOW - 3600)
    assert (wait, pace.seen) == (0, NOW - 3600)


# What the shop does behind the same headers: a bucket that empties at its limit's rate or far slower, or a
# count per minute.
class Window:
    capacity = 120

    def __init__(self, now):
        self._now, self._start, self._used = now, now(), 0

    def pour(self):
        if self._now() - self._start >= 60:
            self._start, self._used = self._now(), 0
        self._used += 1
        return self._used <= 120, max(0, 120 - self._used), self._start + 60 - self._now()


@pytest.mark.parametrize(
    ("shop", "lane", "calls_an_hour"),
    [
        (lambda now: LeakyBucket(120, 2.0, now), ORDERS, 7200),
        (lambda now: LeakyBucket(120, 2.0, now), BACKFILL, 7200),
        (lambda now: LeakyBucket(120, 1.0, now), ORDERS, 3600),
        (lambda now: LeakyBucket(120, 1.0, now), BACKFILL, 3600),
        (Window, ORDERS, 6600),
        (Window, BACKFILL, 2400),
    ],
)
def test_whatever_the_shops_bucket_is_no_call_is_refused(shop, calls_an_hour, lane):
    at = [NOW]
    bucket, pace, calls = shop(lambda: at[0]), Pace(seen=NOW), 0
    while at[0] < NOW + 3600:
        pace, wait = take(pace, lane, at[0])
        if wait:
            at[0] += wait
            continue
        is_taken, remaining, reset = bucket.pour()
        assert is_taken, calls
        pace = learn(pace, Told(120, remaining, at[0] + reset), at[0])
        calls += 1
    assert calls >= calls_an_hour


@given(
    st.lists(st.tuples(st.sampled_from([ORDERS, STOCK, PRODUCTS, BACKFILL]), st.floats(0, 30)), max_size=60),
    st.integers(0, 120),
)
def test_the_bucket_never_runs_over(calls, remaining):
    pace, now = learn(PLUS, Told(per_minute=120, remaining=remaining), NOW), NOW
    for lane, pause in calls:
        now += pause
        before = pace.level
        pace, wait = take(pace, lane, now)
        assert 0 <= pace.level <= max(before, 108)
        assert wait <= 120 / 2


@pytest.fixture(params=["memory", "sqlite"])
def paces(request, tmp_path):
    return MemoryPaceStore() if request.param == "memory" else SqliteHubStore(str(tmp_path / "hub.sqlite"))


def test_two_workers_share_one_bucket(paces):
    one, two = (Pacer(paces, "salla store 1") for _ in range(2))
    one.learn(Told(per_minute=120, remaining=120), NOW)
    assert sum(worker.take(PRODUCTS, NOW) == 0 for _ in range(50) for worker in (one, two)) == 60
    assert Pacer(paces, "salla store 2").take(PRODUCTS, NOW) == 0


def test_customers_of_all_stores_share_one_limit(paces):
    stores = [Limits(paces, name, lambda: NOW) for name in ("A", "B")]
    goes = [store.take("/customers/1", ORDERS) == 0 for _ in range(40) for store in stores]
    assert sum(goes) == 45
    assert stores[0].take("/orders", ORDERS) == 0


def test_a_customer_that_finds_no_place_in_its_store_takes_none_of_the_others(paces):
    one, two = (Limits(paces, name, lambda: NOW) for name in ("A", "B"))
    one.learn("/orders", 429, {"retry-after": "60"})
    assert [one.take("/customers", ORDERS) for _ in range(60)] == [60.0] * 60
    assert two.take("/customers", ORDERS) == 0


def test_ten_minutes_of_customers_stay_below_the_limit_of_the_address(paces):
    at, calls = [NOW], 0
    limits = Limits(paces, "A", lambda: at[0])
    while at[0] < NOW + 600:
        wait = limits.take("/customers", ORDERS)
        calls += not wait
        at[0] += wait
    assert 440 <= calls <= 500


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"retry-after": "7"}, 7),
        (429, {"retry-after": "Fri, 15 Jan 2027 08:01:00 GMT"}, 60),
        (429, {"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0.1),
        (429, {"x-ratelimit-reset": "1800000030"}, 30),
        (429, {"x-ratelimit-reset": "9" * 20}, 5),
        (429, {"retry-after": "soon"}, 5),
        (429, {}, 5),
        (403, {"retry-after": "30"}, 30),
        (403, {}, 0),
        (200, {"x-ratelimit-limit": "120", "x-ratelimit-remaining": "119"}, 0),
    ],
)
def test_what_an_answer_says_of_waiting(status, headers, seconds):
    limits = Limits(MemoryPaceStore(), "A", lambda: NOW)
    assert limits.learn("/orders", status, headers) == pytest.approx(seconds)
    assert limits.take("/orders", ORDERS) == pytest.approx(seconds)


def test_a_ban_holds_all_of_a_store_and_lasts_longer_each_time():
    now = [NOW]
    limits = Limits(MemoryPaceStore(), "A", lambda: now[0])
    for seconds in (180, 360, 720, 1440, 1800, 1800):
        assert limits.ban() == seconds
        # Another call that was under way says nothing new.
        now[0] += 10
        assert limits.ban() == limits.take("/customers/1", ORDERS) == seconds - 10
        now[0] += seconds - 10
        assert limits.take("/orders", BACKFILL) == 0
    now[0] += 3601
    assert limits.ban() == 180
