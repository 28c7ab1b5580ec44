"""The pending request: what an application asked for, carried sealed in the page until somebody proves something.

Nothing is stored for an unauthenticated GET. The seal binds the flow to the browser that got the page.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from keys.sealing import BrokenSeal, Sealer

PURPOSE = "login-flow"
FIRST_PARTY = "portal"  # the protocol of our own pages
MAX_AGE = 7 * 86400  # seconds a page may lie open before its button says "Continue to <app>" instead


@dataclass(frozen=True)
class Demands:
    """What the protocol asks of the sign-in. OpenID Connect and SAML both reduce to this."""

    silent: bool = False  # prompt=none, IsPassive
    fresh_after: float | None = None  # prompt=login, ForceAuthn: the proof must be younger than this moment
    max_age: int | None = None  # seconds since the proof
    select: bool = False  # prompt=select_account
    consent: bool = False  # prompt=consent: ask even when remembered
    unproven: bool = False  # whoever gets the answer cannot prove to be this application: ask each time, never silently
    subject: str | None = None  # this person and nobody else (id_token_hint, claims.sub, saml:Subject)
    among: tuple[str, ...] = ()  # one of these people, where there are any
    strength: tuple[str, ...] = ()  # acr values of which one is essential
    in_detail: bool = False  # more than scopes is asked for: nobody but the person agrees to that, ever
    preferred: tuple[str, ...] = ()  # acr values that exist here, the most wanted first: met where the person can

    @property
    def people(self) -> tuple[str, ...]:
        """Who it may be, where that was said."""
        return self.among if self.subject is None else (self.subject,)

    def is_for(self, person_id: str) -> bool:
        """Whether it may be this person."""
        return self.subject in (None, person_id) and (not self.among or person_id in self.among)


@dataclass(frozen=True)
class Flow:
    """One application's request for one sign-in."""

    protocol: str  # the key of its door in `Services.protocols`
    client_id: str
    request: dict[str, Any] = field(default_factory=dict)  # the protocol's own; opaque here
    demands: Demands = Demands()
    scopes: tuple[str, ...] = ()  # what consent is asked for
    started_at: float = 0.0
    login_hint: str = ""
    ui_locales: str = ""  # the languages that the application asks for
    selected: bool = False  # an account was chosen on the page
    shown_to: str = ""  # the session whose consent page this flow stands on
    agreed: str = ""  # the session that has said yes in this very conversation
    destination: str = ""  # where the answer goes, for the form-action of our pages
    pending: str = ""  # what has been proven so far, in State: see `pending.py`
    beside: bool = False  # another account was asked for: whoever is signed in stays so
    postponed: bool = False  # setting up a second factor was put off in this conversation
    makes_passkeys: str = ""  # "yes" or "unasked": what the browser of the sign-in page said that it can do
    linking: str = ""  # an account elsewhere that waits for its person to sign in here, in State
    idp_hint: str = ""  # the provider that the application means, by name or id; `@` and a mail domain
    began: str = ""  # the id of the request that it began with: the conversation's name in the record
    renews: str = ""  # a password that is over in a directory, in State: a new one is chosen before anybody is in

    @property
    def conversation(self) -> str:
        """As `Visitor.conversation` has it."""
        return f"{self.began}.{self.started_at * 1000:.0f}" if self.began else ""

    def chosen(self) -> Flow:
        """This flow, with the account chosen."""
        return replace(self, selected=True)


def seal(sealer: Sealer, flow: Flow, browser: str) -> str:
    """The flow as a hidden field's value, bound to `browser`."""
    return seal_value(sealer, PURPOSE, dump(flow), browser)


def open_sealed(sealer: Sealer, sealed: str, browser: str) -> tuple[Flow, bool] | None:
    """The flow of a posted page, and whether this very browser got that page; None where we did not seal it.

    A flow of another browser may only be started anew (CVE-2022-39222): it proves nothing about who asks.
    """
    try:
        plain, owner = json.loads(sealer.open(PURPOSE, sealed))
    except (BrokenSeal, ValueError):
        return None
    return load(plain), hmac.compare_digest(owner, browser)


def owner_of(sealer: Sealer, sealed: str) -> str:
    """The browser that got the page of a flow which we sealed. Errors: `BrokenSeal`."""
    return str(json.loads(sealer.open(PURPOSE, sealed))[1])


def dump(flow: Flow) -> dict[str, Any]:
    """The flow as a JSON value."""
    plain = asdict(flow)
    for name in ("among", "in_detail"):
        if not plain["demands"][name]:  # during an upgrade the version before reads it as well
            del plain["demands"][name]
    for name in ("linking", "idp_hint", "renews"):
        if not plain[name]:
            del plain[name]
    return plain


def load(plain: dict[str, Any]) -> Flow:
    """The flow back."""
    asked = plain["demands"]
    lists = {name: tuple(asked.get(name, ())) for name in ("among", "strength", "preferred")}
    demands = {**asked, **lists}
    return Flow(**{**plain, "demands": Demands(**demands), "scopes": tuple(plain["scopes"])})


def seal_value(sealer: Sealer, purpose: str, value: Any, browser: str) -> str:
    """Any JSON value, sealed for one purpose and one browser."""
    return sealer.seal(purpose, json.dumps([value, browser], separators=(",", ":")).encode())


def open_value(sealer: Sealer, purpose: str, sealed: str, browser: str) -> Any | None:
    """The value back; None where the seal is broken or belongs to another browser."""
    try:
        value, owner = json.loads(sealer.open(purpose, sealed))
    except (BrokenSeal, ValueError):
        return None
    return value if hmac.compare_digest(owner, browser) else None
