"""How far the application's clock is from ours, by the IssueInstant of a SAML request."""

from __future__ import annotations

from collections.abc import Iterator

from idp.answers.durations import off
from idp.answers.finding import Finding
from idp.answers.seen import Seen
from idp.saml.header_checks import REQUEST_SECONDS, skew_seconds

_WORTH_A_NOTE = 30.0  # seconds


def look(seen: Seen) -> Iterator[Finding]:
    """Core §3.2.1. A request may be late because somebody read a page; none comes from the future by itself."""
    if seen.asked is None or seen.client.saml is None:
        return
    age = seen.services.clock() - seen.asked.header.issue_instant
    skew = skew_seconds(seen.services, seen.client.saml)
    limit = f"within {skew} s of ours"
    if age < -skew:
        yield Finding("clock", "application", "clock", _fix("ahead"), limit, off(-age))
    elif age > skew + REQUEST_SECONDS:
        fix = f"{_fix('behind')} If it is not: somebody used a bookmark or an old tab."
        yield Finding("clock", "application", "clock", fix, limit, off(-age))
    elif not -_WORTH_A_NOTE <= age <= _WORTH_A_NOTE:
        how = "ahead" if age < 0 else "behind"
        yield Finding("clock", "application", "clock", _fix(how), limit, off(-age), "note")


def _fix(how: str) -> str:
    return f"The clock of the application's server is {how}: set it by NTP (chrony, timedatectl)."
