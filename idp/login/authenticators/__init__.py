"""What somebody shows to prove who they are: one file for each authenticator, over one file in `accounts/factors/`.

Door: `find`, `available`, `enrollable` here; `password.prove` and `passkeys.prove` for the sign-in page itself.
Rule: none knows another, and none knows what step comes next; each answers a `pending.Verdict`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, Protocol

from idp.accounts.factors.kinds import KINDS, can_be_set_up
from idp.accounts.person import Person
from idp.login.pending import Pending, Verdict
from idp.login.services import Services
from idp.wire import Request


class Authenticator(Protocol):
    """One of them, as the second step knows it."""

    kind: str  # of its row in `kinds`
    methods: tuple[str, ...]  # what success shows at most, see `authn`

    def is_ready(self, services: Services, person: Person) -> bool:
        """Whether this person could use it now."""
        ...

    def show(self, services: Services, request: Request, pending: Pending) -> tuple[str, Mapping[str, Any]]:
        """Its page: the template and its values. May send what it needs to send."""
        ...

    def guess(self, services: Services, request: Request, pending: Pending) -> str:
        """Names what was posted: the same name is the same guess again, and as wrong as before. '' where none is."""
        ...

    #: What to say to a guess that was wrong before, where looking at it costs a hash; else '', and it is looked at.
    again: str

    def verify(self, services: Services, request: Request, pending: Pending) -> Verdict:
        """What was posted."""
        ...


def every() -> tuple[Authenticator, ...]:
    """Every authenticator that there is, the best first."""
    return tuple(_load(row.authenticator) for row in KINDS.values())


@cache
def _load(module: str) -> Authenticator:
    """When somebody is asked for more: the libraries behind some of them are slow to load."""
    made: Authenticator = import_module(module).AUTHENTICATOR
    return made


def find(kind: str) -> Authenticator | None:
    """The one of that kind, or None."""
    return _load(KINDS[kind].authenticator) if kind in KINDS else None


def get(kind: str) -> Authenticator:
    """The one of that kind. Errors: `LookupError`."""
    found = find(kind)
    if found is None:
        raise LookupError(kind)
    return found


def available(services: Services, person: Person) -> dict[str, tuple[str, ...]]:
    """What this person could use now, with what each would show."""
    return {one.kind: one.methods for one in every() if one.is_ready(services, person)}


def enrollable(services: Services) -> dict[str, tuple[str, ...]]:
    """What anybody could set up here, with what it would show."""
    return {kind: set_up.shows for kind, set_up in can_be_set_up(services.settings).items()}
