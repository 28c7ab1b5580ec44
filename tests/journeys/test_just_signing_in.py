"""N1, N18, N28, N31: people of whom nobody did anything wrong just sign in, in an office from an empty folder.

They share one address; somebody presses Back; another tool's cookie is in their mother
tongue; somebody is in 400 groups.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from werkzeug.wrappers import Request as Asked
from werkzeug.wrappers import Response as Answer

from tests.backends import find_free_port
from tests.journeys.board import Board, serving
from tests.journeys.office import Office, chromium, open_office, profile, sign_in

pytestmark = pytest.mark.slow
MANY = [f"department-{number:03}-region-emea-team" for number in range(400)]


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


def heading(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text, timeout=60_000)


def failures(office: Office, board: Board) -> list[str]:
    """What the record has against the application."""
    events = office.ask("audit", "tail", "--app", board.client_id, "--failed", "-n", "200")["events"]
    assert isinstance(events, list)
    return [event["action"] for event in events]


def test_W2_W4_in_an_office_behind_one_address_one_mistypes_and_the_others_just_sign_in(
    office: Office, browser: Browser
) -> None:
    names = ["amy", "bea", "cem", "dan", "eva", "fay"]
    office.hire("ben", "cy", *names)
    with office.board() as board:
        wrong = {name: profile(browser).new_page() for name in ("ben", "cy")}
        for name, page in wrong.items():
            page.goto(board.url)
            for number in range(3 if name == "ben" else 5):
                sign_in(page, name, f"not the right one {number}")
                expect(page.locator("#error, [role=timer]").first).to_be_visible()
        expect(wrong["cy"].locator("b[role=timer]")).to_be_visible()
        for name in names:
            page = profile(browser).new_page()
            page.goto(board.url)
            expect(page.locator("[data-work]")).to_have_count(0)  # nobody checks who did nothing
            sign_in(page, name)
            heading(page, f"home: {name.title()} Berg")
            page.context.close()
        # Ben's browser proves by itself that it is no program, and his right password is not lost over it.
        expect(wrong["ben"].locator("[data-work]")).to_have_count(1)
        sign_in(wrong["ben"], "ben")
        heading(wrong["ben"], "home: Ben Berg")
        office.say("user", "unlock", "cy")
        wrong["cy"].goto(board.url)
        sign_in(wrong["cy"], "cy")
        heading(wrong["cy"], "home: Cy Berg")
        for page in wrong.values():
            page.context.close()
        assert board.complaints == []
        events = office.ask("audit", "tail", "--action", "session:failed", "-n", "200")["events"]
        assert isinstance(events, list)
        assert len({event["address"] for event in events}) == 1


def test_N28_who_presses_back_after_signing_in_is_at_the_applications_start(
    office: Office, context: BrowserContext
) -> None:
    name = f"otto-{find_free_port()}"
    office.hire(name)
    with office.board() as board:
        page = context.new_page()
        page.goto(f"{board.url}/page/7")
        sign_in(page, name)
        heading(page, re.compile("^7: "))
        page.go_back()
        heading(page, re.compile("^home: "))
        assert page.url == f"{board.url}/"
        assert board.complaints == []
        assert failures(office, board) == []


def test_N28_back_where_the_application_names_no_start_says_so_and_leads_on(
    office: Office, context: BrowserContext
) -> None:
    name = f"pia-{find_free_port()}"
    office.hire(name)
    with office.board(has_start=False) as board:
        page = context.new_page()
        page.goto(f"{board.url}/page/7")
        sign_in(page, name)
        heading(page, re.compile("^7: "))
        page.go_back()
        expect(page.get_by_text("Board has had the answer to this sign-in")).to_be_visible()
        page.locator("a.main").click()
        heading(page, re.compile("^home: "))
        assert board.complaints == []


@Asked.application
def old_tool(asked: Asked) -> Answer:
    """Another tool on the provider's host: its cookie is the name that its user has, in the octets that it has."""
    sent = asked.environ.get("HTTP_COOKIE", "")
    answer = Answer(sent.encode("latin-1"), content_type="text/plain; charset=utf-8")
    answer.headers["Set-Cookie"] = "user=" + "Jürgen".encode().decode("latin-1") + "; Path=/"
    return answer


def test_N1_a_cookie_of_another_tool_in_a_mother_tongue_locks_nobody_out(
    office: Office, context: BrowserContext
) -> None:
    name = f"juergen-{find_free_port()}"
    office.hire(name)
    tool = f"http://127.0.0.1:{find_free_port()}"
    with serving(old_tool, tool), office.board() as board:
        page = context.new_page()
        page.goto(tool)
        page.goto(board.url)
        sign_in(page, name, "not the right one")
        expect(page.locator("#error")).to_be_visible()
        sign_in(page, name)
        heading(page, re.compile("^home: "))
        board.people.clear()
        page.goto(f"{board.url}/page/2")  # signed in still: nobody asks
        heading(page, re.compile("^2: "))
        page.goto(tool)
        assert "user=Jürgen" in page.content()  # the browser had it with it in these octets all the time
        assert board.complaints == []


def test_N18_somebody_in_400_groups_signs_in_is_recognised_and_signs_out(
    office: Office, context: BrowserContext
) -> None:
    name = f"mia-{find_free_port()}"
    people = office.folder.path / "people.jsonl"
    people.write_text(json.dumps({"username": name, "name": "Mia Berg", "groups": MANY}) + "\n")
    assert "1 person added" in office.say("user", "import", people.name)
    said = office.say("user", "password", name, "--link")
    setup = re.search(r"http://\S+/setup/\S+", said)
    assert setup, said
    page = context.new_page()
    page.goto(setup[0])
    page.fill("#password", "seven quiet pelicans over harwich")
    page.fill("#confirm", "seven quiet pelicans over harwich")
    page.get_by_role("button", name="Save password").click()
    heading(page, "Your apps")
    context.clear_cookies()
    with office.board("--set", "id_token_claims=true") as board:
        page.goto(board.url)
        sign_in(page, name, "seven quiet pelicans over harwich")
        heading(page, "home: Mia Berg")
        (mia,) = board.people.values()
        assert sorted(mia["claims"]["groups"]) == sorted(mia["userinfo"]["groups"]) == MANY
        assert len(mia["id_token"]) > 16_000  # no address line holds it: it is posted, from another site
        send(page, "again")
        heading(page, "again: Mia Berg")
        assert [one["claims"]["sub"] for one in board.people.values()] == [mia["claims"]["sub"]] * 2
        send(page, "leave")
        heading(page, "Signed out of Board")
        assert page.url == f"{board.url}/bye?state=s"
        board.people.clear()
        page.goto(board.url)
        expect(page.locator("#password")).to_be_visible()
        assert board.complaints == []
        assert failures(office, board) == []


def send(page: Page, button: str) -> None:
    """The application's form; without JavaScript the page that takes it over the border has a button of its own."""
    page.locator(f"#{button}").click()
    over = page.locator("#auto-post button")
    page.wait_for_load_state()
    if over.count():
        over.click()
