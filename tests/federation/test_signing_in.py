"""I1, I6: through another provider to an application, which sees one provider and the same `sub` for ever."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.federation.stand_in import SECRET
from tests.federation.visiting import Office
from tests.provider import App


def test_i1_somebody_new_is_made_by_the_providers_rule_and_keeps_their_sub(office: Office, crm: App) -> None:
    company = office.add(create=True, domains=["example.com"])
    about = {"preferred_username": "bob", "name": "Bob There", "email": "bob@example.com", "email_verified": True}
    first = office.person(office.come(office.provider.browser(), crm, company, **about), crm)
    assert (first.username, first.name, first.email, first.email_verified) == (
        "bob", "Bob There", "bob@example.com", True,
    )  # fmt: skip
    moved = {**about, "preferred_username": "robert", "email": "robert@example.com"}
    again = office.person(office.come(office.provider.browser(), crm, company, **moved), crm)
    assert again.id == first.id


@pytest.mark.spec("RFC7636 4.3")
@pytest.mark.spec("OpenID Core 3.1.2.1")
def test_i1_the_request_has_pkce_nonce_and_a_redirect_uri_of_the_providers_own(office: Office, crm: App) -> None:
    company = office.add()
    location = office.leave(office.provider.browser(), crm, company, login_hint="ann@example.com")
    asked = dict(parse_qsl(urlsplit(location).query))
    assert asked["code_challenge_method"] == "S256"
    assert asked["scope"] == "openid profile email"
    assert asked["redirect_uri"] == f"{office.provider.issuer}/upstream/callback/{company.id}"
    assert asked["login_hint"] == "ann@example.com"
    assert len(asked["state"]) >= 43 <= len(asked["nonce"])
    assert "prompt" not in asked


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "private_key_jwt"])
def test_i1_each_way_of_client_authentication_is_understood(office: Office, crm: App, method: str) -> None:
    company = office.add(create=True, auth_method=method)
    assert office.come(office.provider.browser(), crm, company).code
    form = office.there.forms[-1]
    assert ("client_secret" in form) is (method == "client_secret_post")
    assert ("client_assertion" in form) is (method == "private_key_jwt")


def test_s17_the_secret_is_sealed_and_stands_on_no_page_and_in_no_event(office: Office, crm: App) -> None:
    office.add()
    row = office.provider.services.db.all(_everything())[0]
    assert SECRET not in str(row)
    assert all(SECRET not in str(event) for event in office.provider.events())
    assert SECRET not in office.provider.authorize(office.provider.browser(), crm).text


def _everything() -> object:
    from idp.federation.store import ALL

    return ALL


def test_i6_whoever_has_an_account_here_proves_it_once_and_then_both_are_one(office: Office, crm: App) -> None:
    ann = office.provider.add_person("ann")
    company, browser = office.add(), office.provider.browser()
    page = office.come(browser, crm, company, email="ann@example.com", email_verified=True)
    assert "knows you as ann@example.com" in page.dom.text
    assert not page.dom.find("button", name="provider")
    assert office.person(browser.log_in(page, "ann"), crm).id == ann.id
    again = office.come(office.provider.browser(), crm, company, email="ann@example.com")
    assert office.person(again, crm).id == ann.id


def test_i6_a_password_that_is_wrong_connects_nothing(office: Office, crm: App) -> None:
    office.provider.add_person("ann")
    company, browser = office.add(), office.provider.browser()
    page = office.come(browser, crm, company)
    assert "is not right" in browser.log_in(page, "ann", "wrong").dom.text
    page = office.come(office.provider.browser(), crm, company)
    assert page.is_login_page


def test_i6_a_declared_provider_speaks_for_a_verified_address_of_its_domain(office: Office, crm: App) -> None:
    ann = office.provider.add_person("ann", email_verified=True)
    company = office.add(join=True, domains=["example.com"])
    about = {"email": "Ann@example.com", "email_verified": True}
    assert office.person(office.come(office.provider.browser(), crm, company, **about), crm).id == ann.id


@pytest.mark.parametrize(
    ("said", "about", "here"),
    [
        ({}, {"email_verified": True}, {}),
        ({"join": True, "domains": ["example.org"]}, {"email_verified": True}, {}),
        ({"join": True, "domains": ["example.com"]}, {"email_verified": False}, {}),
        ({"join": True, "domains": ["example.com"]}, {}, {}),
        ({"join": True, "domains": ["example.com"]}, {"email_verified": "yes"}, {}),
        ({"join": True, "domains": ["example.com"]}, {"email_verified": True}, {"email_verified": False}),
        ({"join": True, "domains": ["example.com"]}, {"email_verified": True}, {"roles": ("owner",)}),
        ({"create": True, "domains": ["example.com"]}, {"email_verified": True}, {}),
    ],
    ids=["not-declared", "another-domain", "unverified", "unsaid", "not-a-yes", "unverified-here", "rights", "create"],
)  # fmt: skip
def test_i6_an_address_alone_is_never_enough(
    office: Office, crm: App, said: dict[str, object], about: dict[str, object], here: dict[str, object]
) -> None:
    office.provider.add_person("ann", **{"email_verified": True, **here})  # type: ignore[arg-type]
    company = office.add(**said)
    page = office.come(office.provider.browser(), crm, company, email="ann@example.com", **about)
    assert page.is_login_page, page.status
    assert "Sign in once with the account that you have here" in page.dom.text


def test_i6_a_name_that_exists_here_is_not_taken_over_by_somebody_new(office: Office, crm: App) -> None:
    office.provider.add_person("ann", email=None)
    company = office.add(create=True)
    page = office.come(office.provider.browser(), crm, company, preferred_username="ann")
    assert "Sign in once with the account that you have here" in page.dom.text


def test_i6_an_unverified_address_of_another_domain_is_nobodys_name_here(office: Office, crm: App) -> None:
    company = office.add(create=True, domains=["example.com"])
    about = {"preferred_username": "bob", "email": "boss@elsewhere.example"}
    assert office.person(office.come(office.provider.browser(), crm, company, **about), crm).email is None


def test_i6_a_provider_made_again_under_the_same_name_is_another_one(office: Office, crm: App) -> None:
    company = office.add(create=True)
    before = office.person(office.come(office.provider.browser(), crm, company, preferred_username="bob"), crm)
    office.remove(company)
    company = office.add(create=True)
    page = office.come(office.provider.browser(), crm, company, preferred_username="bob")
    assert page.is_login_page  # the name is somebody's: they prove it
    other = office.come(office.provider.browser(), crm, company, preferred_username="bob2")
    assert office.person(other, crm).id != before.id


def test_i6_a_subject_of_somebody_removed_here_is_somebody_new(office: Office, crm: App) -> None:
    company = office.add(create=True)
    before = office.person(office.come(office.provider.browser(), crm, company, preferred_username="bob"), crm)
    office.provider.services.directory.remove(before.id)
    after = office.person(office.come(office.provider.browser(), crm, company, preferred_username="bob"), crm)
    assert after.id != before.id


def test_i9_somebody_disabled_here_is_out_whatever_the_other_provider_says(office: Office, crm: App) -> None:
    company = office.add(create=True)
    bob = office.person(office.come(office.provider.browser(), crm, company), crm)
    office.provider.services.directory.disable(bob.id)
    assert "turned off" in office.come(office.provider.browser(), crm, company).dom.text


def test_i5_whoever_cancels_there_finds_every_other_way_here(office: Office, crm: App) -> None:
    office.provider.add_person("ann")
    company, browser = office.add(), office.provider.browser()
    location = office.leave(browser, crm, company)
    back = office.there.authorize(location, answer={"code": None, "error": "access_denied"})
    page = browser.get(back)
    assert "Nobody signed in at Company" in page.dom.text
    assert browser.log_in(page, "ann").code


def test_l8_a_reload_of_the_callback_leads_on(office: Office, crm: App) -> None:
    company, browser = office.add(create=True), office.provider.browser()
    back = office.there.authorize(office.leave(browser, crm, company))
    assert browser.get(back).code
    on = browser.get(back)
    assert on.location.startswith(f"{office.provider.issuer}/oauth/authorize")
    assert len(office.there.forms) == 1


def test_i8_a_factor_there_counts_as_one_here_unless_the_table_says_more(office: Office, crm: App) -> None:
    office.provider.add_rule(need="second")
    company = office.add(create=True, proof={"mfa": "second"})
    page = office.come(office.provider.browser(), crm, company, amr=["pwd"])
    assert page.status == 200
    assert "second step" in page.dom.text
    answer = office.come(office.provider.browser(), crm, company, amr=["pwd", "mfa"])
    claims = office.provider.redeem(crm, answer.code).json["id_token"]
    assert _claims(claims)["amr"] == ["mfa"]
    assert _claims(claims)["acr"] == "https://refeds.org/profile/mfa"


def test_i8_by_itself_no_value_of_amr_counts(office: Office, crm: App) -> None:
    company = office.add(create=True)
    answer = office.come(office.provider.browser(), crm, company, amr=["mfa", "hwk"], acr="phr")
    claims = _claims(office.provider.redeem(crm, answer.code).json["id_token"])
    assert not claims.get("amr")
    assert "acr" not in claims


def _claims(token: str) -> dict[str, object]:
    import jwt

    claims: dict[str, object] = jwt.decode(token, options={"verify_signature": False})
    return claims


def test_s57_a_fresh_sign_in_is_asked_for_there_and_its_time_is_told(office: Office, crm: App) -> None:
    company, browser = office.add(create=True), office.provider.browser()
    location = office.leave(browser, crm, company, prompt="login", max_age="60")
    asked = dict(parse_qsl(urlsplit(location).query))
    assert (asked["prompt"], asked["max_age"]) == ("login", "60")
    now = int(office.provider.clock())
    answer = browser.get(office.there.authorize(location, auth_time=now))
    assert _claims(office.provider.redeem(crm, answer.code).json["id_token"])["auth_time"] == now


def test_s57_an_old_proof_or_none_is_not_taken_for_a_fresh_one(office: Office, crm: App) -> None:
    company = office.add(create=True)
    for said in ({"auth_time": int(office.provider.clock()) - 3600}, {}):
        browser = office.provider.browser()
        page = office.come(browser, crm, company, asked={"prompt": "login"}, **said)
        assert page.is_error_page
        assert office.provider.events("error:upstream_not_fresh")


def test_s57_without_a_demand_the_time_there_is_the_time_of_the_session(office: Office, crm: App) -> None:
    company, browser = office.add(create=True), office.provider.browser()
    before = int(office.provider.clock()) - 3600
    answer = office.come(browser, crm, company, auth_time=before)
    assert _claims(office.provider.redeem(crm, answer.code).json["id_token"])["auth_time"] == before
    page = office.provider.authorize(browser, crm, max_age="60")
    assert page.status == 200  # asked again


def test_i6_an_address_that_nobody_vouches_for_becomes_nobodys_name_to_sign_in_with(office: Office, crm: App) -> None:
    """Names and addresses are one space: the boss's would be taken before they come (nOAuth)."""
    company, boss = office.add(create=True, domains=["example.com"]), "boss@elsewhere.example"
    told = ({"email": boss}, {"preferred_username": boss}, {"email": "boss@example.com", "preferred_username": boss})
    for number, about in enumerate(told):
        came = office.come(office.provider.browser(), crm, company, f"mallory-{number}", **about)
        assert "@" not in office.person(came, crm).username
    about = {"preferred_username": "Ann@example.com", "email": "ann@example.com", "email_verified": True}
    assert (
        office.person(office.come(office.provider.browser(), crm, company, **about), crm).username == "Ann@example.com"
    )
    assert office.provider.services.directory.find_by_login(boss) is None
