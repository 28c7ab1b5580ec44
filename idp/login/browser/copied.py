"""A session's cookie is used in two places: the session ends, everywhere, and its person is told.

What is noticed is decided in `two_places`; what follows is one transaction: the end, the note to tell its
applications (`signout.tell_ended`), the devices that were let off the second step, the record, the mail.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from idp import mail
from idp.accounts import places
from idp.accounts.device_text import describe
from idp.accounts.factors import trusted_devices
from idp.audit import Event, conversation_of, record
from idp.login import store
from idp.login.browser import two_places
from idp.login.browser.ending import end_in
from idp.login.browser.two_places import Known, Place, Verdict, judge
from idp.login.recording import circumstances
from idp.login.services import Services
from idp.meters.notes import Meters
from idp.wire import Request

WHY: Final = "its cookie was used in two places"
DOUBT_EVERY: Final = 60.0  # seconds between two notes of one doubt
TOLD_FOR: Final = 86400.0  # seconds in which the same session is told of once, where it does not end


def is_good(services: Services, request: Request, row: Any, behind: int) -> bool:
    """Whether the secret that came is worth a live session; one that two have ends, or its person is told."""
    setting = services.settings.session.copied
    here, now = Place(request.remote_address, request.user_agent), services.clock()
    if behind == 0 and row.doubted_at is None and here.user_agent == row.seen_browser:
        return True  # nearly always
    known = _known(row)
    verdict = judge(known, behind, here, now)
    if verdict is Verdict.COPIED and setting == "end":
        _end(services, request, row, now)
        return False
    if verdict is Verdict.COPIED and setting == "tell":
        _tell(services, request, row, now)
    if verdict is Verdict.DOUBTED and setting != "off" and _is_news(known, here, now):
        services.db.run(
            store.DOUBT, durable=False, session_id=row.id, now=now, address=here.address, browser=here.user_agent
        )
    return behind == 0 or verdict is Verdict.GOOD


def has_next(services: Services, request: Request, row: Any) -> bool:
    """Whether who brings the secret of one turn ago is given the latest: see `two_places`."""
    return two_places.has_next(_known(row), Place(request.remote_address, request.user_agent), services.clock())


def here_of(request: Request, row: Any) -> dict[str, str]:
    """Where it is used now, as it is kept."""
    here = Place(request.remote_address, request.user_agent)
    return {"address": here.address, "browser": here.user_agent, "beside": two_places.beside(_known(row), here)}


def learn(request: Request, row: Any) -> None:
    """The next page says why whoever brings this session is not signed in any more."""
    if row.ended_why == WHY:
        request.learn(copied_at=str(row.ended_at))


def _known(row: Any) -> Known:
    last, doubted = Place(row.seen_address, row.seen_browser), Place(row.doubted_address, row.doubted_browser)
    return Known(last, row.last_seen, row.used_at, row.doubted_at, doubted, row.seen_beside)


def _is_news(known: Known, here: Place, now: float) -> bool:
    """Whether a doubt is to be noted: a stale copy that goes on asking writes once a minute."""
    return known.doubted_at is None or now - known.doubted_at > DOUBT_EVERY or known.doubted != here


def _end(services: Services, request: Request, row: Any, now: float) -> None:
    person = services.directory.get(row.person_id)
    with services.db.transaction() as tx:
        if end_in(tx, row.person_id, row.id, now, WHY):
            trusted_devices.forget_all(tx, row.person_id)  # whoever copied this cookie may have those, too
            record(tx, _event(services, request, row, "session:copied"), now)
            record(tx, _event(services, request, row, "session:ended", {"why": WHY}), now)
            mail.tell(services, person, "session_copied", {**_about(services, request, row), "ended": True}, tx=tx)
    services.part(Meters).count("copied_sessions", "ended")
    request.learn(copied_at=str(now))


def _tell(services: Services, request: Request, row: Any, now: float) -> None:
    if not services.state.add(f"session:copied:{row.id}", 1, TOLD_FOR):
        return
    person = services.directory.get(row.person_id)
    with services.db.transaction() as tx:
        record(tx, _event(services, request, row, "session:copied"), now)
        mail.tell(services, person, "session_copied", _about(services, request, row), tx=tx)
    services.part(Meters).count("copied_sessions", "told")


def _about(services: Services, request: Request, row: Any) -> Mapping[str, Any]:
    """What the person reads. Of two who have the secret nobody knows which one is the person: both places are told."""
    here, strange = request.remote_address, _strange(services, request, row)
    both = dict.fromkeys(places.describe(services, address) for address in (strange.address, here))
    told = circumstances(services, request)
    return {**told, "device": describe(strange.user_agent), "place": " / ".join(filter(None, both))}


def _strange(services: Services, request: Request, row: Any) -> Place:
    """Which of the two places is told of: an old secret was the copy's, or else the place that has just come is new."""
    known, here = _known(row), Place(request.remote_address, request.user_agent)
    return known.doubted if two_places.is_by_doubt(known, here, services.clock()) else here


def _event(services: Services, request: Request, row: Any, action: str, detail: Mapping[str, Any] = {}) -> Event:
    before = {"before_address": row.seen_address, "before_browser": row.seen_browser}
    strange = _strange(services, request, row)
    if strange.address != request.remote_address:  # an old secret came from there, and this is the latest
        before |= {"other_address": strange.address, "other_browser": strange.user_agent}
    return Event(
        action=action, actor=row.person_id, person_id=row.person_id, client_id=request.visitor.for_client or None,
        session_id=row.id, address=request.remote_address, request_id=request.id,
        detail={**before, **detail, "browser": request.user_agent, **conversation_of(request)},
    )  # fmt: skip
