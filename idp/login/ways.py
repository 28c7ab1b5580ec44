"""The ways of proving more than a name and a password, in the order in which they are offered. None knows another."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, Protocol

from idp.accounts.person import Person
from idp.login.authn import PASSKEY, TOTP
from idp.login.pending import Pending, Verdict
from idp.services import Services
from idp.wire import Request


class Way(Protocol):
    """One way, as the sign-in knows it."""

    kind: str  # its name in forms
    label: str  # its name for people
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


#: Loaded when somebody is asked for more: the libraries behind them are slow to load.
_MODULES = (
    "idp.login.way_webauthn", "idp.login.way_totp", "idp.login.way_password", "idp.login.way_sms",
    "idp.login.way_email", "idp.login.way_backup", "idp.login.way_admin",
)  # fmt: skip


@cache
def all_ways() -> tuple[Way, ...]:
    """Every way that this product has, the best first."""
    return tuple(import_module(name).WAY for name in _MODULES)


def get(kind: str) -> Way | None:
    """The way of that name."""
    return next((way for way in all_ways() if way.kind == kind), None)


def available(services: Services, person: Person) -> dict[str, tuple[str, ...]]:
    """The ways that this person could use now, with what each would show."""
    return {way.kind: way.methods for way in all_ways() if way.is_ready(services, person)}


def enrollable(services: Services) -> dict[str, tuple[str, ...]]:
    """What anybody could set up here, with what it would show."""
    passkeys = {"webauthn": (PASSKEY,)} if services.settings.has_host_name else {}
    return {**passkeys, "totp": (TOTP,)}
