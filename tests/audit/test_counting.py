"""What is drawn on the overview is counted in an index, however long the record is (B3, B4)."""

from __future__ import annotations

import re

import pytest

from idp.audit import Event, counting, record
from tests.audit.conftest import Record

HOUR = 3600.0


def _write(record_of: Record, *events: tuple[str, str | None]) -> None:
    with record_of.db.transaction() as tx:
        for action, client_id in events:
            record(tx, Event(action, client_id=client_id), record_of.clock())


@pytest.fixture
def four_hours(chain: Record) -> float:
    """Events in the first, second and fourth of four hours; answers when they began."""
    begin = (chain.clock() // HOUR + 1) * HOUR
    chain.clock.now = begin
    _write(chain, ("session:started", "a"), ("session:started", "b"), ("factor:failed", None), ("app:opened", "b"))
    chain.clock.now = begin + HOUR - 0.002  # the last of its hour
    _write(chain, ("session:failed", "a"), ("session:started", None))
    chain.clock.now = begin + HOUR
    _write(
        chain, ("session:started", "b"), ("error:no_access", "b"), ("error:no_access", "b"), ("mail:undelivered", None)
    )
    chain.clock.now = begin + 3.5 * HOUR
    _write(chain, ("session:failed", None), ("client:update", "b"))
    return begin


def test_B3_sign_ins_and_failures_stand_in_the_hour_in_which_they_were(chain: Record, four_hours: float) -> None:
    bars = counting.sign_ins(chain.db, four_hours - HOUR, chain.clock(), HOUR)
    assert [bar.at for bar in bars] == [four_hours + n * HOUR for n in range(-1, 4)]
    assert [(bar.good, bar.bad) for bar in bars] == [(0, 0), (3, 2), (1, 0), (0, 0), (0, 1)]
    (whole,) = counting.sign_ins(chain.db, 0.0, chain.clock(), 1e10)
    assert (whole.good, whole.bad) == (4, 3)


def test_B3_applications_and_kinds_of_failures_come_with_the_most_frequent_first(
    chain: Record, four_hours: float
) -> None:
    assert counting.by_application(chain.db, four_hours, chain.clock(), HOUR) == [("b", 3), ("a", 1)]
    assert counting.by_application(chain.db, four_hours + HOUR, chain.clock(), HOUR) == [("b", 1)]
    assert list(counting.by_failure(chain.db, four_hours)) == [
        ("error:no_access", 2), ("session:failed", 2), ("factor:failed", 1), ("mail:undelivered", 1),
    ]  # fmt: skip
    assert list(counting.by_failure(chain.db, four_hours, many=1)) == [("error:no_access", 2)]


def test_B4_an_hour_that_is_over_is_counted_once_and_the_one_that_goes_on_each_time(
    chain: Record, four_hours: float
) -> None:
    kept, ran = counting.Kept(), list[str]()
    expected = counting.by_application(chain.db, four_hours, chain.clock(), HOUR)
    assert counting.by_application(chain.db, four_hours, chain.clock(), HOUR, kept) == expected
    chain.db.observer = ran.append
    assert counting.by_application(chain.db, four_hours, chain.clock(), HOUR, kept) == expected
    assert len(ran) == 1
    _write(chain, ("session:started", "a"), ("app:opened", "a"), ("app:opened", "a"))
    assert counting.by_application(chain.db, four_hours, chain.clock(), HOUR, kept) == [("a", 4), ("b", 3)]
    chain.clock.advance(40 * 86400)
    begin = chain.clock() // HOUR * HOUR
    assert counting.by_application(chain.db, begin, chain.clock(), HOUR, kept) == []
    assert not kept._of  # nothing grows without bound


def test_B4_counting_reads_the_index_and_no_event(chain: Record, four_hours: float) -> None:
    if chain.db.name != "sqlite":
        pytest.skip("what PostgreSQL does depends on how full its tables are")
    plans: list[str] = []

    def explain(sql: str) -> None:
        if sql.startswith("SELECT"):
            found = chain.rows(re.sub(r":\w+", "'x'", "EXPLAIN QUERY PLAN " + sql))
            plans.extend(row.detail for row in found if re.match(r"(SEARCH|SCAN) (events|step)", row.detail))

    chain.db.observer = explain
    counting.sign_ins(chain.db, four_hours, chain.clock(), HOUR)
    counting.by_application(chain.db, four_hours, chain.clock(), HOUR)
    list(counting.by_failure(chain.db, four_hours))
    assert len(plans) > 10
    assert all("USING COVERING INDEX events_action_client (action" in plan for plan in plans), plans
