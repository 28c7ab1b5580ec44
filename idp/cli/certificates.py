"""The certificates of SAML, for `doorward key …`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from idp.cli.installation import recorder
from idp.cli.terminal import print_json, print_table, say, timestamp, wait_for_servers
from idp.installation.failures import Failed, Refused

if TYPE_CHECKING:
    from idp.protocols import Services
    from keys.certificates import Certificate, CertifiedKey


def described(key: CertifiedKey) -> dict[str, Any]:
    """A certificate as `--json` shows it; nothing private."""
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
    import hashlib

    digest = hashlib.sha256(key.certificate).hexdigest().upper()
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))


def published(services: Services) -> list[CertifiedKey]:
    """Those in the metadata."""
    return [*services.certificates.published("signing"), *services.certificates.published("encryption")]


def show(services: Services) -> None:
    """The table under the one of the signing keys."""
    keys = published(services)
    if keys:
        rows = [(f"{k.use} ({k.kind})", k.state, k.kid, k.expires_at.date().isoformat(), fingerprint(k)) for k in keys]
        say("")
        print_table(("SAML certificate", "State", "Id", "Ends", "SHA-256"), rows, "")


def rotate(services: Services, use: str, kind: str, as_json: bool) -> None:
    """Put the next certificate into the metadata."""
    before = {one.kid for one in published(services)}
    prepared: Certificate = services.certificates.prepare(use, kind)  # type: ignore[arg-type]
    is_new = prepared.kid not in before
    if is_new:
        _record(services, "certificate:prepared", prepared.kid)
    if as_json:
        print_json({"certificates": [described(k) for k in published(services)]})
        return
    say(
        ("" if is_new else "Nothing was made: ")
        + f"{prepared.kid} stands in the metadata{'' if is_new else ' already,'} at {services.url('/saml/metadata')}.",
        "When the service providers have read it, let it sign: " + f"doorward key promote {prepared.kid}",
    )


def is_one(services: Services, kid: str) -> bool:
    """Whether an id is a certificate's."""
    return any(k.kid == kid for k in published(services))


def promote(services: Services, kid: str, *, force: bool, as_json: bool) -> None:
    """Let a certificate sign. Errors: `Failed` when it is too early."""
    from keys.certificates import TooEarly

    if force:
        # A service provider that fetches metadata for an answer by the new certificate must find it, whoever of our
        # processes is asked (IIP-MD07, K4).
        wait_for_servers(services, services.certificates.shown_everywhere_at(kid), "shows it in the metadata")
    try:
        services.certificates.promote(kid, force=force)
    except TooEarly as error:
        raise Failed(
            f"{kid} has not been in the metadata for long enough: from {timestamp(error.at)} on, or with --force"
        ) from None
    _record(services, "certificate:promoted", kid)
    if as_json:
        print_json({"certificates": [described(k) for k in published(services)]})
    else:
        say(f"{kid} signs now. The one before it stays in the metadata until: doorward key withdraw <its id>")


def withdraw(services: Services, kid: str, *, as_json: bool) -> None:
    """Take a certificate out of the metadata. Errors: `Refused` for the one that signs."""
    # One that has retired just now still signs where a process has not looked yet (K4).
    wait_for_servers(services, services.certificates.signs_nowhere_at(kid), "has stopped signing with it")
    try:
        services.certificates.remove(kid)
    except ValueError as error:
        raise Refused(str(error)) from None
    _record(services, "certificate:removed", kid)
    if as_json:
        print_json({"certificates": [described(k) for k in published(services)]})
    else:
        say(f"{kid} is gone from the metadata.")


def _record(services: Services, action: str, kid: str) -> None:
    recorder(services.clock)(services.db, action, {"kid": kid})
