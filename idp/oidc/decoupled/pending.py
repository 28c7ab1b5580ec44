"""One request that waits for a person, and what they said: two keys of State, of which the second is written once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from idp.oidc.ledger import Grant
from idp.protocols import Services

#: Seconds between two questions whether somebody has answered, and what each that comes too early adds (RFC 8628 §3.5).
INTERVAL: Final = 5
#: Seconds that a request is remembered after its end, so that a late program learns which of its mistakes it is.
KEPT: Final = 3600.0
#: Seconds in which somebody's yes is fetched, however late within the request's life it was said.
FETCHED: Final = 60.0


@dataclass(frozen=True, slots=True)
class Pending:
    """What a program asks for. `address`, `browser`: where it runs; `claims`, `max_age`: as in an authorization
    request; `user_code`: what its person types; `person_id`, `message`: whom CIBA
    asks, and what both screens show."""

    id: str
    client_id: str
    secret_hash: str
    scope: str
    resource: list[str]
    asked_at: float
    expires_at: float
    address: str
    browser: str
    claims: dict[str, Any]
    max_age: int | None
    user_code: str = ""
    person_id: str = ""
    message: str = ""
    details: list[dict[str, Any]] = field(default_factory=list)  # RFC 9396

    @property
    def is_ours_to_ask(self) -> bool:
        """Whether a person is asked (CIBA), and does not come by themselves with a code (RFC 8628)."""
        return not self.user_code


@dataclass(frozen=True, slots=True)
class Said:
    """What became of it. `grant`: as `Grant.to_json`; None where it was refused."""

    person_id: str
    at: float
    grant: dict[str, Any] | None = None


def keep(services: Services, asked: Pending) -> None:
    """Let it wait. One write."""
    plain = asdict(asked)
    if not asked.details:  # during an upgrade the version before reads it as well
        del plain["details"]
    services.state.put(_key(asked.id), plain, asked.expires_at - services.clock() + KEPT)


def find(services: Services, pending_id: str) -> Pending | None:
    """What waits, or waited a while ago. One read."""
    stored: Mapping[str, Any] | None = services.state.get(_key(pending_id))
    return None if stored is None else Pending(**{name: stored[name] for name in Pending.__slots__ if name in stored})


def said(services: Services, pending_id: str) -> Said | None:
    """What somebody said; None while nobody has. One read."""
    stored = services.state.get(_said(pending_id))
    return None if stored is None else Said(stored["person_id"], stored["at"], stored["grant"])


def say(services: Services, asked: Pending, person_id: str, grant: Grant | None) -> bool:
    """Answer it; of any number of answers, over all processes, the first one counts and hears True. One write."""
    now = services.clock()
    answer = {"person_id": person_id, "at": now, "grant": None if grant is None else grant.to_json()}
    return services.state.add(_said(asked.id), answer, max(asked.expires_at - now, FETCHED) + KEPT)


def is_over(services: Services, asked: Pending) -> bool:
    """Whether nobody can answer it any more."""
    return services.clock() >= asked.expires_at


def _key(pending_id: str) -> str:
    return f"pending:{pending_id}"


def _said(pending_id: str) -> str:
    return f"pending-said:{pending_id}"
