"""What a document says of its client, by the rules of a registration that nobody vouches for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from clients.documents.address import Address
from clients.errors import InvalidMetadata, Problem
from clients.redirects import is_development
from clients.self_registered import standard
from clients.self_registered.policy import LOOPBACK, Policy
from clients.self_registered.standard import Wanted

#: CIMD §3.1: nothing that rests on a secret that both would have to know.
METHODS: Final = ("none", "private_key_jwt")
_NEVER: Final = ("client_secret", "client_secret_expires_at")
#: Addresses that count where they are the document's own, and are passed over elsewhere: the document is written for
#: every service at once. A logo is never shown: anybody's would do.
_OWN: Final = (
    "client_uri", "policy_uri", "tos_uri", "initiate_login_uri", "frontchannel_logout_uri", "backchannel_logout_uri",
    "backchannel_client_notification_endpoint", "sector_identifier_uri",
)  # fmt: skip
_OWN_LISTS: Final = ("post_logout_redirect_uris", "request_uris")


def read(document: Mapping[str, Any], address: Address, policy: Policy) -> Wanted:
    """The client of a document. `policy`: what the host's may have. Errors: `InvalidMetadata`, with all that is wrong.

    Whether each value is good, the registry's rules say.
    """
    said = {key: value for key, value in document.items() if value is not None}
    if problems := [*_wrong(said, address)]:
        raise InvalidMetadata(*problems)
    said.setdefault("token_endpoint_auth_method", "private_key_jwt" if {"jwks", "jwks_uri"} & said.keys() else "none")
    said = _without_others(said, address)
    if isinstance(said.get("scope"), str):  # RFC 7591 §2: it may be given less than it asked for
        said["scope"] = " ".join(one for one in said["scope"].split() if one in policy.scopes)
    if not said.get("scope"):
        said.pop("scope", None)
    said.setdefault("client_name", address.host)
    return standard.read(said, replace(policy, hosts=(address.host.partition(":")[0], LOOPBACK)))


def _wrong(said: Mapping[str, Any], address: Address) -> Iterator[Problem]:
    if said.get("client_id") != address.url:  # CIMD §3.1: simple string comparison
        yield Problem("client_id", f"in the document is not {address.url}, the address that it was read from")
    for key in _NEVER:
        if key in said:
            yield Problem(key, "stands in a document that everybody reads; take it out")
    method = said.get("token_endpoint_auth_method", "none")
    if method not in METHODS:
        yield Problem("token_endpoint_auth_method", f"{str(method)[:60]}: expected {' or '.join(METHODS)}")
    uris = said.get("redirect_uris")
    for uri in uris if isinstance(uris, list) else [uris]:
        # CIMD §6.1: of the document's origin, so that nobody lends a good host to a bad address; or on the device.
        if not isinstance(uri, str) or not (address.has(uri) or is_development(uri)):
            yield Problem("redirect_uris", f"{str(uri)[:200]}: expected {address.origin}/… or http://127.0.0.1/…")
    jwks_uri = said.get("jwks_uri")
    if jwks_uri is not None and not (isinstance(jwks_uri, str) and address.has(jwks_uri)):
        yield Problem("jwks_uri", f"{str(jwks_uri)[:200]}: expected {address.origin}/…")


def _without_others(said: dict[str, Any], address: Address) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in said.items():
        name = key.partition("#")[0]
        if name == "logo_uri" or (name in _OWN and not (isinstance(value, str) and address.has(value))):
            continue
        if name in _OWN_LISTS and isinstance(value, list):
            # The browser of the person goes to the first; `request_uris` would be asked by us, on this machine.
            may_be_here = name == "post_logout_redirect_uris"
            value = [
                one for one in value
                if isinstance(one, str) and (address.has(one) or (may_be_here and is_development(one)))
            ]  # fmt: skip
            if not value:
                continue
        kept[key] = value
    return kept
