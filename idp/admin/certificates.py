"""The certificates of SAML, as admins roll them: each change with its event, and safe on every server at once."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from idp.admin import key_readers
from idp.admin.keys import check_everywhere, check_seen
from idp.admin.permissions import Permission
from idp.protocols import Services

if TYPE_CHECKING:
    from idp.admin.actor import Actor
    from keys.certificates import Certificate, CertifiedKey


def described(key: CertifiedKey) -> dict[str, Any]:
    """A certificate as programs see it; nothing private."""
    return {
        "kid": key.kid,
        "use": key.use,
        "kind": key.kind,
        "state": key.state,
        "expires_at": key.expires_at.timestamp(),
        "sha256": fingerprint(key),
    }


def fingerprint(key: CertifiedKey) -> str:
    """SHA-256 as other products show it: pairs of hexadecimal digits."""
    digest = hashlib.sha256(key.certificate).hexdigest().upper()
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))


def published(services: Services) -> list[CertifiedKey]:
    """Those in the metadata."""
    return [*services.certificates.published("signing"), *services.certificates.published("encryption")]


def is_one(services: Services, kid: str) -> bool:
    """Whether an id is that of a certificate in the metadata."""
    return any(key.kid == kid for key in published(services))


def prepare(services: Services, actor: Actor, use: str, kind: str) -> tuple[Certificate, bool]:
    """Put the next certificate into the metadata; answers it, and whether it is new. Errors: `NotAllowed`."""
    actor.check(Permission.KEYS_CHANGE)
    before = {one.kid for one in published(services)}
    prepared: Certificate = services.certificates.prepare(use, kind)  # type: ignore[arg-type]
    is_new = prepared.kid not in before
    if is_new:
        actor.record(services)(services.db, "certificate:prepared", {"kid": prepared.kid})
    return prepared, is_new


def promote(services: Services, actor: Actor, kid: str, *, force: bool = False) -> None:
    """Let a certificate sign.

    `force`: though service providers may not have read it.
    Errors: `NotAllowed`, `keys.certificates.TooEarly`, `keys.NotSeen`, `NotEverywhere`.
    """
    actor.check(Permission.KEYS_CHANGE)
    if force:
        # A service provider that fetches metadata for an answer by the new certificate must find it, whoever of our
        # processes is asked (IIP-MD07, K4).
        check_everywhere(services, services.certificates.shown_everywhere_at(kid))
    else:
        services.certificates.check_ripe(kid)
        for key in key_readers.keys_of(services):
            if key.kid == kid and key.state == "next":
                check_seen(services, key)
    from idp.admin.approving.asking import ask

    ask(services, actor, "key:promote", "keys.promote", {"certificate": True, "key": kid, "force": force})
    services.certificates.promote(kid, force=force)
    actor.record(services)(services.db, "certificate:promoted", {"kid": kid})


def withdraw(services: Services, actor: Actor, kid: str) -> None:
    """Take a certificate out of the metadata.

    Errors: `NotAllowed`, `ValueError` for the one that signs, `NotEverywhere`.
    """
    actor.check(Permission.KEYS_CHANGE)
    # One that has retired just now still signs where a process has not looked yet (K4).
    check_everywhere(services, services.certificates.signs_nowhere_at(kid))
    from idp.admin.approving.asking import ask

    ask(services, actor, "key:withdraw", "keys.withdraw", {"certificate": True, "key": kid})
    services.certificates.remove(kid)
    actor.record(services)(services.db, "certificate:removed", {"kid": kid})
