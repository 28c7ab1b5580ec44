"""Every kind of provider, one row each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, cast

from idp.federation.provider import FEDERATION, GITHUB, LDAP, OIDC, SAML, Provider
from idp.texts import N_

if TYPE_CHECKING:
    from idp.federation.ports import Kind, Rules, Wrong
    from idp.services import Services


@dataclass(frozen=True, slots=True)
class Row:
    """A kind. `title`: as admins read it; `module`: whose `KIND` is a `ports.Kind`; `rules`: a `ports.Rules`.

    `secret`: what its secret is called; '' where it has none. `told_at`: the path at which its server says that
    somebody has signed out there, '' where there is none. `completes`: whether its rules fill in what is not said.
    The modules are loaded when they are needed.
    """

    title: str
    module: str
    rules: str
    secret: str
    told_at: str = ""
    completes: bool = False


#: Its fields are rows of `fields`, which name the kinds that know them.
KINDS: Final = {
    OIDC: Row(
        "OpenID Connect", "idp.federation.openid.kind", "idp.federation.openid.rules", N_("Client secret"),
        told_at="/upstream/logout/",
    ),
    LDAP: Row("LDAP", "idp.federation.ldap.kind", "idp.federation.ldap.rules", N_("Password of the bind DN")),
    GITHUB: Row("GitHub", "idp.federation.github.kind", "idp.federation.github.rules", N_("Client secret")),
    SAML: Row("SAML 2.0", "idp.federation.saml.kind", "idp.federation.saml.rules", "", completes=True),
    FEDERATION: Row(
        N_("SAML federation"), "idp.federation.saml.federations.kind", "idp.federation.saml.federations.rules", "",
        completes=True,
    ),
}  # fmt: skip


def of(provider: Provider) -> Kind:
    """What speaks with a provider. Errors: `LookupError` for a kind that there is not."""
    return _load(KINDS[provider.kind].module)


def rules_of(provider: Provider) -> Rules:
    """What it may say. Errors: `LookupError` for a kind that there is not."""
    return cast("Rules", import_module(KINDS[provider.kind].rules))


@cache
def _load(module: str) -> Kind:
    found: Kind = import_module(module).KIND
    return found


def completed(row: Row, services: Services, said: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Wrong, ...]]:
    """What is said, with what the kind finds out by itself; and what hinders it."""
    found: tuple[dict[str, Any], tuple[Wrong, ...]] = import_module(row.rules).completed(services, said)
    return found
