"""What happened in 400 days: sign-ins by the hour and the day of the week, what failed, what was changed."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final

from idp.errors import new_spoken_id
from idp.installation.demo_data.people import Member
from idp.installation.demo_data.plan import DAY, DAYS, Plan, id_at, moment

#: Of a thousand events.
_KINDS: Final = (
    ("session:started", 600), ("app:opened", 180), ("session:ended", 92), ("session:failed", 76), ("factor:failed", 14),
    ("error:unknown_redirect_uri", 5), ("error:no_access", 9), ("error:saml_request_gone", 2), ("password:set", 11),
    ("person:changed", 7), ("client:update", 4),
)  # fmt: skip
_HOURS: Final = (2, 1, 1, 1, 2, 6, 22, 60, 100, 85, 60, 48, 40, 62, 60, 48, 38, 26, 14, 9, 7, 6, 5, 3)
_WEEKEND: Final = 0.14
_BROWSERS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
)
_JSON: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_Detail = tuple[str | None, dict[str, Any]]  # the application, and what is said


class Happenings:
    """Makes the events in their order. `members` by when they came; `apps`: the ids of those that are open."""

    def __init__(self, plan: Plan, members: list[Member], apps: list[str], admin: str) -> None:
        self._plan, self._apps, self._admin = plan, apps, admin
        self._members = sorted((m for m in members if m.state in _SIGN_IN), key=lambda m: m.created_at)
        self._came = [member.created_at for member in self._members]
        self._chance = plan.chance("events")
        self._open: deque[tuple[Member, str]] = deque(maxlen=400)  # sessions that go on

    def rows(self) -> Iterator[dict[str, Any]]:
        """Each as `audit.store.events` has it, but for what proves it."""
        kinds, shares = [kind for kind, _ in _KINDS], [share for _, share in _KINDS]
        chance = self._chance
        for at in self._moments():
            member = self._somebody(at)
            yield self._row(at, chance.choices(kinds, shares)[0], member) if member is not None else self._nobody(at)

    def _moments(self) -> Iterator[float]:
        chance, plan, latest = self._chance, self._plan, 0.0
        for day, many in enumerate(_by_day(plan)):
            begin = plan.begin + day * DAY
            over = _HOURS[: max(0, int((plan.now - begin) // 3600.0))]  # of the last day, those that are over
            hours = chance.choices(range(len(over)), over, k=many) if many else []
            for offset in sorted(hour * 3600.0 + chance.random() * 3600.0 for hour in hours):
                latest = max(begin + offset, latest + 0.001)
                yield latest

    def _somebody(self, at: float) -> Member | None:
        """Some come often, and most seldom; nobody before they came or after they were shut out."""
        there = bisect_right(self._came, at)
        for _ in range(8 if there else 0):
            member = self._members[int(there * self._chance.random() ** 1.4)]
            if member.until > at:
                return member
        return None

    def _row(self, at: float, action: str, member: Member) -> dict[str, Any]:
        chance, begin = self._chance, moment(at)  # one for all ids of this event: most of the time goes into them
        browser = _BROWSERS[hash_of(member.id) % len(_BROWSERS)]
        session_id: str | None = None
        if action == "session:started":
            session_id, member.last_at = begin + chance.randbytes(8).hex(), at
            self._open.append((member, session_id))
        elif action in ("app:opened", "session:ended") and self._open:
            member, session_id = self._open[chance.randrange(len(self._open))]
        client_id, detail = _SAYS[action.partition(":")[0] if action.startswith("error") else action](self, member)
        is_failure = action.startswith(("error", "session:failed", "factor:failed"))
        actor = "" if is_failure else self._admin if action in ("person:changed", "client:update") else member.id
        return {
            "id": begin + chance.randbytes(8).hex(), "at": at, "action": action, "actor": actor,
            "person_id": None if action == "client:update" else member.id, "client_id": client_id,
            "session_id": session_id, "address": member.address, "request_id": begin + chance.randbytes(8).hex(),
            "error_id": new_spoken_id("E", chance.choice) if is_failure else None,
            "detail": _JSON({**detail, "browser": browser}),
        }  # fmt: skip

    def _nobody(self, at: float) -> dict[str, Any]:
        """A name that nobody has was typed."""
        address = f"198.51.100.{self._chance.randrange(1, 255)}"
        return {
            "id": id_at(self._chance, at), "at": at, "action": "session:failed", "actor": "", "person_id": None,
            "client_id": None, "session_id": None, "address": address, "request_id": id_at(self._chance, at),
            "error_id": new_spoken_id("E", self._chance.choice),
            "detail": _JSON({"failures": 1, "browser": _BROWSERS[0]}),
        }  # fmt: skip

    def app(self) -> str | None:
        """Few are opened often; of each twenty the last is never opened."""
        many = len(self._apps) - len(self._apps) // 20
        return self._apps[int(many * self._chance.random() ** 1.8)] if many else None

    def _started(self, _: Member) -> _Detail:
        methods = ["pwd", "totp"] if self._chance.random() < 0.5 else ["pwd"]
        return self.app() if self._chance.random() < 0.8 else None, {"methods": methods}

    def _opened(self, _: Member) -> _Detail:
        return self.app(), {}

    def _ended(self, _: Member) -> _Detail:
        return None, {"why": self._chance.choice(("signed out", "signed in anew", "the person signed out everywhere"))}

    def _failed(self, _: Member) -> _Detail:
        failures = self._chance.choices((1, 2, 3, 4), (70, 20, 7, 3))[0]
        return self.app(), {"failures": failures, "known_device": True, "paused_until": None, "enabled": True}

    def _second_failed(self, _: Member) -> _Detail:
        return None, {"kind": "totp", "failures": 1, "paused_until": None}

    def _error(self, _: Member) -> _Detail:
        return self.app(), {
            "message": "This sign-in cannot go on.", "side": "application", "path": "/oauth/authorize",
            "fix": "Compare what the application sends with what is registered for it.", "what": "",
        }  # fmt: skip

    def _set(self, _: Member) -> _Detail:
        return None, {"by": "person"}

    def _changed(self, member: Member) -> _Detail:
        return None, {"person_id": member.id, "fields": [self._chance.choice(("email", "name", "department", "site"))]}

    def _updated(self, _: Member) -> _Detail:
        client_id = self.app()
        changed = {"policy_uri": [None, "https://intranet.demo.example/privacy"]}
        return client_id, {"client_id": client_id, "changed": changed}


_SIGN_IN: Final = ("active", "disabled", "stopped", "must_reset")
_SAYS: Final[dict[str, Callable[[Happenings, Member], _Detail]]] = {
    "session:started": Happenings._started, "app:opened": Happenings._opened, "session:ended": Happenings._ended,
    "session:failed": Happenings._failed, "factor:failed": Happenings._second_failed, "error": Happenings._error,
    "password:set": Happenings._set, "person:changed": Happenings._changed, "client:update": Happenings._updated,
}  # fmt: skip


def hash_of(text: str) -> int:
    """A number that is the same in every process."""
    return sum(text.encode())


def _by_day(plan: Plan) -> list[int]:
    """So many events each day: few on Saturdays and Sundays, a little more every month."""
    weights = []
    for day in range(DAYS):
        # 1 January 1970 was a Thursday.
        weekday = (int((plan.begin + day * DAY) // DAY) + 3) % 7
        weights.append((_WEEKEND if weekday > 4 else 1.0) * (1.0 + day / DAYS / 3))
    weights[-1] *= sum(_HOURS[: int((plan.now - plan.begin) % DAY // 3600.0)]) / sum(_HOURS)
    whole, given, made = sum(weights), 0.0, []
    for weight in weights:
        before = round(given)
        given += plan.events * weight / whole
        made.append(round(given) - before)
    return made
