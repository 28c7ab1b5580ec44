"""What applications are told about a person: to look at, and to change what the company lets people change (A8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from idp import flash, language, phone_numbers
from idp.accounts.effects import Changes
from idp.accounts.person import InvalidPerson, Person
from idp.attributes import TITLES
from idp.first_party import frame
from idp.first_party.signing_in import is_fresh, sign_in
from idp.login.browser import sessions
from idp.login.browser.sessions import Session
from idp.login.recording import recorder
from idp.portal import attributes, languages
from idp.protocols import Services
from idp.texts import LANGUAGES, N_
from idp.wire import Request, Response

_NOTHING: Final = attributes.Typed()
LONGEST: Final = 200  # characters of one field
#: Claims that prove something elsewhere: their change asks for a fresh sign-in (P7).
NEEDS_PROOF: Final = frozenset(("phone_number",))


class _Wrong(Exception):
    """What to type instead."""


@dataclass(frozen=True, slots=True)
class Field:
    """One line of the page. `kind`: text, date, url, tel, language or zone; `check` tidies, or raises `_Wrong`."""

    name: str
    label: str
    kind: str = "text"
    autocomplete: str = "off"
    check: Callable[[str], str] = str


def _web(text: str) -> str:
    parts = urlsplit(text if "://" in text else f"https://{text}")
    if parts.scheme not in ("http", "https") or not parts.hostname or "." not in parts.hostname:
        raise _Wrong(N_("Type a web address such as https://example.com."))
    return parts.geturl()


def _birthdate(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise _Wrong(N_("Type a date such as 1990-12-31.")) from None


def _phone(text: str) -> str:
    try:
        return phone_numbers.read(text)
    except ValueError:
        raise _Wrong(N_("Type the number with its country, such as +49 30 1234567.")) from None


def _language(text: str) -> str:
    if text not in LANGUAGES:
        raise _Wrong(N_("Choose one from the list."))
    return text


def _zone(text: str) -> str:
    if text not in zones():
        raise _Wrong(N_("Choose one from the list."))
    return text


#: OpenID Connect Core §5.1, in the order of the page.
FIELDS: Final[tuple[Field, ...]] = (
    Field("name", N_("Full name"), autocomplete="name"),
    Field("given_name", TITLES["given_name"], autocomplete="given-name"),
    Field("middle_name", TITLES["middle_name"], autocomplete="additional-name"),
    Field("family_name", TITLES["family_name"], autocomplete="family-name"),
    Field("nickname", TITLES["nickname"], autocomplete="nickname"),
    Field("gender", TITLES["gender"], autocomplete="sex"),
    Field("birthdate", TITLES["birthdate"], "date", "bday", _birthdate),
    Field("phone_number", TITLES["phone_number"], "tel", "tel", _phone),
    Field("website", TITLES["website"], "url", "url", _web),
    Field("profile", TITLES["profile"], "url", "url", _web),
    Field("locale", TITLES["locale"], "language", "language", _language),
    Field("zoneinfo", TITLES["zoneinfo"], "zone", "off", _zone),
)


@cache
def zones() -> tuple[str, ...]:
    """The time zones that there are, by their IANA names."""
    from zoneinfo import available_timezones

    old = ("Brazil/", "Canada/", "Chile/", "Etc/", "Mexico/", "SystemV/", "US/", "posix/", "right/")
    return ("UTC", *sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(old)))


#: The first part of a time zone's name, in the words of people.
AREAS: Final[Mapping[str, str]] = {
    "Europe": N_("Europe"), "America": N_("America"), "Asia": N_("Asia"), "Africa": N_("Africa"),
    "Australia": N_("Australia"), "Pacific": N_("Pacific"), "Atlantic": N_("Atlantic"),
    "Indian": N_("Indian Ocean"), "Antarctica": N_("Antarctica"), "Arctic": N_("Arctic"),
}  # fmt: skip


@cache
def grouped_zones() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """The time zones by area, each with its city, which is what somebody looks for and types in a list."""
    found = []
    for area, words in AREAS.items():
        cities = [(zone, _city(zone)) for zone in zones() if zone.startswith(area + "/")]
        found.append((words, tuple(sorted(cities, key=lambda one: one[1]))))
    return tuple(found)


def _city(zone: str) -> str:
    """ "Buenos Aires (Argentina)" for America/Argentina/Buenos_Aires."""
    _, *country, city = zone.replace("_", " ").split("/")
    return f"{city} ({', '.join(country)})" if country else city


def answer(services: Services, request: Request) -> Response:
    """GET and POST /profile."""
    session = sessions.current(services, request)
    if session is None:
        return sign_in(services, request, "/profile")
    person = services.directory.get(session.person_id)
    if request.method != "POST":
        return _page(services, request, session, person, {}, {})
    typed, values, problems = _typed(services, request, person)
    own = attributes.read(services, request, person)
    if problems or own.problems:
        return _page(services, request, session, person, typed, problems, own)
    if NEEDS_PROOF & _changes(person, values).keys() and not is_fresh(services, session):
        return sign_in(services, request, "/profile", fresh=True)
    try:
        _save(services, request, person, values, own.changed)
    except InvalidPerson as error:
        field = error.field.removeprefix("claims.")
        return _page(
            services, request, session, person, typed, {field: N_("This cannot be saved. Type something shorter.")}, own
        )
    # The language of one's own takes the place of the one that was chosen in this browser.
    chosen = (languages.forgotten(services),) if "locale" in _changes(person, values) else ()
    return flash.redirect(services, "/profile", "saved", *chosen)


def _typed(
    services: Services, request: Request, person: Person
) -> tuple[dict[str, str], dict[str, str | None], dict[str, str]]:  # fmt: skip
    """What came, tidied, and what is wrong with it; of the fields that this company lets people change, and no others.

    Whatever else is posted (groups, roles, sub, email_verified) is never looked at (ASVS 8.2.3).
    """
    typed: dict[str, str] = {}
    values: dict[str, str | None] = {}
    problems: dict[str, str] = {}
    for field in _editable(services):
        if field.name not in request.form:
            continue
        text = " ".join(request.form.first[field.name].split())
        typed[field.name] = text
        try:
            values[field.name] = _checked(field, text, _known(person).get(field.name, ""))
        except _Wrong as wrong:
            problems[field.name] = str(wrong.args[0])
    return typed, values, problems


def _checked(field: Field, text: str, standing: str) -> str | None:
    if text == standing:  # what an admin wrote stays, whatever it looks like
        return text or None
    if len(text) > LONGEST or not text.isprintable():
        raise _Wrong(N_("Type something shorter, in one line."))
    if not text and field.name == "name":
        raise _Wrong(N_("Type your name."))
    return field.check(text) if text else None


def _changes(person: Person, values: Mapping[str, str | None]) -> dict[str, str | None]:
    known = _known(person)
    return {name: value for name, value in values.items() if (value or "") != known.get(name, "")}


def _save(
    services: Services, request: Request, person: Person, values: Mapping[str, str | None], more: Mapping[str, Any]
) -> None:  # fmt: skip
    claims: dict[str, Any] = {**_changes(person, values), **more}
    own: Changes = {"name": claims.pop("name")} if "name" in claims else {}
    services.directory.update(person.id, merge=claims, record=recorder(services, request, person.id), **own)


def _editable(services: Services) -> tuple[Field, ...]:
    return tuple(field for field in FIELDS if field.name in services.settings.portal.editable)


def _known(person: Person) -> dict[str, str]:
    return {"name": person.name, **{key: str(value) for key, value in person.claims.items() if value is not None}}


def _page(
    services: Services, request: Request, session: Session, person: Person, typed: Mapping[str, str],
    problems: Mapping[str, str], own: attributes.Typed = _NOTHING,
) -> Response:  # fmt: skip
    locale = language.locale_for(services, request)
    known = _known(person)
    editable = _editable(services)
    fields = [
        {
            "name": field.name,
            "label": field.label,
            "kind": field.kind,
            "autocomplete": field.autocomplete,
            "value": typed.get(field.name, known.get(field.name, "")),
            "is_known": field.kind != "zone" or typed.get(field.name, known.get(field.name, "")) in zones(),
            "problem": problems.get(field.name, ""),
        }
        for field in editable
    ]
    fixed = [(f.label, known[f.name]) for f in FIELDS if f not in editable and known.get(f.name)]
    return frame.page(
        services, request, session, "portal/profile.html",
        account=person, fields=fields, fixed=fixed, has_problems=bool(problems or own.problems),
        attributes=attributes.controls(services, person, locale, own),
        kept=attributes.fixed(services, person, locale),
        zones=grouped_zones() if any(f.kind == "zone" for f in editable) else (),
    )  # fmt: skip
