"""N17, N28, L8: a browser restores nine tabs at sign-in pages of three applications; one signs in, and all are in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect

from tests.backends import find_free_port
from tests.journeys.board import Board
from tests.journeys.office import Office, chromium, open_office, profile, sign_in

pytestmark = pytest.mark.slow
TABS = 9


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_office(tmp_path_factory.mktemp("office") / "office") as office:
        yield office


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(params=[True, False], ids=["javascript", "no javascript"])
def context(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    context = profile(browser, js=request.param)
    yield context
    context.close()


@pytest.fixture
def boards(office: Office) -> Iterator[list[Board]]:
    with ExitStack() as stack:
        yield [stack.enter_context(office.board()) for _ in range(3)]


@pytest.fixture
def nina(office: Office) -> str:
    name = f"nina{find_free_port()}"
    office.hire(name)
    return name


@pytest.fixture
def statuses(office: Office, context: BrowserContext) -> list[int]:
    """Of every page that the provider showed."""
    seen = list[int]()

    def note(response: Response) -> None:
        if response.url.startswith(office.issuer) and response.request.is_navigation_request():
            seen.append(response.status)

    context.on("response", note)
    return seen


def restore(tabs: list[Page], urls: list[str]) -> None:
    """Every tab sets off for an address of its own, and none waits for another."""
    for tab, url in zip(tabs, urls, strict=True):
        tab.evaluate("url => { location.href = url }", url)


def reload(tabs: list[Page]) -> None:
    for tab in tabs:
        tab.evaluate("() => { location.reload() }")


def at_sign_in(tabs: list[Page]) -> None:
    for tab in tabs:
        expect(tab.locator("#password")).to_be_visible(timeout=60_000)


def headed(tabs: list[Page], *texts: str) -> None:
    for tab, text in zip(tabs, texts * (len(tabs) // len(texts)), strict=True):
        expect(tab.get_by_role("heading", level=1)).to_have_text(re.compile(text), timeout=60_000)


def nobody_complains(office: Office, boards: list[Board], statuses: list[int]) -> None:
    assert [board.complaints for board in boards] == [[], [], []]
    assert set(statuses) <= {200, 302, 303}, statuses
    events = office.ask("audit", "tail", "--failed", "-n", "200")["events"]
    assert isinstance(events, list)
    ours = {board.client_id for board in boards}
    assert [event["action"] for event in events if event["client_id"] in ours] == []


def test_N17_nine_tabs_at_sign_in_pages_are_in_after_one_sign_in(
    office: Office, context: BrowserContext, boards: list[Board], nina: str, statuses: list[int]
) -> None:
    tabs = [context.new_page() for _ in range(TABS)]
    wanted = [f"{boards[number % 3].url}/page/{number}" for number in range(TABS)]
    pages = [f"^{number}: " for number in range(TABS)]
    restore(tabs, wanted)  # a browser that was never here: each tab is given a browser's id of its own
    at_sign_in(tabs)
    old = [tab.url for tab in tabs]
    assert all(url.startswith(f"{office.issuer}/oauth/authorize?") for url in old)

    sign_in(tabs[4], nina)
    headed(tabs[4:5], "^4: ")
    sign_in(tabs[7], nina)  # did not see that she is in
    headed(tabs[7:8], "^7: ")
    rest = [tab for number, tab in enumerate(tabs) if number not in (4, 7)]
    reload(rest)
    headed(tabs, *pages)
    nobody_complains(office, boards, statuses)

    # Old addresses, whose answers the applications have had: with our session, and in the morning without it.
    for board in boards:
        board.forget()
    restore(tabs, old)
    headed(tabs, "^home: ")
    for board in boards:
        board.forget()
    context.clear_cookies(name="doorward_session")
    restore(tabs, wanted)
    at_sign_in(tabs)
    sign_in(tabs[0], nina)
    headed(tabs[:1], "^0: ")
    reload(tabs[1:])
    headed(tabs, *pages)
    nobody_complains(office, boards, statuses)


def test_N17_nine_tabs_of_one_application_are_restored_twice_in_a_row(
    request: pytest.FixtureRequest, office: Office, context: BrowserContext, boards: list[Board], nina: str,
    statuses: list[int],
) -> None:  # fmt: skip
    board = boards[0]
    first = context.new_page()
    first.goto(board.url)
    sign_in(first, nina)
    headed([first], "^home: ")
    tabs = [context.new_page() for _ in range(TABS)]
    # The applications' sessions are over, ours is not. Without JavaScript no tab can say that it is another one: once.
    times = 2 if request.node.callspec.params["context"] else 1
    for time in range(times):
        restore(tabs, [f"{board.url}/enter/{time}{number}" for number in range(TABS)])
        headed(tabs, *(f"^{time}{number}: " for number in range(TABS)))
    assert len(board.people) == 1 + TABS * times
    nobody_complains(office, boards, statuses)
