"""What the application was told of the person, compared with what the gallery knows that the product reads."""

from __future__ import annotations

from collections.abc import Iterator

from idp.answers import facts
from idp.answers.finding import Finding
from idp.answers.products import names_read
from idp.answers.seen import Seen
from idp.oidc.claims import BY_SCOPE


def in_the_id_token(seen: Seen) -> Iterator[Finding]:
    """Of an application that reads the ID token alone: the others get the rest from userinfo."""
    if seen.error is None and seen.client.oidc.id_token_claims:
        yield from _missing(seen, facts.claims_sent(seen.response), "the ID token")


def in_userinfo(seen: Seen) -> Iterator[Finding]:
    """Of the others."""
    if seen.error is None:
        yield from _missing(seen, facts.claims_sent(seen.response), "userinfo")


def _missing(seen: Seen, sent: frozenset[str], where: str) -> Iterator[Finding]:
    if not sent:
        return
    for name in names_read(seen.product):
        if name in sent:
            continue
        scopes = [scope for scope, claims in BY_SCOPE.items() if name in claims]
        if scopes and not set(scopes) & seen.client.oidc.scopes:
            fix = f"Add the scope {scopes[0]} to what the application may ask for, here and in its own settings."
            yield Finding("claim_missing", "doorward", "scope", fix, name, f"not in {where}", "note")
        elif not scopes and name not in seen.client.oidc.claims_map:
            fix = f"It is no standard claim: map it: doorward client set {seen.client.id} claims_map=…"
            yield Finding("claim_missing", "doorward", "claims_map", fix, name, f"not in {where}", "note")
        else:
            fix = (
                "The product reads it, and it was not told: whoever signed in has none, or the application did not ask "
            )
            fix += "for its scope."
            yield Finding("claim_missing", "person", name, fix, name, f"not in {where}", "note")


def attributes(seen: Seen) -> Iterator[Finding]:
    """Of an assertion that has just been sent. One that is encrypted nobody but the application can read."""
    sent = facts.attributes_sent(seen.response)
    if sent is None or seen.client.saml is None:
        return
    for name in names_read(seen.product):
        if name not in sent:
            fix = "The product reads it, and it was not in the assertion: release it under this name (attributes), or "
            fix += "give the person a value."
            yield Finding("attribute_missing", "doorward", "attributes", fix, name, "not in the assertion", "note")
