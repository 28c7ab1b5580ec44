"""The devices on which apps share a sign-in (OpenID Connect Native SSO 1.0), each known by its device secret.

Job: the secret is made, replaced at each use and followed like a refresh token. Door: the names below. Rule: a device
ends with the session of its sign-in, and by a secret that comes a second time.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, Final

from clients.offered import DEVICE_SSO
from idp.audit import Event, record
from idp.db import Transaction
from idp.ids import digest, new_id, new_secret, split
from idp.oidc.ledger.chain import Chain, Repeat, Reused, decide, is_current
from idp.oidc.ledger.devices import store
from idp.oidc.ledger.grant import Grant
from idp.oidc.token_request import TokenRequest
from idp.protocols import Services
from idp.wire import Request

DEVICE_SECRET: Final = "dws_"  # a prefix that a secret scanner can look for
PARAMETER: Final = "device_secret"
REUSED: Final = "a device secret that was replaced came again"
SIGNED_OUT: Final = "its sign-in has ended"
ENDED: Final = "the device was ended"
UNKNOWN: Final = "it is no device secret of ours"


@dataclass(frozen=True, slots=True)
class Device:
    """A device at one use of its secret. `presented`: what was shown, or "" for one that begins here.

    `row`: what is kept of it (None at its beginning); `is_repeat`: the secret was replaced a moment ago.
    """

    id: str
    presented: str = ""
    row: Any = None
    is_repeat: bool = False


def find(services: Services, asked: Request, value: str, client_id: str) -> Device | str:
    """The device of a secret that is the latest, or was a moment ago; else why there is none. One read.

    One that was replaced before ends its device and all that its apps have: somebody has a copy (RFC 9700 §4.14.2).
    """
    presented = split(value, DEVICE_SECRET)
    row = services.db.one(store.DEVICE, device_id=presented[0], client_id=client_id) if presented else None
    if presented is None or row is None:
        return UNKNOWN
    if row.revoked_at is not None:
        return ENDED
    secret = presented[1]
    if is_current(row, secret):
        return Device(row.id, secret, row)
    decision = decide(row, secret, _chain(services, row.id), services.clock(), services.settings.tokens.refresh_grace)
    if isinstance(decision, Repeat):
        return Device(row.id, secret, row, is_repeat=True)
    if isinstance(decision, Reused):
        with services.db.transaction() as tx:
            end(tx, row.person_id, row.id, services.clock(), REUSED)
            record(tx, Event(
                "device:reused", person_id=row.person_id, client_id=client_id, session_id=row.session_id,
                address=asked.remote_address, request_id=asked.id, detail={"device": row.id, "why": REUSED},
            ), services.clock())  # fmt: skip
        return REUSED
    return UNKNOWN


def stands(device: Device, now: float) -> bool:
    """Whether the session of its sign-in does (§4.3)."""
    row = device.row
    return bool(row.session_expires_at is not None and row.session_ended_at is None and now < row.session_expires_at)


def why_ended(tx: Transaction, device: Device | None) -> str:
    """Why nothing is issued by a device any more, or "": it was ended since it was found. In the caller's transaction,
    before anything is written.
    """
    if device is None or device.row is None:
        return ""
    row = tx.one(store.STILL_STANDS, device_id=device.id)
    return ENDED if row is None or row.revoked_at is not None else ""


def asked_for(services: Services, asked: TokenRequest, grant: Grant) -> Device | None:
    """The device of a sign-in that asked for one (§3.3): that whose secret came along, if it is this person's; or new.

    A secret that is none any more counts as none at all: the person has just signed in.
    """
    if DEVICE_SSO not in grant.scope.split() or not asked.client.oidc.native_sso_group:
        return None
    value = asked.form.get(PARAMETER)
    found = find(services, asked.wire, value, asked.client.id) if value else UNKNOWN
    if isinstance(found, Device) and found.row.person_id == grant.person_id:
        return found
    return Device(new_id(services.clock()))


def write(services: Services, tx: Transaction, device: Device | None, grant: Grant, address: str) -> str:
    """Write a use down, in the caller's transaction; the device secret that holds from here on, "" for none."""
    if device is None:
        return ""
    now = services.clock()
    until = now + services.settings.tokens.refresh_absolute
    signed_in = {"session_id": grant.session_id, "auth_time": grant.auth_time, "methods": grant.methods}
    if device.row is None:
        secret = new_secret()
        tx.run(
            store.INSERT, id=device.id, hash=digest(secret), previous_hash=None, generation=0,
            person_id=grant.person_id, **signed_in, began_at=now, used_at=now, used_from=address, expires_at=until,
            revoked_at=None, revoked_why=None,
        )  # fmt: skip
        return f"{DEVICE_SECRET}{device.id}.{secret}"
    if grant.code_hash:  # through a browser, not by another app
        tx.run(store.BEGIN_AGAIN, device_id=device.id, now=now, until=until, **signed_in)
    return rotate(services, tx, device, address)


def rotate(services: Services, tx: Transaction, device: Device, address: str) -> str:
    """The secret that follows from the one shown: the same for all who show that one within the grace."""
    now, successor = services.clock(), _chain(services, device.id).successor(device.presented)
    if not device.is_repeat:
        tx.run(
            store.ROTATE, device_id=device.id, presented=digest(device.presented), next_hash=digest(successor), now=now,
            address=address, until=now + services.settings.tokens.refresh_absolute,
        )  # fmt: skip
    return f"{DEVICE_SECRET}{device.id}.{successor}"


def end(tx: Transaction, person_id: str, device_id: str, now: float, why: str) -> int:
    """End a device and what its apps have, or one lasting grant of its id; how many grants lived."""
    tx.run(store.REVOKE, device_id=device_id, owner_id=person_id, now=now, why=why)
    return tx.run(store.REVOKE_FAMILIES, device_id=device_id, owner_id=person_id, now=now, why=why)


def revoke_device(services: Services, request: Request, value: str, client_id: str) -> bool:
    """An app on the device signs all of them out (RFC 7009); answers whether it was a device's latest secret."""
    found = find(services, request, value, client_id)
    if not isinstance(found, Device):
        return False
    with services.db.transaction() as tx:
        end(tx, found.row.person_id, found.id, services.clock(), "an app of the device ended it")
        record(tx, Event(
            "device:ended", actor=client_id, person_id=found.row.person_id, client_id=client_id,
            session_id=found.row.session_id, address=request.remote_address, request_id=request.id,
            detail={"device": found.id},
        ), services.clock())  # fmt: skip
    return True


def ds_hash(services: Services, device_id: str) -> str:
    """What binds an ID token to the device (§3.4): by a key of ours, the same whatever secret is the latest."""
    mac = hmac.digest(services.sealer.mac_key("ds-hash"), device_id.encode(), "sha256")
    return urlsafe_b64encode(mac[:16]).rstrip(b"=").decode("ascii")


def _chain(services: Services, device_id: str) -> Chain:
    return Chain(services.sealer.mac_key("device-chain"), device_id)
