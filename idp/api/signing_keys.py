"""The keys that sign tokens, by the API: looked at, rolled, withdrawn (K1)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from idp.admin import keys
from idp.admin.permissions import Permission
from idp.api.models import Model, moment, moment_or_none
from idp.api.operations import Call, Operation
from idp.api.problems import Problem, wrong
from idp.protocols import Services
from keys.algorithms import ALGORITHMS, UnsupportedAlgorithm
from keys.ring import Contended
from keys.rotation import NoSuchKey, SigningKey, TooEarly


class Key(Model):
    """A key that signs, signed, or will sign; nothing private."""

    kid: str
    """Its id, as tokens and the JWKS have it."""
    alg: str
    """What it signs with."""
    state: str
    """next, active, retiring or removed."""
    created_at: datetime
    """When it was made."""
    activate_after: datetime | None
    """From when on it may sign, as every application can know it by then."""
    activated_at: datetime | None
    """Since when it signs."""
    retired_at: datetime | None
    """Since when it does not sign any more."""
    expires_at: datetime | None
    """When the last token that it signed has ended, and it leaves."""


class Keys(Model):
    """The keys that are published."""

    items: tuple[Key, ...]
    """By algorithm and age."""


class Rotation(Model):
    """Which keys to roll."""

    algorithms: Annotated[tuple[Annotated[str, StringConstraints(max_length=20)], ...], Field(max_length=20)] = ()
    """Those of these algorithms; empty: all that are in use."""


class Promotion(Model):
    """How to let a key sign."""

    force: bool = False
    """Now, though applications may not have fetched it: their sign-ins may fail until they do."""


def listed(services: Services, call: Call) -> Keys:
    """GET /signing-keys."""
    return Keys(items=tuple(_key(one) for one in services.ring.list_keys() if one.state != "removed"))


def rotate(services: Services, call: Call) -> Keys:
    """POST /signing-keys/rotate."""
    body: Rotation = call.body
    if unknown := [alg for alg in body.algorithms if alg not in ALGORITHMS]:
        raise wrong("algorithms", f"{unknown[0]} is none that signs here", expected=", ".join(ALGORITHMS))
    try:
        return Keys(items=tuple(map(_key, keys.rotate(services, call.actor, body.algorithms).keys)))
    except UnsupportedAlgorithm as error:
        raise wrong("algorithms", str(error)) from error
    except Contended:
        raise _contended() from None


def promote(services: Services, call: Call) -> Keys:
    """POST /signing-keys/<kid>/promote."""
    kid, body = call.path["kid"], call.body
    assert isinstance(body, Promotion)
    _check_known(services, kid)
    try:
        keys.promote(services, call.actor, kid, force=body.force)
    except (TooEarly, keys.NotEverywhere) as error:
        seconds = max(1, round(error.at - services.clock() + 0.5))
        raise Problem("conflict", f"{error}.".capitalize(), headers=(("Retry-After", str(seconds)),)) from None
    except NoSuchKey:
        raise Problem("conflict", "This key is neither next nor retiring, so it cannot sign.") from None
    except Contended:
        raise _contended() from None
    return listed(services, call)


def withdraw(services: Services, call: Call) -> Keys:
    """POST /signing-keys/<kid>/withdraw."""
    _check_known(services, call.path["kid"])
    try:
        keys.withdraw(services, call.actor, call.path["kid"])
    except NoSuchKey:
        raise Problem("not-found", "There is no such key any more.") from None
    except Contended:
        raise _contended() from None
    return listed(services, call)


def _check_known(services: Services, kid: str) -> None:
    if not any(one.kid == kid and one.state != "removed" for one in services.ring.list_keys()):
        raise Problem("not-found", "There is no such key any more.")


def _contended() -> Problem:
    return Problem("conflict", "Somebody else is changing the keys. Try again.", headers=(("Retry-After", "1"),))


def _key(one: SigningKey) -> Key:
    return Key(
        kid=one.kid, alg=one.alg, state=one.state, created_at=moment(one.created_at),
        activate_after=moment_or_none(one.activate_after), activated_at=moment_or_none(one.activated_at),
        retired_at=moment_or_none(one.retired_at), expires_at=moment_or_none(one.expires_at),
    )  # fmt: skip


_TAG: Final = "Signing keys"
OPERATIONS: Final = (
    Operation(
        method="GET", path="/signing-keys", id="listSigningKeys", permission=Permission.KEYS_READ, tag=_TAG,
        summary="The keys that are published", handler=listed, gives=Keys,
    ),
    Operation(
        method="POST", path="/signing-keys/rotate", id="rotateSigningKeys", permission=Permission.KEYS_CHANGE, tag=_TAG,
        summary="Publish the next keys; each signs as soon as applications can know it", handler=rotate,
        takes=Rotation, gives=Keys, problems=(409,), examples={"all": {}},
    ),
    Operation(
        method="POST", path="/signing-keys/<kid>/promote", id="promoteSigningKey", permission=Permission.KEYS_CHANGE,
        tag=_TAG, summary="Let a next key sign now, or a retiring one again", handler=promote, takes=Promotion,
        gives=Keys, problems=(409,), examples={"in time": {}},
    ),
    Operation(
        method="POST", path="/signing-keys/<kid>/withdraw", id="withdrawSigningKey", tag=_TAG,
        permission=Permission.KEYS_CHANGE, handler=withdraw, gives=Keys, problems=(409,),
        summary="Remove a key that is not to be trusted, and with it every token that it signed",
    ),
)  # fmt: skip
