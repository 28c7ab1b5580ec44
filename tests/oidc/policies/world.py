"""One person and one application that is registered for one grant, and the least that both may do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from clients.access import Access
from idp.accounts.person import Person
from idp.admin import sessions
from idp.admin.actor import of_shell
from tests.backends import Clock
from tests.oidc.consents import take_consent_back
from tests.oidc.test_dpop import proof
from tests.provider import Answer, App, Browser, Provider, new_key

#: What the application is registered for, and what it is not.
REPORTS, FILES, BEYOND = "reports", "files", "payments"
API, STORE, ELSEWHERE = "https://api.example/", "https://store.example/", "https://elsewhere.example/"
KEY = new_key("dpop")
_numbers = count()


class NotGiven(Exception):
    """A grant ended before its last request: there is nothing to redeem."""


@dataclass(frozen=True)
class World:
    """Where one row is tried. `browser` is the person's own; `front`: where they sign in, if that is another one."""

    provider: Provider
    clock: Clock
    person: Person
    browser: Browser
    app: App
    front: App | None = None
    first: App | None = None  # of another app on the same device

    @property
    def signs_in_to(self) -> App:
        """The application that the person sees."""
        return self.front or self.app

    def token(self, grant_type: str, bound: bool = False, **form: Any) -> Answer:
        """The request at the token endpoint; with a proof of `KEY` where the tokens are to be bound."""
        headers = {"DPoP": proof(self.provider, KEY)} if bound else {}
        pairs = [
            (name, one) for name, value in {"grant_type": grant_type, **form}.items()
            for one in (value if isinstance(value, list) else [value])
        ]  # fmt: skip
        return self.provider.post("oauth/token", self.app, pairs, **headers)

    def code(self, **asked: Any) -> str:
        """Sign in and allow. Errors: `NotGiven`."""
        answer = self.provider.sign_in(self.browser, self.signs_in_to, self.person.username, **asked)
        sent = answer.sent if answer.is_redirect else {}
        if "code" not in sent:
            raise NotGiven(sent or answer.dom.text)
        return sent["code"]


#: The last request of a grant: what is given is said in its form, on top of what the grant itself sends.
Ask = Callable[..., Answer]


@dataclass(frozen=True)
class Way:
    """How one grant is gone through, and how it answers the questions of the matrix.

    `begin(world, **asked)` does all but the last request and gives that one; `asked` has scope and resource. It raises
    `NotGiven` where the grant ends before. `not_asked`: a question by its name, and why it does not arise here.
    """

    begin: Callable[..., Ask]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    profile: str = "web"
    prepare: Callable[[World], World] = lambda world: world
    refusals: frozenset[str] = frozenset()  # errors of its own for what has ended, beside invalid_grant
    not_asked: Mapping[str, str] = field(default_factory=dict)
    grant_type: str = ""  # where it is not the name of the row
    always: frozenset[str] = frozenset()  # scopes without which the grant cannot be asked for

    def world(self, provider: Provider, clock: Clock, grant_type: str, **metadata: Any) -> World:
        """An application of this grant, and somebody who alone may open it."""
        person = provider.add_person(f"ann{next(_numbers)}", groups=("sales",))
        beside = () if self.profile == "machine" else ("authorization_code", "refresh_token")
        openid = "" if self.profile == "machine" else "openid "
        native: dict[str, Any] = {}
        if self.profile == "native":
            native = {"native_sso_group": "to be said", "redirect_uris": ["com.example.app:/cb"]}
        said = {
            **native, "grant_types": list(dict.fromkeys((*beside, self.grant_type or grant_type))),
            "scope": f"{openid}{REPORTS} {FILES}",
            "resources": [API, STORE], "consent": "explicit", **self.metadata, **metadata,
        }  # fmt: skip
        app = provider.add_client(
            f"App {person.username}", self.profile, access=Access.only(persons=[person.id]), **said
        )
        return self.prepare(World(provider, clock, person, provider.browser(), app))


# -- what may change, at any moment ------------------------------------------------------------------------------------


def person_disabled(world: World) -> None:
    world.provider.services.directory.disable(world.person.id)


def access_withdrawn(world: World) -> None:
    world.provider.services.registry.change_access(world.app.id, lambda _: Access.only(groups=["board"]))


def consent_revoked(world: World) -> None:
    take_consent_back(world.provider, world.browser, world.signs_in_to)


def session_ended(world: World) -> None:
    world.browser.submit(world.browser.get("logout"), "confirm")


def client_disabled(world: World) -> None:
    world.provider.services.registry.disable(world.app.id)


def everything_ended(world: World) -> None:
    services = world.provider.services
    sessions.end_all(services, of_shell("an admin"), world.person)


def password_dropped(world: World) -> None:
    world.provider.services.directory.drop_password(world.person.id, detail={})


def disabled_and_enabled(world: World) -> None:
    person_disabled(world)
    world.provider.services.directory.enable(world.person.id)
