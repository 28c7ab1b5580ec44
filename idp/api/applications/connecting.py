"""SAML service providers and products of the gallery, registered (R1, R2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients.gallery import shelf
from clients.gallery.filling import CannotBeConnected, NoSuchProtocol
from clients.gallery.template import Template
from clients.registry import Draft
from idp.admin import gallery, service_providers
from idp.api import problems
from idp.api.applications import changing, wrong
from idp.api.applications.models import (
    Connected,
    FromGallery,
    NewServiceProvider,
    Product,
    Products,
    ProductSearch,
    Question,
    Registered,
)
from idp.api.models import Error
from idp.api.operations import Answer, Call
from idp.protocols import Services

if TYPE_CHECKING:
    from idp.saml.metadata.description import Description
    from idp.saml.metadata.sources import Origin


def register(services: Services, call: Call) -> Answer:
    """POST /service-providers."""
    body: NewServiceProvider = call.body
    access = wrong.rule(services, body.access)
    found, origin = _described(services, body)
    draft = Draft(kind="saml", name=body.name, metadata=body.settings, access=access)
    with wrong.placed("saml", below="settings"):
        made = service_providers.register(services, call.actor, found, draft, origin=origin)
    return changing.registered(services, made.client, None, made.warnings)


def _described(services: Services, body: NewServiceProvider) -> tuple[Description, Origin | None]:
    """What is known of the other side. Errors: `Problem`, by the field that says it."""
    from idp.saml.metadata.description import from_acs
    from idp.saml.metadata.lexical import BadMetadata
    from idp.saml.metadata.sources import Origin

    given = [one for one in ("metadata_xml", "metadata_url", "acs") if getattr(body, one)]
    if len(given) != 1:
        detail = "say one of the three: metadata_xml, metadata_url, or entity_id with acs"
        raise problems.wrong("#/metadata_url" if given else "#", detail, example="https://app.example/saml/metadata")
    try:
        if body.metadata_xml is not None:
            return service_providers.read_document(services, body.metadata_xml.encode(), body.entity_id), None
        if body.metadata_url is not None:
            if not body.metadata_url.startswith(("https://", "http://")):
                raise BadMetadata("expected an address such as https://app.example/saml/metadata")
            origin = Origin(body.metadata_url)
            return service_providers.read_url(services, origin, body.entity_id), origin
    except BadMetadata as error:
        raise problems.wrong(given[0], error.reason) from error
    if not body.entity_id:
        detail = "it stands in the SAML settings of the other side"
        raise problems.wrong("entity_id", detail, example="https://app.example/saml")
    return from_acs(body.entity_id, body.acs), None


def products(services: Services, call: Call) -> Products:
    """GET /gallery."""
    query: ProductSearch = call.query
    found = shelf.search(query.query) if query.query.strip() else shelf.everything()
    return Products(items=tuple(map(_product, found)))


def product(services: Services, call: Call) -> Product:
    """GET /gallery/<product>."""
    return _product(_template(call))


def connect(services: Services, call: Call) -> Answer:
    """POST /gallery/<product>/applications."""
    template, body = _template(call), call.body
    assert isinstance(body, FromGallery)
    access = wrong.rule(services, body.access)
    known = {one.id for one in template.questions}
    if unknown := [key for key in body.answers if key not in known]:
        raise problems.wrong(problems.pointer("answers", unknown[0][:100]), "the product asks no such question",
                             expected=", ".join(sorted(known)))  # fmt: skip
    try:
        with wrong.placed("saml" if body.protocol == "saml" else "oidc"):
            added = gallery.add(
                services, call.actor, template.id, body.answers, protocol=body.protocol, name=body.name or "",
                access=access,
            )  # fmt: skip
    except (CannotBeConnected, NoSuchProtocol) as error:
        raise problems.wrong("protocol", str(error), expected=" or ".join(template.protocols)) from error
    except gallery.Unfinished as error:
        detail = "SAML needs this before anything can be registered: set it up there first"
        errors = [Error(pointer=problems.pointer("answers", one), detail=detail) for one in error.questions]
        raise problems.Problem("invalid", detail, errors=errors) from error
    made, filled = added.made, added.filled
    plain = changing.registered(services, made.client, made.client_secret, added.warnings)
    assert isinstance(plain.value, Registered)
    value = Connected(
        application=plain.value.application, client_secret=made.client_secret, warnings=added.warnings,
        fields=tuple((one.label, one.value) for one in filled.fields), env=filled.env, steps=filled.steps,
    )  # fmt: skip
    return Answer(value=value, etag=plain.etag, location=plain.location)


def _template(call: Call) -> Template:
    found = shelf.find(call.path["product"])
    if found is None:
        raise problems.Problem("not-found", "The gallery has no such product. GET /gallery has all of them.")
    return found


def _product(one: Template) -> Product:
    return Product(
        id=one.id, name=one.name, category=one.category, protocols=one.protocols,
        questions=tuple(
            Question(id=q.id, label=q.label, example=q.example, choices=q.choices, later=q.later) for q in one.questions
        ),
    )  # fmt: skip
