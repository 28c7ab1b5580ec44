"""`doorward client add saml` and `doorward client refresh`: SAML service providers by their metadata."""

from __future__ import annotations

import contextlib
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idp.cli import application_options
from idp.cli.installation import opened, shell
from idp.cli.terminal import command, complain, print_json, say, timestamp, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from clients.registry import Registered
    from idp.protocols import Services
    from idp.saml.metadata.description import Description
    from idp.saml.metadata.sources import Origin

#: The option that gives a field, where it is not `--set field=…`.
OPTIONS = {
    "client_name": "--name",
    "entity_id": "--entity-id",
}


def add_parsers(kinds: Any, verbs: Any) -> None:
    """Add `client add saml` and `client refresh`."""
    add = with_json(command(kinds, "saml", run_add, "register a SAML service provider"))
    add.add_argument(
        "--metadata", metavar="FILE_OR_URL", help="its metadata; a URL is read again from then on, - is stdin"
    )
    add.add_argument("--entity-id", metavar="E", help="which one, where the metadata has several; or without metadata")
    add.add_argument(
        "--acs", metavar="URL", action="append", default=[], help="without metadata: where it takes Responses"
    )
    add.add_argument("--key", metavar="FILE", help="certificates (PEM) of which one must have signed the metadata")
    add.add_argument("--name", metavar="N", help="what people read on the sign-in page; else what the metadata says")
    add.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], help="sign, encrypt, attributes and more"
    )
    application_options.add_access(add)
    refresh = application_options.add_client(
        with_json(command(verbs, "refresh", run_refresh, "read a service provider's metadata again"))
    )
    refresh.add_argument("--metadata", metavar="FILE_OR_URL", help="from here this once; - is stdin")


# -- verbs -----------------------------------------------------------------------------------------------------------


def run_add(args: Namespace) -> None:
    """Register a service provider."""
    from idp.admin import descriptions
    from idp.admin import service_providers as verbs

    facts = "--metadata" if args.metadata else "--entity-id, --acs"
    with opened(args) as services, naming_options(facts), explained():
        found, origin = _described_by(services, args)
        from clients.registry import Draft

        settings = application_options.settings(args.set, "--set", fields())
        draft = Draft(
            kind="saml", name=args.name or "", metadata=settings, access=application_options.rule(services, args)
        )
        made = verbs.register(services, shell(), found, draft, origin=origin)
        shown = descriptions.described(services, made.client)
    if args.json:
        print_json({**shown, "warnings": list(made.warnings)})
        return
    _say_added(made, shown)


def _say_added(made: Registered, shown: Mapping[str, Any]) -> None:
    say(
        f"Registered {made.client.name}, {shown['entity_id']}.",
        f"Client id:    {made.client.id}",
        "",
        "Give the application our metadata; it has all of the rest:",
        f"Metadata URL: {shown['metadata_url']}",
        f"Entity ID:    {shown['idp_entity_id']}",
        f"Sign-on URL:  {shown['sso_url']}",
        f"Logout URL:   {shown['slo_url']}",
        f"Start URL:    {shown['start_url'] or '- (allow_idp_initiated is off)'}",
    )
    complain(*(f"note: {warning}" for warning in made.warnings))


def run_refresh(args: Namespace) -> None:
    """Read a service provider's metadata again."""
    from idp.admin import descriptions
    from idp.admin import service_providers as verbs

    with opened(args) as services, naming_options(), explained():
        client = application_options.get(services, args.client)
        if client.saml is None:
            raise Refused(f"{client.name} is no SAML service provider: it has no metadata to read")
        found = read(services, args.metadata, client.saml.entity_id) if args.metadata else None
        changed, notes = verbs.refresh(services, shell(), client, found)
        shown = descriptions.described(services, services.registry.get(client.id))
    if args.json:
        print_json({**shown, "changed": changed, "warnings": list(notes)})
        return
    say(f"{client.name} ({client.id}) {'has new metadata' if changed else 'is up to date'}.")
    complain(*(f"note: {note}" for note in (*shown["troubles"], *notes)))


# -- below -----------------------------------------------------------------------------------------------------------


def fields() -> Mapping[str, Any]:
    """What can be set for a service provider."""
    from clients.saml_fields import SETTINGS

    return SETTINGS


def rows(shown: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What a service provider is, for people: certificates by number, times as times."""
    facts = dict(shown["sp_metadata"])
    found = [(key, value) for key, value in shown.items() if key not in _APART]
    found += [("trouble", text) for text in shown["troubles"]]
    for key in ("acs", "slo"):
        found += [(key, f"{e['location']} ({e['binding'].rpartition(':')[2]})") for e in facts.get(key, ())]
    found += [(key, len(facts.get(key, ()))) for key in ("signing_certificates", "encryption_keys")]
    if "valid_until" in facts:
        found.append(("valid_until", timestamp(facts["valid_until"])))
    if shown["source"]:
        about = shown["source"]
        found += [("source", about["url"]), ("read", timestamp(about["checked_at"]))]
        found += [("error", about["error"])] if about["error"] else []
    return found


_APART = ("sp_metadata", "source", "metadata_source", "troubles")


def _described_by(services: Services, args: Namespace) -> tuple[Description, Origin | None]:
    """What the options say a service provider is, and the URL that it is read from."""
    if args.metadata:
        if args.acs:
            raise Refused("--acs: is for an application without metadata; the metadata says where Responses go")
        from idp.saml.metadata.sources import Origin

        keys = certificates(args.key)
        found = read(services, args.metadata, args.entity_id, keys)
        return found, Origin(args.metadata, keys) if is_url(args.metadata) else None
    if not args.entity_id or not args.acs:
        raise Refused("--metadata: give the application's metadata (a file, a URL or -), or --entity-id and --acs")
    if args.key:
        raise Refused("--key: is for metadata that is signed; there is none here")
    from idp.saml.metadata.description import from_acs

    return from_acs(args.entity_id, args.acs), None


def read(services: Services, given: str, entity_id: str | None, keys: tuple[str, ...] = ()) -> Description:
    """The service provider that a file, a URL or - (standard input) describes. Errors: `BadMetadata`, `Refused`."""
    from idp.admin import service_providers as verbs
    from idp.saml.metadata.sources import Origin

    if is_url(given):
        return verbs.read_url(services, Origin(given, keys), entity_id)
    return verbs.read_document(services, _bytes(given), entity_id, keys)


def is_url(given: str) -> bool:
    """Whether somebody means an address, not a file."""
    return given.partition("://")[0].lower() in ("http", "https") and "://" in given


def _bytes(given: str) -> bytes:
    from idp.saml.metadata.reading import MAX_BYTES

    try:
        if given == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with Path(given).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Refused(f"--metadata: {given} cannot be read: {error.strerror}") from None


def certificates(file: str | None) -> tuple[str, ...]:
    """The certificates of a PEM file, DER in base64. Errors: `Refused`."""
    if not file:
        return ()
    from idp.saml.messages.public_keys import certificates_of
    from idp.saml.messages.signature_gate import BadSignature

    try:
        found = certificates_of(Path(file).read_text("ascii", "replace"))
    except OSError as error:
        raise Refused(f"--key: {file} cannot be read: {error.strerror}") from None
    except BadSignature as error:
        raise Refused(f"--key: {file}: {error.reason}") from None
    if not found:
        raise Refused(f"--key: {file} has no certificate (PEM: -----BEGIN CERTIFICATE-----)")
    return found


def naming_options(facts: str = "--metadata") -> contextlib.AbstractContextManager[None]:
    """Everything that is wrong with a registration, each under the option to change."""
    return application_options.naming_options(options={**OPTIONS, "sp_metadata": facts})


@contextlib.contextmanager
def explained(option: str = "--metadata") -> Iterator[None]:
    """Metadata that cannot be taken, as a sentence."""
    from idp.saml.metadata.lexical import BadMetadata

    try:
        yield
    except BadMetadata as error:
        raise Refused(f"{option}: {error.reason}") from None
