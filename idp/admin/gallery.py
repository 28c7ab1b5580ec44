"""Connect a product of the gallery: registered here by few answers, and answered with what to paste there (R1, R2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from clients.access import Access
from clients.gallery import shelf
from clients.gallery.filling import Filled, ServiceProviderDraft, choose, fill
from clients.gallery.places import Ours
from clients.gallery.template import OidcConnection, Template
from clients.registry import Draft, Registered
from idp.admin import applications, service_providers
from idp.admin.permissions import Permission
from idp.protocols import Services

if TYPE_CHECKING:
    from idp.admin.actor import Actor
    from idp.saml.metadata.description import Description
    from idp.saml.metadata.sources import Origin

#: Nobody may open it until somebody says who (R4).
NOBODY = Access.only()


class Unfinished(ValueError):
    """A SAML product tells some of this only once it is set up there, and nothing can be registered before.

    `questions` are still to be answered. What is typed there is the same for every application: `shown` has it.
    """

    def __init__(self, template: Template, questions: tuple[str, ...]) -> None:
        super().__init__(template.id)
        self.template, self.questions = template, questions


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What was registered, and what to paste on the other side. `warnings`: sentences for the admin."""

    made: Registered
    filled: Filled
    warnings: tuple[str, ...]


def ours(services: Services, protocol: str, made: Registered | None = None) -> Ours:
    """Our side of the values to paste; words stand for the id and the secret where nothing is registered yet."""
    url = services.url
    known = Ours(
        issuer=services.issuer,
        discovery_url=url("/.well-known/openid-configuration"),
        authorization_endpoint=url("/oauth/authorize"),
        token_endpoint=url("/oauth/token"),
        userinfo_endpoint=url("/oauth/userinfo"),
        jwks_uri=url("/oauth/jwks"),
        end_session_endpoint=url("/oauth/logout"),
        introspection_endpoint=url("/oauth/introspect"),
        revocation_endpoint=url("/oauth/revoke"),
        metadata_url=url("/saml/metadata"),
        idp_entity_id=services.settings.saml_entity_id,
        sso_url=url("/saml/sso"),
        slo_url=url("/saml/slo"),
        start_url=url("/saml/start/CLIENT_ID"),
        certificate=services.certificates.active("signing").certificate if protocol == "saml" else b"",
    )
    if made is None:
        return known
    client = made.client
    known = replace(known, client_id=client.id, start_url=url(f"/saml/start/{client.id}"))
    return known if made.client_secret is None else replace(known, client_secret=made.client_secret)


def shown(
    services: Services, template: Template, given: Mapping[str, str] | None = None, *, protocol: str | None = None
) -> Filled:
    """What a product will be told, before anything is registered; examples stand for what is not answered.

    Errors: `InvalidAnswers`, `NoSuchProtocol`, `CannotBeConnected`.
    """
    return _filled(services, template, given or {}, protocol, None, preview=True)


def add(
    services: Services,
    actor: Actor,
    template_id: str,
    given: Mapping[str, str],
    *,
    protocol: str | None = None,
    name: str = "",
    access: Access = NOBODY,
    settings: Mapping[str, Any] | None = None,
    found: Description | None = None,
    origin: Origin | None = None,
) -> Added:
    """Register a product with these answers; nobody may open it unless `access` says who.

    `settings`: metadata that differs from the template's. `found`: the service provider's own metadata, which then
    holds, and `origin`, where it was read. Errors: `NotAllowed`, `UnknownTemplate`, `InvalidAnswers`, `NoSuchProtocol`,
    `CannotBeConnected`, `Unfinished`, `InvalidMetadata`.
    """
    actor.check(Permission.APPS_CREATE)
    template = shelf.get(template_id)
    asked = _filled(services, template, given, protocol, None, lenient=found is not None)
    metadata = {**asked.metadata, **(settings or {})}
    name = name or template.name
    warnings: list[str] = []
    if asked.service_provider is None:
        unfinished = bool(asked.missing) or not metadata.get("redirect_uris")
        draft = Draft(name=name, profile=asked.profile, metadata=metadata, access=access, unfinished=unfinished)
        made = applications.register(services, actor, draft)
        if unfinished:
            warnings.append("it is turned off until it has its redirect URI")
    else:
        if found is None and not (asked.service_provider.entity_id and asked.service_provider.acs):
            raise Unfinished(template, asked.missing)
        if found is not None:
            warnings += service_providers.disagreements(found, asked.service_provider)
        described = found or service_providers.description(asked.service_provider)
        draft = Draft(kind="saml", name=name, metadata=metadata, access=access)
        made = service_providers.register(services, actor, described, draft, origin=origin)
    filled = _filled(services, template, given, asked.protocol, made, lenient=found is not None)
    return Added(made=made, filled=filled, warnings=(*warnings, *made.warnings))


def _filled(
    services: Services,
    template: Template,
    given: Mapping[str, str],
    protocol: str | None,
    made: Registered | None,
    *,
    preview: bool = False,
    lenient: bool = False,
) -> Filled:
    connection = choose(template, protocol)
    spoken = "oidc" if isinstance(connection, OidcConnection) else "saml"
    if lenient:  # metadata answers what is not
        questions = tuple(replace(question, later=True) for question in template.questions)
        template = replace(template, questions=questions)
    return fill(
        template, given, ours(services, spoken, made), protocol=spoken,
        allow_loopback=services.registry.allow_loopback, preview=preview, known=_known(made),
    )  # fmt: skip


def _known(made: Registered | None) -> ServiceProviderDraft | None:
    """What a registered service provider's addresses are by now: its metadata may have had others than the answers."""
    provider = None if made is None else made.client.saml
    if provider is None:
        return None
    return ServiceProviderDraft(entity_id=provider.entity_id, acs=tuple(one.location for one in provider.acs))
