"""The ring: the one object that others hold. Reads come from a snapshot; changes go through compare-and-swap."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from . import rotation, snapshot, store
from .algorithms import ALGORITHMS, NewKey, PublicKey, generate, get_algorithm, held
from .holders import HERE, Holders, is_reference
from .pins import Also, Pin, nothing
from .ports import Signer, Statements, Store
from .rotation import Change, NoSuchKey, Policy, SigningKey
from .sealing import BrokenSeal, Sealer
from .snapshot import Private, Snapshot

_ATTEMPTS = 16  # a lost race means that somebody else's change went through, so this many are never needed

_ON_THE_WAY = 0.5  # seconds that an answer which was stale when it was made may still take

Decide = Callable[[Sequence[SigningKey], float], list[Change]]


class NoKey(Exception):
    """There is no active key of that algorithm."""


class Contended(Exception):
    """Others kept changing the keys; try again."""


class Ring:
    """The signing keys of one installation, in one process. Safe to share between threads.

    `max_staleness`: seconds for which another process's change may go unseen here. `holders`: where keys may lie
    beside our own tables, and where new ones are made.
    """

    def __init__(
        self,
        db: Store,
        sealer: Sealer,
        clock: Callable[[], float] = time.time,
        policy: Policy | None = None,
        max_staleness: float = 5.0,
        *,
        holders: Holders | None = None,
    ) -> None:
        self._private = Private(sealer, holders or Holders())
        self.policy = policy or Policy()
        for alg in self.policy.algs:
            get_algorithm(alg)
        if self.policy.slack < 2 * max_staleness:
            raise ValueError("the policy's slack must cover a stale JWKS and a stale signer: twice max_staleness")
        self._db, self._clock, self._max_staleness = db, clock, max_staleness
        self._snapshot: Snapshot | None = None
        self._checked_at = 0.0
        self._asked_again = 0.0
        self._refreshing = threading.Lock()

    # -- reading -------------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """All keys, at most `max_staleness` seconds old. Errors: `BrokenSeal`, and what the store raises."""
        found = self._snapshot
        if found is not None and self._is_fresh():
            return found
        with self._refreshing:
            if self._snapshot is not None and self._is_fresh():
                return self._snapshot
            return self._look()

    def refresh(self) -> Snapshot:
        """Look at the store now, as somebody does who knows that the keys have changed."""
        with self._refreshing:
            return self._look()

    def saw(self, version: int) -> None:
        """A statement of somebody else's brought the version along: this saves the ring one of its own."""
        now, found = self._clock(), self._snapshot
        if found is None or version > found.version:
            self.refresh()
        elif version == found.version:
            self._checked_at = now

    def _is_fresh(self) -> bool:
        # A clock set back must not keep a snapshot for ever.
        return 0 <= self._clock() - self._checked_at <= self._max_staleness

    def _look(self) -> Snapshot:
        asked_at, found = self._clock(), self._snapshot
        if found is None or store.get_version(self._db) != found.version:
            version, keys = store.get_keys(self._db)
            pins = store.get_pins(self._db)
            self._snapshot = found = snapshot.take(version, keys, self._private, found, pins)
        self._checked_at = asked_at
        return found

    @property
    def version(self) -> int:
        """Counts the changes."""
        return self.snapshot().version

    @property
    def known_at(self) -> float:
        """When the snapshot was known to be whole, epoch seconds: a key that was published since may lack in it."""
        return self._checked_at

    @property
    def jwks(self) -> bytes:
        """The JWKS document (RFC 7517 §5), public members only."""
        return self.snapshot().jwks

    @property
    def etag(self) -> str:
        """The JWKS's strong ETag, quotes included."""
        return self.snapshot().etag

    def algorithms(self) -> tuple[str, ...]:
        """The algorithms that we can sign with now, RS256 first."""
        return tuple(self.snapshot().signers)

    def signer(self, alg: str, holder: str = "") -> Signer:
        """The key of an algorithm: the active one, or what `holder` is pinned to. Errors: `NoKey`."""
        known = self.snapshot()
        found = known.pins.get((holder, alg)) or known.signers.get(alg) or self.refresh().signers.get(alg)
        if found is None:
            raise NoKey(f"there is no active {alg} key; ensure(({alg!r},)) makes one")
        return found

    def find_public(self, kid: str, *, gone: bool = False) -> PublicKey | None:
        """A published key of ours by its id, or None. `gone`: also those that only ID token hints may still name."""
        known = self.snapshot()
        if kid not in known.public and kid not in known.gone and self._may_ask_again():
            known = self.refresh()  # another process may have made an algorithm's first key just now, and used it
        return known.public.get(kid) or (known.gone.get(kid) if gone else None)

    def _may_ask_again(self) -> bool:
        """Once a second at most: anybody can make up a `kid`."""
        now = time.monotonic()
        due = now - self._asked_again >= 1.0
        if due:
            self._asked_again = now
        return due

    def list_keys(self) -> tuple[SigningKey, ...]:
        """Every key as the store has it now: active, next, retiring, gone."""
        return self.refresh().keys

    # -- changing ------------------------------------------------------------------------------------------------

    def tick(self) -> tuple[Change, ...]:
        """Do what is due. Any number of processes may call it at any time; the one that loses a race does nothing."""
        self._end_pins()

        def due(keys: Sequence[SigningKey], now: float) -> list[Change]:
            # Read after the version: a pin that comes later makes this change fail.
            return rotation.plan(keys, now, self.policy, {pin.kid for pin in store.get_pins(self._db)})

        return self._attempt(due) or ()

    def _end_pins(self) -> None:
        """A pin gives time to read the new key, and that time has an end."""
        now, keys = self._clock(), {key.kid: key for key in self.snapshot().keys}
        for pin in store.get_pins(self._db) if self.snapshot().pins else ():
            ends = rotation.pin_ends_at(keys[pin.kid], self.policy) if pin.kid in keys else None
            if ends is not None and now >= ends:
                self.unpin(pin.holder, pin.slot)

    def ensure(self, algs: Iterable[str]) -> tuple[Change, ...]:
        """See to it that each of these algorithms has an active key. Errors: `UnsupportedAlgorithm`."""
        wanted = tuple(get_algorithm(alg).name for alg in algs)
        if set(wanted) <= set(self.algorithms()):
            return ()
        return self._insist(lambda keys, now: rotation.plan(keys, now, replace(self.policy, algs=wanted)))

    def rotate(self, alg: str) -> SigningKey:
        """Publish the next key now; it signs by itself as soon as it may. Errors: `UnsupportedAlgorithm`."""
        get_algorithm(alg)
        self._insist(lambda keys, now: rotation.preparation(keys, alg, now, self.policy))
        own = [key for key in self.list_keys() if key.alg == alg]
        return next((key for key in own if key.state == "next"), own[0])

    def promote(self, kid_or_alg: str, *, force: bool = False) -> tuple[Change, ...]:
        """Let a next key sign now, or a retiring one again; () where it does already.

        Errors: `TooEarly` (says from when on) unless forced, `NoSuchKey`.
        """
        return self._insist(lambda keys, now: rotation.promotion(keys, kid_or_alg, now, self.policy, force=force))

    def check_ripe(self, kid_or_alg: str) -> None:
        """Errors: `TooEarly`, `NoSuchKey`, as `promote` has them."""
        rotation.promotion(self.list_keys(), kid_or_alg, self._clock(), self.policy)

    def served_everywhere_at(self, kid_or_alg: str) -> float:
        """From when on every process serves a JWKS with the key that `promote` would have sign, epoch seconds."""
        own = [key for key in self.list_keys() if kid_or_alg in (key.kid, key.alg) and key.state == "next"]
        return max((key.published_at for key in own), default=0.0) + self._max_staleness + _ON_THE_WAY

    def roll_back(self, kid_or_alg: str, *, also: Also = nothing) -> tuple[Change, ...]:
        """Undo a promotion: the key before signs again, the active one is next again. Errors: `NoSuchKey`."""
        return self._insist(lambda keys, now: rotation.rollback(keys, kid_or_alg, now, self.policy), also)

    def withdraw(self, kid: str) -> tuple[Change, ...]:
        """Remove a key that is not to be trusted any more, and so every token that it signed. Errors: `NoSuchKey`."""
        return self._insist(lambda keys, now: rotation.withdrawal(keys, kid))

    def pins(self) -> tuple[Pin, ...]:
        """Who is pinned to what, as the store has it now; those of certificates are not among them."""
        return tuple(pin for pin in store.get_pins(self._db) if pin.slot in ALGORITHMS)

    def pin(self, holder: str, kid: str, *, also: Also = nothing) -> None:
        """Sign for this holder with this key, active or retiring, until it is unpinned or the key's time has ended.

        Errors: `NoSuchKey`.
        """

        def pinning(tx: Statements, keys: Sequence[SigningKey], now: float) -> list[SigningKey]:
            key = next((k for k in keys if k.kid == kid and k.state in ("active", "retiring")), None)
            if key is None:
                raise NoSuchKey(f"{kid}: no key of that id that has signed and is still published")
            store.pin(tx, Pin(holder, key.alg, kid, now))
            return []

        self._repin(pinning, also)

    def unpin(self, holder: str, alg: str, *, also: Also = nothing) -> None:
        """Sign for this holder with the active key again."""

        def unpinning(tx: Statements, keys: Sequence[SigningKey], now: float) -> list[SigningKey]:
            kids = {pin.kid for pin in store.get_pins(tx) if (pin.holder, pin.slot) == (holder, alg)}
            store.unpin(tx, holder, alg)
            return [rotation.unpinned(key, now, self.policy) for key in keys if key.kid in kids]

        self._repin(unpinning, also)

    def _repin(self, work: Callable[[Statements, Sequence[SigningKey], float], list[SigningKey]], also: Also) -> None:
        for _ in range(_ATTEMPTS):
            now = self._clock()
            seen, keys = store.get_keys(self._db)
            if store.repin(self._db, seen, lambda tx: work(tx, keys, now), also):  # noqa: B023 - called at once
                self.refresh()
                return
        raise Contended("others kept changing the keys; try again")

    def _insist(self, decide: Decide, also: Also = nothing) -> tuple[Change, ...]:
        for _ in range(_ATTEMPTS):
            done = self._attempt(decide, also)
            if done is not None:
                return done
        raise Contended("others kept changing the keys; try again")

    def _attempt(self, decide: Decide, also: Also = nothing) -> tuple[Change, ...] | None:
        """Decide on the store's present keys and carry it out; None where another change came first."""
        now = self._clock()
        seen, keys = store.get_keys(self._db)
        changes = decide(keys, now)
        if not changes:
            return ()
        # New keys are made before the transaction: an RSA key takes 60 ms and more.
        added = [self._make(change, now) for change in changes if not change.kid]
        by_kid = {key.kid: key for key in keys}
        known = [change for change in changes if change.kid]
        if not store.change(
            self._db,
            seen,
            added=added,
            updated=[rotation.changed(by_kid[c.kid], c, now) for c in known if c.to != "removed"],
            removed=[c.kid for c in known if c.to == "removed"],
            also=also,
        ):
            self._destroy(added)
            return None
        self._destroy(by_kid[c.kid] for c in known if c.to in ("gone", "removed"))
        self.refresh()
        new = iter(added)
        return tuple(change if change.kid else replace(change, kid=next(new).kid) for change in changes)

    def _make(self, change: Change, now: float) -> SigningKey:
        made = self._generate(change.alg)
        return SigningKey(
            kid=made.kid,
            alg=change.alg,
            state=change.to,
            public_jwk=json.dumps(dict(made.public_jwk), separators=(",", ":")),
            sealed=self._private.sealer.seal(
                snapshot.PURPOSE, made.private, snapshot.seal_context(made.kid, change.alg)
            ),
            created_at=now,
            published_at=max(now, self._clock()),  # whoever looked while it was being made has not seen it
            activate_after=change.at or now,
            activated_at=now if change.to == "active" else None,
        )

    def _generate(self, alg: str) -> NewKey:
        """Errors: `HolderUnavailable`, `UnusableKey`."""
        holders = self._private.holders
        if holders.new == HERE:
            return generate(alg, self.policy.rsa_bits)
        made = holders.make(alg, self.policy.rsa_bits)
        return held(alg, made.public, made.reference)

    def _destroy(self, keys: Iterable[SigningKey]) -> None:
        """Those that lie elsewhere, there too; that they are forgotten here is what counts, and has happened."""
        for key in keys:
            with contextlib.suppress(BrokenSeal):  # such a row is withdrawn, too
                context = snapshot.seal_context(key.kid, key.alg)
                private = self._private.sealer.open(snapshot.PURPOSE, key.sealed, context)
                if is_reference(private):
                    self._private.holders.destroy([private.decode("ascii")])

    def kept_in(self, kid: str) -> str:
        """Where the private half of a published key lies; '' of one that is gone."""
        found = self.snapshot().imported.get(kid)
        return found.kept_in if found is not None else ""
