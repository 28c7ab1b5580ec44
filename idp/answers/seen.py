"""One request of an application under a live check, as findings look at it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlunsplit

from clients.client import Client
from clients.gallery.template import Connection
from idp.answers.finding import Finding
from idp.audit import Event
from idp.normal_forms import taken_apart
from idp.protocols import Services
from idp.saml.messages.authn_request import AuthnRequest
from idp.saml.messages.bindings import Received
from idp.wire import Params, Request, Response

_LONG: Final = re.compile(r"=([^&=]{6})[^&=]{34,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Nameless:
    """A request and what became of it, where nobody can tell whose it is.

    `sent`: its parameters; `error`: what is recorded of it where it failed; `issuer`: of a SAML message.
    """

    services: Services
    kind: str
    request: Request
    sent: Params
    error: Event | None = None
    issuer: str = ""

    @property
    def code(self) -> str:
        """The code of the error, '' without one."""
        return self.error.action.removeprefix("error:") if self.error is not None else ""

    @property
    def refused_as(self) -> str:
        """The kind of the error in the catalogue; of one that was recorded before it had one, its code."""
        return str(self.error.detail.get("kind") or self.code) if self.error is not None else ""

    def told(self, name: str) -> str:
        """What is recorded of the error under this name, whoever signed in left out."""
        text = str(self.error.detail.get(name) or "") if self.error is not None else ""
        return without_person(self.services, text, self.error.person_id if self.error is not None else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen(Nameless):
    """A request of an application, and what became of it.

    `response`: None where there were but headers. `received`, `asked`: the SAML message, and what it asks for where it
    can be read. `product`: how the gallery knows the application, where it is one of its products.
    """

    client: Client
    response: Response | None
    received: Received | None = None
    asked: AuthnRequest | None = None
    product: Connection | None = None


Look = Callable[[Seen], Iterator[Finding]]
#: One that needs not know whose request it is.
NamelessLook = Callable[[Nameless], Iterator[Finding]]


def without_person(services: Services, text: str, person_id: str | None) -> str:
    """The text with the names of a person masked: findings are passed on."""
    person = services.directory.find(person_id) if person_id else None
    if person is not None:
        for name in sorted({person.username, person.email or "", person.name or "", person.id}, key=len, reverse=True):
            text = text.replace(name, "…") if len(name) > 1 else text
    return text


def shown_uri(uri: str) -> str:
    """An address as it is kept: nobody's credentials, long values of its query cut."""
    try:
        parts = taken_apart(uri)
        host = parts.netloc.rpartition("@")[2]
        kept = urlunsplit(parts._replace(netloc=host)) if "@" in parts.netloc else uri
    except ValueError:
        kept = uri
    return _LONG.sub(r"=\1…", kept)
