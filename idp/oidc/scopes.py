"""The scopes that mean something here, and what each means for a person who is asked."""

from __future__ import annotations

from collections.abc import Mapping

#: Anything else is a scope that an organisation defined for its own APIs; it is shown by its name.
TEXTS: Mapping[str, tuple[str, str]] = {
    "openid": ("Know that it is you", "An identifier for your account."),
    "profile": ("Your profile", "Name, username and what else your profile holds."),
    "email": ("Your e-mail address", "And whether it is confirmed."),
    "address": ("Your postal address", ""),
    "phone": ("Your phone number", "And whether it is confirmed."),
    "groups": ("Your groups", "The names of the groups that you belong to."),
    "roles": ("Your roles", "What you may do here."),
    "offline_access": ("Stay connected", "It keeps its access while you are signed out, until you take it back."),
}
SUPPORTED = tuple(TEXTS)


def describe(scope: str) -> tuple[str, str]:
    """Title and explanation of a scope, or of a claim that is asked for by itself (`claim:<name>`)."""
    if scope.startswith("claim:"):
        return f"Your {scope.removeprefix('claim:').replace('_', ' ')}", ""
    return TEXTS.get(scope, (scope, "Access that your company defined."))


def in_order(scopes: tuple[str, ...]) -> list[str]:
    """The ones that everybody knows first."""
    return [s for s in scopes if s in TEXTS] + [s for s in scopes if s not in TEXTS]
