"""oauth2-proxy in front of a tool that knows no sign-in: by docs/connecting.md, its back-end logout included (N15)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from idp.accounts.person import Person
from tests.backends import find_free_port
from tests.counterparts.conftest import Program
from tests.provider import Answer
from tests.server import HttpBrowser, Server, unique


class Tool:
    """What is behind oauth2-proxy, and who visits it."""

    def __init__(self, server: Server, binary: Path, folder: Path, *more: str, profile: str = "web") -> None:
        self.home = f"http://127.0.0.1:{find_free_port()}"
        self.server = server
        made = server.cli_json(
            "client", "add", "oidc", "--name", unique("Tool"), "--profile", profile,
            "--redirect-uri", self.home + "/oauth2/callback", "--json",
        )  # fmt: skip
        self.id, self.secret = made["client_id"], made["client_secret"]
        filled = [word.format(id=self.id, secret=self.secret, issuer=server.issuer) for word in more]
        self.program = Program(
            [
                str(binary), "--provider=oidc", f"--oidc-issuer-url={server.issuer}", f"--client-id={self.id}",
                f"--client-secret={self.secret}", f"--redirect-url={self.home}/oauth2/callback",
                f"--http-address={self.home.removeprefix('http://')}", "--email-domain=*", "--upstream=static://202",
                f"--cookie-secret={secrets.token_hex(16)}", "--cookie-secure=false", "--skip-provider-button",
                *filled,
            ],
            folder,
        )  # fmt: skip
        self.program.wait_for(self.home + "/ping")
        self.visitor = HttpBrowser(self.home)

    def open(self, browser: HttpBrowser, person: Person | None = None) -> Answer:
        """The person opens the tool and signs in where they are asked to."""
        answer = self.visitor.get("/")
        while answer.is_redirect and answer.location.startswith(self.server.issuer):
            answer = browser.get(answer.location)
            if person is not None and answer.status == 200 and answer.is_login_page:
                answer = browser.log_in(answer, person.username)
            if answer.location.startswith(self.home):
                answer = self.visitor.get(answer.location.removeprefix(self.home))
                answer = self.visitor.get(answer.location) if answer.is_redirect else answer
        return answer


@pytest.fixture
def start(server: Server, tool: Callable[[str], Path], tmp_path: Path) -> Iterator[Callable[..., Tool]]:
    """Starts oauth2-proxy with further options; `{id}`, `{secret}` and `{issuer}` are filled in."""
    started: list[Tool] = []

    def start_one(*more: str, profile: str = "web") -> Tool:
        started.append(Tool(server, tool("bin/oauth2-proxy"), tmp_path, *more, profile=profile))
        return started[-1]

    yield start_one
    for one in started:
        one.program.stop()


PKCE = "--code-challenge-method=S256"


def host_of(server: Server) -> str:
    return urlsplit(server.issuer).netloc


def test_n15_its_back_end_logout_signs_out_where_it_says_who_it_is(
    server: Server, ann: Person, start: Callable[..., Tool]
) -> None:
    there = (
        f"--backend-logout-url=http://{{id}}:{{secret}}@{host_of(server)}/oauth/logout?id_token_hint={{{{id_token}}}}"
    )
    tool, browser = start(PKCE, there), server.browser()
    assert tool.open(browser, ann).status == 202
    assert tool.visitor.get("/oauth2/sign_out").status == 302
    assert "backend logout" not in tool.program.output
    assert tool.open(browser).is_login_page  # nobody is signed in any more
    reasons = [event.detail["why"] for event in server.events("session:ended") if event.person_id == ann.id]
    assert reasons == [f"signed out at {tool.id}"]


def test_n15_without_it_the_session_goes_on_and_its_log_and_our_record_say_why(
    server: Server, ann: Person, start: Callable[..., Tool]
) -> None:
    there = f"--backend-logout-url=http://{host_of(server)}/oauth/logout?id_token_hint={{{{id_token}}}}"
    tool, browser = start(PKCE, there), server.browser()
    assert tool.open(browser, ann).status == 202
    tool.visitor.get("/oauth2/sign_out")
    assert "returned error code 401" in tool.program.output
    assert tool.open(browser).status == 202  # still signed in
    [event] = [event for event in server.events("error:invalid_client") if event.client_id == tool.id]
    assert "Nobody is signed out" in event.detail["message"]


def test_by_way_of_the_browser_it_signs_out_as_well(server: Server, ann: Person, start: Callable[..., Tool]) -> None:
    tool, browser = start(PKCE, f"--whitelist-domain={host_of(server)}"), server.browser()
    assert tool.open(browser, ann).status == 202
    gone = tool.visitor.get("/oauth2/sign_out?rd=" + quote(f"{server.issuer}/oauth/logout?client_id={tool.id}"))
    page = browser.get(gone.location)
    assert "signed out" in browser.submit(page, "confirm").dom.text
    assert tool.open(browser).is_login_page


def test_n24_without_pkce_the_error_that_it_shows_leads_to_the_setting_that_helps(
    server: Server, ann: Person, start: Callable[..., Tool]
) -> None:
    tool, browser = start(), server.browser()
    assert tool.open(browser, ann).status >= 400
    [event] = [event for event in server.events("error:invalid_request") if event.client_id == tool.id]
    fix = event.detail["fix"]
    assert f"doorward client set {tool.id} profile=legacy" in fix
    assert server.cli("client", "set", tool.id, "profile=legacy").returncode == 0
    deadline = time.monotonic() + 10  # serving processes see it within five seconds
    while tool.open(browser, ann).status != 202:
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_groups_reach_it(server: Server, start: Callable[..., Tool]) -> None:
    insider, outsider = (server.add_person(unique("bob"), email_verified=True, groups=g) for g in (("ops",), ()))
    tool = start(PKCE, "--scope=openid email profile groups", "--allowed-group=ops")
    assert tool.open(server.browser(), insider).status == 202
    tool.visitor = HttpBrowser(tool.home)
    assert tool.open(server.browser(), outsider).status == 403
