"""GET and POST /admin/attributes: what is defined, with how many people have a value, and the form for one."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from clients.attributes import Definition
from clients.attributes.definition import LANGUAGES, READERS, TABLES, TEXT, WRITERS
from clients.attributes.kept import AttributeChanged
from clients.errors import InvalidMetadata
from idp import flash
from idp.accounts.known_claims import MOST
from idp.admin import attributes
from idp.admin.attributes import HasValues, NoSuchAttribute
from idp.admin.permissions import Permission
from idp.console import frame
from idp.console.attributes import words
from idp.console.pages import ConsolePage, Visit
from idp.ids import digest
from idp.protocols import Services
from idp.texts import LANGUAGES as NAMES
from idp.texts import N_
from idp.wire import Params, Request, Response

PATH: Final = "/admin/attributes"
_TEXTS: Final = ("name", "label", "type", "min", "max", "pattern", "release", "scope")
_LINES: Final = ("options", "groups", "apps")
_FREE: Final = 50  # claims that nobody has defined, shown
_PROBLEMS: Final = {
    "name": N_("A letter, then letters and digits, and no name that has a meaning already. Example: cost_centre"),
    "label": N_("At most 80 visible characters."),
    "options": N_("At least one, one a line, at most 100 characters each, without |."),
    "min": N_("A number, or for a date a day such as 2026-12-31."),
    "max": N_("A number, or for a date a day such as 2026-12-31; not less than the least."),
    "pattern": N_("An expression for a text, without look-around. Example: [A-Z]{2}[0-9]{4}"),
    "edits": N_("Whoever changes it has to see it."),
    "required": N_("Somebody here has to be able to change what is required."),
    "scope": N_("The name of a scope, such as hr; not openid or offline_access."),
    "apps": N_("Ids of applications that there are, one a line."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it came. `was`: the name of the one that is changed; `edition`: of it, as it was looked at."""

    said: Mapping[str, Any]
    was: str = ""
    edition: str = ""
    problems: dict[str, str] = field(default_factory=dict)


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """The page, or what its form asks for."""
    if request.method != "POST":
        return _page(services, request, visit, _chosen(services, visit, request.query.get("name") or ""))
    if gone := request.form.get("remove"):
        return _remove(services, request, visit, gone)
    typed = _read(request.form)
    try:
        _save(services, visit, typed)
    except InvalidMetadata as error:
        for one in reversed(error.problems):
            typed.problems[_id(one.field, one.message)] = _PROBLEMS.get(one.field, one.message)
        return _page(services, request, visit, typed)
    except (AttributeChanged, NoSuchAttribute):
        now = _chosen(services, visit, typed.was)
        typed.problems[""] = N_("Somebody else has changed this meanwhile. Save again, and yours holds.")
        return _page(services, request, visit, Typed(typed.said, now.was, now.edition, typed.problems))
    return flash.redirect(services, PATH, "attribute_saved")


def _remove(services: Services, request: Request, visit: Visit, name: str) -> Response:
    """Where people have a value it is asked for twice: with how many they are, and who is told from then on."""
    try:
        attributes.remove(services, visit.actor, name, with_values=bool(request.form.get("with_values")))
    except HasValues as error:
        return _page(services, request, visit, _chosen(services, visit, ""), leaving=error)
    except NoSuchAttribute:
        pass  # removed in another tab: what was asked for is so
    return flash.redirect(services, PATH, "attribute_removed")


def _save(services: Services, visit: Visit, typed: Typed) -> None:
    said = {key: value for key, value in typed.said.items() if key != "name"}
    if not typed.was:
        attributes.add(services, visit.actor, str(typed.said["name"]), said)
        return
    now = attributes.get(services, visit.actor, typed.was)
    if _edition(now) != typed.edition:
        raise AttributeChanged
    attributes.change(services, visit.actor, typed.was, said, seen=now)


def _id(field: str, message: str) -> str:
    """The field's id: of a label, the one of its language."""
    return f"label-{message.partition(':')[0]}" if field == "labels" else field


def _read(form: Params) -> Typed:
    said: dict[str, Any] = {key: (form.get(key) or "").strip() for key in _TEXTS}
    said |= {"type": said["type"] or TEXT, "release": said["release"] or TABLES}
    said |= {key: [line.strip() for line in (form.get(key) or "").splitlines() if line.strip()] for key in _LINES}
    said["labels"] = {language: form.get(f"label-{language}") or "" for language in LANGUAGES}
    said["sees"] = [one for one in READERS if form.get(f"sees-{one}")]
    said["edits"] = [one for one in WRITERS if form.get(f"edits-{one}")]
    said |= {key: bool(form.get(key)) for key in ("required", "sensitive")}
    said |= {key: _bound(said[key]) for key in ("min", "max")}
    return Typed(said, form.get("was") or "", form.get("edition") or "")


def _bound(text: str) -> float | str | None:
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text or None


def _chosen(services: Services, visit: Visit, name: str) -> Typed:
    """The one to change, or an empty form; `name` may be that of a free claim."""
    found = next((one for one in attributes.listed(services, visit.actor) if one.name == name), None)
    if found is None:
        return Typed(Definition(name=name).told())
    return Typed(found.told(), found.name, _edition(found))


def _edition(one: Definition) -> str:
    return digest(repr(one))[:16]


def _page(
    services: Services, request: Request, visit: Visit, typed: Typed, leaving: HasValues | None = None
) -> Response:  # fmt: skip
    many = attributes.values_of(services, visit.actor)
    known = attributes.listed(services, visit.actor)
    names = {one.name for one in known} | attributes.TAKEN
    free = sorted((name, count) for name, count in many.by_name.items() if name not in names and "#" not in name)
    return frame.page(
        services, request, visit, "console/attributes/list.html", status=422 if typed.problems else 200, typed=typed,
        leaving=leaving, counted=None if many.is_exact else MOST,
        attributes=[_shown(services, one, many.of(one.name)) for one in known], free=free[:_FREE], words=words,
        languages_of_labels=[(language, NAMES[language]) for language in LANGUAGES],
    )  # fmt: skip


def _shown(services: Services, one: Definition, many: int) -> dict[str, Any]:
    apps = [services.registry.find(id) for id in one.apps[:10]]
    named = ", ".join(app.name for app in apps if app is not None)
    return {
        "name": one.name, "title": one.title, "type": words.TYPES[one.type], "release": words.RELEASES[one.release][0],
        "to": one.scope or named, "people": many, "required": one.required, "sensitive": one.sensitive,
    }  # fmt: skip


PAGES = (ConsolePage(PATH, handle, Permission.ATTRIBUTES_READ, Permission.ATTRIBUTES_CHANGE),)
