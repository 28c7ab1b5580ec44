"""Requests that this browser was shown a page for, or has had answered (L8): Back and restored tabs lead to them.

An application takes one answer to its `state`, or to its request's ID, and waits for it a while. So whoever comes back
to a request that was answered, or restores one that is old, is led on to the application's start, which begins anew.
Each has a cookie of its own, so that tabs side by side do not overwrite one another's; no hop pays a store for it.
What was answered without a page of ours never stands in a browser's history, and is not kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, cast

from idp.browser import cookie_name, is_navigation
from idp.ids import plain_tag
from idp.login import pages
from idp.login.flow import Flow
from idp.login.services import Services
from idp.showing import shown_app
from idp.wire import AutoPost, Cookie, Page, Redirect, Request, Response

MAX = 24  # requests; the oldest go first
KEPT_FOR = 7 * 86400  # seconds
#: For so long an application waits for its answer. Later its start is the better place, where anybody knows it.
WAITS = 3600
#: The same for what does not say that it is a window (Fetch Metadata): programs send one request again and again.
SOON = 30
PREFIX = "answered_"


@dataclass(frozen=True, slots=True)
class Mark:
    """What became of a request, and when: `a` answered, `l` answered and led on from since, `s` shown first."""

    became: Literal["a", "l", "s"]
    at: float


def is_answered(services: Services, request: Request, flow: Flow) -> bool:
    """Whether the answer to this very request has gone to this browser, lately."""
    mark = _of(services, request, flow)
    return mark is not None and _was_just_answered(services, request, mark)


def _was_just_answered(services: Services, request: Request, mark: Mark) -> bool:
    waits = WAITS if request.header("Sec-Fetch-Dest") else SOON
    return mark.became != "s" and services.clock() - mark.at < waits


def is_over(services: Services, request: Request, flow: Flow) -> bool:
    """Whether an answer would come to nothing: it was given, or nobody waits any more and there is a better place."""
    mark = _of(services, request, flow)
    if mark is None:
        return False
    is_old = request.header("Sec-Fetch-Dest") and services.clock() - mark.at >= WAITS
    if is_old and services.protocols[flow.protocol].start_url(services, flow):
        return True
    return _was_just_answered(services, request, mark)


def keep_begun(services: Services, request: Request, flow: Flow, response: Response) -> Response:
    """What a request begins with, and the cookie that remembers it where Back or a restored tab may lead to it.

    That is a page, and an answer that a page stood before: one that posts by itself, or ours, before a reload.
    """
    if isinstance(response, Page):
        return _keep_shown(services, request, flow, response)
    says_window = bool(request.header("Sec-Fetch-Dest"))  # a program has no history that Back leads through
    stood = isinstance(response, AutoPost) or (says_window and _of(services, request, flow) is not None)
    return keep(services, request, flow, response) if stood else response


def _keep_shown(services: Services, request: Request, flow: Flow, page: Page) -> Response:
    says_window = request.header("Sec-Fetch-Dest") and request.method == "GET" and is_navigation(request)
    if not says_window or flow.demands.silent or not _name(services, flow) or _of(services, request, flow) is not None:
        return page
    return _with_mark(services, request, flow, page, Mark("s", services.clock()))


def keep(services: Services, request: Request, flow: Flow, response: Response) -> Response:
    """The same answer, and the cookie that remembers it; pages, and redirects to our own host, are no answer."""
    is_ours = isinstance(response, Redirect) and response.location.startswith(services.issuer + "/")
    if not _name(services, flow) or isinstance(response, Page) or is_ours or not is_navigation(request):
        return response
    return _with_mark(services, request, flow, response, Mark("a", services.clock()))


def lead_on(services: Services, request: Request, flow: Flow) -> Response:
    """To where the application begins; where nobody knows that, a page that says so.

    As often as it comes, by a page from the second time on: a start that sends the very same would be a circle. But
    once where an application may send one state for ever: it gets its answer then.
    """
    handler, mark = services.protocols[flow.protocol], _of(services, request, flow)
    start, cookie = handler.start_url(services, flow), Cookie(_cookie_name(services, flow), "", 0)
    if mark is not None and is_answered(services, request, flow) and handler.is_one_time(flow):
        cookie = replace(cookie, value=f"l{int(mark.at)}", max_age=KEPT_FOR)
    if start and (mark is None or mark.became != "l"):
        return Redirect(location=start, cookies=(cookie,))
    host = flow.destination if flow.destination.startswith(("https://", "http://")) else ""
    client = services.registry.find(flow.client_id)
    if mark is not None and mark.became == "s":
        return replace(pages.stale(services, host + "/" if host else services.url("/"), client), cookies=(cookie,))
    values = {
        "app": shown_app(services, client),
        "continue_url": start or (host and host + "/"),
        "here": services.url("/"),
    }
    return Page(template="login/answered.html", values=values, cookies=(cookie,))


def find(services: Services, request: Request, protocol: str, client_id: str, name: str) -> Mark | None:
    """What became of a request in this browser, by the name that the protocol gives to it."""
    if not name or not request.once(names, services) or not is_navigation(request):
        return None
    mark = _read(request.cookies.get(cookie_name(services, PREFIX + _tag(protocol, client_id, name)), ""))
    return mark if mark is not None and services.clock() - mark.at < KEPT_FOR else None


def names(services: Services, request: Request) -> tuple[str, ...]:
    """The cookies that this browser has of these."""
    prefix = cookie_name(services, PREFIX)
    return tuple(name for name in request.cookies if name.startswith(prefix))


def _name(services: Services, flow: Flow) -> str:
    return services.protocols[flow.protocol].request_name(flow) if flow.client_id else ""


def _tag(protocol: str, client_id: str, name: str) -> str:
    return plain_tag(f"{protocol}\n{client_id}\n{name}")


def _cookie_name(services: Services, flow: Flow) -> str:
    return cookie_name(services, PREFIX + _tag(flow.protocol, flow.client_id, _name(services, flow)))


def _of(services: Services, request: Request, flow: Flow) -> Mark | None:
    if flow.demands.silent or not names(services, request):  # without any, a request's name need not be made
        return None
    return find(services, request, flow.protocol, flow.client_id, _name(services, flow))


def _read(value: str) -> Mark | None:
    became, at = value[:1], value[1:]
    if became not in ("a", "l", "s") or not at.isascii() or not at.isdigit() or len(at) > 11:
        return None
    return Mark(cast(Literal["a", "l", "s"], became), float(at))


def _with_mark(services: Services, request: Request, flow: Flow, response: Response, mark: Mark) -> Response:
    own = _cookie_name(services, flow)
    others = [name for name in names(services, request) if name != own]
    others.sort(key=lambda name: at.at if (at := _read(request.cookies[name])) else 0.0)
    surplus = others[: max(0, len(others) + 1 - MAX)]
    cookies = (Cookie(own, f"{mark.became}{int(mark.at)}", KEPT_FOR), *(Cookie(name, "", 0) for name in surplus))
    return replace(response, cookies=(*response.cookies, *cookies))
