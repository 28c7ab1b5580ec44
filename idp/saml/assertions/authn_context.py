"""RequestedAuthnContext (Core §3.3.2.2.1): which classes would do, and which one is asserted.

The classes and their order are `login.authn`'s; `unspecified` stands below them all and is reached by anything.
"""

from __future__ import annotations

from collections.abc import Sequence

from idp.errors import SamlError
from idp.login.authn import SUPPORTED_ACR, reached
from idp.saml.messages import names
from idp.saml.messages.authn_request import RequestedAuthnContext

# Weakest first. Core §2.7.2.2: a class is named by a URI; OpenID Connect's short names mean nothing here.
_CLASSES = tuple(name for name in SUPPORTED_ACR if ":" in name)
_LADDER = (names.AC_UNSPECIFIED, *_CLASSES)


def acceptable(requested: RequestedAuthnContext | None) -> tuple[str, ...]:
    """The classes that would satisfy the request, the preferred one first; none where nothing is asked.

    Errors: `SamlError` (NoAuthnContext).
    """
    if requested is None or not (requested.class_refs or requested.declarations):
        return ()
    known = [ref for ref in dict.fromkeys(requested.class_refs) if ref in _LADDER]
    found = _satisfying(requested.comparison, known) if known else []
    if not found:
        wanted = " ".join(requested.class_refs)[:500] or "an AuthnContextDeclRef"
        raise no_authn_context(f"asked for {requested.comparison} {wanted}")
    return tuple(found)


def _satisfying(comparison: str, asked: list[str]) -> list[str]:
    ranks = [_LADDER.index(ref) for ref in asked]
    if comparison == "exact":
        return asked
    if comparison == "minimum":
        # What was asked for by name comes before what is more than that.
        return asked + [ref for ref in _LADDER[min(ranks) :] if ref not in asked]
    if comparison == "better":
        return list(_LADDER[max(ranks) + 1 :])
    if comparison == "maximum":
        # "As strong as possible without exceeding": the strongest first.
        return list(reversed(_LADDER[: max(ranks) + 1]))
    raise SamlError(
        names.REQUESTER, names.REQUEST_UNSUPPORTED, "Comparison must be exact, minimum, maximum or better.",
        fix="Correct the Comparison of RequestedAuthnContext in the application, or leave it out: it means exact.",
        field="Comparison", expected="exact, minimum, maximum or better", got=comparison[:60], kind="authn_context",
    )  # fmt: skip


def strength(classes: Sequence[str]) -> tuple[str, ...]:
    """These classes as a demand on the sign-in; none where any sign-in will do."""
    return () if names.AC_UNSPECIFIED in classes else tuple(classes)


def asserted(classes: Sequence[str], methods: tuple[str, ...]) -> str:
    """The one class to assert: the preferred one among those asked for that the methods amount to.

    Errors: `SamlError` (NoAuthnContext).
    """
    shown = {names.AC_UNSPECIFIED, *reached(methods)}
    if not classes:
        return next(ref for ref in reversed(_LADDER) if ref in shown)
    found = next((ref for ref in classes if ref in shown), None)
    if found is None:
        raise no_authn_context("the sign-in does not amount to what was asked for")
    return found


def no_authn_context(detail: str) -> SamlError:
    """Nobody here can be authenticated the way that is asked for."""
    return SamlError(
        names.RESPONDER, names.NO_AUTHN_CONTEXT,
        "No way to sign in here matches the RequestedAuthnContext.", detail=detail,
        fix=f"Ask for one of {', '.join(_CLASSES)}, or leave RequestedAuthnContext out.", kind="authn_context",
    )  # fmt: skip
