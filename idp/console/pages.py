"""What a page of the console is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.login.browser.sessions import Session
from idp.protocols import Services
from idp.wire import Request, Response


@dataclass(frozen=True, slots=True)
class Visit:
    """Who looks at a page, proven as strongly as the console asks."""

    actor: Actor
    session: Session


Handler = Callable[[Services, Request, Visit], Response]


@dataclass(frozen=True, slots=True)
class ConsolePage:
    """One path of the console. `permission`: who lacks it for everything does not see the page at all.

    `change`: what a POST needs beyond that; where it is a sensitive one, a sign-in of the last minutes (C3).
    `file`: its form has a file, which is read when the visitor is known to be one who may send it.
    """

    path: str
    handler: Handler
    permission: Permission
    change: Permission | None = None
    file: bool = False

    @property
    def methods(self) -> tuple[str, ...]:
        """GET, and POST where something can be changed."""
        return ("GET",) if self.change is None else ("GET", "POST")
