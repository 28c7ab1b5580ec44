"""A template, answers and our values made into what is registered here and what is pasted there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from clients.gallery import answers
from clients.gallery.patterns import filled, names_of
from clients.gallery.places import Ours
from clients.gallery.template import Field, Logout, OidcConnection, Protocol, SamlConnection, Snippet, Template


class CannotBeConnected(ValueError):
    """The product speaks nothing that is offered here; the text says what it speaks."""


class NoSuchProtocol(ValueError):
    """The product does not speak it; `protocols` are what it speaks."""

    def __init__(self, template: Template, protocol: str) -> None:
        super().__init__(f"{template.name} does not speak {protocol}; it speaks {' and '.join(template.protocols)}")
        self.protocols = template.protocols


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceProviderDraft:
    """A SAML service provider to register, where there is no metadata of it."""

    entity_id: str
    acs: tuple[str, ...]
    logout: tuple[Logout, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """One product, ready. `missing`: questions that were left for later; what is made of them is left out.

    `metadata` is for `Registry.register`: of RFC 7591, or settings of a service provider. `fields`, `env`, `snippet`
    and `steps` are for the other side.
    """

    template: Template
    protocol: Protocol
    profile: str
    metadata: Mapping[str, Any]
    service_provider: ServiceProviderDraft | None
    metadata_url: str  # of the service provider, where it publishes it
    fields: tuple[Field, ...]
    env: tuple[str, ...]
    snippet: Snippet | None
    steps: tuple[str, ...]
    traps: tuple[str, ...]
    missing: tuple[str, ...]


def choose(template: Template, protocol: str | None = None) -> OidcConnection | SamlConnection:
    """The way that a product is connected. Errors: `NoSuchProtocol`, `CannotBeConnected`."""
    found = template.connection(protocol or template.protocols[0])
    if found is None:
        raise NoSuchProtocol(template, str(protocol))
    if found.cannot:
        raise CannotBeConnected(found.cannot)
    return found


def fill(
    template: Template,
    given: Mapping[str, str],
    ours: Ours,
    *,
    protocol: str | None = None,
    allow_loopback: bool = False,
    preview: bool = False,
    known: ServiceProviderDraft | None = None,
) -> Filled:
    """The product with these answers. `preview`: what is not answered yet is filled with the question's example.

    `known`: a service provider's addresses from its metadata, for texts that name them; what was made of answers is as
    it was.

    Errors: `answers.InvalidAnswers`, `NoSuchProtocol`, `CannotBeConnected`.
    """
    connection = choose(template, protocol)
    if preview:
        given = {**{question.id: question.example for question in template.questions}, **given}
    values = answers.check_all(template.questions, given, allow_loopback=allow_loopback)
    missing = tuple(question.id for question in template.questions if question.id not in values)
    return _Filling(template, connection, values, missing, ours, known).filled()


class _Filling:
    """One template's patterns, filled."""

    def __init__(
        self,
        template: Template,
        connection: OidcConnection | SamlConnection,
        answered: Mapping[str, str],
        missing: tuple[str, ...],
        ours: Ours,
        known: ServiceProviderDraft | None,
    ) -> None:
        self.template, self.connection, self.answered, self.missing = template, connection, answered, missing
        self.known = known
        # What was left for later is named, so that texts can be read already.
        self.values = {**ours.values(), **{name: f"<{name}>" for name in missing}, **answered}

    def filled(self) -> Filled:
        """All of it."""
        connection = self.connection
        if isinstance(connection, OidcConnection):
            protocol: Protocol = "oidc"
            metadata, provider = self._oidc(connection), None
            profile, url = connection.profile, ""
        else:
            protocol, profile = "saml", "saml"
            metadata, provider = self._launch(dict(connection.settings)), self._saml(connection)
            url = next(iter(self._made(connection.metadata_url)), "")
        first = (self.template.people_first,) if self.template.people_first else ()
        return Filled(
            template=self.template,
            protocol=protocol,
            profile=profile,
            metadata=metadata,
            service_provider=provider,
            metadata_url=url,
            fields=tuple(Field(field.label, self._text(field.value)) for field in connection.fields),
            env=tuple(map(self._text, connection.env)),
            snippet=self._snippet(connection.snippet),
            steps=(*first, *map(self._text, connection.steps)),
            traps=(*connection.traps, *self.template.traps),
            missing=self.missing,
        )

    def _oidc(self, connection: OidcConnection) -> dict[str, Any]:
        metadata = dict(connection.metadata)
        redirects = self._made(*connection.redirect_uris)
        goodbyes = self._made(*connection.post_logout_redirect_uris)
        self.values["redirect_uri"] = redirects[0] if redirects else "<redirect_uri>"
        self.values["post_logout_redirect_uri"] = goodbyes[0] if goodbyes else "<post_logout_redirect_uri>"
        found: dict[str, Any] = {"redirect_uris": redirects, "post_logout_redirect_uris": goodbyes}
        for key in ("backchannel_logout_uri", "initiate_login_uri"):
            found[key] = next(iter(self._made(getattr(connection, key))), None)
        return self._launch({**metadata, **{key: value for key, value in found.items() if value}})

    def _saml(self, connection: SamlConnection) -> ServiceProviderDraft:
        entity = self._made(connection.entity_id)
        acs = self._made(*connection.acs)
        named = self.known or ServiceProviderDraft(entity_id="".join(entity), acs=tuple(acs))
        self.values["entity_id"] = named.entity_id or "<entity_id>"
        self.values["acs"] = next(iter(named.acs), "<acs>")
        logouts = (Logout(one.binding, place) for one in connection.logout for place in self._made(one.location))
        return ServiceProviderDraft(entity_id="".join(entity), acs=tuple(acs), logout=tuple(logouts))

    def _launch(self, metadata: dict[str, Any]) -> dict[str, Any]:
        made = self._made(self.connection.launch_url)
        return {**metadata, "launch_url": made[0]} if made else metadata

    def _made(self, *patterns: str) -> list[str]:
        """What can be made of the answers that there are; each once."""
        ready = (one for one in patterns if one and names_of((one,)) <= set(self.answered))
        return list(dict.fromkeys(filled(one, self.answered) for one in ready))

    def _text(self, pattern: str) -> str:
        return filled(pattern, self.values)

    def _snippet(self, snippet: Snippet | None) -> Snippet | None:
        if snippet is None:
            return None
        # Answers have no sign that another language would read; XML reads the "&" of a query.
        escaped = escape if snippet.language == "xml" else str
        return Snippet(snippet.file, snippet.language, filled(snippet.text, self.values, escaped))
