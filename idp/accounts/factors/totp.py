"""Authenticator apps: six digits that change every 30 seconds (RFC 6238).

A seed is shown until its first code is right, then sealed for good. The last step used is kept, so each works once.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import b32decode, b32encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from idp.accounts import factors
from idp.accounts.factors import Enrolled
from idp.accounts.person import Person
from idp.accounts.services import Services
from idp.audit import Recorder
from idp.db import Transaction
from idp.normal_forms import normal
from keys.sealing import BrokenSeal

KIND = "totp"
PURPOSE = "totp-seed"
STEP = 30  # seconds (RFC 6238 §4.1; ASVS 6.5.5)
DIGITS = 6
SEED_BYTES = 20  # RFC 4226 §4 R6 recommends 160 bits
MIN_SEED = 16  # bytes of one that another product made (RFC 4226 §4 R6: at least 128 bits)
WINDOW = 1  # steps before and after this one that are taken (RFC 6238 §5.2)
FAR = 10  # steps within which a code still tells how wrong the phone's clock is (F2)
TTL = 900.0  # seconds that an enrolment may take


@dataclass(frozen=True, slots=True)
class Matched:
    """Whether a code was right. `reused`: right, but used before; `told`: or announced before as right some time later.

    `steps`: how far from now it was, which tells the phone's clock: -8 is four minutes slow. None: not of this phone.
    """

    ok: bool
    steps: int | None = None
    reused: bool = False
    told: bool = False


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A seed on its way into a phone. `seed`: base32, 32 characters."""

    seed: str = field(repr=False)
    uri: str = field(repr=False)

    @property
    def spaced(self) -> str:
        """The seed as somebody types it: lower-case groups of four."""
        return " ".join(self.seed[at : at + 4] for at in range(0, len(self.seed), 4)).lower()

    @property
    def picture(self) -> str:
        """The URI as a QR code: a `data:` URI of a PNG, black on white with its quiet zone."""
        import segno  # only where somebody enrols

        return str(segno.make(self.uri, error="m", micro=False).png_data_uri(scale=6, border=4))


# -- setting up ----------------------------------------------------------------------------------------------------


def begin(services: Services, person: Person, session_id: str) -> Enrolment:
    """The seed of this session's enrolment, a new one where there is none; the same for a quarter of an hour."""
    found = find_begun(services, person, session_id)
    if found is not None:
        return found
    seed = b32encode(secrets.token_bytes(SEED_BYTES)).decode("ascii")
    services.state.put(_key(session_id), _sealed(services, seed, person.id), TTL)
    return Enrolment(seed, _uri(services, person, seed))


def find_begun(services: Services, person: Person, session_id: str) -> Enrolment | None:
    """The enrolment that this session has open."""
    seed = _opened(services, services.state.get(_key(session_id)), person.id)
    return None if seed is None else Enrolment(seed, _uri(services, person, seed))


def check(services: Services, person: Person, enrolment: Enrolment, code: str) -> Matched:
    """Whether the phone shows what we expect."""
    found = _distance(enrolment.seed, _digits(code), services.clock())
    return Matched(found is not None and abs(found) <= WINDOW, found)


def take(services: Services, person: Person, session_id: str, enrolment: Enrolment) -> bool:
    """End the enrolment; of two posts of one page, one goes on."""
    return _opened(services, services.state.take(_key(session_id)), person.id) == enrolment.seed


def keep(
    tx: Transaction, services: Services, person: Person, enrolment: Enrolment, code: str, label: str, record: Recorder
) -> Enrolled:
    """Keep a seed for good; the code that confirmed it is used up. Errors: `TooMany`."""
    now, sealed = services.clock(), _sealed(services, enrolment.seed, person.id)
    step = _step(now) + (_distance(enrolment.seed, _digits(code), now) or 0)
    factor = factors.add(tx, now, person.id, KIND, label, sealed=sealed, counter=step)
    factors.touch(tx, factor.id, now)  # the session says so, too: it was shown just now
    record(tx, "factor:added", {"person_id": person.id, "factor": factor.id, "kind": KIND, "label": factor.label})
    return factor


def check_seed(seed: str) -> None:
    """Errors: `ValueError` where a seed (base32) of another product is none, or one that can be guessed."""
    try:
        raw = b32decode(seed + "=" * (-len(seed) % 8))
    except ValueError:
        raise ValueError("its secret is no base32") from None
    if len(raw) < MIN_SEED:
        raise ValueError(f"its secret has {8 * len(raw)} bits, and at least {8 * MIN_SEED} are taken: set it up anew")


def carry(tx: Transaction, services: Services, person: Person, seed: str, label: str) -> Enrolled:
    """Keep a seed (base32) that another product gave to a phone. Errors: `TooMany`; `ValueError` as `check_seed`."""
    check_seed(seed)
    now, sealed = services.clock(), _sealed(services, seed, person.id)
    return factors.add(tx, now, person.id, KIND, label, sealed=sealed)


def carried_over(services: Services, factor: Enrolled, person_id: str) -> str | None:
    """The seed of an app, sealed for another person whose app it becomes; None where it cannot be opened."""
    seed = _opened(services, factor.sealed, factor.person_id)
    return None if seed is None else _sealed(services, seed, person_id)


# -- signing in ----------------------------------------------------------------------------------------------------


def verify(services: Services, person_id: str, code: str) -> Matched:
    """Whether it is a code of one of the person's apps that was not used before; it is then."""
    now, digits = services.clock(), _digits(code)
    best = Matched(False)
    for factor in factors.list_of(services.db, person_id):
        seed = _opened(services, factor.sealed, person_id) if factor.kind == KIND else None
        found = _distance(seed, digits, now) if seed is not None else None
        if found is None:
            continue
        if abs(found) <= WINDOW:
            if _is_spent(services, factor, now, found):
                best = Matched(False, reused=True, told=True)
                continue
            if not factors.advance(services.db, factor.id, _step(now) + found, now):
                best = Matched(False, reused=True)
                continue
            return Matched(True, found)
        if best.steps is None and not best.reused:
            _spend(services, factor, now, found)
            best = Matched(False, found)
    return best


def is_code(typed: str) -> bool:
    """Whether it has the form of a code; what has not is no guess."""
    return bool(_digits(typed))


def digits_of(typed: str) -> str:
    """The six digits, however they were grouped; '' where it is no code."""
    return _digits(typed)


def has_any(services: Services, person_id: str) -> bool:
    """Whether the person has an authenticator app."""
    return any(factor.kind == KIND for factor in factors.list_of(services.db, person_id))


# A guess that is told "this will be right in four minutes" must not be right in four minutes.


def _spend(services: Services, factor: Enrolled, now: float, steps: int) -> None:
    if steps > 0:
        services.state.put(_told(factor, _step(now) + steps), 1, (steps + WINDOW + 1) * STEP)


def _is_spent(services: Services, factor: Enrolled, now: float, steps: int) -> bool:
    return services.state.get(_told(factor, _step(now) + steps)) is not None


def _told(factor: Enrolled, step: int) -> str:
    return f"totp:told:{factor.id}:{step}"


# -- below -----------------------------------------------------------------------------------------------------------


def _step(now: float) -> int:
    return int(now) // STEP


def _digits(typed: str) -> str:
    """What was typed as six ASCII digits, or '' where it is something else. Apps show codes in groups."""
    plain = "".join(c for c in normal("NFKC", typed[:64]) if not (c.isspace() or c in "-‐‑–·."))
    return plain if len(plain) == DIGITS and plain.isascii() and plain.isdigit() else ""


def _distance(seed: str, digits: str, now: float) -> int | None:
    """How many steps from now the code is right, the nearest first; None where it is not within `FAR`."""
    import pyotp  # only where somebody has one

    if not digits:
        return None
    found, step = None, _step(now)
    try:
        app = pyotp.TOTP(seed)
        for steps in _outwards(FAR):
            is_it = hmac.compare_digest(app.generate_otp(max(0, step + steps)), digits)
            found = steps if is_it and found is None else found
    except ValueError:  # no seed: nobody's code, and their other apps work
        return None
    return found


def _outwards(far: int) -> Iterator[int]:
    yield 0
    for steps in range(1, far + 1):
        yield from (-steps, steps)


def _uri(services: Services, person: Person, seed: str) -> str:
    """The key URI of https://github.com/google/google-authenticator/wiki/Key-Uri-Format; colons are its separators."""
    import pyotp

    issuer, name = (
        " ".join(text.replace(":", " ").split()) for text in (services.settings.brand.company, person.username)
    )
    return str(pyotp.TOTP(seed).provisioning_uri(name=name or person.id, issuer_name=issuer or "Doorward"))


def _sealed(services: Services, seed: str, person_id: str) -> str:
    return services.sealer.seal(PURPOSE, seed.encode(), person_id.encode())


def _opened(services: Services, sealed: Any, person_id: str) -> str | None:
    try:
        return services.sealer.open(PURPOSE, str(sealed), person_id.encode()).decode()
    except BrokenSeal:
        return None


def _key(session_id: str) -> str:
    return "totp:enrolment:" + session_id
