"""What a provider that speaks OpenID Connect may say: see `ports.Rules`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from idp.federation.ports import Wrong
from idp.federation.provider import Provider
from idp.http import OutboundRefused, parse
from keys.algorithms import ALGORITHMS

_TENANT: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def problems(one: Provider) -> Iterator[Wrong]:
    """What cannot be kept, and why."""
    yield from _address(one)
    if not one.client_id:
        yield Wrong("client_id", "is missing: the id under which Doorward is registered there")
    if one.auth_method == "apple" and not (one.key_id and one.team_id):
        yield Wrong("key_id", "Apple's key id and team id are needed with auth_method apple")
    if "openid" not in one.scopes:
        yield Wrong("scopes", "openid is missing")
    if not one.subject:
        yield Wrong("subject", "name the claims that make the key of an account, such as sub")
    # A name or an address is given to somebody else one day, and is whatever its owner types (nOAuth).
    if {"email", "upn", "preferred_username", "unique_name", "name"}.intersection(one.subject):
        yield Wrong("subject", "an address or a name is no key: use sub, or oid with tid")
    if unknown := sorted(set(one.algorithms) - set(ALGORITHMS)):
        yield Wrong("algorithms", f"{unknown[0]} is not supported; use {', '.join(ALGORITHMS)}")
    yield from _tenants(one)


def secret_problems(issuer: str, one: Provider, secret: str) -> Iterator[Wrong]:
    """A secret, or our own key in place of one."""
    if one.auth_method == "private_key_jwt":
        # What our key signs with our own name as its issuer is an ID token of ours (RFC 8725 §3.11).
        if one.client_id == issuer:
            yield Wrong("client_id", "with private_key_jwt it cannot be this issuer itself")
    elif not secret:
        yield Wrong("secret", "is missing: the client secret, or Apple's .p8 file")


def _address(one: Provider) -> Iterator[Wrong]:
    parts = urlsplit(one.issuer)
    if parts.query or parts.fragment:
        yield Wrong("issuer", "an issuer has no query and no fragment")
    try:
        parse(one.issuer)
    except OutboundRefused as error:
        yield Wrong("issuer", f"{error.reason}; expected such as https://login.example.com")


def _tenants(one: Provider) -> Iterator[Wrong]:
    if bad := [name for name in one.tenants if _TENANT.fullmatch(name) is None]:
        yield Wrong("tenants", f"{bad[0]} is no tenant id, such as 5d0f3f2c-0000-0000-0000-000000000000")
    if one.template == "entra":
        tenant = urlsplit(one.issuer).path.casefold().split("/")[1:2]
        if tenant in (["common"], ["organizations"], ["consumers"]) and not one.tenants:
            yield Wrong("tenants", "this issuer serves every tenant of the world: name those whose people may come")
