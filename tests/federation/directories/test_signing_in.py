"""I3: a password that is typed here is checked by a bind in the company's directory."""

from __future__ import annotations

import jwt
import pytest

from idp.federation import health, links
from tests.federation.directories import slapd
from tests.federation.directories.conftest import Company
from tests.provider import App

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("way", ["secure", "uri"], ids=["ldaps", "starttls"])
def test_i3_somebody_of_the_directory_signs_in_with_the_password_of_there(company: Company, crm: App, way: str) -> None:
    directory = company.add(servers=[getattr(company.there, way)], mail_verified=True, groups_claim="groups",
                            group_filter="(objectClass=groupOfNames)", nested="walk",
                            groups={"staff": "Staff", "sales": "Sales"})  # fmt: skip
    bea = company.person(company.sign_in(crm, "bea"), crm)
    assert (bea.username, bea.name, bea.email, bea.email_verified) == ("bea", "Bea There", "bea@example.com", True)
    assert set(bea.groups) == {"Sales", "Staff"}
    assert not bea.has_password
    again = company.person(company.sign_in(crm, "bea@example.com", "bea-there"), crm)
    assert again.id == bea.id
    assert [link.provider_id for link in links.of_person(company.provider.services.db, bea.id)] == [directory.id]


@pytest.mark.spec("RFC8176 2")
def test_i8_the_application_is_told_of_a_password_and_when_it_was_typed(company: Company, crm: App) -> None:
    company.add()
    token = company.provider.redeem(crm, company.sign_in(crm, "carl").code).json["id_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["amr"] == ["pwd"]
    assert claims["auth_time"] == int(company.provider.clock())


def test_l7_a_wrong_password_and_a_name_that_nobody_has_are_one_answer(company: Company, crm: App) -> None:
    company.add()
    answers = [company.sign_in(crm, name, "wrong").dom.text for name in ("bea", "nobody-there")]
    assert all("The name or the password is not right." in text for text in answers)


@pytest.mark.parametrize("typed", ["*", "b*", "bea)(uid=*", "*)(objectClass=*", "bea\\2a", "bea\x00"], ids=[
    "star", "prefix", "parenthesis", "any", "escaped", "nul",
])  # fmt: skip
@pytest.mark.spec("RFC4515 3")
def test_s_a_name_is_text_in_a_filter_and_nothing_else(company: Company, crm: App, typed: str) -> None:
    company.add()
    assert "is not right" in company.sign_in(crm, typed, "bea-there").dom.text
    assert company.sign_in(crm, "a*b(c)", "starred-there").is_redirect


@pytest.mark.spec("RFC4513 5.1.2")
def test_i3_an_empty_password_is_never_bound(company: Company, crm: App) -> None:
    company.add()
    browser = company.provider.browser()
    page = company.provider.authorize(browser, crm)
    assert "Please type" in browser.log_in(page, "bea", "").dom.text
    assert "is not right" in company.sign_in(crm, "bea", "   ").dom.text


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("old", "Your password at Company ran out"),
        ("reset", "You have to choose a new password at Company"),
        ("gone", "Your account at Company has ended"),
        ("stale", "Your password at Company ran out"),
    ],
)
def test_i3_what_is_in_the_way_is_told_to_whoever_has_proven_the_password(
    company: Company, crm: App, name: str, told: str
) -> None:
    company.add()
    assert told in company.sign_in(crm, name).dom.text
    wrong = company.sign_in(crm, name, "wrong").dom.text
    assert told not in wrong
    assert "is not right" in wrong


def test_i3_a_locked_account_is_told_to_nobody_whose_password_was_not_looked_at(company: Company, crm: App) -> None:
    company.add()
    assert "is not right" in company.sign_in(crm, "locked").dom.text


def test_i6_whoever_is_known_here_by_this_name_proves_it_once(company: Company, crm: App) -> None:
    here = company.provider.add_person("bea", "of-here-and-long")
    company.add()
    browser = company.provider.browser()
    page = company.sign_in(crm, "bea", browser=browser)
    assert "Company knows you as bea" in page.dom.text
    assert company.person(browser.log_in(page, "bea", "of-here-and-long"), crm).id == here.id
    assert company.person(company.sign_in(crm, "bea"), crm).id == here.id  # from now on by either


def test_i5_only_names_of_its_domains_are_asked_for_where_not_all_are(company: Company, crm: App) -> None:
    company.add(all_names=False)
    assert "is not right" in company.sign_in(crm, "bea").dom.text
    assert company.sign_in(crm, "bea@example.com", "bea-there").is_redirect


def test_i5_it_has_no_button_and_nobody_is_led_there(company: Company, crm: App) -> None:
    directory = company.add()
    page = company.provider.authorize(company.provider.browser(), crm)
    assert not page.dom.find("button", name="provider")
    browser = company.provider.browser()
    page = company.provider.authorize(browser, crm)
    answer = browser.post("/login/upstream", dict(page.form.filled(None, {})) | {"provider": directory.id})
    assert not answer.is_redirect


def test_i9_somebody_disabled_here_is_told_so_with_the_right_password_alone(company: Company, crm: App) -> None:
    company.add()
    dora = company.person(company.sign_in(crm, "dora"), crm)
    company.provider.services.directory.disable(dora.id)
    assert "turned off" in company.sign_in(crm, "dora").dom.text
    assert "turned off" not in company.sign_in(crm, "dora", "wrong").dom.text


def test_s63_wrong_passwords_of_the_directory_pause_as_those_of_here(company: Company, crm: App) -> None:
    company.add()
    for n in range(6):
        company.sign_in(crm, "bea", f"wrong-{n}")
    assert not company.sign_in(crm, "bea").is_redirect
    assert company.provider.events("session:failed")


def test_w2_what_was_wrong_may_be_right_a_minute_later_since_it_is_changed_there(company: Company, crm: App) -> None:
    company.add()
    company.there.change(slapd.person("eve", "before-there", change=True))
    assert "is not right" in company.sign_in(crm, "eve", "after-there").dom.text
    company.there.change(slapd.replaced("eve", "userPassword", "after-there"))
    company.provider.clock.advance(61)
    assert company.sign_in(crm, "eve", "after-there").is_redirect


def test_s17_no_password_is_kept_or_recorded(company: Company, crm: App) -> None:
    company.add()
    company.sign_in(crm, "bea")
    company.sign_in(crm, "bea", "wrong-and-telling")
    rows = [str(event) for event in company.provider.events()]
    assert not any("bea-there" in row or "wrong-and-telling" in row or "service-secret" in row for row in rows)


@pytest.mark.parametrize("odd", ["\u00ad", "a\tb", "\ue000", "\u05d0b", "a\x00b"], ids=range(5))
def test_l7_no_password_is_taken_for_a_directory_that_is_down(company: Company, crm: App, odd: str) -> None:
    company.add()
    for name in ("bea", "nobody-there"):
        text = company.sign_in(crm, name, odd).dom.text
        assert "is not right" in text
        assert "cannot be reached" not in text
    assert [one["answers"] for one in health.listed(company.provider.services)] == [True]
    assert len(company.provider.events("session:failed")) == 2


def test_s54_a_password_of_other_letters_than_ascii_is_bound_as_it_is(company: Company, crm: App) -> None:
    company.add()
    company.there.change(slapd.person("nbsp", "one\u00a0two-\ufb01", change=True))
    assert "is not right" in company.sign_in(crm, "nbsp", "one two-fi").dom.text
    assert company.sign_in(crm, "nbsp", "one\u00a0two-\ufb01").is_redirect


def test_s63_ones_own_entry_forgives_no_guess_at_somebody_elses_account(company: Company, crm: App) -> None:
    company.provider.add_person("carl", "of-here-and-long")  # carl of the directory is somebody else
    company.add()
    for n in range(2):
        assert "is not right" in company.sign_in(crm, "carl", f"guess-{n}").dom.text
        assert "Company knows you as carl" in company.sign_in(crm, "carl").dom.text
        linking = [one for one in company.provider.events("session:failed") if one.detail.get("linking")]
        assert len(linking) == n + 1
    company.sign_in(crm, "carl", "guess-2")
    # Three are counted: whoever goes on has to show to be there, and no password is looked at before.
    assert "Company knows you as carl" not in company.sign_in(crm, "carl").dom.text


def test_s_a_name_that_is_too_long_is_wrong_as_any_other(company: Company, crm: App) -> None:
    company.add()
    assert "is not right" in company.sign_in(crm, "b" * 2000 + "@example.com", "x").dom.text


def test_i3_a_filter_that_cannot_be_read_is_told_as_a_directory_that_is_down(company: Company, crm: App) -> None:
    one = company.add()
    company.change(one, people="(uid)")  # kept before filters were read
    assert "cannot be reached" in company.sign_in(crm, "bea").dom.text
