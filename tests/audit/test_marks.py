"""O1: who takes the end of the chain, or all of it, is found without a head that was kept elsewhere."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from idp import audit
from idp.audit.chain import blanking, heads, retaining, sealing, store
from idp.audit.chain.segments import Segment, following
from tests.audit.conftest import KEY, Record

DAY = 86400.0


def take(record: Record, name: str, **by: Any) -> dict[str, Any]:
    """A row as it is now, to be put back later."""
    condition = " AND ".join(f"{column} = :{column}" for column in by) or "1 = 1"
    (row,) = record.rows(f"SELECT * FROM {name} WHERE {condition}", **by)
    return dict(row._asdict())


def put_back(record: Record, name: str, key: str, row: dict[str, Any]) -> None:
    """An older copy in the place of a row."""
    values = ", ".join(f"{column} = :{column}" for column in row)
    record.by_hand(f"UPDATE {name} SET {values} WHERE {key} = :{key}", **row)


def told(record: Record) -> list[tuple[str, int | None]]:
    """What is wrong, and at which segment."""
    return [(finding.what, finding.segment) for finding in record.found()]


def test_o1_an_emptied_table_of_segments_is_remembered_when_the_chain_begins_anew(record_of: Record) -> None:
    ids = [*record_of.write(2), *record_of.write(2)]
    record_of.by_hand("DELETE FROM events")
    record_of.by_hand("DELETE FROM audit_segments")
    assert told(record_of) == [("no_chain", 2)]
    new = record_of.write(2)
    (finding,) = record_of.found()
    assert (finding.what, finding.segment, finding.many, finding.before and finding.before.id) == (
        "no_chain", 0, 3, new[0],
    )  # fmt: skip
    assert record_of.head().segment == 4, "no number is given twice"
    assert not {*ids} & {*new}


def test_o1_a_cut_tail_is_still_told_when_the_chain_has_grown_past_it(record_of: Record) -> None:
    ids = [record_of.write(2) for _ in range(4)]
    record_of.by_hand("DELETE FROM events WHERE segment > 2")
    record_of.by_hand("DELETE FROM audit_segments WHERE number > 2")
    new = [record_of.write(2) for _ in range(4)]
    (finding,) = record_of.found()
    assert (finding.what, finding.segment, finding.many) == ("segments_removed", 3, 2)
    assert (finding.after and finding.after.id, finding.before and finding.before.id) == (ids[1][1], new[0][0])


def test_o1_a_cut_tail_whose_events_were_left_is_told_between_them(chain: Record) -> None:
    ids = [chain.write(2) for _ in range(3)]
    chain.by_hand("DELETE FROM audit_segments WHERE number = 3")
    found = {finding.what: finding for finding in chain.found()}
    assert set(found) == {"event_elsewhere", "segments_removed"}
    removed = found["segments_removed"]
    assert (removed.after and removed.after.id, removed.before and removed.before.id) == (ids[1][1], ids[2][0])


def test_o1_taking_the_mark_with_the_tail_is_found_before_and_after_the_next_segment(record_of: Record) -> None:
    for _ in range(3):
        record_of.write(2)
    record_of.by_hand("DELETE FROM events WHERE segment = 3")
    record_of.by_hand("DELETE FROM audit_segments WHERE number = 3")
    record_of.by_hand("DELETE FROM audit_marks")
    assert [finding.what for finding in record_of.found()] == ["mark_missing"]
    record_of.write(2)
    assert told(record_of) == [("mark_missing", 2)]


@pytest.mark.parametrize(
    "change",
    ["segment = 1", "segment = -1", "chain = 'x'", "wrong = ''", "wrong = '[{}]'", "mac = 'é'",
     "segment = 1, chain = (SELECT chain FROM audit_segments WHERE number = 1)"],
)  # fmt: skip
def test_o1_a_mark_that_was_changed_is_found(chain: Record, change: str) -> None:
    for _ in range(2):
        chain.write(2)
    chain.by_hand(f"UPDATE audit_marks SET {change}")
    assert [finding.what for finding in chain.found()] == ["mark_changed"]
    chain.write(1)
    assert [finding.what for finding in chain.found()] == ["mark_changed"], "nor is it mended by the next segment"


def test_o1_an_unfilled_mark_is_none_where_segments_say_that_there_was_one(chain: Record) -> None:
    chain.write(2)
    chain.by_hand("UPDATE audit_marks SET segment = -1, chain = '', wrong = '[]', mac = ''")
    assert [finding.what for finding in chain.found()] == ["mark_missing"]
    chain.write(2)
    assert [finding.what for finding in chain.found()] == ["mark_missing"]


def test_o1_an_older_mark_that_is_put_back_is_found(record_of: Record) -> None:
    record_of.write(2)
    old = take(record_of, "audit_marks")
    record_of.write(2)
    put_back(record_of, "audit_marks", "id", old)
    assert [finding.what for finding in record_of.found()] == ["mark_changed"]
    record_of.write(2)
    assert [finding.what for finding in record_of.found()] == ["mark_changed"]


def test_o1_what_was_wrong_once_is_not_forgotten_by_an_older_mark(chain: Record) -> None:
    chain.write(2)
    chain.write(2)
    old = take(chain, "audit_marks")
    chain.by_hand("DELETE FROM events WHERE segment = 2")
    chain.by_hand("DELETE FROM audit_segments WHERE number = 2")
    chain.write(2)
    put_back(chain, "audit_marks", "id", old)
    assert "replaced" in {finding.what for finding in chain.found()}
    chain.write(2)
    assert "replaced" in {finding.what for finding in chain.found()}


def test_o1_all_of_an_older_copy_is_found_by_a_head_alone(chain: Record) -> None:
    """Mark and segments and events as they were: nothing in the database can tell, as the documents say."""
    chain.write(2)
    old = take(chain, "audit_marks")
    chain.write(2)
    head = chain.head()
    chain.by_hand("DELETE FROM events WHERE segment = 2")
    chain.by_hand("DELETE FROM audit_segments WHERE number = 2")
    put_back(chain, "audit_marks", "id", old)
    assert chain.verify().is_whole
    assert [finding.what for finding in chain.found(head)] == ["cut"]


def test_o1_old_events_are_not_sealed_anew_as_if_the_chain_began_now(chain: Record) -> None:
    chain.write(2)
    chain.clock.advance(2 * DAY)
    chain.write(2)
    chain.by_hand("DELETE FROM audit_segments")
    chain.by_hand("DELETE FROM audit_marks")
    chain.by_hand("UPDATE events SET segment = NULL")
    assert sealing.seal(chain.db, chain.clock()) == 4
    assert [finding.what for finding in chain.found()] == ["no_chain"]


def test_o1_a_proven_event_does_not_pass_for_one_from_before_the_chain(chain: Record) -> None:
    ids = chain.write(2)
    chain.by_hand("DELETE FROM audit_segments")
    chain.by_hand("DELETE FROM audit_marks")
    chain.by_hand("UPDATE events SET segment = 0")
    chain.write(1)
    assert {finding.event.id for finding in chain.found() if finding.event} == {*ids}


def test_o1_an_older_release_seals_beside_this_one_and_moves_no_mark(chain: Record) -> None:
    """Its segments have nothing behind their marks; ours goes on from there."""
    chain.write(2)
    chain.write(2, sealed=False)
    with chain.db.transaction() as tx:
        last = Segment.of_row(tx.one(store.LAST))
        rows = sorted(tx.all(store.TAKE, of_number=last.number + 1, many=9), key=lambda row: row.id)
        made = following(last, rows, chain.clock(), KEY)
        old = replace(made, marks=made.marks.partition(".")[0]).signed(KEY)
        tx.run(store.ADD, **asdict(old))
    assert chain.verify().is_whole, chain.found()
    chain.write(2)
    assert chain.verify().is_whole, chain.found()


def test_o1_a_chain_from_before_the_mark_gets_one_with_its_next_segment(chain: Record) -> None:
    chain.write(2)
    rows = chain.rows("SELECT number FROM audit_segments")
    _as_an_older_release_left_it(chain, [row.number for row in rows])
    assert chain.verify().is_whole
    chain.write(2)
    assert chain.verify().is_whole, chain.found()
    chain.by_hand("DELETE FROM audit_marks")
    assert [finding.what for finding in chain.found()] == ["mark_missing"]


def _as_an_older_release_left_it(chain: Record, numbers: list[int]) -> None:
    for number in numbers:
        segment = Segment.of_row(chain.db.one(store.BY_NUMBER, of_number=number))
        old = replace(segment, marks=segment.marks.partition(".")[0]).signed(KEY)
        chain.by_hand("UPDATE audit_segments SET marks = :marks, mac = :mac WHERE number = :number",
                      marks=old.marks, mac=old.mac, number=number)  # fmt: skip
    chain.by_hand("DELETE FROM audit_marks")


def test_o1_what_was_wrong_goes_with_the_retention_of_what_was_beside_it(chain: Record) -> None:
    chain.write(2)
    chain.write(2)
    chain.by_hand("DELETE FROM events WHERE segment = 2")
    chain.by_hand("DELETE FROM audit_segments WHERE number = 2")
    chain.write(2)
    chain.clock.advance(20 * DAY)
    retaining.sweep(chain.db, chain.clock(), days=30)
    assert not chain.verify().is_whole
    chain.clock.advance(20 * DAY)
    retaining.sweep(chain.db, chain.clock(), days=30)
    chain.write(1)
    assert chain.verify().is_whole, chain.found()


def test_o1_a_head_says_nothing_twice_and_holds_across_the_mark(record_of: Record) -> None:
    record_of.write(3)
    head: heads.Head = record_of.head()
    record_of.write(3)
    assert record_of.verify(head).is_whole


# -- what is counted instead of repeated -------------------------------------------------------------------------------


def count_up(record: Record, event_id: str, times: int) -> None:
    """Count, and have the count sealed."""
    record.clock.advance(1)
    audit.repeat(record.db, event_id, times, record.clock())
    sealing.seal(record.db, record.clock())


def test_o1_a_count_that_is_taken_back_to_none_is_found_with_its_event(record_of: Record) -> None:
    ids = record_of.write(3)
    count_up(record_of, ids[1], 7)
    assert record_of.verify().is_whole, record_of.found()
    record_of.by_hand("UPDATE events SET again = NULL, again_mac = '' WHERE id = :id", id=ids[1])
    (finding,) = record_of.found()
    assert (finding.what, finding.event and finding.event.id) == ("count_changed", ids[1])
    assert (finding.after and finding.after.id, finding.before and finding.before.id) == (ids[0], ids[2])


def test_o1_an_older_count_that_is_put_back_is_found(record_of: Record) -> None:
    ids = record_of.write(3)
    count_up(record_of, ids[1], 2)
    (old,) = record_of.rows("SELECT id, again, again_mac FROM events WHERE id = :id", id=ids[1])
    count_up(record_of, ids[1], 9)
    put_back(record_of, "events", "id", dict(old._asdict()))
    assert [finding.what for finding in record_of.found()] == ["count_changed"]
    # Nor does having it sealed once more help.
    record_of.by_hand("INSERT INTO audit_counts VALUES (:id, :mac)", id=ids[1], mac=old.again_mac)
    sealing.seal(record_of.db, record_of.clock())
    assert [finding.what for finding in record_of.found()] == ["count_changed"]


def test_o1_a_count_made_before_its_event_is_sealed_is_sealed_with_it(chain: Record) -> None:
    ids = chain.write(2, sealed=False)
    audit.repeat(chain.db, ids[0], 3, chain.clock())
    assert sealing.seal(chain.db, chain.clock()) == 2
    assert chain.rows("SELECT event_id FROM audit_counts") == []
    assert len(chain.rows("SELECT number FROM audit_segments")) == 2
    chain.by_hand("UPDATE events SET again = NULL WHERE id = :id", id=ids[0])
    assert [finding.what for finding in chain.found()] == ["count_changed"]


def test_o1_a_count_that_waits_may_be_more_than_the_sealed_one(chain: Record) -> None:
    ids = chain.write(2)
    count_up(chain, ids[0], 3)
    chain.clock.advance(1)
    audit.repeat(chain.db, ids[0], 4, chain.clock())
    assert chain.verify().is_whole


def test_o1_a_count_never_falls(chain: Record) -> None:
    """Two processes may write theirs in another order than they counted."""
    ids = chain.write(1)
    now = chain.clock()
    audit.repeat(chain.db, ids[0], 5, now + 5)
    audit.repeat(chain.db, ids[0], 4, now + 4)
    (row,) = chain.rows("SELECT again FROM events WHERE id = :id", id=ids[0])
    assert json.loads(row.again)["repeated"] == 5


def test_o1_a_counted_event_may_be_blanked_and_may_go(chain: Record) -> None:
    ids = chain.write(3)
    for event_id in ids:
        count_up(chain, event_id, 2)
    blanking.blank(chain.db, "u1")
    assert chain.verify().is_whole, chain.found()
    chain.clock.advance(10 * DAY)
    assert retaining.sweep(chain.db, chain.clock(), days=5) == 3
    assert chain.verify().is_whole, chain.found()
    assert len(chain.rows("SELECT number FROM audit_segments")) == 1, "segments of counts alone go, too"


def test_o1_counts_of_events_that_went_do_not_wait_for_ever(chain: Record) -> None:
    ids = chain.write(3)
    audit.repeat(chain.db, ids[0], 2, chain.clock())
    chain.by_hand("DELETE FROM events WHERE id = :id", id=ids[0])
    sealing.seal(chain.db, chain.clock())
    assert chain.rows("SELECT event_id FROM audit_counts") == []


def test_o1_counts_stay_sealed_in_a_segment_that_retention_thins_out(chain: Record) -> None:
    ids = chain.write(2)
    audit.repeat(chain.db, ids[1], 6, chain.clock())
    chain.write(2, action="error:bad")
    chain.clock.advance(10 * DAY)
    assert retaining.sweep(chain.db, chain.clock(), 100, {"error": 5}) == 2
    assert chain.verify().is_whole, chain.found()
    chain.by_hand("UPDATE events SET again = NULL WHERE id = :id", id=ids[1])
    assert [finding.what for finding in chain.found()] == ["count_changed"]
