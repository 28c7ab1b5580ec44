"""Story 4: an admin looks after people and applications from the command line, beside a server that runs.

From an empty folder by the documents' commands only: a typo in a name is corrected, a limit is lifted, one screen says
why somebody cannot sign in, and each error that an application or a person was shown is explained by its id
(N24, N29, N32, N36, E1).
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.backends import find_free_port
from tests.cli.conftest import CHEAP, COMMAND, PASSWORD, Folder
from tests.provider import VERIFIER, Answer, basic, bearer, challenge_of
from tests.server import HttpBrowser

pytestmark = pytest.mark.slow
CALLBACK = "https://payroll.example/callback"
RULE = '[[factors.rules]]\nneed = "second"\ngroups = ["board"]\n'
ERROR_ID = re.compile(r"\(?(E-[0-9A-Z]{5}-[0-9A-Z]{5})\)?")


@dataclass(frozen=True)
class Office:
    """An installation that is served, and one application that talks to it over HTTP, with what it was given."""

    folder: Folder
    issuer: str
    client_id: str
    secret: str

    def say(self, *words: str, input: str = "") -> str:
        done = self.folder.spawn(*words, input=input)
        assert done.code == 0, (words, done.err)
        return done.out

    def screen(self, *words: str) -> dict[str, list[str]]:
        """A screen of two columns: what stands beside each word, in order."""
        shown: dict[str, list[str]] = {}
        for line in self.say(*words).splitlines()[1:]:
            key, value = line.split("\t")
            shown.setdefault(key, []).append(value)
        return shown

    def explained(self, error_id: str) -> dict[str, str]:
        """What `audit show` says. Faults of applications are written a moment after the answer."""
        until = time.monotonic() + 60
        while self.folder.spawn("audit", "show", error_id).code and time.monotonic() < until:
            time.sleep(0.2)
        return {key: values[0] for key, values in self.screen("audit", "show", error_id).items()}

    def person(self, username: str, name: str, *words: str) -> None:
        self.say("user", "add", "--username", username, "--name", name, *words, "--password-stdin", input=PASSWORD)

    # -- over the wire ------------------------------------------------------------------------------------------------

    def browser(self) -> HttpBrowser:
        return HttpBrowser(self.issuer)

    def ask(self, browser: HttpBrowser, **changed: str | None) -> Answer:
        asked: dict[str, str | None] = {
            "client_id": self.client_id, "response_type": "code", "scope": "openid profile", "state": "s1",
            "redirect_uri": CALLBACK, "code_challenge": challenge_of(), "code_challenge_method": "S256", **changed,
        }  # fmt: skip
        return browser.get("oauth/authorize?" + urlencode({k: v for k, v in asked.items() if v is not None}))

    def sign_in(self, username: str, browser: HttpBrowser | None = None) -> Answer:
        browser = browser or self.browser()
        return browser.log_in(self.ask(browser), username)

    def redeem(self, code: str, *, secret: str = "", **changed: str | None) -> Answer:
        sent: dict[str, str | None] = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER,
            **changed,
        }  # fmt: skip
        data = {key: value for key, value in sent.items() if value is not None}
        return self.browser().post("oauth/token", data, headers=basic(self.client_id, secret or self.secret))

    def name_of(self, username: str) -> tuple[Any, Any]:
        """The name as the application gets it at a new sign-in, and its access token."""
        tokens = self.redeem(self.sign_in(username).code).json
        return self.userinfo(tokens["access_token"])["name"], tokens["access_token"]

    def userinfo(self, token: str) -> Any:
        return self.browser().get("oauth/userinfo", headers=bearer(token)).json


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An empty folder, `init`, `serve`, and an application, by the commands of the first pages."""
    port = find_free_port()
    issuer = f"http://127.0.0.1:{port}"
    path: Path = tmp_path_factory.mktemp("looking") / "office"
    folder = Folder(path, f'[server]\nissuer = "{issuer}"\nport = {port}\n{CHEAP}{RULE}')
    assert folder.spawn("init").code == 0
    serving = subprocess.Popen(
        [COMMAND, "serve"], cwd=path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=folder.environment(), start_new_session=True,
    )  # fmt: skip
    try:
        assert serving.stdout is not None
        assert serving.stdout.readline()
        made = folder.spawn("client", "add", "oidc", "--name", "Payroll", "--redirect-uri", CALLBACK, "--json").json
        yield Office(folder, issuer, made["client_id"], made["client_secret"])
    finally:
        serving.terminate()
        serving.wait(30)


def test_n29_a_typo_is_corrected_and_the_application_sees_it_at_its_next_look(office: Office) -> None:
    office.person("anna", "Ana Brg")
    name, token = office.name_of("anna")
    assert name == "Ana Brg"
    said = office.say("user", "set", "anna", "--name", "Anna Berg")
    assert "name: Ana Brg -> Anna Berg" in said
    assert office.userinfo(token)["name"] == "Anna Berg"  # the token that it had already
    assert office.name_of("anna")[0] == "Anna Berg"


def test_n29_n32_somebody_without_access_is_found_by_the_id_on_their_page_and_let_in(office: Office) -> None:
    office.person("ben", "Ben Okafor")
    office.say("client", "access", "Payroll", "--only", "--add-group", "finance", "--new-group")
    page = until_the_server_knows(lambda: office.sign_in("ben"), lambda p: p.status == 403)
    told = office.explained(page.error_id)
    assert (told["code"], told["application"], told["person"]) == ("no_access", "Payroll", "ben")
    assert "none of its groups (finance)" in told["what"]
    shown = office.screen("user", "show", "ben")
    assert shown["can sign in"] == ["yes"]  # here; and which application did not let them in stands below
    assert any(page.error_id in line and "no_access  Payroll" in line for line in shown["failed"])
    assert "ben may not open Payroll" in office.say("client", "access", "Payroll", "--why", "ben")

    command = re.search(r"doorward (client access \S+ --add-person \S+)", told["fix"])
    assert command, told["fix"]
    office.say(*command[1].split())
    assert until_the_server_knows(lambda: office.sign_in("ben"), lambda p: p.is_redirect).code

    office.person("cleo", "Cleo Dunn")
    assert office.sign_in("cleo").status == 403
    assert office.say("client", "access", "Payroll", "--everyone") == "Payroll: everyone may open it.\n"
    assert until_the_server_knows(lambda: office.sign_in("cleo"), lambda p: p.is_redirect).code


def test_n29_one_screen_says_why_somebody_cannot_sign_in_and_the_way_out_works(office: Office) -> None:
    office.person("dora", "Dora Lind")
    office.say("user", "disable", "dora")
    refused = office.sign_in("dora")
    shown = office.screen("user", "show", "dora")
    assert shown["can sign in"] == ["no"]
    assert re.fullmatch(r"is shut out since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]{3,5} by cli:\S+", shown["why not"][0])
    assert any(refused.error_id in line for line in shown["failed"])
    assert office.explained(refused.error_id)["what"] == "the password was right, and the account is shut out"
    way_out(office, shown)
    assert office.sign_in("dora").code

    browser = office.browser()
    page = office.ask(browser)
    for number in range(12):  # the first pause comes after a few
        page = browser.log_in(page, "dora", f"wrong number {number}")
        if "paused" in page.dom.text:
            break
    about = office.folder.spawn("user", "show", "dora", "--json").json
    (paused,) = about["obstacles"]
    assert (about["can_sign_in"], paused["code"], paused["fix"]) == (False, "paused", "doorward user unlock dora")
    assert paused["until"] > paused["since"]
    assert time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(paused["until"])) in paused["text"]
    assert "the password was wrong" in office.explained(about["failures"][-1]["error_id"])["what"]
    office.say(*paused["fix"].split()[1:])
    assert browser.log_in(page, "dora").code


def test_n29_who_has_set_nothing_up_yet_is_told_apart(office: Office) -> None:
    office.say("user", "add", "--username", "edo", "--name", "Edo Falk")
    shown = office.screen("user", "show", "edo")
    assert "has not set a password yet, invited 20" in shown["why not"][0]
    assert "/setup/" in way_out(office, shown)

    office.person("fay", "Fay Grant", "--group", "board", "--new-group")
    assert "Set up a second step" in office.sign_in("fay").dom.text
    shown = office.screen("user", "show", "fay")
    assert shown["second step"] == ["none, though a rule of [factors] asks for one: they set it up at a sign-in"]
    assert office.folder.spawn("user", "show", "fay", "--json").json["lacks_second_factor"] is True
    assert "second step" not in office.screen("user", "show", "edo")


def test_n36_each_error_of_an_application_ends_with_an_id_that_says_what_to_mend(office: Office) -> None:
    office.person("gus", "Gus Hart")
    browser = office.browser()

    def code() -> str:
        answer = office.ask(browser)
        return (browser.log_in(answer, "gus") if answer.is_login_page else answer).code

    used = code()
    assert office.redeem(used).status == 200
    wrong = {
        "secret": (office.redeem(code(), secret="not the secret"), "wrong or expired secret", "doorward client secret"),
        "address": (
            office.redeem(code(), redirect_uri=CALLBACK + "/"),
            f"'{CALLBACK}/'; the authorization request had '{CALLBACK}'", f"redirect_uri={CALLBACK} to the token",
        ),
        "verifier": (office.redeem(code(), code_verifier=None), "code_verifier is missing", "keep the code_verifier"),
        "other verifier": (office.redeem(code(), code_verifier="x" * 43), "does not match", "keep the code_verifier"),
        "used": (office.redeem(used), "used already", "A code works once"),
    }  # fmt: skip
    ids = []
    for kind, (answer, what, fix) in wrong.items():
        assert answer.error == ("invalid_client" if kind == "secret" else "invalid_grant"), kind
        ids.append(id_in(answer.json["error_description"]))
        told = office.explained(ids[-1])
        assert (told["application"], told["side"], told["code"]) == ("Payroll", "application", answer.error), kind
        assert what in told["what"], kind
        assert fix in told["fix"], kind
        assert "/oauth/token" in told["path"], kind
        assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]{3,5}", told["last at"]), kind
        for secret in (office.secret, "not the secret", VERIFIER, used):
            assert secret not in json.dumps(told), kind
    assert len(set(ids)) == len(ids)  # one id for each kind
    failed = office.screen("client", "show", "Payroll")["failed"]
    assert {found for line in failed for found in ERROR_ID.findall(line)} == set(ids)  # the five latest
    listed = office.folder.spawn("audit", "list", "--app", "Payroll", "--failed", "--json").json["events"]
    assert set(ids) <= {event["error_id"] for event in listed}


def test_n36_so_do_its_authorization_requests(office: Office) -> None:
    told = office.explained(id_in(office.ask(office.browser(), code_challenge=None).sent["error_description"]))
    assert (told["code"], told["application"]) == ("invalid_request", "Payroll")
    asked = office.ask(office.browser(), code_challenge=None, code_challenge_method=None).sent
    told = office.explained(id_in(asked["error_description"]))
    assert "PKCE is required" in told["what"]
    assert "Switch PKCE (S256) on" in told["fix"]
    page = office.ask(office.browser(), redirect_uri=CALLBACK + "2")
    assert page.is_error_page
    told = office.explained(page.error_id)
    assert told["code"] == "unregistered_redirect_uri"
    assert f"the nearest registered URI is {CALLBACK}" in told["fix"]
    assert any(page.error_id in line for line in office.screen("client", "show", "Payroll")["failed"])


def id_in(description: str) -> str:
    found = re.search(r"\((E-[0-9A-Z]{5}-[0-9A-Z]{5})\)$", description)
    assert found, description
    return found[1]


def way_out(office: Office, shown: dict[str, list[str]]) -> str:
    """Do what the screen says."""
    doorward, *words = shown["way out"][0].split()
    assert doorward == "doorward"
    return office.say(*words)


def until_the_server_knows(ask: Any, is_wanted: Any) -> Answer:
    """Ask again until the running server has seen a change of an application; commands promise five seconds."""
    until = time.monotonic() + 60
    while not is_wanted(answer := ask()):
        assert time.monotonic() < until, answer.text
        time.sleep(0.3)
    return answer
