"""RequestedAuthnContext: a class of sign-in that nobody here can reach."""

from __future__ import annotations

from collections.abc import Iterator

from idp.answers.facts import is_error
from idp.answers.finding import Finding
from idp.answers.seen import Seen
from idp.login.authn import SUPPORTED_ACR


def look(seen: Seen) -> Iterator[Finding]:
    """Core §3.3.2.2.1."""
    context = seen.asked.context if seen.asked is not None else None
    if seen.code == "saml_noauthncontext" and context is not None:
        known = ", ".join(name.rpartition(":")[2] for name in SUPPORTED_ACR if ":" in name)
        got = f"{context.comparison} {' '.join(context.class_refs)}"
        fix = "Switch RequestedAuthnContext off in the application, or let it ask for one of these."
        yield Finding("authn_context", "application", "RequestedAuthnContext", fix, known, got[:250])
    elif seen.asked is not None and seen.asked.is_passive and seen.error is None and is_error(seen.response):
        fix = "It asks without a page (IsPassive), and the browser brought no sign-in: switch that off for people who "
        fix += "press “sign in”."
        yield Finding("passive", "application", "IsPassive", fix, "false", "true")
