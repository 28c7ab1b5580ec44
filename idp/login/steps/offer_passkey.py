"""A passkey is offered right after a sign-in by password, before the application gets its answer (T2).

Only to somebody who may change their ways to sign in at this moment (P7), whose browser has said that it can make one,
and who was not asked to prove themselves anew: no application's wish for more leads to a page about something else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from idp.accounts import factors
from idp.accounts.factors import Enrolled, webauthn
from idp.accounts.factors.webauthn import RelyingParty
from idp.accounts.own import offers
from idp.accounts.person import Person
from idp.login import pages, requirements, step_up
from idp.login.authenticators import passkeys
from idp.login.authn import PASSWORD
from idp.login.browser.sessions import Session
from idp.login.flow import Demands, Flow
from idp.login.services import Services
from idp.showing import form_targets
from idp.wire import Page, Request

TTL: Final = 300.0  # seconds from the page to the answer; see `step_up.FRESH`
CREATE, UNASKED = "create", "create-unasked"  # the ceremonies; a challenge of one is none of the other
YES, BY_ITSELF = "yes", "unasked"  # what a sign-in page says of its browser; see `Flow.makes_passkeys`


def ability(posted: str) -> str:
    """What the sign-in page said that its browser can do; '' for anything else."""
    return posted if posted in (YES, BY_ITSELF) else ""


def page(services: Services, request: Request, flow: Flow, person: Person, session: Session) -> Page | None:
    """The offer, with `flow` waiting in it; None where there is none to make. No look at the store for most."""
    party = webauthn.relying_party(services.settings)
    if party is None or services.settings.passkeys.offer == "never" or not flow.makes_passkeys:
        return None
    if PASSWORD not in session.methods or not _is_plain(flow.demands):
        return None
    held = factors.list_of(services.db, person.id)
    if webauthn.of_party(held, party) or len(held) >= factors.MAX_FACTORS:
        return None
    if not step_up.may_change_security(services, session):
        return None
    if not offers.is_wanted(services.db, person.id, services.clock()):
        return None
    return show(services, request, flow, person, session, party, held)


def show(
    services: Services, request: Request, flow: Flow, person: Person, session: Session, party: RelyingParty,
    held: tuple[Enrolled, ...], problem: str = "",
) -> Page:  # fmt: skip
    """The page itself. `problem`: why the last try made none; then the browser does nothing by itself."""
    challenge = passkeys.issue(services, CREATE, session.id, TTL)
    unasked = ""
    if not problem and may_be_unasked(services, flow, person, party, held):
        by_itself = passkeys.issue(services, UNASKED, session.id, TTL)
        unasked = webauthn.registration_options(party, person, held, by_itself, sole=False, unasked=True)
    return Page(
        template="login/offer_passkey.html",
        values={
            **pages.about(services, request, replace(flow, shown_to=session.id)),
            "person": pages.person(session),
            "options": webauthn.registration_options(party, person, held, challenge, sole=True),
            "unasked": unasked,
            "becomes_second": services.settings.factors.personal != "never",
            "problem": problem,
        },
        form_action=form_targets(flow.destination),
    )


def may_be_unasked(
    services: Services, flow: Flow, person: Person, party: RelyingParty, held: tuple[Enrolled, ...]
) -> bool:
    """Whether the browser may make one without a question.

    Not for somebody who would then be asked for it without having heard of it: who has a second step, or whom a rule
    asks for one. Nor where only some models may be enrolled, which browsers ask about.
    """
    if services.settings.passkeys.offer != "automatic" or flow.makes_passkeys != BY_ITSELF or held or party.aaguids:
        return False
    rules, now = services.rules.current(), services.clock()
    return not any(requirements.concerns(rule, person.groups, now, person.roles) for rule in rules)


def _is_plain(demands: Demands) -> bool:
    """Whether the application asks for a sign-in and nothing more."""
    return (
        not demands.silent
        and demands.fresh_after is None
        and demands.max_age is None
        and not demands.strength
        and not demands.preferred
    )
