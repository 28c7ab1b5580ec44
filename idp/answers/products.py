"""Which product of the gallery an application is, and what it reads: by the addresses that it was registered with."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from clients.client import Client
from clients.gallery import shelf
from clients.gallery.template import Connection, SamlConnection, Template

_PLACE: Final = re.compile(r"\\\{[a-z_0-9]+\\\}")
#: A word of `reads` that is the name of a claim or an attribute, and no remark about one.
_NAME: Final = re.compile(r"[A-Za-z][\w.:/-]*")


def of_client(client: Client) -> Connection | None:
    """The product; None where no address says so, or several products have such."""
    mine = client.saml.acs_locations if client.saml is not None else client.oidc.redirect_uris
    kind = "saml" if client.saml is not None else "oidc"
    found = [one for one in shelf.everything() if _fits(_addresses(one, kind), mine)]
    called = [one for one in found if one.name.casefold() in client.name.casefold()]
    found = called or found
    return found[0].connection(kind) if len(found) == 1 else None


def names_read(product: Connection | None) -> tuple[str, ...]:
    """The claims or attributes that the product looks at, by name."""
    found = [] if product is None else [one.partition(" (")[0].strip() for one in product.reads]
    return tuple(one for one in found if _NAME.fullmatch(one) and one not in ("NameID", "sub"))


def _addresses(template: Template, kind: str) -> tuple[str, ...]:
    found = template.connection(kind)
    if found is None:
        return ()
    return found.acs if isinstance(found, SamlConnection) else found.redirect_uris


def _fits(patterns: Iterable[str], addresses: Iterable[str]) -> bool:
    return any(_pattern(one).fullmatch(address) for one in patterns for address in addresses)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(_PLACE.sub("[^?#]+", re.escape(text)))
