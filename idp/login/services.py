"""What the sign-in needs beside people, and what it asks of a protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from idp.accounts import services
from idp.login.upstream import NoUpstream

if TYPE_CHECKING:
    from clients.registry import Registry
    from idp.login.flood import Flood
    from idp.login.notice import Notice
    from idp.login.throttle import Throttle
    from idp.login.upstream import Upstream
    from idp.wire import Request, Response


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What has asked, apart from the browser that shows the page (RFC 8628 §5.4).

    `code`: what stands on its screen, for the person to compare; `browser`: its User-Agent; `address`: '' where a
    server asks for it; `at`: epoch seconds.
    """

    code: str
    browser: str
    address: str
    at: float


class ProtocolHandler(Protocol):
    """What the sign-in engine asks of a protocol (OpenID Connect, SAML): the two ends of a conversation.

    `services` is `Any` here: it is the protocol's own floor, of which the sign-in knows a part.
    """

    @property
    def is_trial(self) -> bool:
        """Whether nothing goes to the application in the end, so that nobody has opened it."""
        ...

    def finish(self, services: Any, request: Request, flow: Any, session: Any) -> Response:
        """The person is proven: answer the application."""
        ...

    def deny(self, services: Any, request: Request, flow: Any, reason: Any) -> Response:
        """The person is not, or will not: tell the application."""
        ...

    def restart_url(self, services: Any, flow: Any) -> str:
        """A URL that begins the same conversation anew, for a page that went stale."""
        ...

    def request_name(self, flow: Any) -> str:
        """What tells this request from every other one of its application, such as its ID; '' where nothing does."""
        ...

    def is_one_time(self, flow: Any) -> bool:
        """Whether its application surely never sends the same request anew, of its own accord."""
        ...

    def start_url(self, services: Any, flow: Any) -> str:
        """Where the application begins, for whoever has come back to a request that was answered; '' if unknown."""
        ...

    def purpose(self, flow: Any) -> str:
        """What somebody signs in for, where no application is named: a sentence of ours, or ''."""
        ...

    def describe_consent(self, services: Any, flow: Any, session: Any, locale: str) -> list[dict[str, Any]]:
        """What the person is asked to agree to: `name`, `title`, `description` of each of the flow's scopes.

        `locale`: what names of the organisation's own are in; the other texts are translated by the page.

        Of a detail also its `sentences` by language, and `rows` with each of its values.
        """
        ...

    def asked_elsewhere(self, services: Any, flow: Any) -> Elsewhere | None:
        """The device that asks, where it is not the browser that shows our pages."""
        ...

    def notices(self, services: Any, session: Any) -> list[Notice]:
        """The applications that a session has signed its person in to by this protocol, and how to tell each."""
        ...

    def hop(self, services: Any, notice: Any, chain: str, at: int) -> Response | None:
        """Lead the browser to an application to sign out there; None where that is not possible any more."""
        ...

    def conclude(self, services: Any, request: Request, values: Any, *, complete: bool) -> Response:
        """Everybody was told: answer the application that asked for it."""
        ...


@dataclass(frozen=True, kw_only=True)
class Services(services.Services):
    """The running provider, as far as the sign-in and people's own pages know it."""

    registry: Registry
    throttle: Throttle
    flood: Flood
    protocols: Mapping[str, ProtocolHandler] = field(default_factory=dict)
    upstream: Upstream = field(default_factory=NoUpstream)
