"""What an owner's own sign-in at a provider would bring here, shown to them alone: nobody is signed in by it (I7).

What a provider says of people is not kept but for what its table names. So there is no "last sign-in" of anybody to
look into: an owner makes one of their own by a button, and what came of it is sealed in State for a quarter of an hour,
under the owner who made it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from idp.federation import attempts, failures, links, mapping, proof
from idp.federation.attempts import Attempt
from idp.federation.mapping import Mapped
from idp.federation.ports import Identity
from idp.federation.provider import Provider
from idp.login.browser import sessions
from idp.protocols import Services
from idp.wire import Redirect, Request, Response

KEPT_FOR: Final = 900.0  # seconds


@dataclass(frozen=True, slots=True)
class Preview:
    """What came. `email`, `verified`: the address that would be kept, and whether it counts as verified; `person_id`:
    whose account it is here by now, '' for nobody's; `method`: what the proof counts for.
    """

    identity: Identity
    mapped: Mapped
    email: str
    verified: bool
    method: str
    person_id: str
    at: float


def attempt_of(attempt: Attempt, person_id: str) -> Attempt:
    """The same attempt, made by an owner to look at what comes of it."""
    return replace(attempt, purpose=attempts.PREVIEW, person_id=person_id)


def done(services: Services, request: Request, attempt: Attempt, provider: Provider, identity: Identity) -> Response:
    """Keep it for the owner who asked, in the session in which they did, and lead back. Errors: `Refused`."""
    session = sessions.current(services, request)
    if session is None or session.person_id != attempt.person_id:
        raise failures.gone()
    kept = asdict(replace(identity, claims={}, there=None, missing=frozenset()))
    kept |= {"claims": dict(identity.claims), "missing": sorted(identity.missing)}
    services.state.put(_key(provider.id, attempt.person_id), [services.clock(), kept], KEPT_FOR)
    return back(services, attempt)


def back(services: Services, attempt: Attempt) -> Response:
    """To the page from which it began."""
    return Redirect(location=services.protocols[attempt.flow.protocol].restart_url(services, attempt.flow))


def find(services: Services, provider: Provider, person_id: str) -> Preview | None:
    """What came of this owner's last one, by the table as it is now; None where there is none, or it is over."""
    found: Any = services.state.get(_key(provider.id, person_id))
    if not isinstance(found, list):
        return None
    at, kept = found
    identity = Identity(**{**kept, "values": tuple(kept["values"]), "missing": frozenset(kept["missing"])})
    email, verified = mapping.trusted_email(provider, identity)
    link = links.find(services.db, provider.id, identity.subject)
    return Preview(
        identity, mapping.mapped(provider, identity, is_new=link is None), email, verified,
        proof.method(provider, identity.values), "" if link is None else link.person_id, at,
    )  # fmt: skip


def forget(services: Services, provider: Provider, person_id: str) -> None:
    """The owner has seen enough."""
    services.state.take(_key(provider.id, person_id))


def _key(provider_id: str, person_id: str) -> str:
    return f"upstream:preview:{provider_id}:{person_id}"
