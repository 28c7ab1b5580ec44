"""The same application sending the same person back again and again: it refuses what we tell it (L9).

A loop comes back after its own answer; tabs are requests side by side. So a cookie that comes with each answer counts
the rounds, for all processes and without a store: requests that go side by side bring the same count. Where tabs wait
for one another all the same, a small page asks the tab itself, which alone knows how often it has been here before:
tabs that are restored, and reloaded because the application's own sessions are over, are here twice.
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from hashlib import sha256
from typing import Final

from idp.browser import cookie_name, is_navigation
from idp.errors import Explanation, Refused
from idp.ids import plain_tag
from idp.login import pages
from idp.login.browser.sessions import Session
from idp.login.flow import Flow
from idp.login.services import Services
from idp.showing import shown_app, utc
from idp.wire import Cookie, Page, Request, Response, with_parameters

TIMES: Final = 5  # rounds
WITHIN: Final = 20.0  # seconds
GAP: Final = 0.2  # seconds: rounds that are closer are told apart by the tab; of older browsers' they are one
HARD: Final = 12  # rounds that are a loop where no tab can tell
OWN_ROUNDS: Final = 2  # times that a tab was asked before, within `WITHIN`, and is the one that loops
VOUCHED_FOR: Final = 60.0  # seconds; without JavaScript somebody presses a button
PARAMETER: Final = "doorward_tab"
CAUSES = (
    "{name} gets its answer from us and still asks again. Usual causes: its session cookie is not kept (wrong domain, "
    "Secure over http, SameSite), its clock is wrong, its callback fails silently, or its servers share no sessions."
)
_MAX_APPS = 4  # in one cookie, the latest last


def interrupt(services: Services, request: Request, flow: Flow, session: Session) -> Page | None:
    """The page in place of one more round; None where it is no loop. Silent requests do not count."""
    if flow.demands.silent or not is_navigation(request) or _is_program(request):
        return None
    tag = _tag(flow, session)
    rounds = [*request.once(_rounds, services).get(tag, ()), services.clock()]
    if not request.header("Sec-Fetch-Dest"):  # so old as to send none is no browser that restores tabs
        is_loop = len(rounds) >= HARD or _apart(rounds) >= TIMES
        return page(services, request, flow, session) if is_loop else None
    if len(rounds) < TIMES:
        return None
    said = request.query.get(PARAMETER) or ""
    if said in ("same", "other"):
        is_loop = said == "same" or len(rounds) >= HARD
        return page(services, request, flow, session) if is_loop else None
    return None if _is_vouched(services, tag, said) else _ask_tab(services, flow, tag)


def count(services: Services, request: Request, flow: Flow, session: Session, response: Response) -> Response:
    """The answer, and the cookie that counts it. A page is no answer."""
    if isinstance(response, Page) or flow.demands.silent or not flow.client_id or not is_navigation(request):
        return response
    kept, tag, now = dict(request.once(_rounds, services)), _tag(flow, session), services.clock()
    rounds = [at for at in kept.pop(tag, []) if at > now - WITHIN]
    kept[tag] = [*rounds[-HARD:], now]
    return replace(response, cookies=(*response.cookies, _cookie(services, kept)))


def _ask_tab(services: Services, flow: Flow, tag: str) -> Page:
    client, again = (
        services.registry.find(flow.client_id),
        services.protocols[flow.protocol].restart_url(services, flow),
    )
    return Page(
        template="login/tab.html",
        values={
            "app": shown_app(services, client) or {"name": flow.client_id},
            "tag": tag,
            "within": WITHIN,
            "own_rounds": OWN_ROUNDS,
            "continue_url": with_parameters(again, [(PARAMETER, _voucher(services, tag, int(services.clock())))]),
            "unknown_url": with_parameters(again, [(PARAMETER, "other")]),
            "loop_url": with_parameters(again, [(PARAMETER, "same")]),
        },
    )


def _voucher(services: Services, tag: str, at: int) -> str:
    """Our word that a tab was asked: no application can have one, so it does not count towards `HARD`."""
    mac = hmac.new(services.sealer.mac_key("tab"), f"{tag}.{at}".encode(), sha256).hexdigest()
    return f"{at}.{mac[:32]}"


def _is_vouched(services: Services, tag: str, said: str) -> bool:
    at = said.partition(".")[0]
    if not at.isascii() or not at.isdigit() or len(at) > 11 or not 0 <= services.clock() - int(at) <= VOUCHED_FOR:
        return False
    return hmac.compare_digest(said.encode(), _voucher(services, tag, int(at)).encode())


def _is_program(request: Request) -> bool:
    """Whether no browser shows itself: a check or a migration that signs in again and again, and keeps its cookies.

    All browsers say "Mozilla/", and all of today send Fetch Metadata; a program that says it, too, is taken for one.
    """
    return not request.header("Sec-Fetch-Dest") and not request.user_agent.startswith("Mozilla/")


def _apart(rounds: list[float]) -> int:
    """How many rounds these are, where several at once are one."""
    counted: list[float] = []
    for at in rounds:
        if not counted or at - counted[-1] >= GAP:
            counted.append(at)
    return len(counted)


def _tag(flow: Flow, session: Session) -> str:
    return plain_tag(f"{session.id}\n{flow.protocol}\n{flow.client_id}")


def _rounds(services: Services, request: Request) -> dict[str, list[float]]:
    """When each application had its answers, by this browser's cookie; the young ones."""
    since, found = services.clock() - WITHIN, {}
    for part in request.cookies.get(cookie_name(services, "rounds"), "")[:2000].split("_"):
        tag, _, times = part.partition("-")
        moments = [int(at) / 1000 for at in times.split(".") if at.isascii() and at.isdigit() and len(at) < 16]
        found[tag] = [at for at in moments if at > since]
    return {tag: times for tag, times in found.items() if tag and times}


def _cookie(services: Services, kept: dict[str, list[float]]) -> Cookie:
    latest = list(kept.items())[-_MAX_APPS:]
    value = "_".join(f"{tag}-" + ".".join(str(int(at * 1000)) for at in times) for tag, times in latest)
    return Cookie(cookie_name(services, "rounds"), value, int(WITHIN) if value else 0)


def _has_email(services: Services, session: Session) -> bool:
    """Applications that ask for an address and get none often say nothing of it (Q2)."""
    person = services.directory.find(session.person_id)
    return person is None or bool(person.email)


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
            "lacks_email": "email" in flow.scopes and not _has_email(services, session),
            "times": TIMES,
            "at_utc": utc(now),
            "at_epoch": int(now),
            "continue_url": services.protocols[flow.protocol].restart_url(services, flow),
            "person": pages.person(session),
        },
        # Once shown, the count starts afresh: the person may try again by hand.
        cookies=(_cookie(services, {}),),
    )
