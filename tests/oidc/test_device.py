"""The device grant (RFC 8628): a program without a keyboard asks, its person answers elsewhere. S36, X7, X23, X24."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clients.access import Access
from idp.accounts.person import Person
from idp.oidc.decoupled import user_codes
from idp.oidc.device import PUBLIC_A_MINUTE
from idp.portal.device import TRIES
from tests.backends import Clock
from tests.oidc.devices import GRANT, approve, ask, begun, come, form_of, poll
from tests.oidc.test_dpop import proof
from tests.provider import Answer, App, Browser, Provider, new_key


@pytest.fixture
def tv(provider: Provider, ann: Person) -> App:
    """An application on televisions: it keeps no secret and has no redirect URI."""
    return provider.add_client("TV", "native", grant_types=[GRANT, "refresh_token"], redirect_uris=[])


@pytest.mark.spec("RFC 8628 3.2")
def test_S36_a_device_is_told_what_to_show(provider: Provider, tv: App) -> None:
    answer = ask(provider, tv)
    told = answer.json
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(told) == {
        "device_code", "user_code", "verification_uri", "verification_uri_complete", "expires_in", "interval",
    }  # fmt: skip
    assert (told["expires_in"], told["interval"]) == (600, 5)
    assert told["verification_uri"] == provider.issuer + "/device"
    assert told["verification_uri_complete"] == f"{provider.issuer}/device?user_code={told['user_code']}"
    assert told["device_code"].startswith("dwd_")
    assert len(told["device_code"].partition(".")[2]) == 43  # 256 bits
    letters = told["user_code"].replace("-", "")
    assert len(letters) == 8
    assert not set(letters) & set("AEIOUY0123456789")
    assert len({begun(provider, tv)["user_code"] for _ in range(20)}) == 20


@pytest.mark.spec("RFC 8628 3.5")
def test_S36_the_whole_way_of_a_public_device(provider: Provider, browser: Browser, tv: App, clock: Clock) -> None:
    device = begun(provider, tv, scope="openid profile offline_access")
    assert poll(provider, tv, device).error == "authorization_pending"
    page = come(browser, device)
    assert page.is_consent_page
    assert "TV" in page.dom.text
    assert device["user_code"] in page.dom.text
    assert "only if you started this yourself" in page.dom.text
    done = browser.submit(page, "allow")
    assert "Your device is connected" in done.dom.text
    answer = poll(provider, tv, device)  # at once: what is answered is told however fast it is asked for
    assert answer.status == 200, answer.text
    told = answer.json
    assert set(told["scope"].split()) == {"openid", "profile", "offline_access"}
    assert provider.userinfo(told["access_token"]).json["preferred_username"] == "ann"
    again = provider.refresh(tv, told["refresh_token"])
    assert again.status == 200, again.text
    assert [event.detail["scopes"] for event in provider.events("device:approved")] == ["openid profile offline_access"]


@pytest.mark.parametrize("kind", ["web", "key"])
def test_S36_an_application_with_a_secret_or_a_key_proves_itself(
    provider: Provider, browser: Browser, ann: Person, kind: str
) -> None:
    key = new_key() if kind == "key" else None
    app = provider.add_client("Printer", grant_types=[GRANT], redirect_uris=[], key=key)
    device = begun(provider, app)
    approve(browser, device)
    stranger = replace(app, secret="wrong", key=new_key() if key else None)
    assert poll(provider, stranger, device).error == "invalid_client"
    answer = poll(provider, app, device)
    assert answer.status == 200, answer.text
    assert "refresh_token" not in answer.json


@pytest.mark.spec("RFC 8628 3.5")
def test_S36_asking_too_fast_is_slow_down_and_costs_five_seconds_for_good(
    provider: Provider, tv: App, clock: Clock
) -> None:
    device = begun(provider, tv)
    assert poll(provider, tv, device).error == "authorization_pending"
    clock.advance(4.5)  # a little early is the network's doing
    assert poll(provider, tv, device).error == "authorization_pending"
    clock.advance(1)
    answer = poll(provider, tv, device)
    assert (answer.status, answer.error) == (400, "slow_down")
    assert "10 seconds" in answer.json["error_description"]
    clock.advance(5)
    assert poll(provider, tv, device).error == "slow_down"
    clock.advance(15)
    assert poll(provider, tv, device).error == "authorization_pending"
    clock.advance(10)
    assert poll(provider, tv, device).error == "slow_down"


def test_S36_not_yet_and_not_so_fast_are_nobodys_fault_and_leave_no_row(provider: Provider, tv: App) -> None:
    device = begun(provider, tv)
    for error in ("authorization_pending", "slow_down"):
        answer = poll(provider, tv, device)
        assert answer.error == error
        assert not answer.error_id
    provider.services.faults.flush(whole=True)
    assert [event for event in provider.events() if event.action.startswith("error:")] == []


@pytest.mark.spec("RFC 8628 3.5")
def test_S36_X7_a_refusal_is_access_denied_and_nothing_else_is(provider: Provider, browser: Browser, tv: App) -> None:
    device = begun(provider, tv)
    page = browser.submit(come(browser, device), "deny")
    assert "The device was refused" in page.dom.text
    answer = poll(provider, tv, device)
    assert (answer.status, answer.error) == (400, "access_denied")
    assert answer.error_id
    assert len(provider.events("device:refused")) == 1


def test_X7_only_the_button_s_own_word_approves(provider: Provider, browser: Browser, tv: App) -> None:
    for decision in ("", "0", "false", "no", "allow ", "ALLOW", "1"):
        device = begun(provider, tv)
        page = come(browser, device)
        data = [(name, value) for name, value in page.form.fields if name != "decision"]
        browser.post("login/consent", [*data, ("decision", decision)])
        assert poll(provider, tv, device).error == "access_denied", decision


@pytest.mark.spec("RFC 8628 3.5")
def test_S36_what_nobody_answers_expires_and_is_told_so(
    provider: Provider, browser: Browser, tv: App, clock: Clock
) -> None:
    device = begun(provider, tv)
    page = come(browser, device)
    clock.advance(601)
    answer = poll(provider, tv, device)
    assert (answer.status, answer.error) == (400, "expired_token")
    assert "The time of this code has run out" in browser.submit(page, "allow").dom.text
    assert "No device waits with this code" in come(browser, device).dom.text
    assert poll(provider, tv, device).error == "expired_token"


def test_S36_a_yes_of_the_last_second_is_fetched_and_an_old_one_is_not(
    provider: Provider, browser: Browser, tv: App, clock: Clock
) -> None:
    device, late = begun(provider, tv), begun(provider, tv)
    clock.advance(599)
    approve(browser, device)
    approve(browser, late)
    clock.advance(10)
    assert poll(provider, tv, device).status == 200
    clock.advance(60)
    assert poll(provider, tv, late).error == "expired_token"


def test_S36_a_device_code_works_once_and_a_second_use_ends_what_it_gave(
    provider: Provider, browser: Browser, tv: App, clock: Clock
) -> None:
    device = begun(provider, tv)
    approve(browser, device)
    token = poll(provider, tv, device).json["access_token"]
    assert provider.userinfo(token).status == 200
    answer = poll(provider, tv, device)
    assert (answer.error, answer.status) == ("invalid_grant", 400)
    assert "used already" in answer.json["error_description"]
    assert provider.userinfo(token).status == 401
    clock.advance(5000)  # long after all is forgotten of it
    assert "used already" in poll(provider, tv, device).json["error_description"]


def test_a_made_up_device_code_is_refused(provider: Provider, tv: App) -> None:
    real = "dwd_" + "0" * 26 + "." + "A" * 43
    for value in ("", "dwd_x", "dwd_0.0", "dwc_0.0", "made up", real, "x" * 5000, "dwd_é.é"):
        answer = provider.post("oauth/token", tv, {"grant_type": GRANT, "device_code": value})
        assert (answer.status, answer.error) == (400, "invalid_request" if value == "" else "invalid_grant"), value


def test_the_device_code_of_another_application_is_refused_and_lost_for_nobody(
    provider: Provider, browser: Browser, tv: App
) -> None:
    other = provider.add_client("Other TV", "native", grant_types=[GRANT], redirect_uris=[])
    device = begun(provider, tv)
    approve(browser, device)
    answer = poll(provider, other, device)
    assert answer.error == "invalid_grant"
    assert "TV" not in answer.json["error_description"]
    assert poll(provider, tv, device).status == 200


def test_the_code_of_a_person_is_no_device_code(provider: Provider, tv: App) -> None:
    device = begun(provider, tv)
    answer = poll(provider, tv, {"device_code": device["user_code"]})
    assert answer.error == "invalid_grant"
    assert "send the device_code" in answer.json["error_description"]


def test_Q5_a_value_under_another_name_is_told_by_the_names_that_came(provider: Provider, tv: App) -> None:
    answer = provider.post("oauth/token", tv, {"grant_type": GRANT, "code": begun(provider, tv)["device_code"]})
    assert "device_code is missing" in answer.json["error_description"]
    provider.services.faults.flush(whole=True)
    [event] = [one for one in provider.events() if one.error_id == answer.error_id]
    assert (event.detail["field"], event.detail["got"]) == ("device_code", "client_id, code, grant_type")
    assert provider.post("oauth/device", tv, {"scope": "openid,profile"}).error == "invalid_scope"
    short = provider.post("oauth/token", tv, {"grant_type": "device_code", "device_code": "x"})
    assert (short.error, GRANT in short.json["error_description"]) == ("unsupported_grant_type", True)


# -- who may ask, and for what ----------------------------------------------------------------------------------------


def test_the_grant_is_off_for_every_client_that_is_not_registered_for_it(provider: Provider, crm: App) -> None:
    answer = ask(provider, crm)
    assert (answer.status, answer.error) == (400, "unauthorized_client")
    assert GRANT not in answer.json["error_description"]
    assert provider.post("oauth/token", crm, {"grant_type": GRANT, "device_code": "x"}).error == "unauthorized_client"


def test_X23_no_more_scope_than_the_client_may_have(provider: Provider, browser: Browser, ann: Person) -> None:
    tv = provider.add_client("TV", "native", grant_types=[GRANT], redirect_uris=[], scope="openid profile")
    assert ask(provider, tv, scope="admin").error == "invalid_scope"
    device = begun(provider, tv, scope="openid email groups doorward:admin offline_access")
    approve(browser, device)
    assert poll(provider, tv, device, scope="openid email groups").json["scope"] == "openid"


@pytest.mark.spec("RFC 8707 2")
def test_a_resource_must_be_registered_and_narrows_only(provider: Provider, browser: Browser, ann: Person) -> None:
    one, two = "https://api.example/one", "https://api.example/two"
    tv = provider.add_client("TV", "native", grant_types=[GRANT], redirect_uris=[], resources=[one, two])
    assert ask(provider, tv, resource="https://elsewhere.example").error == "invalid_target"
    device = begun(provider, tv, resource=one)
    approve(browser, device)
    assert poll(provider, tv, device, resource=two).error == "invalid_target"
    assert poll(provider, tv, device, resource=one).status == 200


def test_the_endpoint_takes_forms_by_post_only_and_no_parameter_twice(provider: Provider, tv: App) -> None:
    path = "oauth/device"
    assert provider.browser().get(path).status == 405
    twice = [("scope", "openid"), ("scope", "openid")]
    assert provider.post(path, tv, twice).error == "invalid_request"
    sent = provider.browser().open("POST", path, b"{}", {"Content-Type": "application/json"})
    assert (sent.status, sent.error) == (400, "invalid_request")
    assert provider.post(path, tv, {"scope": "openid", "whatever": "1"}).status == 200
    assert provider.post(path, None, {"client_id": "nobody"}).status == 401


def test_who_proves_nothing_asks_only_so_often(provider: Provider, tv: App) -> None:
    for _ in range(PUBLIC_A_MINUTE):
        ask(provider, tv)
    answer = ask(provider, tv)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "60")


# -- the person's page ------------------------------------------------------------------------------------------------


@pytest.mark.spec("RFC 8628 6.1")
def test_S36_a_code_is_read_however_it_is_typed() -> None:
    forms = (
        "WDJB-MJHT", "wdjbmjht", " wdjb mjht ", "W D J B M J H T", "WDJB–MJHT", "wdjb_mjht", "“WDJB-MJHT”",
        "ＷＤＪＢ－ＭＪＨＴ", "WDJВ-МJНТ",
    )  # fmt: skip
    for typed in forms:
        assert user_codes.read(typed) == "WDJBMJHT", typed
    for typed in ("", "WDJB-MJH", "WDJB-MJHTT", "WDJB-MJH0", "WDJB-MJHA", "дддддддд", "x" * 10_000):
        assert user_codes.read(typed) == "", typed


def test_S36_what_was_typed_wrong_stays_and_the_page_says_what_is_wrong(
    provider: Provider, browser: Browser, tv: App
) -> None:
    page = come(browser, {"user_code": "ABC-123"})
    assert "no vowels and no digits" in page.dom.text
    assert page.dom.find("input", id="user_code")[0]["value"] == "ABC-123"
    page = come(browser, {"user_code": "BCDF-GHJK"})
    assert "No device waits with this code" in page.dom.text
    assert page.dom.find("input", id="user_code")[0]["aria-invalid"] == "true"
    assert "Please type the code" in come(browser, {"user_code": "  "}).dom.text


@pytest.mark.spec("RFC 8628 3.3.1")
def test_S36_the_whole_address_fills_the_code_in_and_still_asks_twice(
    provider: Provider, browser: Browser, tv: App
) -> None:
    device = begun(provider, tv)
    page = browser.get(device["verification_uri_complete"])
    page = browser.follow(browser.log_in(page))  # the code outlives the sign-in
    assert page.dom.find("input", id="user_code")[0]["value"] == device["user_code"]
    assert "Go on only if your device shows this very code." in page.dom.text
    assert poll(provider, tv, device).error == "authorization_pending"
    page = browser.submit(page, "go-on", form=form_of(page))
    assert page.is_consent_page
    assert poll(provider, tv, device).error == "slow_down"
    browser.submit(page, "allow")
    assert poll(provider, tv, device).status == 200


@pytest.mark.spec("RFC 8628 5.4")
def test_S36_the_page_says_which_device_asks_from_where_and_when(provider: Provider, browser: Browser, tv: App) -> None:
    device = begun(provider, tv)
    text = come(browser, device).dom.text
    assert "TV" in text
    assert "A device asks, and not this browser" in text
    assert "An unknown device · 203.0.113.x · " in text or "· 203.0.113.x ·" in text


def test_S36_hostile_texts_of_a_device_are_text(provider: Provider, browser: Browser, ann: Person) -> None:
    tv = provider.add_client("<b>TV</b>", "native", grant_types=[GRANT], redirect_uris=[])
    answer = provider.post("oauth/device", tv, {"scope": "openid"}, **{"User-Agent": "<script>alert(1)</script>"})
    page = come(browser, answer.json)
    assert not [one for one in page.dom.find("script") if not one.get("src")]
    page = browser.get("device?user_code=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert not [one for one in page.dom.find("script") if not one.get("src")]


@pytest.mark.spec("RFC 8628 5.1")
def test_S36_codes_cannot_be_tried_out_by_a_person(provider: Provider, browser: Browser, tv: App, clock: Clock) -> None:
    device = begun(provider, tv)
    page = come(browser, {"user_code": "BCDF-GHJK"})
    for _ in range(TRIES - 1):
        page = browser.submit(page, "go-on", form=form_of(page), user_code="BCDF-GHJK")
        assert page.status == 200
    page = browser.submit(page, "go-on", form=form_of(page), user_code="BCDF-GHJK")
    assert page.status == 429
    elsewhere = provider.browser(address="198.51.100.7")  # it is the person who is counted, wherever they are
    page = come(elsewhere, device)
    assert (page.status, page.is_consent_page) == (429, False)
    clock.advance(601)
    assert come(browser, begun(provider, tv)).is_consent_page


@pytest.mark.spec("RFC 8628 5.1")
def test_S36_nor_by_one_network_with_many_accounts(provider: Provider, tv: App) -> None:
    many = [provider.browser(address="198.51.100.9") for _ in range(7)]
    last = 0
    for n, browser in enumerate(many):
        provider.add_person(f"thief{n}")
        page = come(browser, {"user_code": "BCDF-GHJK"}, f"thief{n}")
        for _ in range(TRIES - 1):
            page = browser.submit(page, "go-on", form=form_of(page), user_code="BCDF-GHJK")
        last = page.status
    assert last == 429
    assert come(provider.browser(address="203.0.113.50"), begun(provider, tv)).is_consent_page


def test_S36_right_codes_are_no_guesses(provider: Provider, browser: Browser, tv: App) -> None:
    for _ in range(TRIES + 2):
        assert come(browser, begun(provider, tv)).is_consent_page


def test_X24_another_browser_cannot_press_the_button(provider: Provider, browser: Browser, tv: App) -> None:
    device = begun(provider, tv)
    page = come(browser, device)
    provider.add_person("eve")
    other = provider.browser()
    come(other, begun(provider, tv), "eve")
    answer = other.submit(page, "allow")
    assert "Your device is connected" not in answer.text
    assert poll(provider, tv, device).error == "authorization_pending"


def test_S36_the_first_answer_counts(provider: Provider, browser: Browser, tv: App) -> None:
    provider.add_person("bob")
    device = begun(provider, tv)
    other = provider.browser()
    page, second = come(browser, device), come(other, device, "bob")
    assert "Your device is connected" in browser.submit(page, "allow").dom.text
    assert "Your device is connected" in browser.submit(page, "allow").dom.text  # loaded again
    for button in ("allow", "deny"):
        assert "This code was answered already" in other.submit(second, button).dom.text
    told = poll(provider, tv, device)
    assert provider.userinfo(told.json["access_token"]).json["preferred_username"] == "ann"


# -- policy: what holds for a sign-in holds here (X23) -----------------------------------------------------------------


def test_X23_who_may_not_use_the_application_cannot_approve_its_device(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann")
    tv = provider.add_client(
        "TV", "native", access=Access.only(groups=["sales"]),
        grant_types=[GRANT], redirect_uris=[],
    )  # fmt: skip
    device = begun(provider, tv)
    page = come(browser, device)
    assert not page.is_consent_page
    assert page.status == 403
    browser.submit(page, "back", form=_with(page, "decision"))
    assert poll(provider, tv, device).error == "authorization_pending"  # nobody has said no


def _with(page: Answer, name: str) -> int:
    return next(n for n, form in enumerate(page.dom.forms) if name in form.names())


@pytest.mark.parametrize("what", ["disabled", "access", "client", "session", "consent"])
def test_X23_what_ends_between_the_yes_and_the_tokens_ends_it(
    provider: Provider, browser: Browser, tv: App, ann: Person, clock: Clock, what: str
) -> None:
    device = begun(provider, tv)
    approve(browser, device)
    clock.advance(2)
    if what == "disabled":
        provider.services.directory.disable(ann.id)
    elif what == "access":
        provider.services.registry.change_access(tv.id, lambda access: Access.only(groups=["nobody"]))
    elif what == "client":
        provider.services.registry.disable(tv.id)
        provider.services.registry.enable(tv.id)
    elif what == "session":
        page = browser.get("logout")
        browser.submit(page, "confirm", form=_with(page, "confirm"))
    else:
        page = browser.get("access")
        browser.submit(page, form=_with(page, "client_id"))
    answer = poll(provider, tv, device)
    assert (answer.status, answer.error) == (400, "invalid_grant"), answer.text


def test_X23_a_device_goes_on_after_the_sign_out_only_where_it_asked_to(
    provider: Provider, browser: Browser, tv: App
) -> None:
    tokens = {}
    for scope in ("openid", "openid offline_access"):
        device = begun(provider, tv, scope=scope)
        approve(browser, device)
        tokens[scope] = poll(provider, tv, device).json["refresh_token"]
    page = browser.get("logout")
    browser.submit(page, "confirm", form=_with(page, "confirm"))
    assert provider.refresh(tv, tokens["openid"]).error == "invalid_grant"
    assert provider.refresh(tv, tokens["openid offline_access"]).status == 200


def test_each_device_asks_anew_whatever_was_allowed_before(provider: Provider, browser: Browser, tv: App) -> None:
    for _ in range(2):
        device = begun(provider, tv)
        assert come(browser, device).is_consent_page
        approve(browser, device)


@pytest.mark.spec("RFC 9449 5")
def test_a_proof_of_a_key_binds_the_tokens_of_a_device(provider: Provider, browser: Browser, tv: App) -> None:
    device = begun(provider, tv)
    approve(browser, device)
    data = {"grant_type": GRANT, "device_code": device["device_code"]}
    answer = provider.post("oauth/token", tv, data, DPoP=proof(provider, new_key()))
    assert answer.json["token_type"] == "DPoP", answer.text


@pytest.mark.spec("RFC 9470 4")
def test_X23_a_stronger_sign_in_that_is_asked_for_is_demanded_of_the_person(
    provider: Provider, browser: Browser, tv: App, clock: Clock
) -> None:
    come(browser, begun(provider, tv))
    clock.advance(100)
    assert come(browser, begun(provider, tv, max_age="200")).is_consent_page
    page = come(browser, begun(provider, tv, max_age="50"))
    assert page.is_login_page  # it is older than that
    assert browser.log_in(page).is_consent_page
    strong = '{"id_token": {"acr": {"essential": true, "values": ["https://made-up.example"]}}}'
    assert ask(provider, tv, claims=strong).error == "unmet_authentication_requirements"


def test_discovery_names_the_endpoint(provider: Provider) -> None:
    document = provider.browser().get(".well-known/openid-configuration").json
    assert document["device_authorization_endpoint"] == provider.issuer + "/oauth/device"
    assert GRANT in document["grant_types_supported"]


@pytest.mark.spec("RFC 8628 5.4")
def test_S36_whoever_signs_in_for_a_device_is_told_so_before_they_type_anything(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    told = "You sign in to connect a device. Go on only if you began this yourself"
    page = browser.get("device?user_code=WDJB-MJHT")
    assert page.is_login_page
    assert told in page.dom.text
    assert told in browser.log_in(page, password="wrong").dom.text  # and still after a mistake
    assert told not in provider.browser().get("security").dom.text
