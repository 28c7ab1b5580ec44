"""The record as admins read it: who and what by their names, and the story behind an error's id."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from idp import audit
from idp.accounts.person import is_person_id
from idp.admin.permissions import Permission
from idp.audit import Event, causes
from idp.audit.searching import Wanted, latest
from idp.protocols import Services

if TYPE_CHECKING:
    from idp.admin.actor import Actor

#: What stands there to be joined with others.
TRAIL: Final = ("conversation", "begun_at", "code_id", "family_id", "token_id")
#: Of an event's detail: said already, for programs, or too long.
_TOLD: Final = ("person_id", "client_id", "name", "browser", "findings", "is_about", *causes.KEPT, *TRAIL)
_SPOKEN: Final = re.compile(r"(?:E-?)?([2-9A-HJ-NP-Z]{5})-?([2-9A-HJ-NP-Z]{5})")
_IN_A_TEXT: Final = re.compile(r"\bE-([2-9A-HJ-NP-Z]{5})-([2-9A-HJ-NP-Z]{5})\b", re.IGNORECASE)
_AROUND: Final = "()[]{}<>«»\"'`“”„‘’.,:;!?"  # what stands around it where it was copied from
_TIMES: Final = re.compile(r"(_at|_until|^at|^until|^expires|^due)$")  # of the same: seconds since the epoch
SIDES: Final[Mapping[str, str]] = {
    "application": "the application is wrong",
    "person": "the person can put it right",
    "upstream": "the other provider, or how it is set up here",
    "nobody": "nobody did anything wrong",
    "doorward": "it is put right here, on our side",
}


def find(services: Services, id: str) -> list[Event]:
    """The events under an error's id, or the one with an event's own id; none where there is none.

    An id that was read out or typed may lack its letter and dashes, or have small letters.
    """
    found = audit.explain(services.db, spoken(id) or id)
    if not found and re.fullmatch(r"[0-9a-v]{26}", id):
        event = audit.find(services.db, id)
        found = [event] if event is not None else []
    return found


def spoken(id: str) -> str:
    """An error's id as it is written, of what somebody typed or copied with it; '' where it is none."""
    text = id.replace("–", "-")
    found = _SPOKEN.fullmatch("".join(text.split()).strip(_AROUND).upper())
    if found is None:
        told = {(one[1].upper(), one[2].upper()) for one in _IN_A_TEXT.finditer(text[:4000])}
        return "E-{}-{}".format(*told.pop()) if len(told) == 1 else ""
    return f"E-{found[1]}-{found[2]}"


def may_see(services: Services, actor: Actor, event: Event) -> bool:
    """Whether an event is about somebody or something that an actor looks after."""
    if actor.scope(Permission.ACTIVITY_READ) is None:
        return True
    if event.client_id and actor.may_app(Permission.ACTIVITY_READ, event.client_id):
        return True
    person = services.directory.find(event.person_id) if event.person_id else None
    return person is not None and actor.may_person(Permission.ACTIVITY_READ, person.groups)


def more_of(detail: Mapping[str, Any]) -> str:
    """What else an event says, for people: times as times, no code."""
    pairs = ((key, told(key, value)) for key, value in detail.items() if key not in _TOLD)
    return "  ".join(f"{key}={value}" for key, value in pairs if value)


def story(event: Event, names: Names) -> dict[str, Any]:
    """What happened, which side is wrong, and the fix; None for what is not known."""
    detail = {**_explained(event), **event.detail}
    side = str(detail.get("side", ""))
    return {
        "error_id": event.error_id,
        "at": event.at,
        "code": event.action.removeprefix("error:"),
        "shown": detail.get("message"),
        "what": detail.get("what"),
        "side": side,
        "who": SIDES.get(side),
        "fix": detail.get("fix"),
        "times": detail.get("times"),
        "last_at": detail.get("last_at"),
        "client_id": event.client_id,
        "application": names.client(event.client_id),
        "person_id": event.person_id,
        "person": names.person(event.person_id),
        "address": event.address,
        "path": detail.get("path"),
        "browser": detail.get("browser"),
        "request_id": event.request_id,
        "evidence": detail.get("evidence"),
        "findings": detail.get("findings") or [],
    }


def also(event: Event, names: Names) -> dict[str, Any]:
    """One of several things under an id, as pages show it: its own time, request and evidence."""
    told = story(event, names)
    kept = {name: told[name] for name in ("shown", "at", "request_id", "evidence")}
    return {**kept, "times": told["times"] or 1, "last_at": told["last_at"] or event.at,
            "is_about": bool(event.detail.get("is_about"))}  # fmt: skip


def _explained(event: Event) -> dict[str, str]:
    """A failed sign-in has no explanation of its own: it says what was counted."""
    detail = event.detail
    if event.action == "factor:failed":
        until = f"; paused until {_timestamp(detail['paused_until'])}" if detail.get("paused_until") else ""
        code = f"a wrong code ({detail.get('kind')}), failure {detail.get('failures')}{until}"
        return {"side": "person", "what": code,
                "fix": "`doorward user unlock` ends a pause; `doorward user code` lets them in once."}  # fmt: skip
    if event.action != "session:failed":
        return {}
    paused = f"; paused there until {_timestamp(detail['paused_until'])}" if detail.get("paused_until") else ""
    many = f", the same one {detail['repeated']} times more" if detail.get("repeated") else ""
    if event.person_id is None:
        return {"side": "person", "what": f"nobody has the name that was typed{many}{paused}",
                "fix": "Ask for the name that they type: `doorward user list --search` finds people."}  # fmt: skip
    if detail.get("right") and not detail.get("enabled", True):
        return {"side": "doorward", "what": "the password was right, and the account is shut out",
                "fix": "`doorward user enable` lets them in again."}  # fmt: skip
    return {"side": "person", "what": f"the password was wrong{many}, failure {detail.get('failures', 1)}{paused}",
            "fix": "They may choose a new one (“Forgot password?”, or `doorward user password`); "
            "`doorward user unlock` ends a pause."}  # fmt: skip


class Names:
    """What people call persons and applications, looked up once each."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._persons: dict[str, str] = {}

    def person(self, person_id: str | None) -> str | None:
        """The username; of somebody who is gone, the last one."""
        if not person_id:
            return None
        if person_id not in self._persons:
            found = self._services.directory.find(person_id) if is_person_id(person_id) else None
            self._persons[person_id] = found.username if found else self._removed(person_id)
        return self._persons[person_id] or None

    def _removed(self, person_id: str) -> str:
        """The name of somebody who is gone, from the event that says so."""
        found = latest(self._services.db, Wanted(person_id=person_id, action="person:removed"), 1)
        return f"{found[0].detail.get('username')} (removed)" if found else ""

    def client(self, client_id: str | None) -> str | None:
        """The application's name."""
        found = self._services.registry.find(client_id) if client_id else None
        return found.name if found else None


def told(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)) and _TIMES.search(key):
        return _timestamp(value)
    if isinstance(value, list) and all(isinstance(part, (str, int, float)) for part in value):
        return ", ".join(map(str, value))
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if value is None else str(value)


def _timestamp(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(at)).rstrip()
