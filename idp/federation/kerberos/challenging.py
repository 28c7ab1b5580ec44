"""Windows sign-in at the sign-in page: asked for with the page itself, so that who has no ticket just sees the form.

The answer is 401 with the form in it (RFC 4559 §4.1). A browser that has a ticket for this name, and is told by its
policy to send it here, comes at once with it, and nobody sees a page; every other shows what came. Nobody is asked who
has just signed out, or could not come in this way; whoever must prove it anew types, since a ticket is of this morning.
"""

from __future__ import annotations

import base64
import ipaddress
from dataclasses import replace
from typing import Final

from idp import browser
from idp.accounts.factors import kinds
from idp.accounts.passwords import Busy
from idp.accounts.person import Person
from idp.browser import cookie_name
from idp.errors import Refused
from idp.federation import choosing, snapshot
from idp.federation.kerberos import proving, refusals, shown
from idp.federation.kerberos.proving import Proof, Wanted
from idp.federation.provider import Provider
from idp.login import engine, step_up
from idp.login.authenticators.password import DISABLED
from idp.login.flow import Flow
from idp.login.policy import is_fresh
from idp.login.steps import Identify, identify
from idp.login.steps.outcomes import Proven, Show
from idp.login.upstream import Challenge, Offer
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Cookie, Request, Response

ASKED: Final = "windows"  # when this browser was asked for a ticket and brought none; 0: it brought one in vain
AGAIN_AFTER: Final = 900  # seconds
#: Seconds in which another tab is asked as well: those of a browser that starts come side by side.
SIDE_BY_SIDE: Final = 5.0
_HEADER: Final = ("WWW-Authenticate", "Negotiate")
_BUSY: Final = N_("Very many people sign in just now. Try again in a moment, or sign in with your name and password.")
_METHODS: Final = {
    "": kinds.KERBEROS, "password": kinds.KERBEROS_PASSWORD, "second": kinds.KERBEROS_SECOND,
    "phishing-resistant": kinds.KERBEROS_PHISHING_RESISTANT,
}  # fmt: skip


def at_once(services: Services, request: Request, flow: Flow) -> Response | Challenge | None:
    """In by the ticket that came, or asked for one; None where the page stands for itself."""
    found = _here(services, request, flow)
    if not found or flow.demands.select:
        return None
    token = request.header("Authorization")
    # An answer is bound to the browser that was asked: one that keeps no cookie would be signed in again and again.
    if token and not browser.of(services, request).is_new:
        return _proved(services, request, flow, found)
    return _ask(services) if _may_ask(services, request) else None


def pressed(services: Services, request: Request, flow: Flow, provider_id: str) -> Response | None:
    """POST /login/upstream: the button. None where it is another provider's."""
    found = _here(services, request, flow)
    if all(one.id != provider_id for one in found):
        return None
    if request.header("Authorization"):
        said = _proved(services, request, flow, found, by_hand=True)
    else:
        said = _ask(services)
    return said if isinstance(said, Response) else identify.challenged(services, request, flow, said)


def offer(services: Services, request: Request, flow: Flow) -> Offer | None:
    """The button, for whoever has just signed out or was not asked."""
    found = _here(services, request, flow) if not flow.linking else ()
    return Offer(found[0].id, found[0].name, by_ticket=True) if found else None


def _here(services: Services, request: Request, flow: Flow) -> tuple[Provider, ...]:
    """The directories whose people come in this way from here, for this application."""
    if not services.settings.kerberos.keytab or flow.demands.fresh_after is not None:
        return ()
    every = snapshot.for_app(services, flow.client_id)
    return tuple(one for one in every if one.kerberos_networks and _is_within(request.remote_address, one))


def _is_within(address: str, provider: Provider) -> bool:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return any(parsed in ipaddress.ip_network(network) for network in provider.kerberos_networks)


def _may_ask(services: Services, request: Request) -> bool:
    asked = request.cookies.get(cookie_name(services, ASKED), "")
    if not asked:
        return True
    return asked.isascii() and asked.isdigit() and 0 <= services.clock() - int(asked) <= SIDE_BY_SIDE


def _ask(services: Services) -> Challenge:
    return Challenge(401, (_HEADER,), (Cookie(cookie_name(services, ASKED), str(int(services.clock())), AGAIN_AFTER),))


def _proved(
    services: Services, request: Request, flow: Flow, found: tuple[Provider, ...], *, by_hand: bool = False
) -> Response | Challenge:
    try:
        token = shown.from_header(request.header("Authorization"))
        wanted = Wanted("" if by_hand else flow.login_hint, flow.demands.is_for)
        proof = proving.prove(services, request, found, token, wanted) if token else None
    except shown.Unreadable as error:
        return _vainly(services, request, refusals.unreadable(str(error)))
    except Refused as error:
        return _vainly(services, request, error)
    except Busy:
        return Challenge(200, (), (), _BUSY)
    if proof is None or _means_another(wanted, proof):
        return Challenge(200, (), (_in_vain(services),))
    if proof.said.error:
        return Challenge(200, (), (_in_vain(services),), proof.said.error)
    return _entered(services, request, flow, proof)


def _vainly(services: Services, request: Request, error: Refused) -> Challenge:
    """The form, with what an admin can look up. Who has no ticket is told nothing: they type, as ever."""
    error_id = services.errors.keep(error, request=request)
    cookies = (_in_vain(services),)
    if error.code == "kerberos_ntlm":
        return Challenge(200, (), cookies)
    return Challenge(200, (), cookies, error.message, error_id)


def _in_vain(services: Services) -> Cookie:
    return Cookie(cookie_name(services, ASKED), "0", AGAIN_AFTER)


def _means_another(wanted: Wanted, proof: Proof) -> bool:
    """Whether the application names somebody else: an admin's second account, say."""
    accepted, person = proof.accepted, proof.said.person
    known = (person.username, person.email or "") if person is not None else ()
    return not wanted.is_named(accepted.name, accepted.principal, proof.label, *known)


def _entered(services: Services, request: Request, flow: Flow, proof: Proof) -> Response:
    said, provider = proof.said, proof.provider
    if proof.accepted.answer:  # RFC 4559 §5: what the browser may check us by
        answer = base64.b64encode(proof.accepted.answer).decode("ascii")
        browser.header_with_answer(request, ("WWW-Authenticate", f"Negotiate {answer}"))
    if said.person is None:
        asked = Identify(notice=said.notice, anew=True)
        response = engine.settle(services, request, Show(replace(flow, linking=said.linking, login_hint=""), asked))
    elif not said.person.enabled:
        response = engine.settle(services, request, Show(flow, Identify(error=DISABLED)))
    else:
        response = _as_fresh_as_asked(services, request, flow, proof, said.person)
    gone = Cookie(cookie_name(services, ASKED), "", 0)
    return engine.with_cookies(response, gone, *choosing.came_back(services, provider, shared=_box(request, "shared")))


def _as_fresh_as_asked(services: Services, request: Request, flow: Flow, proof: Proof, person: Person) -> Response:
    """The ticket says when they signed in there, which is when it was proven (S57)."""
    methods, now = (_METHODS[proof.provider.kerberos_proof],), services.clock()
    at = min(proof.accepted.auth_time, now)
    by_rule = step_up.of_person(services, request, flow, person, methods).need.max_age
    if not is_fresh(flow, at, now, by_rule) or not flow.demands.is_for(person.id):
        return engine.settle(
            services, request, Show(flow, Identify(notice=N_("Please sign in again to go on."), anew=True))
        )
    stay = _box(request, "stay") and not _box(request, "shared") and services.settings.session.stay_days > 0
    proven = Proven(flow, person, methods, stay=stay, shared=_box(request, "shared"), auth_time=at)
    return engine.settle(services, request, proven)


def _box(request: Request, name: str) -> bool:
    return request.method == "POST" and bool(request.form.get(name))
