"""The same application sending the same person back again and again: it refuses what we tell it (L9).

Counted in this process's memory, for browsers only: a loop runs through many rounds a second, and no hop pays a
store for it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from idp.errors import Explanation, Refused
from idp.login import pages
from idp.login.flow import Flow
from idp.login.sessions import Session
from idp.services import Services
from idp.web import shown_app, utc
from idp.wire import Page, Request

TIMES = 5  # rounds
WITHIN = 20.0  # seconds
_MAX_KEPT = 10_000
CAUSES = (
    "{name} gets its answer from us and still asks again. Usual causes: its session cookie is not kept (wrong domain, "
    "Secure over http, SameSite), its clock is wrong, its callback fails silently, or its servers share no sessions."
)

_lock = threading.Lock()
_rounds: OrderedDict[tuple[str, str], list[float]] = OrderedDict()


def is_looping(services: Services, request: Request, flow: Flow, session: Session) -> bool:
    """Count this round of a browser's window; whether it is one too many. Silent requests do not count."""
    if flow.demands.silent or not _is_navigation(request):
        return False
    now, key = services.clock(), (session.id, flow.client_id)
    with _lock:
        rounds = [at for at in _rounds.pop(key, []) if at > now - WITHIN]
        rounds.append(now)
        # Once shown, the count starts afresh: the person may try again by hand.
        looping = len(rounds) >= TIMES
        _rounds[key] = [] if looping else rounds
        if len(_rounds) > _MAX_KEPT:
            _rounds.popitem(last=False)
    return looping


def _is_navigation(request: Request) -> bool:
    destination = request.header("Sec-Fetch-Dest")
    return destination == "document" if destination else "text/html" in request.header("Accept")


def page(services: Services, request: Request, flow: Flow, session: Session) -> Page:
    """Names the application as the side that refuses."""
    client = services.registry.find(flow.client_id)
    name = client.name if client is not None else "The application"
    refusal = Refused(
        "sign_in_loop", f"{name} keeps sending you back.", client_id=flow.client_id,
        detail=f"{TIMES} authorization requests within {WITHIN:.0f} s for a person who is signed in",
        explanation=Explanation("application", CAUSES.format(name=name)),
    )  # fmt: skip
    now = services.clock()
    shown = services.errors.keep(refusal, request=request, person_id=session.person_id)
    return Page(
        template="login/loop.html",
        status=429,
        values={
            "app": shown_app(services, client) or {"name": name},
            "error_id": shown,
            "times": TIMES,
            "at_utc": utc(now),
            "at_epoch": int(now),
            "continue_url": services.protocols[flow.protocol].restart_url(services, flow),
            "person": pages.person(session),
        },
    )
