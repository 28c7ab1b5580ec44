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
from idp.api.models import Model
from idp.api.operations import Call, Operation
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
    """All that is defined."""

    items: tuple[Attribute, ...]
    """By name."""


class Named(Model):
    """Which attribute."""

    name: Name
    """Its name."""


def listed(services: Services, call: Call) -> Attributes:
    """GET /attributes."""
    many = attributes.values_of(services, call.actor)
    found = attributes.listed(services, call.actor)
    return Attributes(items=tuple(_shown(one, many) for one in found))


def put(services: Services, call: Call) -> Attribute:
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
        raise Problem("conflict", "Somebody else has changed it meanwhile; read it again.") from None
    return _shown(made, attributes.values_of(services, call.actor))


def _put(services: Services, call: Call, name: str, said: Mapping[str, Any]) -> Definition:
    known = {one.name for one in attributes.listed(services, call.actor)}
    if name in known:
        return attributes.change(services, call.actor, name, said)
    return attributes.add(services, call.actor, name, said)


def remove(services: Services, call: Call) -> None:
    """DELETE /attributes."""
    try:
        attributes.remove(services, call.actor, call.query.name)
    except attributes.NoSuchAttribute:
        raise not_found("attribute") from None


def _shown(one: Definition, many: Mapping[str, int]) -> Attribute:
    return Attribute(**one.told(), people=many.get(one.name, 0))


_TAG: Final = "People"
_READ, _CHANGE = Permission.ATTRIBUTES_READ, Permission.ATTRIBUTES_CHANGE
_CENTRE: Final = {
    "name": "cost_centre", "label": "Cost centre", "pattern": "[0-9]{4}", "edits": ["admin"], "release": "scope",
    "scope": "hr",
}  # fmt: skip
OPERATIONS: Final = (
    Operation(
        method="GET", path="/attributes", id="listAttributes", permission=_READ, tag=_TAG,
        summary="What is defined of people beyond the standard claims", handler=listed, gives=Attributes,
    ),
    Operation(
        method="POST", path="/attributes", id="setAttribute", permission=_CHANGE, tag=_TAG,
        summary="Define an attribute, or change the one of this name", handler=put, takes=NewAttribute,
        gives=Attribute, examples={"cost_centre": _CENTRE}, problems=(409,),
    ),
    Operation(
        method="DELETE", path="/attributes", id="removeAttribute", permission=_CHANGE, tag=_TAG,
        summary="Define an attribute no more; people keep their values", handler=remove, query=Named, problems=(404,),
    ),
)  # fmt: skip
