"""What the sign-in asks of a kind of provider, and what a kind answers with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from idp.federation.provider import Provider
from idp.protocols import Services
from idp.wire import Params, Response


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of the provider beside "who is it?".

    `fresh`: they shall prove it anew; `max_age`: seconds that the proof may be old; `strong`: a second factor is
    needed; `login_hint`, `domain_hint`: who it most likely is.
    """

    fresh: bool = False
    max_age: int | None = None
    strong: bool = False
    login_hint: str = ""
    domain_hint: str = ""

    @property
    def asks_when(self) -> bool:
        """Whether it matters when they proved it."""
        return self.fresh or self.max_age is not None


@dataclass(frozen=True, slots=True)
class Secrets:
    """What binds the provider's answer to the question: made anew for each, and kept where only we read it."""

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Question:
    """One request to a provider. `redirect_uri`: its own (RFC 9700 §4.4.2.1); `began`: epoch seconds."""

    provider: Provider
    secret: str = field(repr=False)
    redirect_uri: str
    secrets: Secrets
    wish: Wish
    began: float


@dataclass(frozen=True, slots=True)
class SessionThere:
    """The session that somebody has at the provider, for its end and ours to go together (I9).

    `subject`: whose it is, as the provider's own messages about its end name them; `sid`: what it is called there, ''
    where it has no name; `said_at`: when the provider said so, epoch seconds by its own clock; `token`: what a kind
    needs to sign out there, such as the ID token. It is kept sealed, and left out where it is longer than a URL.
    """

    subject: str
    sid: str = ""
    said_at: float = 0.0
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says it is. `subject`: the key of the account, stable and never somebody else's.

    `auth_time`: when they proved it, epoch seconds; None where it does not say. `claims`: what a mapping may read.
    `missing`: claims that are there, and too long to be sent: not the same as none.
    `there`: the session there; None where the kind knows of none.
    """

    subject: str
    label: str
    email: str = ""
    email_verified: bool = False
    auth_time: float | None = None
    values: tuple[str, ...] = ()
    claims: Mapping[str, Any] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    there: SessionThere | None = None


@dataclass(frozen=True, slots=True)
class Leaving:
    """Somebody signs out there, too. `there`: their session; `back`, `state`: to come back with."""

    provider: Provider
    secret: str = field(repr=False)
    there: SessionThere
    back: str
    state: str


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that `test` has looked at. `fix`: '' where it is as it should be."""

    what: str
    ok: bool
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing to mend: which field, and what belongs there."""

    field: str
    message: str


class Cancelled(Exception):
    """The person went back there, or did not agree."""


class Kind(Protocol):
    """One kind of provider. All of it may raise `Refused`, with the side, the field and the fix."""

    def begin(self, services: Services, question: Question) -> Response:
        """Send the browser there."""
        ...

    def finish(self, services: Services, question: Question, answer: Params) -> Identity:
        """What came back, believed only as far as it is proven. Errors: `Cancelled`, too."""
        ...

    def sign_out(self, services: Services, leaving: Leaving) -> Response | None:
        """Send the browser there to sign out, too; None where that is not possible."""
        ...

    def test(self, services: Services, question: Question) -> tuple[Found, ...]:
        """All that can be looked at without a person."""
        ...


class Rules(Protocol):
    """What a provider of one kind may say, beyond what holds for each: the module that `kinds` names."""

    def problems(self, one: Provider) -> Iterator[Wrong]:
        """What cannot be kept, and why."""
        ...

    def secret_problems(self, issuer: str, one: Provider, secret: str) -> Iterator[Wrong]:
        """Whether what it is authenticated by is there. `issuer`: our own."""
        ...
