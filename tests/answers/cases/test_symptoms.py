"""Q5: what can only be inferred of an application, by real clients: Authlib's and python3-saml's (cases 7 to 27)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pytest
from authlib.integrations.base_client.errors import OAuthError

from idp.admin import symptoms
from idp.admin.actor import of_shell
from idp.answers.symptoms import Symptom
from idp.audit import explain
from tests.admin.checking.relying import VERIFIER, Application
from tests.answers.telling import tells
from tests.backends import Clock
from tests.provider import Answer, App, Browser, Provider
from tests.saml.relying import Toolkit, register

HTML = "text/html,application/xhtml+xml"
OTHER = "another-verifier-of-another-replica-that-is-long-enough"


@pytest.fixture
def crm(provider: Provider) -> App:
    provider.add_person("ann")
    return provider.add_client("CRM")


def seen(provider: Provider, client_id: str, code: str) -> Symptom:
    """The symptom that an admin reads on the application's page."""
    client = provider.services.registry.get(client_id)
    found = {one.code: one for one in symptoms.of_application(provider.services, of_shell("root"), client)}
    assert code in found, found.keys()
    return found[code]


def at(application: Application, address: str) -> Application:
    """A replica of it with an address of its own."""
    application.http.get_adapter(application.provider.issuer)._browser.address = address
    return application


def refused(application: Application, **sent: Any) -> str:
    """What Authlib's client is told at the token endpoint."""
    with pytest.raises(OAuthError) as error:
        application.http.fetch_token(f"{application.provider.issuer}/oauth/token", **sent)
    return f"{error.value.error}: {error.value.description}"


def window(provider: Provider) -> Browser:
    """The browser of a person, as one shows itself that cannot tell its tabs apart."""
    browser = provider.browser()
    browser.headers["Accept"] = HTML
    return browser


def round_and_round(clock: Clock, go: Any) -> Answer:
    """The application sends the person back each time, until we stop it."""
    for _ in range(8):
        answer: Answer = go()
        if answer.status == 429:
            return answer
        clock.advance(1)
    raise AssertionError("nobody stopped it")


def under(provider: Provider, page: Answer) -> Mapping[str, Any]:
    """What an admin reads first under the id of the loop page."""
    (event,) = explain(provider.services.db, page.error_id)
    first: Mapping[str, Any] = event.detail["findings"][0]
    assert first["weight"] == "wrong"
    return first


def read(page: Answer) -> str:
    """What the person reads in the middle of the page."""
    return page.dom.text.partition("Your sign-in here works.")[2].partition("Error id")[0]


@pytest.mark.spec("RFC 7636 4.6")
def test_Q5_case_07_the_verifier_does_not_fit_in_some_sign_ins_only(provider: Provider, crm: App) -> None:
    one, two = Application(provider, crm), at(Application(provider, crm), "198.51.100.21")
    browser = provider.browser()
    for _ in range(9):
        assert "access_token" in one.redeem(one.sign_in(browser)["code"])
    code = one.sign_in(browser)["code"]  # its callback meets the other replica, which has a verifier of its own
    told = refused(two, code=code, grant_type="authorization_code", code_verifier=OTHER)
    symptom = seen(provider, crm.id, "pkce_in_some")
    assert (symptom.side, symptom.field, symptom.times) == ("application", "code_verifier", 1)
    assert "some of its sign-ins only" in symptom.what
    assert "198.51.100.21" in symptom.what
    assert "replicas" in symptom.causes[0].what
    tells(7, client="Authlib", person="", developer=told, finding=asdict(symptom.to_finding()), also={crm.id: "CRM"})


@pytest.mark.spec("RFC 6749 4.1.3")
def test_Q5_case_09_codes_are_never_redeemed(provider: Provider, crm: App, clock: Clock) -> None:
    application, browser = Application(provider, crm), provider.browser()
    for _ in range(4):
        assert application.sign_in(browser)["code"]
        clock.advance(30)
    symptom = seen(provider, crm.id, "codes_never_redeemed")
    assert (symptom.side, symptom.times) == ("application", 4)
    whys = [cause.what for cause in symptom.causes]
    assert ["cannot reach" in whys[0], "TLS certificate" in whys[1], "state cookie" in whys[2]] == [True] * 3
    assert "curl" in symptom.causes[0].tell
    finding = asdict(symptom.to_finding())
    tells(9, client="Authlib", person="", developer="", finding=finding, also={crm.id: "CRM"})


def test_Q5_case_09_whoever_reads_our_documents_has_lost_its_cookie(provider: Provider, crm: App, clock: Clock) -> None:
    application, browser = Application(provider, crm), provider.browser()
    assert "access_token" in application.run()  # so its address is known
    for _ in range(4):
        clock.advance(3600)
        application.http.get(f"{provider.issuer}/.well-known/openid-configuration", withhold_token=True)
        assert application.sign_in(browser)["code"]
    clock.advance(60)
    symptom = seen(provider, crm.id, "codes_never_redeemed")
    assert "state cookie" in symptom.causes[0].what


def test_Q5_case_09_what_is_refused_at_the_token_endpoint_comes_first(
    provider: Provider, crm: App, clock: Clock
) -> None:
    application, browser = Application(provider, crm, secret="wrong"), provider.browser()
    for _ in range(4):
        assert application.redeem(application.sign_in(browser)["code"])["error"] == "invalid_client"
        clock.advance(30)
    symptom = seen(provider, crm.id, "codes_never_redeemed")
    assert "refused" in symptom.causes[0].what
    assert "E-" in symptom.causes[0].fix


@pytest.mark.spec("Core 5.4")
def test_Q5_case_10_it_wants_email_in_the_ID_token_and_never_asks_userinfo(
    provider: Provider, crm: App, clock: Clock
) -> None:
    application, browser = Application(provider, crm), window(provider)

    def go() -> Answer:
        brought = application.sign_in(browser)
        if "code" in brought:
            assert "id_token" in application.redeem(brought["code"])  # without email in it: back again
        return browser.answers[-1]

    page = round_and_round(clock, go)
    finding = under(provider, page)
    assert (finding["side"], finding["field"]) == ("doorward", "id_token_claims")
    assert f"doorward client set {crm.id} id_token_claims=true" in finding["fix"]
    symptom = seen(provider, crm.id, "sign_in_loop")
    assert symptom.field == "id_token_claims"
    tells(10, client="Authlib", person=read(page), developer="", finding=finding, also={crm.id: "CRM"})


def test_Q5_case_10_an_application_whose_callback_fails_never_redeems(
    provider: Provider, crm: App, clock: Clock
) -> None:
    application, browser = Application(provider, crm), window(provider)

    def go() -> Answer:
        application.sign_in(browser)
        return browser.answers[-1]

    finding = under(provider, round_and_round(clock, go))
    assert (finding["side"], finding["field"]) == ("application", "token endpoint")


@pytest.mark.parametrize("state", ["none", "unverified"])
def test_Q5_case_11_the_person_has_no_verified_address(provider: Provider, clock: Clock, state: str) -> None:
    about = {"email": None} if state == "none" else {"email_verified": False}
    provider.add_person("ann", **about)
    crm = provider.add_client("CRM")
    application, browser = Application(provider, crm), window(provider)

    def go() -> Answer:
        brought = application.sign_in(browser)
        if "code" in brought:
            application.redeem(brought["code"])
            claims = application.http.get(f"{provider.issuer}/oauth/userinfo").json()
            assert not claims.get("email_verified")  # it takes nobody without one: back again
        return browser.answers[-1]

    page = round_and_round(clock, go)
    finding = under(provider, page)
    assert (finding["side"], finding["field"]) == ("person", "email")
    assert ("--email-verified" in finding["fix"]) == (state == "unverified")
    assert ("has no e-mail address" in page.dom.text) == (state == "none")
    assert seen(provider, crm.id, "sign_in_loop").side == "person"
    if state == "none":
        tells(11, client="Authlib", person=read(page), developer="", finding=finding, also={crm.id: "CRM"})


@pytest.mark.spec("RFC 6749 6")
def test_Q5_case_15_people_are_signed_out_when_the_access_token_ends(provider: Provider, clock: Clock) -> None:
    provider.add_person("ann")
    crm = provider.add_client("CRM", grant_types=["authorization_code"])
    application, browser = Application(provider, crm), provider.browser()
    for _ in range(4):
        token = application.redeem(application.sign_in(browser)["code"])
        assert "refresh_token" not in token
        clock.advance(token["expires_in"] + 1)  # its session ends with the token
    symptom = seen(provider, crm.id, "signed_out_at_token_end")
    assert (symptom.side, symptom.field, symptom.times) == ("application", "scope", 3)
    fixes = " ".join(cause.fix for cause in symptom.causes)
    assert "offline_access" in fixes
    assert f"doorward client set {crm.id} grant_types+=refresh_token" in symptom.causes[0].fix
    finding = asdict(symptom.to_finding())
    tells(15, client="Authlib", person="", developer="", finding=finding, also={crm.id: "CRM"})


@pytest.mark.spec("RFC 9700 4.14")
def test_Q5_case_16_two_replicas_use_one_refresh_token(provider: Provider, crm: App, clock: Clock) -> None:
    one, two = at(Application(provider, crm), "198.51.100.20"), at(Application(provider, crm), "198.51.100.21")
    kept = one.redeem(one.sign_in()["code"])["refresh_token"]  # both have it, in their own memory
    clock.advance(60)
    one.http.refresh_token(f"{provider.issuer}/oauth/token", refresh_token=kept)
    clock.advance(600)
    with pytest.raises(OAuthError) as error:
        two.http.refresh_token(f"{provider.issuer}/oauth/token", refresh_token=kept)
    symptom = seen(provider, crm.id, "refresh_token_reused")
    assert (symptom.side, symptom.field) == ("application", "refresh_token")
    assert "198.51.100.20 and 198.51.100.21" in symptom.got
    assert "refresh_token_rotation=true, grace" in symptom.expected
    assert "replicas" in symptom.causes[0].what
    told = f"{error.value.error}: {error.value.description}"
    tells(16, client="Authlib", person="", developer=told, finding=asdict(symptom.to_finding()), also={crm.id: "CRM"})


@pytest.mark.parametrize(
    ("registered", "security", "field", "says"),
    [
        ({"sign": "assertion"}, {"wantMessagesSigned": True}, "sign", "the Assertion"),
        ({"sign": "response"}, {"wantAssertionsSigned": True}, "sign", "the Response"),
    ],
)
def test_Q5_case_27_a_service_provider_sends_people_back_at_once(
    provider: Provider, clock: Clock, registered: dict[str, Any], security: dict[str, Any], field: str, says: str
) -> None:
    provider.add_person("ann")
    wiki = register(provider, **registered)
    kit, browser = Toolkit(provider, security=security), window(provider)
    browser.headers["User-Agent"] = "Mozilla/5.0"

    def go() -> Answer:
        answer = browser.get(kit.login_url())
        if answer.is_login_page:
            answer = browser.log_in(answer, "ann")
        if "SAMLResponse" in answer.sent:
            assert kit.read(answer).get_errors()  # it takes it not, and sends the person back
        return answer

    page = round_and_round(clock, go)
    finding = under(provider, page)
    assert (finding["side"], finding["field"]) == ("application", field)
    assert f"We signed {says} by the certificate" in finding["got"]
    assert "WantAssertionsSigned" in finding["expected"]
    assert f"doorward client set {wiki.id} sign=both" in finding["fix"]
    causes = [cause.what for cause in seen(provider, wiki.id, "saml_loop").causes]
    assert all(any(word in one for one in causes) for word in ("clock", "Audience", "certificate", "signed"))
    if registered["sign"] == "assertion":
        key = next(iter(provider.services.certificates.published("signing"))).kid
        tells(
            27, client="python3-saml", person=read(page), developer="", finding=finding,
            also={wiki.id: "WIKI", key: "<certificate>"},
        )  # fmt: skip


def test_Q4_the_loop_page_says_nothing_of_the_application_to_a_stranger(
    provider: Provider, crm: App, clock: Clock
) -> None:
    application, browser = Application(provider, crm), window(provider)

    def go() -> Answer:
        application.sign_in(browser)
        return browser.answers[-1]

    page = round_and_round(clock, go)
    assert VERIFIER not in page.text
    assert all(word not in page.text for word in (crm.secret or "-", "id_token_claims", "token endpoint"))
