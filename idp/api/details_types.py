"""Types of authorization details by the API (RFC 9396): what applications may ask people for."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints

from clients.details_types import DetailsType
from clients.errors import InvalidMetadata
from idp.admin import details_types
from idp.admin.permissions import Permission
from idp.api.models import Model
from idp.api.operations import Call, Operation
from idp.api.problems import not_found, wrong
from idp.protocols import Services

Name = Annotated[str, StringConstraints(min_length=1, max_length=150)]
Uri = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Sentence = Annotated[str, StringConstraints(max_length=300)]


class NewType(Model):
    """A type to make, or to put in the place of the one of its name."""

    type: Name
    """Its name: a word or a URI."""
    json_schema: dict[str, Any]
    """JSON Schema of a whole detail, `type` included."""
    sentences: Annotated[dict[str, Sentence], Field(max_length=5, default_factory=dict)]
    """How people are asked, by language (en, de, es, fr, zh-Hans), with places such as {amount.value}."""
    resources: Annotated[tuple[Uri, ...], Field(max_length=50)] = ()
    """Applications that may ask for tokens for one of these may ask for the type as well."""


class Type(Model):
    """A type of authorization details."""

    type: str
    """Its name."""
    json_schema: dict[str, Any]
    """JSON Schema of a whole detail."""
    sentences: dict[str, str]
    """How people are asked, by language."""
    resources: tuple[str, ...]
    """Whose applications may ask for it without being registered for it by name."""


class Types(Model):
    """All types."""

    items: tuple[Type, ...]
    """By name."""


class Named(Model):
    """Which type."""

    type: Name
    """Its name."""


def listed(services: Services, call: Call) -> Types:
    """GET /details-types."""
    return Types(items=tuple(map(_shown, details_types.listed(services, call.actor))))


def put(services: Services, call: Call) -> Type:
    """POST /details-types."""
    body = call.body
    wish = details_types.Wish(
        name=body.type, schema=body.json_schema, sentences=body.sentences, resources=body.resources
    )  # fmt: skip
    try:
        return _shown(details_types.put(services, call.actor, wish))
    except InvalidMetadata as error:
        first = error.problems[0]
        raise wrong("json_schema" if first.field == "schema" else first.field, first.message) from None


def remove(services: Services, call: Call) -> None:
    """DELETE /details-types."""
    try:
        details_types.remove(services, call.actor, call.query.type)
    except details_types.NoSuchType:
        raise not_found("type") from None


def _shown(one: DetailsType) -> Type:
    return Type(
        type=one.name, json_schema=dict(one.schema), sentences=dict(one.sentences), resources=one.resources
    )  # fmt: skip


_TAG: Final = "Applications"
_PAYMENT: Final = {
    "type": "payment",
    "json_schema": {"type": "object", "properties": {"amount": {"type": "string"}}, "required": ["amount"]},
    "sentences": {"en": "Pay {amount}"},
}
OPERATIONS: Final = (
    Operation(
        method="GET", path="/details-types", id="listDetailsTypes", permission=Permission.APPS_CREATE, tag=_TAG,
        summary="What applications may ask people for in detail", handler=listed, gives=Types,
    ),
    Operation(
        method="POST", path="/details-types", id="setDetailsType", permission=Permission.APPS_CREATE, tag=_TAG,
        summary="Make a type, or change the one of this name", handler=put, takes=NewType, gives=Type,
        examples={"payment": _PAYMENT},
    ),
    Operation(
        method="DELETE", path="/details-types", id="removeDetailsType", permission=Permission.APPS_CREATE, tag=_TAG,
        summary="Remove a type; tokens lose such details", handler=remove, query=Named, problems=(404,),
    ),
)  # fmt: skip
