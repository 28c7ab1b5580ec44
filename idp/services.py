"""What every endpoint is given: passed as a parameter, never global.

It stands in floors, each of which knows those below and nothing above: here what every room needs; `accounts.services`
adds people; `login.services` the sign-in, the applications and the protocols' doors; `protocols` the keys. One object
is all of them; a function names the lowest floor that has what it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from idp.audit import Errors, Faults
    from idp.config import Settings
    from idp.db import Database
    from idp.http import Outbound
    from idp.jobs import Jobs
    from idp.state import State
    from keys.sealing import Sealer

Part = TypeVar("Part")


@dataclass(frozen=True, kw_only=True)
class Services:
    """The running provider, as far as every room knows it."""

    settings: Settings
    db: Database
    state: State
    sealer: Sealer
    outbound: Outbound
    jobs: Jobs
    errors: Errors
    faults: Faults
    clock: Callable[[], float]
    log: Any
    #: What must answer before this process serves, by name; see `health.readyz`.
    probes: Mapping[str, Callable[[], object]] = field(default_factory=dict)
    _parts: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def issuer(self) -> str:
        """The issuer identifier, byte-equal everywhere."""
        return self.settings.server.issuer

    def url(self, path: str) -> str:
        """An absolute URL of ours; always from the settings, never from a Host header (RFC 9700 §4.13)."""
        return self.settings.server.issuer + path

    def part(self, kind: Callable[[], Part]) -> Part:
        """What one room keeps while the provider runs: a cache, a lock. One of each kind, made at its first use."""
        found = self._parts.get(kind)
        if found is None:
            found = self._parts.setdefault(kind, kind())  # of two threads that make it, both get one of them
        part: Part = found
        return part
