"""Whoever signed in may not open the application, or is not proven strongly enough: a rule says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from idp.answers import persons
from idp.answers.finding import Finding
from idp.answers.seen import Seen
from idp.login.authn import SUPPORTED_ACR

_BY_RULE: Final = "sign-in rule"


def look(seen: Seen) -> Iterator[Finding]:
    """By the error that was told; the rule stands on the application's page, the person nowhere."""
    if seen.code == "no_access" or (seen.code == "access_denied" and "may not use" in seen.told("message")):
        yield _not_among(seen)
    elif seen.code == "access_denied" and _BY_RULE in seen.told("message"):
        fix = "A sign-in rule of this house lets nobody in like this: see it, and try whom it meets, under “Sign-in "
        fix += "rules”, "
        fix += "or: doorward rule list"
        yield Finding("no_access_by_rule", "nobody", "sign-in rule", fix, "a sign-in that the rules allow", "another",
                      reader="app")  # fmt: skip
    elif seen.code == "unmet_authentication_requirements":
        yield _too_weak(seen)


def _not_among(seen: Seen) -> Finding:
    """Nobody's fault: the rule, and who can grant it."""
    client, access = seen.client, seen.client.access
    among = f"among those who may open {client.name}"
    if access.groups:
        among = f"in {persons.GROUPS if len(access.groups) > 1 else persons.GROUP} {client.name}"
    fix = (
        f"{persons.WHO} is not {among}. Nobody did anything wrong: if they are not to have it, nothing is to be done. "
    )
    fix += "If they are, whoever looks after this application lets them in (in the console: “Who may open it”) by: "
    if access.groups:
        fix += f"doorward user set {persons.LOGIN} --add-group {persons.ITS_GROUP} – or by name: "
    fix += f"doorward client access {client.id} --add-person {persons.LOGIN}"
    contacts = ", ".join(str(one) for one in (client.metadata.get("contacts") or ())[:3])
    # Names of groups and people are for who may see the application's page, so they stand in what is expected.
    expected = _rule(seen) + (f"; its contact is {contacts}" if contacts else "")
    return Finding("no_access", "nobody", "access", fix, expected, persons.NONE_OF_THESE, reader="app")


def _too_weak(seen: Seen) -> Finding:
    asked = (seen.sent.get("acr_values") or "").split()
    if "None of these acr values" in seen.told("message") or (asked and not set(asked) & set(SUPPORTED_ACR)):
        fix = "Nobody here can reach what the application insists on: let it ask for one of these, or as a wish alone."
        got = seen.told("got") or " ".join(asked)
        return Finding("acr_values", "application", "acr_values", fix, " or ".join(SUPPORTED_ACR), got)
    fix = "The application or a rule asks for a stronger sign-in than this person can show: set up a second factor."
    return Finding("too_weak", "person", "acr_values", fix, " ".join(asked) or "a second factor", "a weaker sign-in")


def _rule(seen: Seen) -> str:
    access = seen.client.access
    if access.everyone:
        return "everyone"
    people = f"{len(access.persons)} by name" if access.persons else ""
    return ", ".join(filter(None, (*persons.members(access.groups), people))) or "nobody"
