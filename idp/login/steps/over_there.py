"""A password that is right in a directory, and over there: kept sealed while its person proves the rest.

In State for ten minutes, under a purpose of its own and for one browser, account and conversation. The flow names it,
and no page has it: nothing that another page keeps is taken for it, and once it is changed it is gone.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field, replace

from idp import browser
from idp.accounts.person import Person
from idp.login.flow import Flow, open_value, seal_value
from idp.login.services import Services
from idp.login.steps.sign_in_form import TTL, Typed
from idp.login.upstream import Asked, Over
from idp.wire import Request

_PURPOSE = "over-there"
_KEY = "login:over-there:"


@dataclass(frozen=True, slots=True)
class Kept:
    """What was typed, and of which account. `person_id`: whose it is here; '' for nobody's."""

    login: str
    password: str = field(repr=False)
    stay: bool
    shared: bool
    directory: str
    subject: str
    state: str
    person_id: str
    conversation: str
    until: float

    def asked(self, person: Person | None) -> Asked:
        """The change that it stands for. `person`: whose it is here."""
        over = Over(self.directory, self.subject, self.state, person)
        return Asked(self.directory, self.login, self.password, person, over)

    def typed(self, password: str) -> Typed:
        """The form of the sign-in page, as if another password had been typed."""
        return Typed(self.login, password, self.stay, self.shared)


def keep(services: Services, request: Request, flow: Flow, typed: Typed, over: Over) -> Flow:
    """The flow that names what is kept."""
    named = replace(flow, renews=secrets.token_urlsafe(24))
    kept = Kept(
        **asdict(typed), directory=over.directory, subject=over.subject, state=over.state,
        person_id=over.person.id if over.person is not None else "", conversation=flow.conversation,
        until=services.clock() + TTL,
    )  # fmt: skip
    value = [named.renews, asdict(kept)]
    sealed = seal_value(services.sealer, _PURPOSE, value, browser.identify(services, request))
    services.state.put(_KEY + named.renews, sealed, TTL)
    return named


def find(services: Services, request: Request, flow: Flow) -> Kept | None:
    """What the flow names; None where there is nothing, where it took too long, and for another browser."""
    sealed = services.state.get(_KEY + flow.renews) if flow.renews else None
    if not isinstance(sealed, str):
        return None
    value = open_value(services.sealer, _PURPOSE, sealed, browser.identify(services, request))
    if value is None or value[0] != flow.renews:
        return None
    kept = Kept(**value[1])
    return kept if kept.conversation == flow.conversation and services.clock() < kept.until else None


def drop(services: Services, flow: Flow) -> None:
    """It is changed."""
    services.state.take(_KEY + flow.renews)
