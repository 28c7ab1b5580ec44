"""A message's text and HTML, from `templates/mail`, in its reader's language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jinja2

from idp import formats, language, texts
from idp.accounts import device_text
from idp.accounts.factors import kinds

if TYPE_CHECKING:
    from idp.accounts.services import Services

#: What a template may look at although nobody gave it.
_OPTIONAL = ("name", "not_me_url", "label", "unasked", "time", "device", "place", "reason", "new", "undo_link", "hours",
             "note", "writer", "code", "link", "app", "date", "support")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to leave. `id`: stays the same when it is sent again; `locale`: a key of `LANGUAGES`."""

    id: str
    at: float
    locale: str
    subject: str
    text: str
    html: str


def letter(services: Services, content: Mapping[str, Any]) -> Letter:
    """What a queued mail says."""
    locale = locale_of(services, content)
    values = _values(services, locale, content)
    text = _environment().get_template(f"mail/{content['message']}.txt").render(values)
    head, _, body = text.lstrip().partition("\n")
    subject = " ".join(head.removeprefix("Subject:").split())
    html = _environment().get_template(f"mail/{content['message']}.html").render(values, subject=subject)
    body = re.sub(r"\n{3,}", "\n\n", body).strip() + "\n"
    return Letter(content["id"], content["at"], locale, subject, body, html)


def short(services: Services, content: Mapping[str, Any]) -> str:
    """What a queued text message says."""
    values = _values(services, locale_of(services, content), content)
    return _environment().get_template(f"mail/{content['message']}.sms").render(values).strip()


def locale_of(services: Services, content: Mapping[str, Any]) -> str:
    """The language to write in; the company's default where the reader's is none of ours."""
    return language.lookup((content["locale"] or "",)) or services.settings.brand.language


def _values(services: Services, locale: str, content: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: _on_one_line(value) for name, value in content["values"].items()}
    zone, dates = given.get("zone") or "UTC", _dates(locale, content["locale"] or "")
    brand = services.settings.brand
    return {
        **dict.fromkeys(_OPTIONAL, ""),
        **given,
        "_": partial(texts.translate, locale),
        "ngettext": partial(texts.ntranslate, locale),
        "locale": locale,
        "direction": texts.direction(locale),
        "date_time": lambda when: formats.date_time(dates, when, zone),
        "day": lambda when: formats.date(dates, when, zone),
        "code_minutes": given.get("code_minutes") or given.get("minutes"),
        "device": texts.translate(locale, device_text.again(str(given.get("device") or ""))),
        "kind_name": texts.translate(locale, kinds.told(str(given.get("kind") or ""))),
        "company": _on_one_line(brand.company),
        "accent": brand.accent,
        "on_accent": on(brand.accent),
        "support": _on_one_line(brand.support),
        "host": urlsplit(services.issuer).netloc,
        "home_url": services.url("/"),
        "security_url": services.url("/security"),
    }


def _dates(locale: str, wanted: str) -> str:
    """How dates are written: the reader's own form of the language, such as "en-GB", where there is one."""
    own = wanted.strip().replace("_", "-")
    return own if language.lookup((own,)) == locale and formats.is_known(own) else locale


def _on_one_line(value: Any) -> Any:
    """A text without line breaks and other control characters: what people typed cannot add lines to a message."""
    if isinstance(value, list):
        return [_on_one_line(one) for one in value]
    if not isinstance(value, str):
        return value
    return " ".join("".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in value).split())


def on(colour: str) -> str:
    """Black or white, whichever is easier to read on `#rrggbb` (WCAG 2.2, relative luminance)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return "#000000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 else "#ffffff"


@cache
def _environment() -> jinja2.Environment:
    root = Path(__file__).parents[1]
    folder = root / "templates" if (root / "templates").is_dir() else root.parent / "templates"
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=jinja2.select_autoescape(("html",)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
