"""What came of a step's POST: an answer as it is, or a value that says how the engine goes on."""

from __future__ import annotations

from dataclasses import dataclass

from idp.accounts.person import Person
from idp.login.browser.elsewhere import Began
from idp.login.browser.sessions import Session
from idp.login.flow import Flow
from idp.login.steps import Deny, Page
from idp.wire import Cookie, Response


@dataclass(frozen=True, slots=True)
class Proven:
    """Somebody has proven a part, or all of it: the engine sees whether it is enough.

    `stay`: the sign-in outlasts the browser; `shared`: the device is not remembered; `session_id`: the session that has
    shown a part of `methods`; `trust`: the device is let off the second step for some days. `auth_time`: when it was
    proven, where that was elsewhere (`sessions.UNSAID` where nobody says); None: now. `began`: the session there.
    """

    flow: Flow
    person: Person
    methods: tuple[str, ...]
    stay: bool = False
    shared: bool = False
    session_id: str = ""
    trust: bool = False
    auth_time: float | None = None
    began: Began | None = None


@dataclass(frozen=True, slots=True)
class Proceed:
    """Something was settled: the policy is asked again, about this session. `cookies` go with whatever comes."""

    flow: Flow
    session: Session | None
    cookies: tuple[Cookie, ...] = ()


@dataclass(frozen=True, slots=True)
class Show:
    """Another page is due, whatever the policy would say."""

    flow: Flow
    step: Page
    session: Session | None = None


@dataclass(frozen=True, slots=True)
class Denied:
    """By somebody's choice on a page of ours, the application is told no."""

    flow: Flow
    reason: Deny


Outcome = Response | Proven | Proceed | Show | Denied
