"""A sign-in that has left for a provider: kept for a quarter of an hour under its state, for this browser, once.

What waits is sealed in State; the state that travels is random and names it. It is taken once the browser has shown
that it is the one, so a stranger with a copied address burns nothing.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from idp import browser
from idp.federation import failures
from idp.federation.ports import Secrets, Wish
from idp.ids import digest
from idp.login.flow import Flow, dump, load
from idp.login.services import Services
from idp.login.throttle import address_range
from idp.wire import Params, Request

TTL: Final = 900.0  # seconds
#: So many may be begun from one network in a minute: a floor of offices at nine, and no more (O1).
MOST: Final = 600
#: What is read of an answer, and how many characters it may have: a code is a few hundred, at Entra two thousand.
ANSWERED: Final = ("code", "state", "iss", "error", "error_description", "user", "SAMLResponse")
MAX_ANSWER: Final = 8192
MOST_PAIRS: Final = 12  # more than once is seen all the same
SIGN_IN: Final = "sign-in"
LINK: Final = "link"
PREVIEW: Final = "preview"  # an owner looks at what would come of it


@dataclass(frozen=True, slots=True)
class Attempt:
    """One of them. `person_id`: whose account it shall be linked to, of somebody who is signed in."""

    provider_id: str
    flow: Flow
    secrets: Secrets
    wish: Wish
    began: float
    purpose: str = SIGN_IN
    person_id: str = ""
    stay: bool = False
    shared: bool = False


def new_secrets() -> Secrets:
    """State and nonce of 256 bits; the verifier of RFC 7636 §4.1 has 43 characters of the same."""
    return Secrets(*(secrets.token_urlsafe(32) for _ in range(3)))


def count(services: Services, request: Request) -> None:
    """One more is begun. Errors: `Refused` where very many are from there, before anything is done for it."""
    many = services.state.count(f"upstream:pace:{address_range(request.remote_address)}", 60)
    if many > MOST:
        raise failures.too_many()


def keep(services: Services, request: Request, attempt: Attempt) -> None:
    """Keep it for its answer."""
    value = {
        **asdict(replace(attempt, flow=None)), "flow": dump(attempt.flow),  # type: ignore[arg-type]
        "browser": browser.identify(services, request),
    }  # fmt: skip
    services.state.put(_key(attempt.secrets.state), value, TTL)


def note_answered(services: Services, request: Request, attempt: Attempt, again: str) -> None:
    """Its answer has come: a reload of that address leads on (L8)."""
    kept = [browser.identify(services, request), again]
    services.state.put("upstream:answered:" + digest(attempt.secrets.state), kept, TTL)


def where_on(services: Services, request: Request, state: str) -> str:
    """Where this browser goes on that comes back to an answered one; '' where it is none."""
    kept = services.state.get("upstream:answered:" + digest(state)) if state else None
    if not isinstance(kept, list) or not hmac.compare_digest(kept[0], browser.identify(services, request)):
        return ""
    return str(kept[1])


def take(services: Services, request: Request, state: str) -> Attempt:
    """The one that an answer belongs to, which no second one does. Errors: `Refused`."""
    key = _key(state)
    kept = services.state.get(key) if state else None
    # Login CSRF: an answer that another browser asked for signs nobody in here (RFC 6749 §10.12).
    if kept is None or not hmac.compare_digest(kept["browser"], browser.identify(services, request)):
        raise failures.gone()
    if services.state.take(key) is None:  # two at once: one of them is first
        raise failures.gone()
    return _read(kept)


def waiting(services: Services, request: Request, state: str) -> Attempt:
    """The one that this browser began under a state, and goes on with; it is not taken. Errors: `Refused`."""
    kept = services.state.get(_key(state)) if state else None
    if kept is None or not hmac.compare_digest(kept["browser"], browser.identify(services, request)):
        raise failures.gone()
    return _read(kept)


def is_waited_for(services: Services, state: str) -> bool:
    """Whether somebody waits for an answer with this state."""
    return bool(state) and services.state.get(_key(state)) is not None


def put_aside(services: Services, answer: Params, *, most: int = MAX_ANSWER) -> str:
    """A cross-site POST comes without our cookies: its answer waits a minute for the GET that brings them.

    One for each state, and no more than an answer has: anybody may post it, as often as they like.
    Errors: `Refused` where it is longer than any.
    """
    pairs = [list(pair) for pair in answer.pairs if pair[0] in ANSWERED][:MOST_PAIRS]
    if sum(len(value) for _, value in pairs) > most:
        raise failures.gone()
    handle = digest("aside " + (answer.get("state") or ""))
    services.state.put("upstream:answer:" + digest(handle), pairs, 60.0)
    return handle


def take_aside(services: Services, handle: str) -> Params:
    """What was put aside; empty where it is gone."""
    kept = services.state.take("upstream:answer:" + digest(handle)) or []
    return Params([(str(name), str(value)) for name, value in kept])


def _key(state: str) -> str:
    return "upstream:attempt:" + digest(state)


def _read(kept: Mapping[str, Any]) -> Attempt:
    return Attempt(
        kept["provider_id"], load(kept["flow"]), Secrets(**kept["secrets"]), Wish(**kept["wish"]), kept["began"],
        kept["purpose"], kept["person_id"], kept["stay"], kept["shared"],
    )  # fmt: skip
