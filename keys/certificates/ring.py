"""The certificates of one installation, and how they come and go."""

from __future__ import annotations

import contextlib
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ..holders import HERE, Holders, is_reference
from ..pins import Also, Pin, nothing
from ..ports import Statements, Store
from ..sealing import BrokenSeal, Sealer
from ..store import get_pins, pin, unpin
from . import store
from .certificate import Certificate
from .envelope import self_signed
from .held import HeldKey

Use = Literal["signing", "encryption"]
Kind = Literal["rsa", "ec"]
PUBLISHED = ("active", "next", "retiring")  # in the order of metadata
PURPOSE = "certificate-key"
SLOT = "certificate:"  # and the kind: what pins of certificates are kept under
_ATTEMPTS = 8
_ON_THE_WAY = 0.5  # seconds that an answer which was stale when it was made may still take


class NoSuchCertificate(Exception):
    """No certificate has this id."""


class TooEarly(Exception):
    """The next certificate has not stood in the metadata for long enough. `at`: from when on, epoch seconds."""

    def __init__(self, kid: str, at: float) -> None:
        super().__init__(f"{kid} has not been in the metadata for long enough")
        self.kid, self.at = kid, at


@dataclass(frozen=True)
class CertifiedKey:
    """A private key with its certificate, ready for use. `kid`: the certificate's SHA-256, 32 hexadecimal digits."""

    kid: str
    use: str
    kind: str
    state: str
    private_key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | HeldKey = field(repr=False)
    certificate: bytes = field(repr=False)  # DER

    @cached_property
    def expires_at(self) -> datetime:
        """The certificate's own end."""
        return x509.load_der_x509_certificate(self.certificate).not_valid_after_utc


class CertificateRing:
    """The certificates of one installation, in one process. Safe to share between threads.

    `name`: the common name of new certificates, as service providers show it. `publish_before`: seconds that a next
    certificate stands in the metadata before it may be promoted. `max_staleness`: seconds for which another process's
    change may go unseen here. `holders`: where keys that sign may lie beside our own tables.
    """

    def __init__(
        self,
        db: Store,
        sealer: Sealer,
        clock: Callable[[], float] = time.time,
        *,
        name: str = "doorward",
        publish_before: float = 86400.0,
        max_staleness: float = 5.0,
        holders: Holders | None = None,
    ) -> None:
        self._holders = holders or Holders()
        self._db, self._sealer, self._clock, self._name = db, sealer, clock, name
        self._publish_before, self._max_staleness = publish_before, max_staleness
        self._lock = threading.Lock()
        self._version, self._looked_at, self._known_at = -1, float("-inf"), 0.0
        self._keys: tuple[CertifiedKey, ...] = ()
        self._pins: dict[tuple[str, str], str] = {}

    # -- reading -------------------------------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """Moves on with every change: whoever keeps metadata made from the certificates compares it."""
        self._look()
        return self._version

    @property
    def known_at(self) -> float:
        """When what is shown was known to be whole, epoch seconds."""
        return self._known_at

    def published(self, use: Use = "signing") -> tuple[CertifiedKey, ...]:
        """What metadata shows: active, next, retiring."""
        return tuple(key for key in self._look() if key.use == use)

    def active(self, use: Use = "signing", kind: Kind = "rsa") -> CertifiedKey:
        """The one that signs, or that others encrypt for; made where there is none yet."""
        found = self._active(use, kind)
        if found is None:
            self._insist(lambda have: _first(have, use, kind, lambda: self._make(use, kind, "active")))
            found = self._active(use, kind)
        if found is None:
            raise NoSuchCertificate(f"no active {kind} certificate for {use}")
        return found

    def signing_for(self, holder: str, kind: Kind = "rsa") -> CertifiedKey:
        """The one that signs, or what this holder is pinned to."""
        active = self.active("signing", kind)
        kid = self._pins.get((holder, SLOT + kind)) if self._pins else None
        if kid is None:
            return active
        return next((key for key in self.published("signing") if key.kid == kid), active)

    def private_keys(self, use: Use = "encryption") -> tuple[Any, ...]:
        """Every key that something may have been encrypted for: those of all certificates in the metadata."""
        return tuple(key.private_key for key in self.published(use))

    def everything(self) -> tuple[Certificate, ...]:
        """Every certificate as the store has it now."""
        return store.get_all(self._db)[1]

    def shown_everywhere_at(self, kid: str) -> float:
        """From when on every process's metadata has a certificate, epoch seconds. Errors: `NoSuchCertificate`."""
        return self._seen_everywhere(_get(self.everything(), kid).created_at)

    def signs_nowhere_at(self, kid: str) -> float:
        """From when on no process signs with a retiring certificate, epoch seconds. Errors: `NoSuchCertificate`."""
        chosen = _get(self.everything(), kid)
        return self._seen_everywhere(chosen.retired_at) if chosen.state == "retiring" and chosen.retired_at else 0.0

    def _seen_everywhere(self, changed_at: float) -> float:
        return changed_at + self._max_staleness + _ON_THE_WAY

    def _active(self, use: str, kind: str) -> CertifiedKey | None:
        return next((k for k in self._look() if (k.use, k.kind, k.state) == (use, kind, "active")), None)

    def _look(self) -> tuple[CertifiedKey, ...]:
        with self._lock:
            now, known_at = time.monotonic(), self._clock()
            if now - self._looked_at > self._max_staleness:
                if store.get_version(self._db) != self._version:
                    self._version, rows = store.get_all(self._db)
                    ordered = sorted(rows, key=lambda row: (PUBLISHED.index(row.state), row.created_at))
                    self._keys = tuple(map(self._import, ordered))
                    self._pins = {(pin.holder, pin.slot): pin.kid for pin in self.pins()}
                self._looked_at, self._known_at = now, known_at
            return self._keys

    def _import(self, row: Certificate) -> CertifiedKey:
        private, der = self._sealer.open(PURPOSE, row.sealed, row.kid.encode()), b64decode(row.der)
        if is_reference(private):
            if sha256(der).hexdigest()[:32] != row.kid:  # the seal is bound to the id, and that is the certificate's
                raise BrokenSeal(f"certificate {row.kid} is not the one that belongs to the sealed key")
            public = x509.load_der_x509_certificate(der).public_key()
            key: Any = HeldKey(private.decode("ascii"), self._holders, public)
        else:
            # The seal has proven the bytes; checking an RSA key's primes again costs 40 ms.
            key = serialization.load_der_private_key(private, None, unsafe_skip_rsa_key_validation=True)
        return CertifiedKey(row.kid, row.use, row.kind, row.state, key, der)

    def pins(self) -> tuple[Pin, ...]:
        """Who is pinned to what certificate, as the store has it now."""
        return tuple(pin for pin in get_pins(self._db) if pin.slot.startswith(SLOT))

    # -- changing ------------------------------------------------------------------------------------------------

    def prepare(self, use: Use = "signing", kind: Kind = "rsa") -> Certificate:
        """Put the next certificate into the metadata, unless one stands there already."""
        self.active(use, kind)
        self._insist(lambda have: _next(have, use, kind, lambda: self._make(use, kind, "next")))
        return next(c for c in self.everything() if (c.use, c.kind, c.state) == (use, kind, "next"))

    def promote(self, kid: str, *, force: bool = False) -> Certificate:
        """Let a next certificate sign, or a retiring one again.

        Errors: `TooEarly` unless forced, `NoSuchCertificate`.
        """
        now = self._clock()

        def decide(have: Sequence[Certificate]) -> list[Certificate]:
            chosen = _get(have, kid)
            if chosen.state == "active":
                return []
            if not force:
                self._check_ripe(chosen, now)
            same = [c for c in have if (c.use, c.kind, c.state) == (chosen.use, chosen.kind, "active")]
            retired = [replace(c, state="retiring", retired_at=now) for c in same]
            return [*retired, replace(chosen, state="active", activated_at=now, retired_at=None)]

        self._insist(decide)
        return _get(self.everything(), kid)

    def check_ripe(self, kid: str) -> None:
        """Errors: `TooEarly` for a next one that may not sign yet, `NoSuchCertificate`."""
        self._check_ripe(_get(self.everything(), kid), self._clock())

    def _check_ripe(self, chosen: Certificate, now: float) -> None:
        ripe = chosen.created_at + self._publish_before
        if chosen.state == "next" and now < ripe:
            raise TooEarly(chosen.kid, ripe)

    def roll_back(self, kid: str, *, also: Also = nothing) -> Certificate:
        """Undo a promotion: the certificate before signs again, and this one, which does now, is next again.

        Errors: `NoSuchCertificate` where it does not sign, or none that signed before it is left.
        """
        now = self._clock()

        def decide(have: Sequence[Certificate]) -> list[Certificate]:
            chosen = _get(have, kid)
            same = [c for c in have if (c.use, c.kind, c.state) == (chosen.use, chosen.kind, "retiring")]
            if chosen.state != "active" or not same:
                raise NoSuchCertificate(kid)
            last = max(same, key=lambda c: (c.retired_at or 0.0, c.kid))
            return [
                replace(chosen, state="next", activated_at=None),
                replace(last, state="active", activated_at=now, retired_at=None),
            ]

        self._insist(decide, also)
        return _get(self.everything(), kid)

    def pin(self, holder: str, kid: str, *, also: Also = nothing) -> None:
        """Sign for this holder with this certificate, active or retiring, until it is unpinned or withdrawn.

        Errors: `NoSuchCertificate`.
        """
        chosen = _get(self.everything(), kid)
        if chosen.use != "signing" or chosen.state not in ("active", "retiring"):
            raise NoSuchCertificate(kid)
        one = Pin(holder, SLOT + chosen.kind, kid, self._clock())
        self._repin(lambda tx: pin(tx, one), also)

    def unpin(self, holder: str, kind: str, *, also: Also = nothing) -> None:
        """Sign for this holder with the active certificate again."""
        self._repin(lambda tx: unpin(tx, holder, SLOT + kind), also)

    def _repin(self, work: Also, also: Also) -> None:
        def both(tx: Statements) -> None:
            work(tx)
            also(tx)

        for _ in range(_ATTEMPTS):
            if store.change(self._db, store.get_version(self._db), (), both):
                return self._forget()
        raise RuntimeError("others kept changing the certificates; try again")

    def remove(self, kid: str) -> None:
        """Take a certificate that does not sign out of the metadata, for good. Errors: `NoSuchCertificate`."""
        chosen = _get(self.everything(), kid)
        if chosen.state == "active":
            raise ValueError("this certificate signs; promote another one first")
        store.remove(self._db, kid)
        self._forget()
        self._destroy([chosen])

    def _insist(self, decide: Callable[[Sequence[Certificate]], list[Certificate]], also: Also = nothing) -> None:
        for _ in range(_ATTEMPTS):
            seen, have = store.get_all(self._db)
            changes = decide(have)
            if not changes or store.change(self._db, seen, changes, also):
                self._forget()
                return
            known = {one.kid for one in have}
            self._destroy([one for one in changes if one.kid not in known])
        raise RuntimeError("others kept changing the certificates; try again")

    def _forget(self) -> None:
        with self._lock:
            self._looked_at = float("-inf")

    def _make(self, use: str, kind: str, state: str) -> Certificate:
        now = self._clock()
        key, private = self._generate(use, kind)
        der = self_signed(key, self._name, now)
        kid = sha256(der).hexdigest()[:32]
        sealed = self._sealer.seal(PURPOSE, private, kid.encode())
        activated = now if state == "active" else None
        return Certificate(kid, use, kind, state, b64encode(der).decode("ascii"), sealed, now, activated)

    def _generate(self, use: str, kind: str) -> tuple[Any, bytes]:
        """A key, and what is sealed of it. Errors: `HolderUnavailable`."""
        if use == "signing" and self._holders.new != HERE:
            made = self._holders.make("ES256" if kind == "ec" else "RS256", 2048)
            public = serialization.load_der_public_key(made.public)
            return HeldKey(made.reference, self._holders, public), made.reference.encode("ascii")
        key: Any = (
            ec.generate_private_key(ec.SECP256R1())
            if kind == "ec"
            else rsa.generate_private_key(65537, 3072 if use == "encryption" else 2048)
        )
        private = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return key, private

    def _destroy(self, certificates: Sequence[Certificate]) -> None:
        """Those that lie elsewhere, there too."""
        for one in certificates:
            with contextlib.suppress(BrokenSeal):
                private = self._sealer.open(PURPOSE, one.sealed, one.kid.encode())
                if is_reference(private):
                    self._holders.destroy([private.decode("ascii")])


def _first(have: Sequence[Certificate], use: str, kind: str, make: Callable[[], Certificate]) -> list[Certificate]:
    return [] if any((c.use, c.kind, c.state) == (use, kind, "active") for c in have) else [make()]


def _next(have: Sequence[Certificate], use: str, kind: str, make: Callable[[], Certificate]) -> list[Certificate]:
    return [] if any((c.use, c.kind, c.state) == (use, kind, "next") for c in have) else [make()]


def _get(have: Sequence[Certificate], kid: str) -> Certificate:
    for certificate in have:
        if certificate.kid == kid:
            return certificate
    raise NoSuchCertificate(kid)
