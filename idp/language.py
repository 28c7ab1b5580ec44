"""Languages (A6): which one a page speaks, its texts, its dates and numbers.

Texts are English in the code and looked up in `locales/<language>/LC_MESSAGES`, gettext catalogues that Babel extracts
and compiles (`make catalogues`); the compiled ones are read here by the standard library, one language at its first
use. Flask-Babel keeps the language in Flask's request globals; our pages are values that the bridge renders, so it
hands `_`, `gettext` and `ngettext` of the right language to each rendering, and nothing here is global.

In templates: `{{ _("Text with %(name)s", name=x) }}` for plain text, also for a text that Python marked by `N_`: what
comes out is escaped like any value. `{% trans %}<b>{{ name }}</b> …{% endtrans %}` where the text itself has markup.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from markupsafe import Markup

from idp.browser import cookie_name
from idp.services import Services
from idp.wire import BadRequest, Request

#: BCP 47 tag to the language's own name, as the chooser lists them.
LANGUAGES: Final[Mapping[str, str]] = {
    "en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "zh-Hans": "简体中文",
}  # fmt: skip
COOKIE: Final = "language"  # what was chosen in this browser, see `browser.cookie_name`
FOLDER: Final = Path(__file__).parent / "locales"

_SOURCE = "en"  # the language that the code is written in
_BY_TAG = {tag.lower(): tag for tag in LANGUAGES} | {"zh": "zh-Hans"}
_RIGHT_TO_LEFT = frozenset(("ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"))
_MAX_RANGES = 32  # of one header or parameter that are looked at


class Text(str):
    """A text with its values still apart from it; as a plain string it reads in English. Made by `N_` and `plural`."""

    __slots__ = ("many", "n", "one", "values")
    one: str
    many: str
    n: float
    values: Mapping[str, Any]


def N_(text: str, /, **values: Any) -> str:  # noqa: N802  gettext's name for it
    """Mark a text for the catalogues. With values, it is a `Text`: `N_("At least %(count)s characters", count=15)`."""
    return _text(text, "", 1, values) if values else text


def plural(one: str, many: str, n: float, /, **values: Any) -> str:
    """The same for a text with a number: `plural("%(n)s day", "%(n)s days", days)`; `n` is among its values."""
    return _text(one, many, n, {"n": n, **values})


def _text(one: str, many: str, n: float, values: Mapping[str, Any]) -> Text:
    text = Text((one if not many or n == 1 else many) % _in(_SOURCE, values))
    text.one, text.many, text.n, text.values = one, many, n, values
    return text


def translate(locale: str, text: str, /, **values: Any) -> str:
    """`text` in the language `locale`, or as it is where that language has none."""
    if isinstance(text, Text):
        if text.many:
            return ntranslate(locale, text.one, text.many, text.n, **{**text.values, **values})
        return translate(locale, text.one, **{**text.values, **values})
    found: str = _catalogue(locale).gettext(text) if text else ""
    return _filled(found, text, _in(locale, values)) if values else found


def ntranslate(locale: str, one: str, many: str, n: float, /, **values: Any) -> str:
    """One of a text's forms, by the language's own rule for the number `n`, which is `%(n)s` and `%(num)s` in it."""
    values = _in(locale, {"n": n, "num": n, **values})
    return _filled(_catalogue(locale).ngettext(one, many, int(n)), one if n == 1 else many, values)


def _in(locale: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values that are texts themselves are in the same language."""
    return {name: translate(locale, v) if isinstance(v, Text) else v for name, v in values.items()}


def _filled(found: str, source: str, values: Mapping[str, Any]) -> str:
    try:
        return found % values
    except (KeyError, TypeError, ValueError):  # a slip in a catalogue costs a page its language, not its life
        return source % values


def _catalogue(locale: str) -> Any:
    return _read(locale if locale in LANGUAGES else _SOURCE)


@cache
def _read(locale: str) -> Any:
    import gettext

    if locale == _SOURCE:
        return gettext.NullTranslations()
    with (FOLDER / locale.replace("-", "_") / "LC_MESSAGES" / "messages.mo").open("rb") as file:
        return gettext.GNUTranslations(file)


# -- which language --------------------------------------------------------------------------------------------------


def locale_for(services: Services, request: Request, person_locale: str = "") -> str:
    """The language of the answer to a request, a key of `LANGUAGES`.

    In this order: what was chosen in this browser by the foot of a page; what the application asked for (`ui_locales`);
    the person's own setting; what the browser asks for; the company's default.
    """
    chosen = request.language or request.cookies.get(cookie_name(services, COOKIE), "")
    setting = person_locale or str(_claims(request).get("locale") or "")
    return (
        lookup((chosen,))
        # OpenID Connect Core §3.1.2.1: space-separated, in order of preference; never an error.
        or lookup(_ui_locales(request).split())
        or lookup((setting,))
        or lookup(accepted(request.header("Accept-Language")))
        or services.settings.brand.language
    )


def of_person(services: Services, claims: Mapping[str, Any]) -> str:
    """The language of what is sent to a person, who has no browser at hand: their setting, or the company's default."""
    return lookup((str(claims.get("locale") or ""),)) or services.settings.brand.language


def speak_to(request: Request, claims: Mapping[str, Any]) -> None:
    """Answer in the language and time zone of the person that a link is for, who is not signed in here."""
    request.person_claims = request.person_claims or json.dumps(dict(claims))


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
    return next((f"{locale}-{region}" for region in regions if region and _is_known(f"{locale}-{region}")), locale)


@lru_cache(maxsize=1000)
def _is_known(tag: str) -> bool:
    from babel.core import Locale, UnknownLocaleError

    try:
        Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return False
    return True


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


def direction(locale: str) -> str:
    """How the language is written: "ltr" or "rtl"."""
    return "rtl" if locale.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"


def _ui_locales(request: Request) -> str:
    try:
        return request.ui_locales or request.query.get("ui_locales") or ""
    except BadRequest:
        return ""


def _claims(request: Request) -> Mapping[str, Any]:
    claims = json.loads(request.person_claims or "{}")
    return claims if isinstance(claims, dict) else {}


# -- for templates ---------------------------------------------------------------------------------------------------


def words(locale: str, zone: str = "UTC", dates: str = "") -> dict[str, Any]:
    """What a template of ours needs to speak a language; `dates`: how it writes them, see `dates_for`."""

    def plain(text: str, /, **values: Any) -> str:
        return translate(locale, text, **values)

    # Only texts that stand in a template come to these two: they are markup, their values are escaped.
    def marked_up(text: str, /, **values: Any) -> str:
        found = Markup(_catalogue(locale).gettext(text))  # noqa: S704
        return _filled(found, Markup(text), _in(locale, values))  # noqa: S704

    def marked_up_plural(one: str, many: str, n: float, /, **values: Any) -> str:
        found = Markup(_catalogue(locale).ngettext(one, many, int(n)))  # noqa: S704
        source = Markup(one if n == 1 else many)  # noqa: S704
        return _filled(found, source, {"n": n, "num": n, **_in(locale, values)})

    return {
        "_": plain,
        "gettext": marked_up,
        "ngettext": marked_up_plural,
        "locale": locale,
        "direction": direction(locale),
        "zone": zone,
        "dates": dates or locale,
    }


def date_time(locale: str, when: float, zone: str = "UTC") -> str:
    """A moment (epoch seconds) as the language writes it, to the minute, in that time zone; UTC is named.

    `locale` here and below: a language of ours, with a region or without, see `dates_for`.
    """
    return f"{date(locale, when, zone)}, {time(locale, when, zone)}"


def date(locale: str, when: float, zone: str = "UTC") -> str:
    """A day (epoch seconds) as the language writes it, in that time zone: the one form of pages and mails."""
    from babel.dates import format_date

    return str(format_date(_moment(when, zone), "medium", locale=_babel(locale)))


def time(locale: str, when: float, zone: str = "UTC") -> str:
    """A time of the day (epoch seconds), to the minute."""
    from babel.dates import format_time

    moment = _moment(when, zone)
    text = str(format_time(moment, "short", locale=_babel(locale)))
    return text + " UTC" if moment.tzname() == "UTC" else text


def day_number(when: float, zone: str = "UTC") -> int:
    """The number of the day on which a moment (epoch seconds) is, in that time zone; the next day's is one more."""
    return _moment(when, zone).toordinal()


def number(locale: str, value: float) -> str:
    """A number with the language's own separators."""
    from babel.numbers import format_decimal

    return str(format_decimal(value, locale=_babel(locale)))


def _moment(when: float, zone: str) -> datetime:
    try:
        return datetime.fromtimestamp(when, ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # not one that this machine knows
        return datetime.fromtimestamp(when, UTC)


def _babel(locale: str) -> str:
    return locale.replace("-", "_") if locale in LANGUAGES or _is_known(locale) else _SOURCE
