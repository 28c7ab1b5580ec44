"""Whether a Response that is signed by the provider is the answer to this request: Prof §4.1.4.3, in its order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from idp.federation import failures
from idp.federation.provider import Provider
from idp.federation.saml import refusals
from idp.federation.saml.opening import Opened
from idp.saml.messages import names
from idp.saml.messages.bindings import BadMessage
from idp.saml.messages.elements import all_children, only_child, read_instant
from idp.saml.messages.locations import is_same_place
from idp.saml.messages.request_header import read_issuer
from idp.saml.messages.xml import Element, text_of

LEEWAY: Final = 120.0  # seconds that both clocks may differ
_KNOWN: Final = frozenset(
    f"{{{names.SAML}}}{name}" for name in ("AudienceRestriction", "OneTimeUse", "ProxyRestriction")
)


@dataclass(frozen=True, slots=True)
class Expected:
    """What it must say. `request_id`: of the request that it answers; `now`: epoch seconds."""

    provider: Provider
    audience: str
    acs: str
    request_id: str
    now: float


def check_response(expected: Expected, opened: Opened) -> None:
    """What stands around the assertion. Errors: `Refused`, `BadMessage`."""
    root, provider = opened.response, expected.provider
    if root.get("Version") != "2.0":
        raise refusals.response(provider, "Version", "2.0", str(root.get("Version"))[:20])
    # Core §3.2.2: the Issuer may be left out of a Response; it is never another.
    if only_child(root, names.SAML, "Issuer") is not None:
        _check_issuer(provider, root)
    destination = root.get("Destination") or ""
    # Bind §3.5.5.2: what is signed names where it was sent.
    if (destination or opened.is_signed) and not is_same_place(destination, expected.acs):
        raise refusals.response(provider, "Destination", expected.acs, destination or "(nothing)")
    if root.get("InResponseTo") != expected.request_id:
        raise _other_request(expected, root.get("InResponseTo"))


def check_assertion(expected: Expected, assertion: Element) -> float:
    """All that it says of where, when and for whom; answers until when it could come again.

    Errors: `Refused`, `BadMessage`.
    """
    if assertion.get("Version") != "2.0" or not assertion.get("ID"):
        raise BadMessage("the assertion has no ID, or its Version is not 2.0")
    _check_issuer(expected.provider, assertion)
    until = _check_confirmation(expected, assertion)
    _check_conditions(expected, assertion)
    return until


def statement_of(expected: Expected, assertion: Element) -> tuple[Element, float]:
    """The AuthnStatement, and when they proved it (epoch seconds). Errors: `Refused`, `BadMessage`."""
    statement = only_child(assertion, names.SAML, "AuthnStatement")
    if statement is None:
        raise failures.claim(expected.provider, "AuthnStatement", "how and when they signed in")
    at = read_instant("AuthnInstant", statement.get("AuthnInstant"))
    if at is None or at > expected.now + LEEWAY:
        raise failures.clock(expected.provider, f"AuthnInstant {statement.get('AuthnInstant')}")
    ends = read_instant("SessionNotOnOrAfter", statement.get("SessionNotOnOrAfter"))
    if ends is not None and ends <= expected.now - LEEWAY:
        raise failures.clock(expected.provider, f"SessionNotOnOrAfter {statement.get('SessionNotOnOrAfter')}")
    return statement, at


def _check_issuer(provider: Provider, node: Element) -> None:
    found = read_issuer(node)
    if found != provider.issuer:
        raise failures.issuer(provider, provider.issuer, found, "Issuer")


def _check_confirmation(expected: Expected, assertion: Element) -> float:
    """One bearer confirmation that holds is enough (Core §2.4.1.1); each failure is of the last that was looked at."""
    subject = only_child(assertion, names.SAML, "Subject")
    bearers = [
        node for node in ([] if subject is None else all_children(subject, names.SAML, "SubjectConfirmation"))
        if node.get("Method") == names.BEARER
    ]  # fmt: skip
    if len(bearers) != 1:
        raise BadMessage(f"exactly one SubjectConfirmation by bearer is needed; there are {len(bearers)}")
    data = only_child(bearers[0], names.SAML, "SubjectConfirmationData")
    if data is None:
        raise BadMessage("the SubjectConfirmation has no SubjectConfirmationData")
    # Prof §4.1.4.2: Recipient and NotOnOrAfter are there, NotBefore is not.
    recipient = data.get("Recipient") or ""
    if not is_same_place(recipient, expected.acs):
        raise refusals.response(expected.provider, "Recipient", expected.acs, recipient or "(nothing)")
    if data.get("InResponseTo") != expected.request_id:
        raise _other_request(expected, data.get("InResponseTo"))
    until = read_instant("NotOnOrAfter", data.get("NotOnOrAfter"))
    if until is None or data.get("NotBefore") is not None:
        raise BadMessage("SubjectConfirmationData has no NotOnOrAfter, or it has a NotBefore")
    if until <= expected.now - LEEWAY:
        raise failures.clock(expected.provider, f"NotOnOrAfter {data.get('NotOnOrAfter')} of the SubjectConfirmation")
    return until


def _check_conditions(expected: Expected, assertion: Element) -> None:
    conditions = only_child(assertion, names.SAML, "Conditions")
    if conditions is None:
        raise refusals.audience(expected.provider, expected.audience, "(no Conditions)")
    begins = read_instant("NotBefore", conditions.get("NotBefore"))
    ends = read_instant("NotOnOrAfter", conditions.get("NotOnOrAfter"))
    if begins is not None and begins > expected.now + LEEWAY:
        raise failures.clock(expected.provider, f"NotBefore {conditions.get('NotBefore')} of the Conditions")
    if ends is not None and ends <= expected.now - LEEWAY:
        raise failures.clock(expected.provider, f"NotOnOrAfter {conditions.get('NotOnOrAfter')} of the Conditions")
    # Core §2.5.1: a condition that is not understood is one that may not hold.
    if unknown := [str(node.tag).rpartition("}")[2] for node in conditions if node.tag not in _KNOWN]:
        raise BadMessage(f"the Conditions have {unknown[0][:60]}, which is not understood here")
    restrictions = [*all_children(conditions, names.SAML, "AudienceRestriction")]
    named = [
        [text_of(one).strip() for one in all_children(each, names.SAML, "Audience")] for each in restrictions
    ]  # fmt: skip
    # Core §2.5.1.4: each of several restrictions must hold.
    if not named or not all(expected.audience in audiences for audiences in named):
        raise refusals.audience(expected.provider, expected.audience, str(named)[:300])


def _other_request(expected: Expected, got: str | None) -> Exception:
    return refusals.response(
        expected.provider, "InResponseTo", "the ID of the request that this browser came with", got or "(nothing)"
    )
