"""Every page that people can come to, in every state, narrow and wide, light and dark.

`Windows.shoot` looks at each: axe finds nothing (WCAG 2.2 AA), nothing is wider than the window, and it is light.
"""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from clients.access import Access
from idp.accounts import factors, links, not_me, notices
from idp.accounts.factors import admin_codes, backup_codes, totp
from idp.accounts.own import pins
from idp.accounts.person import Person
from idp.accounts.recovery import contacts
from idp.login.authn import SUPPORTED_ACR
from idp.mail import outbox
from tests.browser.site import Site
from tests.browser.test_passkeys import Device, Named, without_suggestions
from tests.browser.windows import Windows, log_in
from tests.oidc import details
from tests.phone import Phone
from tests.provider import PASSWORD, App
from tests.saml.relying import facts, register
from tests.server import NoAnswer, Server, unique

NARROW, WIDE = 360, 1280
#: A name, an application and an address that need room.
LONG = "Maximiliane-Alexandra Freifrau von Hohenberg-Schwarzenfels"
LONG_APP = "Enterprise Customer Relationship & Donaudampfschifffahrtsabrechnung Suite"
SIGNED_OUT = (
    "/", "/help", "/help/password", "/help/username", "/not-me/made-up", "/register", "/register/made-up",
    "/setup/made-up", "/oauth/authorize", "/status",
)  # fmt: skip

pytestmark = pytest.mark.parametrize("width", [NARROW, WIDE])


@pytest.fixture(scope="module")
def strict(run_pid: int) -> Iterator[Named]:
    """A provider with a host name, rules about second steps, and an outbox for what it sends."""
    server = Named(
        run_pid,
        sms={"sender": "console"},
        passwords={"expire_days": {"aged": 30}},
        factors={
            "email_is_second": True,
            "rules": [
                {"need": "second", "groups": ["finance"], "why": "Finance handles payments."},
                {"need": "second", "groups": ["later"], "why": "From next month on it is a must.", "grace_days": 14},
            ],
        },
    )
    notices.add(server.services.db, time.time(), "New sign-in from Monday: see https://larkfield.example/news", "test")
    yield server
    server.close()


@pytest.fixture
def page(windows: Windows, strict: Named, width: int) -> Page:
    """A window at the strict provider: a phone in the dark, or a screen in the light."""
    windows.welcome.add(strict.issuer)
    return at(windows, width)


def at(windows: Windows, width: int, **more: Any) -> Page:
    return windows.open(width, 800, "dark" if width == NARROW else "light", **more)


def well_kept(server: Server, *, groups: tuple[str, ...] = ()) -> tuple[Person, Phone, list[str]]:
    """Somebody with an app on a phone, backup codes, a confirmed address and a number."""
    claims = {"phone_number": "+491701234567", "phone_number_verified": True}
    person = server.add_person(unique("max"), name=LONG, email_verified=True, groups=groups, claims=claims)
    enrolment, batch = totp.begin(server.services, person, "test"), backup_codes.make(server.services)
    phone = Phone(enrolment.uri, time.time)
    with server.services.db.transaction() as tx:
        totp.keep(tx, server.services, person, enrolment, phone.code, "The phone with the cracked glass", _silent)
        backup_codes.keep(tx, time.time(), person.id, batch, _silent)
    return person, phone, batch.shown


def _silent(*_: object) -> None:
    pass


def an_app(server: Server, person: Person, name: str = LONG_APP, **metadata: Any) -> App:
    """An application of this person alone, whose answers land on a page of ours that is not there."""
    about: dict[str, Any] = {
        "redirect_uris": [f"{server.issuer}/nowhere"],
        "launch_url": f"{server.issuer}/nowhere",
        **metadata,
    }
    return server.add_client(name, access=Access.only(persons=[person.id]), **about)


def sign_in(page: Page, server: Server, person: Person, path: str = "/") -> None:
    page.goto(server.issuer + path)
    log_in(page, person)
    page.wait_for_load_state()


def authorize(server: Server, app: App, **overrides: object) -> str:
    return f"{server.issuer}/oauth/authorize?" + urlencode(server.request(app, **overrides))


def headed(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


# -- before anybody is signed in -------------------------------------------------------------------------------------


def test_pages_for_everybody(windows: Windows, site: Site, width: int) -> None:
    page = at(windows, width)
    for path in SIGNED_OUT:
        page.goto(site.issuer + path)
        windows.shoot(page, path)
    page.click("footer summary")
    windows.shoot(page, "languages")


def test_the_login_page_from_the_first_try_to_the_pause(
    windows: Windows, strict: Named, page: Page, width: int
) -> None:
    """W1, W4: an error, the check for programs, the pause; with a notice of the admins (A10)."""
    ann = strict.someone(LONG)
    app = an_app(strict, ann, policy_uri="https://app.example/p")
    page.goto(authorize(strict, app))
    expect(page.locator("[data-notice]")).to_be_visible()
    windows.shoot(page, "notice")
    for number in range(5):
        log_in(page, ann, f"wrong password number {number}")
        page.wait_for_load_state()
        if number in (0, 2):
            windows.shoot(page, f"after {number + 1}")
    expect(page.locator("#pause")).to_be_visible()
    windows.shoot(page, "pause")


def test_pages_that_lead_on_when_something_is_in_the_way(windows: Windows, site: Site, ann: Person, width: int) -> None:
    """L8, L9, L10, E1."""
    app, page = site.local_app(LONG_APP, redirect_uris=[site.landing + "/again"]), at(windows, width)
    page.goto(site.authorize_url(app))
    page.context.clear_cookies()
    log_in(page, ann)
    headed(page, "This browser blocks cookies")
    windows.shoot(page, "cookies")
    page.goto(site.authorize_url(app))
    # Sealed by keys that are gone, say. A page whose cookies were made anew by another tab signs in all the same (N17).
    page.locator("[name=flow]").first.evaluate("field => { field.value = field.value.slice(0, -9) + 'AAAAAAAAA' }")
    log_in(page, ann)
    windows.shoot(page, "stale")
    page.goto(site.authorize_url(app, redirect_uri=site.landing + "/elsewhere"))
    for summary in page.locator("main summary").all():
        summary.click()
    windows.shoot(page, "refused")
    page.goto(site.issuer + "/no/such/page")
    windows.shoot(page, "not found")
    sign_in(page, site, ann)
    page.context.add_cookies([{"name": "to", "value": site.authorize_url(app, state=None), "url": site.landing}])
    page.goto(site.landing + "/again")
    headed(page, re.compile("keeps sending you back"))
    windows.shoot(page, "loop")


def test_t5_somebody_without_access_is_told_what_to_do(windows: Windows, strict: Named, page: Page, width: int) -> None:
    """N32: the way to ask, somebody else's account, back to the application; and a disabled account."""
    ann, ben = strict.someone(LONG), strict.someone("Ben")
    app = an_app(strict, ben, contacts=["crm-owners@larkfield.example"])
    page.goto(authorize(strict, app))
    log_in(page, ann)
    headed(page, f"No access to {LONG_APP} yet")
    windows.shoot(page, "no access")
    page.click("#ask")
    expect(page.get_by_role("status").first).to_contain_text("Your request is with the help desk.")
    windows.shoot(page, "asked")
    page.goto(authorize(strict, app))
    expect(page.get_by_role("status").first).to_contain_text("You have asked for access already.")
    page.click("#back")
    page.wait_for_url(re.compile("error=access_denied"))
    strict.services.directory.disable(ann.id)
    page.goto(strict.issuer)
    log_in(page, ann)
    windows.shoot(page, "turned off")


def test_who_signs_in_among_very_many_is_asked_to_wait(windows: Windows, run_pid: int, width: int) -> None:
    server = Server(run_pid, passwords={"time_cost": 20, "memory_kib": 131072, "threads": 1, "queue": 1})
    try:
        windows.welcome.add(server.issuer)
        page = at(windows, width)
        page.goto(server.issuer)
        page.fill("#login", "ann")
        page.fill("#password", "whatever it may be")
        full = threading.Event()
        others = [threading.Thread(target=_guess, args=(server, number, full)) for number in range(3)]
        for other in others:
            other.start()
        assert full.wait(60)
        page.add_init_script("HTMLFormElement.prototype.requestSubmit = () => {}")  # it would send itself meanwhile
        page.click("button.main")
        headed(page, "One moment, please")
        windows.shoot(page, "wait")
    finally:
        server.kill()  # nobody waits for the hashes
        server.close()
    for other in others:
        other.join()


def _guess(server: Server, number: int, full: threading.Event) -> None:
    """One is hashed, one waits for that, and one is told that there is no room: then it is full for seconds."""
    browser = server.browser(f"198.51.100.{number}")
    with contextlib.suppress(NoAnswer):  # the server ends before it has an answer
        answer = browser.log_in(browser.get(""), f"somebody-{number}", "whatever it may be")
        if "One moment, please" in answer.text:
            full.set()


# -- the second step -------------------------------------------------------------------------------------------------


def test_every_way_of_the_second_step(windows: Windows, strict: Named, page: Page, width: int) -> None:
    """F1–F7: each way as it is asked for and after a wrong answer, the list, the case, the help desk's code."""
    max_, _, codes = well_kept(strict, groups=("finance",))
    with strict.services.db.transaction() as tx:
        key = {"rp_id": "localhost", "public_key": "", "transports": ["usb"]}
        factors.add(tx, time.time(), max_.id, "webauthn", "Blue key", key=unique("key"), data=key)
    page.goto(authorize(strict, an_app(strict, max_)))
    log_in(page, max_)
    page.click("#other")
    windows.shoot(page, "ways")
    ways = [button.get_attribute("value") for button in page.locator("button[name=way]").all()]
    assert {"totp", "sms", "email", "backup"} <= set(ways), ways
    for way in ways:
        page.click(f"button[name=way][value={way}]")
        windows.shoot(page, f"{way} asked")
        if way != "webauthn":
            wrong(page, "000000" if way != "backup" else "AAAA AAAA AA")
            windows.shoot(page, f"{way} wrong")
        page.click("#other")
    page.click("#stuck")
    expect(page.locator("#case")).not_to_be_empty()
    windows.shoot(page, "stuck")
    admin_codes.issue(strict.services, max_.id, "the phone was stolen", "cli:test")
    page.click("button[value=admin]")
    windows.shoot(page, "admin asked")
    page.click("#other")
    windows.shoot(page, "ways with the help desk")
    page.click("button[value=backup]")
    page.fill("#code", codes[0])
    page.click("button.main")
    page.wait_for_url(re.compile("/nowhere"))


def wrong(page: Page, code: str) -> None:
    page.fill("#code", code)
    page.click("button.main")
    expect(page.locator("#error")).to_be_visible()


def test_too_many_wrong_codes(windows: Windows, strict: Named, page: Page, width: int) -> None:
    max_, phone, _ = well_kept(strict)
    sign_in(page, strict, max_)
    for number in range(5):
        page.fill("#code", f"{(int(phone.wrong) + number) % 10**6:06}")
        page.click("button.main")
        page.wait_for_load_state()
    expect(page.locator("#pause")).to_be_visible()
    windows.shoot(page, "pause")


def test_setting_up_because_the_company_says_so(windows: Windows, strict: Named, page: Page, width: int) -> None:
    """F6, F8: at once, with days of grace, and after the help desk's code; on to the application behind it."""
    for group, what in (("finance", "at once"), ("later", "with grace")):
        page.context.clear_cookies()
        person = strict.add_person(unique("max"), name=LONG, groups=(group,))
        page.goto(authorize(strict, an_app(strict, person)))
        log_in(page, person)
        headed(page, "Set up a second step")
        windows.shoot(page, what)
    page.get_by_role("link", name="authenticator app").click()
    page.click("main summary")
    windows.shoot(page, "scan")
    page.fill("#code", "000000")
    page.click("button.main")
    windows.shoot(page, "wrong")
    page.fill("#code", Phone(page.locator("#open-app").get_attribute("href") or "", time.time).code)
    page.click("button.main")
    headed(page, "Your backup codes")
    windows.shoot(page, "codes")
    page.goto(strict.issuer + "/security")
    windows.shoot(page, "waiting")


def test_a_password_that_ran_out(windows: Windows, strict: Named, page: Page, width: int) -> None:
    person = strict.add_person(unique("max"), name=LONG, groups=("aged",))
    db = sqlite3.connect(strict.services.settings.data_dir / "doorward.db")
    with db:
        db.execute("UPDATE people SET password_changed_at = password_changed_at - 3000000 WHERE id = ?", (person.id,))
    db.close()
    sign_in(page, strict, person)
    headed(page, "Time for a new password")
    windows.shoot(page, "asked")
    page.fill("#password", PASSWORD)
    page.fill("#confirm", "something else entirely")
    page.click("button.main")
    expect(page.locator("#problems")).to_be_visible()
    windows.shoot(page, "refused")


def test_passkeys_and_the_password_after_one(windows: Windows, strict: Named, page: Page, width: int) -> None:
    without_suggestions(page)
    Device(page)
    person = strict.someone(LONG)
    sign_in(page, strict, person)
    page.goto(strict.issuer + "/security/passkeys")
    windows.shoot(page, "add")
    page.fill("#label", "The laptop that is nearly always on the kitchen table at home")
    page.get_by_role("button", name="Add a passkey").click()
    page.wait_for_url(strict.issuer + "/security")  # not /security/passkeys, where it still is
    windows.shoot(page, "added")
    page.goto(strict.issuer + "/security/passkeys")
    windows.shoot(page, "one held")
    page.context.clear_cookies()
    page.goto(strict.issuer)
    page.get_by_role("button", name="Sign in with a passkey").click()
    headed(page, "Your apps")
    essential = {"id_token": {"acr": {"essential": True, "values": SUPPORTED_ACR[:1]}}}
    page.goto(authorize(strict, an_app(strict, person), claims=json.dumps(essential)))
    headed(page, "Your password, please")
    windows.shoot(page, "password asked")
    page.fill("#password", "not the password that it is")
    page.click("button.main")
    expect(page.locator("#error")).to_be_visible()
    windows.shoot(page, "password wrong")


# -- on the way to an application ------------------------------------------------------------------------------------


def test_consent_and_the_choice_of_an_account(windows: Windows, site: Site, width: int) -> None:
    ann, app = site.someone(LONG), site.local_app(LONG_APP, consent="explicit", tos_uri="https://app.example/terms")
    page = at(windows, width)
    page.goto(site.authorize_url(app, scope="openid profile"))
    log_in(page, ann)
    windows.shoot(page, "consent")
    page.click("#allow")
    page.wait_for_url(site.landing + "/cb**")
    page.goto(site.authorize_url(app, scope="openid profile email offline_access"))
    windows.shoot(page, "grown")
    for name, said in (("payment", details.SENTENCES), ("bare", {})):
        details.add_type(site, name, sentences=said)
    paying = site.local_app(LONG_APP + " 2", authorization_details_types=["payment", "bare"])
    two = (details.payment(to=LONG), {**details.payment(to="W" * 150, actions=["initiate"]), "type": "bare"})
    page.goto(site.authorize_url(paying, scope="openid profile", authorization_details=details.text(*two)))
    windows.shoot(page, "in detail")
    page.click("summary:has-text('Every detail') >> nth=0")
    windows.shoot(page, "in detail, all of it")
    page.goto(site.authorize_url(app, prompt="select_account"))
    windows.shoot(page, "one account")
    page.click("button[value=other]")
    windows.shoot(page, "another")
    log_in(page, site.someone("Bob Other"))
    page.goto(site.issuer + "/accounts")
    windows.shoot(page, "two accounts")


def test_opening_a_saml_application_and_signing_out_of_all(
    windows: Windows, site: Site, ann: Person, width: int
) -> None:
    entity = f"{site.landing}/{unique('md')}"
    client = register(site, LONG_APP, facts(entity, f"{site.landing}/cb"))
    page = at(windows, width)
    sign_in(page, site, ann)
    headed(page, "Your apps")
    page.goto(f"{site.issuer}/saml/start/{client.id}")
    windows.shoot(page, "start")
    # What a person sees who is faster than the script, or has none.
    page.route("**/auto_post*.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.click("#open")
    page.wait_for_timeout(700)  # it shows nothing at first
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    windows.shoot(page, "going over")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(site.landing + "/cb")
    page.goto(site.crm)
    page.wait_for_url(site.crm + "/")
    page.goto(site.issuer + "/logout")
    windows.shoot(page, "confirm")
    page.click("#confirm")
    headed(page, "You are signed out")
    windows.shoot(page, "signed out")
    page.goto(site.issuer + "/logout")
    windows.shoot(page, "nobody")


# -- the person's own pages ------------------------------------------------------------------------------------------


def test_the_launcher_and_its_order(windows: Windows, strict: Named, page: Page, width: int) -> None:
    """A1, A10: with a notice and a reminder; nothing yet, many, long names, pinned, nothing found."""
    nobody, max_ = strict.someone("No Apps"), strict.someone(LONG)
    apps = [an_app(strict, max_, (LONG_APP, "Wiki")[number % 2] + f" {number}") for number in range(6)]
    pins.save(strict.services.db, max_.id, [app.id for app in apps[:2]])
    sign_in(page, strict, max_)
    headed(page, "Your apps")
    windows.shoot(page, "launcher")
    page.fill("#search", "nothing like it")
    windows.shoot(page, "nothing found")
    page.goto(strict.issuer + "/apps")
    windows.shoot(page, "arrange")
    page.context.clear_cookies()
    sign_in(page, strict, nobody)
    headed(page, "Your apps")
    expect(page.locator(".empty")).to_be_visible()
    windows.shoot(page, "no apps")


def test_security_and_what_is_set_up(windows: Windows, strict: Named, page: Page, width: int) -> None:
    max_, phone, codes = well_kept(strict)
    sign_in(page, strict, max_)
    page.fill("#code", Phone(phone.uri, time.time, slow=-30).code)  # the one of before is used up
    page.click("button.main")
    headed(page, "Your apps")
    for code in codes[:8]:
        backup_codes.use(strict.services, max_.id, code, _silent)
    for path in ("/security", "/security/codes", "/security/passkeys", "/password"):
        assert goto(page, strict.issuer + path) == 200, path
        windows.shoot(page, path)
    page.goto(strict.issuer + "/security")
    page.click("#factors a")
    windows.shoot(page, "one of them")
    page.goto(strict.issuer + "/security/codes")
    page.click("#make")
    headed(page, "Your backup codes")
    windows.shoot(page, "new codes")
    page.goto(strict.issuer + "/password")
    page.fill("#current", "not the password that it is")
    page.fill("#password", PASSWORD)
    page.fill("#confirm", "something else entirely")
    page.click("button.main")
    expect(page.locator("#problems")).to_be_visible()
    windows.shoot(page, "password refused")


def test_recovery_addresses_and_their_review(windows: Windows, strict: Named, page: Page, width: int) -> None:
    """P6."""
    person = strict.add_person(unique("max"), name=LONG, email_verified=True)
    contacts.change(strict.services, person, "email", f"{unique('a.rather.long.private')}@mailbox.example", {})
    sign_in(page, strict, person)
    page.goto(strict.issuer + "/security/recovery")
    windows.shoot(page, "recovery")
    page.fill("#email", "nonsense@nowhere")
    page.locator("form:has(#email) button").click()
    page.wait_for_load_state()
    windows.shoot(page, "after nonsense")
    page.goto(strict.issuer + "/security/recovery")
    if page.locator("#phone").count():
        page.fill("#phone", "+49 170 7654321")
        page.locator("form:has(#phone) button").click()
        expect(page.locator("#code")).to_be_visible()
        windows.shoot(page, "waiting")
        wrong(page, "000000")
        windows.shoot(page, "wrong code")
    page.goto(strict.issuer + "/recovery/review")
    windows.shoot(page, "review")


def test_activity_sessions_profile_and_access(windows: Windows, site: Site, width: int) -> None:
    """A2, A4, A8."""
    ann, app = (
        site.someone(LONG, email_verified=True, groups=("sales", "finance")),
        site.local_app(LONG_APP, consent="explicit"),
    )
    elsewhere, page = windows.open(), at(windows, width)
    for window in (elsewhere, page):
        window.goto(site.issuer)
        log_in(window, ann, "not the password that it is")
        log_in(window, ann)
        headed(window, "Your apps")
    page.goto(site.authorize_url(app))
    page.click("#allow")
    page.wait_for_url(site.landing + "/cb**")
    page.goto(site.issuer + "/activity")
    for summary in page.locator("details.event summary").all()[:2]:
        summary.click()
    windows.shoot(page, "activity")
    page.locator("button[value=me]:visible").first.click()
    windows.shoot(page, "this was me")
    page.locator("details.event summary").first.click()
    page.locator("button[value=not_me]:visible").first.click()
    headed(page, "This was not you?")
    windows.shoot(page, "not me")
    for path in ("/sessions", "/profile", "/profile/data", "/access", "/accounts", "/logout"):
        assert goto(page, site.issuer + path) == 200, path
        windows.shoot(page, path)
    page.goto(site.issuer + "/profile")
    page.fill("#website", "nonsense")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#website-problem")).to_be_visible()
    windows.shoot(page, "profile refused")
    page.click("footer summary")
    windows.shoot(page, "languages")


# -- by links in mails -----------------------------------------------------------------------------------------------


def test_what_links_in_mails_lead_to(windows: Windows, strict: Named, page: Page, width: int) -> None:
    """P4, P6, A3, and the outbox of a development machine."""
    person = strict.add_person(unique("max"), name=LONG, email_verified=True)
    page.goto(strict.issuer + "/help/password")
    page.fill("#login", person.username)
    page.click("button.main")
    windows.shoot(page, "sent")
    wrong(page, "0000 0000")
    windows.shoot(page, "wrong code")
    page.goto(strict.issuer + "/help/username")
    page.fill("#email", str(person.email))
    page.click("button.main")
    windows.shoot(page, "username sent")
    token = links.make(strict.services.state, person, "reset")
    page.goto(f"{strict.issuer}/setup/{token}")
    windows.shoot(page, "choose")
    page.fill("#password", "doorward doorward doorward")
    page.fill("#confirm", "something else entirely")
    page.click("button.main")
    expect(page.locator("#problems")).to_be_visible()
    windows.shoot(page, "refused")
    contacts.change(strict.services, person, "email", f"{person.username}@home.example", {})
    contacts.change(strict.services, person, "email", f"{person.username}@evil.example", {})
    page.goto(undo_link(strict, str(person.email)))
    windows.shoot(page, "undo")
    page.click("#undo")
    windows.shoot(page, "undone")
    page.go_back()
    page.goto(strict.issuer + "/recovery/undo/made-up")
    windows.shoot(page, "undo gone")
    page.goto(f"{strict.issuer}/not-me/" + not_me.make(strict.services.sealer, person.id, "new_device", time.time()))
    windows.shoot(page, "not me")
    page.click("#secure")
    headed(page, "Everybody is locked out")
    windows.shoot(page, "locked out")
    page.goto(strict.issuer + "/dev/outbox")
    windows.shoot(page, "outbox")


def undo_link(server: Server, to: str) -> str:
    until = time.monotonic() + 15
    while time.monotonic() < until:
        for kept in outbox.newest(server.services):
            found = re.search(r"http://\S+/recovery/undo/\S+", kept.text)
            if kept.to == to and found:
                return found[0]
        time.sleep(0.1)
    raise AssertionError(to)


def goto(page: Page, url: str) -> int:
    """Go there; answers the status."""
    answer = page.goto(url)
    return answer.status if answer else 0
