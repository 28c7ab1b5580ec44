"""OpenID Connect and OAuth: applications by Authlib's client that have one thing wrong each. Q1, Q4, Q5."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from authlib.integrations.base_client.errors import OAuthError
from authlib.oauth2.rfc7523 import PrivateKeyJWT

from clients.access import Access
from idp.admin import problems
from idp.answers.finding import Finding
from tests.admin.checking.relying import SERVER, VERIFIER, Application, InThisProcess
from tests.answers.telling import tells
from tests.answers.test_findings import errors
from tests.backends import Clock
from tests.provider import Answer, App, Provider, challenge_of, new_key

CLIENT = "Authlib"


def found(provider: Provider) -> dict[str, Any]:
    """What an admin reads of the latest error, the first finding."""
    findings = errors(provider)[-1].detail["findings"]
    return dict(findings[0])


def read(page: Answer, title: str) -> str:
    """What the person at the page reads, from its title on."""
    text = page.dom.text.partition("Details as text")[0]
    said = title + text.rpartition(title)[2]
    return re.split(" Go to the start| Error id| On a computer| For the developer| Ask for access", said)[0]


def _encoded(text: str) -> str:
    """Every character percent-encoded: Authlib sends the secret as it is, and the first encoding belongs there."""
    return "".join(f"%{ord(one):02X}" for one in text)


def redeem(application: Application, code: str = "x", **more: Any) -> str:
    """The token request by Authlib; what its error object says to the developer, '' where it went well."""
    form = {"code": code, "code_verifier": VERIFIER, "grant_type": "authorization_code", **more}
    try:
        application.http.fetch_token(f"{application.provider.issuer}/oauth/token", **form)
    except OAuthError as error:
        return f"{error.error}: {error.description}"
    return ""


def of_a_stranger(provider: Provider, answer: Answer, *secrets: str) -> None:
    """Q4: what anybody reads who sends the same names nothing that is registered."""
    read = json.dumps(dict(answer.headers)) + answer.body.decode()
    assert not [one for one in (*secrets, "crm.example/cb", "Secret board") if one and one in read]


@pytest.fixture
def app(provider: Provider) -> App:
    provider.add_person("ann", name="Ann Bell")
    return provider.add_client(
        "CRM", redirect_uris=["https://crm.example/cb"], post_logout_redirect_uris=["https://crm.example/bye"]
    )


@pytest.mark.spec("RFC 6749 §3.1.2.3")
@pytest.mark.parametrize(
    ("case", "uri", "words"),
    [
        (1, "https://crm.example/cb/", "slash at the end is one too many"),
        (2, "http://crm.example/cb", "X-Forwarded-Proto"),
        (3, "https://staging.crm.example/cb", "host is staging.crm.example instead of crm.example"),
    ],
)
def test_Q5_case_01_02_03_a_redirect_uri_that_is_not_registered(
    provider: Provider, app: App, case: int, uri: str, words: str
) -> None:
    url, _ = Application(provider, app, redirect_uri=uri).http.create_authorization_url("/oauth/authorize")
    page = provider.browser().get(url)
    one = found(provider)
    assert (one["side"], one["field"], one["got"]) == ("application", "redirect_uri", uri)
    assert words in one["fix"]
    # What may not be registered is not offered: the command would be refused.
    assert ("could not be registered either (uses plain http" if case == 2 else "register it here as well") in one[
        "fix"
    ]
    of_a_stranger(provider, page, "https://crm.example/cb")
    developer = page.dom.text.partition("For the developer of CRM ")[2].partition(" Details as text")[0]
    tells(case, client=CLIENT, person=read(page, "This sign-in cannot go on"), developer=developer,
          finding=one, also={app.id: "CLIENT"})  # fmt: skip


@pytest.mark.spec("RFC 6749 §2.3.1")
@pytest.mark.parametrize(
    ("change", "got", "told"),
    [
        (lambda s: _encoded(_encoded(s)), "percent-encoded once too often", "still percent-encoded"),
        (lambda s: f"{s}\n", "it ends in a line break", "ends with a space or line break"),
        (lambda s: f"{s}\u00a0", "it ends in a no-break space", "not the base64 of client_id:secret in UTF-8"),
        (lambda s: f'"{s}"', "quotes", "stands in quotes"),
        (lambda s: s.swapcase(), "upper and lower case are swapped", "it came by client_secret_basic."),
    ],
    ids=["encoded twice", "a line break", "a no-break space", "quotes", "Caps Lock"],
)
def test_Q5_case_04_a_secret_that_was_changed_on_its_way(
    provider: Provider, app: App, change: Any, got: str, told: str
) -> None:
    assert app.secret
    told_to_it = redeem(Application(provider, app, secret=change(app.secret)))
    one = found(provider)
    assert (one["side"], one["field"]) == ("application", "client_secret")
    assert got in one["got"]
    assert "It is the right secret" in one["fix"]
    assert told in told_to_it
    # Q4: a stranger who sends the same for a client that there is not reads the same.
    stranger = redeem(Application(provider, app, client_id="c" + "a" * 24, secret=change(app.secret)))
    assert re.sub(r"E-.{11}", "", stranger) == re.sub(r"E-.{11}", "", told_to_it)
    assert app.secret not in json.dumps([event.detail for event in errors(provider)])
    if got == "it ends in a line break":
        tells(4, client=CLIENT, person="", developer=told_to_it, finding=one, also={app.id: "CLIENT"})


def test_Q5_case_05_the_old_secret_after_its_overlap(provider: Provider, app: App, clock: Clock) -> None:
    new = provider.services.registry.add_secret(app.id, 60)
    clock.advance(3600)
    redeem(Application(provider, app, secret=new))
    provider.services.registry.refresh()
    told = redeem(Application(provider, app))
    one = found(provider)
    assert (one["side"], one["field"], one["code"]) == ("application", "client_secret", "secret_ended")
    assert "which ended 20" in one["got"]
    assert "was last used 20" in one["fix"]
    assert "another of its servers" in one["fix"]
    tells(5, client=CLIENT, person="", developer=told, finding=one, also={app.id: "CLIENT"})


def test_Q5_case_06_a_secret_in_the_form_where_a_key_is_registered(provider: Provider) -> None:
    vault = provider.add_client("Vault", key=new_key())
    told = redeem(Application(provider, vault, secret="something", method="client_secret_post"))
    one = found(provider)
    assert (one["side"], one["field"]) == ("application", "token_endpoint_auth_method")
    assert (one["expected"], one["got"]) == ("private_key_jwt", "client_secret_post")
    assert f"doorward client set {vault.id} token_endpoint_auth_method=client_secret_post" in one["fix"]
    assert "client_secret_post" in told
    assert "private_key_jwt" not in told  # Q4: how it is registered is for admins
    tells(6, client=CLIENT, person="", developer=told, finding=one, also={vault.id: "CLIENT"})


@pytest.mark.spec("RFC 6749 §4.1.2")
def test_Q5_case_08_a_code_that_comes_twice(provider: Provider, app: App, clock: Clock) -> None:
    application, other = Application(provider, app), Application(provider, app)
    other.http.mount("https://", InThisProcess(provider))
    other.http.adapters["https://"]._browser.address = "198.51.100.21"
    code = application.sign_in()["code"]
    assert not redeem(application, code)
    clock.advance(3)
    told = redeem(other, code)
    one = found(provider)
    assert (one["side"], one["field"], one["code"]) == ("application", "code", "code_used")
    assert one["got"] == f"first used from {SERVER} 3 seconds before, then again from 198.51.100.21"
    assert "The access token and the refresh token that it gave are revoked" in one["fix"]
    assert "different addresses" in one["fix"]
    tells(8, client=CLIENT, person="", developer=told, finding=one)


@pytest.mark.parametrize("late", [20, 90], ids=["while the code lives", "later"])
def test_Q1_a_code_that_comes_twice_from_one_address(provider: Provider, app: App, clock: Clock, late: int) -> None:
    application = Application(provider, app)
    code = application.sign_in()["code"]
    assert not redeem(application, code)
    clock.advance(late)
    assert "used already" in redeem(application, code)
    assert "Both came from one address: a double click" in found(provider)["fix"]


@pytest.mark.parametrize("whose", ["slash", "hint"])
def test_Q5_case_14_a_sign_out_that_cannot_lead_back(provider: Provider, app: App, whose: str) -> None:
    desk = provider.add_client("Desk", post_logout_redirect_uris=["https://desk.example/bye"])
    application = Application(provider, app if whose == "slash" else desk)
    browser = provider.browser()
    redeem(application, application.sign_in(browser)["code"])
    uri = "https://crm.example/bye/" if whose == "slash" else "https://crm.example/bye"
    query = {"id_token_hint": application.http.token["id_token"], "post_logout_redirect_uri": uri}
    page = browser.get(f"oauth/logout?{urlencode(query)}")
    one = found(provider)
    field = "post_logout_redirect_uri" if whose == "slash" else "id_token_hint"
    assert (one["side"], one["field"], one["got"]) == ("application", field, uri)
    words = "slash at the end is one too many" if whose == "slash" else "given to another client id"
    assert words in one["fix"]
    assert "https://crm.example/bye" not in page.text
    if whose == "slash":
        developer = page.dom.text.partition("For the developer of the app ")[2].partition(" Copy details")[0]
        tells(14, client=CLIENT, person=read(page, "You are signed out Your"), developer=developer, finding=one,
              also={app.id: "CLIENT"})  # fmt: skip


@pytest.mark.parametrize("hint", ["another's", "an access token", "encrypted", "undefined"])
def test_Q1_a_hint_that_is_not_used_is_on_the_record(provider: Provider, app: App, hint: str) -> None:
    desk = provider.add_client("Desk")
    browser = provider.browser()
    tokens = provider.tokens(desk, browser)
    sent = {
        "another's": tokens["id_token"], "an access token": tokens["access_token"], "encrypted": "e30.a.b.c.d",
        "undefined": "undefined",
    }[hint]  # fmt: skip
    browser.get(f"oauth/logout?{urlencode({'client_id': app.id, 'id_token_hint': sent})}")
    one = found(provider)
    assert (one["side"], one["field"]) == ("application", "id_token_hint")
    words = {"another's": "an ID token of another application", "encrypted": "an encrypted token",
             "undefined": "“undefined”"}  # fmt: skip
    assert words.get(hint, hint) in one["got"]


@pytest.mark.spec("RFC 9700 §2.1.2")
@pytest.mark.parametrize("what", ["token", "id_token", "code id_token", "plain"])
def test_Q5_case_17_an_old_library(provider: Provider, app: App, what: str) -> None:
    asked: dict[str, Any] = {"response_type": what}
    if what == "plain":
        asked = {"code_challenge": VERIFIER, "code_challenge_method": "plain"}
    brought = Application(provider, app, authorize=asked).run()
    assert "error" in brought or not brought
    one = found(provider)
    field = "code_challenge_method" if what == "plain" else "response_type"
    assert (one["side"], one["field"], one["got"]) == ("application", field, what)
    assert f"doorward client set {app.id} profile=legacy" in one["fix"]
    assert ("S256" if what == "plain" else "response_type=code") in one["fix"]
    if what == "plain":
        developer = f"{brought['error']}: {brought['error_description']}"
        tells(17, client=CLIENT, person="", developer=developer, finding=one,
              also={app.id: "CLIENT"})  # fmt: skip


KEY = new_key()


@pytest.mark.spec("RFC 7523 §3")
@pytest.mark.parametrize(
    ("what", "field", "got", "words"),
    [
        ("aud", "aud", "/oauth/token", "client_assertion_audience=legacy"),
        ("kid", "kid", "kid an-old-one", "publish the public key there first"),
        ("clock", "clock", "4 minutes 58 seconds behind", "NTP"),
        ("twice", "jti", "one that was used", "a new jti, for each request"),
        ("names", "iss", "https://vault.example", "both the client id"),
    ],
)
def test_Q5_case_18_a_client_assertion(provider: Provider, what: str, field: str, got: str, words: str) -> None:
    vault, now, issuer = provider.add_client("Vault", key=KEY), provider.clock(), provider.issuer
    claims = {"aud": issuer} if what != "aud" else {}
    claims |= {"iat": now - 298, "exp": now - 238} if what == "clock" else {"iat": now, "exp": now + 60}
    claims |= {"jti": "one"} if what == "twice" else {}
    claims |= {"iss": "https://vault.example"} if what == "names" else {}
    headers = {"kid": "an-old-one"} if what == "kid" else {}
    application = Application(provider, vault, secret="", method="private_key_jwt")
    application.http.client_secret = KEY
    method = PrivateKeyJWT(f"{issuer}/oauth/token", claims=claims, headers=headers, alg="ES256")
    application.http.register_client_auth_method(method)
    told = redeem(application)
    if what == "twice":
        told = redeem(application)
    one = found(provider)
    assert (one["side"], one["field"]) == ("application", field), one
    assert got in one["got"], one
    assert words in one["fix"], one
    assert told.startswith("invalid_client: Client authentication failed:")
    if what == "clock":
        tells(18, client=CLIENT, person="", developer=told, finding=one, also={vault.id: "CLIENT"})


def test_Q5_case_20_a_person_who_is_not_in_the_group(provider: Provider) -> None:
    provider.add_person("ann", name="Ann Bell")
    board = provider.add_client("Board", access=Access.only(groups=["Secret board"]))
    browser = provider.browser()
    application = Application(provider, board)
    url, _ = application.http.create_authorization_url("/oauth/authorize", code_verifier=VERIFIER)
    page = browser.log_in(browser.get(url))
    assert page.status == 403
    one = found(provider)
    assert (one["side"], one["field"], one["expected"]) == ("nobody", "access", "in the group “Secret board”")
    assert f"doorward client access {board.id} --add-person" in one["fix"]
    assert "Secret board" not in one["fix"]
    told = problems.with_person(provider.services, errors(provider)[0], (Finding(**one),))[0]
    assert told.fix.startswith("ann is not in the group Secret board, which may open Board. ")
    assert "doorward user set ann --add-group 'Secret board'" in told.fix
    assert (told.got, told.fix.endswith(f"doorward client access {board.id} --add-person ann")) == ("ann", True)
    assert "Secret board" not in page.text
    back = browser.submit(page, "back")
    assert back.sent["error"] == "access_denied"
    developer = f"{back.sent['error']}: {back.sent['error_description']}"
    person = read(page, "No access to Board yet")
    tells(20, client=CLIENT, person=person, developer=developer, finding=one, also={board.id: "CLIENT"})
    assert challenge_of(VERIFIER) not in json.dumps([event.detail for event in errors(provider)])
