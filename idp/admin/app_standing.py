"""What an application holds at this moment, in numbers: what turning it off or removing it would end (B5, R7)."""

from __future__ import annotations

from dataclasses import dataclass

from clients.client import Client
from idp.protocols import Services


@dataclass(frozen=True, slots=True)
class Standing:
    """`sign_ins`: what stands of OpenID Connect or SAML; `people` who have it."""

    sign_ins: int
    people: int


def of(services: Services, client: Client) -> Standing:
    """Counted anew; it reads all that stands, so it is for a page before something is ended."""
    if client.saml is not None:
        from idp.saml.logout import standing

        found = standing.holders(services, client)
    else:
        from idp.oidc.ledger import revocation

        found = revocation.holders(services, client)
    return Standing(len(found), len(set(found)))
