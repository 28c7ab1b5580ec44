"""The entity ID that a SAML message bears, against the one that is registered."""

from __future__ import annotations

from collections.abc import Iterator

from idp.answers.differences import differences
from idp.answers.finding import Finding
from idp.answers.seen import Seen, shown_uri


def look(seen: Seen) -> Iterator[Finding]:
    """Core §2.2.5: compared character by character."""
    provider = seen.client.saml
    if provider is None:
        return
    if not seen.client.enabled:
        fix = f"{seen.client.name} is turned off here; if it shall be on: doorward client enable {seen.client.id}"
        yield Finding("turned_off", "doorward", "enabled", fix, "on", "off")
    if not provider.is_current(seen.services.clock()):
        fix = "Its metadata ran out (validUntil): read it again, or give newer metadata by hand."
        yield Finding("metadata_expired", "doorward", "validUntil", fix, "a date ahead", "a date that is over")
    if seen.issuer and seen.issuer != provider.entity_id:
        how = "; ".join(differences(seen.issuer, provider.entity_id))
        fix = (
            f"{how[0].upper()}{how[1:]}. Correct the entity ID there, or register the application by its metadata anew."
        )
        yield Finding("issuer", "application", "Issuer", fix, provider.entity_id, shown_uri(seen.issuer))
