"""Whether a logout token is to be believed: each check of OpenID Connect Back-Channel Logout 1.0 §2.6, in its order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from idp.federation import failures
from idp.federation.openid import id_token, metadata
from idp.federation.openid.id_token import Shape
from idp.federation.ports import SessionThere
from idp.federation.provider import Provider
from idp.ids import digest
from idp.protocols import Services

EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
#: §2.4: typed explicitly, or as providers of before that did; never as an ID token or an access token.
SHAPE: Final = Shape(("logout+jwt", "JWT", ""), ("iss", "aud", "iat", "exp", "jti", "events"))
MAX_LIFE: Final = 3600.0  # seconds between iat and exp; §2.4 recommends two minutes, and each id is kept so long
MAX_NAME: Final = 500


@dataclass(frozen=True, slots=True)
class Believed:
    """What has ended there. `spent`: the name under which State keeps that this token came."""

    there: SessionThere
    spent: str


def believe(services: Services, provider: Provider, token: str) -> Believed:
    """What has ended there. The token is spent by that, over all processes. Errors: `Refused`."""
    found = metadata.read(services, provider)
    believed, keys = id_token.open_signed(services, provider, found, token, SHAPE)
    claims = believed.claims
    id_token.check_issuer(provider, found, keys, believed)
    id_token.check_audience(provider, claims)
    life = float(claims["exp"]) - float(claims["iat"])
    if not 0 < life <= MAX_LIFE:
        raise failures.clock(provider, f"exp lies more than {MAX_LIFE:.0f} s after iat")
    there = SessionThere(_name(provider, claims, "sub"), _name(provider, claims, "sid"), float(claims["iat"]))
    if not there.subject and not there.sid:  # §2.6 (5)
        raise failures.logout_token(provider, "sid", "sid or sub")
    events = claims["events"]
    # §2.6 (6): the event is what makes it a logout token, and its value an object.
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise failures.logout_token(provider, "events", EVENT, str(events)[:100])
    if "nonce" in claims:  # §2.6 (7): what has one is an ID token
        raise failures.logout_token(provider, "nonce", "no nonce in a logout token", "one")
    spent = _spent(provider, claims["jti"])
    if not services.state.add(spent, 1, life + 2 * id_token.LEEWAY):  # §2.6 (8)
        raise failures.logout_token(provider, "jti", "an id that did not come before", "the same once more")
    return Believed(there, spent)


def _spent(provider: Provider, jti: Any) -> str:
    if not isinstance(jti, str) or not jti or len(jti) > MAX_NAME:
        raise failures.logout_token(provider, "jti", "a text", str(jti)[:40])
    return "upstream:logout:" + digest(f"{provider.id}\n{jti}")


def _name(provider: Provider, claims: Any, name: str) -> str:
    value = claims.get(name, "")
    if not isinstance(value, str) or len(value) > MAX_NAME:
        raise failures.logout_token(provider, name, "a text", str(value)[:40])
    return value
