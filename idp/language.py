"""Languages (A6): which one a page speaks to this visitor, and with which region and time zone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from idp.browser import cookie_name
from idp.formats import is_known
from idp.services import Services
from idp.texts import LANGUAGES
from idp.wire import BadRequest, Request

COOKIE: Final = "language"  # what was chosen in this browser, see `browser.cookie_name`

_BY_TAG = {tag.lower(): tag for tag in LANGUAGES} | {"zh": "zh-Hans"}
_MAX_RANGES = 32  # of one header or parameter that are looked at


def locale_for(services: Services, request: Request, person_locale: str = "") -> str:
    """The language of the answer to a request, a key of `LANGUAGES`.

    In this order: what was chosen in this browser by the foot of a page; what the application asked for (`ui_locales`);
    the person's own setting; what the browser asks for; the company's default.
    """
    chosen = request.visitor.language or request.cookies.get(cookie_name(services, COOKIE), "")
    setting = person_locale or str(_claims(request).get("locale") or "")
    return (
        lookup((chosen,))
        # OpenID Connect Core §3.1.2.1: space-separated, in order of preference; never an error.
        or lookup(_ui_locales(request).split())
        or lookup((setting,))
        or lookup(accepted(request.header("Accept-Language")))
        or services.settings.brand.language
    )


def of_person(services: Services, claims: Mapping[str, Any], page: str = "") -> str:
    """The language of what is sent to a person: their setting, that of `page` (`of_page`), or the company's default."""
    return lookup((str(claims.get("locale") or ""), page)) or services.settings.brand.language


def dates_of_person(services: Services, claims: Mapping[str, Any], page: str = "") -> str:
    """How dates are written in what is sent to a person: their language with their region, such as "en-GB".

    The region is that of their setting, else that of their time zone. `page`: `of_page` of what they did themselves
    just now; who chose no language reads the mail as they read the page, and who chose that one has its dates.
    """
    own = lookup((str(claims.get("locale") or ""),))
    if page and own in (None, lookup((page,))):
        return page
    regions = (_region(str(claims.get("locale") or "")), _territory(str(claims.get("zoneinfo") or "")))
    return _regional(of_person(services, claims), regions)


def of_page(services: Services, request: Request) -> str:
    """The language of the answer to a request, in its form of dates, for a mail that tells of what was done by it.

    Only of what is done by whoever has proven to be the person: nobody else decides what they can read.
    """
    return dates_for(request, locale_for(services, request))


def speak_to(request: Request, claims: Mapping[str, Any]) -> None:
    """Answer in the language and time zone of the person that a link is for, who is not signed in here."""
    request.learn(person_claims=request.visitor.person_claims or json.dumps(dict(claims)))


def zone_for(request: Request) -> str:
    """The time zone that the person who is signed in has chosen, by its IANA name; UTC where there is none."""
    return str(_claims(request).get("zoneinfo") or "UTC")


def dates_for(request: Request, locale: str) -> str:
    """How dates and times are written: the page's language with a region, such as "en-GB"; alone where none is known.

    The region is the person's own or the browser's, else that of the person's time zone: a British browser gets
    British dates, and so does English beside a German browser in Berlin.
    """
    claims = _claims(request)
    wishes = [str(claims.get("locale") or ""), *accepted(request.header("Accept-Language"))[:_MAX_RANGES]]
    regions = [(lookup((wish,)) == locale, _region(wish)) for wish in wishes]
    own = [region for is_same, region in regions if is_same and region]
    if any(is_same for is_same, _ in regions[1:]) and not own and "zoneinfo" not in claims:
        return locale  # the browser asks for this very language, of no region
    return _regional(locale, (*own, _territory(str(claims.get("zoneinfo") or "")), *(region for _, region in regions)))


def _region(wish: str) -> str:
    """The region of a language range, such as "GB" of en-GB; '' for none."""
    found = re.fullmatch(r"[A-Za-z]{2,3}(?:[-_][A-Za-z]{4})?[-_]([A-Za-z]{2})(?:[-_].*)?", wish[:64])
    return found[1].upper() if found else ""


@cache
def _territory(zone: str) -> str:
    """The country of a time zone."""
    from babel.core import get_global

    found = str(get_global("zone_territories").get(zone, "")) if zone else ""
    return found if len(found) == 2 else ""


def _regional(locale: str, regions: Iterable[str]) -> str:
    return next((f"{locale}-{region}" for region in regions if region and is_known(f"{locale}-{region}")), locale)


def lookup(ranges: Iterable[str]) -> str | None:
    """The first of our languages that one of these language ranges stands for (RFC 4647 §3.4); None where none does."""
    for number, wanted in enumerate(ranges):
        # Core §5.1: `locale` is sometimes written with an underscore.
        parts = wanted.strip().lower().replace("_", "-").split("-")
        while parts and number < _MAX_RANGES and len(wanted) <= 64:
            found = _BY_TAG.get("-".join(parts))
            if found is not None:
                return found
            parts.pop()
            if parts and len(parts[-1]) == 1:  # a singleton goes with what it introduced
                parts.pop()
    return None


def accepted(header: str) -> list[str]:
    """The language ranges of an Accept-Language header, the liked best first (RFC 9110 §12.5.4)."""
    weighed = []
    for part in header.split(",")[:_MAX_RANGES]:
        name, _, parameter = part.partition(";")
        key, _, value = parameter.partition("=")
        try:
            weight = float(value) if key.strip().lower() == "q" else 1.0
        except ValueError:
            weight = 0.0
        if name.strip() and 0 < weight <= 1:
            weighed.append((-weight, name.strip()))
    return [name for _, name in sorted(weighed, key=lambda one: one[0])]


def _ui_locales(request: Request) -> str:
    try:
        return request.visitor.ui_locales or request.query.get("ui_locales") or ""
    except BadRequest:
        return ""


def _claims(request: Request) -> Mapping[str, Any]:
    claims = json.loads(request.visitor.person_claims or "{}")
    return claims if isinstance(claims, dict) else {}
