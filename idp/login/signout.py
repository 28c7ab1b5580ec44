"""Signing out of everything that one session opened, whatever protocol each application speaks.

The session ends first, its tokens with it, and what tells the applications from server to server is queued in the same
transaction. Then each is told: at once beside the queue, or by way of the browser: in hidden frames, all together, or
hop by hop. No application that is silent holds up the others.

Sessions that end without a sign-out (a disabled account, a new password, an admin) are noted as they end, in the same
transaction. `tell_ended` queues what needs no browser; a process that dies meanwhile leaves the note to the next one.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any, Final

from idp import browser
from idp.db import Transaction
from idp.ids import digest
from idp.language import locale_for
from idp.login import deliveries, pages
from idp.login.browser import accounts, sessions
from idp.login.browser.sessions import Session
from idp.login.deliveries import Try
from idp.login.notice import Notice as Notice
from idp.login.services import Services
from idp.showing import form_target, form_targets
from idp.texts import N_
from idp.traffic import LOGOUT, Traffic
from idp.wire import AutoPost, Cookie, Page, Redirect, Request, Response, with_parameters

FIRST_TRY: Final = 2.0  # seconds that the page waits for the applications' answers
BEFORE_RETRY: Final = 10.0  # seconds until the queue takes over what the first try left
KEEP_TRYING: Final = 86400.0  # seconds
RETRIES: Final = 32  # with the queue's back-off: a day
TAKE_UP_AFTER: Final = 60.0  # seconds until another process takes up what one has begun to queue
HOP_SECONDS: Final = 10  # that the browser waits for one application
FRAMES_SECONDS: Final = 4  # that it waits for all of those that are told in frames
CHAIN_SECONDS: Final = 900.0  # until an unfinished chain is forgotten
MAX_RECORDED: Final = 50  # applications of one session that its record names
_PARALLEL: Final = 8
_CHAIN: Final = re.compile(r"[A-Za-z0-9_-]{43}")

#: What else the end of a session causes: `also(tx, session)`, in its transaction.
Also = Callable[[Transaction, Session], object]

_BY_FRAME: Final = "frame"
_BY_HOP: Final = "hop"
#: The `protocol` of a hop to a provider through which they came, not to an application.
UPSTREAM: Final = "upstream"
_TEXTS: Final = {
    "signed out": N_("It has confirmed that you are signed out."),
    "not confirmed": N_("It has not answered yet. If it still shows you as signed in, close its window."),
    "asked": N_("Your browser has asked it. Whether it has signed you out cannot be known from here."),
    "not supported": N_("Its access has ended here. If it still shows you as signed in, close its window."),
}


@dataclass(frozen=True)
class Ending:
    """What comes after the last hop: a protocol's answer, a registered address, or (neither) our page."""

    location: str = ""
    protocol: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What became of one application: signed out, not confirmed, asked, not supported."""

    name: str
    result: str
    tries: int = 0  # that failed so far, as a record has it

    def shown(self) -> dict[str, Any]:
        """As the page has it."""
        return {"name": self.name, "result": self.result, "text": _TEXTS[self.result], "tries": self.tries}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why sessions end. `asked_by`: the client that asked, which knows already; `also`: what else each end causes, in
    the same transaction.
    """

    why: str
    asked_by: str = ""
    also: Also | None = None


def leave(services: Services, request: Request, left: Sequence[Session], cause: Cause, ending: Ending) -> Response:
    """End these sessions and tell the applications; answers the first hop, or the ending."""
    there = services.upstream.notices(services, left)
    results, hops, cookies = end(services, request, left, cause)
    hops += there  # the last: its own page may lead nowhere
    if not hops:
        response = _conclude(services, request, ending, results)
    else:
        chain = secrets.token_urlsafe(32)
        _keep(services, chain, {
            "results": [asdict(one) for one in results], "hops": [asdict(one) for one in hops], "at": 0,
            "begun": False, "framed": False, "ending": asdict(ending), "locale": locale_for(services, request),
        })  # fmt: skip
        services.state.put(_of_browser(services, request), chain, CHAIN_SECONDS)
        response = Redirect(location=_url(services, chain))
    return replace(response, cookies=(*response.cookies, *cookies))


def end(
    services: Services, request: Request, left: Sequence[Session], cause: Cause
) -> tuple[list[Result], list[Notice], list[Cookie]]:
    """The sessions end, and who can be told directly is told: what is known so far, who needs the browser, cookies.

    Each one's notices are queued as it ends.
    """
    if cause.asked_by:
        services.part(Traffic).proven(LOGOUT, cause.asked_by)
    here, until = sessions.to_end(services, request), services.clock() + KEEP_TRYING
    notices: list[Notice] = []
    cookies = []
    for session in left:
        found = [notice for door in services.protocols.values() for notice in door.notices(services, session)]
        found = [_named(notice, until) for notice in (one.to(cause.asked_by) for one in found) if notice is not None]
        cookie = sessions.end(
            services, request, session, cause.why, told=partial(_queue, services, session, found, cause.also),
            detail={"told": [_recorded(notice) for notice in found[:MAX_RECORDED]]} if found else None,
        )  # fmt: skip
        if here is not None and here.id == session.id:
            cookies.append(cookie)
        notices += found
    cookies += accounts.without(services, request, [session.id for session in left])
    cookies += services.upstream.stay(services)
    results, hops = [], []
    for notice, confirmed in _tell(services, [notice for notice in notices if notice.job]):
        if confirmed or not notice.by_browser:
            results.append(Result(notice.name, "signed out" if confirmed else "not confirmed"))
        else:
            hops.append(notice)
    for notice in notices:
        if not notice.job and notice.by_browser:
            hops.append(notice)
        elif not notice.job:
            results.append(Result(notice.name, "not supported"))
    return results, hops, cookies


def _recorded(notice: Notice) -> list[str]:
    """As the record of a session's end has it: who, by which name, and how the answer is found."""
    found = str(notice.payload["notice"]) if notice.job else _BY_FRAME if notice.frame else ""
    return [notice.client_id, notice.name, found or (_BY_HOP if notice.protocol else "")]


def answers(services: Services, told: object) -> list[Result]:
    """What became by now of each application that the record of a session's end names (`told` of its detail)."""
    rows = [row for row in told if isinstance(row, list) and len(row) == 3] if isinstance(told, list) else []
    tries = deliveries.of_notices(services.db, [row[2] for row in rows if len(str(row[2])) > len(_BY_FRAME)])
    return [_answer(services, str(name), str(notice), tries) for _, name, notice in rows]


def _answer(services: Services, name: str, notice: str, tries: Mapping[str, Sequence[Try]]) -> Result:
    if notice in (_BY_FRAME, _BY_HOP):
        return Result(name, "asked")
    if not notice:
        return Result(name, "not supported")
    found = tries.get(notice, ())
    if deliveries.has_confirmed(found) or has_confirmed(services, notice):
        return Result(name, "signed out")
    return Result(name, "not confirmed", len(found))


# -- from server to server -------------------------------------------------------------------------------------------


def is_told(services: Services, payload: Mapping[str, Any]) -> bool:
    """Whether this notice has been confirmed, or is too old to matter."""
    return services.clock() > payload["until"] or bool(services.state.get(f"told:{payload['notice']}"))


def has_confirmed(services: Services, notice: str) -> bool:
    """Whether an application has confirmed the notice of this name; known for an hour longer than it is tried."""
    return bool(services.state.get(f"told:{notice}"))


def mark_told(services: Services, payload: Mapping[str, Any]) -> None:
    """The application has confirmed this notice."""
    services.state.put(f"told:{payload['notice']}", True, KEEP_TRYING + 3600)


def tell_ended(services: Services, many: int = 100) -> int:
    """Queue the notices of sessions that ended without a sign-out, of at most `many`; answers how many it were.

    Errors: `Unavailable`: what is left is taken up again a minute later.
    """
    for done in range(many):
        ended = sessions.take_untold(services, TAKE_UP_AFTER)
        if ended is None:
            return done
        until = services.clock() + KEEP_TRYING
        notices = [notice for door in services.protocols.values() for notice in door.notices(services, ended)]
        with services.db.transaction() as tx:  # all of its notices are queued and the note is gone, or neither
            for notice in notices:
                if notice.job:
                    payload = {**notice.payload, "notice": name_of(notice, ended), "until": until}
                    services.jobs.enqueue(notice.job, payload, tx=tx)
            sessions.forget_untold(tx, ended)
    return many


def name_of(notice: Notice, ended: sessions.Ended) -> str:
    """A notice's name, whoever queues it: told once, though two processes took it up."""
    return digest(json.dumps([ended.id, notice.job, notice.payload], sort_keys=True))


def _named(notice: Notice, until: float) -> Notice:
    """A notice to be told directly has a name of its own: told once, by the first try or by the queue."""
    if not notice.job:
        return notice
    return replace(notice, payload={**notice.payload, "notice": secrets.token_hex(16), "until": until})


def _queue(
    services: Services, session: Session, notices: Sequence[Notice], also: Also | None, tx: Transaction
) -> None:  # fmt: skip
    """Queue what the end of a session causes, in the transaction that ends it; the first try comes before its turn."""
    for notice in notices:
        if notice.job:
            services.jobs.enqueue(notice.job, notice.payload, delay=BEFORE_RETRY, tx=tx)
    if also is not None:
        also(tx, session)


def _tell(services: Services, notices: Sequence[Notice]) -> list[tuple[Notice, bool]]:
    """Try each notice at once, beside the queue, so that the page can say what happened: who has confirmed."""
    if not notices:
        return []
    pool = ThreadPoolExecutor(min(_PARALLEL, len(notices)), thread_name_prefix="sign-out")
    tries: list[Future[None]] = []
    with suppress(RuntimeError):  # no room for a thread: the queue tells them
        for notice in notices:
            tries.append(pool.submit(services.jobs.perform, notice.job, notice.payload))  # noqa: PERF401  those begun before stay
    wait(tries, timeout=FIRST_TRY)
    pool.shutdown(wait=False, cancel_futures=True)
    done = [one.done() and not one.cancelled() and one.exception() is None for one in tries]
    return list(zip(notices, done + [False] * (len(notices) - len(done)), strict=True))


# -- by way of the browser -------------------------------------------------------------------------------------------


def go_on(services: Services, request: Request) -> Response:
    """GET /logout/next: the next application, or the end. Whoever comes back without an answer is not waited for."""
    chain = request.query.get("chain") or ""
    kept = services.state.get(f"signout:{chain}") if _CHAIN.fullmatch(chain) else None
    # The first browser that comes keeps the chain: an application that answers by itself would learn of the others.
    if kept is None or kept.setdefault("browser", _of_browser(services, request)) != _of_browser(services, request):
        return pages.signed_out(services, ())
    request.learn(language=kept.get("locale", ""))  # the session is gone, and with it whose language it was
    every = [Notice(**hop) for hop in kept["hops"]]
    framed = [one for one in every if one.frame]
    if framed and not kept.get("framed"):
        kept["framed"] = True
        kept["results"] += [{"name": one.name, "result": "asked"} for one in framed]
        _keep(services, chain, kept)
        return _frames_page(services, framed, chain)
    hops = [one for one in every if not one.frame]
    while kept["at"] < len(hops):
        at, hop = kept["at"], hops[kept["at"]]
        if not kept["begun"]:
            kept["begun"] = True
            door = services.upstream if hop.protocol == UPSTREAM else services.protocols[hop.protocol]
            leap = door.hop(services, hop, chain, at)
            # A browser would show its own error where nobody listens, and lead nowhere from there.
            if leap is not None and not services.outbound.is_refused(_address_of(leap)):
                _keep(services, chain, kept)
                return _hop_page(services, hop, leap, chain, len(hops) - at)
        verdict = services.state.take(f"signout:{chain}:{at}")
        if hop.job and verdict == "signed out":
            deliveries.note(services, hop.payload)
            mark_told(services, hop.payload)  # what is still queued for it has nothing left to do
        if verdict or not hop.payload.get("ask"):  # who was asked, and stays signed in there, has said so
            kept["results"].append({"name": hop.name, "result": verdict or "not confirmed"})
        kept["at"], kept["begun"] = at + 1, False
    services.state.take(f"signout:{chain}")
    return _conclude(services, request, Ending(**kept["ending"]), [Result(**one) for one in kept["results"]])


def resume(services: Services, request: Request) -> Response | None:
    """The rest of this browser's chain, for whoever comes back from an application that led nowhere; None: no rest."""
    chain = services.state.get(_of_browser(services, request))
    if not isinstance(chain, str) or services.state.get(f"signout:{chain}") is None:
        return None
    return Redirect(location=_url(services, chain))


def _of_browser(services: Services, request: Request) -> str:
    return f"signout:of:{digest(browser.identify(services, request))}"


def answered(services: Services, chain: str, at: int, *, confirmed: bool) -> Response:
    """An application has answered its hop: on to the next one."""
    services.state.put(f"signout:{chain}:{at}", "signed out" if confirmed else "not confirmed", CHAIN_SECONDS)
    return Redirect(location=_url(services, chain))


def came_back(services: Services, request: Request, state: str) -> Response:
    """From a provider that was asked to sign somebody out: its hop is done, and no other one by its word."""
    chain, _, at = state.partition(".")
    kept = services.state.get(f"signout:{chain}") if _CHAIN.fullmatch(chain) else None
    if kept is None or kept.get("browser") != _of_browser(services, request):
        return resume(services, request) or pages.signed_out(services, ())
    hops = [hop for hop in kept["hops"] if not hop["frame"]]
    here = hops[kept["at"]] if kept["at"] < len(hops) else {}
    if at != str(kept["at"]) or not kept["begun"] or here.get("protocol") != UPSTREAM:
        return Redirect(location=_url(services, chain))
    return answered(services, chain, kept["at"], confirmed=True)


def _hop_page(services: Services, hop: Notice, leap: Response, chain: str, left: int) -> Page:
    """Leads on by itself; goes on without the application where it does not answer in time."""
    action = _address_of(leap)
    method, fields = ("post", leap.fields) if isinstance(leap, AutoPost) else ("get", ())
    return Page(
        template="login/sign_out_there.html" if hop.payload.get("ask") else "login/sign_out_next.html",
        values={
            "name": hop.name, "left": left, "action": action, "method": method, "fields": fields,
            "skip_url": _url(services, chain), "wait": HOP_SECONDS,
        },
        form_action=form_targets(form_target(action)),
    )  # fmt: skip


def _frames_page(services: Services, framed: Sequence[Notice], chain: str) -> Page:
    """Front-Channel Logout 1.0 §3: each address in a frame that nobody sees; the page goes on when all have answered.

    Frames of these origins alone may stand in it, and in no other page.
    """
    return Page(
        template="login/sign_out_frames.html",
        values={
            "frames": [{"name": one.name, "address": one.frame} for one in framed], "skip_url": _url(services, chain),
            "wait": FRAMES_SECONDS,
        },
        frames=tuple(dict.fromkeys(form_target(one.frame) for one in framed)),
    )  # fmt: skip


def _address_of(leap: Response) -> str:
    if isinstance(leap, AutoPost):
        return leap.action
    assert isinstance(leap, Redirect)
    return leap.location


def _conclude(services: Services, request: Request, ending: Ending, results: Sequence[Result]) -> Response:
    if ending.protocol:
        complete = all(one.result == "signed out" for one in results)
        return services.protocols[ending.protocol].conclude(services, request, ending.values, complete=complete)
    if ending.location:
        return Redirect(location=ending.location)
    shown = tuple(one.shown() for one in results)
    return pages.signed_out(services, shown, str(ending.values.get("left") or ""), ending.values.get("lost"))


def _keep(services: Services, chain: str, kept: Mapping[str, Any]) -> None:
    services.state.put(f"signout:{chain}", kept, CHAIN_SECONDS)


def _url(services: Services, chain: str) -> str:
    return with_parameters(services.url("/logout/next"), [("chain", chain)])
