"""Somebody who had their account in another product, with what they prove themselves by there (Y3).

Their id is kept, since applications know them by it (`sub`, Core 1.0 §8); a hash stays what it is until they sign in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from idp.accounts import factors
from idp.accounts.factors import totp, webauthn
from idp.accounts.person import Draft, Person
from idp.accounts.services import Services
from idp.audit import Recorder
from idp.db import Transaction, joined


@dataclass(frozen=True, slots=True)
class Seed:
    """An authenticator app. `secret`: base32."""

    secret: str = field(repr=False)
    label: str = ""


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey or security key. `id`, `public_key` (COSE), `user_handle`: base64url; `party`: the domain it is for.

    `user_handle` '': nobody says which one it has.
    """

    id: str
    public_key: str
    party: str
    counter: int = 0
    label: str = ""
    aaguid: str = ""
    transports: tuple[str, ...] = ()
    user_handle: str = ""
    alone: bool = False  # made to sign in by itself: it is discoverable, and verifies whoever holds it


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """One person. `id`: what they were called by, '' for a new one; `password_hash`: of `hash_schemes`, or argon2's."""

    draft: Draft
    id: str = ""
    enabled: bool = True
    password_hash: str | None = field(default=None, repr=False)
    seeds: tuple[Seed, ...] = ()
    passkeys: tuple[Passkey, ...] = ()


def carry(services: Services, one: Carried, record: Recorder) -> Person:
    """Add them with all they have, or not at all.

    Errors: `InvalidPerson`; `idp.db.Conflict` where a passkey is somebody's already; `factors.TooMany`;
    `ValueError` for a seed that is none.
    """
    with services.db.transaction() as tx:
        directory = services.directory.within(joined(tx))
        person = directory.add(one.draft, password_hash=one.password_hash, record=record, person_id=one.id)
        for seed in one.seeds:
            _tell(tx, record, totp.carry(tx, services, person, seed.secret, seed.label))
        for passkey in one.passkeys:
            kept = factors.add(
                tx, services.clock(), person.id, webauthn.KIND, passkey.label, key=passkey.id, data=_data(passkey),
                counter=passkey.counter,
            )  # fmt: skip
            _tell(tx, record, kept)
        return person if one.enabled else directory.disable(person.id, record=record)


def with_groups(one: Carried, names: tuple[str, ...]) -> Carried:
    """In these groups too."""
    return replace(one, draft=replace(one.draft, groups=(*dict.fromkeys((*one.draft.groups, *names)),)))


def _data(passkey: Passkey) -> dict[str, Any]:
    """As `webauthn.verify_registration` has it; whether it can be synced shows when it is used."""
    data: Mapping[str, Any] = {
        "rp_id": passkey.party, "public_key": passkey.public_key, "transports": list(passkey.transports),
        "aaguid": passkey.aaguid, "attestation": "none", "user_verified": passkey.alone,
        "discoverable": passkey.alone or None, "user_handle": passkey.user_handle, "carried": True,
    }  # fmt: skip
    return {name: value for name, value in data.items() if value is not None}


def _tell(tx: Transaction, record: Recorder, kept: factors.Enrolled) -> None:
    detail = {"person_id": kept.person_id, "factor": kept.id, "kind": kept.kind, "label": kept.label, "carried": True}
    record(tx, "factor:added", detail)
