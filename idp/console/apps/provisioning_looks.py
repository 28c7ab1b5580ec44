"""What an admin looks at: the connection, what would be sent, what is different there (Y2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from idp.admin import provisioning
from idp.console.pages import Visit
from idp.protocols import Services
from idp.provisioning import judging
from idp.provisioning.calling import Unreached
from idp.provisioning.tokens import NoToken
from idp.texts import N_
from idp.wire import Request
from keys.sealing import BrokenSeal

if TYPE_CHECKING:
    from idp.provisioning.braking import Weighed
    from idp.provisioning.drifting import Drift
    from idp.provisioning.foreseeing import Foreseen
    from idp.provisioning.objects import Kind
    from idp.provisioning.trying import Found

SECONDS: Final = 8.0  # that somebody waits for a page; the command looks at all of it
MOST: Final = 100  # objects that are read there for one page, and rows that are shown
WOULD_WORDS: Final = {
    "make": N_("would be made"), "change": N_("would be changed"), "turn off": N_("would be turned off"),
    "delete": N_("would be deleted"), "leave": N_("would be left as it is there"), "refuse": N_("would be refused"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was found. `is_whole`: nothing is left to look at; `next`: where a look goes on; `problem`: it ended so."""

    what: str
    tried: tuple[Found, ...] = ()
    would: tuple[Foreseen, ...] = ()
    counts: tuple[tuple[str, int], ...] = ()
    brake: Weighed | None = None
    drift: tuple[Drift, ...] = ()
    looked: int = 0
    next: str = ""
    is_whole: bool = True
    problem: str = ""


def _test(services: Services, request: Request, visit: Visit, client_id: str) -> Looked:
    return Looked(what="test", tried=tuple(provisioning.test(services, visit.actor, client_id)))


def _dry_run(services: Services, request: Request, visit: Visit, client_id: str) -> Looked:
    until, hit = services.clock() + SECONDS, []

    def is_over() -> bool:
        if services.clock() >= until:
            hit.append(True)
        return bool(hit)

    found = list(provisioning.foresee(services, visit.actor, client_id, is_over))
    counts = Counter(one.what for one in found)
    return Looked(
        what="dry_run", would=tuple(found[:MOST]),
        counts=tuple((WOULD_WORDS[what], many) for what, many in counts.items()),
        brake=provisioning.foresee_brake(services, visit.actor, client_id, found), is_whole=not hit,
    )  # fmt: skip


def _drift(services: Services, request: Request, visit: Visit, client_id: str) -> Looked:
    first, _, after = (request.form.get("behind") or "").partition(":")
    kind: Kind = "group" if first == "group" else "user"
    try:
        part = provisioning.drift_part(services, visit.actor, client_id, (kind, after), SECONDS, MOST)
    except (judging.Busy, judging.Refused, judging.Stopped, judging.TryAgain) as error:
        return Looked(what="drift", problem=str(error), is_whole=False)
    except (BrokenSeal, NoToken, Unreached) as error:
        return Looked(what="drift", problem=str(error) or "the kept secret cannot be opened", is_whole=False)
    following = ":".join(part.next) if part.next is not None else ""
    return Looked(
        what="drift", drift=part.found, looked=part.looked, next=following, is_whole=part.next is None
    )  # fmt: skip


LOOKS: Final[dict[str, Callable[[Services, Request, Visit, str], Looked]]] = {
    "test": _test, "dry_run": _dry_run, "drift": _drift,
}  # fmt: skip
