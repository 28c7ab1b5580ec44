"""JWTs that come in: our own coming back, and those that clients sign (assertions, request objects).

What a token's header says chooses among keys we already hold, and does nothing else: `jwk`, `jku`, `x5u`, `x5c` are
never looked at, `crit` is refused, `none` and HMAC do not exist (RFC 8725).
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Protocol

from joserfc.util import urlsafe_b64decode

from .algorithms import ALGORITHMS, Algorithm, PublicKey, UnusableKey, load_public

MAX_TOKEN = 16 * 1024  # characters
MAX_HINT = 96 * 1024  # characters of an ID token of ours that comes back: somebody in 1,000 groups has a long one
MAX_DEPTH = 16  # objects and arrays inside one another
MAX_KEYS = 100  # of one client's JWKS
_SHOWN = ("kty", "crv", "x", "y", "n", "e", "alg", "kid", "use", "key_ops")  # what is read of a key in a header
_PRIVATE = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k"))  # RFC 7518 §6
_KEPT = 2048  # characters of a header that is kept with what it says
AHEAD = 10.0  # seconds; FAPI 2.0 Security Profile §5.3.2.1: up to 10 s ahead is accepted

Claims = dict[str, Any]


class InvalidToken(Exception):
    """The token is not to be believed. `reason` is for the developer who sent it, and holds nothing of the token."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnknownKey(InvalidToken):
    """No key of the given ones has the token's `kid`: they may have been replaced, so fetching them again may help."""


class OwnKeys(Protocol):
    """Our published keys; `ring.Ring` has this form."""

    def find_public(self, kid: str, *, gone: bool = False) -> PublicKey | None:
        """A key by its id, or None."""


def verify_own(
    ring: OwnKeys, token: str, *, types: Collection[str], now: float, leeway: float = 0.0, hint: bool = False
) -> Claims:
    """The claims of a JWT that we issued, as one of `types` (values of `typ`, exactly).

    `hint`: it is only an ID token hint, so it may have expired, and its key may be gone. `aud` and the rest are the
    caller's to check. Errors: `InvalidToken`.
    """
    opened = _open(token, MAX_HINT if hint else MAX_TOKEN)
    kid = opened.header.get("kid")
    # RFC 8725 §3.11: a token of one kind must not pass for another.
    if opened.header.get("typ") not in types:
        raise InvalidToken("typ is not the one expected here")
    key = ring.find_public(kid, gone=hint) if kid else None
    # RFC 8725 §3.1: our key knows its one algorithm; the header may only agree.
    if key is None or key.alg != opened.algorithm.name:
        raise InvalidToken("it is not signed by a key of ours")
    claims = opened.claims_by((key,))
    _check_times(claims, now, math.inf if hint else leeway, AHEAD, ("exp",))
    return claims


def verify(
    token: str,
    keys: Sequence[PublicKey],
    *,
    algs: Collection[str],
    now: float,
    types: Collection[str] | None = None,
    leeway: float = 0.0,
    ahead: float = AHEAD,
    required: Iterable[str] = ("exp",),
) -> tuple[Mapping[str, Any], Claims]:
    """Header and claims of a JWT that a client signed with one of its keys (`read_jwks`) and one of `algs`.

    `types`: accepted `typ` values, "" for none at all; None accepts any. `leeway`: seconds past `exp`; `ahead`: seconds
    that `iat` and `nbf` may lie in the future. `required`: claims that must be there. `iss`, `aud`, `jti` and the rest
    are the caller's to check. Errors: `InvalidToken`; `UnknownKey` where fetching the keys anew may help.
    """
    opened = _open(token)
    if opened.algorithm.name not in algs:
        raise InvalidToken(f"alg {opened.algorithm.name} is not allowed here; use one of {', '.join(sorted(algs))}")
    if types is not None and _short(opened.header.get("typ", "")) not in {_short(typ) for typ in types}:
        raise InvalidToken("typ is not the one expected here: " + " or ".join(t or "none" for t in sorted(types)))
    claims = opened.claims_by(_candidates(keys, opened))
    _check_times(claims, now, leeway, ahead, required)
    return opened.header, claims


def verify_possession(token: str, *, algs: Collection[str], typ: str) -> tuple[Claims, str]:
    """The claims of a JWT that brings its own public key, and the key's thumbprint (RFC 9449 §4.3, RFC 7638).

    It proves that whoever made it has the private key, and nothing else; all of its claims are the caller's to check.
    Errors: `InvalidToken`.
    """
    opened = _open(token)
    if opened.algorithm.name not in algs:
        raise InvalidToken(f"alg {opened.algorithm.name} is not allowed here; use one of {', '.join(sorted(algs))}")
    if _short(opened.header.get("typ", "")) != typ:
        raise InvalidToken(f"typ must be {typ}")
    head = token.partition(".")[0]
    key, thumbprint = _shown(head) if len(head) <= _KEPT else _shown.__wrapped__(head)
    return opened.claims_by((key,)), thumbprint


@lru_cache(maxsize=512)
def _shown(head: str) -> tuple[PublicKey, str]:
    """The key that a header shows, and its thumbprint; an application shows the same one with each of its proofs.

    Errors: `InvalidToken`, which is not kept.
    """
    header, algorithm = _header(head)
    jwk = header.get("jwk")
    if not isinstance(jwk, Mapping):
        raise InvalidToken("jwk is missing: the public key belongs into the header")
    if _PRIVATE.intersection(jwk):
        raise InvalidToken("jwk has private parts: that key has been shown, make a new one")
    try:
        key = load_public({"alg": algorithm.name, **{name: jwk[name] for name in _SHOWN if name in jwk}})
    except UnusableKey as error:
        raise InvalidToken(f"jwk: {error}") from None
    if not key.fits(algorithm):
        raise InvalidToken("jwk is a key for another alg")
    return key, str(key.key.thumbprint())


def read_jwks(document: Any) -> tuple[PublicKey, ...]:
    """The usable keys of a client's JWKS (an object with `keys`, or the list itself); keep them, importing costs.

    Keys of other kinds are passed over (RFC 7517 §5), as are those too weak. Errors: ValueError where it is no JWKS.
    """
    members = document.get("keys") if isinstance(document, Mapping) else document
    if not isinstance(members, (list, tuple)) or not all(isinstance(m, Mapping) for m in members):
        raise ValueError('a JWKS is an object with a list of keys: {"keys": [...]}')
    if len(members) > MAX_KEYS:
        raise ValueError(f"a JWKS may hold {MAX_KEYS} keys, not {len(members)}")
    usable = []
    for member in members:
        try:
            usable.append(load_public(member))
        except UnusableKey:
            continue
    return tuple(usable)


def _short(typ: str) -> str:
    # RFC 7515 §4.1.9: a media type; "application/" may be left out, and case does not count.
    return typ.lower().removeprefix("application/")


def _candidates(keys: Sequence[PublicKey], opened: _Opened) -> list[PublicKey]:
    fitting = [key for key in keys if key.fits(opened.algorithm)]
    kid = opened.header.get("kid")
    if kid is not None:
        fitting = [k for k in fitting if k.kid == kid] or [k for k in fitting if k.kid is None]
    if not fitting:
        raise UnknownKey(f"none of the registered keys fits its alg{' and kid' if kid is not None else ''}")
    return fitting


@dataclass(frozen=True, slots=True)
class _Opened:
    """A token taken apart, its signature not yet verified: only the header may be looked at."""

    header: Mapping[str, Any]
    algorithm: Algorithm
    message: bytes
    payload: str
    signature: bytes

    def claims_by(self, keys: Iterable[PublicKey]) -> Claims:
        """The claims, once one of these keys has verified the signature. Errors: `InvalidToken`."""
        if not any(self.algorithm.jws.verify(self.message, self.signature, key.key) for key in keys):
            raise InvalidToken("the signature does not verify")
        return read_object(self.payload, "payload")


def _open(token: str, limit: int = MAX_TOKEN) -> _Opened:
    if len(token) > limit or not token.isascii():
        raise InvalidToken(f"it is not ASCII, or longer than {limit} characters")
    # Three segments: five would be an encrypted token, and with it zip bombs.
    head, _, rest = token.partition(".")
    payload, _, signature = rest.partition(".")
    header, algorithm = _header(head) if len(head) <= _KEPT else _header.__wrapped__(head)
    message = f"{head}.{payload}".encode("ascii")
    return _Opened(header, algorithm, message, payload, _decode(signature, "signature"))


@lru_cache(maxsize=512)
def _header(head: str) -> tuple[Mapping[str, Any], Algorithm]:
    """The first segment, read; whoever makes tokens makes all of them with the same one. Errors: `InvalidToken`."""
    header = read_object(head, "header")
    name, kid, typ = header.get("alg"), header.get("kid", ""), header.get("typ", "")
    if not isinstance(name, str) or not isinstance(kid, str) or not isinstance(typ, str):
        raise InvalidToken("alg, kid or typ is not a string")
    if not typ and "typ" in header:  # neither left out nor one of the kinds that are known
        raise InvalidToken("typ is empty")
    # RFC 8725 §3.2: no `none`; and no HMAC, for which our public keys would be the secret.
    if name not in ALGORITHMS:
        raise InvalidToken(f"its alg is not supported; use one of {', '.join(ALGORITHMS)}")
    # RFC 7515 §4.1.11: what we do not understand and must, ends it; there is no extension that we understand.
    if "crit" in header:
        raise InvalidToken("crit names an extension that is not supported")
    return MappingProxyType(header), ALGORITHMS[name]


def _decode(segment: str, what: str) -> bytes:
    try:
        return urlsafe_b64decode(segment.encode("ascii"))
    except ValueError:
        raise InvalidToken(f"its {what} is not base64url") from None


def read_object(segment: str, what: str) -> dict[str, Any]:
    """The JSON object in a segment of a token, read strictly. Errors: `InvalidToken`."""
    raw = _decode(segment, what)
    try:
        value = _JSON.decode(raw.decode("utf-8"))
        if b"\\ud" in raw.lower():  # an escape may stand for half a character, which nothing can write down
            json.dumps(value, ensure_ascii=False).encode()
        if not isinstance(value, dict) or not _is_shallow(value, MAX_DEPTH):
            raise ValueError
    except (ValueError, RecursionError):
        raise InvalidToken(f"its {what} is not a plain JSON object") from None
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    # RFC 7515 §4, RFC 7519 §4: a name twice is refused; readers would differ on which one counts.
    if len(found) != len(pairs):
        raise ValueError("a name appears twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _int(digits: str) -> int:
    """RFC 8259 §6: what a double holds; a longer one would fail wherever it meets a time."""
    if len(digits) > 18:
        raise ValueError("a number is too large")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


_JSON = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_int, parse_float=_float
)  # fmt: skip


def _is_shallow(value: Any, left: int) -> bool:
    if isinstance(value, (dict, list)):
        inner = value.values() if isinstance(value, dict) else value
        return left > 0 and all(_is_shallow(item, left - 1) for item in inner)
    return True


def _check_times(claims: Claims, now: float, leeway: float, ahead: float, required: Iterable[str]) -> None:
    missing = [name for name in required if name not in claims]
    if missing:
        raise InvalidToken(f"{', '.join(missing)} is missing")
    times = {name: _time(claims, name) for name in ("exp", "nbf", "iat") if name in claims}
    # RFC 7519 §4.1.4: not on or after exp.
    if "exp" in times and now >= times["exp"] + leeway:
        raise InvalidToken("it has expired")
    for name in ("nbf", "iat"):
        if name in times and times[name] > now + ahead:
            raise InvalidToken(f"{name} lies in the future; compare the clocks")


def _time(claims: Claims, name: str) -> float:
    value = claims[name]
    # RFC 7519 §2: a NumericDate; a JSON true is an int to Python.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InvalidToken(f"{name} is not a number of seconds")
    return float(value)
