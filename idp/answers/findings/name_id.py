"""The NameID format that is asked for: one that is issued here, and that this person can have."""

from __future__ import annotations

from collections.abc import Iterator

from idp.answers.finding import Finding
from idp.answers.seen import Seen
from idp.saml.assertions import name_ids


def look(seen: Seen) -> Iterator[Finding]:
    """Core §3.2.2.2: InvalidNameIDPolicy."""
    if seen.code != "saml_invalidnameidpolicy":
        return
    policy = seen.asked.policy if seen.asked is not None else None
    got = policy.format or "" if policy is not None else ""
    if got and got not in name_ids.SUPPORTED and not got.endswith(":encrypted"):
        expected = ", ".join(sorted(one.rpartition(":")[2] for one in name_ids.ADVERTISED))
        fix = "Set another NameID format in the application, or overrule it here: "
        fix += f"doorward client set {seen.client.id} name_id_format=email"
        yield Finding("name_id_format", "application", "NameIDPolicy", fix, expected, got[:200])
    elif "SPNameQualifier" in seen.told("message"):
        own = seen.client.saml.entity_id if seen.client.saml is not None else ""
        fix = "Leave SPNameQualifier out, or set it to the application's own entity ID."
        yield Finding("name_id_qualifier", "application", "SPNameQualifier", fix, own)
    else:
        fix = seen.told("fix") or "Give the person the attribute, or choose another NameID format."
        yield Finding(
            "name_id_of_person", "person", "NameID", fix, got.rpartition(":")[2] or "a NameID", "this person has none"
        )
