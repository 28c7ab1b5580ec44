"""Every kind of provider, one row each."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

from idp.federation.provider import OIDC, Provider

if TYPE_CHECKING:
    from idp.federation.ports import Kind

#: The module of each, whose `KIND` is a `ports.Kind`; loaded when somebody signs in by it.
KINDS: Final = {OIDC: "idp.federation.openid.kind"}


def of(provider: Provider) -> Kind:
    """What speaks with a provider. Errors: `LookupError` for a kind that there is not."""
    return _load(KINDS[provider.kind])


@cache
def _load(module: str) -> Kind:
    found: Kind = import_module(module).KIND
    return found
