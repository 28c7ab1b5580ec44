"""Back from a provider: its answer believed, its person found, and the sign-in goes on as after any other proof."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from idp.accounts import break_glass
from idp.accounts.person import Person
from idp.errors import Refused
from idp.federation import (
    attempts,
    choosing,
    crowding,
    ending,
    failures,
    keeping,
    kinds,
    leaving,
    links,
    people,
    previewing,
    proof,
)
from idp.federation.attempts import Attempt
from idp.federation.links import LinkedOtherwise
from idp.federation.ports import Cancelled, Identity
from idp.federation.provider import Provider
from idp.login import authenticators, engine, step_up
from idp.login.authenticators.password import DISABLED
from idp.login.authn import METHODS
from idp.login.browser import sessions
from idp.login.flow import Flow
from idp.login.policy import is_fresh
from idp.login.recording import recorder
from idp.login.steps import Deny, Identify, Prove, prove
from idp.login.steps.outcomes import Denied, Outcome, Proceed, Proven, Show
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Params, Redirect, Request, Response

#: Seconds that a proof may lie before the request that asked for it, by the other clock.
SKEW: Final = 10.0
TAKEN: Final = N_("This account is connected to somebody else here. Disconnect it there first, or ask your IT.")


def callback(services: Services, request: Request) -> Response:
    """GET and POST /upstream/callback/…: the provider's answer, at the address that is this provider's alone."""
    if request.method == "POST":
        # Apple: a cross-site POST comes without our Lax cookies, so once more from here, by a GET that brings them.
        if not attempts.is_waited_for(services, request.form.get("state") or ""):
            raise failures.gone()
        handle = attempts.put_aside(services, request.form)
        return Redirect(location=f"{leaving.redirect_uri(services, request.segment)}?answer={handle}")
    aside = request.query.get("answer")
    answer = attempts.take_aside(services, aside) if aside else request.query
    again = attempts.where_on(services, request, answer.get("state") or "")
    if again:
        return Redirect(location=again)
    attempt = attempts.take(services, request, answer.get("state") or "")
    request.learn(
        for_client=attempt.flow.client_id, ui_locales=attempt.flow.ui_locales, conversation=attempt.flow.conversation
    )
    again = services.protocols[attempt.flow.protocol].restart_url(services, attempt.flow)
    attempts.note_answered(services, request, attempt, again)
    try:
        return _finish(services, request, attempt, answer)
    except Refused as error:
        error.way_on = error.way_on or again
        error.client_id = attempt.flow.client_id or None
        raise


def _finish(services: Services, request: Request, attempt: Attempt, answer: Params) -> Response:
    kept = keeping.find(services.db, attempt.provider_id)
    is_preview = attempt.purpose == attempts.PREVIEW
    if kept is None or not (kept.provider.enabled or is_preview):
        raise failures.off(kept.provider.name if kept is not None else attempt.provider_id)
    provider = kept.provider
    # Mix-up (RFC 9700 §4.4): the answer of one provider at the address of another is nobody's.
    if request.segment != provider.id:
        raise failures.issuer(provider, leaving.redirect_uri(services, provider.id), request.segment, "redirect_uri")
    question, cancelled = leaving.question(services, kept, attempt), False
    try:
        with crowding.turn(services, provider):
            identity = kinds.of(provider).finish(services, question, answer)
        if is_preview:
            return previewing.done(services, request, attempt, provider, identity)
        outcome = _enter(services, request, attempt, provider, identity)
    except Cancelled:
        if is_preview:
            return previewing.back(services, attempt)
        cancelled = True
        flow = replace(attempt.flow, idp_hint="")
        said = N_("Nobody signed in at %(name)s. Try again, or sign in another way.", name=provider.name)
        outcome = Show(flow, Identify(notice=said), sessions.current(services, request, flow.client_id))
    response = engine.settle(services, request, outcome)
    return engine.with_cookies(
        response, *choosing.came_back(services, provider, shared=attempt.shared, vainly=cancelled)
    )


def _enter(services: Services, request: Request, attempt: Attempt, provider: Provider, identity: Identity) -> Outcome:
    if attempt.purpose == attempts.LINK:
        return _connect(services, request, attempt, provider, identity)
    flow = replace(attempt.flow, idp_hint="")
    try:
        person = people.find_person(services, request, provider, identity, flow.demands.is_for)
    except people.NotMeant:
        return _not_meant(flow)
    if person is None or break_glass.is_one(services.db, person):
        return _ask_once(services, flow, provider, identity)
    if not person.enabled:
        return Show(flow, Identify(error=DISABLED))
    if not person.must_reset:
        person = people.take_over(services, request, provider, identity, person)
    if not flow.demands.is_for(person.id):
        return _not_meant(flow)
    methods, began = (proof.method(provider, identity.values),), ending.began(services, provider, identity.there)
    proven = Proven(flow, person, methods, stay=attempt.stay, shared=attempt.shared, began=began)
    return _as_fresh_as_asked(services, request, attempt, provider, replace(proven, auth_time=identity.auth_time))


def _not_meant(flow: Flow) -> Denied:
    """Core §3.1.2.1: never silently somebody else than the hint names, and asked again they would be the same."""
    return Denied(flow, Deny("login_required", "Somebody else signed in than the application asked for."))


def _ask_once(services: Services, flow: Flow, provider: Provider, identity: Identity) -> Show:
    """Whoever has an account here proves it once, in this very conversation; then both are one."""
    linking = people.put_aside(services, provider, identity)
    said = ask_once(provider, identity)
    return Show(replace(flow, linking=linking, login_hint=""), Identify(notice=said, anew=True))


def ask_once(provider: Provider, identity: Identity) -> str:
    """What somebody reads who shall prove the account that they have here."""
    return N_(
        "%(name)s knows you as %(label)s. Sign in once with the account that you have here, and both are connected. "
        "If that is not you, close this window.",
        name=provider.name, label=identity.label or identity.subject[:60],
    )  # fmt: skip


def _as_fresh_as_asked(
    services: Services, request: Request, attempt: Attempt, provider: Provider, proven: Proven
) -> Outcome:
    """S57: what was asked for shows in the answer, or is asked for here."""
    wish, now, at = attempt.wish, services.clock(), proven.auth_time
    if at is not None and at >= attempt.began - SKEW:
        at = max(attempt.began, min(at, now))  # within what two clocks may differ: it was proven for this
    if at is None and wish.fresh and provider.obeys_login and provider.prompts_login:
        at = now
    by_rule = step_up.of_person(services, request, proven.flow, proven.person, proven.methods).need.max_age
    if not (wish.asks_when or by_rule) or (at is not None and is_fresh(proven.flow, at, now, by_rule)):
        # Who was in silently, or may have been, has proven nothing at this moment.
        return replace(proven, auth_time=sessions.UNSAID if at is None else at)
    if not wish.asks_when and provider.prompts_login and (at is not None or provider.obeys_login):
        anew = leaving.new(services, provider.id, attempt.flow)  # a sign-in rule's limit, known with the person only
        anew = replace(anew, wish=replace(anew.wish, fresh=True), stay=attempt.stay, shared=attempt.shared)
        return leaving.begin(services, request, provider.id, anew)
    own = _own_factors(services, proven.person)
    if not own:
        raise failures.not_fresh(provider)
    return prove.ask(services, request, replace(proven, auth_time=None), Prove(own))


def _own_factors(services: Services, person: Person) -> tuple[str, ...]:
    """What somebody could show here that is a factor."""
    available = authenticators.available(services, person)
    return tuple(kind for kind, shown in available.items() if any(METHODS[name].factors for name in shown))


def _connect(services: Services, request: Request, attempt: Attempt, provider: Provider, identity: Identity) -> Outcome:
    """For somebody who is signed in, and still is: the account there becomes theirs."""
    session = sessions.current(services, request)
    person = services.directory.find(attempt.person_id)
    if session is None or person is None or session.person_id != person.id:
        raise failures.gone()
    link = links.find(services.db, provider.id, identity.subject)
    try:
        if link is None:
            record = recorder(services, request, person.id)
            people.connect(services, request, provider, identity, person, record)
        elif link.person_id != person.id:
            raise LinkedOtherwise
    except LinkedOtherwise:
        raise Refused(
            "upstream_taken", TAKEN, title=N_("This account is taken"),
            advice=N_("Sign in there with another account."),
        ) from None  # fmt: skip
    return Proceed(attempt.flow, session)
