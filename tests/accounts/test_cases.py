"""Cases for the help desk. A3, F7."""

from __future__ import annotations

import re
import threading

import pytest

from idp.accounts import cases
from idp.accounts.person import Person
from idp.app import sweep
from idp.wire import Request
from tests.backends import Clock
from tests.provider import Provider


def request(address: str = "203.0.113.7") -> Request:
    return Request(
        {"REQUEST_METHOD": "POST", "PATH_INFO": "/", "REMOTE_ADDR": address, "HTTP_USER_AGENT": "Firefox/140.0"}
    )


@pytest.fixture
def ann(provider: Provider) -> Person:
    return provider.add_person()


def test_F7_a_case_has_an_id_to_read_out_and_an_event_for_admins(provider: Provider, ann: Person) -> None:
    services = provider.services
    case = cases.open_case(services, ann.id, cases.NO_WAY_IN, " The phone\nis lost.\x00 ", request())
    assert re.fullmatch(r"C-[2-9A-HJKMNP-Z]{5}-[2-9A-HJKMNP-Z]{5}", case.id)
    assert (case.text, case.address, case.browser, case.is_open) == (
        "The phone is lost.", "203.0.113.7", "Firefox/140.0", True,
    )  # fmt: skip
    for spelling in (case.id, case.id.lower(), f"  {case.id} "):
        assert cases.find(services.db, spelling) == case
    assert cases.find(services.db, "C-AAAAA-AAAAA") is None
    assert cases.find(services.db, "é\x00") is None
    (event,) = provider.events("case:opened")
    assert (event.person_id, event.address, event.detail) == (
        ann.id, "203.0.113.7", {"case": case.id, "kind": "no_way_in"},
    )  # fmt: skip


def test_F7_the_same_trouble_of_the_same_person_within_a_day_is_one_case(
    provider: Provider, ann: Person, clock: Clock
) -> None:
    services = provider.services
    first = cases.open_case(services, ann.id, cases.NO_WAY_IN, "one", request())
    assert cases.open_case(services, ann.id, cases.NO_WAY_IN, "two", request("192.0.2.1")) == first
    assert [note.text for note in cases.notes_of(services.db, first.id)] == ["two"]
    assert cases.open_case(services, ann.id, cases.NOT_ME, "other", request()).id != first.id
    cases.close(services, first.id, "", "cli:help")
    assert cases.open_case(services, ann.id, cases.NO_WAY_IN, "three", request()).id != first.id
    clock.advance(cases.AGAIN + 1)
    assert cases.open_case(services, ann.id, cases.NO_WAY_IN, "four", request()).id != first.id
    assert len(cases.list_of(services.db, closed=True)) == 4


def test_F7_many_at_once_are_one_case(provider: Provider, ann: Person) -> None:
    services = provider.services
    start = threading.Barrier(8)
    opened: list[str] = []

    def report() -> None:
        start.wait()
        opened.append(cases.open_case(services, ann.id, cases.ACCESS, "let me in", request(), about="crm").id)

    threads = [threading.Thread(target=report) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 8
    assert len(set(opened)) == 1
    assert len(cases.notes_of(services.db, opened[0])) == 7
    other = cases.open_case(services, ann.id, cases.ACCESS, "let me in", request(), about="wiki")
    assert other.id != opened[0]
    found = cases.find_standing(services, ann.id, cases.ACCESS, about="wiki")
    assert found is not None
    assert found.id == other.id


def test_F7_nobody_floods_the_help_desk(provider: Provider, ann: Person, clock: Clock) -> None:
    services = provider.services
    for _ in range(cases.PER_RANGE):
        cases.open_case(services, None, cases.NO_WAY_IN, "who am I", request())
    with pytest.raises(cases.TooManyCases):
        cases.open_case(services, None, cases.NO_WAY_IN, "who am I", request("203.0.113.250"))  # the same range
    cases.open_case(services, None, cases.NO_WAY_IN, "who am I", request("198.51.100.1"))
    assert cases.open_case(services, ann.id, cases.NO_WAY_IN, "a known person is never turned away", request())
    for _ in range(cases.MAX_NOTES + 10):
        kept = cases.open_case(services, ann.id, cases.NO_WAY_IN, "again", request())
    assert len(cases.notes_of(services.db, kept.id)) == cases.MAX_NOTES
    assert len(cases.list_of(services.db, many=500)) == cases.PER_RANGE + 2
    clock.advance(cases.RANGE_WINDOW + 1)
    assert cases.open_case(services, None, cases.NO_WAY_IN, "later", request())


def test_A3_a_case_is_closed_once_with_a_last_word(provider: Provider, ann: Person, clock: Clock) -> None:
    services = provider.services
    case = cases.open_case(services, ann.id, cases.NOT_ME, "one", request())
    assert cases.note(services, case.id, "called back", "cli:help")
    clock.advance(60)
    assert cases.close(services, case.id, "sorted out", "cli:help")
    assert not cases.close(services, case.id, "again", "cli:help")
    assert not cases.note(services, "C-AAAAA-AAAAA", "to nobody", "cli:help")
    closed = cases.find(services.db, case.id)
    assert closed is not None
    assert (closed.is_open, closed.closed_by) == (False, "cli:help")
    assert [note.text for note in cases.notes_of(services.db, case.id)] == ["called back", "sorted out"]
    assert cases.list_of(services.db) == ()
    assert [event.actor for event in provider.events("case:closed")] == ["cli:help"]


def test_cases_do_not_stay_for_ever(provider: Provider, ann: Person, clock: Clock) -> None:
    services = provider.services
    old = cases.open_case(services, ann.id, cases.NOT_ME, "one", request())
    cases.note(services, old.id, "a note", "cli:help")
    clock.advance(services.settings.audit.retention_days * 86400 + 1)
    fresh = cases.open_case(services, ann.id, cases.NOT_ME, "two", request())
    assert sweep(services)["cases"] == 1
    assert [case.id for case in cases.list_of(services.db, closed=True)] == [fresh.id]
    assert cases.notes_of(services.db, old.id) == ()
