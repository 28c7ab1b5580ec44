"""What a security event token of a provider says has ended there (RFC 8417; SSF 1.0 §4, CAEP 1.0 §3.1, RISC 1.0 §2.3).

Each is heard once, over all processes, and for a day: a transmitter repeats what it believes to be lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from idp.federation import failures
from idp.federation.openid import id_token, metadata
from idp.federation.openid.id_token import Shape
from idp.federation.ports import SessionThere
from idp.federation.provider import Provider
from idp.ids import digest
from idp.protocols import Services

SESSION_REVOKED: Final = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
ACCOUNT_DISABLED: Final = "https://schemas.openid.net/secevent/risc/event-type/account-disabled"
ACCOUNT_ENABLED: Final = "https://schemas.openid.net/secevent/risc/event-type/account-enabled"
#: SSF 1.0 §4.1.1: typed explicitly, so that no other token of the provider passes for one.
SHAPE: Final = Shape(("secevent+jwt",), ("iss", "aud", "iat"))
MAX_NAME: Final = 500
MAX_AGE: Final = 86400.0  # seconds since iat, for which each jti is kept
AT_WORK: Final = 60.0  # seconds in which the first of two that come at once is done, or has failed
_WORKING, _DONE = "working", "done"


@dataclass(frozen=True, slots=True)
class Believed:
    """What has ended there, None for an event that ends nothing here. `account`: for one about an account as a whole
    its kind, `about` that account, and `said_at` when it was said, epoch seconds of the provider's clock.

    `spent`: the name under which State keeps it, for `keep` seconds; `is_at_work`: the same one came a moment ago, and
    is not done yet.
    """

    ended: SessionThere | None
    spent: str = ""
    keep: float = 0.0
    is_at_work: bool = False
    account: str = ""
    about: str = ""
    said_at: float = 0.0


def believe(services: Services, provider: Provider, token: str) -> Believed:
    """What has ended there: nothing by a verification, nor by what came before. Errors: `Refused`."""
    found = metadata.read(services, provider)
    believed, keys = id_token.open_signed(services, provider, found, token, SHAPE)
    claims = believed.claims
    id_token.check_issuer(provider, found, keys, believed)
    id_token.check_audience(provider, claims)
    events = claims.get("events")
    if not isinstance(events, dict) or len(events) != 1:  # SSF 1.0 §4.1.4: one event in each token
        raise failures.security_event(provider, "events", "one event", str(events)[:100])
    ((kind, about),) = events.items()
    if kind not in (SESSION_REVOKED, ACCOUNT_DISABLED, ACCOUNT_ENABLED):
        return Believed(None)
    subject, sid = _subject(provider, found.issuer, claims, about)
    is_account = kind != SESSION_REVOKED
    if is_account:
        sid = ""  # all that the account has opened
    if not subject and not sid:
        raise failures.security_event(provider, "sub_id", "an account by iss_sub, or a session by opaque")
    spent, keep = _named(services, provider, claims)
    if not services.state.add(spent, _WORKING, min(AT_WORK, keep)):
        return Believed(None, is_at_work=services.state.get(spent) in (_WORKING, None))
    at = float(claims["iat"])
    ended = None if kind == ACCOUNT_ENABLED else SessionThere(subject, sid, at)
    return Believed(ended, spent, keep, account=kind if is_account else "", about=subject, said_at=at)


def done(services: Services, believed: Believed) -> None:
    """What it says has been done: whoever says it again is heard no more."""
    if believed.spent:
        services.state.put(believed.spent, _DONE, believed.keep)


def _named(services: Services, provider: Provider, claims: Mapping[str, Any]) -> tuple[str, float]:
    """The name under which it is kept that this one came, and for how many seconds. Errors: `Refused`."""
    age = services.clock() - float(claims["iat"])
    if age > MAX_AGE:
        raise failures.clock(provider, f"iat lies more than {MAX_AGE:.0f} s in the past")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_NAME:
        raise failures.security_event(provider, "jti", "a text", str(jti)[:40])
    spent = "upstream:event:" + digest(f"{provider.id}\n{jti}")
    return spent, MAX_AGE - age + 2 * id_token.LEEWAY


def _subject(provider: Provider, issuer: str, claims: Mapping[str, Any], about: Any) -> tuple[str, str]:
    """The account and the session that it is about; '' for what is not named (RFC 9493 §3.2; SSF 1.0 §3)."""
    said = claims.get("sub_id")
    if said is None and isinstance(about, dict):
        said = about.get("subject")  # as drafts before SSF 1.0 had it
    if not isinstance(said, dict):
        raise failures.security_event(provider, "sub_id", "an object", str(said)[:100])
    is_complex = said.get("format") == "complex"
    if is_complex and (said.get("device") is not None or _is_unreadable(said.get("session"))):
        # CAEP §3.1: the sessions on one device, or one by a name that we do not have; it is not all of the account's.
        raise failures.security_event(provider, "sub_id", "no device, and a session by opaque")
    parts = [said.get("user"), said.get("session")] if is_complex else [said]
    subject = sid = ""
    for part in parts:
        if not isinstance(part, dict):
            continue
        if part.get("format") == "iss_sub":
            if part.get("iss") != issuer:
                raise failures.security_event(provider, "sub_id", f"iss {issuer}", str(part.get("iss"))[:100])
            subject = _name(provider, part.get("sub"))
        elif part.get("format") == "opaque":
            sid = _name(provider, part.get("id"))
    return subject, sid


def _is_unreadable(part: Any) -> bool:
    return part is not None and not (isinstance(part, dict) and part.get("format") == "opaque")


def _name(provider: Provider, value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME:
        raise failures.security_event(provider, "sub_id", "a text", str(value)[:40])
    return value
