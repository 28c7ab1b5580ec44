"""S57, X: the table of attacks on an answer of another provider. Each is refused, by its own kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from idp.federation import checking
from tests.federation.stand_in import CLIENT, StandIn, another_key, by_public_key, unsigned
from tests.federation.visiting import Office
from tests.provider import Answer, App, Provider, public_jwk


def kind_of(office: Office, answer: Answer) -> str:
    """Under which kind it was recorded; it is an error page with its id."""
    assert answer.is_error_page, (answer.status, answer.location)
    (event,) = [event for event in office.provider.events() if event.error_id == answer.error_id]
    return event.action.removeprefix("error:")


@pytest.fixture
def refused(office: Office, crm: App) -> Callable[..., str]:
    """What comes of an answer that strays."""

    def come(**strays: Any) -> str:
        company = office.add(create=True)
        answer = office.come(office.provider.browser(), crm, company, **strays)
        kind = kind_of(office, answer)
        assert not office.provider.events("session:started")
        return kind

    return come


@pytest.mark.spec("OpenID Core 3.1.3.7")
@pytest.mark.parametrize(
    ("strays", "kind"),
    [
        ({"iss": "https://evil.example"}, "upstream_issuer"),
        ({"iss": None}, "upstream_signature"),
        ({"aud": "somebody-else"}, "upstream_audience"),
        ({"aud": [CLIENT, "somebody-else"]}, "upstream_audience"),
        ({"azp": "somebody-else"}, "upstream_audience"),
        ({"nonce": "another"}, "upstream_nonce"),
        ({"nonce": None}, "upstream_nonce"),
        ({"exp": 1}, "upstream_clock"),
        ({"exp": None}, "upstream_clock"),
        ({"iat": 1}, "upstream_clock"),
        ({"iat": 10**11}, "upstream_clock"),
        ({"nbf": 10**11}, "upstream_clock"),
        ({"at_hash": "c29tZXRoaW5nIGVsc2Uh"}, "upstream_signature"),
        ({"sub": ""}, "upstream_claim"),
        ({"sub": 7}, "upstream_claim"),
        ({"sub": "a" * 501}, "upstream_claim"),
    ],
    ids=[
        "iss", "no-iss", "aud", "aud-of-two", "azp", "nonce", "no-nonce", "expired", "no-exp", "iat-before",
        "iat-ahead", "nbf-ahead", "at_hash", "no-sub", "sub-is-a-number", "sub-is-long",
    ],
)  # fmt: skip
def test_s57_an_id_token_that_strays_signs_nobody_in(
    refused: Callable[..., str], strays: dict[str, Any], kind: str
) -> None:
    assert refused(**strays) == kind


@pytest.mark.spec("RFC8725 3.1")
def test_s57_no_other_key_and_no_weaker_algorithm_is_believed(office: Office, crm: App) -> None:
    there, browser = office.there, office.provider.browser()
    company = office.add(create=True)
    ways: list[Callable[[dict[str, Any]], str]] = [
        unsigned,
        lambda claims: by_public_key(there, claims),
        lambda claims: there.sign(claims, another_key()),
        lambda claims: there.sign(claims, another_key("k9")),
        lambda claims: there.sign(claims)[:-8] + "AAAAAAAA",
        lambda claims: there.sign(claims, another_key(), jwk=public_jwk(another_key())),
        lambda claims: there.sign(claims, typ="logout+jwt"),
        lambda claims: there.sign(claims, typ="at+jwt"),
    ]
    for way in ways:
        assert kind_of(office, office.come(browser, crm, company, token=way)) == "upstream_signature"
    assert not office.provider.events("session:started")


def test_k5_a_key_that_is_new_there_is_read_at_once_and_not_again_at_each_stranger(
    office: Office, crm: App, clock: Any
) -> None:
    there = office.there
    company = office.add(create=True)
    assert office.come(office.provider.browser(), crm, company).code
    there.key = another_key("k2")
    there.published = [public_jwk(there.key)]
    clock.advance(31)
    assert office.come(office.provider.browser(), crm, company).code
    before = there.asked.count("/keys")
    for number in range(5):
        key = another_key(f"made-up-{number}")
        office.come(office.provider.browser(), crm, company, token=lambda claims, key=key: there.sign(claims, key))
    assert there.asked.count("/keys") == before


def test_s57_a_state_that_is_unknown_used_or_another_browsers_is_worth_nothing(office: Office, crm: App) -> None:
    company, ann, mallory = office.add(create=True), office.provider.browser(), office.provider.browser()
    back = office.there.authorize(office.leave(ann, crm, company))
    changed = back.replace("state=", "state=x")
    assert kind_of(office, ann.get(changed)) == "upstream_gone"
    assert kind_of(office, ann.get(back.split("?")[0] + "?code=abc")) == "upstream_gone"
    # Login CSRF: mallory's own answer, carried into ann's browser, and the other way round.
    office.provider.authorize(mallory, crm)
    assert kind_of(office, mallory.get(back)) == "upstream_gone"
    assert not office.there.forms
    assert ann.get(back).code
    assert "code=" not in ann.get(back).location.partition("?")[0]
    assert kind_of(office, mallory.get(back)) == "upstream_gone"
    assert len(office.there.forms) == 1  # used once, however often it comes


def test_s57_a_code_of_one_sign_in_does_not_fit_another(office: Office, crm: App) -> None:
    """Code injection (RFC 9700 §4.5): PKCE and nonce belong to one request."""
    company, ann, mallory = office.add(create=True), office.provider.browser(), office.provider.browser()
    stolen = dict(parse_qsl(urlsplit(office.there.authorize(office.leave(ann, crm, company), "victim")).query))["code"]
    back = office.there.authorize(office.leave(mallory, crm, company), answer={"code": stolen})
    assert kind_of(office, mallory.get(back)) == "upstream_code"


@pytest.mark.spec("RFC9207 2.4")
@pytest.mark.parametrize(
    ("promises", "iss", "kind"),
    [
        (False, "https://evil.example", "upstream_issuer"),
        (True, None, "upstream_issuer"),
        (True, "https://evil.example", "upstream_issuer"),
    ],
    ids=["wrong", "promised-and-missing", "promised-and-wrong"],
)
def test_s57_mix_up_the_answers_iss_is_compared(
    office: Office, crm: App, promises: bool, iss: str | None, kind: str
) -> None:
    office.there.said["authorization_response_iss_parameter_supported"] = promises
    company, browser = office.add(create=True), office.provider.browser()
    back = office.there.authorize(office.leave(browser, crm, company), answer={"iss": iss})
    assert kind_of(office, browser.get(back)) == kind
    assert not office.there.forms  # the code is not sent anywhere


@pytest.mark.spec("RFC9700 4.4.2.1")
def test_s57_mix_up_an_answer_at_the_address_of_another_provider_is_nobodys(
    open_provider: Callable[..., Provider], there: StandIn, another: Callable[..., StandIn]
) -> None:
    evil = another()
    office = Office(open_provider(outbound={"allow": [there.origin, evil.origin]}), there)
    crm, browser = office.provider.add_client("CRM"), office.provider.browser()
    honest, other = office.add("Honest", create=True), office.add("Evil", create=True, there=evil)
    back = there.authorize(office.leave(browser, crm, honest))
    assert kind_of(office, browser.get(back.replace(honest.id, other.id))) == "upstream_issuer"
    assert not there.forms
    assert not evil.forms


def test_s57_the_same_subject_at_two_providers_is_two_people(
    open_provider: Callable[..., Provider], there: StandIn, another: Callable[..., StandIn]
) -> None:
    second = another()
    office = Office(open_provider(outbound={"allow": [there.origin, second.origin]}), there)
    crm = office.provider.add_client("CRM")
    one, two = office.add("One", create=True), office.add("Two", create=True, there=second)
    about = {"email": "ann@example.com", "email_verified": True}
    first = office.person(office.come(office.provider.browser(), crm, one, preferred_username="a", **about), crm)
    page = office.come(office.provider.browser(), crm, two, preferred_username="b", there=second, **about)
    assert page.is_login_page  # the address is somebody's here: never joined by it
    other = office.come(office.provider.browser(), crm, two, preferred_username="b", there=second)
    assert office.person(other, crm).id != first.id


def test_s57_a_provider_turned_off_or_removed_meanwhile_signs_nobody_in(office: Office, crm: App) -> None:
    for remove in (False, True):
        company, browser = office.add(f"Company {remove}", create=True), office.provider.browser()
        back = office.there.authorize(office.leave(browser, crm, company))
        if remove:
            office.remove(company)
        else:
            services = office.provider.services
            from dataclasses import replace

            from idp.federation import keeping

            off = keeping.Change(replace(company, enabled=False))
            keeping.change(services.db, services.sealer, off, services.clock(), record=lambda *_: None)
        assert kind_of(office, browser.get(back)) == "upstream_off"


def test_s57_the_way_back_is_the_applications_own_whatever_the_provider_sends(office: Office, crm: App) -> None:
    company, browser = office.add(create=True), office.provider.browser()
    location = office.leave(browser, crm, company)
    sent = {"redirect_uri": "https://evil.example", "next": "https://evil.example", "RelayState": "//evil.example"}
    answer = browser.get(office.there.authorize(location, answer=sent))
    assert answer.location.startswith("https://crm.example/cb?")


def test_s57_parameters_twice_are_no_answer(office: Office, crm: App) -> None:
    company, browser = office.add(create=True), office.provider.browser()
    back = office.there.authorize(office.leave(browser, crm, company))
    assert kind_of(office, browser.get(back + "&code=other")) == "upstream_answer"


@pytest.mark.parametrize("address", ["http://169.254.169.254", "https://127.0.0.1:9", "https://10.0.0.1"])
def test_s42_an_issuer_on_the_inside_is_not_asked(provider: Provider, there: StandIn, address: str) -> None:
    office = Office(provider, there)
    crm, browser = provider.add_client("CRM"), provider.browser()
    company = office.add(issuer=address)
    page = office.press(browser, provider.authorize(browser, crm), company)
    assert kind_of(office, page) == "upstream_down"
    assert address.partition("//")[2] not in page.dom.text


def test_s42_endpoints_that_a_document_names_on_the_inside_are_not_asked(office: Office, crm: App) -> None:
    company, browser = office.add(create=True), office.provider.browser()
    office.there.said["token_endpoint"] = "https://127.0.0.1:9/token"
    back = office.there.authorize(office.leave(browser, crm, company))
    assert kind_of(office, browser.get(back)) == "upstream_down"


@pytest.mark.spec("OpenID Discovery 4.3")
def test_s57_a_document_of_somebody_else_is_not_believed(office: Office, crm: App) -> None:
    office.there.said["issuer"] = "https://evil.example"
    browser = office.provider.browser()
    company = office.add()
    page = office.press(browser, office.provider.authorize(browser, crm), company)
    assert kind_of(office, page) == "upstream_issuer"


def test_s57_userinfo_of_another_account_is_not_believed(office: Office, crm: App) -> None:
    company, browser = office.add(create=True, userinfo=True), office.provider.browser()
    page = office.come(browser, crm, company, userinfo={"sub": "somebody-else"})
    assert kind_of(office, page) == "upstream_claim"


def test_s57_an_application_that_a_provider_is_not_for_does_not_lead_there(office: Office, crm: App) -> None:
    wiki = office.provider.add_client("Wiki")
    company, browser = office.add(apps=[wiki.id]), office.provider.browser()
    page = office.provider.authorize(browser, crm)
    assert not page.dom.find("button", name="provider")
    data = [*page.form.filled(None, {}), ("provider", company.id)]
    assert kind_of(office, browser.post("login/upstream", data)) == "upstream_off"


def test_o1_very_many_begun_from_one_network_are_held_up(
    office: Office, crm: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    from idp.federation import attempts

    monkeypatch.setattr(attempts, "MOST", 2)
    company, browser = office.add(), office.provider.browser()
    for _ in range(2):
        office.leave(browser, crm, company)
    page = office.press(browser, office.provider.authorize(browser, crm), company)
    assert page.status == 429


def test_x_an_answer_by_post_brings_its_cookies_by_one_more_get(office: Office, crm: App) -> None:
    """Apple's form_post comes from another site, so without Lax cookies."""
    company, browser = office.add(create=True, response_mode="form_post"), office.provider.browser()
    back = office.there.authorize(office.leave(browser, crm, company))
    path, _, query = back.partition("?")
    hop = browser.open("POST", path, parse_qsl(query), cookies=False)
    assert hop.status == 303
    assert "code=" not in hop.location
    assert browser.get(hop.location).code
    assert kind_of(office, browser.get(hop.location)) == "upstream_gone"
    stray = browser.open("POST", path, urlencode({"state": "x", "code": "y"}).encode(), cookies=False)
    assert stray.status == 400


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"subject": ["email"]}, "subject"),
        ({"subject": ["upn"]}, "subject"),
        ({"kind": "another"}, "kind"),
        ({"scopes": ["profile"]}, "scopes"),
        ({"issuer": "ftp://x"}, "issuer"),
        ({"issuer": "https://x.example/?a=b"}, "issuer"),
        ({"algorithms": ["none"]}, "algorithms"),
        ({"algorithms": ["HS256"]}, "algorithms"),
        ({"join": True}, "join"),
        ({"attributes": {"roles": "roles"}}, "attributes"),
        ({"attributes": {"email_verified": "x"}}, "attributes"),
        ({"proof": {"mfa": "owner"}}, "proof"),
        ({"template": "entra", "issuer": "https://login.microsoftonline.com/common/v2.0"}, "tenants"),
        ({"roles": ["owner"]}, "roles"),
        ({"create": "yes"}, "create"),
    ],
    ids=[
        "email-as-key", "upn-as-key", "no-such-kind", "no-openid", "ftp", "query", "none", "HS256", "join-nothing",
        "roles", "email_verified", "proof", "every-tenant", "unknown", "no-boolean",
    ],
)  # fmt: skip
def test_i7_what_would_be_dangerous_is_not_kept(said: dict[str, Any], field: str) -> None:
    given = {"name": "Company", "issuer": "https://id.example", "client_id": "us", **said}
    with pytest.raises(checking.InvalidProvider) as caught:
        checking.checked(given)
    assert caught.value.problems[0].field == field
