"""The federation as the sign-in knows it: see `login.upstream.Upstream`.

The pages of a server import all of it (`views`). A command asks for somebody's accounts elsewhere, which needs a
tenth of it: so each verb imports its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from idp.accounts.person import Person
from idp.federation import links, snapshot
from idp.login.browser.sessions import Session
from idp.login.flow import Flow
from idp.login.upstream import Asked, Challenge, Changed, NewPassword, Offers, Typed
from idp.protocols import Services
from idp.wire import Cookie, Request, Response

if TYPE_CHECKING:
    from idp.login.signout import Notice


class Federation:
    """Through which providers people come."""

    def offers(self, services: Services, request: Request, flow: Flow) -> Offers:
        """What the page offers for this application."""
        from idp.federation import choosing
        from idp.federation.kerberos import challenging

        offers = choosing.offers(services, request, flow)
        by_ticket = challenging.offer(services, request, flow)
        return offers if by_ticket is None else replace(offers, buttons=(by_ticket, *offers.buttons))

    def at_once(self, services: Services, request: Request, flow: Flow) -> Response | Challenge | None:
        """Straight on, where there is nothing to choose: as the application means, by a ticket, by an owner's rule."""
        from idp.federation import choosing
        from idp.federation.kerberos import challenging

        if not choosing.may_lead(services, request, flow):
            return None
        hinted = choosing.hinted(services, flow)
        said = challenging.at_once(services, request, flow) if hinted is None else None
        return said or choosing.at_once(services, request, flow, hinted)

    def by_name(self, services: Services, request: Request, flow: Flow, typed: str) -> Response | None:
        """Where the mail domain of a typed name leads to."""
        from idp.federation import choosing

        return choosing.by_name(services, request, flow, typed)

    def directory_of(self, services: Services, request: Request, login: str, person: Person | None) -> str:
        """The directory that is asked for this name's password."""
        from idp.federation import typed

        return typed.directory_of(services, request, login, person)

    def check_password(self, services: Services, request: Request, asked: Asked) -> Typed:
        """What it says of it. Errors: `Busy`."""
        from idp.federation import typed

        return typed.check_password(services, request, asked)

    def changes_password(self, services: Services, person_id: str) -> tuple[str, str, str]:
        """The directory in which somebody may change their password, its name, and theirs there; '' for none."""
        able = {one.id: one.name for one in snapshot.current(services) if one.is_directory and one.changes_passwords}
        held = links.of_person(services.db, person_id) if able else ()
        found = ((one.provider_id, able[one.provider_id], one.label) for one in held if one.provider_id in able)
        return next(found, ("", "", ""))

    def name_of(self, services: Services, directory: str) -> str:
        """What a directory is called."""
        return next((one.name for one in snapshot.current(services) if one.id == directory), "")

    def change_password(self, services: Services, request: Request, asked: Asked, new: NewPassword) -> Changed:
        """Another password there. Errors: `Busy`."""
        from idp.federation import new_passwords

        return new_passwords.change(services, request, asked, new)

    def accounts(self, services: Services, person_id: str) -> tuple[tuple[str, str], ...]:
        """The accounts elsewhere that somebody may sign in with now, at the providers that are on."""
        names = {one.id: one.name for one in snapshot.current(services)}
        held = links.of_person(services.db, person_id) if names else ()
        return tuple((names[one.provider_id], one.label) for one in held if one.provider_id in names)

    def proven(self, services: Services, request: Request, flow: Flow, person: Person) -> None:
        """The account elsewhere that waited for this sign-in is theirs now."""
        from idp.accounts import break_glass
        from idp.federation import keeping, people
        from idp.federation.links import LinkedOtherwise
        from idp.login.recording import recorder

        waited = people.take_aside(services, flow.linking)
        kept = keeping.find(services.db, waited[0]) if waited is not None else None
        if waited is None or kept is None or not kept.provider.enabled or break_glass.is_one(services.db, person):
            return
        try:
            record = recorder(services, request, person.id)
            people.connect(services, request, kept.provider, waited[1], person, record)
        except LinkedOtherwise:
            return
        people.take_over(services, request, kept.provider, waited[1], person)

    def stay(self, services: Services) -> tuple[Cookie, ...]:
        """Nobody is led back in by itself."""
        from idp.federation import choosing

        return choosing.stay(services)

    def notices(self, services: Services, left: Sequence[Session]) -> list[Notice]:
        """Where signing out goes on."""
        from idp.federation import signing_out

        return signing_out.notices(services, left)

    def hop(self, services: Services, notice: Notice, chain: str, at: int) -> Response | None:
        """The browser goes there."""
        from idp.federation import signing_out

        return signing_out.hop(services, notice, chain, at)


UPSTREAM: Final = Federation()
