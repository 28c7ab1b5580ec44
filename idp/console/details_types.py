"""Types of authorization details: what applications may ask people for beyond scopes (RFC 9396)."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from clients.details_types import DetailsType
from clients.details_types.details_type import LANGUAGES
from clients.errors import InvalidMetadata, Problem
from idp import flash
from idp.admin import details_types
from idp.admin.permissions import Permission
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.protocols import Services
from idp.texts import LANGUAGES as NAMES
from idp.texts import N_
from idp.wire import Params, Request, Response

PATH: Final = "/admin/details-types"
_PROBLEMS: Final = {
    "type": N_("A word or a URI of at most 150 characters. Example: payment_initiation"),
    "schema": N_("This is no JSON Schema."),
    "sentences": N_("A sentence of at most 300 characters, with places such as {amount.value}."),
    "resources": N_("One a line: https://api.example.com"),
}
_EXAMPLE: Final = json.dumps(
    {
        "type": "object",
        "properties": {"type": {"type": "string"}, "amount": {"type": "string"}},
        "required": ["type", "amount"],
        "additionalProperties": False,
    },
    indent=2,
)


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it came. `sentences`: by language."""

    type: str = ""
    schema: str = _EXAMPLE
    sentences: Mapping[str, str] = field(default_factory=dict)
    resources: str = ""
    problems: dict[str, str] = field(default_factory=dict)


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/details-types: all of them, and the form for one."""
    if request.method != "POST":
        return _page(services, request, visit, _chosen(services, visit, request.query.get("type") or ""))
    if gone := request.form.get("remove"):
        with contextlib.suppress(details_types.NoSuchType):  # removed in another tab: what was asked for is so
            details_types.remove(services, visit.actor, gone)
        return flash.redirect(services, PATH, "details_type_removed")
    typed = _read(request.form)
    try:
        wish = details_types.Wish(
            name=typed.type, schema=_schema(typed.schema), sentences=typed.sentences,
            resources=tuple(typed.resources.split()),
        )  # fmt: skip
        details_types.put(services, visit.actor, wish)
    except InvalidMetadata as error:
        typed.problems.update({_id(one): _PROBLEMS.get(one.field, one.message) for one in error.problems})
        why = next((one.message for one in error.problems if one.field == "schema"), "")
        return _page(services, request, visit, typed, why)
    return flash.redirect(services, PATH, "details_type_saved")


def _id(problem: Problem) -> str:
    """The field's id: of a sentence, the one of its language."""
    if problem.field != "sentences":
        return problem.field
    return f"sentence-{problem.message.partition(':')[0]}"


def _schema(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidMetadata(Problem("schema", str(error)[:200])) from None


def _read(form: Params) -> Typed:
    told = {language: form.get(f"sentence-{language}") or "" for language in LANGUAGES}
    return Typed(
        (form.get("type") or "").strip(), form.get("schema") or "", told, form.get("resources") or ""
    )  # fmt: skip


def _chosen(services: Services, visit: Visit, name: str) -> Typed:
    """The one to change, or an empty form."""
    found = next((one for one in details_types.listed(services, visit.actor) if one.name == name), None)
    if found is None:
        return Typed()
    text = json.dumps(dict(found.schema), indent=2, ensure_ascii=False)
    return Typed(found.name, text, found.sentences, "\n".join(found.resources))


def _page(services: Services, request: Request, visit: Visit, typed: Typed, why: str = "") -> Response:
    return frame.page(
        services, request, visit, "console/details_types.html", status=422 if typed.problems else 200, typed=typed,
        why=why, types=[_shown(services, one) for one in details_types.listed(services, visit.actor)],
        languages_of_sentences=[(language, NAMES[language]) for language in LANGUAGES],
    )  # fmt: skip


def _shown(services: Services, one: DetailsType) -> dict[str, Any]:
    return {
        "name": one.name, "sentence": one.sentences.get("en") or next(iter(one.sentences.values()), ""),
        "resources": " ".join(one.resources), "apps": ", ".join(details_types.naming(services, one.name)[:20]),
    }  # fmt: skip


PAGES = (ConsolePage(PATH, handle, Permission.APPS_CREATE, Permission.APPS_CREATE),)
