"""T5, N29, N32: somebody may not open an application: the page says so and asks for them, an admin lets them in."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.board import Board
from tests.journeys.office import Office, chromium, open_office, profile, sign_in

pytestmark = pytest.mark.slow
LIMITED = ("--group", "board", "--new-group", "--set", 'contacts=["board@acme.example"]')
APPLIED = 60.0  # seconds; what a command did reaches a serving process within five, and the machine may be busy


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path / "office") as office:
        office.hire("dora")
        yield office


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(params=[True, False], ids=["javascript", "no javascript"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    context = profile(browser, js=request.param)
    yield context.new_page()
    context.close()


def expect_heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text, timeout=60_000)


def expect_refusal(page: Page) -> None:
    expect_heading(page, "No access to Board yet")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it sticks out at 360 px"


def open_until_let_in(page: Page, board: Board) -> None:
    until = time.monotonic() + APPLIED
    page.goto(board.url)
    while not page.url.startswith(board.url):
        assert time.monotonic() < until, page.inner_text("body")
        time.sleep(0.5)
        page.goto(board.url)


@pytest.mark.parametrize("change", [("--add-person", "dora"), ("--everyone",)], ids=["by name", "limit lifted"])
def test_T5_who_has_no_access_asks_for_it_here_and_is_let_in(
    office: Office, page: Page, change: tuple[str, ...]
) -> None:
    with office.board(*LIMITED) as board:
        page.goto(board.url)
        sign_in(page, "dora")
        expect_refusal(page)
        told = page.inner_text("main")
        for words in ("Your sign-in worked.", "certain people only", "Dora Berg", "dora", "board@acme.example"):
            assert words in told
        assert board.complaints == []  # the application has heard nothing: it could only say "sign in again"

        error_id = re.search(r"E-\w{5}-\w{5}", told)
        assert error_id, told
        assert f"doorward client access {board.client_id}" in office.say("audit", "show", error_id[0])
        page.get_by_role("button", name="Ask for access").click()
        expect(page.get_by_text("Your request is with the help desk.")).to_be_visible()
        expect_refusal(page)
        number = re.search(r"C-\w{5}-\w{5}", page.inner_text("main"))
        assert number
        assert page.get_by_role("button", name="Ask for access").count() == 0
        line = next(one for one in office.say("case", "list").splitlines() if number[0] in one)
        assert "asks for access to Board" in line
        assert "dora" in line

        assert "dora may not open Board" in office.say("client", "access", "Board", "--why", "dora")
        assert "may open it" in office.say("client", "access", "Board", *change)
        open_until_let_in(page, board)
        expect_heading(page, "home: Dora Berg")
        assert board.complaints == []
        assert number[0] not in office.say("case", "list")  # it has closed itself
        assert "Closed by itself: dora may open Board now" in office.say("case", "show", number[0])


def test_T5_who_goes_back_instead_takes_the_applications_error_along(office: Office, page: Page) -> None:
    with office.board(*LIMITED) as board:
        page.goto(board.url)
        sign_in(page, "dora")
        expect_refusal(page)
        page.get_by_role("button", name="Back to the app").click()
        expect_heading(page, "Board: access_denied")
        assert board.complaints == ["access_denied"]
        assert office.ask("case", "list")["cases"] == []
