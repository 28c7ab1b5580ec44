"""At which organisation somebody signs in, by the state of their request: they choose it on the way there."""

from __future__ import annotations

from typing import Any, Final

from idp.federation import failures
from idp.federation.attempts import TTL
from idp.federation.provider import FEDERATION, Provider
from idp.federation.saml.federations import members
from idp.federation.saml.federations.describing import Member
from idp.ids import digest
from idp.protocols import Services

_KEY: Final = "upstream:chosen:"


def note(services: Services, state: str, one: Member) -> None:
    """They have chosen this one."""
    services.state.put(_KEY + digest(state), one.entity_id, TTL)


def of_state(services: Services, provider: Provider, state: str) -> Member:
    """Which one it was, if people may come from there still. Errors: `Refused`."""
    entity_id: Any = services.state.get(_KEY + digest(state))
    found = members.find(services, provider, entity_id) if isinstance(entity_id, str) else None
    if found is None:
        raise failures.gone()
    return found


def speaking(services: Services, provider: Provider, state: str) -> Provider:
    """Whose answer a state waits for: the provider's own, or of a federation the chosen organisation's.

    Errors: `Refused`.
    """
    if provider.kind != FEDERATION:
        return provider
    return members.speaking(provider, of_state(services, provider, state))
