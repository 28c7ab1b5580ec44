"""Texts: values in them, on pages of ours, in every language (A6)."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest

from idp import texts
from idp.texts import LANGUAGES, N_, Text, ntranslate, plural, translate
from tests.language.readers import likes, spoken
from tests.provider import PASSWORD, Browser, Provider

NASTY = "<img src=x onerror=alert(1)> %(name)s %s {n} & \"'"


def test_A6_a_text_keeps_its_values_apart_and_reads_in_english_by_itself() -> None:
    text = N_("Sign in to %(app)s", app="CRM")
    assert isinstance(text, Text)
    assert text == "Sign in to CRM"
    assert f"{text}!" == "Sign in to CRM!"
    assert translate("de", text) == "Anmelden bei CRM"
    assert translate("de", "Sign in to %(app)s", app="CRM") == "Anmelden bei CRM"
    assert translate("en", text) == "Sign in to CRM"
    again = pickle.loads(pickle.dumps(text))
    assert translate("fr", again) == "Se connecter à CRM"


def test_A6_a_value_may_be_a_text_and_is_translated_with_it() -> None:
    text = N_("Going on to %(app)s", app=N_("the app", of="nobody"))
    assert text == "Going on to the app"
    assert translate("de", text) == "Weiter zu der App"


@pytest.mark.parametrize(
    ("n", "en", "de", "fr"), [(0, "0 days", "0 Tage", "0 jour"), (1, "1 day", "1 Tag", "1 jour"),
                              (2, "2 days", "2 Tage", "2 jours")],
)  # fmt: skip
def test_A6_numbers_take_the_form_that_the_language_has_for_them(n: int, en: str, de: str, fr: str) -> None:
    text = plural("Stay signed in for %(n)s day", "Stay signed in for %(n)s days", n)
    assert text == f"Stay signed in for {en}"
    assert translate("de", text) == f"{de} angemeldet bleiben"
    assert translate("fr", text) == f"Rester connecté pendant {fr}"
    assert ntranslate("zh-Hans", text.one, text.many, n) == f"保持登录 {n} 天"  # type: ignore[attr-defined]


def test_A6_what_nobody_translated_stays_as_it_is() -> None:
    for locale in (*LANGUAGES, "tlh", "../../etc", ""):
        assert translate(locale, "No text of ours %(x)s", x=1) == "No text of ours 1"
        assert translate(locale, "100 % of it, %(whatever)s") == "100 % of it, %(whatever)s"
        assert translate(locale, "") == ""


def test_A6_a_template_of_ours_is_markup_and_a_value_in_it_never() -> None:
    for locale in LANGUAGES:
        words = texts.words(locale)
        said = words["gettext"]("<b>%(app)s</b> asks to sign you out of %(company)s.", app=NASTY, company="C & A")
        assert "<b>&lt;img src=x onerror=alert(1)&gt; %(name)s" in said
        assert "C &amp; A" in said
        assert "<img" not in words["ngettext"]("%(n)s %(x)s", "%(n)s %(x)s", 2, x=NASTY)
        # What comes from Python may hold anything: it stays a plain string, which the template escapes.
        assert type(words["_"](NASTY)) is str
        assert type(words["_"](N_("Sign in to %(app)s", app=NASTY))) is str


@pytest.mark.parametrize("locale", LANGUAGES)
def test_A6_names_with_markup_in_them_are_shown_and_never_run(
    open_provider: Callable[..., Provider], locale: str
) -> None:
    provider = open_provider(brand={"company": NASTY, "support": NASTY, "login_hint": NASTY})
    provider.add_person("ann", name=NASTY)
    app = provider.add_client(NASTY, consent="explicit", redirect_uris=["https://crm.example/cb"])
    browser = likes(provider.browser(), locale)
    login = provider.authorize(browser, app)
    wrong = browser.log_in(login, password="no password of hers")
    consent = browser.log_in(login)
    refused = browser.get(f"oauth/authorize?client_id={app.id}")
    home = browser.get("")
    for page in (login, wrong, consent, refused, home, browser.get("logout"), browser.get("help")):
        assert spoken(page) == locale
        assert not page.dom.find("img", src="x")
        assert "<img src=x" not in page.text
    for page in (login, consent, refused):
        assert NASTY in page.dom.text


#: Words of each page, in each language.
WORDS = {
    "de": ("Benutzername", "Der Name oder das Passwort stimmt nicht.", "Erlauben", "Ihre E-Mail-Adresse",
           "Diese Anwendung ist hier nicht registriert.", "Was Sie jetzt tun können", "Ihre Apps", "Abmelden?"),
    "fr": ("Nom d’utilisateur", "Le nom ou le mot de passe est incorrect.", "Autoriser", "Votre adresse e-mail",
           "Cette application n’est pas enregistrée ici.", "Que faire maintenant", "Vos applications",
           "Se déconnecter ?"),
    "es": ("Nombre de usuario", "El nombre o la contraseña no son correctos.", "Permitir",
           "Su correo electrónico", "Esta aplicación no está registrada aquí.", "Qué hacer ahora", "Sus aplicaciones",
           "¿Cerrar sesión?"),
    "zh-Hans": ("用户名", "名称或密码不正确。", "允许", "您的电子邮箱", "此应用未在这里注册。", "接下来怎么做",
                "您的应用", "退出登录？"),
}  # fmt: skip


@pytest.mark.parametrize("locale", WORDS)
def test_A6_every_page_on_the_way_speaks_the_language(provider: Provider, browser: Browser, locale: str) -> None:
    provider.add_person()
    app = provider.add_client(consent="explicit")
    likes(browser, locale)
    name, wrong, allow, scope, refused, advice, apps, sign_out = WORDS[locale]
    login = provider.authorize(browser, app)
    assert name in login.dom.text
    assert wrong in browser.log_in(login, password="no password of hers").dom.text
    consent = browser.log_in(login)
    assert allow in consent.dom.text
    assert scope in consent.dom.text
    page = browser.get("oauth/authorize?client_id=nobody")
    assert refused in page.dom.text
    assert advice in page.dom.text
    assert apps in browser.get("").dom.text
    assert sign_out in browser.get("logout").dom.text


def test_A6_what_scripts_say_comes_in_the_language_of_the_page(provider: Provider, browser: Browser) -> None:
    page = likes(browser, "de").get("")
    assert page.dom.find("p", data_text="Die Feststelltaste ist an.")
    assert page.dom.find("button", data_show="Zeigen", data_hide="Verbergen", data_show_label="Passwort zeigen")


def test_A6_a_refused_password_is_told_in_the_language(provider: Provider, browser: Browser) -> None:
    provider.add_person()
    page = browser.follow(browser.log_in(likes(browser, "de").get("password")))
    refused = browser.submit(page, "", current=PASSWORD, password="ann example", confirm="ann example")
    assert "Verwenden Sie mindestens 15 Zeichen; das sind erst 11." in refused.dom.text


def test_E1_the_developer_s_part_and_what_programs_read_stay_english(provider: Provider, browser: Browser) -> None:
    page = likes(browser, "de").get("oauth/authorize?client_id=nobody")
    assert "client_id is not registered" in page.dom.text
    answer = browser.open("POST", "oauth/token", {"grant_type": "x"}, {"Accept-Language": "de"})
    assert answer.error
    assert not [word for word in ("Anwendung", "ist", "nicht") if word in answer.text.split()]
