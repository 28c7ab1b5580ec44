"""The keys that sign tokens, as admins roll them: each change with its event, and safe on every server at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from idp.admin import key_readers
from idp.admin.permissions import Permission
from idp.protocols import Services

if TYPE_CHECKING:
    from idp.admin.actor import Actor
    from idp.admin.key_readers import Report
    from keys.rotation import Change, SigningKey

_TIMES = ("created_at", "published_at", "activate_after", "activated_at", "retired_at", "expires_at")


class NotSeen(Exception):
    """Applications are known not to have the key, and would refuse what it signs: `report.without`."""

    def __init__(self, report: Report) -> None:
        super().__init__(f"{len(report.without)} applications have not seen {report.key.kid}")
        self.report = report


class NotEverywhere(Exception):
    """A server of ours may not have seen the last change yet; from `at` on, epoch seconds, every one has."""

    def __init__(self, at: float) -> None:
        super().__init__(f"not every server has seen it before {at:.0f}")
        self.at = at


@dataclass(frozen=True, slots=True)
class Rotated:
    """The next key of each algorithm, or the one that signs where there is no next; `made`: kids that are new."""

    keys: tuple[SigningKey, ...]
    made: tuple[str, ...]


def described(key: SigningKey) -> dict[str, Any]:
    """A key as programs see it; nothing private."""
    return {"kid": key.kid, "alg": key.alg, "state": key.state, **{name: getattr(key, name) for name in _TIMES}}


def listed(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """Changes as programs see them."""
    return [{"alg": change.alg, "kid": change.kid, "to": change.to} for change in changes]


def rotate(services: Services, actor: Actor, algs: Iterable[str] = ()) -> Rotated:
    """Publish the next key of these algorithms, or of all; each signs by itself as soon as applications can know it.

    Errors: `NotAllowed`, `UnsupportedAlgorithm`, `Contended`.
    """
    actor.check(Permission.KEYS_CHANGE)
    wanted = list(algs) or sorted(services.ring.algorithms())
    before = {key.kid for key in services.ring.list_keys()}
    keys = tuple(services.ring.rotate(alg) for alg in wanted)
    made = tuple(key.kid for key in keys if key.kid not in before)
    if made:
        actor.record(services)(services.db, "key:rotate", {"kids": list(made), "algs": wanted})
    return Rotated(keys, made)


def promote(services: Services, actor: Actor, kid_or_alg: str, *, force: bool = False) -> tuple[Change, ...]:
    """Let a next key sign now, or a retiring one again; () where it does already.

    `force`: though applications may hold a JWKS without it. Errors: `NotAllowed`, `TooEarly`, `NotSeen`,
    `NotEverywhere`, `NoSuchKey`, `Contended`.
    """
    actor.check(Permission.KEYS_CHANGE)
    if force:
        # What is forced is that applications may hold an old JWKS; none of our own may give one out. One that meets
        # a key id it does not know fetches the JWKS once more, and is at its wits' end if that one is old (K4).
        check_everywhere(services, services.ring.served_everywhere_at(kid_or_alg))
    elif waiting := _next(services, kid_or_alg):
        services.ring.check_ripe(kid_or_alg)
        check_seen(services, waiting)
    from idp.admin.approving.asking import ask

    ask(services, actor, "key:promote", "keys.promote", {"certificate": False, "key": kid_or_alg, "force": force})
    changes = services.ring.promote(kid_or_alg, force=force)
    if changes:
        detail = {"key": kid_or_alg, "forced": force, "changes": listed(changes)}
        actor.record(services)(services.db, "key:promote", detail)
    return changes


def withdraw(services: Services, actor: Actor, kid: str) -> tuple[Change, ...]:
    """Remove a key that is not to be trusted any more, and with it every token it signed.

    Errors: `NotAllowed`, `NoSuchKey`.
    """
    actor.check(Permission.KEYS_CHANGE)
    from idp.admin.approving.asking import ask

    ask(services, actor, "key:withdraw", "keys.withdraw", {"certificate": False, "key": kid})
    changes = services.ring.withdraw(kid)
    actor.record(services)(services.db, "key:withdraw", {"kid": kid})
    return changes


def check_everywhere(services: Services, at: float) -> None:
    """Errors: `NotEverywhere` before that moment."""
    if services.clock() < at:
        raise NotEverywhere(at)


def check_seen(services: Services, key: key_readers.Key) -> None:
    """Errors: `NotSeen` where an application is known not to have the key."""
    (report,) = key_readers.made(services, [key])
    if report.without:
        raise NotSeen(report)


def _next(services: Services, kid_or_alg: str) -> key_readers.Key | None:
    waiting = [key for key in key_readers.keys_of(services) if key.state == "next"]
    return next((key for key in waiting if kid_or_alg in (key.kid, key.slot)), None)
