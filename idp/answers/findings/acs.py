"""Where a SAML answer is wanted (AssertionConsumerService), against the metadata."""

from __future__ import annotations

from collections.abc import Iterator

from clients import redirects
from idp.answers.differences import differences
from idp.answers.finding import Finding
from idp.answers.seen import Seen, shown_uri


def look(seen: Seen) -> Iterator[Finding]:
    """Prof §4.1.4.1; SDP-IDP06: exactly as in the metadata."""
    asked, provider = seen.asked, seen.client.saml
    if asked is None or provider is None:
        return
    got = asked.acs_url
    if got is not None and got not in provider.acs_locations:
        nearest = redirects.nearest(got, provider.acs_locations)
        how = "; ".join(differences(got, nearest))
        fix = f"{how[0].upper()}{how[1:]}. Read its metadata again if it has moved, or correct its address there."
        if got.startswith("http://") and nearest.startswith("https://"):
            fix += " Behind a proxy that ends TLS it must know its public address (X-Forwarded-Proto)."
        yield Finding("acs", "application", "AssertionConsumerServiceURL", fix, nearest, shown_uri(got))
    elif asked.acs_index is not None and got is None and provider.find_acs_by_index(asked.acs_index) is None:
        known = ", ".join(str(one.index) for one in provider.acs)
        fix = "Its metadata has no address with this index: read it again here, or let it send the address itself."
        field = "AssertionConsumerServiceIndex"
        yield Finding("acs_index", "application", field, fix, known, str(asked.acs_index))
    if seen.code == "saml_unsupportedbinding":
        fix = "Let it ask for HTTP-POST, which its metadata must have an address for."
        got_binding = str(asked.protocol_binding).rpartition(":")[2]
        yield Finding("binding", "application", "ProtocolBinding", fix, "HTTP-POST", got_binding)
