"""Passwords that are typed at our own page, and checked by a directory elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from idp.accounts import break_glass
from idp.accounts.person import MAX_LOGIN, Person
from idp.errors import Refused
from idp.federation import keeping, leaving, links, people, returning, snapshot
from idp.federation.guesses import Guess
from idp.federation.ldap import standing
from idp.federation.ports import Identity
from idp.federation.provider import Provider
from idp.login.upstream import Asked, Over, Typed
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request

if TYPE_CHECKING:
    from idp.federation.ldap.signing_in import Checked

_RENEWED: Final = (standing.EXPIRED, standing.MUST_CHANGE)


def directory_of(services: Services, request: Request, login: str, person: Person | None) -> str:
    """The id of the directory that is asked for this name's password; '' for none.

    It follows from the name, and of the person from no more than which of several it is: so who is known here is not
    seen by whether a directory was asked (L7).
    """
    every = snapshot.for_app(services, request.visitor.for_client)
    found = [one for one in every if one.is_directory]
    if not found:
        return ""
    mine = next((one for one in every if leaving.is_of(one, login)), None)
    if mine is not None and not mine.is_directory:
        return ""
    able = [mine] if mine is not None else [one for one in found if one.all_names]
    if person is not None and len(able) > 1:
        linked = {link.provider_id for link in links.of_person(services.db, person.id)}
        able.sort(key=lambda one: one.id not in linked)
    return able[0].id if able else ""


def check_password(services: Services, request: Request, asked: Asked) -> Typed:
    """What the directory says of it. Errors: `Busy`."""
    from idp.federation.ldap import signing_in

    directory, login, person = asked.directory, asked.login, asked.person
    kept = keeping.find(services.db, directory)
    if kept is None or not kept.provider.enabled or len(login) > MAX_LOGIN:
        return Typed()
    mine = links.of_person(services.db, person.id) if person is not None else ()
    subject = next((link.subject for link in mine if link.provider_id == directory), "")
    account = services.throttle.account(person.id if person is not None else None, login)
    guess = Guess(services, request, kept.provider, account)
    try:
        checked = signing_in.check_password(
            services, leaving.trial(services, kept), login, asked.password, subject, guess.may_be_tried
        )
    except Refused as error:
        services.log.warning("directory_not_asked", provider=directory, kind=error.code, reason=error.detail)
        return Typed(is_unasked=True, error=down(kept.provider))
    (guess.was_right if checked.standing.is_proven else guess.was_wrong)()
    if checked.identity is None:
        return _in_the_way(services, kept.provider, checked)
    return known(services, request, kept.provider, checked.identity)


def _in_the_way(services: Services, provider: Provider, checked: Checked) -> Typed:
    """What is told to whoever has proven the password; that it can be renewed here, where it is that alone."""
    state = checked.standing
    if state.state == standing.LOCKED:  # whoever guesses may have locked it: the log says so, no page
        services.log.info("directory_account_locked", provider=provider.id)
    if not state.is_proven or checked.of is None:
        return Typed()
    said = Typed(is_right=True, error=told(provider, state.state))
    if state.state not in _RENEWED or not provider.changes_passwords:
        return said
    link = links.find(services.db, provider.id, checked.of.subject)
    # Whom the next sign-in would join with it is as good as linked: their second factor guards it already.
    person = (
        services.directory.find(link.person_id)
        if link is not None
        else people.by_address(services, provider, checked.of)
    )
    if person is not None and not person.enabled:
        return Typed(person, is_right=True)
    if person is not None and (person.must_reset or break_glass.is_one(services.db, person)):
        return said  # "This was not me", or this way in is not theirs: nothing is changed for whoever types
    return replace(said, renews=Over(provider.id, checked.of.subject, state.state, person))


def known(
    services: Services, request: Request, provider: Provider, identity: Identity, may_be: people.MayBe = people.anybody
) -> Typed:
    """Who it is here, by the directory's rule; or that they prove the account here once."""
    person = people.find_person(services, request, provider, identity, may_be)
    if person is None or break_glass.is_one(services.db, person):
        linking = people.put_aside(services, provider, identity)
        return Typed(is_right=True, linking=linking, notice=returning.ask_once(provider, identity))
    if person.enabled and not person.must_reset:
        person = people.take_over(services, request, provider, identity, person)
    return Typed(person, is_right=True)


def down(provider: Provider) -> str:
    """That nobody there could be asked."""
    return N_(
        "%(name)s cannot be reached at the moment, so passwords cannot be checked there. "
        "Try again in some minutes, or sign in another way.",
        name=provider.name,
    )


def told(provider: Provider, state: str) -> str:
    """What is in the way of somebody who has proven the password there."""
    name = provider.name
    texts: Final = {
        standing.EXPIRED: N_("Your password at %(name)s ran out. Change it there, then sign in here.", name=name),
        standing.MUST_CHANGE: N_(
            "You have to choose a new password at %(name)s. Change it there, then sign in here.", name=name),
        standing.DISABLED: N_("Your account at %(name)s is turned off. Your IT can tell you why.", name=name),
        standing.ENDED: N_("Your account at %(name)s has ended. Your IT can tell you more.", name=name),
        standing.HOURS: N_("Your account at %(name)s may not sign in at this hour.", name=name),
        standing.PLACE: N_("Your account at %(name)s may not sign in from here. Your IT can tell you more.", name=name),
    }  # fmt: skip
    return texts[state]
