"""U1: somebody makes an account themselves: address, mail, name, password, and on to the application."""

from __future__ import annotations

import pytest

from clients.registry import Draft, new_client_id
from idp.accounts.registering import waiting
from tests.backends import Clock
from tests.provider import App, Browser, Provider
from tests.recovery.post import collect
from tests.registering import post
from tests.registering.conftest import Open
from tests.registering.post import ZOE


def test_U1_an_account_is_made_once_the_address_is_proven_and_leads_on_to_the_application(
    provider: Provider, browser: Browser
) -> None:
    app = provider.add_client()
    login = provider.authorize(browser, app)
    (to,) = [a["href"] for a in login.dom.find("a", id="register")]
    first = browser.get(to)
    assert "CRM" in first.dom.text
    post.ask(browser, page=first)
    assert post.people(provider) == set()  # nothing is there before the address is proven
    (path,) = post.links(provider)
    assert post.people(provider) == set()
    done = post.choose(browser, post.enter(browser, path))
    consent = done if done.is_consent_page else browser.follow(done) if done.is_redirect and not done.sent else done
    answer = browser.submit(consent, "allow") if consent.is_consent_page else consent
    assert answer.code
    (person,) = provider.services.directory.list()
    assert (person.username, person.email, person.email_verified) == (ZOE, ZOE, True)
    assert (person.name, person.roles, person.groups) == ("Zoe Miller", (), ())
    assert person.claims["given_name"] == "Zoe"
    (added,) = provider.events("person:added")
    assert (added.actor, added.detail["by"], added.person_id) == ("registration", "self-registration", person.id)


@pytest.mark.spec("Initiating User Registration 1.0 4")
def test_U1_an_application_leads_to_it_by_prompt_create(provider: Provider, browser: Browser) -> None:
    app = provider.add_client()
    document = browser.get(".well-known/openid-configuration").json
    assert "create" in document["prompt_values_supported"]
    first = browser.follow(provider.authorize(browser, app, prompt="create"))
    assert "CRM" in first.dom.text
    post.ask(browser, page=first)
    (path,) = post.links(provider)
    done = post.choose(browser, post.enter(browser, path))
    consent = done if done.is_consent_page else browser.follow(done) if done.is_redirect and not done.sent else done
    answer = browser.submit(consent, "allow") if consent.is_consent_page else consent
    assert answer.code
    assert provider.authorize(browser, app, prompt="create none").error == "invalid_request"


def test_U1_where_nobody_may_make_an_account_there_is_no_prompt_create(open_provider: Open) -> None:
    closed = open_provider()
    browser = closed.browser()
    assert "create" not in browser.get(".well-known/openid-configuration").json["prompt_values_supported"]
    assert closed.authorize(browser, closed.add_client(), prompt="create").error == "invalid_request"


def test_U1_the_sign_in_page_offers_it_only_where_it_is_allowed(open_provider: Open, open_registering: Open) -> None:
    closed = open_provider()
    browser = closed.browser()
    assert "Create an account" not in browser.get("").dom.text
    page = browser.get("register")
    assert (page.status, "given out by admins" in page.dom.text) == (404, True)
    assert "email" not in {name for form in page.dom.forms for name in form.names()}
    opened = open_registering().browser()
    assert "Create an account" in opened.get("").dom.text


def test_U1_without_a_mail_server_nothing_is_offered(open_provider: Open) -> None:
    provider = open_provider(self_registration={"enabled": True, "domains": ["*"]})
    assert "Create an account" not in provider.browser().get("").dom.text
    assert provider.browser().get("register").status == 404


def test_U1_it_may_be_offered_for_some_applications_only_each_with_its_own_terms(open_registering: Open) -> None:
    shop_id = new_client_id()
    own = {"client_id": shop_id, "domains": ["customer.example"], "approval": True, "fields": ["reason"]}
    provider = open_registering(only_apps=True, apps=[own], domains=[])
    draft = Draft(name="Shop", profile="web", id=shop_id, metadata={"redirect_uris": ["https://shop.example/cb"]})
    made, crm = provider.services.registry.register(draft), provider.add_client("CRM")
    browser = provider.browser()
    assert browser.get("register").status == 404
    assert not provider.authorize(browser, crm).dom.find("a", id="register")
    login = provider.authorize(browser, App(made.client, made.client_secret))
    (to,) = [a["href"] for a in login.dom.find("a", id="register")]
    page = browser.get(to)
    assert "customer.example only" in post.ask(browser, "a@example.com", page).dom.text
    post.ask(browser, "a@customer.example", page)
    (path,) = post.links(provider)
    form = browser.get(path)
    assert dict(form.form.fields)["reason"] == ""
    assert "at Doorward, to go on to Shop" in browser.get("register").dom.text  # whoever asks once more
    assert "in a few words" in browser.submit(form, name="Ann Brook").dom.text
    assert "The admins know" in browser.submit(form, name="Ann Brook", reason="I buy things").dom.text
    (one,) = waiting.list_of(provider.services.db)
    assert (one.client_id, one.reason, one.email) == (shop_id, "I buy things", "a@customer.example")


def test_U1_the_mail_may_be_opened_on_another_device(provider: Provider, browser: Browser) -> None:
    path = post.link(provider, browser)
    phone = provider.browser("198.51.100.9")
    done = post.choose(phone, post.enter(phone, path))
    assert done.location == provider.issuer + "/"
    assert "Zoe Miller" in phone.follow(done).text


def test_U1_the_code_goes_on_in_the_browser_that_asked(provider: Provider, browser: Browser) -> None:
    page = post.ask(browser)
    (mail,) = collect(provider, "registration_confirm")
    wrong = browser.submit(page, code="0000 0000")
    assert "not the code of the newest mail" in wrong.dom.text
    other = provider.browser()
    ticket = dict(page.form.fields)["ticket"]
    theirs = post.ask(other, "other@example.com")
    assert other.submit(theirs, code=mail.code, ticket=ticket).location == provider.issuer + "/register"
    led = browser.submit(wrong, code=mail.code)
    assert led.location.startswith(f"{provider.issuer}/register/")
    assert post.choose(browser, post.enter(browser, led.location)).is_redirect
    # The mail's link stands for the same address, which has an account by now.
    again = post.enter(browser, post._LINK.search(mail.text)[1])  # type: ignore[index]
    assert "You have an account" in again.dom.text


def test_S56_five_wrong_codes_end_the_code_but_not_the_link(provider: Provider, browser: Browser) -> None:
    page = post.ask(browser)
    (mail,) = collect(provider, "registration_confirm")
    for _ in range(5):
        page = browser.submit(page, code="1111 1111")
    assert not browser.submit(page, code=mail.code).is_redirect
    assert browser.get(post._LINK.search(mail.text)[1]).status == 200  # type: ignore[index]


def test_U1_opening_the_link_uses_nothing_up_and_a_scanner_makes_no_account(
    provider: Provider, browser: Browser
) -> None:
    path = post.link(provider, browser)
    for _ in range(10):
        for method in ("HEAD", "GET"):
            assert provider.browser("198.51.100.8").open(method, path).status == 200
    assert provider.browser().post(path, {"name": "Robot"}).status == 403  # without a form key of its own page
    assert post.people(provider) == set()
    assert post.enter(browser, path).is_redirect


def test_U1_a_link_clicked_twice_leads_on_wherever_its_person_is(provider: Provider, browser: Browser) -> None:
    path = post.link(provider, browser)
    first, second = browser.get(path), browser.get(path)  # two tabs
    assert browser.submit(first, name="Zoe Miller").is_redirect  # and is closed at the password
    twice = browser.submit(second, name="Zoe Miller")
    assert "One step is left" in twice.dom.text
    later = browser.get(path)
    done = post.choose(browser, browser.submit(later, "go_on"))
    assert done.location == provider.issuer + "/"
    assert post.people(provider) == {ZOE}
    after = browser.get(path)
    assert (after.status, "You have an account" in after.dom.text) == (404, True)
    assert not browser.post(path, {**dict(browser.get("register").form.fields), "go_on": "1"}).is_redirect


def test_U1_whoever_stopped_at_the_password_gets_one_by_forgot_password(provider: Provider, browser: Browser) -> None:
    post.enter(browser, post.link(provider, browser))
    elsewhere = provider.browser()
    elsewhere.submit(elsewhere.get("help/password"), login=ZOE)
    (mail,) = collect(provider, "reset_password")
    page = elsewhere.get(mail.link)
    assert elsewhere.submit(page, password=post.PASSWORD, confirm=post.PASSWORD).location == provider.issuer + "/"


def test_U1_an_expired_link_says_so_and_offers_a_new_one(provider: Provider, browser: Browser, clock: Clock) -> None:
    path = post.link(provider, browser)
    clock.advance(61 * 60)
    page = browser.get(path)
    assert (page.status, "no longer works" in page.dom.text) == (404, True)
    assert page.dom.find("a", href="/register")
    assert browser.get("register/dwl_nothing").status == 404


def test_U1_what_was_typed_is_kept_and_every_problem_is_named(open_registering: Open) -> None:
    provider = open_registering(fields=["username", "phone_number"])
    browser = provider.browser()
    path = post.link(provider, browser)
    page = post.enter(browser, path, name=" ", username="admin", phone_number="12")
    assert page.status == 422
    for said in ("Type your name.", "not for people to choose", "with its country"):
        assert said in page.dom.text
    assert {"username": "admin", "phone_number": "12"}.items() <= dict(page.form.fields).items()
    done = browser.submit(page, name="Zoe", username="Zoe.M", phone_number="+49 30 1234567")
    assert done.is_redirect
    (person,) = provider.services.directory.list()
    assert (person.username, person.claims["phone_number"]) == ("zoe.m", "+49301234567")


def test_U1_a_username_that_is_taken_is_told_after_the_proof_only(open_registering: Open) -> None:
    provider = open_registering(fields=["username"])
    provider.add_person("taken")
    browser = provider.browser()
    page = post.enter(browser, post.link(provider, browser), username="taken")
    assert "This username is taken" in page.dom.text
    assert browser.submit(page, username="untaken").is_redirect  # the link was not used up


def test_U1_the_username_of_somebody_who_is_gone_or_renamed_is_taken_still(open_registering: Open) -> None:
    provider = open_registering(fields=["username"])
    gone, renamed = provider.add_person("Ann.Gone"), provider.add_person("bea.then")
    provider.services.directory.remove(gone.id)
    provider.services.directory.update(renamed.id, username="bea.now")
    browser = provider.browser()
    page = browser.get(post.link(provider, browser))
    for name in ("ann.gone", "bea.then", "bea.now"):
        refused = browser.submit(page, None, 0, name="Zoe", username=name)
        assert (refused.status, "This username is taken" in refused.dom.text) == (422, True)
    assert browser.submit(page, None, 0, name="Zoe", username="zoe").is_redirect


def test_U1_new_people_are_in_the_groups_of_the_settings_and_have_no_role(open_registering: Open) -> None:
    provider = open_registering(groups=["Guests"])
    browser = provider.browser()
    post.register(provider, browser)
    (person,) = provider.services.directory.list()
    assert (person.groups, person.roles) == (("Guests",), ())


def test_S59_no_field_sets_what_was_not_asked(provider: Provider, browser: Browser) -> None:
    page = browser.get(post.link(provider, browser))
    hostile = {"roles": "owner", "groups": "Admins", "email": "boss@example.com", "username": "boss", "claims": "{}"}
    browser.submit(page, None, 0, name="Zoe Miller", email_verified="1", nickname="Z", **hostile)
    (person,) = provider.services.directory.list()
    assert (person.email, person.username, person.roles, person.groups) == (ZOE, ZOE, (), ())
    assert set(person.claims) == {"given_name", "family_name", "locale"}


def test_P2_the_password_is_held_to_the_same_rules_as_any(provider: Provider, browser: Browser) -> None:
    entered = post.enter(browser, post.link(provider, browser))
    page = browser.follow(entered)
    refused = browser.submit(page, password="password1234567", confirm="password1234567")
    assert refused.dom.find("div", id="problems")


def test_U1_turned_off_meanwhile_the_link_makes_nothing(open_registering: Open, provider: Provider) -> None:
    browser = provider.browser()
    path = post.link(provider, browser)
    page = browser.get(path)
    object.__setattr__(provider.settings.self_registration, "domains", ["elsewhere.example"])
    assert browser.submit(page, name="Zoe").status == 404
    assert post.people(provider) == set()


@pytest.mark.parametrize("language", ["de", "fr"])
def test_A6_the_mail_and_the_page_behind_it_speak_the_language_of_who_asked(provider: Provider, language: str) -> None:
    browser = provider.browser()
    browser.headers["Accept-Language"] = language
    post.ask(browser)
    (mail,) = collect(provider, "registration_confirm")
    path = post._LINK.search(mail.text)[1]  # type: ignore[index]
    assert provider.browser().get(path).dom.find("html", lang=language)
