"""Where a SAML answer is wanted (AssertionConsumerService), against the metadata."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from clients import redirects
from idp.answers import metadata
from idp.answers.commands import adding_address, not_registrable
from idp.answers.differences import differences
from idp.answers.finding import Finding
from idp.answers.seen import Seen, shown_uri

_BINDINGS: Final = ("HTTP-POST", "HTTP-Artifact")  # that we answer by


def look(seen: Seen) -> Iterator[Finding]:
    """Prof §4.1.4.1; SDP-IDP06: exactly as in the metadata."""
    asked, provider = seen.asked, seen.client.saml
    if asked is None or provider is None:
        return
    got = asked.acs_url
    if got is not None and asked.acs_index is not None:
        fix = "It names its address twice, by URL and by index (Core §3.4.1): let it send one of them."
        field, both = "AssertionConsumerServiceIndex", f"{shown_uri(got)} and {asked.acs_index}"
        yield Finding("acs_twice", "application", field, fix, "the URL, or the index", both)
    elif got is not None and got not in provider.acs_locations:
        nearest = redirects.nearest(got, provider.acs_locations)
        yield Finding(
            "acs", "application", "AssertionConsumerServiceURL", _fix(seen, got, nearest), nearest, shown_uri(got)
        )
    elif asked.acs_index is not None and provider.find_acs_by_index(asked.acs_index) is None:
        known = ", ".join(str(one.index) for one in provider.acs)
        fix = f"What is registered has no address with this index. Let it send the address itself, or {_newer(seen)}"
        field = "AssertionConsumerServiceIndex"
        yield Finding("acs_index", "application", field, fix, known, str(asked.acs_index))
    if seen.code == "saml_unsupportedbinding" or _has_none(seen):
        yield _binding(seen)


def _fix(seen: Seen, got: str, nearest: str) -> str:
    if got.startswith(seen.services.url("/")):
        return (
            "It asks for its answer at an address of ours: its own address and the one of the identity provider are "
            "mixed up in its settings."
        )
    how = "; ".join(differences(got, nearest))
    fix = f"{how[:1].upper()}{how[1:]}. "
    if _is_another_s(seen, got):
        fix += "It is the address of another application that is registered here, its test system perhaps: the two "
        fix += "share settings that each must have for itself. "
    if got.startswith("http://") and nearest.startswith("https://"):
        fix += "Behind a proxy that ends TLS it must know its public address (X-Forwarded-Proto). "
    provider = seen.client.saml
    if refused := not_registrable(seen, "acs", got):
        return f"{fix}Correct its address there: what it sends could not be registered either ({refused})."
    if provider is not None and provider.is_typed:
        return f"{fix}Correct its address there; or, where it has moved, {_newer(seen, got)}"
    by_hand = provider is not None and provider.source is None
    alone = f" – or register the address alone: {_adding(seen, got)}" if by_hand else ""
    return f"{fix}Correct its address there; or, if its metadata has changed, {_newer(seen)}{alone}"


def _newer(seen: Seen, url: str = "") -> str:
    """How its metadata is read again, and how old it is; where it has none, how the address is registered."""
    if seen.client.saml is not None and seen.client.saml.is_typed:
        told = metadata.age(seen.services, seen.client)
        return f"register the address here. {told} {_adding(seen, url)}"
    return f"read it again. {metadata.age(seen.services, seen.client)} {metadata.read_again(seen.client)}"


def _adding(seen: Seen, url: str) -> str:
    provider = seen.client.saml
    return adding_address(seen.client, "acs", url, provider.acs_locations if provider is not None else ())


def _is_another_s(seen: Seen, url: str) -> bool:
    """Whether another service provider has this address."""
    host = url.partition("://")[2].partition("/")[0].partition(":")[0]
    found = seen.services.registry.search(host, limit=10) if host else ()
    clients = [seen.services.registry.find(one.id) for one in found if one.id != seen.client.id]
    return any(one is not None and one.saml is not None and url in one.saml.acs_locations for one in clients)


def _has_none(seen: Seen) -> bool:
    provider = seen.client.saml
    return provider is not None and not any(one.binding.rpartition(":")[2] in _BINDINGS for one in provider.acs)


def _binding(seen: Seen) -> Finding:
    provider, asked = seen.client.saml, seen.asked
    assert provider is not None
    assert asked is not None
    got = (asked.protocol_binding or "(not said)").rpartition(":")[2]
    has = ", ".join(dict.fromkeys(one.binding.rpartition(":")[2] for one in provider.acs)) or "none"
    if got in _BINDINGS:
        fix = (
            f"What is registered has no AssertionConsumerService by {got} (it has: {has}): {_newer(seen)} Or let "
            "it ask for HTTP-POST."
        )
    else:
        fix = "Answers are sent by HTTP-POST or HTTP-Artifact (Prof §4.1.2). Let it ask for HTTP-POST; registered is: "
        fix += f"{has}."
    return Finding("binding", "application", "ProtocolBinding", fix, "HTTP-POST", got)
