"""What is wrong with a client id that is the address of a document, in words for each who reads it."""

from __future__ import annotations

from typing import Final

from clients.documents import hosts
from clients.documents.address import Address
from clients.documents.hosts import Host
from idp.ids import shown_id
from idp.oidc.destination import Untrusted
from idp.protocols import Services
from idp.texts import N_
from idp.wire import with_parameters

_EXPECTED: Final = "the address of a client-ID metadata document"


def off(client_id: str) -> Untrusted:
    """The setting is off."""
    return Untrusted(
        "client_documents_off", N_("This application is not registered here."),
        "client_id is an address, and this service takes no client-ID metadata documents.",
        detail=f"client_id {shown_id(client_id)!r}", side="doorward", expected="a client id that is registered here",
        got=shown_id(client_id), fix="Register the application, or set client_id_documents to hosts in [oauth] and "
        "allow its host: doorward registration allow HOST",
    )  # fmt: skip


def address(client_id: str, why: str) -> Untrusted:
    """It is no address that counts."""
    return Untrusted(
        "client_document_address", N_("This application is not registered here."),
        f"client_id {why}.", detail=f"client_id {shown_id(client_id)!r} {why}", expected=_EXPECTED,
        got=shown_id(client_id), fix=f"Let the application send another client id: this one {why}.",
    )  # fmt: skip


def host(services: Services, address: Address, known: Host | None) -> Untrusted:
    """No admin lets its host in."""
    is_refused = known is not None and known.state == hosts.REFUSED
    allow = f"doorward registration allow {address.host}"
    may_ask = services.settings.oauth.client_id_documents == "approval" and not is_refused
    return Untrusted(
        "client_document_host", N_("Programs of %(host)s are not let in here.", host=address.host),
        f"The host {address.host} is not allowed here; its documents are not read.",
        detail=f"{address.url}: {'refused' if is_refused else 'nobody has allowed it'}", side="doorward",
        expected="a host that an admin has allowed", got=address.host,
        fix=f"An admin has refused {address.host}; if its programs shall come in after all: {allow}" if is_refused
        else f"If its programs shall come in: {allow}",
        way_on=with_parameters(services.url("/programs"), [("program", address.url)]) if may_ask else "",
    )  # fmt: skip


def unreadable(address: Address, reason: str) -> Untrusted:
    """It cannot be had now."""
    return Untrusted(
        "client_document_unreadable",
        N_("What %(host)s says of its program cannot be read at the moment. Try again in a minute.", host=address.host),
        "The document at client_id could not be read.", detail=f"{address.url}: {reason}", expected=_EXPECTED,
        got=reason, fix=f"{address.url} could not be read: {reason}. Only 200 with JSON of at most 5 kB counts, "
        "without a redirect, from a public address; others stand in outbound.allow.",
    )  # fmt: skip


def wrong(address: Address, reason: str, field: str) -> Untrusted:
    """It says what may not be."""
    return Untrusted(
        "client_document", N_("What %(host)s says of its program may not be.", host=address.host),
        f"The document at client_id: {reason[:400]}", detail=f"{address.url}: {reason}"[:1000], field=field,
        expected="a document by the rules of a registration", got=reason[:300],
        fix=f"Let whoever runs {address.host} correct its document: {reason[:600]}",
    )  # fmt: skip


def too_often(address: Address, limit: str) -> Untrusted:
    """Nobody makes us ask at will."""
    return Untrusted(
        "client_document_too_often",
        N_("%(host)s is asked too often at the moment. Try again in a minute.", host=address.host),
        "Documents are asked for too often; try again in a minute.", detail=f"{address.url}: {limit}", side="nobody",
        expected=limit, got="more", fix="It passes by itself. Whoever sends one made-up client id after the other is "
        "held back so that nobody else is asked in our name.",
    )  # fmt: skip
