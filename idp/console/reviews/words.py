"""What the pages, and their file, call what the review has as codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from idp.accounts.reviews import GONE, KEPT, NOT_DONE, REPORTED, STAYS, TAKEN, Looked
from idp.texts import N_

STATES: Final[Mapping[str, str]] = {
    "planned": N_("Planned"), "open": N_("In progress"), "ending": N_("Is ending"), "ended": N_("Ended"),
    "stopped": N_("Stopped"),
}  # fmt: skip
UNCONFIRMED: Final[Mapping[str, str]] = {
    "withdraw": N_("Who is not confirmed by then loses it"),
    "report": N_("Who is not confirmed by then is only reported"),
}
VERDICTS: Final[Mapping[str, str]] = {
    "": N_("Not decided"), "keep": N_("Keep"), "withdraw": N_("Withdraw access"),
}  # fmt: skip
OUTCOMES: Final[Mapping[str, str]] = {
    KEPT: N_("Confirmed"), TAKEN: N_("Withdrawn"), STAYS: N_("Still has it by another way"),
    REPORTED: N_("Confirmed by nobody, reported only"), NOT_DONE: N_("Could not be withdrawn"),
    GONE: N_("Had it no more at the end"),
}  # fmt: skip
#: Why somebody still has it, or could not be taken out.
WHY: Final[Mapping[str, str]] = {
    "everyone": N_("everyone may open it"), "rank": N_("may do more here than who decided or started it"),
    "starter": N_("who started the review may no longer do this"),
    "reviewer": N_("who decided it may no longer decide here"),
    "file": N_("the application is managed by a file"), "broken": N_("could not be done; look at this one by hand"),
}  # fmt: skip
STOPPED_FOR: Final[Mapping[str, str]] = {
    "starter": N_("It was to begin again, and who started it may no longer do so."),
    "nobody": N_("It was to begin again, and nobody has it any more."),
}
EVERY: Final[Mapping[int, str]] = {
    0: N_("Never"), 1: N_("Every month"), 3: N_("Every three months"), 6: N_("Every six months"),
    12: N_("Every year"),
}  # fmt: skip


def way(one: Looked) -> str:
    """By what somebody has it."""
    groups = ", ".join(one.groups)
    if one.via == "member":
        return N_("Is in the group")
    if one.via == "person":
        return N_("Named for it")
    if one.via == "everyone":
        return N_("Everyone may open it")
    if one.via == "both":
        return N_("Named for it, and through %(groups)s", groups=groups)
    return N_("Through %(groups)s", groups=groups)


def why(outcome: str, code: str) -> str:
    """Why an outcome is what it is; '' where it says it all."""
    if not code:
        return ""
    return WHY.get(code) or N_("through %(groups)s", groups=code)


def left_to_do(codes: Iterable[str]) -> list[str]:
    """What there is to do about outcomes, one sentence each."""
    said = {
        STAYS: N_("A review of an application takes nobody out of a group, since the group may open others. Take them "
                  "out under Groups, or start a review of the group."),
        REPORTED: N_("Ask again, or take them out by hand."),
        NOT_DONE: N_("Each line says why. Somebody who may do as much can do it by hand."),
    }  # fmt: skip
    return [said[code] for code in (STAYS, REPORTED, NOT_DONE) if code in set(codes)]
