"""The client as everybody else sees it: one immutable snapshot, its hot checks made ready."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol

from clients import relying_party, secrets, service_provider
from clients.access import Access
from clients.profiles import DEFAULTS, PROFILES, complete
from clients.relying_party import RelyingParty
from clients.secrets import StoredSecret
from clients.service_provider import ServiceProvider


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Client:
    """One registered application. Equal only to itself, so what is derived from it can be kept by it.

    `metadata` holds all values, defaults included, by their names in the standards; those that every request asks for
    stand beside it: for both protocols here, for OpenID Connect in `oidc`, for SAML in `saml`. Of a service provider
    `oidc` has nothing that an endpoint would take.
    """

    id: str
    kind: str
    name: str
    profile: str
    enabled: bool
    created_at: float
    changed_at: float
    tokens_after: float
    access: Access
    metadata: Mapping[str, Any]
    secrets: tuple[StoredSecret, ...] = field(repr=False)

    consent: str
    launch_url: str | None
    logo_uri: str | None
    oidc: RelyingParty
    saml: ServiceProvider | None = None

    def find_secret(self, presented: str, now: float) -> StoredSecret | None:
        """The valid secret that was presented, or None. Constant time over all of them."""
        return secrets.find_matching(presented, self.secrets, now)

    def localized(self, key: str, languages: Iterable[str] = ()) -> str | None:
        """The text of `client_name`, `policy_uri` … in the first of these languages it has, else as registered."""
        for language in languages:
            wanted = language.lower()
            while wanted:
                for name, value in self.metadata.items():
                    if name.lower() == f"{key}#{wanted}":
                        return str(value)
                wanted = wanted.rpartition("-")[0]
        found = self.metadata.get(key)
        return None if found is None else str(found)


#: What a client that does not speak OpenID Connect has of it: nothing that any endpoint would take.
_NO_OIDC: Mapping[str, Any] = {**DEFAULTS, "scope": "", "grant_types": [], "response_types": [], "response_modes": []}
NO_RELYING_PARTY: RelyingParty = replace(relying_party.build("", "", {}, _NO_OIDC), auth_methods=())


class Stored(Protocol):
    """A client as the store has it. `said`: the metadata as registered, valid; times are epoch seconds."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def profile(self) -> str: ...
    @property
    def enabled(self) -> bool: ...
    @property
    def said(self) -> Mapping[str, Any]: ...
    @property
    def access(self) -> Access: ...
    @property
    def created_at(self) -> float: ...
    @property
    def changed_at(self) -> float: ...
    @property
    def tokens_after(self) -> float: ...


def build(row: Stored, stored: tuple[StoredSecret, ...] = ()) -> Client:
    """A snapshot of what is stored; defaults are added here."""
    provider = service_provider.build(row.said) if row.kind == "saml" else None
    if provider is None:
        shown = {**complete(PROFILES[row.profile], row.said), "client_name": row.name}
        oidc = relying_party.build(row.id, row.profile, row.said, shown)
    else:
        shown = service_provider.complete(provider, row.said, row.name)
        oidc = NO_RELYING_PARTY
    return Client(
        id=row.id,
        kind=row.kind,
        name=row.name,
        profile=row.profile,
        enabled=row.enabled,
        created_at=row.created_at,
        changed_at=row.changed_at,
        tokens_after=row.tokens_after,
        access=row.access,
        metadata=MappingProxyType(shown),
        secrets=stored,
        consent=shown["consent"],
        launch_url=shown.get("launch_url"),
        logo_uri=shown.get("logo_uri"),
        oidc=oidc,
        saml=provider,
    )
