"""What the form of a new application says, and its registration by the verbs of every other door (C1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from clients.access import Access
from clients.errors import InvalidMetadata, Problem
from clients.gallery.answers import InvalidAnswers
from clients.gallery.filling import CannotBeConnected, Filled, NoSuchProtocol
from clients.gallery.template import Template
from clients.registry import Draft, Registered
from idp.admin import applications, gallery, service_providers
from idp.admin.actor import Actor
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request

if TYPE_CHECKING:
    from idp.saml.metadata.description import Description
    from idp.saml.metadata.sources import Origin

MAX: Final = 100_000  # characters of a field; the body has its own limit
_NAME = N_("Give it a name: people read it when they sign in. Example: Larkfield CRM")
_FACTS = N_("Give its metadata (an address or the text), or else its entity ID and its ACS URL.")
_WHERE = {"client_name": "name", "sp_metadata": "metadata", "acs": "acs"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What was typed. `answers`: to a product's questions; `once`: tells one form from another."""

    name: str = ""
    protocol: str = ""
    profile: str = "web"
    redirect_uris: str = ""
    metadata: str = ""
    entity_id: str = ""
    acs: str = ""
    answers: Mapping[str, str]
    once: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """What came of it. `filled`: what a product of the gallery is told."""

    registered: Registered
    filled: Filled | None
    warnings: tuple[str, ...]


def read(request: Request, kind: str, template: Template | None) -> Typed:
    """The form as it was sent; before, what it begins with. `kind`: "oidc", "saml" or the id of a product."""
    given = request.form if request.method == "POST" else request.query
    # A link fills in no address: one press would register what somebody else has chosen.
    is_sent = request.method == "POST"
    said = {
        key: (given.first.get(key) or "")[:MAX] if is_sent or key in ("protocol", "name") else ""
        for key in Typed.__dataclass_fields__ if key != "answers"
    }  # fmt: skip
    if template is not None:
        first = template.protocols[0]
        said["protocol"] = said["protocol"] if said["protocol"] in template.protocols else first
        said["name"] = said["name"] if is_sent else said["name"] or template.name
    questions = template.questions if template is not None else ()
    answers = {one.id: (request.form.first.get(f"q-{one.id}") or "")[:MAX].strip() for one in questions}
    said["profile"] = "saml" if kind == "saml" else said["profile"].replace("saml", "") or "web"
    return Typed(**said, answers=answers)


def register(services: Services, actor: Actor, template: Template | None, typed: Typed, access: Access) -> Made:
    """Register it. Errors: `NotAllowed`, `InvalidMetadata`, `InvalidAnswers`, `Unfinished`."""
    if not typed.name.strip():
        raise InvalidMetadata(Problem("name", _NAME))
    if template is not None:
        found, origin = _described(services, typed) if typed.protocol == "saml" else (None, None)
        try:
            added = gallery.add(
                services, actor, template.id, typed.answers, protocol=typed.protocol, name=typed.name,
                access=access, found=found, origin=origin,
            )  # fmt: skip
        except (CannotBeConnected, NoSuchProtocol) as error:
            raise InvalidMetadata(Problem("", str(error))) from error
        return Made(added.made, added.filled, added.warnings)
    if typed.profile == "saml":
        found, origin = _described(services, typed)
        if found is None:
            found = _from_facts(typed)
        draft = Draft(kind="saml", name=typed.name, access=access)
        made = service_providers.register(services, actor, found, draft, origin=origin)
    else:
        uris = lines(typed.redirect_uris)
        draft = Draft(name=typed.name, profile=typed.profile, access=access,
                      metadata={"redirect_uris": uris} if uris else {})  # fmt: skip
        made = applications.register(services, actor, draft)
    return Made(made, None, made.warnings)


def lines(text: str) -> list[str]:
    """The values of a field that has one a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def named(template: Template | None, error: InvalidAnswers | InvalidMetadata) -> tuple[Problem, ...]:
    """Each problem under the field of the form where it is put right; "" where no field of it is wrong."""
    if isinstance(error, InvalidAnswers):
        return tuple(Problem(f"q-{one.field}", one.message) for one in error.problems)
    fields = {"name", "metadata"}
    if template is None:
        fields |= {"profile", "redirect_uris", "entity_id", "acs"}
    found = []
    for one in error.problems:
        field = _WHERE.get(one.field, one.field)
        found.append(Problem(field, one.message) if field in fields else Problem("", str(one)))
    return tuple(found)


def _described(services: Services, typed: Typed) -> tuple[Description | None, Origin | None]:
    """What its own metadata says, where that was given: an address, or the text itself."""
    from idp.saml.metadata.lexical import BadMetadata
    from idp.saml.metadata.sources import Origin

    given = typed.metadata.strip()
    if not given:
        return None, None
    try:
        if given.startswith("<"):
            return service_providers.read_document(services, given.encode(), typed.entity_id.strip() or None), None
        if given.partition("://")[0].lower() not in ("http", "https") or " " in given:
            raise BadMetadata("expected an address such as https://app.example/saml/metadata, or the text of the "
                              "file, which begins with <")  # fmt: skip
        origin = Origin(given)
        return service_providers.read_url(services, origin, typed.entity_id.strip() or None), origin
    except BadMetadata as error:
        raise InvalidMetadata(Problem("metadata", error.reason)) from error


def _from_facts(typed: Typed) -> Any:
    from idp.saml.metadata.description import from_acs

    entity_id, places = typed.entity_id.strip(), lines(typed.acs)
    if not entity_id and not places:
        raise InvalidMetadata(Problem("metadata", _FACTS))
    missing = []
    if not entity_id:
        missing.append(Problem("entity_id", N_("It stands in its SAML settings. Example: https://app.example/saml")))
    if not places:
        missing.append(Problem("acs", N_("Where it takes our answers. Example: https://app.example/saml/acs")))
    if missing:
        raise InvalidMetadata(*missing)
    return from_acs(entity_id, places)
