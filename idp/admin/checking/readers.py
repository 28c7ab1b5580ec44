"""What each reader may see of a report (R3): a link is passed on, and its reader has no account here.

`stranger`: whoever has the link, who runs the application: what it sent, what is registered for it, what to do there.
`app`: who looks after the application here: also who may open it. `house`: who may read the settings: also addresses
and words of what stands behind us.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from clients.client import Client
from idp.admin.actor import Actor
from idp.admin.checking.report import Report
from idp.admin.checking.step import Step
from idp.admin.permissions import Permission
from idp.answers.finding import Finding, Reader

_RANK: Final[Mapping[Reader, int]] = {"stranger": 0, "app": 1, "house": 2}
_INSTEAD: Final = {
    "application": "It is on the application's side; those who run the sign-in here see more of it: ask them.",
    "doorward": "It is for those who run the sign-in here to put right. They see more of it: ask them.",
    "nobody": "Nobody did anything wrong. Those who run the sign-in here see more of it: ask them.",
    "upstream": "It is about another provider that people sign in through; those who run the sign-in here see more: "
    "ask them.",
    "person": "It is about whoever signed in. Those who run the sign-in here see more of it: ask them.",
}
#: Their fix says what became of a person's account or consent, where it is not the application's to mend.
_OF_PEOPLE: Final = frozenset(("grant_ended",))
_PARTLY: Final = "Compare what came with what is expected; parts of it are not shown here."
_HIDDEN: Final = "…"
#: What may be an address of somebody's mail: looked at afterwards, since one pattern for all of it would look from
#: each character to the end.
_WORD: Final = re.compile(r"[^\s<>\"'(),;:=&?/]+")
#: What may be an address of the network: looked at by the library afterwards.
_ADDRESS: Final = re.compile(
    r"(?<![\w.:-])(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*)", re.IGNORECASE
)
_VALUE: Final = re.compile(r"([?&#][^=&#?\s]+=)([^&#\s]+)")
#: Addresses of stores, which bear names and passwords.
_STORE: Final = re.compile(
    r"\b(?:rediss?|unix|postgres(?:ql)?(?:\+\w+)?|mysql|sqlite|ldaps?|smtps?)://\S*", re.IGNORECASE
)


def reader_of(actor: Actor) -> Reader:
    """As what somebody reads reports who may read those of the application."""
    return "house" if actor.may(Permission.SETTINGS_READ) else "app"


def seen_by(report: Report, reader: Reader, client: Client) -> Report:
    """The report as this reader may see it."""
    if reader == "house":
        return report
    mine = _registered(client)
    return replace(
        report,
        findings=tuple(dict.fromkeys(_finding(one, reader, mine) for one in report.findings)),
        mended=tuple(dict.fromkeys(_finding(one, reader, mine) for one in report.mended)),
        steps=tuple(_step(one, reader, mine) for one in report.steps),
    )


def found_by(findings: Iterable[Finding], reader: Reader) -> tuple[Finding, ...]:
    """The findings of one error as somebody with an account may see them: `app` or `house`."""
    return tuple(_finding(one, reader, "") for one in findings) if reader != "house" else tuple(findings)


def finding_seen_by(one: Finding, reader: Reader, client: Client) -> Finding:
    """One finding as this reader may see it."""
    return one if reader == "house" else _finding(one, reader, _registered(client))


def _step(one: Step, reader: Reader, mine: str) -> Step:
    facts = one.facts if reader == "app" else {name: _plain(value, mine) for name, value in one.facts.items()}
    return replace(one, facts=facts, findings=tuple(_finding(found, reader, mine) for found in one.findings))


def _finding(one: Finding, reader: Reader, mine: str) -> Finding:
    if _RANK[reader] < _RANK[one.reader]:
        is_told = one.reader != "house" and not (one.code in _OF_PEOPLE and one.side in ("person", "nobody"))
        one = replace(one, expected="", got="", fix=one.fix if is_told else _INSTEAD[one.side])
    if reader == "app":
        return one
    expected, got, fix = (_plain(text, mine) for text in (one.expected, one.got, one.fix))
    if got != one.got:  # the fix says how the two differ, and so has parts of what came
        fix = _PARTLY
    return replace(one, expected=expected, got=got, fix=fix)


def _plain(text: str, mine: str) -> str:
    """Without what may name a person or a machine, unless the application is registered with it."""
    text = _STORE.sub(_HIDDEN, text)
    text = _VALUE.sub(lambda found: found[0] if found[0] in mine else found[1] + _HIDDEN, text)
    text = _WORD.sub(lambda found: found[0] if not _is_mail(found[0]) or found[0] in mine else _HIDDEN, text)
    return _ADDRESS.sub(lambda found: found[0] if not _is_address(found[0]) or found[0] in mine else _HIDDEN, text)


def _is_mail(word: str) -> bool:
    local, at, domain = word.replace("%40", "@").partition("@")
    return bool(local and at) and "." in domain[1:-1]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.rstrip("."))
    except ValueError:
        return False
    return True


def _registered(client: Client) -> str:
    """All addresses that the application is registered with, as one text."""
    oidc = client.oidc
    found = [*oidc.redirect_uris, *oidc.post_logout_redirect_uris, *oidc.allowed_origins]
    found += [oidc.backchannel_logout_uri or "", oidc.jwks_uri or ""]
    if client.saml is not None:
        found += [client.saml.entity_id, *client.saml.acs_locations]
    return "\n".join(found)
