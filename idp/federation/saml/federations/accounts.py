"""Whose account it is at an organisation of a federation: the key is its own, and nobody speaks for another.

The organisations do not know each other, so the same value at two of them is two people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from idp.federation import failures
from idp.federation.ports import Identity, SessionThere
from idp.federation.provider import Provider
from idp.federation.saml.federations.describing import Member
from idp.federation.saml.identity import NAME_ID
from idp.ids import digest

SUBJECT_ID: Final = "urn:oasis:names:tc:SAML:attribute:subject-id"
PAIRWISE_ID: Final = "urn:oasis:names:tc:SAML:attribute:pairwise-id"
#: What makes the key, the best first (SDP-IDP13): what is said of a federation names one or more of them.
KEYS: Final[Mapping[str, str]] = {"subject-id": SUBJECT_ID, "pairwise-id": PAIRWISE_ID, NAME_ID: NAME_ID}
#: Attributes whose values end with whom they are of: eduPersonPrincipalName, ScopedAffiliation, UniqueId.
SCOPED: Final = (
    SUBJECT_ID, PAIRWISE_ID, "urn:oid:1.3.6.1.4.1.5923.1.1.1.6", "urn:oid:1.3.6.1.4.1.5923.1.1.1.9",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.13", "eduPersonPrincipalName", "eduPersonScopedAffiliation", "eduPersonUniqueId",
)  # fmt: skip


def key_name(provider: Provider, said: Mapping[str, Any]) -> str:
    """Which of the keys that this federation is told to take is there. Errors: `Refused`."""
    for name in provider.subject:
        if name != NAME_ID and isinstance(said.get(KEYS[name]), str):
            return KEYS[name]
    if NAME_ID in provider.subject:
        return NAME_ID
    raise failures.claim(provider, " or ".join(provider.subject), "one text that stays the same for ever")


def within(provider: Provider, one: Member, said: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes, without values of a scope that the organisation does not speak for (shibmd:Scope).

    Errors: `Refused` where the key of the account is such a value.
    """
    kept = dict(said)
    for name in SCOPED:
        values = kept.pop(name, None)
        listed = [values] if isinstance(values, str) else values or []
        good = [value for value in listed if _scope(value) in one.scopes]
        if name in (SUBJECT_ID, PAIRWISE_ID) and len(good) < len(listed):
            raise failures.claim(provider, name, f"a value of {', '.join(one.scopes)[:200] or 'no scope'}", str(listed))
        if good:
            kept[name] = good[0] if len(good) == 1 else good
    return kept


def of_organisation(one: Member, name: str, found: Identity) -> Identity:
    """The account as this organisation's: two may call two people the same."""
    who = found.subject.lower() if name in (SUBJECT_ID, PAIRWISE_ID) else found.subject
    there = None if found.there is None else session_of(one.entity_id, found.there)
    return replace(found, subject=f"{digest(one.entity_id)} {name} {who}", email_verified=False, there=there)


def session_of(entity_id: str, there: SessionThere) -> SessionThere:
    """A session there as this organisation's."""
    return replace(there, subject=f"{digest(entity_id)} {there.subject}")


def _scope(value: str) -> str:
    return value.rpartition("@")[2].lower() if "@" in value else ""
