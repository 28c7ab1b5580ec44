"""An application that sends people back again and again: which cause it is, as far as can be seen (Q2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Final

from idp.answers import durations
from idp.answers.finding import Finding, Side
from idp.answers.seen import Seen
from idp.answers.symptoms import judging
from idp.answers.symptoms.evidence import Evidence, Key
from idp.answers.symptoms.rules import loops
from idp.answers.symptoms.symptom import Cause
from idp.errors import SamlError
from idp.login.browser import sessions
from idp.oidc import ledger
from idp.saml import provider_keys

_MANY: Final = 5  # causes
_LATELY: Final = 60.0  # seconds: the codes of the loop
_CLOCK: Final = 30.0  # seconds of difference that may matter


def look(seen: Seen) -> Iterator[Finding]:
    """The first is what the evidence points at; the others are worth a look."""
    if seen.code != "sign_in_loop":
        return
    judging.flush(seen.services)
    evidence = judging.evidence_of(seen.services, seen.client, _keys(seen))
    evidence = replace(evidence, sent=_known(seen))
    found = _causes(seen, evidence)
    for place, (side, field, cause) in enumerate(found[:_MANY]):
        weight = "wrong" if not place else "note"
        expected = loops.wants(evidence) if seen.client.saml is not None and not place else ""
        got = cause.what if place or seen.client.saml is None else f"{cause.what} {loops.sent(evidence)}"
        fix = f"{cause.fix} To tell: {cause.tell}"
        yield Finding("sign_in_loop", side, field, fix, expected, got, weight, "app")  # type: ignore[arg-type]


def _causes(seen: Seen, evidence: Evidence) -> list[tuple[Side, str, Cause]]:
    if seen.client.saml is None:
        return [*loops.causes_of(evidence)]
    return [("application", field, cause) for field, cause in loops.saml_causes(evidence)]


def _known(seen: Seen) -> Mapping[str, str]:
    """What is known of this very loop: by the ledger, the person's account, the request's time."""
    services, known = seen.services, dict[str, str]()
    person = services.directory.find((seen.error.person_id or "") if seen.error is not None else "")
    if person is not None:
        known["email"] = "none" if not person.email else "verified" if person.email_verified else "unverified"
    if seen.client.saml is None:
        session = sessions.current(services, seen.request, seen.client.id)
        last = ledger.last_of_session(services, session.id, seen.client.id) if session is not None else None
        known["redeemed"] = "yes" if last is not None and last >= services.clock() - _LATELY else "no"
    elif seen.asked is not None:
        ahead = seen.asked.header.issue_instant - services.clock()
        if abs(ahead) > _CLOCK:
            known["clock"] = durations.off(ahead)
    return known


def _keys(seen: Seen) -> tuple[Key, ...]:
    if seen.client.saml is None:
        return ()
    try:
        key = provider_keys.signer(seen.services, seen.client.saml)
    except SamlError:
        return ()
    return (Key(sha256(key.certificate).hexdigest()[:32], True, "unknown", None),)
