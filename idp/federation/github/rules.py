"""What a provider that is GitHub may say: see `ports.Rules`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from idp.federation.ports import Wrong
from idp.federation.provider import Provider
from idp.http import OutboundRefused, parse

#: GitHub's names of organisations, or `id:` and the number.
_ORGANIZATION: Final = re.compile(r"id:[1-9][0-9]{0,18}|[A-Za-z0-9][A-Za-z0-9-]{0,99}")
_LEFT: Final = (
    "GitHub states an address as verified when its owner has long left the company; people prove theirs here once"
)


def problems(one: Provider) -> Iterator[Wrong]:
    """What cannot be kept, and why."""
    parts = urlsplit(one.issuer)
    try:
        parse(one.issuer)
        if parts.query or parts.fragment or parts.path not in ("", "/"):
            yield Wrong("issuer", "give the host alone, such as https://github.com or https://github.example.com")
    except OutboundRefused as error:
        yield Wrong("issuer", f"{error.reason}; expected such as https://github.com")
    if not one.client_id:
        yield Wrong("client_id", "is missing: of the OAuth app, as GitHub shows it")
    if "openid" in one.scopes:
        yield Wrong("scopes", "GitHub knows no openid; use read:user, user:email, and read:org for organisations")
    if (one.organizations or one.groups_claim) and not _reads_organizations(one):
        yield Wrong("scopes", "read:org is missing: without it private memberships are not to be seen")
    if bad := [name for name in one.organizations if _ORGANIZATION.fullmatch(name) is None]:
        yield Wrong("organizations", f"{bad[0]} is none; expected such as acme, or id:123")
    if one.create and not one.organizations:
        yield Wrong("create", "name the organizations: else everybody at GitHub would be given an account")
    if one.join or one.domains:
        yield Wrong("join" if one.join else "domains", _LEFT)
    if one.groups_claim not in ("", "groups"):
        yield Wrong("groups_claim", "expected groups: acme, id:123, acme/devs, id:123/456")


def secret_problems(issuer: str, one: Provider, secret: str) -> Iterator[Wrong]:
    """It has a client secret."""
    if not secret:
        yield Wrong("secret", "is missing: a client secret of the OAuth app")


def _reads_organizations(one: Provider) -> bool:
    return not {"read:org", "write:org", "admin:org"}.isdisjoint(one.scopes)
