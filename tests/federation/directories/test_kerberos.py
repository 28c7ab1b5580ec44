"""I4: whoever is signed in at a computer of the domain comes in without a page; everybody else sees the form."""

from __future__ import annotations

import base64
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from idp.federation import snapshot
from idp.federation.provider import Provider as Upstream
from idp.login.authn import MFA, PHISHING_RESISTANT
from tests.federation.directories import kdc
from tests.federation.directories.conftest import Company
from tests.federation.directories.kdc import REALM, SERVICE, Kdc
from tests.federation.directories.tickets import ticket
from tests.provider import Answer, App, Browser

pytestmark = pytest.mark.slow
FORM = {"Accept": "text/html"}
PPT = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kdc]:
    kdc.needed()
    made = Kdc(tmp_path_factory.mktemp("realm"))
    for name in ("bea", "carl", "dora", "gone", "nobody", "bea/admin"):
        made.add(name, f"{name}-there")
    for service in (SERVICE, "HTTP/old"):
        made.add(service)
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def _told(monkeypatch: pytest.MonkeyPatch, realm: Kdc) -> None:
    monkeypatch.setenv("KRB5_CONFIG", str(realm.library))


@pytest.fixture
def office(open_company: Callable[..., Company], realm: Kdc) -> Company:
    return open_company(kerberos={"keytab": str(realm.keytab())})


@pytest.fixture
def crm(office: Company) -> App:
    return office.provider.add_client("CRM")


def add(office: Company, **more: Any) -> Upstream:
    given = {"kerberos_networks": ["192.0.2.0/24", "198.51.100.0/24", "10.0.0.0/8", "127.0.0.0/8", "203.0.113.0/24"],
             "kerberos_realms": [REALM], "kerberos_name": "uid"}  # fmt: skip
    return office.add(**{**given, **more})


def ask(office: Company, app: App, browser: Browser | None = None, **more: Any) -> tuple[Browser, Answer]:
    """A window at the application's sign-in."""
    browser = browser or office.provider.browser()
    browser.headers |= FORM
    return browser, office.provider.authorize(browser, app, **more)


def bring(browser: Browser, page: Answer, header: str) -> Answer:
    """The same once more, as a browser does by itself."""
    return browser.get(page.url, headers={"Authorization": header})


def has_form(page: Answer) -> bool:
    """Whether somebody could type here."""
    return bool(page.dom.find("input", name="password")) and bool(page.dom.find("input", name="login"))


def why(office: Company) -> str:
    """The last that an admin can look up."""
    return [event.action for event in office.provider.events() if event.action.startswith("error:")][-1][6:]


@pytest.mark.spec("RFC4559 4.1")
def test_i4_whoever_has_a_ticket_sees_no_page_and_is_who_the_directory_says(
    office: Company, crm: App, realm: Kdc
) -> None:
    add(office)
    browser, page = ask(office, crm)
    assert (page.status, page.headers["WWW-Authenticate"]) == (401, "Negotiate")
    assert has_form(page)  # for everybody who has none
    answer = bring(browser, page, ticket(realm.sign_in("bea", "bea-there")))
    bea = office.person(answer, crm)
    assert (bea.username, bea.name) == ("bea", "Bea There")
    assert answer.headers["WWW-Authenticate"].startswith("Negotiate ")
    _, again = ask(office, crm, browser, state="second")
    assert again.is_redirect  # single sign-on as after any other proof


@pytest.mark.spec("RFC8176 2")
def test_i4_the_application_is_told_of_windows_sign_in_and_when_it_was_there(
    office: Company, crm: App, realm: Kdc
) -> None:
    add(office)
    browser, page = ask(office, crm)
    token = office.provider.redeem(crm, bring(browser, page, ticket(realm.sign_in("bea", "bea-there"))).code).json
    claims = jwt.decode(token["id_token"], options={"verify_signature": False})
    assert claims["amr"] == ["wia"]
    assert "acr" not in claims


def test_i4_without_a_ticket_the_form_is_there_and_works_and_is_not_asked_for_a_second_time(
    office: Company, crm: App
) -> None:
    add(office)
    browser, page = ask(office, crm)
    office.provider.clock.advance(6)
    _, second = ask(office, crm, browser, state="second")
    assert (second.status, second.headers.get("WWW-Authenticate")) == (200, None)
    assert browser.submit(page, login="bea", password="bea-there").is_redirect


def test_i4_tabs_that_a_browser_restores_side_by_side_all_come_in(office: Company, crm: App, realm: Kdc) -> None:
    add(office)
    cache = realm.sign_in("bea", "bea-there")
    browser, first = ask(office, crm)
    _, second = ask(office, crm, browser, state="second")
    assert [first.status, second.status] == [401, 401]
    assert bring(browser, first, ticket(cache)).is_redirect
    assert bring(browser, second, ticket(cache)).is_redirect


@pytest.mark.parametrize("more", [{"kerberos_networks": ["10.0.0.0/8"]}, {"apps": ["another"]}], ids=["network", "app"])
def test_i4_elsewhere_nobody_is_asked_and_no_ticket_is_looked_at(
    office: Company, crm: App, realm: Kdc, more: dict[str, Any]
) -> None:
    add(office, **more)
    browser, page = ask(office, crm)
    assert (page.status, page.headers.get("WWW-Authenticate")) == (200, None)
    assert "as on this computer" not in page.dom.text
    assert has_form(bring(browser, page, ticket(realm.sign_in("bea", "bea-there"))))


@pytest.mark.spec("RFC4120 3.2.3")
@pytest.mark.parametrize("machine", ["same", "another"])
def test_s_a_ticket_that_was_shown_before_lets_nobody_in(
    office: Company, crm: App, realm: Kdc, machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(office)
    if machine == "another":  # which has not this one's replay cache
        monkeypatch.setenv("KRB5RCACHENAME", "none:")
    header = ticket(realm.sign_in("bea", "bea-there"))
    browser, page = ask(office, crm)
    assert bring(browser, page, header).is_redirect
    thief, page = ask(office, crm)
    answer = bring(thief, page, header)
    assert has_form(answer)
    assert "did not work" in answer.dom.text
    assert answer.error_id
    assert why(office) == "kerberos_replay"


@pytest.mark.spec("RFC8429 5")
def test_s_rc4_is_refused_though_the_keytab_has_such_a_key(office: Company, crm: App, realm: Kdc) -> None:
    add(office)
    realm.add("HTTP/rc4")
    realm.keytab("http.keytab", "HTTP/rc4", kinds="rc4-hmac:normal")
    browser, page = ask(office, crm)
    assert has_form(bring(browser, page, ticket(realm.sign_in("bea", "bea-there"), "HTTP/rc4")))
    assert why(office) == "kerberos_type"


def test_i4_a_new_keytab_is_used_at_once_and_tickets_of_the_key_before_go_on(
    office: Company, crm: App, realm: Kdc
) -> None:
    add(office)
    early, late = realm.sign_in("bea", "bea-there"), realm.sign_in("carl", "carl-there")
    ticket(early)  # for the key that there is
    realm.keytab()
    for cache in (early, late):
        browser, page = ask(office, crm)
        assert bring(browser, page, ticket(cache)).is_redirect


def test_i4_a_keytab_that_is_behind_is_told_to_the_admin(
    open_company: Callable[..., Company], realm: Kdc, tmp_path: Path
) -> None:
    old = tmp_path / "old.keytab"
    old.write_bytes(realm.keytab("old.keytab", "HTTP/old").read_bytes())
    office = open_company(kerberos={"keytab": str(old)})
    add(office)
    realm.keytab("newer.keytab", "HTTP/old")
    browser, page = ask(office, app := office.provider.add_client("CRM"))
    assert has_form(bring(browser, page, ticket(realm.sign_in("bea", "bea-there"), "HTTP/old")))
    assert why(office) == "kerberos_key"
    old.unlink()
    browser, page = ask(office, app)
    assert has_form(bring(browser, page, ticket(realm.sign_in("bea", "bea-there"), "HTTP/old")))
    assert why(office) == "kerberos_unset"


@pytest.mark.spec("RFC4178 4.1")
def test_i4_ntlm_is_not_spoken_and_whoever_sends_it_just_types(office: Company, crm: App) -> None:
    add(office)
    browser, page = ask(office, crm)
    answer = bring(browser, page, "Negotiate " + base64.b64encode(b"NTLMSSP\0\1\0\0\0").decode())
    assert has_form(answer)
    assert (answer.status, answer.error_id) == (200, "")
    assert why(office) == "kerberos_ntlm"


@pytest.mark.parametrize("sent", ["", "!", base64.b64encode(b"x" * 999).decode(), "YIIA" * 20000], ids=range(4))
def test_s_what_is_no_ticket_lets_nobody_in(office: Company, crm: App, sent: str) -> None:
    add(office)
    browser, page = ask(office, crm)
    answer = bring(browser, page, f"Negotiate {sent}")
    assert has_form(answer)
    assert answer.status == 200


@pytest.mark.parametrize(
    ("more", "who"),
    [({"kerberos_realms": ["OTHER.EXAMPLE"]}, "bea"), ({}, "nobody"), ({"kerberos_name": "sn"}, "bea")],
    ids=["realm", "nobody", "attribute"],
)
def test_s_a_principal_is_who_the_directory_says_and_nobody_else(
    office: Company, crm: App, realm: Kdc, more: dict[str, Any], who: str
) -> None:
    office.provider.add_person(who)  # a name of here proves nothing
    add(office, **more)
    browser, page = ask(office, crm)
    assert has_form(bring(browser, page, ticket(realm.sign_in(who, f"{who}-there"))))
    assert why(office) == "kerberos_principal"


def test_s_an_instance_of_somebody_is_not_them(office: Company, crm: App, realm: Kdc) -> None:
    add(office)
    browser, page = ask(office, crm)
    assert has_form(bring(browser, page, ticket(realm.sign_in("bea/admin", "bea/admin-there"))))
    assert why(office) == "kerberos_ticket"


def test_i4_what_is_in_the_way_there_is_told(office: Company, crm: App, realm: Kdc) -> None:
    add(office)
    browser, page = ask(office, crm)
    answer = bring(browser, page, ticket(realm.sign_in("gone", "gone-there")))
    assert "Your account at Company has ended" in answer.dom.text


def test_i9_whoever_is_turned_off_here_stays_out(office: Company, crm: App, realm: Kdc) -> None:
    add(office)
    cache = realm.sign_in("dora", "dora-there")
    browser, page = ask(office, crm)
    office.provider.services.directory.disable(office.person(bring(browser, page, ticket(cache)), crm).id)
    browser, page = ask(office, crm)
    assert "turned off" in bring(browser, page, ticket(cache)).dom.text


def test_i9_whoever_signed_out_is_not_bounced_in_again_and_comes_by_the_button(
    office: Company, crm: App, realm: Kdc
) -> None:
    one = add(office)
    cache = realm.sign_in("bea", "bea-there")
    browser, page = ask(office, crm)
    assert bring(browser, page, ticket(cache)).is_redirect
    browser.submit(browser.get("logout"))
    _, page = ask(office, crm, browser, state="second")
    assert (page.status, page.headers.get("WWW-Authenticate")) == (200, None)
    button = page.dom.find("button", name="provider", value=one.id)[0]
    data = dict(page.form.filled(None, {})) | {"provider": one.id}
    asked = browser.post(button["formaction"], data)
    assert (asked.status, asked.headers["WWW-Authenticate"], has_form(asked)) == (401, "Negotiate", True)
    assert browser.post(button["formaction"], data, headers={"Authorization": ticket(cache)}).is_redirect


def test_i8_who_shall_prove_it_anew_types(office: Company, crm: App, realm: Kdc) -> None:
    add(office)
    browser, page = ask(office, crm, prompt="login")
    assert (page.status, "as on this computer" in page.dom.text) == (200, False)
    assert has_form(bring(browser, page, ticket(realm.sign_in("bea", "bea-there"))))
    _, silent = ask(office, crm, prompt="none")
    assert silent.error == "login_required"


@pytest.mark.parametrize(("age", "is_in"), [(3600, True), (60, False)], ids=["young", "old"])
def test_i8_a_ticket_is_as_old_as_the_sign_in_there(
    office: Company, crm: App, realm: Kdc, age: int, is_in: bool
) -> None:
    add(office)
    cache = realm.sign_in("bea", "bea-there")
    office.provider.clock.now = time.time() + 300
    browser, page = ask(office, crm, max_age=str(age))
    answer = bring(browser, page, ticket(cache))
    assert answer.is_redirect == is_in
    if not is_in:
        assert "Please sign in again" in answer.dom.text
        assert browser.log_in(answer, "bea", "bea-there").is_redirect


@pytest.mark.parametrize(
    ("counts", "acr"),
    [("", None), ("password", PPT), ("second", MFA), ("phishing-resistant", PHISHING_RESISTANT)],
    ids=["one", "password", "second", "resistant"],
)
def test_i8_it_counts_for_what_the_owner_said(
    office: Company, crm: App, realm: Kdc, counts: str, acr: str | None
) -> None:
    add(office, kerberos_proof=counts)
    browser, page = ask(office, crm)
    token = office.provider.redeem(crm, bring(browser, page, ticket(realm.sign_in("bea", "bea-there"))).code).json
    assert jwt.decode(token["id_token"], options={"verify_signature": False}).get("acr") == acr


def test_l9_a_browser_that_keeps_no_cookie_sees_the_form(office: Company, crm: App, realm: Kdc) -> None:
    add(office)
    browser, page = ask(office, crm)
    browser.cookies.clear()
    answer = bring(browser, page, ticket(realm.sign_in("bea", "bea-there")))
    assert has_form(answer)
    assert not office.provider.events("session:started")


def test_i6_whoever_is_known_here_by_this_name_proves_it_once_after_a_ticket(
    office: Company, crm: App, realm: Kdc
) -> None:
    here = office.provider.add_person("bea", "of-here-and-long")
    add(office)
    cache = realm.sign_in("bea", "bea-there")
    browser, page = ask(office, crm)
    answer = bring(browser, page, ticket(cache))
    assert "Company knows you as bea" in answer.dom.text
    assert office.person(browser.log_in(answer, "bea", "of-here-and-long"), crm).id == here.id
    browser, page = ask(office, crm)
    assert office.person(bring(browser, page, ticket(cache)), crm).id == here.id


def test_i5_an_application_that_names_somebody_else_is_shown_the_form(office: Company, crm: App, realm: Kdc) -> None:
    add(office)
    cache = realm.sign_in("bea", "bea-there")
    browser, page = ask(office, crm, login_hint="carl@example.com")
    answer = bring(browser, page, ticket(cache))
    assert answer.dom.find("input", name="login")[0]["value"] == "carl@example.com"
    browser, page = ask(office, crm, login_hint="BEA@example.com")
    assert bring(browser, page, ticket(cache)).is_redirect


def test_i5_nobody_gets_an_account_in_a_sign_in_that_is_for_somebody_else(
    office: Company, crm: App, realm: Kdc
) -> None:
    add(office)
    header = ticket(realm.sign_in("bea", "bea-there"))
    browser, page = ask(office, crm, login_hint="carl@example.com")
    assert has_form(bring(browser, page, header))
    assert office.provider.services.directory.find_named("bea") is None
    assert "provider:linked" not in {event.action for event in office.provider.events()}
    browser, page = ask(office, crm)
    assert bring(browser, page, ticket(realm.sign_in("bea", "bea-there"))).is_redirect
    assert office.provider.services.directory.find_named("bea") is not None


def test_i4_people_of_one_realm_may_stand_in_two_directories(office: Company, crm: App, realm: Kdc) -> None:
    other = add(office, name="Branch", people="(uid=none)")
    add(office)
    assert snapshot.for_app(office.provider.services, crm.id)[0].id == other.id
    browser, page = ask(office, crm)
    assert bring(browser, page, ticket(realm.sign_in("bea", "bea-there"))).is_redirect
    browser, page = ask(office, crm)
    assert has_form(bring(browser, page, ticket(realm.sign_in("nobody", "nobody-there"))))
    assert why(office) == "kerberos_principal"


def test_i4_a_keytab_that_may_not_be_read_is_told_as_that(
    office: Company, crm: App, realm: Kdc, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(office)
    header, file = ticket(realm.sign_in("bea", "bea-there")), realm.keytab()
    opened = Path.open

    def refused(self: Path, *args: Any, **more: Any) -> Any:
        if self == file:
            raise PermissionError(13, "Permission denied")
        return opened(self, *args, **more)

    monkeypatch.setattr(Path, "open", refused)
    browser, page = ask(office, crm)
    assert has_form(bring(browser, page, header))
    assert why(office) == "kerberos_unset"
    (fault,) = [one for one in office.provider.events() if one.action == "error:kerberos_unset"]
    assert "Permission denied" in str(fault.detail)


def test_i4_without_the_library_the_form_is_there_and_the_admin_reads_what_to_install(
    office: Company, crm: App, realm: Kdc, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(office)
    header = ticket(realm.sign_in("bea", "bea-there"))
    monkeypatch.setitem(sys.modules, "gssapi", None)
    browser, page = ask(office, crm)
    assert has_form(bring(browser, page, header))
    event = office.provider.events("error:kerberos_unset")[-1]
    assert "libkrb5-dev" in event.detail["got"]
