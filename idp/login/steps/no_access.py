"""The page for somebody who is proven but may not open the application (T5): who, why, whom to ask, and ways on.

An application that is told "access denied" can only offer to sign in again, which ends at the same refusal. So the
person learns it here first; the application hears of it when they go back.
"""

from __future__ import annotations

from dataclasses import replace
from shlex import quote

from clients.access import Decision, decide
from clients.client import Client
from idp.accounts import cases
from idp.errors import Explanation, Refused
from idp.login import pages
from idp.login.browser import accounts, sessions
from idp.login.browser.sessions import Session
from idp.login.flow import Flow
from idp.login.services import Services
from idp.login.steps import ChooseAccount, Deny, choose_account
from idp.login.steps.outcomes import Denied, Outcome, Proceed, Show
from idp.showing import form_targets, shown_app, utc
from idp.texts import N_
from idp.wire import Page, Request

DENIAL = Deny("access_denied", "This person may not use this application.", "policy")


def page(services: Services, request: Request, flow: Flow, session: Session, asked: str = "") -> Page:
    """Who is signed in, why they may not, and what they can do. `asked`: the case that was opened just now."""
    client = services.registry.find(flow.client_id)
    assert client is not None  # only an application's own rule leads here
    decision = decide(client, session.person_id, session.groups, services.clock())
    standing = cases.find_standing(services, session.person_id, cases.ACCESS, about=client.id)
    error_id = "" if request.method == "POST" and asked else _keep(services, request, client, session, decision)
    request.learn(ui_locales=flow.ui_locales)
    now = services.clock()
    return Page(
        template="login/no_access.html",
        status=403,
        values={
            "app": shown_app(services, client),
            "person": pages.person(session),
            "reason": _reason(client, decision),
            "contacts": [str(one) for one in client.metadata.get("contacts") or ()],
            "asked": asked or (standing.id if standing is not None else ""),
            "is_new": bool(asked),
            "flow": pages.sealed(services, request, replace(flow, shown_to=session.id)),
            "error_id": error_id,
            "at_utc": utc(now),
            "at_epoch": int(now),
            "here": services.protocols[flow.protocol].restart_url(services, flow) if request.method == "POST" else "",
        },
        form_action=form_targets(flow.destination),
    )


def submit(services: Services, request: Request, flow: Flow) -> Outcome:
    """POST /login/access: ask for it, be somebody else, or go back to the application with its error."""
    session = _of_page(services, request, flow)
    client = services.registry.find(flow.client_id)
    wanted = request.form.get("decision")
    if wanted == "back":
        return Denied(flow, replace(DENIAL, person_id=session.person_id if session is not None else ""))
    if wanted == "switch" or session is None:
        return _as_another(services, request, replace(flow, shown_to=""), session)
    if client is None or decide(client, session.person_id, session.groups, services.clock()).allowed:
        return Proceed(replace(flow, shown_to=""), session)  # granted meanwhile
    if wanted != "ask":
        return page(services, request, flow, session)
    text = f"{session.name or session.username} asks for access to {client.name} ({client.id})."
    case = cases.open_case(services, session.person_id, cases.ACCESS, text, request, about=client.id)
    return page(services, request, flow, session, asked=case.id)


def _of_page(services: Services, request: Request, flow: Flow) -> Session | None:
    """Whoever the page was shown to, where they are still signed in here; else nobody acts in their name."""
    session = sessions.current(services, request, flow.client_id)
    if session is not None and session.id == flow.shown_to:
        return session
    other = accounts.find(services, request, session_id=flow.shown_to, client_id=flow.client_id)
    return other.session if other is not None else None


def _as_another(services: Services, request: Request, flow: Flow, session: Session | None) -> Outcome:
    """The accounts beside this one, or the sign-in page for one more; whoever is signed in stays so."""
    if session is None:
        return Proceed(flow, sessions.current(services, request, flow.client_id))
    if accounts.others(services, request):
        return Show(flow, ChooseAccount(), session)
    return choose_account.another(flow)


def _reason(client: Client, decision: Decision) -> str:
    if decision.rule == "nobody":
        return N_("%(app)s is open to nobody at the moment.", app=client.name)
    return N_("%(app)s is open to certain people only, and this account is not among them yet.", app=client.name)


def _keep(services: Services, request: Request, client: Client, session: Session, decision: Decision) -> str:
    """Under an id for the admins: which rule it was, and how it is changed (E1)."""
    name = quote(session.username)  # it stands in a command that is copied
    fix = (
        f"{client.name} is limited, and {decision.reason}. To let them in: doorward client access {client.id} "
        f"--add-person {name} (or --everyone); to see the person: doorward user show {name}"
    )
    refusal = Refused(
        "no_access", f"{session.username} may not open {client.name}.", client_id=client.id, status=403,
        detail=decision.reason,
        explanation=Explanation("nobody", fix, "access"),
    )  # fmt: skip
    return services.errors.keep(refusal, request=request, person_id=session.person_id)
