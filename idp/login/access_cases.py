"""Who asked for access and has it by now need nobody's help any more: the case says so and closes itself.

Access comes by many ways (the application's rule, a person named, a group or a group within it), so none of them looks
for cases: the few that are open are looked at every minute, and before they are listed.
"""

from __future__ import annotations

from typing import Final

from clients.access import decide
from idp.accounts import cases
from idp.accounts.cases import Case
from idp.login.services import Services

EVERY: Final = 60.0  # seconds
BY: Final = "system"


def close_granted(services: Services) -> int:
    """Close every case about an access that there is now; answers how many."""
    closed = 0
    for case in cases.open_of_kind(services.db, cases.ACCESS):
        note = _why_done(services, case)
        closed += bool(note) and cases.close(services, case.id, note, BY)
    return closed


def _why_done(services: Services, case: Case) -> str:
    """What is noted for the help desk; '' where somebody still waits."""
    person = services.directory.find(case.person_id or "")
    client = services.registry.find(case.about)
    if person is None:
        return "Closed by itself: the person is no longer here."
    if client is None:
        return "Closed by itself: the application is no longer here."
    decision = decide(client, person.id, person.groups, services.clock())
    if not decision.allowed:
        return ""
    return f"Closed by itself: {person.username} may open {client.name} now, {decision.reason}."
