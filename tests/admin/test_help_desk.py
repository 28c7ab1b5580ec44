"""What the help desk does for somebody, by any door: sessions, authenticators, codes, cases."""

from __future__ import annotations

import pytest

from idp.accounts import cases as rooms
from idp.admin import cases, factors, sessions
from idp.wire import Request
from tests.admin.conftest import ADMIN, Recorded
from tests.provider import Provider


def test_sessions_are_listed_with_their_applications_and_ended_one_by_one_or_all(
    provider: Provider, record: Recorded
) -> None:
    ann, app = provider.add_person("ann"), provider.add_client("CRM")
    for _ in range(3):
        provider.sign_in(provider.browser(), app)
    found = sessions.open_of(provider.services, ann)
    assert len(found) == 3
    with pytest.raises(sessions.NoSuchSession):
        sessions.end(provider.services, ann, "nowhere", record=record)
    sessions.end(provider.services, ann, found[0].session.id, record=record)
    assert sessions.end_all(provider.services, ann, record=record) == 2
    assert sessions.open_of(provider.services, ann) == ()


def test_who_agrees_to_a_code_is_somebody_with_a_role_who_may(provider: Provider, record: Recorded) -> None:
    ann, bea = provider.add_person("ann"), provider.add_person("bea")
    wish = factors.Wish(reason="lost phone", approver=bea)
    with pytest.raises(factors.NoApprover) as caught:
        factors.issue_code(provider.services, ann, wish, actor=ADMIN, record=record)
    assert caught.value.person == bea
    assert "help_desk" in caught.value.roles
    issued = factors.issue_code(provider.services, ann, factors.Wish(reason="lost phone"), actor=ADMIN, record=record)
    assert issued.code
    assert "code" not in factors.described_code(issued)
    with pytest.raises(factors.NoSuchFactor):
        factors.remove(provider.services, ann, "nothing", record=record)


def test_of_two_who_close_a_case_the_second_hears_who_was_faster(provider: Provider) -> None:
    ann = provider.add_person("ann")
    request = Request({"REQUEST_METHOD": "POST", "PATH_INFO": "/", "REMOTE_ADDR": "203.0.113.7"})
    made = rooms.open_case(provider.services, ann.id, rooms.HELP, "locked out", request)
    case = cases.get(provider.services, made.id.lower())
    assert cases.described(provider.services, case)["person"] == "ann"
    assert not cases.close(provider.services, case, "called back", actor="one").is_open
    with pytest.raises(cases.ClosedAlready) as caught:
        cases.close(provider.services, case, "called back", actor="another")
    assert caught.value.case.closed_by == "one"
    with pytest.raises(cases.UnknownCase):
        cases.get(provider.services, "C-00000-00000")
