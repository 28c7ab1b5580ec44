"""The texts that people see (A6): English in the code, looked up in a language's catalogue.

The catalogues are `locales/<language>/LC_MESSAGES`, of gettext: Babel extracts and compiles them (`make catalogues`),
the compiled ones are read here by the standard library, one language at its first use. Flask-Babel keeps the language
in Flask's request globals; our pages are values that the bridge renders, so it hands `_`, `gettext` and `ngettext` of
the right language to each rendering, and nothing here is global. Which language: `idp.language`.

In templates: `{{ _("Text with %(name)s", name=x) }}` for plain text, also for a text that Python marked by `N_`: what
comes out is escaped like any value. `{% trans %}<b>{{ name }}</b> …{% endtrans %}` where the text itself has markup.

Every room takes its texts from here, so nothing of ours is imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

#: BCP 47 tag to the language's own name, as the chooser lists them.
LANGUAGES: Final[Mapping[str, str]] = {
    "en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "zh-Hans": "简体中文",
}  # fmt: skip
FOLDER: Final = Path(__file__).parent / "locales"

SOURCE: Final = "en"  # the language that the code is written in
_RIGHT_TO_LEFT = frozenset(("ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"))


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
    """Mark a text with a number: `plural("%(n)s day", "%(n)s days", days)`; `n` is among its values."""
    return _text(one, many, n, {"n": n, **values})


def _text(one: str, many: str, n: float, values: Mapping[str, Any]) -> Text:
    text = Text((one if not many or n == 1 else many) % _in(SOURCE, values))
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
    return _read(locale if locale in LANGUAGES else SOURCE)


@cache
def _read(locale: str) -> Any:
    import gettext

    if locale == SOURCE:
        return gettext.NullTranslations()
    with (FOLDER / locale.replace("-", "_") / "LC_MESSAGES" / "messages.mo").open("rb") as file:
        return gettext.GNUTranslations(file)


def direction(locale: str) -> str:
    """How the language is written: "ltr" or "rtl"."""
    return "rtl" if locale.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"


# -- for templates ---------------------------------------------------------------------------------------------------


def words(locale: str, zone: str = "UTC", dates: str = "") -> dict[str, Any]:
    """What a template of ours needs to speak a language; `dates`: how it writes them, see `language.dates_for`."""
    from markupsafe import Markup  # a command has no template

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
