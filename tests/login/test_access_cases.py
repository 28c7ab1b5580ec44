"""T5, N29: a case about an access closes itself once there is that access, whichever way it came."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clients.access import EVERYONE, Access
from idp.accounts import cases
from idp.accounts.person import Person
from idp.login import access_cases
from tests.accounts.test_cases import request
from tests.provider import App, Browser, Provider


@pytest.fixture
def ann(provider: Provider) -> Person:
    return provider.add_person("ann")


@pytest.fixture
def board(provider: Provider) -> App:
    return provider.add_client("Board", access=Access.only(groups=["board"]))


@pytest.fixture
def case_id(provider: Provider, browser: Browser, board: App, ann: Person) -> str:
    """Ann has asked for access to it."""
    browser.submit(provider.sign_in(browser, board), "ask")
    (case,) = cases.list_of(provider.services.db)
    return case.id


def lift(provider: Provider, board: App, ann: Person) -> None:
    provider.services.registry.change_access(board.id, lambda _: EVERYONE)


def name(provider: Provider, board: App, ann: Person) -> None:
    provider.services.registry.change_access(board.id, lambda access: access.widened(persons=[ann.id]))


def join(provider: Provider, board: App, ann: Person) -> None:
    provider.services.directory.add_to_group(ann.id, "board")


@pytest.mark.parametrize(
    ("change", "why"), [(lift, "everyone may open it"), (name, "named for it"), (join, "in the group board")]
)
def test_t5_a_case_about_an_access_closes_itself_with_a_note(
    provider: Provider, case_id: str, board: App, ann: Person, change: Callable[[Provider, App, Person], None], why: str
) -> None:
    assert access_cases.close_granted(provider.services) == 0  # nothing has changed yet
    change(provider, board, ann)
    assert access_cases.close_granted(provider.services) == 1
    case = cases.find(provider.services.db, case_id)
    assert case is not None
    assert (case.is_open, case.closed_by) == (False, "system")
    (note,) = cases.notes_of(provider.services.db, case_id)
    assert note.text.startswith("Closed by itself: ann may open Board now")
    assert why in note.text
    assert provider.events("case:closed")[0].detail["case"] == case_id
    assert access_cases.close_granted(provider.services) == 0


def test_t5_who_still_has_no_access_waits_on(provider: Provider, case_id: str, board: App, ann: Person) -> None:
    provider.services.registry.change_access(board.id, lambda access: access.widened(groups=["others"]))
    provider.services.registry.disable(board.id)
    assert access_cases.close_granted(provider.services) == 0
    provider.services.registry.enable(board.id)
    assert [case.id for case in cases.list_of(provider.services.db)] == [case_id]


def test_t5_a_case_about_what_is_gone_closes_itself_too(provider: Provider, case_id: str, board: App) -> None:
    provider.services.registry.remove(board.id)
    assert access_cases.close_granted(provider.services) == 1
    assert (
        cases.notes_of(provider.services.db, case_id)[0].text == "Closed by itself: the application is no longer here."
    )


def test_t5_other_cases_are_left_alone(provider: Provider, browser: Browser, ann: Person) -> None:

    kept = cases.open_case(provider.services, ann.id, cases.NO_WAY_IN, "The phone is lost.", request())
    assert access_cases.close_granted(provider.services) == 0
    assert cases.open_of(provider.services.db, ann.id) == (kept,)


def test_t5_whoever_lost_the_access_again_can_ask_anew(
    provider: Provider, browser: Browser, case_id: str, board: App, ann: Person
) -> None:
    lift(provider, board, ann)
    access_cases.close_granted(provider.services)
    provider.services.registry.change_access(board.id, lambda _: Access.only(groups=["board"]))
    page = provider.authorize(browser, board)
    assert "You have asked for access already." not in page.dom.text
    browser.submit(page, "ask")
    (again,) = cases.list_of(provider.services.db)
    assert again.id != case_id
