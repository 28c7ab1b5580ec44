"""What waits for the help desk and for those who look after applications: cases, some of them closed."""

from __future__ import annotations

from typing import Any, Final

from clients.loading import Past
from idp.accounts import cases
from idp.errors import new_spoken_id
from idp.installation.demo_data.people import Member
from idp.installation.demo_data.plan import DAY, Plan

PER_PERSON: Final = 0.004
_TEXTS: Final = (
    "My phone is broken and I cannot get in.",
    "I was locked out this morning, and again after lunch.",
    "The code never arrives.",
    "Ich komme seit dem Umzug nicht mehr ins CRM.",
    "新しい携帯電話に変えました。",
    "لا أستطيع تسجيل الدخول",
)
_BROWSER: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def rows(plan: Plan, members: list[Member], pasts: list[Past]) -> list[dict[str, Any]]:
    """Cases, as their table has them."""
    chance, made = plan.chance("cases"), []
    guarded = [past for past in pasts if not past.draft.access.everyone and past.enabled and past.removed_at is None]
    there = [member for member in members if member.state == "active"]
    for _ in range(int(plan.people * PER_PERSON) if there else 0):
        member, opened_at = chance.choice(there), plan.now - chance.uniform(0, 60) * DAY
        kinds = (cases.HELP, cases.NO_WAY_IN, cases.NOT_ME, *([cases.ACCESS] if guarded else []))
        kind = chance.choice(kinds)
        is_closed = chance.random() < 0.75
        made.append({
            "id": new_spoken_id("C", chance.choice), "person_id": member.id, "kind": kind,
            "text": chance.choice(_TEXTS), "address": member.address, "browser": _BROWSER, "opened_at": opened_at,
            "closed_at": min(plan.now, opened_at + chance.uniform(0.01, 3) * DAY) if is_closed else None,
            "closed_by": "demo-data" if is_closed else None,
            "about": chance.choice(guarded).draft.id if kind == cases.ACCESS else "",
        })  # fmt: skip
    return made
