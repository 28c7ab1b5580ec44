"""What an export holds, in our words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from idp.accounts.carrying import Carried


class NotReadable(Exception):
    """The file is no export that can be read; the text says why, and what to give."""


@dataclass(frozen=True, slots=True)
class Left:
    """Something that cannot be carried over. `kind`: what it is, such as "password"; `name`: whose; `why`: in words."""

    kind: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class FastHash:
    """A password that was hashed once, by something made to be fast; it gets ours around it. `kind`: of `inner`."""

    kind: str
    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Someone:
    """A person of the export. `clear`: a password that stood there to be read; `fast`: one that was as good as that."""

    carried: Carried
    fast: FastHash | None = None
    clear: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An OpenID Connect application. `id`: its `client_id`; `metadata`: as RFC 7591 has it."""

    id: str
    name: str
    profile: str
    metadata: Mapping[str, Any]
    secret: str | None = field(default=None, repr=False)
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceProvider:
    """A SAML service provider. `metadata`: an EntityDescriptor; `settings`: what is decided beside it."""

    entity_id: str
    name: str
    metadata: bytes
    settings: Mapping[str, Any] = field(default_factory=dict)
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All of an export. `groups`: also those that nobody is in; `issuer`: what it was called, where it says so."""

    product: str
    people: tuple[Someone, ...] = ()
    groups: tuple[str, ...] = ()
    applications: tuple[Application, ...] = ()
    service_providers: tuple[ServiceProvider, ...] = ()
    left: tuple[Left, ...] = ()
    issuer: str = ""
