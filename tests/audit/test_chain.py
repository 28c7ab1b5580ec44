"""O1: the record is tamper-evident: a change, a removal, a cut tail, another order and a replay are found."""

from __future__ import annotations

import contextlib
import json

import pytest

from idp import audit
from idp.audit import Event
from idp.audit.chain import blanking, proofs, retaining, sealing
from tests.audit.conftest import KEY, Record


def test_o1_a_record_that_nobody_touched_is_whole(record_of: Record) -> None:
    for many in (3, 1, 40):
        record_of.write(many)
    verdict = record_of.verify()
    assert verdict.is_whole, verdict.findings
    assert (verdict.events, verdict.waiting, verdict.last_segment) == (44, 0, 3)


def test_o1_events_hold_before_they_are_sealed(chain: Record) -> None:
    chain.write(2)
    (last,) = chain.write(1, sealed=False)
    assert (chain.verify().is_whole, chain.verify().waiting) == (True, 1)
    chain.by_hand("UPDATE events SET actor = 'mallory' WHERE id = :id", id=last)
    (finding,) = chain.found()
    assert (finding.what, finding.event.id if finding.event else "") == ("event_changed", last)


@pytest.mark.parametrize(
    "change",
    [
        "at = at + 1", "action = 'thing:undone'", "actor = 'mallory'", "person_id = 'u9'", "person_id = NULL",
        "client_id = 'c1'", "session_id = 's1'", "address = '198.51.100.1'", "request_id = 'r'", "error_id = 'E-1'",
        "detail = '{}'", "detail = replace(detail, 'number', 'nombre')", "salt = NULL", "salt = 'x'", "mac = ''",
        "blanked = 'x.y'", "again = detail", "again = '{}', again_mac = mac",
    ],
)  # fmt: skip
def test_o1_a_change_of_any_field_is_found_with_its_event(chain: Record, change: str) -> None:
    ids = chain.write(5)
    chain.by_hand(f"UPDATE events SET {change} WHERE id = :id", id=ids[2])
    (finding,) = chain.found()
    assert (finding.what, finding.segment) == ("event_changed", 1)
    places = [place.id for place in (finding.after, finding.event, finding.before) if place]
    assert places == ids[1:4]


@pytest.mark.parametrize(("gone", "after", "before"), [((2,), 1, 3), ((0,), None, 1), ((9,), 8, 10), ((3, 4), 2, 5)])
def test_o1_a_removal_is_found_between_its_neighbours(
    record_of: Record, gone: tuple[int, ...], after: int | None, before: int
) -> None:
    ids = [*record_of.write(10), *record_of.write(3)]
    for index in gone:
        record_of.by_hand("DELETE FROM events WHERE id = :id", id=ids[index])
    (finding,) = record_of.found()
    assert (finding.what, finding.many, finding.segment) == ("events_removed", len(gone), 1)
    assert (finding.after and finding.after.id) == (None if after is None else ids[after])
    assert (finding.before and finding.before.id) == ids[before]


def test_o1_the_last_event_that_was_sealed_is_missed(chain: Record) -> None:
    ids = chain.write(4)
    chain.by_hand("DELETE FROM events WHERE id = :id", id=ids[-1])
    (finding,) = chain.found()
    assert (finding.what, finding.after and finding.after.id, finding.before) == ("events_removed", ids[-2], None)


def test_o1_an_event_put_in_later_is_found(chain: Record) -> None:
    ids = chain.write(4)
    chain.by_hand(
        "INSERT INTO events (id, at, action, segment, mac, salt) SELECT id || 'x', at, action, segment, mac, salt "
        "FROM events WHERE id = :id", id=ids[1],
    )  # fmt: skip
    assert {finding.what for finding in chain.found()} == {"event_changed", "event_added"}


def test_o1_two_events_that_change_places_are_found(chain: Record) -> None:
    ids = chain.write(6)
    for old, new in ((ids[1], "x"), (ids[4], ids[1]), ("x", ids[4])):
        chain.by_hand("UPDATE events SET id = :new WHERE id = :old", old=old, new=new)
    changed = {finding.event.id for finding in chain.found() if finding.event and finding.what == "event_changed"}
    assert changed == {ids[1], ids[4]}


def test_o1_an_event_that_moves_to_another_segment_is_found(chain: Record) -> None:
    chain.write(3)
    ids = chain.write(3)
    chain.by_hand("UPDATE events SET segment = 1 WHERE id = :id", id=ids[1])
    assert {finding.what for finding in chain.found()} == {"events_removed", "event_elsewhere"}


def test_o1_taking_an_event_out_of_the_chain_is_found(chain: Record) -> None:
    ids = [*chain.write(3), *chain.write(3)]
    for segment in ("0", "NULL", "77"):
        chain.by_hand(f"UPDATE events SET segment = {segment} WHERE id = :id", id=ids[1])
        assert "events_removed" in {finding.what for finding in chain.found()}


@pytest.mark.parametrize("place", [1, 3])
def test_o1_a_segment_that_is_removed_is_found(chain: Record, place: int) -> None:
    ids = [chain.write(2) for _ in range(4)]
    chain.by_hand("DELETE FROM events WHERE segment = :number", number=place)
    chain.by_hand("DELETE FROM audit_segments WHERE number = :number", number=place)
    (finding,) = chain.found()
    assert (finding.what, finding.many, finding.segment) == ("segments_removed", 1, place)
    assert (finding.before and finding.before.id) == ids[place][0]
    assert (finding.after and finding.after.id) == (ids[place - 2][1] if place > 1 else None)


def test_o1_a_replay_of_another_segment_is_found(chain: Record) -> None:
    for _ in range(4):
        chain.write(2)
    columns = ("first_id", "last_id", "count", "body", "chain", "kept", "kept_body", "marks", "sealed_at", "mac")
    taken = ", ".join(f"{name} = (SELECT {name} FROM audit_segments WHERE number = 2)" for name in columns)
    chain.by_hand(f"UPDATE audit_segments SET {taken} WHERE number = 3")
    found = chain.found()
    assert {"segment_changed", "segment_unlinked"} <= {finding.what for finding in found}
    assert {finding.segment for finding in found if finding.what == "segment_changed"} == {3}


def test_o1_two_segments_that_change_places_are_found(chain: Record) -> None:
    for _ in range(4):
        chain.write(2)
    for old, new in ((2, 99), (3, 2), (99, 3)):
        chain.by_hand("UPDATE audit_segments SET number = :new WHERE number = :old", old=old, new=new)
        chain.by_hand("UPDATE events SET segment = :new WHERE segment = :old", old=old, new=new)
    assert {finding.segment for finding in chain.found() if finding.what == "segment_changed"} == {2, 3}


def test_o1_a_segment_of_an_earlier_state_of_the_same_database_does_not_follow(chain: Record) -> None:
    """The end is cut off and written again; the segment that once stood there is put back behind it."""
    chain.write(2)
    chain.write(2)
    (old,) = chain.rows("SELECT * FROM audit_segments WHERE number = 2")
    chain.by_hand("DELETE FROM events WHERE segment = 2")
    chain.by_hand("DELETE FROM audit_segments WHERE number = 2")
    assert [(finding.what, finding.segment) for finding in chain.found()] == [("segments_removed", 2)]
    chain.write(2)
    chain.write(2)
    values = ", ".join(f"{name} = :{name}" for name in ("first_id", "last_id", "body", "chain", "kept_body", "mac"))
    kept = {name: getattr(old, name) for name in ("first_id", "last_id", "body", "chain", "kept_body", "mac")}
    chain.by_hand(f"UPDATE audit_segments SET {values} WHERE number = 2", **kept)
    assert not chain.verify().is_whole


@pytest.mark.parametrize("cut", [1, 2])
def test_o1_a_cut_tail_is_found_by_a_head_kept_elsewhere(record_of: Record, cut: int) -> None:
    ids = [record_of.write(2) for _ in range(3)]
    head = record_of.head()
    assert record_of.verify(head).is_whole
    record_of.by_hand("DELETE FROM events WHERE segment > :last", last=3 - cut)
    record_of.by_hand("DELETE FROM audit_segments WHERE number > :last", last=3 - cut)
    for what, known in (("segments_removed", None), ("cut", head)):
        (finding,) = record_of.found(known)
        assert (finding.what, finding.many, finding.after and finding.after.id) == (what, cut, ids[2 - cut][1])
        assert finding.before is None


def test_o1_a_tail_that_was_cut_and_written_anew_is_found_by_a_head(chain: Record) -> None:
    chain.write(2)
    chain.write(2)
    head = chain.head()
    chain.by_hand("DELETE FROM events WHERE segment = 2")
    chain.by_hand("DELETE FROM audit_segments WHERE number = 2")
    chain.write(2)
    chain.write(2)
    assert [finding.what for finding in chain.found(head)] == ["segments_removed", "replaced"]


def test_o1_an_emptied_chain_is_found(chain: Record) -> None:
    chain.write(3)
    head = chain.head()
    chain.by_hand("DELETE FROM audit_segments")
    assert {finding.what for finding in chain.found()} == {"no_chain"}
    chain.write(3)
    assert chain.found(), "a chain that begins anew does not take the old events in"
    chain.by_hand("DELETE FROM events")
    chain.by_hand("DELETE FROM audit_segments")
    assert [finding.what for finding in chain.found(head)] == ["no_chain", "no_chain"], (
        "that it was emptied before, too"
    )


def test_o1_whoever_has_another_key_makes_no_proof(chain: Record) -> None:
    ids = chain.write(3)
    (row,) = chain.rows("SELECT * FROM events WHERE id = :id", id=ids[1])
    columns = {**row._asdict(), "actor": "mallory"}
    forged = proofs._mac_of(bytes(32), columns, proofs.commitment(row.salt, columns))
    chain.by_hand("UPDATE events SET actor = 'mallory', mac = :mac WHERE id = :id", id=ids[1], mac=forged)
    (finding,) = chain.found()
    assert (finding.what, finding.event and finding.event.id) == ("event_changed", ids[1])


# -- what is no tampering ----------------------------------------------------------------------------------------------


def test_o1_what_commits_late_is_sealed_by_a_later_segment(record_of: Record) -> None:
    late = record_of.clock()
    record_of.write(3)
    audit.record(record_of.db, Event("thing:late"), late)
    assert sealing.seal(record_of.db, record_of.clock()) == 1
    assert record_of.verify().is_whole
    (row,) = record_of.rows("SELECT id, segment FROM events WHERE action = 'thing:late'")
    assert row.segment == 2
    record_of.by_hand("DELETE FROM events WHERE id = :id", id=row.id)
    assert [finding.what for finding in record_of.found()] == ["events_removed"]


def test_o1_what_rolls_back_leaves_no_gap(record_of: Record) -> None:
    record_of.write(2)
    with contextlib.suppress(ZeroDivisionError), record_of.db.transaction() as tx:
        audit.record(tx, Event("thing:undone"), record_of.clock())
        raise ZeroDivisionError
    record_of.write(2)
    assert (record_of.verify().is_whole, record_of.verify().events) == (True, 4)


def test_o1_an_event_that_is_counted_up_after_it_was_sealed_still_holds(record_of: Record) -> None:
    ids = record_of.write(3)
    audit.repeat(record_of.db, ids[1], 7, record_of.clock())
    assert record_of.verify().is_whole
    (shown,) = [event for event in audit.tail(record_of.db) if event.id == ids[1]]
    assert (shown.detail["repeated"], shown.detail["number"]) == (7, 1)
    more = json.dumps({**shown.detail, "repeated": 1})
    record_of.by_hand("UPDATE events SET again = :more WHERE id = :id", more=more, id=ids[1])
    assert [finding.what for finding in record_of.found()] == ["event_changed"]


def test_o1_what_was_there_before_the_chain_is_counted_and_not_proven(record_of: Record) -> None:
    old = "INSERT INTO events (id, at, action) VALUES (:id, :at, 'thing:old')"
    record_of.by_hand(old, id="00old", at=1.0)
    record_of.write(2)
    verdict = record_of.verify()
    assert (verdict.is_whole, verdict.before_the_chain, verdict.events) == (True, 1, 2)


def test_o1_an_older_release_may_write_beside_this_one_for_a_week(chain: Record) -> None:
    chain.write(2)
    old = "INSERT INTO events (id, at, action) SELECT max(id) || 'x', :at, 'thing:old' FROM events"
    chain.by_hand(old, at=chain.clock() + 60)
    assert (chain.verify().is_whole, chain.verify().before_the_chain) == (True, 1)
    chain.by_hand(old, at=chain.clock() + 8 * 86400)
    assert [finding.what for finding in chain.found()] == ["event_unproven"]


def test_o1_an_older_release_may_count_up_an_event_of_this_one(chain: Record) -> None:
    ids = chain.write(3)
    (row,) = chain.rows("SELECT detail FROM events WHERE id = :id", id=ids[1])
    counted = json.dumps({**json.loads(row.detail), "repeated": 4, "repeated_at": 5.5}, ensure_ascii=False,
                         separators=(",", ":"))  # fmt: skip
    chain.by_hand("UPDATE events SET detail = :detail WHERE id = :id", detail=counted, id=ids[1])
    assert chain.verify().is_whole
    chain.by_hand("UPDATE events SET detail = :detail WHERE id = :id", id=ids[1],
                  detail=counted.replace('"number":1', '"number":2'))  # fmt: skip
    assert [finding.what for finding in chain.found()] == ["event_changed"]


# -- retention ---------------------------------------------------------------------------------------------------------

DAY = 86400.0


def test_o1_retention_takes_whole_segments_from_the_start_and_is_told_from_tampering(record_of: Record) -> None:
    for _ in range(3):
        record_of.write(4)
        record_of.clock.advance(10 * DAY)
    head = record_of.head()
    assert retaining.sweep(record_of.db, record_of.clock(), days=25) == 4
    verdict = record_of.verify(head)
    assert verdict.is_whole, verdict.findings
    assert (verdict.first_segment, verdict.events, len(record_of.rows("SELECT number FROM audit_segments"))) == (
        1,
        8,
        3,
    )
    assert retaining.sweep(record_of.db, record_of.clock(), days=15) == 4
    assert (record_of.verify(head).first_segment, record_of.verify(head).is_whole) == (2, True)
    record_of.by_hand("DELETE FROM events WHERE id = (SELECT min(id) FROM events)")
    assert [finding.what for finding in record_of.found()] == ["events_removed"]


def test_o1_retention_by_kind_leaves_the_others_of_a_segment_proven(record_of: Record) -> None:
    record_of.write(3, sealed=False)
    record_of.write(2, sealed=False, action="error:bad")
    record_of.write(2, action="client:changed")
    record_of.clock.advance(50 * DAY)
    days = {"error": 30.0, "client": 900.0}
    assert retaining.sweep(record_of.db, record_of.clock(), 400, days) == 2
    assert (record_of.verify().is_whole, record_of.verify().pruned) == (True, 2)
    record_of.clock.advance(400 * DAY)
    assert retaining.sweep(record_of.db, record_of.clock(), 400, days) == 3
    assert record_of.verify().is_whole
    left = record_of.rows("SELECT id, action FROM events ORDER BY id")
    assert {row.action for row in left} == {"client:changed"}
    record_of.by_hand("DELETE FROM events WHERE id = :id", id=left[0].id)
    (finding,) = record_of.found()
    assert (finding.what, finding.before and finding.before.id) == ("events_removed", left[1].id)


def test_o1_retention_never_signs_what_was_tampered_with(chain: Record) -> None:
    ids = chain.write(4, sealed=False)
    chain.write(2, action="client:changed")
    chain.by_hand("DELETE FROM events WHERE id = :id", id=ids[1])
    chain.clock.advance(401 * DAY)
    assert retaining.sweep(chain.db, chain.clock(), 400, {"client": 900}) == 3
    assert [finding.what for finding in chain.found()] == ["events_removed"]


def test_o1_a_start_that_retention_did_not_move_is_found(chain: Record) -> None:
    for _ in range(3):
        chain.write(2)
    chain.by_hand("DELETE FROM events WHERE segment <= 1")
    chain.by_hand("DELETE FROM audit_segments WHERE number <= 1")
    assert {finding.what for finding in chain.found()} == {"segments_removed"}


def test_o1_events_that_were_never_sealed_go_too_when_their_time_is_over(chain: Record) -> None:
    chain.by_hand("INSERT INTO events (id, at, action) VALUES ('00old', 1.0, 'thing:old')")
    chain.write(2, sealed=False)
    chain.clock.advance(401 * DAY)
    assert retaining.sweep(chain.db, chain.clock(), 400) == 3
    assert chain.rows("SELECT id FROM events") == []


def test_o1_the_table_of_segments_stays_as_small_as_what_is_kept(chain: Record) -> None:
    for _ in range(20):
        chain.write(1)
        retaining.sweep(chain.db, chain.clock(), days=3 / DAY)
    assert len(chain.rows("SELECT number FROM audit_segments")) < 8
    assert (chain.verify().is_whole, chain.verify().last_segment) == (True, 20)


# -- people who are gone -----------------------------------------------------------------------------------------------


def test_o1_personal_data_is_blanked_and_the_chain_still_holds(record_of: Record) -> None:
    ids = record_of.write(4, actor="u1")
    head = record_of.head()
    assert blanking.blank(record_of.db, "u1") == 1
    assert record_of.verify(head).is_whole, record_of.found(head)
    (row,) = record_of.rows("SELECT * FROM events WHERE id = :id", id=ids[1])
    assert (row.person_id, row.actor, row.address, row.detail, row.salt) == (None, "", "", "{}", None)
    assert row.action == "thing:done"
    (other,) = record_of.rows("SELECT actor, address FROM events WHERE id = :id", id=ids[2])
    assert (other.actor, other.address) == ("u1", "203.0.113.9")


def test_o1_an_admin_who_acted_stays_named_when_the_person_is_blanked(chain: Record) -> None:
    for actor in ("cli:root", "person:u9", "person:u0", "u0", ""):
        chain.write(1, actor=actor, person_id="u0")
    blanking.blank(chain.db, "u0")
    assert chain.verify().is_whole
    actors = [row.actor for row in chain.rows("SELECT actor FROM events ORDER BY id")]
    assert actors == ["cli:root", "person:u9", "", "", ""]


def test_o1_events_that_wait_can_be_blanked_and_sealed_afterwards(chain: Record) -> None:
    chain.write(3, sealed=False)
    assert blanking.blank(chain.db, "u2") == 1
    assert chain.verify().is_whole
    assert sealing.seal(chain.db, chain.clock()) == 3
    assert chain.verify().is_whole


def test_o1_what_was_blanked_is_not_filled_with_anything_else(chain: Record) -> None:
    ids = chain.write(3)
    blanking.blank(chain.db, "u1")
    for change in ("person_id = 'u0'", "address = '192.0.2.1'", "detail = '{ }'", "actor = 'mallory'"):
        chain.by_hand(f"UPDATE events SET {change} WHERE id = :id", id=ids[1])
        assert [finding.what for finding in chain.found()] == ["event_changed"], change
        chain.by_hand("UPDATE events SET person_id = NULL, address = '', detail = '{}', actor = '' WHERE id = :id",
                      id=ids[1])  # fmt: skip
    assert chain.verify().is_whole


def test_o1_nobody_without_the_key_can_blank(chain: Record) -> None:
    ids = chain.write(3)
    (row,) = chain.rows("SELECT * FROM events WHERE id = :id", id=ids[1])
    committed = proofs.commitment(row.salt, row._asdict())
    for proof in (committed, f"{committed}.", f"{committed}.{row.mac}"):
        chain.by_hand(
            "UPDATE events SET person_id = NULL, address = '', detail = '{}', salt = NULL, blanked = :proof "
            "WHERE id = :id", proof=proof, id=ids[1],
        )  # fmt: skip
        assert [finding.what for finding in chain.found()] == ["event_changed"]


def test_o1_a_blanked_event_gets_no_detail_again_by_a_repetition(chain: Record) -> None:
    ids = chain.write(3)
    blanking.blank(chain.db, "u1")
    audit.repeat(chain.db, ids[1], 3, chain.clock())
    assert chain.verify().is_whole
    assert chain.rows("SELECT again FROM events WHERE id = :id", id=ids[1])[0].again is None


def test_o1_the_key_is_that_of_the_master_key(provider: object) -> None:
    from idp.audit.chain.proofs import find_key

    services = provider.services  # type: ignore[attr-defined]
    assert find_key(services.db) == services.sealer.mac_key("audit chain") != KEY
