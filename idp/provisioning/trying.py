"""Whether a target answers, takes our credentials, and what it can do: all that is tried without changing anything."""

from __future__ import annotations

from dataclasses import dataclass, replace

from idp.login.services import Services
from idp.provisioning import abilities, judging
from idp.provisioning.calling import Line, Unreached, line_to
from idp.provisioning.matching import find
from idp.provisioning.target import Abilities, Target
from idp.provisioning.tokens import NoToken
from keys.sealing import BrokenSeal


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was tried. `problem`: what is wrong, '' where it is well."""

    what: str
    problem: str = ""


def of(services: Services, target: Target) -> tuple[Found, ...]:
    """What was found, in its order; the first thing that is wrong ends it."""
    line = line_to(services, target)
    found: list[Found] = []
    try:
        known = abilities.known(line, replace(target, abilities=Abilities()))
        found.append(Found(f"it can {_told(known)}", known.problem))
        _search(line, replace(target, abilities=known), found)
    except (judging.Stopped, judging.Refused, judging.TryAgain, judging.Busy) as error:
        found.append(Found(line.request.partition("\n")[0], str(error)))
    except (Unreached, NoToken, BrokenSeal) as error:
        found.append(Found(target.said.url, str(error) or "the secret that is kept cannot be opened: give it anew"))
    return tuple(found)


def _search(line: Line, target: Target, found: list[Found]) -> None:
    line.target = target
    judging.check(line.call("GET", "Users?startIndex=1&count=1"))
    found.append(Found("it lets us read people"))
    if target.abilities.filter:
        nobody = find(line, "user", "doorward-nobody", "doorward-nobody")
        problem = "" if nobody is None else "a name that nobody has finds somebody"
        found.append(Found("it finds people by a filter", problem))


def _told(known: Abilities) -> str:
    return ", ".join(
        (
            "change by PATCH" if known.patch else "change by PUT alone",
            "be asked by a filter" if known.filter else "not be asked by a filter",
        )
    )
