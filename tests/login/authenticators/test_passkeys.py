"""Passkeys in the sign-in: adding one, signing in with it alone and after a password, and every way to cheat (F3)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from idp.accounts import factors
from idp.accounts.factors import backup_codes, webauthn
from idp.accounts.factors.webauthn import NotProven
from idp.accounts.person import Person
from idp.db import Conflict
from idp.login.authenticators import passkeys
from tests.authenticator import BE, BS, MODEL, UP, UV, Authenticator, b64, new_key, unb64
from tests.backends import Clock
from tests.login.passkeys import (
    ORIGIN,
    Desk,
    add_passkey,
    button_of,
    is_added,
    is_in,
    options_of,
    press,
    sign_in,
    sit_down,
)
from tests.provider import Answer, Browser, Provider

REFUSED = "That passkey did not work here."
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"


# -- what a browser with an authenticator does -----------------------------------------------------------------------


def signals_of(page: Answer) -> dict[str, Any]:
    """What the page tells the browser about credentials."""
    found = [a["data-signals"] for _, a in page.dom.elements if "data-signals" in a]
    return dict(json.loads(found[0])) if found else {}


@pytest.fixture
def ann(provider: Provider) -> Desk:
    """Ann, with a passkey; her browser is signed in by password."""
    desk = sit_down(provider)
    assert is_added(add_passkey(desk.browser, desk.device))
    return desk


# -- adding one --------------------------------------------------------------------------------------------------------


def test_F3_several_are_added_each_with_a_name(provider: Provider, clock: Clock) -> None:
    desk = sit_down(provider)
    desk.browser.headers["User-Agent"] = CHROME
    page = desk.browser.get("security/passkeys")
    assert dict(page.form.fields)["label"] == "Passkey on Chrome, Linux"
    assert is_added(add_passkey(desk.browser, desk.device))
    clock.advance(1)
    assert is_added(add_passkey(desk.browser, Authenticator(), label="  Blue \n key "))
    found = desk.passkeys(provider)
    assert [one.label for one in found] == ["Passkey on Chrome, Linux", "Blue key"]
    assert found[0].data | {"public_key": ""} == {
        "rp_id": "login.example", "public_key": "", "transports": ["hybrid", "internal"], "attestation": "none",
        "aaguid": "00000000-0000-0000-0000-000000000000", "backup_eligible": True, "backed_up": True,
        "user_verified": True, "discoverable": True,
    }  # fmt: skip
    text = desk.browser.get("security/passkeys").dom.text
    assert "Blue key" in text
    assert "not used yet" not in text  # each was shown just now
    events = provider.events("factor:added")
    assert [(e.person_id, e.detail["kind"], e.detail["label"]) for e in events] == [
        (desk.person.id, "webauthn", one.label) for one in found
    ]
    assert found[0].data["public_key"] not in str(events)


def test_F3_what_one_authenticator_holds_already_is_told_to_it(provider: Provider, ann: Desk) -> None:
    excluded = options_of(ann.browser.get("security/passkeys"))["excludeCredentials"]
    assert [one["id"] for one in excluded] == [b64(ann.device.credentials[0].id)]


def test_P7_adding_one_asks_for_a_fresh_sign_in(provider: Provider, clock: Clock) -> None:
    desk = sit_down(provider)
    clock.advance(301)
    page = desk.browser.get("security/passkeys")
    assert page.is_login_page
    done = desk.browser.log_in(page)
    assert done.location == ORIGIN + "/security/passkeys"
    assert options_of(desk.browser.follow(done))
    assert provider.browser().get("security/passkeys").is_login_page


def test_P7_a_page_that_lay_open_too_long_adds_nothing(provider: Provider, clock: Clock) -> None:
    desk = sit_down(provider)
    page = desk.browser.get("security/passkeys")
    clock.advance(301)
    assert press(desk.browser, page, desk.device.create(options_of(page), ORIGIN)).is_login_page
    assert desk.passkeys(provider) == ()


@pytest.mark.spec("WebAuthn3 7.1")
def test_S66_a_registration_challenge_works_once(provider: Provider) -> None:
    desk = sit_down(provider)
    page = desk.browser.get("security/passkeys")
    assert len(unb64(options_of(page)["challenge"])) >= 16
    assert is_added(press(desk.browser, page, desk.device.create(options_of(page), ORIGIN)))
    again = press(desk.browser, page, Authenticator().create(options_of(page), ORIGIN))
    assert again.status == 200
    assert "That did not work" in again.dom.text
    assert len(desk.passkeys(provider)) == 1
    assert options_of(again)["challenge"] != options_of(page)["challenge"]


def test_S66_a_failed_registration_uses_its_challenge_up(provider: Provider) -> None:
    desk = sit_down(provider)
    page = desk.browser.get("security/passkeys")
    wrong = desk.device.create(options_of(page), ORIGIN, client={"origin": "https://badlogin.example"})
    assert press(desk.browser, page, wrong).status == 200
    assert press(desk.browser, page, desk.device.create(options_of(page), ORIGIN)).status == 200
    assert desk.passkeys(provider) == ()


def test_S66_a_challenge_of_another_session_is_refused(provider: Provider) -> None:
    bob, eve = sit_down(provider, "bob"), sit_down(provider, "eve")
    of_bob, of_eve = bob.browser.get("security/passkeys"), eve.browser.get("security/passkeys")
    answer = eve.device.create({**options_of(of_eve), "challenge": options_of(of_bob)["challenge"]}, ORIGIN)
    assert press(eve.browser, of_eve, answer).status == 200
    assert eve.passkeys(provider) == bob.passkeys(provider) == ()


def test_S66_a_challenge_of_one_ceremony_is_none_of_the_other(provider: Provider, ann: Desk) -> None:
    """The login page's challenge registers nothing, and a registration's challenge signs nobody in."""
    creating = ann.browser.get("security/passkeys")
    stranger = provider.browser()
    login = stranger.get("")
    swapped = {**options_of(creating), "challenge": options_of(login)["challenge"]}
    assert press(ann.browser, creating, Authenticator().create(swapped, ORIGIN)).status == 200
    assert len(ann.passkeys(provider)) == 1
    swapped = {**options_of(login), "challenge": options_of(creating)["challenge"]}
    assert REFUSED in press(stranger, login, ann.device.get(swapped, ORIGIN)).dom.text


def test_S67_a_credential_that_anybody_has_is_refused(provider: Provider, ann: Desk) -> None:
    eve = sit_down(provider, "eve")
    answer = add_passkey(eve.browser, eve.device, credential_id=ann.device.credentials[0].id)
    assert answer.status == 200
    assert "set up already" in answer.dom.text
    assert eve.passkeys(provider) == ()
    (mine,) = ann.passkeys(provider)
    with pytest.raises(Conflict), provider.services.db.transaction() as tx:
        factors.add(tx, provider.clock(), eve.person.id, "webauthn", "x", key=mine.key)


def test_S67_somebody_without_a_password_needs_a_verified_discoverable_one(provider: Provider, ann: Desk) -> None:
    """Whoever comes in by passkeys alone may add only such as let them in alone."""
    services = provider.services
    zoe = provider.add_person("zoe", password=None)
    with services.db.transaction() as tx:  # as a provisioning system would leave her
        made = Authenticator()
        answer = made.create(_creation(zoe), ORIGIN)
        done = webauthn.verify_registration(_party(provider), answer, b"c" * 32, sole=True)
        factors.add(tx, provider.clock(), zoe.id, "webauthn", "First", key=done.credential_id, data=done.data)
    browser = provider.browser()
    assert is_in(sign_in(browser, made))
    asked = options_of(browser.get("security/passkeys"))["authenticatorSelection"]
    assert (asked["userVerification"], asked["residentKey"]) == ("required", "required")
    assert not is_added(add_passkey(browser, Authenticator(flags=UP)))
    assert is_added(add_passkey(browser, Authenticator()))


def _party(provider: Provider) -> webauthn.RelyingParty:
    party = webauthn.relying_party(provider.settings)
    assert party is not None
    return party


def _creation(person: Person) -> dict[str, Any]:
    return {
        "rp": {"id": "login.example"},
        "user": {"id": webauthn.user_handle(person.id)},
        "challenge": b64(b"c" * 32),
    }


def test_S67_a_list_of_models_is_explained_to_whoever_has_another(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(passkeys={"aaguids": [MODEL.upper()]})
    desk = sit_down(provider)
    answer = add_passkey(desk.browser, desk.device)
    assert "certain security keys only" in answer.dom.text
    assert is_added(add_passkey(desk.browser, Authenticator(aaguid=MODEL)))


def test_a_person_has_at_most_so_many(provider: Provider) -> None:
    desk = sit_down(provider)
    with provider.services.db.transaction() as tx:
        for number in range(factors.MAX_FACTORS):
            factors.add(tx, provider.clock(), desk.person.id, "webauthn", "x", key=str(number), data={"rp_id": "x"})
    answer = add_passkey(desk.browser, desk.device)
    assert answer.status == 200
    assert "as many as fit" in answer.dom.text
    assert len(desk.passkeys(provider)) == factors.MAX_FACTORS


# -- alone, from the login page ----------------------------------------------------------------------------------------


@pytest.mark.spec("WebAuthn3 7.2")
def test_F3_a_passkey_signs_in_without_a_name_and_counts_as_two_factors(
    provider: Provider, ann: Desk, clock: Clock
) -> None:
    clock.advance(1)
    app, browser = provider.add_client(), provider.browser()
    page = provider.authorize(browser, app)
    answer = press(browser, page, ann.device.get(options_of(page), ORIGIN))
    tokens = provider.redeem(app, answer.code).json
    claims = json.loads(unb64(tokens["id_token"].split(".")[1]))
    assert claims["sub"] == ann.person.id
    assert {"pop", "user", "mfa"} <= set(claims["amr"])
    assert provider.events("session:started")[-1].detail["methods"] == ["passkey"]
    (used,) = ann.passkeys(provider)
    assert used.last_used_at == provider.clock()
    assert "Last used on" in ann.browser.get("security/passkeys").dom.text


def test_F3_L3_the_name_field_offers_passkeys_and_the_button_waits_for_the_browser(provider: Provider) -> None:
    page = provider.browser().get("")
    assert page.dom.find("input", name="login")[0]["autocomplete"] == "username webauthn"
    assert page.dom.find("script", src=re.search(r'[^"]*passkey\.js[^"]*', page.text)[0])  # type: ignore[index]
    hidden = [a for t, a in page.dom.elements if t == "div" and "data-if-passkey" in a]
    assert all("hidden" in a for a in hidden)
    # Enter in the password field presses the first button of the form, and that is not the passkey's.
    assert page.form.buttons[0][0] != "passkey"
    assert "publickey-credentials-create=(self), publickey-credentials-get=(self)" in page.headers["Permissions-Policy"]


def test_S68_L7_the_options_are_the_same_for_everybody(provider: Provider, ann: Desk) -> None:
    """A name that exists, one that does not, and none: all that differs is the challenge."""
    app, browser = provider.add_client(), provider.browser()
    pages = [provider.authorize(browser, app, login_hint=hint) for hint in ("ann", "nobody", None)]
    pages += [browser.log_in(browser.get(""), name, "wrong password") for name in ("ann", "nobody")]
    assert len({options_of(page)["challenge"] for page in pages}) == len(pages)
    shown = [{**options_of(page), "challenge": ""} for page in pages]
    assert all(one == shown[0] for one in shown)
    assert shown[0] == {
        "challenge": "", "rpId": "login.example", "timeout": 300000, "userVerification": "required",
        "allowCredentials": [],
    }  # fmt: skip


def test_an_unauthenticated_page_stores_nothing(provider: Provider) -> None:
    browser = provider.browser()
    browser.get("")
    sql, verbs, _ = provider.counted(lambda: browser.get(""))
    assert not [s for s in sql if not s.lstrip().upper().startswith("SELECT")]
    assert not set(verbs) & {"put", "add", "count"}


@pytest.mark.spec("WebAuthn3 7.2")
def test_S66_an_answer_works_once(provider: Provider, ann: Desk) -> None:
    browser = provider.browser()
    page = browser.get("")
    answer = ann.device.get(options_of(page), ORIGIN)
    assert is_in(press(browser, page, answer))
    assert REFUSED in press(browser, page, answer).dom.text
    anew = ann.device.get(options_of(page), ORIGIN)  # the same challenge, signed once more
    assert REFUSED in press(browser, page, anew).dom.text


def test_S66_of_racing_answers_one_signs_in(provider: Provider, ann: Desk) -> None:
    first = provider.browser()
    page = first.get("")
    answer = ann.device.get(options_of(page), ORIGIN)

    def post(_: int) -> Answer:
        tab = provider.browser()
        tab.cookies = dict(first.cookies)
        return press(tab, page, answer)

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(post, range(12)))
    assert [is_in(one) for one in answers].count(True) == 1
    assert all(is_in(one) or REFUSED in one.dom.text for one in answers)


def test_S66_X24_an_answer_works_in_its_own_browser_only(provider: Provider, ann: Desk) -> None:
    victim, eve = provider.browser(), provider.browser()
    page, of_eve = victim.get(""), eve.get("")
    answer = ann.device.get(options_of(page), ORIGIN)
    # Eve has got hold of the whole form, and posts it from her browser; then only the part that is not bound to hers.
    assert "start once more" in press(eve, page, answer).dom.text
    stolen = dict(page.form.fields)["challenge"]
    assert REFUSED in press(eve, of_eve, answer, challenge=stolen).dom.text
    assert REFUSED in press(eve, of_eve, answer).dom.text
    assert is_in(press(victim, page, answer))


def test_S66_a_challenge_grows_old(provider: Provider, ann: Desk, clock: Clock) -> None:
    browser = provider.browser()
    old = browser.get("")
    clock.advance(86401)
    fresh = browser.get("")
    answer = ann.device.get(options_of(old), ORIGIN)
    assert REFUSED in press(browser, fresh, answer, challenge=dict(old.form.fields)["challenge"]).dom.text


#: Each is a way to be refused on the login page; all of them look alike.
CHEATS: dict[str, dict[str, Any]] = {
    "a look-alike origin": {"client": {"origin": "https://badlogin.example"}},
    "a page of another origin around ours": {"client": {"crossOrigin": True}},
    "another relying party": {"rp_id": "badlogin.example"},
    "nobody touched it": {"flags": UV | BE | BS},
    "nobody was verified": {"flags": UP | BE | BS},
    "somebody else's handle": {"user_handle": b"ubob"},
    "no handle": {"user_handle": None},
    "another key": {"key": new_key(-7)},
    "backup eligibility changed": {"flags": UP | UV},
}


@pytest.mark.parametrize("what", [*CHEATS, "nobody has it", "nothing posted", "garbage"])
def test_S68_L7_every_refusal_looks_the_same_and_signs_nobody_in(provider: Provider, ann: Desk, what: str) -> None:
    browser = provider.browser()
    page = browser.get("")
    if what == "nobody has it":
        other = Authenticator()
        other.create(_creation(ann.person), ORIGIN)
        answer = other.get(options_of(page), ORIGIN)
    else:
        answer = ann.device.get(options_of(page), ORIGIN, **CHEATS.get(what, {}))
    if what in ("nothing posted", "garbage"):
        text = "" if what == "nothing posted" else '{"id": "x", "response": 7}'
        data = page.form.filled(None, {"credential": text})
        refused = browser.post(button_of(page)["formaction"], data)
    else:
        refused = press(browser, page, answer)
    assert (refused.status, refused.is_login_page) == (200, True)
    reference = press(browser, browser.get(""), ann.device.get(options_of(page), ORIGIN))  # another challenge
    assert refused.dom.text == reference.dom.text
    assert not browser.cookie("session")
    assert browser.get("").is_login_page


def test_S68_a_removed_passkey_is_refused_and_the_browser_may_forget_it(provider: Provider, ann: Desk) -> None:
    (mine,) = ann.passkeys(provider)
    browser = provider.browser()
    sign_in(browser, ann.device, key=new_key(-7))
    assert signals_of(browser.answers[-1]) == {}  # a credential that somebody has is never given up for a bad answer
    with provider.services.db.transaction() as tx:
        assert factors.remove(tx, ann.person.id, mine.id)
    refused = sign_in(provider.browser(), ann.device)
    assert REFUSED in refused.dom.text
    assert signals_of(refused) == {"signalUnknownCredential": {"rpId": "login.example", "credentialId": mine.key}}
    # Signed in by other means, the browser hears which ones are still good.
    accepted = signals_of(ann.browser.get("security/passkeys"))["signalAllAcceptedCredentials"]
    assert accepted == {
        "rpId": "login.example", "userId": webauthn.user_handle(ann.person.id), "allAcceptedCredentialIds": [],
    }  # fmt: skip


def test_S68_no_signal_repeats_what_is_no_credential_id(provider: Provider) -> None:
    browser = provider.browser()
    page, device, nobody = browser.get(""), Authenticator(), provider.add_person("nobody")
    device.create(_creation(nobody), ORIGIN)
    for bad in ('"><script>', "x" * 1365, ""):
        answer = {**device.get(options_of(page), ORIGIN), "id": bad}
        assert signals_of(press(browser, page, answer)) == {}


def test_S68_only_a_proper_answer_makes_the_browser_forget(provider: Provider, ann: Desk) -> None:
    """Of a credential that nobody has, but for another challenge, nothing is said."""
    browser, other = provider.browser(), Authenticator()
    other.create(_creation(ann.person), ORIGIN)
    old, page = browser.get(""), browser.get("")
    assert signals_of(press(browser, page, other.get(options_of(old), ORIGIN))) == {}
    assert signals_of(press(browser, page, other.get(options_of(page), ORIGIN)))


def test_S66_a_challenge_belongs_to_its_ceremony_and_its_owner(provider: Provider) -> None:
    services, device = provider.services, Authenticator()
    person = provider.add_person()
    for ceremony, owner in (("get", "o1"), ("create", "o2"), ("create", "o1")):
        challenge = passkeys.issue(services, "create", "o1", 60)
        answer = device.create({**_creation(person), "challenge": b64(challenge)}, ORIGIN)
        if (ceremony, owner) == ("create", "o1"):
            assert passkeys.take(services, ceremony, owner, answer) == challenge
        with pytest.raises(NotProven):
            passkeys.take(services, ceremony, owner, answer)


def test_a_disabled_account_is_not_signed_in_and_its_passkey_is_not_given_up(provider: Provider, ann: Desk) -> None:
    provider.services.directory.disable(ann.person.id)
    refused = sign_in(provider.browser(), ann.device)
    assert "This account is turned off" in refused.dom.text  # N32: proven to be theirs
    assert signals_of(refused) == {}
    assert provider.events("session:failed")[-1].detail["reason"] == "the account is disabled"


def test_what_strangers_make_up_leaves_no_event(provider: Provider, ann: Desk) -> None:
    before = len(provider.events())
    other, browser = Authenticator(), provider.browser()
    other.create(_creation(ann.person), ORIGIN)
    sign_in(browser, other)
    press(browser, browser.get(""), {"id": "x"})
    assert len(provider.events()) == before


@pytest.mark.spec("WebAuthn3 7.2")
def test_S68_a_counter_that_does_not_grow_is_refused_and_recorded(provider: Provider, clock: Clock) -> None:
    desk = sit_down(provider, device=Authenticator(flags=UP | UV, counts=True))
    assert is_added(add_passkey(desk.browser, desk.device))
    assert is_in(sign_in(provider.browser(), desk.device))
    for counter in (2, 1, 0):
        clock.advance(1)
        assert REFUSED in sign_in(provider.browser(), desk.device, counter=counter).dom.text
    events = provider.events("factor:suspicious")
    assert [(e.person_id, e.detail["stored"], e.detail["seen"]) for e in events] == [
        (desk.person.id, 2, counter) for counter in (2, 1, 0)
    ]
    assert is_in(sign_in(provider.browser(), desk.device, counter=9))
    assert desk.passkeys(provider)[0].counter == 9


def test_S65_backup_state_is_kept_up_to_date(provider: Provider, ann: Desk) -> None:
    assert is_in(sign_in(provider.browser(), ann.device, flags=UP | UV | BE))
    assert ann.passkeys(provider)[0].data["backed_up"] is False


def test_W3_a_passkey_ends_the_pause_after_wrong_passwords(provider: Provider, ann: Desk) -> None:
    stranger = provider.browser("198.51.100.9")
    for number in range(5):
        page = stranger.log_in(stranger.get(""), password=f"wrong {number}")
    assert "Too many wrong passwords" in page.dom.text
    assert "Have a passkey?" in page.dom.text
    assert is_in(sign_in(stranger, ann.device, page))
    another = provider.browser("198.51.100.9")
    assert not [a for a in [another.log_in(another.get(""), password="wrong again")] if "Too many" in a.dom.text]


def test_X21_a_passkey_of_somebody_else_ends_the_session_that_was_there(
    provider: Provider, ann: Desk, clock: Clock
) -> None:
    bob = sit_down(provider, "bob")
    app = provider.add_client()
    clock.advance(1)
    page = provider.authorize(bob.browser, app, prompt="login")
    answer = press(bob.browser, page, ann.device.get(options_of(page), ORIGIN))
    claims = json.loads(unb64(provider.redeem(app, answer.code).json["id_token"].split(".")[1]))
    assert claims["sub"] == ann.person.id


def test_L11_the_boxes_of_the_login_page_count_for_a_passkey_too(provider: Provider, ann: Desk) -> None:
    for value, kept in (("stay", True), ("shared", False)):
        browser = provider.browser()
        page = browser.get("")
        press(browser, page, ann.device.get(options_of(page), ORIGIN), **{value: "1"})
        line = next(line for line in browser.set_cookies if "doorward_session=" in line)
        assert ("Max-Age" in line) is kept
        assert bool(browser.cookie("device")) is kept


# -- after a password --------------------------------------------------------------------------------------------------


def second_page(provider: Provider, name: str = "ann") -> tuple[Browser, Answer]:
    """A device that the person has not used before asks for what they set up."""
    browser = provider.browser()
    page = browser.log_in(browser.get(""), name)
    assert "passkey or security key" in page.dom.text, page.dom.text
    assert not browser.cookie("session")
    return browser, page


@pytest.mark.parametrize(("flags", "method"), [(UP | UV | BE | BS, "passkey"), (UP | BE | BS, "webauthn")])
def test_F3_after_the_password_a_security_key_is_the_second_factor(
    provider: Provider, ann: Desk, clock: Clock, flags: int, method: str
) -> None:
    clock.advance(1)
    browser, page = second_page(provider)
    asked = options_of(page)
    assert asked["userVerification"] == "preferred"
    assert [(one["id"], one["transports"]) for one in asked["allowCredentials"]] == [
        (b64(ann.device.credentials[0].id), ["hybrid", "internal"])
    ]
    assert is_in(press(browser, page, ann.device.get(asked, ORIGIN, flags=flags)))
    assert provider.events("session:started")[-1].detail["methods"] == ["pwd", method]


def test_S66_a_second_step_works_once_and_for_its_own_sign_in_only(provider: Provider, ann: Desk) -> None:
    browser, page = second_page(provider)
    other, of_other = second_page(provider)
    answer = ann.device.get(options_of(page), ORIGIN)
    refused = press(other, of_other, answer)
    assert "That did not work" in refused.dom.text
    assert not other.cookie("session")
    assert "That did not work" in press(browser, page, answer).dom.text  # used up by the wrong sign-in


def test_S68_another_persons_security_key_is_no_second_factor(provider: Provider, ann: Desk) -> None:
    bob = sit_down(provider, "bob")
    assert is_added(add_passkey(bob.browser, bob.device))
    browser, page = second_page(provider)
    wrong = bob.device.get({**options_of(page), "allowCredentials": []}, ORIGIN)
    assert "That did not work" in press(browser, page, wrong).dom.text
    assert provider.events("session:failed")[-1].person_id == ann.person.id
    assert not browser.cookie("session")


@pytest.mark.parametrize("what", [w for w in CHEATS if w not in ("nobody was verified", "no handle")])
def test_S67_S68_a_second_step_is_refused(provider: Provider, ann: Desk, what: str) -> None:
    browser, page = second_page(provider)
    refused = press(browser, page, ann.device.get(options_of(page), ORIGIN, **CHEATS[what]))
    assert "That did not work" in refused.dom.text
    assert not browser.cookie("session")
    assert is_in(press(browser, refused, ann.device.get(options_of(refused), ORIGIN)))


def test_F3_a_passkey_of_another_host_name_is_not_asked_for_and_locks_nobody_out(provider: Provider, ann: Desk) -> None:
    (mine,) = ann.passkeys(provider)
    factors.touch(provider.services.db, mine.id, provider.clock(), {**mine.data, "rp_id": "old.example"})
    with provider.services.db.transaction() as tx:
        backup_codes.drop(tx, ann.person.id)
    browser = provider.browser()
    browser.log_in(browser.get(""))
    page = browser.get("security/passkeys")
    assert not options_of(page).get("excludeCredentials")
    assert "Only for old.example" in page.dom.text
    assert is_added(add_passkey(browser, Authenticator()))


# -- host names --------------------------------------------------------------------------------------------------------


def test_F3_at_an_address_without_a_host_name_the_page_says_so(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(server={"issuer": "http://127.0.0.1:8000"})
    provider.add_person()
    browser = provider.browser()
    page = browser.get("")
    assert not page.dom.find("button", id="passkey")
    assert "passkey.js" not in page.text
    browser.log_in(page)
    answer = browser.get("security/passkeys")
    assert "Passkeys need a host name" in answer.dom.text
    assert not answer.dom.find("button", id="passkey")
    posted = browser.post("security/passkeys", {"form_key": _form_key(answer), "credential": "{}"})
    assert "Passkeys need a host name" in posted.dom.text
    assert browser.get("/.well-known/webauthn").status == 404


def _form_key(page: Answer) -> str:
    return next(a["value"] for t, a in page.dom.elements if t == "input" and a.get("name") == "form_key")


@pytest.mark.spec("WebAuthn3 5.11")
def test_S68_related_origins_are_told_only_as_configured(open_provider: Callable[..., Provider]) -> None:
    assert open_provider().browser().get("/.well-known/webauthn").status == 404
    origins = ["https://anmeldung.example", "https://connexion.example"]
    for issuer in ("https://login.example", "https://login.example/sso"):
        provider = open_provider(server={"issuer": issuer}, passkeys={"related_origins": origins})
        answer = provider.browser().get("/.well-known/webauthn")
        assert (answer.status, answer.json) == (200, {"origins": origins})
        assert answer.headers["Content-Type"] == "application/json"


def test_F3_after_a_change_of_the_host_name_the_old_passkeys_go_on(open_provider: Callable[..., Provider]) -> None:
    """The old domain stays the relying party, and the new origin is a related one of it."""
    passkeys = {"rp_id": "login.old.example", "related_origins": ["https://login.example"]}
    provider = open_provider(passkeys=passkeys)
    desk = sit_down(provider)
    page = desk.browser.get("security/passkeys")
    assert options_of(page)["rp"]["id"] == "login.old.example"
    assert is_added(press(desk.browser, page, desk.device.create(options_of(page), ORIGIN)))
    assert is_in(sign_in(provider.browser(), desk.device))


def test_F3_doctor_counts_who_is_left_behind_by_a_new_host_name(provider: Provider, ann: Desk) -> None:
    from idp.installation.checks.applications import examine_passkeys

    assert [(f.status, f.text) for f in examine_passkeys(provider.services)] == [("ok", "1 belong to login.example")]
    with provider.services.db.transaction() as tx:
        for person, key in (("p1", "k1"), ("p1", "k2"), ("p2", "k3")):
            factors.add(tx, provider.clock(), person, "webauthn", "x", key=key, data={"rp_id": "old.example"})
    _, found = examine_passkeys(provider.services)
    assert found.status == "warning"
    assert found.text == "3 of 2 people belong to old.example: they do not work at login.example"
    assert "passkeys.rp_id" in found.fix
