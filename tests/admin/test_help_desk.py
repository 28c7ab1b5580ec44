"""What the help desk does for somebody, by any door: sessions, authenticators, codes, cases."""

from __future__ import annotations

import pytest

from idp.accounts import cases as rooms
from idp.admin import cases, factors, sessions
from idp.admin.actor import of_shell
from idp.wire import Request
from tests.admin.conftest import Admin
from tests.provider import Provider


def test_sessions_are_listed_with_their_applications_and_ended_one_by_one_or_all(
    provider: Provider, admin: Admin
) -> None:
    ann, app = provider.add_person("ann"), provider.add_client("CRM")
    for _ in range(3):
        provider.sign_in(provider.browser(), app)
    found = sessions.open_of(provider.services, ann)
    assert len(found) == 3
    with pytest.raises(sessions.NoSuchSession):
        sessions.end(provider.services, admin, ann, "nowhere")
    sessions.end(provider.services, admin, ann, found[0].session.id)
    assert sessions.end_all(provider.services, admin, ann) == 2
    assert sessions.open_of(provider.services, ann) == ()


def test_who_agrees_to_a_code_is_somebody_with_a_role_who_may(provider: Provider, admin: Admin) -> None:
    ann, bea = provider.add_person("ann"), provider.add_person("bea")
    wish = factors.Wish(reason="lost phone", approver=bea)
    with pytest.raises(factors.NoApprover) as caught:
        factors.issue_code(provider.services, admin, ann, wish)
    assert caught.value.person == bea
    assert "help_desk" in caught.value.roles
    issued = factors.issue_code(provider.services, admin, ann, factors.Wish(reason="lost phone"))
    assert issued.code
    assert "code" not in factors.described_code(issued)
    with pytest.raises(factors.NoSuchFactor):
        factors.remove(provider.services, admin, ann, "nothing")


def test_of_two_who_close_a_case_the_second_hears_who_was_faster(provider: Provider) -> None:
    ann = provider.add_person("ann")
    request = Request({"REQUEST_METHOD": "POST", "PATH_INFO": "/", "REMOTE_ADDR": "203.0.113.7"})
    made = rooms.open_case(provider.services, ann.id, rooms.HELP, "locked out", request)
    case = cases.get(provider.services, made.id.lower())
    assert cases.described(provider.services, case)["person"] == "ann"
    assert not cases.close(provider.services, of_shell("one"), case, "called back").is_open
    with pytest.raises(cases.ClosedAlready) as caught:
        cases.close(provider.services, of_shell("another"), case, "called back")
    assert caught.value.case.closed_by == "one"
    with pytest.raises(cases.UnknownCase):
        cases.get(provider.services, "C-00000-00000")
