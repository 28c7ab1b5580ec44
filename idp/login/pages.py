"""What the pages of the sign-in share, and the pages that belong to no step: which template, with which values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clients.client import Client
from idp import browser
from idp.login.browser.sessions import Session
from idp.login.flow import Flow, seal
from idp.login.services import Services
from idp.showing import shown_app
from idp.texts import N_
from idp.wire import Page, Request


def stale(services: Services, continue_url: str, app: Client | None) -> Page:
    """A page that was open too long or in two tabs: never a dead end (L8)."""
    return Page(
        template="login/stale.html",
        values={
            "title": N_("Let us start this again"),
            "message": N_("This page was open for a long time, or opened twice. Your sign-in can start once more."),
            "continue_url": continue_url,
            "here": continue_url,
            "app": shown_app(services, app),
        },
    )


def no_cookies(services: Services, continue_url: str) -> Page:
    """L10: the browser did not bring back the cookie that came with the form."""
    return Page(template="login/cookies.html", values={"continue_url": continue_url, "here": continue_url}, status=400)


def busy(services: Services, retry_after: int, continue_url: str, again: Mapping[str, str] | None = None) -> Page:
    """More sign-ins at once than hashes can be computed; tokens go on meanwhile. `again`: the form to send anew."""
    return Page(
        template="login/wait.html",
        status=503,
        headers=(("Retry-After", str(retry_after)),),
        values={"retry_in": retry_after, "continue_url": continue_url, "here": continue_url, "again": again},
    )


def confirm_sign_out(
    services: Services, session: Session | None, client: Client | None, flow: str, action: str,
    form_action: tuple[str, ...], *, elsewhere: bool = False,
    lost: Mapping[str, str] | None = None,
) -> Page:  # fmt: skip
    """Asked before anybody is signed out whom no valid hint names.

    `session`: the one of this browser; `elsewhere`: one of another browser ends as well, or alone. `lost`: why there is
    no way back to the application afterwards, for this page and the next.
    """
    return Page(
        template="login/confirm_sign_out.html",
        values={
            "action_url": services.settings.server.issuer_path + action,
            "flow": flow,
            "app": shown_app(services, client),
            "person": person(session) if session is not None else None,
            "elsewhere": elsewhere,
            "lost": lost or None,
        },
        form_action=form_action,
    )


def nobody_here(services: Services, lost: Mapping[str, str] | None = None) -> Page:
    """Asked to sign out a browser in which nobody is signed in: nothing has ended."""
    values = {"results": [], "nobody": True, "left": "", "lost": lost or None, "here": services.url("/logout")}
    return Page(template="login/signed_out.html", values=values)


def signed_out(
    services: Services, results: tuple[dict[str, str], ...], left: str = "", lost: Mapping[str, str] | None = None
) -> Page:
    """What happened, application by application (A7). `left`: the one account that was left, where others stay (A9)."""
    here = services.url("/" if left else "/logout")
    values = {"results": list(results), "nobody": False, "left": left, "lost": lost or None, "here": here}
    return Page(template="login/signed_out.html", values=values)


def sealed(services: Services, request: Request, flow: Flow) -> str:
    """The flow as a page's hidden field, bound to this browser."""
    return seal(services.sealer, flow, browser.identify(services, request))


def person(session: Session) -> dict[str, str]:
    """The person as the header shows them."""
    return {"name": session.name or session.username, "username": session.username}


def about(services: Services, request: Request, flow: Flow) -> dict[str, Any]:
    """What each page shows that goes on with a pending request."""
    restart = services.protocols[flow.protocol].restart_url(services, flow)
    request.learn(ui_locales=flow.ui_locales)
    return {
        "app": app(services, flow),
        "flow": sealed(services, request, flow),
        "purpose": services.protocols[flow.protocol].purpose(flow),
        "here": restart if request.method == "POST" else "",
    }


def app(services: Services, flow: Flow) -> dict[str, str] | None:
    """The application that asks, as pages show it; None for our own."""
    return shown_app(services, services.registry.find(flow.client_id) if flow.client_id else None)
