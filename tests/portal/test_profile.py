"""What a person may see and change of their own. A8, S59."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idp.accounts.person import Person
from idp.config import EDITABLE, ConfigError, load
from tests.backends import Clock
from tests.provider import Answer, Browser, Provider

CLAIMS = {"given_name": "Ann", "department": "Sales", "phone_number": "+49301234567", "phone_number_verified": True}


@pytest.fixture
def ann(provider: Provider) -> Person:
    return provider.add_person(claims=CLAIMS, groups=("sales",), email_verified=True)


def signed_in(browser: Browser) -> Answer:
    browser.log_in(browser.get("profile"))
    return browser.get("profile")


def save(browser: Browser, page: Answer, **values: str) -> Answer:
    at = next(n for n, form in enumerate(page.dom.forms) if form.action == "/profile")
    return browser.submit(page, form=at, **values)


def test_A8_what_the_company_allows_is_changed_and_applications_hear_of_it(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    page = signed_in(browser)
    done = save(browser, page, nickname="  Annie  Ex ", website="example.com/ann", locale="fr", zoneinfo="Europe/Paris")
    assert done.location == provider.issuer + "/profile"
    claims = provider.services.directory.get(ann.id).claims
    assert claims == {
        **CLAIMS, "nickname": "Annie Ex", "website": "https://example.com/ann", "locale": "fr",
        "zoneinfo": "Europe/Paris",
    }  # fmt: skip
    told = provider.userinfo(provider.tokens(provider.add_client(), browser)["access_token"]).json
    assert (told["nickname"], told["locale"], told["zoneinfo"]) == ("Annie Ex", "fr", "Europe/Paris")
    (event,) = provider.events("person:changed")
    assert (event.person_id, sorted(event.detail["fields"])) == (ann.id, ["locale", "nickname", "website", "zoneinfo"])
    assert 'lang="fr"' in browser.get("profile").text


def test_A8_an_empty_field_takes_the_claim_out(provider: Provider, browser: Browser, ann: Person) -> None:
    page = signed_in(browser)
    save(browser, page, nickname="Annie")
    save(browser, browser.get("profile"), nickname="")
    assert provider.services.directory.get(ann.id).claims == CLAIMS


def test_S59_fields_that_are_not_the_persons_are_never_looked_at(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    """ASVS 8.2.3: mass assignment."""
    key = dict(signed_in(browser).dom.forms[0].fields)["form_key"]
    forbidden = {
        "groups": "board", "roles": "owner", "sub": "u0", "id": "u0", "email": "eve@evil.example",
        "email_verified": "1", "username": "root", "enabled": "1", "employee_number": "1", "given_name": "Eve",
        "department": "Board", "phone_number_verified": "1", "phone_number": "+4900000000", "password_hash": "x",
        "claims.department": "Board", "person_id": "u0", "is_admin": "1", "name": "Eve", "updated_at": "1",
    }  # fmt: skip
    before = provider.services.directory.get(ann.id)
    done = browser.post("profile", {"form_key": key, **forbidden})
    assert done.location == provider.issuer + "/profile"
    assert provider.services.directory.get(ann.id) == before
    assert not provider.events("person:changed")


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("locale", "tlh"), ("locale", "../../etc"), ("zoneinfo", "Mars/Olympus"), ("zoneinfo", "../etc/passwd"),
        ("website", "javascript:alert(1)"), ("website", "nonsense"), ("website", "https://"), ("nickname", "x" * 201),
        ("nickname", "a\u202eb"), ("nickname", "a\x00b"), ("birthdate", "31.12.1990"), ("phone_number", "12"),
        ("phone_number", "0301234567"), ("name", " "),
    ],
)  # fmt: skip
def test_A8_what_cannot_be_is_refused_with_the_reason_at_its_field(
    open_provider: Callable[..., Provider], field: str, typed: str
) -> None:
    provider = open_provider(portal={"editable": list(EDITABLE)})
    ann, browser = provider.add_person(), provider.browser()
    page = save(browser, signed_in(browser), **{field: typed})
    assert page.status == 200
    assert page.dom.find("p", id=f"{field}-problem")
    assert page.dom.find("select" if field in ("locale", "zoneinfo") else "input", id=field, aria_invalid="true")
    assert provider.services.directory.get(ann.id) == ann


def test_A8_everything_typed_is_there_again_beside_what_is_wrong(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    page = save(browser, signed_in(browser), nickname="Annie", website="nonsense")
    assert page.dom.find("input", id="nickname", value="Annie")
    assert page.dom.find("input", id="website", value="nonsense")


def test_A8_with_nothing_to_change_the_page_shows_what_there_is(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(portal={"editable": []})
    provider.add_person(claims=CLAIMS, groups=("sales",))
    page = signed_in(browser := provider.browser())
    assert not [form for form in page.dom.forms if form.action == "/profile"]
    for told in ("ann@example.com", "sales", "+49301234567", "Your company changes it"):
        assert told in page.dom.text
    key = dict(page.dom.forms[0].fields)["form_key"]
    assert browser.post("profile", {"form_key": key, "nickname": "Annie"}).is_redirect
    assert provider.services.directory.list()[0].claims == CLAIMS


def test_P7_a_phone_number_asks_for_a_fresh_sign_in_and_is_unverified_again(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    provider = open_provider(portal={"editable": ["phone_number", "nickname"]})
    ann, browser = provider.add_person(claims=CLAIMS), provider.browser()
    page = signed_in(browser)
    clock.advance(301)
    assert save(browser, page, phone_number="+49 30 7654321").is_login_page
    assert provider.services.directory.get(ann.id) == ann
    assert save(browser, browser.get("profile"), nickname="Annie").is_redirect  # that does not
    browser.log_in(save(browser, browser.get("profile"), phone_number="+49 30 7654321"))
    assert save(browser, browser.get("profile"), phone_number="+49 30 7654321").is_redirect
    claims = provider.services.directory.get(ann.id).claims
    assert claims["phone_number"] == "+49307654321"
    assert "phone_number_verified" not in claims


def test_A8_an_admins_change_in_the_meantime_is_not_undone(provider: Provider, browser: Browser, ann: Person) -> None:
    page = signed_in(browser)
    provider.services.directory.update(ann.id, claims={"department": "Board"})
    save(browser, page, nickname="Annie")
    assert provider.services.directory.get(ann.id).claims == {"department": "Board", "nickname": "Annie"}


def test_A8_what_is_shown_is_text(provider: Provider, browser: Browser) -> None:
    provider.add_person(claims={"nickname": '"><script>alert(1)</script>', "gender": "<b>x</b>"}, groups=("<i>g</i>",))
    page = signed_in(browser)
    assert not [t for t in ("<script>alert", "<b>x", "<i>g") if t in page.text]


@pytest.mark.parametrize("claim", ["groups", "sub", "roles", "email", "email_verified", "username", "address", "nope"])
def test_S59_a_setting_cannot_open_what_is_not_for_people_to_change(tmp_path: Any, claim: str) -> None:
    file = tmp_path / "doorward.toml"
    file.write_text(f'[portal]\neditable = ["{claim}"]\n')
    with pytest.raises(ConfigError, match="is not for people to change"):
        load(file, {})
