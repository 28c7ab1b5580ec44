"""Applications as the API has them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from idp.api.models import Model, Paged

Protocol = Literal["oidc", "saml"]


class Access(Model):
    """Who may open an application."""

    everyone: bool
    """Everyone may; groups and persons are empty then."""
    groups: tuple[str, ...] = ()
    """Else the members of these groups, by name,"""
    persons: tuple[str, ...] = ()
    """and these persons, by id. With neither, nobody may."""


class Listed(Model):
    """An application of a list."""

    id: str
    """Its client id; for good."""
    protocol: Protocol
    """What it speaks."""
    name: str
    """What people read."""
    profile: str
    """The kind of OpenID Connect application: web, spa, native, machine, legacy, fapi2; `saml` for SAML."""
    enabled: bool
    """Whether people may sign in to it now."""
    access: Access
    """Who may open it."""
    changed_at: datetime
    """When it was last changed."""
    removed_at: datetime | None
    """When it was removed; it can be restored for 30 days."""


class ListedPage(Model):
    """One page of applications."""

    items: tuple[Listed, ...]
    """Those that are called so come first, then by name."""
    next: str | None
    """`cursor` of the next page; null: this is the last one."""


class Search(Paged):
    """Which applications."""

    query: str = ""
    """Any part of the name, the id, or a host that it lives on."""
    which: Literal["all", "oidc", "saml", "off", "everyone", "removed"] = "all"
    """Only these: by protocol, turned off, open to everyone, removed."""
