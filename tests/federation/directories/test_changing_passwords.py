"""I3: people of a directory change their password there by our page, where its owner has said so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from idp.federation import checking
from idp.federation.ldap import changing_password, standing
from idp.federation.ldap.answers import Bound, Unreachable
from idp.federation.ldap.changing_password import outcome_of
from idp.federation.ldap.wire import Conversation
from idp.mail import outbox
from tests.federation.directories import slapd
from tests.federation.directories.conftest import Company
from tests.federation.directories.slapd import BASE, Slapd, person
from tests.provider import Answer, App, Browser

pytestmark = pytest.mark.slow
NEW = "a-new-one-of-there"
JUST = time.strftime("%Y%m%d%H%M%SZ", time.gmtime())
POLICY = f"""dn: cn=rules,{BASE}
objectClass: pwdPolicy
objectClass: person
cn: rules
sn: rules
pwdAttribute: userPassword
pwdMinLength: 10
pwdCheckQuality: 2
pwdInHistory: 3
pwdMustChange: TRUE
pwdMaxAge: 86400

dn: cn=seldom,{BASE}
objectClass: pwdPolicy
objectClass: person
cn: seldom
sn: seldom
pwdAttribute: userPassword
pwdMinAge: 86400

dn: cn=never,{BASE}
objectClass: pwdPolicy
objectClass: person
cn: never
sn: never
pwdAttribute: userPassword
pwdAllowUserChange: FALSE

"""


def _under(policy: str, more: str = "") -> str:
    return f"pwdPolicySubentry: cn={policy},{BASE}\n{more}"


PEOPLE = POLICY + "".join((
    person("bea", more=_under("rules")), person("often", more=_under("seldom", f"pwdChangedTime: {JUST}\n")),
    person("fixed", more=_under("never")), person("stale", more="shadowLastChange: 100\nshadowMax: 90\n"),
    person("old", more=_under("rules", "pwdChangedTime: 20200101000000Z\n")),
    person("reset", more=_under("rules", "pwdReset: TRUE\n")),
))  # fmt: skip


@pytest.fixture
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """One whose passwords each test may change."""
    slapd.needed()
    made = Slapd(tmp_path_factory.mktemp("directory"))
    made.load(PEOPLE)
    yield made.start()
    made.stop()


def _change(browser: Browser, current: str, new: str, **more: str) -> Answer:
    page = browser.get("password")
    page = browser.get("password/directory") if page.is_redirect else page
    fields = {"current": current, "password": new, "confirm": new, **more}
    return browser.submit(page, **fields)


def _signed_in(company: Company, crm: App, name: str) -> Browser:
    browser = company.provider.browser()
    assert company.sign_in(crm, name, browser=browser).is_redirect
    return browser


@pytest.mark.parametrize("way", ["secure", "uri"], ids=["ldaps", "starttls"])
@pytest.mark.spec("RFC3062 2")
def test_i3_somebody_changes_their_password_there_and_every_other_session_ends(
    company: Company, crm: App, way: str
) -> None:
    directory = company.add(changes_passwords=True, servers=[getattr(company.there, way)])
    browser, other = _signed_in(company, crm, "bea"), _signed_in(company, crm, "bea")
    assert _change(browser, "bea-there", NEW).is_redirect
    assert browser.get("").status == 200
    assert not other.get("security").dom.find("h2", id="password-title")
    assert "is not right" in company.sign_in(crm, "bea").dom.text
    bea = company.person(company.sign_in(crm, "bea", NEW), crm)
    assert not bea.has_password  # nothing is kept here
    event = company.provider.events("password:set")[-1]
    assert (event.person_id, event.detail["provider_id"]) == (bea.id, directory.id)
    assert NEW not in str([one.detail for one in company.provider.events()])


@pytest.mark.parametrize(
    ("name", "new", "told"),
    [
        ("bea", "short", "Company asks for a longer password"),
        ("bea", "bea-there", "This is the password that you have"),
        ("often", NEW, "again so soon"),
        ("fixed", NEW, "does not let your password be changed from here"),
    ],
)
def test_i3_what_the_directorys_policy_refuses_is_told_as_it_is(
    company: Company, crm: App, name: str, new: str, told: str
) -> None:
    company.add(changes_passwords=True)
    browser = _signed_in(company, crm, name)
    assert told in _change(browser, f"{name}-there", new).dom.text
    assert company.sign_in(crm, name).is_redirect  # as it was


def test_i3_one_that_they_had_before_is_refused_as_such(company: Company, crm: App) -> None:
    company.add(changes_passwords=True)
    browser = _signed_in(company, crm, "bea")
    assert _change(browser, "bea-there", NEW).is_redirect
    assert _change(browser, NEW, NEW + "-2").is_redirect
    assert "You had this password at Company before" in _change(browser, NEW + "-2", NEW).dom.text


def test_w1_the_old_password_is_no_guessing_game(company: Company, crm: App) -> None:
    company.add(changes_passwords=True)
    browser = _signed_in(company, crm, "bea")
    said = [_change(browser, f"wrong-{n}", NEW).dom.text for n in range(12)]
    assert "The current password is not right." in said[0]
    assert "Too many wrong passwords" in said[-1]
    assert "Too many wrong passwords" in _change(browser, "bea-there", NEW).dom.text


@pytest.mark.parametrize("name", ["reset", "old", "stale"])
def test_i3_a_password_that_is_over_there_is_changed_during_the_sign_in(company: Company, crm: App, name: str) -> None:
    company.add(changes_passwords=True)
    browser = company.provider.browser()
    page = company.sign_in(crm, name, browser=browser)
    assert "Company asks for a new one" in page.dom.text
    differs = browser.submit(page, new=NEW, confirm="another")
    assert "The two passwords differ" in differs.dom.text
    there = company.person(browser.submit(differs, new=NEW, confirm=NEW), crm)
    assert (there.username, there.has_password) == (name, False)
    assert company.sign_in(crm, name, NEW).is_redirect


def test_i3_it_is_off_unless_its_owner_says_so(company: Company, crm: App) -> None:
    company.add()
    assert "Change it there" in company.sign_in(crm, "reset").dom.text
    browser = _signed_in(company, crm, "bea")
    assert not browser.get("password").is_redirect or "directory" not in browser.get("password").location
    assert browser.get("password/directory").location.endswith("/security")
    assert "Change your password at" not in browser.get("security").dom.text


def test_i3_once_it_is_off_again_a_page_that_lies_open_changes_nothing(company: Company, crm: App) -> None:
    directory = company.add(changes_passwords=True)
    browser = company.provider.browser()
    page = company.sign_in(crm, "reset", browser=browser)
    company.change(directory, changes_passwords=False)
    assert "cannot be changed here" in browser.submit(page, new=NEW, confirm=NEW).dom.text


def test_s_a_new_password_goes_nowhere_without_tls() -> None:
    said = {
        "name": "Company", "kind": "ldap", "servers": ["ldap://localhost"], "plain": True, "base_dn": BASE,
        "subject": ["entryUUID"], "all_names": True, "changes_passwords": True,
    }  # fmt: skip
    with pytest.raises(checking.InvalidProvider) as caught:
        checking.checked(said)
    assert "by TLS alone" in str(caught.value)


_AD = "0000052D: AtrErr: DSID-03190FD6, #1:\n\t0: 0000052D: DSID-03190FD6, problem 1005 (CONSTRAINT_ATT_TYPE)"
_SAMBA = "0000052D: Constraint violation - check_password_restrictions: the password "


@pytest.mark.parametrize(
    ("done", "state"),
    [
        (Bound(0), changing_password.DONE),
        (Bound(19, "Password fails quality checking policy", 5), changing_password.SIMPLE),
        (Bound(19, "", 6), changing_password.SHORT),
        (Bound(19, "", 7), changing_password.YOUNG),
        (Bound(19, "", 8), changing_password.HISTORY),
        (Bound(50, "", 3), changing_password.REFUSED),
        (Bound(19, _AD), changing_password.RULES),
        (Bound(53, "0000052D: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM)"), changing_password.RULES),
        (Bound(19, _SAMBA + "is too short. It should be equal to or longer than 7 characters!"),
         changing_password.SHORT),
        (Bound(19, _SAMBA + "does not meet the complexity criteria!"), changing_password.SIMPLE),
        (Bound(19, _SAMBA + "was already used (in history)!"), changing_password.HISTORY),
        (Bound(19, "00000056: AtrErr: DSID-03191083, #1: 0: 00000056"), standing.WRONG),
        (Bound(53, "0000001F: SvcErr: DSID-031A12D2, problem 5003"), changing_password.REFUSED),
        (Bound(50, "insufficient access"), changing_password.REFUSED),
    ],
)  # fmt: skip
def test_i3_each_answer_of_a_directory_to_a_change_means_one_thing(done: Bound, state: str) -> None:
    assert outcome_of(done) == state


def test_a5_their_person_reads_of_it_by_mail_and_keeps_the_other_sessions_if_they_say_so(
    open_company: Callable[..., Company],
) -> None:
    company = open_company(server={"issuer": "http://localhost:8000"})  # where mail lands in its outbox
    company.add(changes_passwords=True, mail_verified=True)
    crm = company.provider.add_client("CRM")
    browser, other = _signed_in(company, crm, "bea"), _signed_in(company, crm, "bea")
    assert _change(browser, "bea-there", NEW, keep_others="1").is_redirect
    assert other.get("security").dom.find("h2", id="password-title")
    jobs = company.provider.services.jobs
    for job in jobs.pending():
        jobs.perform(job.name, job.payload)
    (told,) = [kept for kept in outbox.newest(company.provider.services) if kept.message == "password_changed"]
    assert "was changed" in told.text
    assert NEW not in told.text


def test_i3_what_fails_after_the_change_takes_nothing_of_it_back(
    company: Company, crm: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is changed: so the record, the mail and the end of other sessions follow, whatever becomes of the rest."""

    def cut(*_: object) -> bool:
        raise Unreachable("cut")

    company.add(changes_passwords=True)
    browser, other = company.provider.browser(), company.provider.browser()
    page = company.sign_in(crm, "stale", browser=browser)
    assert browser.submit(page, new=NEW, confirm=NEW).is_redirect
    assert company.sign_in(crm, "stale", NEW, browser=other).is_redirect
    before = len(company.provider.events("password:set"))
    monkeypatch.setattr(Conversation, "replace", cut)
    answer = _change(browser, NEW, NEW + "-2")
    assert answer.is_redirect, answer.dom.text
    assert len(company.provider.events("password:set")) == before + 1
    assert not other.get("security").dom.find("h2", id="password-title")
