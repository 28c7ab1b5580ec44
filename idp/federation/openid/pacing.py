"""What a provider's server pushes is taken at a pace: what cannot be believed is looked at so often and no more.

What a key at hand has signed is the provider's own, however many strangers share its network: it is never held up.
"""

from __future__ import annotations

from typing import Final

from idp.federation.openid import id_token
from idp.federation.openid.id_token import Shape
from idp.federation.provider import Provider
from idp.login.throttle import address_range
from idp.protocols import Services
from idp.wire import Request

#: So many that cannot be believed are looked at for one provider from one network in a minute.
MOST: Final = 60


def is_too_much(services: Services, request: Request, provider: Provider, token: str, shape: Shape) -> bool:
    """Whether this one is not looked at. A process that has no keys of the provider yet cannot tell, and says so."""
    if services.state.count(_key(request, provider), 60, 0) < MOST:
        return False
    return not id_token.is_signed_at_hand(services, provider, token, shape)


def count(services: Services, request: Request, provider: Provider) -> None:
    """One that could not be believed."""
    services.state.count(_key(request, provider), 60)


def _key(request: Request, provider: Provider) -> str:
    return f"upstream:told:pace:{provider.id}:{address_range(request.remote_address)}"
