"""What may be said of a federation: see `ports.Rules`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from idp.federation.ports import Wrong
from idp.federation.provider import Provider
from idp.federation.saml import metadata
from idp.federation.saml.entity import BadMetadata
from idp.federation.saml.federations.accounts import KEYS, SCOPED
from idp.http import OutboundRefused, parse
from idp.protocols import Services

_ADDRESSES: Final = ("federation_url", "mdq_url", "discovery_url")


def problems(one: Provider) -> Iterator[Wrong]:
    """What cannot be kept, and why."""
    if not one.federation_url and not one.mdq_url:
        yield Wrong("federation_url", "give the address of its aggregate, or mdq_url of its MDQ server; or both")
    for name in _ADDRESSES:
        try:
            if getattr(one, name):
                parse(getattr(one, name))
        except OutboundRefused as error:
            yield Wrong(name, f"{error.reason}; expected an https address")
    # IIP-MD03: thousands of organisations are believed by it.
    if not one.metadata_keys:
        yield Wrong("metadata_keys", "is missing: the certificate of whoever signs the federation's metadata")
    else:
        try:
            metadata.keys_of(one)
        except BadMetadata:
            yield Wrong("metadata_keys", "expected certificates in PEM form")
    if not one.subject or not set(one.subject) <= set(KEYS):
        yield Wrong("subject", f"one or more of {', '.join(KEYS)}; the first that an organisation sends is the key")
    # Any of thousands could say otherwise that somebody is in any group.
    if one.groups_claim and one.groups_claim not in SCOPED:
        yield Wrong("groups_claim", f"of a federation only a scoped attribute gives groups: {', '.join(SCOPED[2:5])}")
    for name in one.members:
        if not name.startswith(("https://", "http://", "urn:", "authority:", "category:")):
            yield Wrong("members", f"{name[:60]}: expected an entityID, authority:… or category:…")


def secret_problems(issuer: str, one: Provider, secret: str) -> Iterator[Wrong]:
    """Our own key stands in place of one."""
    yield from ()


def completed(services: Services, said: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Wrong, ...]]:
    """With the keys of an account that a federation's organisations have; many know no persistent NameID to ask for."""
    return {"subject": [*KEYS], "name_id_format": "", **said}, ()
