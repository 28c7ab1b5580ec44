"""Languages half-way through a sign-in: whose they are, and choosing another one there loses nothing (A6, F7)."""

from __future__ import annotations

from tests.backends import Clock
from tests.language.readers import likes, spoken
from tests.login.second_step import enrol, is_second_step
from tests.phone import form_with
from tests.provider import Browser, Provider


def test_A6_the_second_step_speaks_the_person_s_language(provider: Provider, browser: Browser, clock: Clock) -> None:
    enrol(provider, clock, claims={"locale": "es-MX"})
    app = provider.add_client()
    page = browser.log_in(provider.authorize(likes(browser, "fr"), app))
    assert is_second_step(page)
    assert spoken(page) == "es"
    assert "Seis cifras" in page.dom.text
    wrong = browser.submit(page, form=form_with(page, "code"), code="000000")
    assert spoken(wrong) == "es"
    assert "Este código no es correcto." in wrong.dom.text


def test_A6_a_language_chosen_at_the_second_step_keeps_what_was_proven(
    provider: Provider, browser: Browser, clock: Clock
) -> None:
    phone = enrol(provider, clock)
    app = provider.add_client()
    page = browser.log_in(provider.authorize(browser, app, ui_locales="fr", state="kept"))
    assert (is_second_step(page), spoken(page)) == (True, "fr")
    german = browser.submit(page, "de", form=-1)
    assert (is_second_step(german), spoken(german)) == (True, "de")
    ways = browser.submit(german, "other", form=1)
    assert (spoken(ways), "Anderen Weg wählen" in ways.dom.text) == ("de", True)
    spanish = browser.submit(ways, "es", form=-1)
    assert (spoken(spanish), "Elegir otro método" in spanish.dom.text) == ("es", True)
    again = browser.submit(spanish, "totp", form=0)
    answer = browser.submit(again, form=form_with(again, "code"), code=phone.code)
    assert answer.sent["state"] == "kept"
    assert answer.code


def test_A6_choosing_a_language_proves_nothing(provider: Provider, browser: Browser, clock: Clock) -> None:
    enrol(provider, clock)
    app = provider.add_client()
    page = browser.log_in(provider.authorize(browser, app))
    thief = provider.browser()
    key = dict(thief.get("help").form.fields)["form_key"]
    stolen = {**dict(page.dom.forms[-1].fields), "form_key": key, "language": "de"}
    answer = thief.post("language", stolen)
    assert not is_second_step(answer)
    assert not answer.is_redirect
    assert "Ann Example" not in answer.dom.text
    assert thief.cookie("language") == "de"
