"""OpenID Connect Session Management 1.0, in process; `tests/browser/test_session_management.py` has it in a browser."""

from __future__ import annotations

import json
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlencode

import pytest

import idp
from idp.accounts.person import Person
from tests.backends import Clock, find_program
from tests.oidc.logging_out import log_out
from tests.provider import App, Browser, Provider

COOKIE = "__Host-doorward_state"
DISCOVERY = ".well-known/openid-configuration"


@pytest.fixture
def provider(open_provider: Callable[..., Provider]) -> Provider:
    return open_provider(oauth={"session_management": True})


def is_unchanged(browser: Browser, app: App, state: str, origin: str = "https://crm.example") -> bool:
    """What the frame works out (§3.2)."""
    made, _, salt = state.partition(".")
    raw = sha256(f"{app.id} {origin} {browser.cookies[COOKIE]} {salt}".encode()).digest()
    return urlsafe_b64encode(raw).rstrip(b"=").decode() == made


@pytest.mark.spec("Session Management 2, 3.2")
def test_S52_an_answer_says_the_state_and_a_sign_out_changes_it(
    provider: Provider, browser: Browser, ann: Person, crm: App
) -> None:
    first = provider.sign_in(browser, crm).sent["session_state"]
    assert is_unchanged(browser, crm, first)
    assert not is_unchanged(browser, crm, first, "https://evil.example")
    again = provider.authorize(browser, crm, prompt="none").sent["session_state"]
    assert again != first  # its salt is new
    assert is_unchanged(browser, crm, again)
    browser.submit(log_out(browser), "confirm")
    assert not is_unchanged(browser, crm, first)


def test_another_person_changes_it_and_a_new_proof_of_the_same_does_not(
    provider: Provider, browser: Browser, clock: Clock, ann: Person, crm: App
) -> None:
    provider.add_person("bob")
    first = provider.sign_in(browser, crm).sent["session_state"]
    clock.advance(5)
    again = provider.sign_in(browser, crm, prompt="login").sent["session_state"]
    assert is_unchanged(browser, crm, first)
    assert is_unchanged(browser, crm, again)
    clock.advance(5)
    other = provider.sign_in(browser, crm, "bob", prompt="login").sent["session_state"]
    assert is_unchanged(browser, crm, other)
    assert not is_unchanged(browser, crm, first)


def test_the_cookie_can_be_read_by_our_frame_alone_and_says_nothing(
    provider: Provider, browser: Browser, ann: Person, crm: App
) -> None:
    provider.sign_in(browser, crm)
    (line,) = [line for line in browser.set_cookies if line.startswith(COOKIE)]
    assert line.endswith("; Path=/; SameSite=None; Secure")
    session = browser.cookies["__Host-doorward_session"]
    assert browser.cookies[COOKIE] not in session
    assert not any(part in browser.cookies[COOKIE] for part in (*session.split("."), ann.id, "ann"))


def test_it_is_set_where_the_session_began_before_the_setting(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    crm = provider.add_client("CRM")
    provider.sign_in(browser, crm)
    del browser.cookies[COOKIE]
    assert is_unchanged(browser, crm, provider.authorize(browser, crm).sent["session_state"])


@pytest.mark.parametrize("mode", ["fragment", "form_post"])
def test_it_comes_by_every_mode_and_not_without_openid(
    provider: Provider, browser: Browser, ann: Person, crm: App, mode: str
) -> None:
    assert "session_state" in provider.sign_in(browser, crm, response_mode=mode).sent
    assert "session_state" not in provider.sign_in(browser, crm, response_mode=mode, scope="profile").sent


@pytest.mark.spec("Session Management 3.3")
def test_S22_the_frame_has_a_policy_of_its_own(provider: Provider, browser: Browser) -> None:
    document = browser.get(DISCOVERY).json
    page = browser.get(document["check_session_iframe"])
    policy = page.headers["Content-Security-Policy"]
    assert policy == (
        "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors https:"
    )
    assert "X-Frame-Options" not in page.headers
    assert not page.headers.getlist("Set-Cookie")
    assert browser.get(page.dom.find("script")[0]["src"]).status == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://crm.example", 204), ("https://evil.example", 404), ("https://crm.example:444", 404), ("null", 404),
     ("http://crm.example", 404), ("", 404), ("https://crm.example/cb", 404)],
)  # fmt: skip
def test_only_pages_that_an_application_comes_back_to_may_ask(
    provider: Provider, browser: Browser, crm: App, origin: str, status: int
) -> None:
    """Whatever the frame says tells that this browser has been here."""
    asked = {"client_id": crm.id, "origin": origin}
    answer = browser.get("oauth/session?" + urlencode(asked))
    assert (answer.status, answer.body) == (status, b"")
    assert browser.get("oauth/session?" + urlencode({**asked, "client_id": "another"})).status == 404
    provider.services.registry.disable(crm.id)
    assert browser.get("oauth/session?" + urlencode(asked)).status == 404


@pytest.mark.slow
@pytest.mark.parametrize(
    ("theirs", "cookie", "state", "said"),
    [(True, "s", "", "unchanged"), (True, "t", "", "changed"), (True, "", "", "error"), (False, "s", "", "error"),
     (False, "t", "x.y", "error"), (False, "", "x.y", "error"), (True, "s", "nonsense", "error")],
)  # fmt: skip
def test_a_page_of_somebody_else_hears_the_same_whether_the_browser_has_been_here_or_not(
    theirs: bool, cookie: str, state: str, said: str
) -> None:
    """The script of the frame as it is, with a browser's globals around it."""
    script = (Path(idp.__file__).parent / "static" / "check_session.js").read_text()
    made = urlsafe_b64encode(sha256(b"app https://crm.example s salt").digest()).rstrip(b"=").decode()
    about = {"theirs": theirs, "cookie": cookie, "data": f"app {state or made + '.salt'}"}
    shell = f"""
      var about = {json.dumps(about)}, listen, told = [];
      var document = {{ cookie: about.cookie && "a=b; __Host-doorward_state=" + about.cookie }};
      var location = {{ pathname: "/oauth/session" }};
      function addEventListener(kind, work) {{ listen = work; }}
      function fetch(url, how) {{
        if (url !== "/oauth/session?client_id=app&origin=https%3A%2F%2Fcrm.example" || how.credentials !== "omit")
          throw url;
        return Promise.resolve({{ status: about.theirs ? 204 : 404 }});
      }}
      {script}
      var source = {{ postMessage: function (word, to) {{ console.log(word + " " + to); }} }};
      listen({{ data: about.data, origin: "https://crm.example", source: source }});
    """
    done = subprocess.run([find_program("node", "nodejs"), "-e", shell], capture_output=True, text=True, check=True)
    assert done.stdout == f"{said} https://crm.example\n"


def test_it_is_off_unless_it_is_switched_on(open_provider: Callable[..., Provider], clock: object) -> None:
    provider = open_provider()
    provider.add_person("ann")
    browser, crm = provider.browser(), provider.add_client("CRM")
    assert "check_session_iframe" not in browser.get(DISCOVERY).json
    assert browser.get("oauth/session").status == 404
    assert "session_state" not in provider.sign_in(browser, crm).sent
    assert COOKIE not in browser.cookies
