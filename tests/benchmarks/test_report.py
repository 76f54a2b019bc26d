from measure import row

from benchmarks.connectors import absolute, figures
from benchmarks.report import over_limit, table

FAST, SLOW = [0.100] * 5, [0.112] * 5


def test_a_limit_stands_beside_its_ratio_and_what_is_over_it_is_named():
    figures = {
        "masters": [
            row("product", SLOW, FAST, base_label="bare ERPNext", sql=(40, 39), limit=1.15),
            row("customer", SLOW, FAST, base_label="bare ERPNext", sql=(60, 55), limit=1.10),
            row("repeat", SLOW, FAST, base_label="first apply"),
        ]
    }
    assert over_limit(figures) == ["customer: 1.120 of bare ERPNext, and may be 1.1"]
    product, customer, repeat = table(figures).splitlines()[-3:]
    assert "1.15" in product
    assert "!" not in product
    assert "! 1.1" in customer
    assert "40 : 39" in product
    assert "!" not in repeat


def test_a_limit_holds_for_neighbours_in_time():
    """The machine was twice as slow in the second half; ours was never slower than its neighbour."""
    ours = [0.1, 0.1, 0.1, 0.2, 0.2]
    one = row("order", ours, ours, base_label="bare", limit=1.0)
    assert (one["paired"], over_limit({"orders": [one]})) == (1.0, [])


def test_more_rows_read_are_over_a_limit_however_fast_they_were():
    one = row("order by id", FAST, FAST, base_label="none older", limit=1.1, rows_read=(20_001, 1))
    assert over_limit({"lookups": [one]}) == [
        "order by id: the database read 20001 rows, and 1 for none older"
    ]


def test_what_was_sent_again_is_shown():
    one = row("order", FAST, FAST, base_label="POST Sales Order", sent_again=(3, 1))
    assert table({"documents_http": [one]}).splitlines()[-1].endswith("3 : 1")


def test_figures_in_time_have_limits_of_their_own():
    quick = absolute("get", "µs", lambda: None, 10)
    slow = {"label": "encrypt", "unit": "ms", "limit": 1, "taken": [0.9, 1.5, 7.0]}
    assert over_limit({"connectors": [quick, slow]}) == ["encrypt: 1.5 ms, and may take 1"]
    shown = table({"connectors": [quick, slow]}).splitlines()
    assert shown[-1].split() == ["encrypt", "1.500", "!", "1", "ms", "0.900", "/", "1.500", "/", "7.000"]
    assert "!" not in shown[-2]
    assert quick["taken"] == sorted(quick["taken"])
    assert quick["taken"][1] < 10


def test_what_destinations_cost_is_measured_without_a_bench():
    measured = figures()
    assert [(row["unit"], row["limit"]) for row in measured] == [("ms", 1), ("ms", 1), ("µs", 10)]
    assert all(row["taken"][0] > 0 for row in measured)
