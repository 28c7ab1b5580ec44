"""J6: apps of one company on one device share a sign-in (OpenID Connect Native SSO 1.0). X23, S9."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clients.access import Access
from clients.errors import InvalidMetadata
from idp.accounts.person import Person
from idp.admin import sessions
from idp.admin.actor import of_shell
from idp.oidc.grants.native_sso import DEVICE_SECRET_TYPE
from idp.oidc.grants.token_exchange import GRANT_TYPE
from idp.oidc.ledger import devices, families
from idp.oidc.tokens import ACCESS_TOKEN_TYPE, ID_TOKEN_TYPE
from tests.backends import Clock
from tests.oidc.consents import take_consent_back
from tests.oidc.verifying import verified
from tests.provider import Answer, App, Browser, Provider

SCOPE = "openid email device_sso offline_access"
GRANTS = ["authorization_code", "refresh_token", GRANT_TYPE]


def app_of(provider: Provider, name: str, **said: Any) -> App:
    values = {"scope": SCOPE, "grant_types": GRANTS, "native_sso_group": "field", "consent": "implicit", **said}
    return provider.add_client(name, "native", redirect_uris=[f"com.example.{name.lower()}:/cb"], **values)


@pytest.fixture
def mail(provider: Provider) -> App:
    return app_of(provider, "Mail")


@pytest.fixture
def chat(provider: Provider) -> App:
    return app_of(provider, "Chat")


def first(provider: Provider, app: App, browser: Browser, **form: Any) -> dict[str, Any]:
    """The first app signs somebody in, through the browser of the phone."""
    code = provider.sign_in(browser, app, scope=SCOPE).code
    answer = provider.redeem(app, code, **form)
    assert answer.status == 200, answer.text
    return dict(answer.json)


def exchange(provider: Provider, app: App, held: dict[str, Any], **form: Any) -> Answer:
    data = {
        "grant_type": GRANT_TYPE, "audience": provider.issuer, "subject_token": held["id_token"],
        "subject_token_type": ID_TOKEN_TYPE, "actor_token": held["device_secret"],
        "actor_token_type": DEVICE_SECRET_TYPE, "scope": SCOPE, **form,
    }  # fmt: skip
    return provider.post("oauth/token", app, [(name, value) for name, value in data.items() if value is not None])


@pytest.mark.spec("Native SSO 1.0 3.4")
@pytest.mark.spec("Native SSO 1.0 4.4")
def test_J6_the_second_app_is_signed_in_without_a_page(
    provider: Provider, ann: Person, browser: Browser, mail: App, chat: App
) -> None:
    held = first(provider, mail, browser)
    claims = verified(provider, held["id_token"], audience=mail.id)
    assert held["device_secret"].startswith("dws_")
    assert claims["ds_hash"]
    assert held["device_secret"] not in str(claims)
    answer = exchange(provider, chat, held)
    assert answer.status == 200, answer.text
    told = answer.json
    assert set(told) == {
        "access_token", "issued_token_type", "token_type", "expires_in", "scope", "refresh_token", "id_token",
        "device_secret",
    }  # fmt: skip
    assert told["issued_token_type"] == ACCESS_TOKEN_TYPE
    own = verified(provider, told["id_token"], audience=chat.id)
    assert (own["sub"], own["sid"], own["ds_hash"], own["auth_time"]) == (
        ann.id, claims["sid"], claims["ds_hash"], claims["auth_time"],
    )  # fmt: skip
    assert provider.userinfo(told["access_token"]).json["sub"] == ann.id
    [event] = provider.events("token:native_sso")
    assert (event.person_id, event.client_id, event.detail["of"]) == (ann.id, chat.id, mail.id)
    assert exchange(provider, mail, told).status == 200  # and it goes on from there, in any order
    assert provider.refresh(chat, told["refresh_token"]).status == 200


@pytest.mark.spec("Native SSO 1.0 5")
def test_J6_discovery_says_that_it_is_there(provider: Provider) -> None:
    document = provider.browser().get(".well-known/openid-configuration").json
    assert document["native_sso_supported"] is True
    assert "device_sso" in document["scopes_supported"]


def test_J6_it_is_off_until_an_admin_names_the_group(provider: Provider, ann: Person, browser: Browser) -> None:
    for wrong, profile in (
        ({"scope": "openid device_sso"}, "native"),
        ({"grant_types": GRANTS}, "native"),
        ({"native_sso_group": "field"}, "web"),
        ({"grant_types": GRANTS}, "spa"),
    ):
        with pytest.raises(InvalidMetadata, match="native_sso_group"):
            provider.add_client("Mail", profile, redirect_uris=["https://mail.example/cb"], **wrong)
    plain = provider.add_client("Plain", "native", redirect_uris=["com.example.plain:/cb"], consent="implicit")
    told = provider.tokens(plain, scope=SCOPE)
    assert "device_secret" not in told
    assert "device_sso" not in told["scope"]


def test_J6_X23_only_apps_of_one_group_share(provider: Provider, ann: Person, browser: Browser, mail: App) -> None:
    held = first(provider, mail, browser)
    stranger = app_of(provider, "Bank", native_sso_group="office")
    assert exchange(provider, stranger, held).error == "unauthorized_client"
    provider.services.registry.update(mail.id, {"native_sso_group": "office"})
    assert exchange(provider, stranger, held).status == 200
    web = provider.add_client("Web", grant_types=GRANTS)
    assert exchange(provider, web, held).error == "unauthorized_client"


@pytest.mark.spec("Native SSO 1.0 4.3")
def test_J6_both_tokens_must_belong_together(
    provider: Provider, ann: Person, browser: Browser, mail: App, chat: App
) -> None:
    held, other = first(provider, mail, browser), first(provider, mail, provider.browser())
    for form, error in (
        ({"actor_token": other["device_secret"]}, "invalid_grant"),
        ({"actor_token": held["device_secret"][:-2] + "AA"}, "invalid_grant"),
        ({"actor_token": "dws_x"}, "invalid_grant"),
        ({"actor_token": ""}, "invalid_grant"),
        ({"subject_token": held["access_token"]}, "invalid_grant"),
        ({"subject_token": held["id_token"][:-3]}, "invalid_grant"),
        ({"subject_token_type": ACCESS_TOKEN_TYPE}, "invalid_request"),
        ({"requested_token_type": ID_TOKEN_TYPE}, "invalid_request"),
        ({"audience": None}, "invalid_target"),
        ({"audience": "https://else.example"}, "invalid_target"),
        ({"resource": "https://api.example/"}, "invalid_target"),
        ({"scope": "payments"}, "invalid_scope"),
        ({"actor_token_type": ACCESS_TOKEN_TYPE}, "unauthorized_client"),
        ({"actor_token_type": None}, "unauthorized_client"),
    ):
        assert exchange(provider, chat, held, **form).error == error, form
    plain = provider.tokens(mail, browser, scope="openid")
    assert exchange(provider, chat, {**held, "id_token": plain["id_token"]}).error == "invalid_grant"
    assert exchange(provider, chat, held).status == 200  # nothing of it has used anything up


@pytest.mark.spec("Native SSO 1.0 3.2")
def test_J6_S9_a_device_secret_is_replaced_at_each_use_and_one_of_before_ends_the_device(
    provider: Provider, ann: Person, browser: Browser, mail: App, chat: App, clock: Clock
) -> None:
    held = first(provider, mail, browser)
    told = exchange(provider, chat, held).json
    assert told["device_secret"] != held["device_secret"]
    assert exchange(provider, mail, held).json["device_secret"] == told["device_secret"]  # at the same moment
    clock.advance(30)
    again = provider.refresh(mail, held["refresh_token"], device_secret=told["device_secret"]).json
    assert again["device_secret"] not in (held["device_secret"], told["device_secret"])
    clock.advance(30)
    assert exchange(provider, chat, {**held, "device_secret": told["device_secret"]}).error == "invalid_grant"
    assert provider.events("device:reused")
    assert exchange(provider, chat, {**held, "device_secret": again["device_secret"]}).error == "invalid_grant"
    for app, token in ((mail, again["refresh_token"]), (chat, told["refresh_token"])):
        assert provider.refresh(app, token).error == "invalid_grant"
    assert provider.whoami(told["access_token"]).status == 401


def test_J6_S9_a_refresh_with_a_replaced_secret_gives_nothing(
    provider: Provider, ann: Person, browser: Browser, mail: App, chat: App, clock: Clock
) -> None:
    held = first(provider, mail, browser)
    exchange(provider, chat, held)
    clock.advance(30)
    answer = provider.refresh(mail, held["refresh_token"], device_secret=held["device_secret"])
    assert answer.error == "invalid_grant"
    assert provider.refresh(mail, held["refresh_token"]).error == "invalid_grant"


@pytest.mark.spec("Native SSO 1.0 3.3")
def test_J6_an_app_that_signs_in_by_itself_joins_the_device_that_it_shows(
    provider: Provider, ann: Person, browser: Browser, mail: App, chat: App, clock: Clock
) -> None:
    held = first(provider, mail, browser)
    joined = first(provider, chat, browser, device_secret=held["device_secret"])
    assert joined["device_secret"] != held["device_secret"]
    hashes = {verified(provider, one["id_token"], audience=app.id)["ds_hash"]
              for one, app in ((held, mail), (joined, chat))}  # fmt: skip
    assert len(hashes) == 1
    browser.submit(browser.get("logout"), "confirm")
    clock.advance(60)
    anew = first(provider, chat, browser, device_secret=joined["device_secret"])  # the same phone on the next day
    assert verified(provider, anew["id_token"], audience=chat.id)["ds_hash"] in hashes
    assert exchange(provider, mail, anew).status == 200
    provider.add_person("bob")
    other = provider.browser()
    code = provider.sign_in(other, mail, "bob", scope=SCOPE).code
    of_bob = provider.redeem(mail, code, device_secret=anew["device_secret"]).json
    assert verified(provider, of_bob["id_token"], audience=mail.id)["ds_hash"] not in hashes


@pytest.mark.parametrize("what", ["session", "person", "access", "first app", "consent of the first", "access there",
                                  "refresh token", "device", "everything"])  # fmt: skip
def test_J6_X23_it_is_given_only_while_the_sign_in_stands(
    provider: Provider, ann: Person, browser: Browser, mail: App, chat: App, clock: Clock, what: str
) -> None:
    services = provider.services
    held = first(provider, mail, browser)
    refresh_token = held["refresh_token"]
    held = exchange(provider, chat, held).json | {"id_token": held["id_token"]}
    clock.advance(1)
    if what == "session":
        browser.submit(browser.get("logout"), "confirm")
    elif what == "person":
        services.directory.disable(ann.id)
    elif what == "access":
        services.registry.change_access(chat.id, lambda _: Access.only(groups=["board"]))
    elif what == "access there":
        services.registry.change_access(mail.id, lambda _: Access.only(groups=["board"]))
    elif what == "first app":
        services.registry.disable(mail.id)
    elif what == "consent of the first":
        take_consent_back(provider, browser, mail)
    elif what == "refresh token":  # the first app gave back what it had, while the session goes on
        provider.revoke(mail, refresh_token)
    elif what == "device":
        provider.revoke(chat, held["device_secret"])
        assert provider.refresh(mail, refresh_token).error == "invalid_grant"
    else:
        services.directory.drop_password(ann.id, detail={})
    assert exchange(provider, chat, held).error in ("invalid_grant", "invalid_request"), what


def test_J6_X23_the_rules_of_signing_in_hold_there_as_well(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    provider = open_provider(factors={"personal": "never"})
    provider.add_person("ann")
    mail, chat = app_of(provider, "Mail"), app_of(provider, "Chat")
    held = first(provider, mail, provider.browser())
    provider.add_rule(need="second", why="Not by a password alone.", apps=[chat.id])
    assert exchange(provider, chat, held).error == "invalid_request"


@pytest.mark.spec("Native SSO 1.0 4.3")
def test_J6_what_a_page_would_have_to_ask_about_is_not_given(
    provider: Provider, ann: Person, browser: Browser, mail: App
) -> None:
    notes = app_of(provider, "Notes", consent="explicit")
    held = first(provider, mail, browser)
    assert exchange(provider, notes, held).error == "invalid_scope"
    browser.submit(provider.authorize(browser, notes, scope="openid email"), "allow")
    assert exchange(provider, notes, held, scope="openid email").status == 200
    assert exchange(provider, notes, held, scope=None).json["scope"] == "openid email"
    assert exchange(provider, notes, held, scope="openid email offline_access").error == "invalid_scope"


def test_J6_the_ID_token_may_have_run_out_while_the_session_stands(
    provider: Provider, ann: Person, browser: Browser, mail: App, chat: App, clock: Clock
) -> None:
    held = first(provider, mail, browser)
    clock.advance(2000)
    assert exchange(provider, chat, held).status == 200


def test_J6_an_application_that_uses_none_of_it_costs_no_look_more(
    provider: Provider, ann: Person, browser: Browser
) -> None:
    app = provider.add_client("Web")
    code = provider.sign_in(browser, app).code
    reads, writes, answer = provider.counted(lambda: provider.redeem(app, code, device_secret="dws_x.y"))
    assert answer.status == 200
    assert not [one for one in (*reads, *writes) if "native_devices" in one]


def test_J6_a_person_sees_the_device_with_its_apps_and_ends_it(
    provider: Provider, ann: Person, browser: Browser, mail: App, chat: App, clock: Clock
) -> None:
    phone = provider.browser()
    held = first(provider, mail, phone)
    told = exchange(provider, chat, held).json
    clock.advance(5)
    desk = provider.add_client("Calendar", scope="openid offline_access")
    kept = provider.tokens(desk, browser, scope="openid offline_access")
    page = browser.get("sessions")
    assert "Chat, Mail" in page.dom.text
    assert "Calendar" in page.dom.text
    forms = [n for n, one in enumerate(page.dom.forms) if "connected" in one.names()]
    assert len(forms) == 2  # the phone with both of its apps, and what stays connected by itself
    assert browser.submit(page, form=forms[1]).is_redirect  # the one that was used before the other
    assert provider.refresh(mail, held["refresh_token"]).error == "invalid_grant"
    assert provider.refresh(chat, told["refresh_token"]).error == "invalid_grant"
    assert exchange(provider, chat, {**held, **told}).error == "invalid_grant"
    assert provider.refresh(desk, kept["refresh_token"]).status == 200
    [event] = provider.events("device:ended")
    assert (event.person_id, event.detail["apps"]) == (ann.id, ["Chat", "Mail"])
    stranger = provider.add_person("bob")
    assert stranger.id != ann.id
    other = provider.browser()
    other.log_in(other.get("sessions"), "bob")
    page = other.get("sessions")
    assert "Calendar" not in page.dom.text


def test_J6_an_admin_sees_the_device_and_ends_it(
    provider: Provider, ann: Person, browser: Browser, mail: App, chat: App
) -> None:
    services, admin = provider.services, of_shell("an admin")
    held = first(provider, mail, browser)
    exchange(provider, chat, held)
    [device] = sessions.connected_of(services, ann)
    assert (device.applications, device.lasts) == (("Chat", "Mail"), True)
    assert device.browser
    sessions.end(services, admin, ann, device.id)
    assert sessions.connected_of(services, ann) == ()
    assert provider.refresh(mail, held["refresh_token"]).error == "invalid_grant"
    with pytest.raises(sessions.NoSuchSession):
        sessions.end(services, admin, ann, device.id)


@pytest.mark.spec("Native SSO 1.0 4.3")
@pytest.mark.parametrize("way", ["exchange", "code"])
def test_X23_a_device_that_is_ended_while_an_app_comes_with_its_secret_gives_nothing(
    provider: Provider, ann: Person, browser: Browser, mail: App, chat: App, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    held = first(provider, mail, browser)
    code = provider.sign_in(browser, chat, scope=SCOPE).code
    plain, device_id = families.new_access, held["device_secret"].removeprefix("dws_").partition(".")[0]

    def ended_meanwhile(*given: Any) -> Any:  # after all was looked at, and before anything is written
        with provider.services.db.transaction() as tx:
            assert devices.end(tx, ann.id, device_id, provider.services.clock(), devices.REUSED)
        return plain(*given)

    monkeypatch.setattr(families, "new_access", ended_meanwhile)
    if way == "exchange":
        answer = exchange(provider, chat, held)
    else:
        answer = provider.redeem(chat, code, device_secret=held["device_secret"])
    assert answer.error == "invalid_grant"
    assert not [one for one in provider.events("token:native_sso") if one.client_id == chat.id]


@pytest.mark.spec("Native SSO 1.0 4.3")
def test_X23_an_app_that_is_taken_out_of_the_group_loses_what_it_got_by_another_ones_sign_in(
    provider: Provider, ann: Person, browser: Browser, mail: App, chat: App
) -> None:
    held = first(provider, mail, browser)
    told = exchange(provider, chat, held).json
    alone = {"native_sso_group": None, "scope": SCOPE.replace("device_sso ", ""), "grant_types": GRANTS[:2]}
    for app in (mail, chat):
        provider.services.registry.update(app.id, alone)
    assert provider.userinfo(told["access_token"]).status == 401
    assert provider.refresh(chat, told["refresh_token"]).error == "invalid_grant"
    assert provider.refresh(mail, held["refresh_token"]).status == 200  # it came by the browser
