"""Attributes of people that the organisation defines, by the API (U1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints

from clients.attributes import Definition
from clients.attributes.definition import KEYS
from clients.attributes.kept import AttributeChanged
from clients.errors import InvalidMetadata
from idp.admin import attributes
from idp.admin.permissions import Permission
from idp.api import editions
from idp.api.models import Model
from idp.api.operations import Answer, Call, Operation
from idp.api.problems import Problem, not_found, wrong
from idp.protocols import Services

Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Text = Annotated[str, StringConstraints(max_length=200)]
Lines = Annotated[tuple[Text, ...], Field(max_length=200)]
Kind = Literal["text", "number", "boolean", "date", "choice", "choices", "email", "phone", "url"]
Reader = Literal["person", "help_desk"]
Writer = Literal["person", "help_desk", "admin"]


class NewAttribute(Model):
    """An attribute to define, or to put in the place of the one of its name: what is left out has its default."""

    name: Name
    """The claim's name."""
    label: Text = ""
    """What people read."""
    labels: Annotated[dict[str, Text], Field(max_length=4, default_factory=dict)]
    """The same by language: de, es, fr, zh-Hans."""
    type: Kind = "text"
    """What a value is: boolean is true or false, choices a list, the others text or a number."""
    options: Lines = ()
    """What can be chosen, in this order."""
    required: bool = False
    """A value is wanted of everybody whom it is about."""
    groups: Lines = ()
    """Whom it is about: members of one of these groups; empty: everybody."""
    min: float | Text | None = None
    """The least number, length or how many; for a date the first day."""
    max: float | Text | None = None
    """The most."""
    pattern: Text = ""
    """What the whole text looks like."""
    sees: Annotated[tuple[Reader, ...], Field(max_length=2)] = ("person", "help_desk")
    """Who sees it beside admins and auditors."""
    edits: Annotated[tuple[Writer, ...], Field(max_length=3)] = ("admin",)
    """Who writes it; empty: directories, other providers and SCIM alone."""
    release: Literal["nobody", "tables", "apps", "scope"] = "tables"
    """Whom it is told: nobody, applications whose own table names it, named ones, or those that may have the scope."""
    scope: Annotated[str, StringConstraints(max_length=60)] = ""
    """The scope, where it is released by one."""
    apps: Lines = ()
    """The ids of the applications, where it is released to named ones."""
    sensitive: bool = False
    """The record says that a value was changed, never which."""


class Attribute(Model):
    """An attribute that is defined."""

    name: str
    """The claim's name."""
    label: str
    """What people read; empty: the name."""
    labels: dict[str, str]
    """The same by language."""
    type: str
    """What a value is."""
    options: tuple[str, ...]
    """What can be chosen."""
    required: bool
    """A value is wanted of everybody whom it is about."""
    groups: tuple[str, ...]
    """Whom it is about; empty: everybody."""
    min: float | str | None
    """The least."""
    max: float | str | None
    """The most."""
    pattern: str
    """What the whole text looks like."""
    sees: tuple[str, ...]
    """Who sees it beside admins and auditors."""
    edits: tuple[str, ...]
    """Who writes it."""
    release: str
    """Whom it is told."""
    scope: str
    """The scope, where it is released by one."""
    apps: tuple[str, ...]
    """The ids of the applications, where it is released to named ones."""
    sensitive: bool
    """The record never tells its values."""
    people: int
    """How many have a value."""


class Attributes(Model):
    """What is defined."""

    items: tuple[Attribute, ...]
    """By name."""
    exact: bool
    """Whether `people` were counted; of more than 10,000 people they are estimates, but that of one alone."""


class Which(Model):
    """One alone, or all."""

    name: Name | None = None
    """Its name; the answer's ETag is of this one."""


class Leaving(Model):
    """Which attribute goes."""

    name: Name
    """Its name."""
    with_values: bool = False
    """Also where people have a value, which they keep as a free claim."""


def listed(services: Services, call: Call) -> Answer:
    """GET /attributes."""
    if call.query.name is not None:
        found = _get(services, call, call.query.name)
        return Answer(value=Attributes(items=(_counted(services, call, found),), exact=True), etag=_edition(found))
    many = attributes.values_of(services, call.actor)
    every = attributes.listed(services, call.actor)
    shown = tuple(_shown(one, many.of(one.name)) for one in every)
    return Answer(value=Attributes(items=shown, exact=many.is_exact))


def put(services: Services, call: Call) -> Answer:
    """POST /attributes."""
    said: dict[str, Any] = call.body.model_dump(exclude={"name"})
    bounds = {key: said[key] for key in ("min", "max") if isinstance(said[key], float)}
    said |= {key: int(value) for key, value in bounds.items() if value.is_integer()}
    try:
        made = _put(services, call, call.body.name, said)
    except InvalidMetadata as error:
        first = error.problems[0]
        raise wrong(first.field if first.field in KEYS else "name", first.message) from None
    except AttributeChanged:
        raise _changed() from None
    return Answer(value=_counted(services, call, made), etag=_edition(made))


def _put(services: Services, call: Call, name: str, said: Mapping[str, Any]) -> Definition:
    now = _find(services, call, name)
    if now is None:
        if call.if_match is not None:  # RFC 9110 §13.1.1: `*` means that there is one
            raise _changed()
        return attributes.add(services, call.actor, name, said)
    if call.if_match is None:
        raise editions.missing()
    editions.check(call, _edition(now))
    return attributes.change(services, call.actor, name, said, seen=now)


def remove(services: Services, call: Call) -> None:
    """DELETE /attributes."""
    now = _get(services, call, call.query.name)
    editions.check(call, _edition(now))
    try:
        attributes.remove(services, call.actor, now.name, with_values=call.query.with_values, seen=now)
    except attributes.NoSuchAttribute:
        raise not_found("attribute") from None
    except AttributeChanged:
        raise _changed() from None
    except attributes.HasValues as error:
        raise Problem("conflict", _asked(error)) from None


def _asked(error: attributes.HasValues) -> str:
    told = f", and {', '.join(error.told[:10])} would be told it, as their own tables name it" if error.told else ""
    return f"{error.many} people have a value{told}; with_values=true removes the definition all the same."


def _changed() -> Problem:
    return Problem("changed", "Somebody else has changed it meanwhile; read it again.")


def _find(services: Services, call: Call, name: str) -> Definition | None:
    return next((one for one in attributes.listed(services, call.actor) if one.name == name), None)


def _get(services: Services, call: Call, name: str) -> Definition:
    found = _find(services, call, name)
    if found is None:
        raise not_found("attribute")
    return found


def _counted(services: Services, call: Call, one: Definition) -> Attribute:
    return _shown(one, attributes.people_with(services, call.actor, one.name))


def _shown(one: Definition, many: int) -> Attribute:
    return Attribute(**one.told(), people=many)


def _edition(one: Definition) -> str:
    """Of what is said: how many have a value is no part of it."""
    return editions.of(_shown(one, 0))


_TAG: Final = "People"
_READ, _CHANGE = Permission.ATTRIBUTES_READ, Permission.ATTRIBUTES_CHANGE
_CENTRE: Final = {
    "name": "cost_centre", "label": "Cost centre", "pattern": "[0-9]{4}", "edits": ["admin"], "release": "scope",
    "scope": "hr",
}  # fmt: skip
OPERATIONS: Final = (
    Operation(
        method="GET", path="/attributes", id="listAttributes", permission=_READ, tag=_TAG,
        summary="What is defined of people beyond the standard claims", handler=listed, query=Which, gives=Attributes,
        problems=(404,),
    ),
    Operation(
        method="POST", path="/attributes", id="setAttribute", permission=_CHANGE, tag=_TAG,
        summary="Define an attribute, or, with the If-Match of GET /attributes?name=…, change the one of this name",
        handler=put, takes=NewAttribute, gives=Attribute, examples={"cost_centre": _CENTRE}, problems=(409, 412, 428),
    ),
    Operation(
        method="DELETE", path="/attributes", id="removeAttribute", permission=_CHANGE, tag=_TAG,
        summary="Define an attribute no more; people keep their values", handler=remove, query=Leaving,
        guarded=True, problems=(404, 409),
    ),
)  # fmt: skip
