"""I3, P3: a password that is over in a directory is replaced there by its person, who proves all the rest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import ldap3
import pytest

from idp.accounts.person import Person
from idp.login.steps.sign_in_form import TTL
from tests.backends import Clock
from tests.federation.directories import slapd
from tests.federation.directories.conftest import Company
from tests.federation.directories.slapd import Slapd
from tests.federation.directories.test_changing_passwords import NEW, PEOPLE
from tests.login import second_step
from tests.login.second_step import is_second_step
from tests.phone import Phone
from tests.provider import Answer, App, Browser

pytestmark = pytest.mark.slow
OLD = "bea-there"
AGAIN = "type your password once more"


@pytest.fixture
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """One whose passwords each test may change."""
    slapd.needed()
    made = Slapd(tmp_path_factory.mktemp("directory"))
    made.load(PEOPLE)
    yield made.start()
    made.stop()


def _hidden(page: Answer, name: str) -> str:
    found = [about for tag, about in page.dom.elements if tag == "input" and about.get("name") == name]
    return found[0].get("value") or "" if found else ""


def _admin(company: Company) -> ldap3.Connection:
    port = int(company.there.uri.rsplit(":", 1)[1].strip("/"))
    server = ldap3.Server("127.0.0.1", port, get_info=ldap3.NONE)
    return ldap3.Connection(server, slapd.ADMIN, slapd.ADMIN_PASSWORD, auto_bind=True)


def _is_to_change(company: Company, name: str = "bea", value: str = "TRUE") -> None:
    with _admin(company) as there:
        assert there.modify(slapd.dn(name), {"pwdReset": [(ldap3.MODIFY_REPLACE, [value])]})  # type: ignore[no-untyped-call]


def _holds(company: Company, password: str, name: str = "bea") -> bool:
    """Whether it is the password there, asked past us."""
    port = int(company.there.uri.rsplit(":", 1)[1].strip("/"))
    server = ldap3.Server("127.0.0.1", port, get_info=ldap3.NONE)
    return bool(ldap3.Connection(server, slapd.dn(name), password).bind())


def _clock(company: Company) -> Clock:
    clock = company.provider.clock
    assert isinstance(clock, Clock)
    return clock


def _bea(company: Company) -> Person:
    found = company.provider.services.directory.find_by_login("bea")
    assert found is not None
    return found


@pytest.fixture
def owner(company: Company, crm: App) -> Browser:
    """Bea, linked and signed in, whose password is in order still."""
    company.add(changes_passwords=True)
    browser = company.provider.browser()
    assert company.sign_in(crm, "bea", browser=browser).is_redirect
    return browser


def _phone(company: Company) -> Phone:
    return second_step.set_up(company.provider, _clock(company), _bea(company))


def _thief(company: Company) -> Browser:
    return company.provider.browser("198.51.100.7")


def _claims(company: Company, crm: App, answer: Answer) -> dict[str, Any]:
    return second_step.claims(company.provider, crm, answer)


def test_p3_the_second_factor_comes_before_a_new_password_there(company: Company, crm: App, owner: Browser) -> None:
    phone = _phone(company)
    usual, browser = company.provider.browser(), company.provider.browser()
    page = company.sign_in(crm, "bea", browser=usual)
    before = _claims(company, crm, usual.submit(page, code=phone.code))
    _clock(company).advance(60)
    _is_to_change(company)
    page = company.sign_in(crm, "bea", browser=browser)
    assert is_second_step(page)
    assert _hidden(page, "new") == _hidden(page, "held") == ""
    assert "Company asks for a new one" not in page.dom.text
    page = browser.submit(page, code=phone.code)
    assert "Company asks for a new one" in page.dom.text
    _clock(company).advance(5)
    page = browser.submit(page, new=NEW, confirm="another")
    done = browser.submit(page, new=NEW, confirm=NEW, keep_others="")
    after = _claims(company, crm, done)
    assert (after["amr"], after.get("acr")) == (before["amr"], before.get("acr"))
    assert "otp" in after["amr"]
    assert after["auth_time"] == int(_clock(company)())
    assert _holds(company, NEW)
    assert not owner.get("security").dom.find("h2", id="password-title")


def test_p3_whoever_has_the_old_password_alone_changes_nothing_there(
    company: Company, crm: App, owner: Browser
) -> None:
    _phone(company)
    _is_to_change(company)
    thief = _thief(company)
    page = company.sign_in(crm, "bea", browser=thief)
    assert is_second_step(page)
    posted = {"flow": _hidden(page, "flow"), "new": NEW, "confirm": NEW}
    assert AGAIN in thief.post("login/renew-there", posted).dom.text
    page = company.sign_in(crm, "bea", browser=thief)
    page = thief.submit(page, code="000000")
    posted = {"flow": _hidden(page, "flow"), "new": NEW, "confirm": NEW}
    assert AGAIN in thief.post("login/renew-there", posted).dom.text
    assert _holds(company, OLD)
    assert not company.provider.events("password:set")
    assert owner.get("security").dom.find("h2", id="password-title")


def test_p3_nor_is_a_second_factor_asked_for_less_on_a_device_that_was_let_off(
    open_company: Callable[..., Company],
) -> None:
    company = open_company(factors={"personal": "never"})
    company.add(changes_passwords=True)
    crm = company.provider.add_client("CRM")
    browser = company.provider.browser()
    assert company.sign_in(crm, "bea", browser=browser).is_redirect
    _phone(company)
    _is_to_change(company)
    assert is_second_step(company.sign_in(crm, "bea", browser=company.provider.browser()))


@pytest.mark.parametrize("has_more", [True, False], ids=["second factor", "password alone"])
def test_s_what_the_page_for_programs_keeps_changes_no_password_there(
    company: Company, crm: App, owner: Browser, has_more: bool
) -> None:
    if has_more:
        _phone(company)
    thief = _thief(company)
    page = company.provider.authorize(thief, crm)
    for n in range(3):
        page = thief.log_in(page, "bea", f"wrong-{n}")
    page = thief.log_in(page, "bea", OLD, work="")
    posted = {"flow": _hidden(page, "flow"), "held": _hidden(page, "held"), "new": NEW, "confirm": NEW}
    assert posted["held"]
    assert AGAIN in thief.post("login/renew-there", posted).dom.text
    _is_to_change(company)
    assert AGAIN in thief.post("login/renew-there", posted).dom.text  # nor once it is over
    assert not company.provider.events("password:set")
    assert _holds(company, OLD)


def test_p3_one_that_is_in_order_again_is_not_changed_in_the_sign_in(
    company: Company, crm: App, owner: Browser
) -> None:
    _is_to_change(company)
    browser = company.provider.browser()
    page = company.sign_in(crm, "bea", browser=browser)
    _is_to_change(company, value="FALSE")
    assert "has not run out, so it was not changed" in browser.submit(page, new=NEW, confirm=NEW).dom.text
    assert _holds(company, OLD)
    assert not company.provider.events("password:set")


def test_s_a_page_to_renew_is_good_in_its_browser_and_once(company: Company, crm: App, owner: Browser) -> None:
    _is_to_change(company)
    browser, thief = company.provider.browser(), _thief(company)
    page = company.sign_in(crm, "bea", browser=browser)
    posted = {"flow": _hidden(page, "flow"), "new": NEW, "confirm": NEW}
    company.provider.authorize(thief, crm)
    thief.post("login/renew-there", posted)
    assert _holds(company, OLD)
    # Another page's own seal, in this browser, names nothing either.
    other = company.provider.authorize(browser, crm)
    assert AGAIN in browser.post("login/renew-there", {**posted, "flow": _hidden(other, "flow")}).dom.text
    assert browser.post("login/renew-there", posted).is_redirect
    assert _holds(company, NEW)
    _is_to_change(company)
    replayed = browser.post("login/renew-there", {**posted, "new": "yet-another-one", "confirm": "yet-another-one"})
    assert not _holds(company, "yet-another-one"), replayed.dom.text


def test_s_a_page_to_renew_is_over_after_ten_minutes(company: Company, crm: App, owner: Browser) -> None:
    _is_to_change(company)
    browser = company.provider.browser()
    page = company.sign_in(crm, "bea", browser=browser)
    _clock(company).advance(TTL + 1)
    assert AGAIN in browser.submit(page, new=NEW, confirm=NEW).dom.text
    assert _holds(company, OLD)


@pytest.mark.parametrize("when", ["before", "meanwhile"])
@pytest.mark.parametrize("what", ["turned off", "not me"])
def test_a3_nothing_is_changed_there_for_whom_an_account_is_shut_here(
    company: Company, crm: App, owner: Browser, what: str, when: str
) -> None:
    directory, bea, browser = company.provider.services.directory, _bea(company), _thief(company)

    def shut() -> None:
        if what == "not me":
            directory.drop_password(bea.id, detail={"what": "this was not me"})
        else:
            directory.disable(bea.id)

    _is_to_change(company)
    if when == "before":
        shut()
    page = company.sign_in(crm, "bea", browser=browser)
    if when == "meanwhile":
        shut()
        assert AGAIN in browser.submit(page, new=NEW, confirm=NEW).dom.text
    else:
        assert "Company asks for a new one" not in page.dom.text
    assert _holds(company, OLD)


@pytest.mark.parametrize("name", ["bea", "reset"], ids=["linked", "nobody's yet"])
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_p3_a_rule_that_lets_nobody_in_from_here_comes_first(
    company: Company, crm: App, owner: Browser, name: str, when: str
) -> None:
    _is_to_change(company, name)
    browser = _thief(company)

    def forbid() -> None:
        company.provider.add_rule(name="Office", need="deny", networks=["198.51.100.0/24"])

    if when == "before":
        forbid()
    page = company.sign_in(crm, name, browser=browser)
    if when == "meanwhile":
        forbid()
        page = browser.submit(page, new=NEW, confirm=NEW)
    assert "You cannot sign in from here" in page.dom.text
    assert _holds(company, f"{name}-there", name)


def test_p3_whom_the_next_sign_in_would_join_proves_their_second_factor_too(company: Company, crm: App) -> None:
    company.add(changes_passwords=True, join=True, mail_verified=True)
    ann = company.provider.add_person("ann", email="reset@example.com", email_verified=True)
    second_step.set_up(company.provider, _clock(company), ann)
    assert is_second_step(company.sign_in(crm, "reset"))
    assert _holds(company, "reset-there", "reset")


def test_p3_a_break_glass_account_is_no_way_to_a_password_there(company: Company, crm: App, owner: Browser) -> None:
    from idp.accounts import break_glass

    bea = _bea(company)
    _is_to_change(company)
    browser = company.provider.browser()
    page = company.sign_in(crm, "bea", browser=browser)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(break_glass, "is_one", lambda _db, person: person.id == bea.id)
        assert AGAIN in browser.submit(page, new=NEW, confirm=NEW).dom.text
        assert "Change it there" in company.sign_in(crm, "bea").dom.text
    assert _holds(company, OLD)


def test_s_the_password_is_sealed_where_it_waits(company: Company, crm: App, owner: Browser) -> None:
    _is_to_change(company)
    state = company.provider.services.state
    real, kept = type(state).put, list[tuple[str, Any]]()

    def put(self: Any, key: str, value: Any, ttl: float) -> None:
        kept.append((key, value))
        real(self, key, value, ttl)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(state), "put", put)
        page = company.sign_in(crm, "bea")
    assert any(key.startswith("login:over-there:") for key, _ in kept)
    assert OLD not in str(kept)
    assert OLD not in page.body.decode()
