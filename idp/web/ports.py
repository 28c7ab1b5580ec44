"""What the edge asks of applications and keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any, Protocol

from idp.wire import Request, Response, Route

#: Looks at a request and what was answered, while an application is watched; None: there was nothing but headers.
Watch = Callable[[Route, Request, Response | None], None]


class Snapshot(Protocol):
    """Something kept in memory that a write of another process makes stale."""

    def refresh(self) -> object:
        """Read it anew."""
        ...


class Applications(Snapshot, Protocol):
    """The registry, as far as the bridge asks it."""

    @property
    def watched(self) -> Mapping[str, float]:
        """The applications that are watched at this moment, most often none."""
        ...

    def find(self, client_id: str) -> Any:
        """The application of that id, for an error page that names it, see `shown_app`; None for none."""
        ...

    def find_origin(self, origin: str) -> Set[str]:
        """The ids of the applications that registered an origin, for CORS."""
        ...
