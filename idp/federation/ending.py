"""The end of a session at a provider is the end of what it began here (I9), for every kind of provider.

A kind says with an identity which session it is of (`ports.SessionThere`), and calls `over` when that one has ended.
"""

from __future__ import annotations

from typing import Final

from idp import audit
from idp.federation import kinds
from idp.federation.links import giver
from idp.federation.ports import SessionThere
from idp.federation.provider import Provider
from idp.login.browser import elsewhere
from idp.login.browser.elsewhere import Began, Over
from idp.protocols import Services
from idp.wire import Request
from keys.sealing import BrokenSeal

_PURPOSE: Final = "upstream-session"
MAX_TOKEN: Final = 4000  # characters: what is longer fits into no URL, and is not kept
MAX_NAME: Final = 500


def began(services: Services, provider: Provider, there: SessionThere | None) -> Began | None:
    """The session there as it is kept with the one here; None where a kind knows of none, or it has no usable name."""
    if there is None or not _is_name(there.subject) or (there.sid and not _is_name(there.sid)):
        return None
    token = there.token if len(there.token) <= MAX_TOKEN else ""
    sealed = services.sealer.seal(_PURPOSE, token.encode(), _about(provider.id, there.subject)) if token else ""
    return Began(provider.id, there.subject, there.sid, there.said_at, sealed)


def there_of(services: Services, kept: Began) -> SessionThere:
    """The session there again, for signing out of it."""
    token = ""
    if kept.id_token:
        try:
            token = services.sealer.open(_PURPOSE, kept.id_token, _about(kept.provider_id, kept.subject)).decode()
        except BrokenSeal:  # restored under another root secret: signing out there works without it
            services.log.warning("upstream_session_unreadable", provider=kept.provider_id)
    return SessionThere(kept.subject, kept.sid, kept.said_at, token)


def over(services: Services, request: Request, provider: Provider, ended: SessionThere) -> int:
    """It has ended there, as the provider has proven: end what began by it here; answers how many sessions that were.

    Without a `sid`, all of the account's have ended. Their applications are told, as of any other end, and their tokens
    are dead, but for those that outlive a session. Errors: `Unavailable`, `StateUnavailable`: nothing has ended.
    """
    record = audit.recorder(
        services.clock, giver(provider.id), address=request.remote_address, request_id=request.id,
        also={"provider": provider.name},
    )  # fmt: skip
    what = Over(provider.id, ended.said_at, ended.subject, ended.sid)
    return elsewhere.end(services, what, f"signed out at {provider.name}", record=record)


def told_at(services: Services, provider: Provider) -> str:
    """Where the provider's server says that somebody signed out there: its own address; '' where the kind has none."""
    path = kinds.KINDS[provider.kind].told_at
    return services.url(path + provider.id) if path else ""


def _is_name(text: str) -> bool:
    return 0 < len(text) <= MAX_NAME and text.isprintable()


def _about(provider_id: str, subject: str) -> bytes:
    return f"{provider_id}\n{subject}".encode()
