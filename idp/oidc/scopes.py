"""The scopes that mean something here, and what each means for a person who is asked."""

from __future__ import annotations

from collections.abc import Mapping

from idp.language import N_

#: Anything else is a scope that an organisation defined for its own APIs; it is shown by its name.
TEXTS: Mapping[str, tuple[str, str]] = {
    "openid": (N_("Know that it is you"), N_("An identifier for your account.")),
    "profile": (N_("Your profile"), N_("Name, username and what else your profile holds.")),
    "email": (N_("Your e-mail address"), N_("And whether it is confirmed.")),
    "address": (N_("Your postal address"), ""),
    "phone": (N_("Your phone number"), N_("And whether it is confirmed.")),
    "groups": (N_("Your groups"), N_("The names of the groups that you belong to.")),
    "roles": (N_("Your roles"), N_("What you may do here.")),
    "offline_access": (
        N_("Stay connected"),
        N_("It keeps its access while you are signed out, until you take it back."),
    ),
}
SUPPORTED = tuple(TEXTS)


def describe(scope: str) -> tuple[str, str]:
    """Title and explanation of a scope, or of a claim that is asked for by itself (`claim:<name>`)."""
    if scope.startswith("claim:"):
        return N_("Your %(claim)s", claim=scope.removeprefix("claim:").replace("_", " ")), ""
    return TEXTS.get(scope, (scope, N_("Access that your company defined.")))


def in_order(scopes: tuple[str, ...]) -> list[str]:
    """The ones that everybody knows first."""
    return [s for s in scopes if s in TEXTS] + [s for s in scopes if s not in TEXTS]
