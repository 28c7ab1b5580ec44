"""N7, T1: a device that is not asked for the second step ages, is listed, is taken back, and dies with what weighs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.accounts import factors
from idp.accounts.factors import totp
from tests.backends import Clock
from tests.login.second_step import enrol, is_second_step, person_id
from tests.phone import Phone
from tests.provider import PASSWORD, Answer, Browser, Provider

DAY = 86400.0
UNKNOWN = {"personal": "unknown-device"}


@pytest.fixture
def strict(open_provider: Callable[..., Provider]) -> Provider:
    """People are asked for the second step on unknown devices only."""
    return open_provider(factors=UNKNOWN)


@pytest.fixture
def phone(strict: Provider, clock: Clock) -> Phone:
    return enrol(strict, clock)


def sign_in(provider: Provider, phone: Phone, clock: Clock, *, tick: bool = True) -> Browser:
    """Somebody's browser, after both steps; signed out again."""
    browser = provider.browser()
    page = browser.log_in(browser.get(""))
    clock.advance(30)
    data = page.dom.forms[0].filled(None, {"code": phone.code})
    browser.post("login/factor", [pair for pair in data if tick or pair[0] != "let_off"])
    assert browser.cookie("session")
    browser.submit(browser.get("logout"), "confirm")
    return browser


def again(browser: Browser, password: str = PASSWORD) -> Answer:
    """What the password alone leads to."""
    return browser.log_in(browser.get(""), password=password)


def test_t1_who_ticks_it_is_not_asked_and_who_does_not_is(strict: Provider, phone: Phone, clock: Clock) -> None:
    assert again(sign_in(strict, phone, clock)).is_redirect
    assert is_second_step(again(sign_in(strict, phone, clock, tick=False)))
    (event,) = strict.events("device:trusted")
    assert event.detail["days"] == 30


@pytest.mark.parametrize(("setting", "days"), [({}, 30), ({"remember_days": 7}, 7)])
def test_n7_a_device_is_let_off_for_thirty_days_or_what_is_set(
    open_provider: Callable[..., Provider], clock: Clock, setting: dict[str, int], days: int
) -> None:
    provider = open_provider(factors={**UNKNOWN, **setting})
    phone = enrol(provider, clock)
    browser = sign_in(provider, phone, clock)
    clock.advance((days - 1) * DAY)
    assert again(browser).is_redirect
    browser.submit(browser.get("logout"), "confirm")
    clock.advance(DAY)
    assert is_second_step(again(browser))  # the sign-in of yesterday has not made it younger


def test_n7_a_copied_mark_ends_on_the_same_day(strict: Provider, phone: Phone, clock: Clock) -> None:
    browser = sign_in(strict, phone, clock)
    thief = strict.browser("198.51.100.9")
    thief.cookies["__Host-doorward_device"] = browser.cookie("device")
    clock.advance(31 * DAY)
    assert is_second_step(again(thief))


def _end_others(provider: Provider, phone: Phone, clock: Clock) -> None:
    browser = sign_in(provider, phone, clock)
    again(browser)
    page = browser.get("sessions")
    browser.post("sessions", {"all": "1", "form_key": page.form.filled(None, {})[0][1]})


def _end_others_of_security(provider: Provider, phone: Phone, clock: Clock) -> None:
    browser = sign_in(provider, phone, clock)
    again(browser)
    browser.post("security/others", {"form_key": browser.get("sessions").form.filled(None, {})[0][1]})


def _add_authenticator(provider: Provider, phone: Phone, clock: Clock) -> None:
    person = provider.services.directory.get(person_id(provider))
    enrolment = totp.begin(provider.services, person, "another")
    with provider.services.db.transaction() as tx:
        code = Phone(enrolment.uri, clock).code
        totp.keep(tx, provider.services, person, enrolment, code, "New phone", lambda *_: None)


def _replace_authenticator(provider: Provider, phone: Phone, clock: Clock) -> None:
    _add_authenticator(provider, phone, clock)
    held = factors.list_of(provider.services.db, person_id(provider))
    with provider.services.db.transaction() as tx:
        factors.remove(tx, person_id(provider), held[0].id)


def _new_password(provider: Provider, phone: Phone, clock: Clock) -> None:
    services = provider.services
    services.directory.store_password(person_id(provider), services.passwords.hash(PASSWORD), detail={"purpose": "t"})


def _disable(provider: Provider, phone: Phone, clock: Clock) -> None:
    provider.services.directory.disable(person_id(provider))
    provider.services.directory.enable(person_id(provider))


def _other_number_by_an_admin(provider: Provider, phone: Phone, clock: Clock) -> None:
    told = {"phone_number": "+491701111111", "phone_number_verified": True}
    provider.services.directory.update(person_id(provider), merge=told)


def _other_number_by_the_person(provider: Provider, phone: Phone, clock: Clock) -> None:
    provider.services.directory.update(person_id(provider), merge={"phone_number": "+491701111111"})


def _other_address(provider: Provider, phone: Phone, clock: Clock) -> None:
    provider.services.directory.update(person_id(provider), email="new@example.com", email_verified=True)


WEIGHTY = (
    _end_others, _end_others_of_security, _add_authenticator, _replace_authenticator, _new_password, _disable,
    _other_number_by_an_admin, _other_number_by_the_person, _other_address,
)  # fmt: skip


@pytest.mark.parametrize("change", WEIGHTY)
def test_n7_what_weighs_ends_it_on_every_device_and_for_every_copy(
    strict: Provider, phone: Phone, clock: Clock, change: Callable[[Provider, Phone, Clock], None]
) -> None:
    browser = sign_in(strict, phone, clock)
    copied = browser.cookie("device")
    clock.advance(60)
    change(strict, phone, clock)
    assert not again(browser).is_redirect
    # Let off anew, this device is; the copy of before is not.
    thief = strict.browser("198.51.100.9")
    thief.cookies["__Host-doorward_device"] = copied
    assert not again(thief).is_redirect


def test_n7_what_does_not_change_where_codes_go_ends_nothing(strict: Provider, phone: Phone, clock: Clock) -> None:
    browser, directory = sign_in(strict, phone, clock), strict.services.directory
    email = directory.get(person_id(strict)).email
    directory.update(person_id(strict), name="Ann Other", email=(email or "").upper() or None)
    directory.update(person_id(strict), merge={"nickname": "Annie"})
    assert again(browser).is_redirect


def test_t1_each_device_is_listed_and_taken_back_by_itself(strict: Provider, phone: Phone, clock: Clock) -> None:
    first, second = sign_in(strict, phone, clock), sign_in(strict, phone, clock)
    again(first)
    page = first.get("sessions")
    assert "Not asked for the second step" in page.dom.text
    listed = [form for form in page.dom.forms if "trusted" in form.names()]
    assert len(listed) == 2
    first.post("sessions", listed[0].filled(None, {}))  # the latest one
    assert is_second_step(again(second))
    first.submit(first.get("logout"), "confirm")
    assert again(first).is_redirect
    assert len(strict.events("device:asked_again")) == 1


def test_t1_nobody_takes_back_or_learns_of_somebody_elses(strict: Provider, phone: Phone, clock: Clock) -> None:
    anns = sign_in(strict, phone, clock)
    again(anns)
    (form,) = [form for form in anns.get("sessions").dom.forms if "trusted" in form.names()]
    strict.add_person("bob")
    bob = strict.browser()
    bob.log_in(bob.get(""), "bob")
    page = bob.get("sessions")
    assert "Not asked for the second step" not in page.dom.text
    key = page.text.split('name="form_key" value="')[1].split('"')[0]
    bob.post("sessions", {"trusted": dict(form.filled(None, {}))["trusted"], "form_key": key})
    anns.submit(anns.get("logout"), "confirm")
    assert again(anns).is_redirect


def test_t1_it_is_per_person_on_a_device_that_two_use(strict: Provider, phone: Phone, clock: Clock) -> None:
    browser = sign_in(strict, phone, clock)
    enrol(strict, clock, "bob")
    assert is_second_step(browser.log_in(browser.get(""), "bob"))


def offers(page: Answer) -> bool:
    return bool(page.dom.find("input", id="let_off"))


@pytest.mark.parametrize(
    ("setting", "offered"),
    [
        ({"personal": "always"}, False),
        (UNKNOWN, True),
        ({**UNKNOWN, "remember_days": 0}, False),
        ({"rules": [{"need": "second"}]}, False),
        ({"rules": [{"need": "second", "device": "unknown"}]}, False),
        ({"personal": "never", "rules": [{"need": "second", "device": "unknown"}]}, True),
        ({**UNKNOWN, "rules": [{"need": "second", "outside": ["10.0.0.0/8"]}]}, False),
    ],
)
def test_t1_it_is_offered_where_policy_allows(
    open_provider: Callable[..., Provider], clock: Clock, setting: dict[str, object], offered: bool
) -> None:
    provider = open_provider(factors=setting)
    phone, browser = enrol(provider, clock), provider.browser()
    page = browser.log_in(browser.get(""))
    assert is_second_step(page)
    assert offers(page) is offered
    browser.submit(page, code=phone.code, let_off="1")  # who sends it all the same
    browser.submit(browser.get("logout"), "confirm")
    assert is_second_step(again(browser)) is not offered


def test_t1_a_shared_computer_is_never_let_off(strict: Provider, phone: Phone, clock: Clock) -> None:
    browser = strict.browser()
    page = browser.log_in(browser.get(""), shared="1")
    assert not offers(page)
    browser.submit(page, code=phone.code, let_off="1")
    browser.submit(browser.get("logout"), "confirm")
    assert is_second_step(again(browser))


def test_n7_a_cookie_of_before_is_asked_once_and_stays_a_known_device(
    strict: Provider, phone: Phone, clock: Clock
) -> None:
    """From before the upgrade: the proof that it carried ended never, so it is worth nothing any more."""
    import hmac
    import json
    from hashlib import sha256

    services, person = strict.services, strict.services.directory.get(person_id(strict))
    key = services.sealer.mac_key("device")

    def mark(*about: object) -> str:
        return hmac.new(key, ":".join(map(str, about)).encode(), sha256).hexdigest()[:32]

    old = ["device-of-before", [mark("device-of-before", person.id)]]
    old.append([mark("device-of-before", person.id, person.password_changed_at)])
    browser = strict.browser()
    browser.cookies["__Host-doorward_device"] = services.sealer.seal("device", json.dumps(old).encode())
    page = again(browser)
    assert is_second_step(page)
    browser.submit(page, code=phone.code)
    assert strict.events("session:started")
    browser.submit(browser.get("logout"), "confirm")
    assert again(browser).is_redirect


def test_n7_a_known_device_is_a_stranger_after_a_year(strict: Provider, phone: Phone, clock: Clock) -> None:
    """Its own lane for wrong passwords, and no check for programs: not for ever, for a copy either (W2)."""
    browser = sign_in(strict, phone, clock)
    page = browser.get("")
    for n in range(3):
        page = browser.log_in(page, password=f"wrong {n}")
    assert "data-work" not in page.text
    clock.advance(366 * DAY)
    page = browser.get("")
    for n in range(3):
        page = browser.log_in(page, password=f"wrong {n}")
    assert "data-work" in page.text


def test_n7_what_ran_out_is_swept(strict: Provider, phone: Phone, clock: Clock) -> None:
    from idp.app import sweep

    sign_in(strict, phone, clock)
    clock.advance(31 * DAY)
    assert sweep(strict.services)["trusted_devices"] == 1
