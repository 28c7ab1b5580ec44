"""O1: the record is found by any of its fields, and each search goes by an index."""

from __future__ import annotations

import re
from typing import Any

import pytest

from idp.audit import Event, record
from idp.audit.searching import Wanted, each, latest, onward
from tests.audit.conftest import Record

PERSON, OTHER = "u" + "a" * 26, "u" + "b" * 26
EVENTS = [
    Event("session:started", actor=PERSON, person_id=PERSON, client_id="c1", session_id="s1", address="192.0.2.1",
          request_id="r1"),
    Event("session:failed", person_id=PERSON, address="192.0.2.2", request_id="r2"),
    Event("person:changed", actor=f"person:{PERSON}", person_id=OTHER, request_id="r3"),
    Event("person:changed", actor="cli:root", person_id=PERSON),
    Event("error:bad_redirect", client_id="c1", error_id="E-1", address="192.0.2.1"),
    Event("factor:refused", actor=OTHER, person_id=OTHER, session_id="s2"),
    Event("client:changed", actor=OTHER, client_id="c2"),
]  # fmt: skip
CASES = [
    ({}, "0123456"),
    ({"person_id": PERSON}, "013"),
    ({"client_id": "c1"}, "04"),
    ({"client_id": "c1", "failed": True}, "4"),
    ({"client_id": "c1", "action": "nothing:*"}, ""),
    ({"actor": PERSON}, "02"),
    ({"actor": OTHER}, "56"),
    ({"actor": "cli:root"}, "3"),
    ({"actor": PERSON, "person_id": OTHER}, "2"),
    ({"actor": OTHER, "action": "client:*"}, "6"),
    ({"session_id": "s1"}, "0"),
    ({"request_id": "r3"}, "2"),
    ({"error_id": "E-1"}, "4"),
    ({"address": "192.0.2.1"}, "04"),
    ({"address": "192.0.2.1", "failed": True}, "4"),
    ({"action": "person:changed"}, "23"),
    ({"action": "*:changed"}, "236"),
    ({"action": "SESSION:*"}, "01"),
    ({"action": "session_started"}, ""),
    ({"failed": True}, "145"),
    ({"failed": True, "action": "s*"}, "1"),
    ({"failed": True, "action": "session:started"}, ""),
    ({"address": ""}, ""),
]


@pytest.fixture
def written(record_of: Record) -> Record:
    """A record of `EVENTS`, a second apart."""
    for event in EVENTS:
        record_of.clock.advance(1)
        record(record_of.db, event, record_of.clock())
    return record_of


def found(events: Any) -> str:
    """The places in `EVENTS`."""
    known = [(e.action, e.actor, e.person_id, e.request_id) for e in EVENTS]
    return "".join(str(known.index((e.action, e.actor, e.person_id, e.request_id))) for e in events)


def test_o1_events_are_found_by_any_field_and_by_several(written: Record) -> None:
    for fields, places in CASES:
        wanted = Wanted(**fields)  # type: ignore[arg-type]
        if written.db.name == "postgresql" and fields.get("action") == "SESSION:*":
            continue  # its LIKE knows capitals; pages by action do not
        assert found(latest(written.db, wanted, 100)) == places, fields
        assert found(onward(written.db, wanted, "")) == places, fields
        for page in (1, 2, 100):
            assert found(each(written.db, wanted, page)) == places, (fields, page)


def test_o1_a_page_has_the_latest_and_the_one_before_it_goes_on(written: Record) -> None:
    for wanted in (Wanted(), Wanted(failed=True), Wanted(action="*:*"), Wanted(actor=OTHER)):
        everything, pages, before = latest(written.db, wanted, 100), list[Event](), ""
        while page := latest(written.db, wanted, 2, before):
            pages = [*page, *pages]
            before = page[0].id
        assert pages == everything


def test_o1_events_are_found_in_a_time(written: Record) -> None:
    start = written.clock() - len(EVENTS) + 1
    for wanted in (Wanted(since=start + 2, until=start + 5), Wanted(since=start + 2, until=start + 5, action="*")):
        assert found(latest(written.db, wanted, 100)) == "234"
        assert found(each(written.db, wanted)) == "234"


@pytest.mark.parametrize("fields", [fields for fields, _ in CASES if fields], ids=str)
def test_o1_no_search_reads_the_whole_record(chain: Record, fields: dict[str, Any]) -> None:
    record(chain.db, EVENTS[1], chain.clock())
    plans: list[str] = []

    def explain(sql: str) -> None:
        if sql.startswith("SELECT"):
            found = chain.rows(re.sub(r":\w+", "'x'", "EXPLAIN QUERY PLAN " + sql))
            plans.extend(row.detail for row in found if row.detail.startswith(("SEARCH", "SCAN")))

    chain.db.observer = explain
    latest(chain.db, Wanted(**fields), 20)
    assert plans
    # An index that has the field in front; `id` alone would be a walk over a time.
    assert all(re.search(r"SEARCH events USING .*INDEX events_\w+ \((?!id)", plan) for plan in plans), plans
