"""What the sign-in asks of other providers, through which people may come: declared here, kept by `federation`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from idp.texts import N_

if TYPE_CHECKING:
    from idp.accounts.effects import Ended
    from idp.accounts.person import Person
    from idp.login.browser.session import Session
    from idp.login.flow import Flow
    from idp.login.notice import Notice
    from idp.wire import Cookie, Request, Response


@dataclass(frozen=True, slots=True)
class Offer:
    """One provider as the sign-in page shows it. `down_since`: epoch seconds, 0 where it answers; `by_ticket`: people
    come in as they are signed in to their computer, and are led nowhere.
    """

    id: str
    name: str
    down_since: float = 0.0
    is_last: bool = False
    by_ticket: bool = False


@dataclass(frozen=True, slots=True)
class Offers:
    """Those of one page.

    `by_name`: a name may lead to one of them, so the name comes first; `leads`: the one that stands there does;
    `targets`: where its forms may end up, for the CSP.
    """

    buttons: tuple[Offer, ...] = ()
    by_name: bool = False
    leads: bool = False
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Challenge:
    """The sign-in page is due, and more is said with it: the browser is asked for a ticket, or showed one in vain."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[Cookie, ...] = ()
    error: str = ""
    error_id: str = ""


@dataclass(frozen=True, slots=True)
class Over:
    """A password that is right in a directory, and over there: how the account stands, its key, and whose it is here,
    where it is anybody's.
    """

    directory: str
    subject: str
    state: str
    person: Person | None = None


@dataclass(frozen=True, slots=True)
class Typed:
    """What a directory elsewhere says of a password that was typed here.

    `is_right`: it is; `person`: whose it is here, where it is anybody's; `error`: what is in their way there, told to
    whoever has proven it, or that nobody there could be asked (`is_unasked`). `linking`: an account there that waits
    for its person to prove the one here, with the `notice` that says so. `renews`: what is over there, where they may
    choose a new one now.
    """

    person: Person | None = None
    is_right: bool = False
    is_unasked: bool = False
    error: str = ""
    linking: str = ""
    notice: str = ""
    renews: Over | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a directory is asked of: a name and a password as they were typed, and who is called so here, if anybody.

    `over`: a change is of this account alone, and only where its password is over there.
    """

    directory: str
    login: str
    password: str = field(repr=False)
    person: Person | None
    over: Over | None = None


@dataclass(frozen=True, slots=True)
class NewPassword:
    """What it shall be there. `ended`: what ends here then; None: all that the old one opened."""

    password: str = field(repr=False)
    ended: Ended | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """What came of another password at a directory: `problems`, in words for the person; none where it is changed."""

    problems: tuple[str, ...] = ()


class Upstream(Protocol):
    """`services` is `Any` here: it is the federation's own floor, of which the sign-in knows a part."""

    def offers(self, services: Any, request: Request, flow: Flow) -> Offers:
        """What the page offers for this application."""
        ...

    def at_once(self, services: Any, request: Request, flow: Flow) -> Response | Challenge | None:
        """Straight on, where there is nothing to choose and nobody has just come back from there; or the page, with
        what is asked of the browser.
        """
        ...

    def by_name(self, services: Any, request: Request, flow: Flow, typed: str) -> Response | None:
        """Where the mail domain of a typed name leads to."""
        ...

    def directory_of(self, services: Any, request: Request, login: str, person: Person | None) -> str:
        """The directory that is asked for this name's password; '' for none. `person`: who is called so here."""
        ...

    def check_password(self, services: Any, request: Request, asked: Asked) -> Typed:
        """What the directory says of it. Errors: `Busy`."""
        ...

    def changes_password(self, services: Any, person_id: str) -> tuple[str, str, str]:
        """The directory in which somebody may change their password, its name, and theirs there; '' for none."""
        ...

    def name_of(self, services: Any, directory: str) -> str:
        """What a directory is called; '' where there is none of this id."""
        ...

    def change_password(self, services: Any, request: Request, asked: Asked, new: NewPassword) -> Changed:
        """Another password there, in place of the one that was typed. Errors: `Busy`."""
        ...

    def accounts(self, services: Any, person_id: str) -> tuple[tuple[str, str], ...]:
        """The accounts elsewhere that somebody may sign in with now: the provider's name, and theirs there."""
        ...

    def proven(self, services: Any, request: Request, flow: Flow, person: Person) -> None:
        """Somebody has signed in here whose account elsewhere waits for that (`Flow.linking`)."""
        ...

    def stay(self, services: Any) -> tuple[Cookie, ...]:
        """Somebody signed out: nobody is led back in by itself."""
        ...

    def notices(self, services: Any, left: Sequence[Session]) -> list[Notice]:
        """The providers through which these sessions began, where signing out goes on there; by the browser alone."""
        ...

    def hop(self, services: Any, notice: Notice, chain: str, at: int) -> Response | None:
        """Lead the browser there to sign out; None where that is not possible. See `signout.came_back`."""
        ...


class NoUpstream:
    """Nobody comes from elsewhere: programs without a federation."""

    def offers(self, services: Any, request: Request, flow: Flow) -> Offers:
        """None."""
        return Offers()

    def at_once(self, services: Any, request: Request, flow: Flow) -> None:
        """Never."""

    def by_name(self, services: Any, request: Request, flow: Flow, typed: str) -> None:
        """To nowhere."""

    def directory_of(self, services: Any, request: Request, login: str, person: Person | None) -> str:
        """None."""
        return ""

    def check_password(self, services: Any, request: Request, asked: Asked) -> Typed:
        """Nobody is asked."""
        return Typed(is_unasked=True)

    def changes_password(self, services: Any, person_id: str) -> tuple[str, str, str]:
        """None."""
        return "", "", ""

    def name_of(self, services: Any, directory: str) -> str:
        """There is none."""
        return ""

    def change_password(self, services: Any, request: Request, asked: Asked, new: NewPassword) -> Changed:
        """Nobody is asked."""
        return Changed((N_("Passwords cannot be changed here. Your IT can tell you where."),))

    def accounts(self, services: Any, person_id: str) -> tuple[tuple[str, str], ...]:
        """None."""
        return ()

    def proven(self, services: Any, request: Request, flow: Flow, person: Person) -> None:
        """Nothing waits."""

    def stay(self, services: Any) -> tuple[Cookie, ...]:
        """Nothing to keep."""
        return ()

    def notices(self, services: Any, left: Sequence[Session]) -> list[Notice]:
        """Nobody came from elsewhere."""
        return []

    def hop(self, services: Any, notice: Notice, chain: str, at: int) -> None:
        """There is nobody to go to."""
