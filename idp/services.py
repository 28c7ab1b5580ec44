"""What every endpoint is given: passed as a parameter, never global."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from clients.registry import Registry
    from idp.accounts.directory import Directory
    from idp.accounts.notices import Notices
    from idp.accounts.own.uses import Uses
    from idp.accounts.passwords import Verifier
    from idp.accounts.policy import Policy
    from idp.audit import Errors, Faults
    from idp.config import Settings
    from idp.db import Database
    from idp.http import Outbound
    from idp.jobs import Jobs
    from idp.login.flood import Flood
    from idp.login.signout import Notice
    from idp.login.throttle import Throttle
    from idp.state import State
    from idp.wire import Request, Response
    from keys.certificates import CertificateRing
    from keys.ring import Ring
    from keys.sealing import Sealer


class ProtocolDoor(Protocol):
    """What the sign-in engine asks of a protocol (OpenID Connect, SAML): the two ends of a conversation."""

    def finish(self, services: Services, request: Request, flow: Any, session: Any) -> Response:
        """The person is proven: answer the application."""
        ...

    def deny(self, services: Services, request: Request, flow: Any, reason: Any) -> Response:
        """The person is not, or will not: tell the application."""
        ...

    def restart_url(self, services: Services, flow: Any) -> str:
        """A URL that begins the same conversation anew, for a page that went stale."""
        ...

    def request_name(self, flow: Any) -> str:
        """What tells this request from every other one of its application, such as its ID; '' where nothing does."""
        ...

    def start_url(self, services: Services, flow: Any) -> str:
        """Where the application begins, for whoever has come back to a request that was answered; '' if unknown."""
        ...

    def describe_consent(self, services: Services, flow: Any, session: Any) -> list[dict[str, str]]:
        """What the person is asked to agree to: `name`, `title`, `description` of each of the flow's scopes."""
        ...

    def notices(self, services: Services, session: Any) -> list[Notice]:
        """The applications that a session has signed its person in to by this protocol, and how to tell each."""
        ...

    def hop(self, services: Services, notice: Any, chain: str, at: int) -> Response | None:
        """Lead the browser to an application to sign out there; None where that is not possible any more."""
        ...

    def conclude(self, services: Services, request: Request, values: Any, *, complete: bool) -> Response:
        """Everybody was told: answer the application that asked for it."""
        ...


@dataclass(frozen=True)
class Services:
    """The running provider's parts."""

    settings: Settings
    db: Database
    state: State
    sealer: Sealer
    ring: Ring
    certificates: CertificateRing
    registry: Registry
    directory: Directory
    passwords: Verifier
    password_policy: Policy
    throttle: Throttle
    flood: Flood
    outbound: Outbound
    jobs: Jobs
    errors: Errors
    faults: Faults
    notices: Notices
    uses: Uses
    clock: Callable[[], float]
    log: Any
    protocols: Mapping[str, ProtocolDoor] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        """The issuer identifier, byte-equal everywhere."""
        return self.settings.server.issuer

    def url(self, path: str) -> str:
        """An absolute URL of ours; always from the settings, never from a Host header (RFC 9700 §4.13)."""
        return self.settings.server.issuer + path
