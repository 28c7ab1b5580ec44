"""Whole stories over HTTP: two applications with two libraries, and an admin at the command line while people work."""

from __future__ import annotations

import json
import re
import threading
import time
from base64 import urlsafe_b64decode
from urllib.parse import quote, urlencode, urljoin

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.journeys.relying import site, with_authlib, with_idpyoidc
from tests.provider import PASSWORD, App, Dom
from tests.server import NoAnswer, Server, unique

pytestmark = pytest.mark.slow


class Visitor:
    """A person's browser: one jar for all hosts, and redirects are followed, as browsers do. Sees every URL it gets."""

    def __init__(self) -> None:
        self.web = requests.Session()
        self.passed: list[str] = []

    def open(self, url: str) -> requests.Response:
        return self._seen(self.web.get(url, timeout=20))

    def press(self, page: requests.Response, button: str | None = None, **values: str) -> requests.Response:
        form = Dom(page.text).forms[0]
        target = urljoin(page.url, form.action)
        return self._seen(self.web.post(target, data=form.filled(button, values), timeout=20))

    def _seen(self, answer: requests.Response) -> requests.Response:
        self.passed = [step.url for step in (*answer.history, answer)]
        return answer


def test_one_login_opens_two_applications_and_one_logout_ends_it(server: Server) -> None:
    name = unique("ann")
    person = server.cli_json(
        "user", "add", "--username", name, "--email", f"{name}@example.com", "--name", "Ann Example",
        "--password-stdin", "--json", input=PASSWORD + "\n",
    )  # fmt: skip
    with site(server, with_authlib) as crm, site(server, with_idpyoidc) as desk:
        visitor = Visitor()
        page = visitor.open(crm.url)
        assert page.url.startswith(server.issuer + "/oauth/authorize")
        assert crm.app.client.name in page.text
        told = visitor.press(page, login=name, password=PASSWORD).json()
        assert told["sub"] == person["id"]
        assert (told["iss"], told["name"]) == (server.issuer, "Ann Example")
        assert told["nonce"]  # Authlib compared it
        # The second application: no page of ours in between.
        assert visitor.open(desk.url).json() == {"sub": person["id"]}
        ours = [url for url in visitor.passed if url.startswith(server.issuer)]
        assert len(ours) == 1
        assert "/oauth/authorize?" in ours[0]
        # RFC 9207: every answer says who gave it.
        assert any(f"iss={quote(server.issuer, safe='')}" in url for url in visitor.passed)
        left = visitor.open(f"{crm.url}/sign-out")
        assert left.text == "signed out here"
        again = visitor.open(desk.url)
        assert Dom(again.text).find("input", name="password")
        assert Dom(visitor.open(crm.url).text).find("input", name="password")


def test_E1_a_refused_redirect_uri_is_a_page_whose_id_the_command_explains(server: Server) -> None:
    app = server.add_client(unique("CRM"), redirect_uris=["https://crm.example/cb"])
    page = server.authorize(server.browser(), app, redirect_uri="https://crm.example/cb/")
    assert page.is_error_page
    assert not page.is_redirect
    assert "crm.example" not in page.dom.text  # what is registered is for admins alone
    led = [about.get(name, "") for _, about in page.dom.elements for name in ("href", "action", "src")]
    assert not any("crm.example" in where for where in led)
    told = server.cli_json("audit", "show", page.error_id, "--json")
    assert (told["code"], told["side"]) == ("unregistered_redirect_uri", "application")
    assert told["client_id"] == app.id
    assert "https://crm.example/cb" in told["fix"]
    shown = server.cli("audit", "show", page.error_id)
    assert shown.returncode == 0
    assert "the application is wrong" in shown.stdout
    assert server.cli("audit", "show", "E-00000-00000").returncode == 1


def test_W1_W3_a_pause_says_how_long_and_an_admin_ends_it(server: Server) -> None:
    name = unique("ann")
    server.add_person(name)
    app, browser = server.add_client(unique("CRM")), server.browser("198.51.100.9")
    page = server.authorize(browser, app)
    for number in range(5):
        page = browser.log_in(page, name, f"wrong number {number}")
    assert "Too many wrong passwords" in page.dom.text
    assert re.search(r"paused until \d+:\d\d\s[AP]M UTC", page.dom.text)
    assert 0 < int(page.headers["Retry-After"]) <= 60
    counter = page.dom.find("b", role="timer")[0]
    assert 0 < int(counter["data-seconds"]) <= 60
    assert not browser.log_in(page, name).is_redirect  # the right one, too early
    assert server.cli("user", "unlock", name).returncode == 0
    assert browser.log_in(page, name).code
    assert [e.actor for e in server.events() if e.action == "throttle:lifted" or "unlock" in e.action]


def test_an_application_that_an_admin_adds_works_at_once(server: Server) -> None:
    name = unique("ann")
    server.add_person(name)
    server.sign_in(server.browser(), server.add_client(unique("CRM")), name)  # both workers have looked at the registry
    added = server.cli_json(
        "client", "add", "oidc", "--name", unique("New"), "--redirect-uri", "https://new.example/cb", "--json"
    )
    client = server.services.registry.find(added["client_id"])
    assert client is not None
    app = App(client, added["client_secret"])
    for _ in range(6):
        assert server.userinfo(server.tokens(app, login=name)["access_token"]).status == 200
    # Turned off, its tokens are dead at once; its login page may be shown for the five seconds that a snapshot is kept.
    tokens = server.tokens(app, login=name)
    assert server.cli("client", "disable", app.id).returncode == 0
    assert {server.userinfo(tokens["access_token"]).status for _ in range(6)} == {401}
    time.sleep(5.1)
    assert all(server.authorize(server.browser(), app).is_error_page for _ in range(6))
    assert server.cli("client", "enable", app.id).returncode == 0
    time.sleep(5.1)
    assert all(server.authorize(server.browser(), app).is_login_page for _ in range(6))
    assert {server.userinfo(tokens["access_token"]).status for _ in range(6)} == {401}


def test_X29_somebody_turned_off_by_the_command_is_out_at_once_everywhere(server: Server) -> None:
    name = unique("ann")
    server.add_person(name)
    app = server.add_client(unique("CRM"), scope="openid profile email offline_access")
    jwt_app = server.add_client(unique("Api"), access_token_format="jwt")
    browser = server.browser()
    held = [server.tokens(app, browser, name), server.tokens(app, browser, name, scope="openid offline_access")]
    of_jwt = server.tokens(jwt_app, browser, name)
    code = server.sign_in(browser, app, name).code
    assert server.cli("user", "disable", name).returncode == 0
    for tokens, owner in (*((t, app) for t in held), (of_jwt, jwt_app)):
        for _ in range(3):  # whichever worker answers
            assert server.userinfo(tokens["access_token"]).status == 401
            assert server.introspect(owner, tokens["access_token"]) == {"active": False}
            assert server.refresh(owner, tokens["refresh_token"]).error == "invalid_grant"
    assert server.redeem(app, code).error == "invalid_grant"
    assert server.authorize(browser, app, prompt="none").error == "login_required"
    page = server.authorize(browser, app)
    assert page.is_login_page
    assert browser.log_in(page, name).is_login_page


def _header(token: str) -> dict[str, str]:
    """The unverified header of a JWT, to find the key by."""
    part = token.split(".")[0]
    return dict(json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def test_K4_rotation_under_load_fails_no_login(server: Server) -> None:
    """Applications that fetch the JWKS again when they meet a key id they do not know, as OpenID Connect Core §10.1.1
    has it, verify every ID token, although keys are published and promoted by force all the while."""
    people = [unique("ann") for _ in range(3)]
    for name in people:
        server.add_person(name)
    apps = [server.add_client(unique("CRM"), id_token_signed_response_alg=alg) for alg in ("RS256", "ES256", "RS256")]
    stop, failures, done, kids = threading.Event(), [], [0, 0, 0], [set(), set(), set()]  # type: ignore[var-annotated]

    def fetch() -> KeySet:
        return KeySet.import_key_set(json.loads(server.browser().get("oauth/jwks").text))

    def work(number: int) -> None:
        keys, app, name = fetch(), apps[number], people[number]
        while not stop.is_set():
            try:
                tokens = server.tokens(app, server.browser(), name)
                header = _header(tokens["id_token"])
                if header["kid"] not in {key.kid for key in keys}:
                    keys = fetch()
                claims = jwt.decode(tokens["id_token"], keys, algorithms=[header["alg"]]).claims
                assert claims["aud"] == app.id
                kids[number].add(header["kid"])
                done[number] += 1
                time.sleep(0.03)  # leaves the command its share of a small machine
            except (Exception, NoAnswer) as error:
                failures.append(repr(error))
                return

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        assert server.cli("key", "rotate").returncode == 0
        time.sleep(0.5)
        for alg in ("RS256", "ES256"):
            assert server.cli("key", "promote", alg, "--force").returncode == 0
        time.sleep(0.5)
    deadline = time.monotonic() + 60
    while not failures and time.monotonic() < deadline and (min(done) <= 5 or min(map(len, kids)) < 2):
        time.sleep(0.05)  # a loaded machine needs longer for as much
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert min(done) > 5
    assert all(len(seen) >= 2 for seen in kids), kids  # tokens were signed by old and new keys


def test_K4_a_key_that_is_forced_to_sign_is_in_the_jwks_of_every_process(server: Server) -> None:
    """The command waits for as long as a process may not have looked at the keys, however fast it is itself."""
    name, app = unique("ann"), server.add_client(unique("CRM"))
    server.add_person(name)

    def published() -> list[set[str]]:
        """By each of many connections, which the two processes share."""
        answers = [json.loads(server.browser().get("oauth/jwks").text) for _ in range(20)]
        return [{key["kid"] for key in answer["keys"]} for answer in answers]

    published()  # both have just looked, and need not look again for a while
    assert server.cli("key", "rotate", "--alg", "RS256").returncode == 0
    told = server.cli("key", "promote", "RS256", "--force")
    assert told.returncode == 0
    kid = _header(server.tokens(app, login=name)["id_token"])["kid"]
    (promoted,) = [key for key in server.cli_json("key", "list", "--json")["keys"]
                   if (key["alg"], key["state"]) == ("RS256", "active")]  # fmt: skip
    # It waits for what is left of the time, be that nothing where the machine is as slow as that by itself.
    assert promoted["activated_at"] - promoted["published_at"] >= 5
    assert told.stderr == "" or re.search(r"waiting [1-6] s, until every server publishes the key", told.stderr)
    active = promoted["kid"]
    assert all({kid, active} <= kids for kids in published())
    # It stands everywhere by now: a second thought is carried out at once.
    (retiring,) = [key["kid"] for key in server.cli_json("key", "list", "--json")["keys"]
                   if (key["alg"], key["state"]) == ("RS256", "retiring")][-1:]  # fmt: skip
    assert "waiting" not in server.cli("key", "promote", retiring, "--force").stderr


def test_the_command_and_the_server_agree_on_what_is_registered(server: Server) -> None:
    app = server.add_client(unique("CRM"))
    listed = server.cli_json("client", "show", app.id, "--json")
    assert app.id in json.dumps(listed)
    query = urlencode({"client_id": app.id + "x", "redirect_uri": app.redirect_uri, "response_type": "code"})
    assert server.browser().get(f"oauth/authorize?{query}").is_error_page
