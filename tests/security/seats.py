"""Who is signed in in which browser, as the models of the stateful tests have it (A9, S58)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.provider import Browser

IDLE, ABSOLUTE, SEEN_EVERY = 3600, 43200, 60  # seconds: the defaults
MAX_ASIDE = 5


@dataclass(eq=False)
class Session:
    """Somebody's sign-in. `secret` counts up with each proof: cookies of before are worth nothing."""

    person: str
    sid: str
    auth_time: float
    expires: float
    seen: float
    methods: tuple[str, ...] = ("pwd",)
    secret: int = 0
    ended: bool = False

    def stands(self, now: float) -> bool:
        return not self.ended and now < self.expires


@dataclass(frozen=True)
class Key:
    """What one cookie proves."""

    session: Session
    secret: int

    def held(self, now: float) -> Session | None:
        """Whose session it proves, idle for too long or not: its tokens are alive."""
        fits = self.secret == self.session.secret
        return self.session if fits and self.session.stands(now) else None

    def live(self, now: float) -> Session | None:
        """Who is signed in by it."""
        session = self.held(now)
        return session if session is not None and now < session.seen + IDLE else None


@dataclass(eq=False)
class Seat:
    """One browser: who is at the front, who is set aside, which cookies it once had, and the pages that lie open."""

    browser: Browser
    front: Key | None = None
    aside: list[Key] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    tabs: list[Any] = field(default_factory=list)
    last: str = ""  # who signed in here last

    def live(self, now: float) -> Session | None:
        """Who is signed in at the front."""
        return self.front.live(now) if self.front is not None else None

    def held(self, now: float) -> Session | None:
        return self.front.held(now) if self.front is not None else None

    def others(self, now: float) -> list[Session]:
        """Who else is signed in here."""
        found = (key.live(now) for key in self._beside())
        return [session for session in found if session is not None]

    def everybody(self, now: float) -> list[Session]:
        """Whom signing out ends."""
        keys = [*([self.front] if self.front is not None else []), *self._beside()]
        return [session for key in keys if (session := key.held(now)) is not None]

    def _beside(self) -> list[Key]:
        return [key for key in self.aside if self.front is None or key.session is not self.front.session]

    def touch(self, now: float) -> None:
        """A page was asked for."""
        session = self.live(now)
        if session is not None and now - session.seen > SEEN_EVERY:
            session.seen = now

    def start(
        self, person: str, methods: tuple[str, ...], now: float, *, beside: bool, arrives: bool = True,
        grows: Session | None = None,
    ) -> Session:  # fmt: skip
        """Somebody has proven who they are. Their session here goes on under a new secret; anybody else's ends, but
        where both are wanted. `arrives`: whether the browser gets the new cookies.
        `grows`: the session that has shown more, and is no younger for it.
        """
        old = self.front
        before = old.session if old is not None and old.secret == old.session.secret else None
        again = next((one for one in self.others(now) if one.person == person), None)
        beside = beside or again is not None
        is_same = before is not None and before.person == person and now < before.expires
        session = grows or (before if is_same else again)
        if session is not None and not session.ended:
            session.secret += 1
            session.methods, session.auth_time = methods, now if grows is None else grows.auth_time
            session.expires, session.seen = now + ABSOLUTE, now
        else:
            if before is not None and (is_same or not beside):
                before.ended = True
            session = Session(person, "", now, now + ABSOLUTE, now, methods)
        if arrives:
            self.front = Key(session, session.secret)
            self._set_aside([*([old] if beside and old is not None else []), *self.aside], session)
        return session

    def put_first(self, session: Session) -> None:
        """One of the others comes to the front."""
        chosen = next(key for key in self.aside if key.session is session)
        rest = [key for key in self.aside if key != chosen]
        self.aside = list(dict.fromkeys([*([self.front] if self.front is not None else []), *rest]))[:MAX_ASIDE]
        self.front = chosen

    def leave(self, sessions: list[Session], now: float) -> None:
        """These sign out."""
        if self.held(now) in sessions:
            self.front = None
        self.aside = [key for key in self.aside if key.session not in sessions]
        for session in sessions:
            session.ended = True

    def _set_aside(self, keys: list[Key], front: Session) -> None:
        self.aside = [key for key in dict.fromkeys(keys) if key.session is not front][:MAX_ASIDE]
