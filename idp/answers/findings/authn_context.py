"""RequestedAuthnContext: a class of sign-in that nobody here can reach."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from idp.answers.facts import is_error
from idp.answers.finding import Finding
from idp.answers.seen import Seen
from idp.login.authn import MFA, SUPPORTED_ACR
from idp.saml.messages import names
from idp.saml.messages.authn_request import RequestedAuthnContext

_CLASSES: Final = tuple(one for one in SUPPORTED_ACR if ":" in one)
#: Words in the names of classes that stand for something stronger than a password.
_STRONG: Final = (
    "mfa", "multi", "twofactor", "two-factor", "2fa", "smartcard", "x509", "tls", "token", "timesync", "pki", "loa3",
    "loa4", "phr", "fido", "hardware",
)  # fmt: skip


def look(seen: Seen) -> Iterator[Finding]:
    """Core §3.3.2.2.1."""
    context = seen.asked.context if seen.asked is not None else None
    if seen.code == "saml_noauthncontext" and context is not None:
        classes = " ".join(context.class_refs) or "an AuthnContextDeclRef"
        yield Finding(
            "authn_context", "application", "RequestedAuthnContext", _fix(context), ", ".join(_CLASSES),
            f"{context.comparison} {classes}"[:250],
        )  # fmt: skip
    elif seen.asked is not None and seen.asked.is_passive and (seen.error is None and is_error(seen.response)):
        fix = "It asks without a page (IsPassive), and the browser brought no sign-in: switch that off for people who "
        fix += "press “sign in”."
        if seen.asked.force_authn:
            fix = (
                "It asks for a new proof (ForceAuthn) without a page (IsPassive), which nobody can give: leave one out."
            )
        yield Finding("passive", "application", "IsPassive", fix, "false", "true")


def _fix(context: RequestedAuthnContext) -> str:
    known = [one for one in context.class_refs if one in _CLASSES]
    if known and context.comparison == "better":
        return (
            f"Nothing here is better than {known[-1]} (Comparison=better). Let it ask with Comparison=minimum, or "
            "switch RequestedAuthnContext off in the application."
        )
    if known and context.comparison == "exact":
        return (
            f"{known[0]} is known here, and this sign-in did not amount to it: let the person set up a second factor, "
            "or let the application ask with Comparison=minimum."
        )
    return (
        f"The nearest that people can reach here is {nearest(context.class_refs)}: let it ask for that, with "
        "Comparison=minimum, or switch RequestedAuthnContext off in the application."
    )


def nearest(asked: tuple[str, ...]) -> str:
    """The class of ours that is nearest to what is asked for: as strong, so far as names say so."""
    plain = " ".join(asked).casefold()
    return MFA if any(word in plain for word in _STRONG) else names.AC_PASSWORD_PROTECTED
