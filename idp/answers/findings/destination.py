"""The Destination that a SAML message bears: the application's idea of our address."""

from __future__ import annotations

from collections.abc import Iterator

from idp.answers.differences import differences
from idp.answers.finding import Finding
from idp.answers.seen import Seen, shown_uri
from idp.saml.messages.locations import is_same_place
from idp.saml.protocol import SLO_PATH, SSO_PATH


def look(seen: Seen) -> Iterator[Finding]:
    """Bind §3.4.5.2, §3.5.5.2."""
    if seen.asked is None:
        return
    ours = seen.services.url(SLO_PATH if seen.kind == "slo" else SSO_PATH)
    got = seen.asked.header.destination
    if got is not None and not is_same_place(got, ours):
        how = "; ".join(differences(got, ours))
        fix = f"{how[0].upper()}{how[1:]}. The application has an old address of ours: let it read our metadata again."
        yield Finding("destination", "application", "Destination", fix, ours, shown_uri(got))
    if seen.asked.header.version != "2.0":
        fix = "Set the application to SAML 2.0."
        yield Finding("version", "application", "Version", fix, "2.0", seen.asked.header.version[:20])
    if "SAMLResponse" in seen.sent:
        fix = "This address takes requests; the application should take answers at an address of its own."
        yield Finding("saml_response", "application", "SAMLRequest", fix, "SAMLRequest", "SAMLResponse")
