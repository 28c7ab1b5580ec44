"""One call: who asks, what for, and what every answer to them needs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from idp.accounts.provisioning.clients import Provisioner
from idp.admin.actor import NotAllowed
from idp.admin.permissions import Permission
from idp.admin.provisioners import ProvisioningActor
from idp.db import Transaction, joined
from idp.protocols import Services
from idp.scim.faults import Fault
from idp.wire import Request

_MAX_DEPTH: Final = 20  # of a body's objects and lists, each in the other
_TYPES: Final = ("application/scim+json", "application/json", "")


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a client that has proven itself. `base`: the server's own address, as it is told."""

    services: Services
    request: Request
    client: Provisioner
    actor: ProvisioningActor
    base: str

    @property
    def body(self) -> Any:
        """What was sent (RFC 7644 §3.8). Errors: `Fault`, `TooLarge`."""
        if self.request.content_type not in _TYPES:
            raise Fault(415, "send application/scim+json")
        try:
            sent = json.loads(self.request.body.decode("utf-8"))
        except (ValueError, RecursionError):
            raise Fault(400, "the body is not JSON", "invalidSyntax") from None
        _check(sent, _MAX_DEPTH)
        return sent

    def parts(self, name: str) -> tuple[str, ...]:
        """A parameter that is a list: attributes, excludedAttributes."""
        return tuple(part for one in self._given(name) for part in one.split(",") if part.strip())[:100]

    def parameter(self, name: str) -> str | None:
        """A parameter; others than those that are asked for are passed over (Entra sends its flags along)."""
        return next(iter(self._given(name)), None)

    def _given(self, name: str) -> Iterable[str]:
        return [value for key, value in self.request.query.first.items() if key.lower() == name.lower()]

    @property
    def hidden(self) -> frozenset[str]:
        """The names of attributes that this client is not told: it is no application that a definition could name."""
        return self.services.registry.release_to("").hidden

    def check(self, permission: Permission) -> None:
        """Errors: `NotAllowed`."""
        if not self.actor.may(permission):
            raise NotAllowed(permission, "this client was not made for that")

    def within(self, tx: Transaction) -> Call:
        """The same call, whose verbs take part in this transaction."""
        db = joined(tx)
        services = replace(self.services, db=db, directory=self.services.directory.within(db))
        return replace(self, services=services)

    def check_version(self, is_version: str) -> None:
        """RFC 7644 §3.14: whoever says which version they know changes no other. Errors: `Fault`."""
        known = self.request.header("If-Match").strip()
        if known and known != "*" and is_version not in (one.strip() for one in known.split(",")):
            raise Fault(412, "it was changed meanwhile; read it again")


def _check(sent: Any, depth: int) -> None:
    """Errors: `Fault` for what no text of ours may have, and for what nests too deep (X30)."""
    if depth == 0:
        raise Fault(400, "the body is nested too deeply", "invalidSyntax")
    if isinstance(sent, str) and ("\x00" in sent or not _is_text(sent)):
        raise Fault(400, "a text has what is no character", "invalidValue")
    if isinstance(sent, float) and sent != sent:
        raise Fault(400, "NaN is no number of JSON", "invalidSyntax")
    for one in (*sent.keys(), *sent.values()) if isinstance(sent, Mapping) else sent if isinstance(sent, list) else ():
        _check(one, depth - 1)


def _is_text(sent: str) -> bool:
    try:
        sent.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
