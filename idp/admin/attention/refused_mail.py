"""People whom no mail reaches: the mail server said a last no to their address, and nothing has left for them since.

What a server takes and sends back later comes to the sender's mailbox, which nobody reads here: that cannot be known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from idp import audit
from idp.admin.attention.finding import DAY, MANY, Finding
from idp.audit import Event
from idp.audit.searching import Wanted, latest
from idp.mail import masked_address
from idp.protocols import Services
from idp.texts import N_

_SINCE: Final = 30 * DAY
_LOOKED_AT: Final = 200  # events, the latest
_SENT, _FAILED = "mail:sent", "mail:failed"


def findings(services: Services) -> Iterator[Finding]:
    """One for each person, `MANY` at most, while their address is the one that was refused."""
    since = services.clock() - _SINCE
    failed = latest(services.db, Wanted(action=_FAILED, since=since), _LOOKED_AT)
    refused = {event.person_id: event for event in failed if event.person_id and _is_last_no(event)}
    for person_id, event in list(refused.items())[-MANY:]:
        person = services.directory.find(person_id)
        if person is None or not person.enabled or masked_address(person.email or "") != event.detail.get("to"):
            continue
        since_then = audit.of_person(services.db, person_id, (_SENT,), after=event.at, many=5)
        if any(one.id > event.id and one.detail.get("to") == event.detail["to"] for one in since_then):
            continue
        text = N_("%(name)s: mail to this person is refused.", name=person.name)
        said = f"{event.detail.get('to')}: {event.detail.get('reason', '')}"[:300]
        yield Finding("mail_refused", text, f"/admin/people/{person_id}", said, str(_means(event).get("fix", "")))


def _is_last_no(event: Event) -> bool:
    """Whether the address itself was refused, and not for a while: else the queue tries again."""
    return event.detail.get("final") is True and _means(event).get("side") == "person"


def _means(event: Event) -> dict[str, object]:
    return dict(next(iter(event.detail.get("findings") or ()), {}))
