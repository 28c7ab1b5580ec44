"""`doorward provider keys`: by which certificates a SAML provider signs, and which of them count."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from idp.cli.installation import opened, shell
from idp.cli.terminal import command, print_json, print_table, printable, say, timestamp, with_json
from idp.installation.failures import Refused


def add_parser(verbs: Any) -> None:
    """Add it to the verbs of `provider`."""
    keys = with_json(command(verbs, "keys", run, "the signing certificates of a SAML provider; pin them"))
    keys.add_argument("provider", metavar="PROVIDER", help="its name or id")
    which = keys.add_mutually_exclusive_group()
    which.add_argument("--pin", action="store_true", help="only those of today count; a new one waits for your yes")
    which.add_argument("--trust", metavar="SHA256", help="say yes to one that waits")


def run(args: Namespace) -> None:
    """Show them, after what is asked for was done."""
    from idp.admin import provider_keys
    from idp.cli.providers import explained, find

    with opened(args) as services, explained():
        one = find(services, args.provider).provider
        try:
            if args.pin or args.trust:
                provider_keys.pin(services, shell(), one.id, args.trust or "")
        except provider_keys.UnknownKey:
            raise Refused(
                "its metadata has no such certificate, or was not read yet: `doorward provider test` reads it"
            ) from None
        found = provider_keys.of(services, shell(), one.id)
    if args.json:
        print_json({"keys": [
            {"sha256": key.fingerprint, "name": key.name, "ends": key.ends, "counts": key.counts} for key in found
        ]})  # fmt: skip
        return
    rows = [
        (key.fingerprint, printable(key.name), timestamp(key.ends), "counts" if key.counts else "waits for your yes")
        for key in found
    ]
    print_table(("SHA-256", "Certificate", "Ends", "State"), rows, "None is known: it speaks no SAML, or was not read.")
    waiting = [key for key in found if not key.counts]
    if waiting:
        say(f"Compare it with the provider's people, then: doorward provider keys {one.id} --trust SHA256")
