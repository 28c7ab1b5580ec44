"""All of a federation that can be tried without a person: I11."""

from __future__ import annotations

from idp.federation.ports import Found
from idp.federation.provider import Provider
from idp.federation.saml import ours
from idp.federation.saml.federations import members, refreshing
from idp.protocols import Services
from idp.saml.metadata.lexical import day_of

_SOON = 2 * 86400.0  # seconds


def test(services: Services, provider: Provider) -> tuple[Found, ...]:
    """Its list read now, how many of it may come, and until when it holds."""
    stands, where = refreshing.refresh(services, provider), members.listed_at(provider)
    if stands.reason:
        fix = "Compare the address and the certificate with what the federation publishes; people go on by what stands."
        return (Found(f"list of organisations at {where}", False, f"{fix} ({stands.reason})"),)
    may = sum(members.is_allowed(provider, one) for one in members.every(services, provider))
    found = [Found(f"list of organisations at {where}: {stands.many}, of which people may come from {may}", may > 0,
                   "" if may else "Compare `members` with it: nobody may come by what it names.")]  # fmt: skip
    if stands.until is not None:
        is_soon = stands.until - services.clock() < _SOON
        fix = "Nobody signs in by it after that: see why the federation publishes no newer one." if is_soon else ""
        found.append(Found(f"it holds until {day_of(stands.until)}", not is_soon, fix))
    if provider.mdq_url:
        found.append(Found(f"MDQ server, asked when somebody has chosen: {provider.mdq_url}", True))
    return (*found, Found(f"our metadata, to register there: {ours.metadata_url(services, provider.id)}", True))
