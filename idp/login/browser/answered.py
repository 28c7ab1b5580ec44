"""Requests that this browser has had answered: Back leads to them, and their application takes no second answer (L8).

An application uses its `state`, or its request's ID, once. So whoever comes back to one that was answered is led on to
the application's start, which begins anew. A cookie keeps what was answered, for an hour; no hop pays a store for it.
Only an answer that a page of ours came before is kept: what was answered at once never stands in a browser's history.
"""

from __future__ import annotations

from dataclasses import replace

from idp.browser import cookie_name, is_navigation
from idp.ids import plain_tag
from idp.login.flow import Flow
from idp.login.services import Services
from idp.web import shown_app
from idp.wire import Cookie, Page, Redirect, Request, Response

MAX = 10  # requests
KEPT_FOR = 3600  # seconds
#: The same for what does not say that it is a window (Fetch Metadata): programs send one request again and again.
SOON = 30


def is_known(services: Services, request: Request, flow: Flow) -> bool:
    """Whether the answer to this very request has gone to this browser."""
    if flow.demands.silent or not is_navigation(request):
        return False
    return is_known_as(services, request, flow.protocol, flow.client_id, _name(services, flow))


def is_known_as(services: Services, request: Request, protocol: str, client_id: str, name: str) -> bool:
    """The same, by the name that the protocol gives to a request."""
    if not name or not is_navigation(request):
        return False
    at = _kept(services, request).get(_tag(protocol, client_id, name), 0.0)
    return services.clock() - at < (KEPT_FOR if request.header("Sec-Fetch-Dest") else SOON)


def keep(services: Services, request: Request, flow: Flow, response: Response) -> Response:
    """The same answer, and the cookie that remembers it; pages, and redirects to our own host, are no answer."""
    name = _name(services, flow)
    is_ours = isinstance(response, Redirect) and response.location.startswith(services.issuer + "/")
    if not name or isinstance(response, Page) or is_ours or not is_navigation(request):
        return response
    kept, tag = _kept(services, request), _tag(flow.protocol, flow.client_id, name)
    kept.pop(tag, None)
    return replace(response, cookies=(*response.cookies, _cookie(services, {**kept, tag: services.clock()})))


def lead_on(services: Services, request: Request, flow: Flow) -> Response:
    """To where the application begins; where nobody knows that, a page that says so.

    Once: an application that sends the same request each time, without a state of its own, gets its answer then.
    """
    tag = _tag(flow.protocol, flow.client_id, _name(services, flow))
    cookie = _cookie(services, {one: at for one, at in _kept(services, request).items() if one != tag})
    start = services.protocols[flow.protocol].start_url(services, flow)
    if start:
        return Redirect(location=start, cookies=(cookie,))
    host = flow.destination if flow.destination.startswith(("https://", "http://")) else ""
    app = shown_app(services, services.registry.find(flow.client_id))
    values = {"app": app, "continue_url": host and host + "/", "here": services.url("/")}
    return Page(template="login/answered.html", values=values, cookies=(cookie,))


def _name(services: Services, flow: Flow) -> str:
    return services.protocols[flow.protocol].request_name(flow) if flow.client_id else ""


def _tag(protocol: str, client_id: str, name: str) -> str:
    return plain_tag(f"{protocol}\n{client_id}\n{name}")


def _kept(services: Services, request: Request) -> dict[str, float]:
    """When each request had its answer, by its tag; the latest last."""
    parts = request.cookies.get(cookie_name(services, "answered"), "")[:1000].split("_")
    pairs = [part.partition("-") for part in parts]
    return {tag: float(at) for tag, _, at in pairs if tag and at.isascii() and at.isdigit() and len(at) < 12}


def _cookie(services: Services, kept: dict[str, float]) -> Cookie:
    value = "_".join(f"{tag}-{int(at)}" for tag, at in list(kept.items())[-MAX:])
    return Cookie(cookie_name(services, "answered"), value, KEPT_FOR if value else 0)
