"""The certificates of SAML, for `doorward key …`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.cli.installation import shell
from idp.cli.terminal import print_json, print_table, say, timestamp, when_everywhere
from idp.installation.failures import Failed, Refused

if TYPE_CHECKING:
    from idp.protocols import Services


def show(services: Services) -> None:
    """The table under the one of the signing keys."""
    from idp.admin import certificates as verbs

    keys = verbs.published(services)
    if keys:
        rows = [
            (f"{k.use} ({k.kind})", k.state, k.kid, k.expires_at.date().isoformat(), verbs.fingerprint(k)) for k in keys
        ]
        say("")
        print_table(("SAML certificate", "State", "Id", "Ends", "SHA-256"), rows, "")


def rotate(services: Services, use: str, kind: str, as_json: bool) -> None:
    """Put the next certificate into the metadata."""
    from idp.admin import certificates as verbs

    prepared, is_new = verbs.prepare(services, shell(), use, kind)
    if as_json:
        _print(services)
        return
    say(
        ("" if is_new else "Nothing was made: ")
        + f"{prepared.kid} stands in the metadata{'' if is_new else ' already,'} at {services.url('/saml/metadata')}.",
        "When the service providers have read it, let it sign: " + f"doorward key promote {prepared.kid}",
    )


def promote(services: Services, kid: str, *, force: bool, as_json: bool) -> None:
    """Let a certificate sign. Errors: `Failed` when it is too early."""
    from idp.admin import certificates as verbs
    from keys.certificates import TooEarly

    def run() -> None:
        verbs.promote(services, shell(), kid, force=force)

    try:
        when_everywhere(services, run, "shows it in the metadata")
    except TooEarly as error:
        raise Failed(
            f"{kid} has not been in the metadata for long enough: from {timestamp(error.at)} on, or with --force"
        ) from None
    if as_json:
        _print(services)
    else:
        say(f"{kid} signs now. The one before it stays in the metadata until: doorward key withdraw <its id>")


def withdraw(services: Services, kid: str, *, as_json: bool) -> None:
    """Take a certificate out of the metadata. Errors: `Refused` for the one that signs."""
    from idp.admin import certificates as verbs

    def run() -> None:
        verbs.withdraw(services, shell(), kid)

    try:
        when_everywhere(services, run, "has stopped signing with it")
    except ValueError as error:
        raise Refused(str(error)) from None
    if as_json:
        _print(services)
    else:
        say(f"{kid} is gone from the metadata.")


def _print(services: Services) -> None:
    from idp.admin import certificates as verbs

    print_json({"certificates": [verbs.described(key) for key in verbs.published(services)]})
