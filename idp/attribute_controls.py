"""Attributes that are defined, as a form has them: the same for admins and for the person, without a script."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from clients.attributes import Definition
from clients.attributes.definition import CHOICE, CHOICES, DATE, EMAIL, FLAG, NUMBER, PHONE, URL
from idp.attribute_values import shown
from idp.wire import Params

#: Before an attribute's name in a form: one may be called as a field that is there already.
PREFIX: Final = "attribute-"
#: Nothing of type url or email: browsers turn away what we take, such as a domain with letters of its language.
_INPUTS: Final = {DATE: ("date", ""), EMAIL: ("text", "email"), PHONE: ("tel", ""), URL: ("text", "url"),
                  NUMBER: ("text", "decimal")}  # fmt: skip


def control(one: Definition, locale: str, value: Any, problem: str = "") -> dict[str, Any]:
    """What the template draws. `value`: as it stands, or as it was typed.

    A value from before the definition may be of no such kind. It is drawn as what can hold it: a browser empties a
    date that it cannot read, and takes the ends of lines out of an <input>.
    """
    input_type, mode = _INPUTS.get(one.type, ("text", ""))
    text, chosen = shown(value), _chosen(value)
    kind = {CHOICE: "choice", CHOICES: "choices", FLAG: "flag"}.get(one.type, "input")
    if kind == "input" and len(text.splitlines()) > 1:
        kind = "lines"
    elif one.type == DATE and text and not _is_day(text):
        input_type = "text"
    known = ("true", "false") if kind == "flag" else one.options
    more = chosen if kind == "choices" else [text]  # a list, where one is to be chosen, is one option as it stands
    options = [*known, *dict.fromkeys(one for one in more if one and one not in known)]
    return {
        "name": one.name, "id": PREFIX + one.name, "label": one.called(locale), "kind": kind, "type": input_type,
        "mode": mode, "options": options, "chosen": chosen, "value": text, "required": one.required,
        "problem": problem,
    }  # fmt: skip


def typed_of(one: Definition, form: Params, standing: Any = None) -> Any:
    """What a form says of one; None for nothing. `standing`: what was drawn, which comes back as it is if it is posted
    as it was drawn, whatever it is: nobody touched it.
    """
    if one.type == CHOICES:
        posted = [text for name, text in form.pairs if name == PREFIX + one.name and text]
        is_same = set(map(_plain, posted)) == {_plain(text) for text in _chosen(standing) if text}
        return standing if is_same else posted or None
    text = (form.get(PREFIX + one.name) or "").strip()
    return standing if _plain(text) == _plain(shown(standing)) else text or None


def _chosen(value: Any) -> list[str]:
    return [] if value is None else list(map(shown, value)) if isinstance(value, list) else [shown(value)]


def _is_day(text: str) -> bool:
    """Whether a browser's control for dates shows it: of ISO 8601's forms this one (HTML Standard §2.3.5.2)."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _plain(text: str) -> str:
    """As texts are compared: forms are sent with ends of lines of their own (HTML Standard §4.10.21.4)."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
