"""S63: guesses at one entry of a directory count together, whichever of its names was typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idp.accounts.person import Person
from idp.federation.ldap.wire import Conversation
from idp.login import explaining, holding
from idp.state import State
from tests.federation.directories import slapd
from tests.federation.directories.conftest import Company
from tests.provider import App

pytestmark = pytest.mark.slow

LIMIT = 8  # of strangers, where ten in a row are allowed
WRONG = "The name or the password is not right."
NAMES = ("carl", "carl@example.com")
SPELLED = ("Carl  There", "Carl   There")  # blanks that the directory takes for one (RFC 4518 §2.6.1)


@pytest.fixture
def office(open_company: Callable[..., Company]) -> Company:
    company = open_company(throttle={"max_consecutive": 10})
    company.add(names=["uid", "mail", "cn"])
    return company


@pytest.fixture
def mail(office: Company) -> App:
    return office.provider.add_client("Mail")


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Who was bound, of the people alone."""
    found: list[str] = []
    plain = Conversation.bind

    def bind(self: Conversation, dn: str, password: str) -> Any:
        if dn != slapd.ADMIN:
            found.append(dn)
        return plain(self, dn, password)

    monkeypatch.setattr(Conversation, "bind", bind)
    return found


def guess(office: Company, app: App, names: tuple[str, ...], times: int) -> list[str]:
    """Wrong ones, days apart: the names' own failures are forgotten, those in a row are not."""
    said = []
    for n in range(times):
        office.provider.clock.advance(86_401)
        said.append(office.sign_in(app, names[n % len(names)], f"guess-{n}").dom.text)
    return said


def somebody(office: Company, app: App) -> Person:
    return office.person(office.sign_in(app, "carl"), app)


def test_s63_an_entry_has_one_limit_for_all_its_names(office: Company, mail: App, bound: list[str]) -> None:
    assert all(WRONG in text for text in guess(office, mail, NAMES[:2], LIMIT))
    assert bound == [slapd.dn("carl")] * LIMIT
    bound.clear()
    answer = office.sign_in(mail, "Carl There", "carl-there")  # the right one, by a name that nothing was typed for
    assert WRONG in answer.dom.text
    assert len(bound) == 1
    assert slapd.dn("carl") not in bound  # somebody is bound all the same: nobody's name, so the time is one


def test_l7_a_name_past_the_limit_of_its_entry_answers_as_one_that_nobody_has(office: Company, mail: App) -> None:
    guess(office, mail, NAMES[:2], LIMIT)
    said = [office.sign_in(mail, name, "carl-there").dom.text for name in ("Carl There", "Carla There")]
    assert said[0].replace("Carl ", "Carla ") == said[1]
    assert WRONG in said[0]


def test_l7_what_is_asked_of_the_store_and_the_state_is_one_for_all_names(
    office: Company, mail: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody linked by another name, an entry that nobody here has, and a name of nobody."""
    somebody(office, mail)
    asked: list[str] = []
    state = type(office.provider.services.state)
    for name in ("get", "put", "add", "count", "take"):
        plain = getattr(state, name)

        def noting(self: State, *given: Any, _plain: Any = plain, _name: str = name, **more: Any) -> Any:
            if str(given[0]).startswith("throttle:"):
                asked.append(_name)
            return _plain(self, *given, **more)

        monkeypatch.setattr(state, name, noting)
    rounds = []
    for name in ("Carl There", "Bea There", "Nobody There"):
        asked.clear()
        assert WRONG in office.sign_in(mail, name, "guess").dom.text
        rounds.append(list(asked))
    assert rounds[0] == rounds[1] == rounds[2]
    assert rounds[0]


def test_s63_the_right_password_by_any_name_ends_the_row(office: Company, mail: App) -> None:
    for _ in range(2):
        guess(office, mail, NAMES[:2], LIMIT - 1)
        assert office.sign_in(mail, "Carl There", "carl-there").is_redirect


def test_s63_one_entry_s_limit_holds_up_no_other(office: Company, mail: App) -> None:
    guess(office, mail, NAMES[:2], LIMIT + 1)
    assert office.sign_in(mail, "bea").is_redirect


def test_w3_the_help_desk_sees_whose_account_is_stopped_and_unlocks_it(office: Company, mail: App) -> None:
    services, carl = office.provider.services, somebody(office, mail)
    guess(office, mail, SPELLED, LIMIT)  # he has these there alone
    assert [one.code for one in explaining.obstacles(services, carl)] == [explaining.STOPPED]
    assert not office.sign_in(mail, "carl").is_redirect
    holding.lift(services, carl.id)
    assert office.sign_in(mail, "Carl There", "carl-there").is_redirect


def test_w2_strangers_leave_the_person_s_own_device_working(office: Company, mail: App) -> None:
    browser = office.provider.browser()
    office.sign_in(mail, "carl", browser=browser)
    guess(office, mail, SPELLED, LIMIT)
    assert not office.sign_in(mail, "Carl There", "carl-there").is_redirect
    office.provider.clock.advance(61)  # what was wrong may be right a minute later
    page = office.provider.authorize(browser, mail, prompt="login")
    assert browser.log_in(page, "Carl There", "carl-there").is_redirect


def test_s63_an_entry_that_nobody_here_has_is_free_again_after_a_month(office: Company, mail: App) -> None:
    guess(office, mail, NAMES[:2], LIMIT + 1)
    assert not office.sign_in(mail, "Carl There", "carl-there").is_redirect
    office.provider.clock.advance(61 * 86_400)
    assert office.sign_in(mail, "Carl There", "carl-there").is_redirect
