"""Attributes that are defined, as a form has them: the same for admins and for the person, without a script."""

from __future__ import annotations

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
    """What the template draws. `value`: as it stands, or as it was typed."""
    input_type, mode = _INPUTS.get(one.type, ("text", ""))
    chosen = value if isinstance(value, list) else [shown(value)] if value is not None else []
    kind = {CHOICE: "choice", CHOICES: "choices", FLAG: "flag"}.get(one.type, "input")
    if kind == "input" and one.type == DATE and value is not None and len(shown(value)) != 10:
        input_type = "text"  # what is no day would not be shown
    options = [*one.options, *(text for text in map(str, chosen) if text and text not in one.options)]
    return {
        "name": one.name, "id": PREFIX + one.name, "label": one.called(locale), "kind": kind, "type": input_type,
        "mode": mode, "options": options, "chosen": [str(text) for text in chosen], "value": shown(value),
        "required": one.required, "problem": problem,
    }  # fmt: skip


def typed_of(one: Definition, form: Params) -> Any:
    """What a form says of one; None for nothing."""
    if one.type == CHOICES:
        return [text for name, text in form.pairs if name == PREFIX + one.name and text] or None
    return (form.get(PREFIX + one.name) or "").strip() or None
