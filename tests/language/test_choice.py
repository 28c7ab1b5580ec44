"""Which language a page speaks (A6): the choice in this browser, ui_locales, the person's setting, Accept-Language."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp import formats
from idp.language import accepted, lookup
from idp.texts import LANGUAGES, direction
from tests.language.readers import likes, spoken
from tests.provider import Browser, Provider

# -- RFC 4647, RFC 9110 ------------------------------------------------------------------------------------------------


@pytest.mark.spec("RFC4647 3.4")
@pytest.mark.parametrize(
    ("ranges", "found"),
    [
        (["de"], "de"), (["de-AT"], "de"), (["DE-at-1996"], "de"), (["de_DE"], "de"), (["de-Latn-DE-x-abc"], "de"),
        (["zh"], "zh-Hans"), (["zh-CN"], "zh-Hans"), (["zh-Hans-SG"], "zh-Hans"), (["ZH_hans"], "zh-Hans"),
        (["en-GB", "de"], "en"), (["tlh", "fr-CA", "de"], "fr"), (["*"], None), (["deu"], None), (["d"], None),
        ([], None), (["", " ", "-", "--", "x-de"], None), (["de" + "-aa" * 40], None), (["q" * 9000, "es"], "es"),
        (["tlh"] * 40 + ["de"], None),
    ],
)  # fmt: skip
def test_A6_a_language_range_is_looked_up_by_shortening_it(ranges: list[str], found: str | None) -> None:
    assert lookup(ranges) == found


@pytest.mark.spec("RFC9110 12.5.4")
@pytest.mark.parametrize(
    ("header", "ranges"),
    [
        ("", []), ("de", ["de"]), ("fr;q=0.5, de", ["de", "fr"]), ("fr;q=0.2,de;q=0.9,en;q=0", ["de", "fr"]),
        ("da, en-GB;q=0.8, en;q=0.7", ["da", "en-GB", "en"]), ("fr; q=0.5 , es ;Q=0.8", ["es", "fr"]),
        ("de;q=x, fr", ["fr"]), ("de;q=7, fr", ["fr"]), (";q=1, ,,fr;", ["fr"]), ("de;q=nan,fr", ["fr"]),
    ],
)  # fmt: skip
def test_A6_what_a_browser_likes_best_comes_first(header: str, ranges: list[str]) -> None:
    assert accepted(header) == ranges


def test_A6_arabic_and_hebrew_run_from_right_to_left() -> None:
    assert [direction(one) for one in ("ar", "he-IL", "fa", *LANGUAGES)] == ["rtl"] * 3 + ["ltr"] * len(LANGUAGES)


# -- the order of choice -----------------------------------------------------------------------------------------------


def test_A6_without_a_wish_a_page_is_in_the_company_s_language(open_provider: Callable[..., Provider]) -> None:
    for default, wish, expected in (("en", "", "en"), ("fr", "", "fr"), ("fr", "tlh, *", "fr"), ("fr", "es", "es")):
        provider = open_provider(brand={"language": default})
        assert spoken(likes(provider.browser(), wish).get("help")) == expected


def test_A6_the_browser_s_wish_comes_last_and_the_choice_in_it_first(provider: Provider, browser: Browser) -> None:
    provider.add_person(claims={"locale": "fr-CA"})
    app = provider.add_client(consent="explicit")
    likes(browser, "de-AT, en;q=0.5")
    page = provider.authorize(browser, app)
    assert spoken(page) == "de"
    consent = browser.log_in(page)
    assert consent.is_consent_page
    assert spoken(consent) == "fr", "the setting of the person, as soon as it is known who they are"
    assert spoken(browser.get("help/username")) == "fr", "also on a page that looks nobody up (N30)"
    assert spoken(browser.get("help")) == "fr"
    assert spoken(browser.get("")) == "fr"
    assert spoken(provider.authorize(browser, app, ui_locales="es fr")) == "es"
    browser.submit(browser.get("help"), "zh-Hans", form=-1)
    for page in (provider.authorize(browser, app, ui_locales="es"), browser.get(""), browser.get("help")):
        assert spoken(page) == "zh-Hans"


@pytest.mark.spec("OIDC-Core 3.1.2.1")
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ("de", "de"), ("fr-CA fr en", "fr"), ("tlh de", "de"), ("zh-CN", "zh-Hans"), ("tlh", "es"), ("", "es"),
        ("<b> %00 \x00 de", "de"), ("x" * 4000, "es"),
    ],
)  # fmt: skip
def test_A6_ui_locales_reaches_the_login_page_and_stays_for_what_follows(
    provider: Provider, browser: Browser, wish: str, expected: str, method: str
) -> None:
    provider.add_person()
    app = provider.add_client(consent="explicit")
    likes(browser, "es")
    page = provider.authorize(browser, app, method=method, ui_locales=wish)
    page = browser.follow(page) if page.is_redirect else page  # a POST from elsewhere comes without our cookies
    assert (page.is_login_page, spoken(page)) == (True, expected)
    wrong = browser.log_in(page, password="no password of hers")
    assert (wrong.is_login_page, spoken(wrong)) == (True, expected)
    consent = browser.log_in(wrong)
    assert (consent.is_consent_page, spoken(consent)) == (True, expected)
    assert browser.submit(consent, "allow").code


@pytest.mark.spec("RPI 2")
def test_A6_ui_locales_of_a_sign_out_and_of_a_request_that_is_refused(provider: Provider, browser: Browser) -> None:
    assert spoken(browser.get("oauth/logout?ui_locales=de")) == "de"
    refused = browser.get("oauth/authorize?client_id=nobody&ui_locales=fr-FR")
    assert refused.is_error_page
    assert spoken(refused) == "fr"
    unreadable = likes(browser, "de").get("oauth/authorize?client_id=%FF&ui_locales=fr")
    assert unreadable.is_error_page
    assert spoken(unreadable) == "de"


def test_A6_whatever_stands_in_headers_and_claims_a_page_comes(provider: Provider, browser: Browser) -> None:
    provider.add_person(claims={"locale": "\u202e-" * 100, "zoneinfo": "../../etc/passwd"})
    likes(browser, "de-" * 3000)
    browser.cookies["__Host-doorward_language"] = "../de"
    page = browser.get("")
    assert spoken(page) == "en"
    assert spoken(browser.follow(browser.log_in(page))) == "en"


# -- the choice at the foot of a page ----------------------------------------------------------------------------------


def test_A6_a_language_is_chosen_at_the_foot_of_the_page_and_the_request_goes_on(
    provider: Provider, browser: Browser
) -> None:
    provider.add_person()
    app = provider.add_client()
    page = provider.authorize(browser, app, state="a b/c?&=")
    chosen = browser.submit(page, "de", form=-1)
    assert chosen.status == 303
    assert chosen.location == page.url
    page = browser.follow(chosen)
    assert (page.is_login_page, spoken(page)) == (True, "de")
    answer = browser.log_in(page)
    assert answer.sent["state"] == "a b/c?&="
    kept = [line for line in browser.set_cookies if "doorward_language=" in line]
    assert kept == ["__Host-doorward_language=de; Path=/; HttpOnly; SameSite=Lax; Secure"]


def test_A6_after_a_wrong_password_the_choice_leads_to_the_same_request(provider: Provider, browser: Browser) -> None:
    provider.add_person()
    app = provider.add_client("Wiki")
    wrong = browser.log_in(provider.authorize(browser, app), password="no password of hers")
    page = browser.follow(browser.submit(wrong, "fr", form=-1))
    assert page.is_login_page
    assert "Wiki" in page.dom.text
    assert browser.log_in(page).code


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/", "//evil.example/", "/\\evil.example", "/\t/evil.example", "evil", "@evil.example", "",
        "/%0d%0aSet-Cookie:x=1\r\nX: y", "javascript:alert(1)", "/" + "a" * 9000, "/é",
    ],
)  # fmt: skip
def test_A6_the_choice_leads_back_to_our_own_pages_only(provider: Provider, browser: Browser, back: str) -> None:
    page = browser.get("help")
    answer = browser.submit(page, "de", form=-1, back=back)
    assert answer.location == provider.issuer + "/"
    assert "evil" not in str(answer.headers)


def test_A6_a_language_that_there_is_not_and_a_form_of_somebody_else_change_nothing(
    provider: Provider, browser: Browser
) -> None:
    page = browser.get("help")
    fields = dict(page.dom.forms[-1].fields)
    assert browser.post("language", {**fields, "language": "tlh"}).location == provider.issuer + "/"
    assert not browser.cookie("language")
    assert browser.post("language", {**fields, "language": "de", "form_key": "x"}).status == 403
    assert browser.post("language", {**fields, "language": "de"}, cookies=False).status == 403
    assert not browser.cookie("language")


def test_L5_resetting_this_browser_forgets_the_language_too(provider: Provider, browser: Browser) -> None:
    browser.submit(browser.get("help"), "de", form=-1)
    assert browser.cookie("language") == "de"
    browser.post("help/reset-browser", {"form_key": dict(browser.get("help").form.fields)["form_key"]})
    assert not browser.cookie("language")


def test_A6_every_language_is_offered_in_its_own_words_and_the_current_one_is_marked(browser: Browser) -> None:
    page = likes(browser, "fr").get("help")
    shown = page.dom.text
    for tag, name in LANGUAGES.items():
        assert name in shown
        (button,) = page.dom.find("button", name="language", value=tag)
        assert button["lang"] == tag
        assert (button.get("aria-current") == "true") is (tag == "fr")


def test_A6_discovery_names_the_languages(provider: Provider, browser: Browser) -> None:
    assert browser.get(".well-known/openid-configuration").json["ui_locales_supported"] == list(LANGUAGES)


# -- dates and numbers -------------------------------------------------------------------------------------------------


def test_A6_dates_and_numbers_are_written_as_the_language_does() -> None:
    at = 1795000000.0  # 2026-11-18 11:06:40 UTC
    assert formats.date_time("en", at) == "Nov 18, 2026, 11:06\u202fAM UTC"
    assert formats.date_time("de", at, "Europe/Berlin") == "18.11.2026, 12:06"
    assert formats.date("fr", at) == "18 nov. 2026"
    assert formats.date("zh-Hans", at, "Asia/Shanghai") == "2026年11月18日"
    assert formats.date("es", at, "no/such zone") == "18 nov 2026"
    assert [formats.number(one, 12345.5) for one in ("en", "de")] == ["12,345.5", "12.345,5"]


def test_A8_a_language_set_for_the_account_takes_the_place_of_the_one_chosen_here(
    provider: Provider, browser: Browser
) -> None:
    person = provider.add_person()
    browser.follow(browser.log_in(browser.get("")))
    browser.submit(browser.get("profile"), "de", form=-1)
    page = browser.get("profile")
    assert spoken(page) == "de"
    (at,) = [n for n, form in enumerate(page.dom.forms) if form.action.endswith("/profile")]
    saved = browser.submit(page, form=at, locale="fr", zoneinfo="Asia/Tokyo")
    assert spoken(browser.follow(saved)) == "fr"
    assert not browser.cookie("language")
    assert provider.services.directory.get(person.id).claims["locale"] == "fr"
    elsewhere = likes(provider.browser(), "de")
    assert spoken(elsewhere.follow(elsewhere.log_in(elsewhere.get("")))) == "fr"
