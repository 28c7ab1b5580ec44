"""What a check found, as pages show it: whose side, the two values with their difference marked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from idp import catalogue
from idp.admin.checking.report import Report
from idp.answers.differences import marked
from idp.answers.finding import Finding
from idp.texts import N_

SIDES: Final = {
    "application": N_("On the application’s side"),
    "doorward": N_("On our side"),
    "person": N_("About the person"),
    "upstream": N_("On the other provider’s side"),
    "nobody": N_("Nobody’s fault"),
}
KINDS: Final = {
    "discovery": N_("It reads our addresses (discovery)"),
    "authorize": N_("It sends the browser to us"),
    "answer": N_("Sign-in pages"),
    "token": N_("Its server redeems the code"),
    "jwks": N_("It fetches our keys (JWKS)"),
    "userinfo": N_("It asks for the person’s claims (userinfo)"),
    "logout": N_("It signs somebody out"),
    "introspect": N_("It asks what a token is worth"),
    "revoke": N_("It gives a token back"),
    "saml_metadata": N_("It reads our metadata"),
    "sso": N_("It sends the browser to us"),
    "slo": N_("It signs somebody out"),
    "artifact": N_("It resolves an artifact"),
    "addresses": N_("We call its addresses"),
}
#: Values that are compared character by character.
_COMPARED: Final = frozenset(
    ("redirect_uri", "token_redirect_uri", "post_logout_redirect_uri", "client_id", "issuer", "acs", "destination",
     "origin")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """One finding. `parts`: what was sent, the middle one being what differs; empty where nothing is compared so.

    `more`: the path of the page about its kind.
    """

    finding: Finding
    side: str
    parts: tuple[str, str, str] | None
    more: str


@dataclass(frozen=True, slots=True)
class Found:
    """`wrong` keeps people out; `notes` are worth a look; `mended` are not there any more."""

    wrong: tuple[Shown, ...]
    notes: tuple[Shown, ...]
    mended: tuple[Shown, ...]


def of(report: Report | None) -> Found:
    """All of a report."""
    if report is None:
        return Found((), (), ())
    shown = [_shown(one) for one in report.findings]
    return Found(
        tuple(one for one in shown if one.finding.weight == "wrong"),
        tuple(one for one in shown if one.finding.weight != "wrong"),
        tuple(_shown(one) for one in report.mended),
    )


def of_findings(findings: Iterable[Finding]) -> Found:
    """What was found of one error."""
    shown = [_shown(one) for one in findings]
    wrong = tuple(one for one in shown if one.finding.weight == "wrong")
    return Found(wrong, tuple(one for one in shown if one not in wrong), ())


def _shown(one: Finding) -> Shown:
    is_compared = one.code in _COMPARED and one.got and one.expected and not one.got.startswith("(")
    parts = marked(one.got, one.expected) if is_compared else None
    # A record of another version may name a side that this one does not know.
    return Shown(one, SIDES.get(one.side, one.side), parts, catalogue.own_path_of(one.code))
