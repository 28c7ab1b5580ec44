"""Every page acts on the person of its own session, whatever a request names. S59 (ASVS 8.2.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from idp.accounts.own import pins, verdicts
from idp.accounts.person import ROLES, Person
from idp.oidc.fedcm import LOGIN
from idp.portal import programs, views
from tests.provider import Answer, App, Browser, Provider

BOB = "198.51.100.44"


@dataclass
class Scene:
    """Bob has an account with a session, an event, a pin and a consent; somebody else tries to get at them."""

    provider: Provider
    bob: Person
    bobs: Browser
    notes: App
    tokens: dict[str, str]

    def state(self) -> list[object]:
        """Everything of Bob's that a page could touch."""
        services = self.provider.services
        event = self.event_of(self.bob)
        return [
            services.directory.get(self.bob.id),
            self.bobs.get("profile").is_login_page,
            self.provider.userinfo(self.tokens["access_token"]).status,
            pins.of(services.db, self.bob.id),
            dict(verdicts.of(services.db, self.bob.id, [event])),
            "Notes" in self.bobs.get("access").dom.text,
        ]

    def event_of(self, person: Person) -> str:
        events = self.provider.events("session:started")
        return next(event.id for event in events if event.person_id == person.id)

    def session_of(self, person: Person) -> str:
        events = self.provider.events("session:started")
        return next(event.session_id or "" for event in events if event.person_id == person.id)


@pytest.fixture
def scene(provider: Provider) -> Scene:
    bob, bobs = provider.add_person("bob"), provider.browser(BOB)
    notes = provider.add_client("Notes", consent="explicit")
    provider.add_client("Wiki")
    tokens = provider.tokens(notes, bobs, login="bob")
    pins.save(provider.services.db, bob.id, [notes.id])
    return Scene(provider, bob, bobs, notes, tokens)


#: Each endpoint that names an object, and what a request for somebody else's would say.
FORGED: dict[str, Callable[[Scene], tuple[str, dict[str, str]]]] = {
    "end a session": lambda s: ("sessions", {"session": s.session_of(s.bob)}),
    "end all of somebody's": lambda s: ("sessions", {"all": "1", "person_id": s.bob.id, "person": s.bob.id}),
    "say “this was me”": lambda s: ("activity", {"event": s.event_of(s.bob), "verdict": "me"}),
    "say “this was not me”": lambda s: ("activity", {"event": s.event_of(s.bob), "verdict": "not_me"}),
    "change a profile": lambda s: ("profile", {"nickname": "Eve was here", "person_id": s.bob.id, "sub": s.bob.id}),
    "pin for somebody": lambda s: ("apps", {"client_id": s.notes.id, "move": "unpin", "person_id": s.bob.id}),
    "take a consent back": lambda s: ("access", {"client_id": s.notes.id, "person_id": s.bob.id}),
}


def signed_in(provider: Provider, roles: tuple[str, ...]) -> Browser:
    provider.add_person("eve", roles=roles, email="eve@example.com")
    browser = provider.browser("203.0.113.66")
    browser.log_in(browser.get(""), "eve")
    return browser


def key_of(page: Answer) -> str:
    return next(value for form in page.dom.forms for name, value in form.fields if name == "form_key")


@pytest.mark.parametrize("what", FORGED)
@pytest.mark.parametrize("role", ["", *ROLES, "signed out"])
def test_S59_what_is_somebody_elses_stays_as_it_is(scene: Scene, role: str, what: str) -> None:
    """An admin's role opens the admin's own doors, never the pages of a person."""
    provider = scene.provider
    eve = provider.browser("203.0.113.66") if role == "signed out" else signed_in(provider, (role,) if role else ())
    before = scene.state()
    path, data = FORGED[what](scene)
    answer = eve.post(path, {"form_key": key_of(eve.get("")), **data})
    assert answer.status in (200, 303)
    assert scene.state() == before
    assert not scene.provider.events("person:secured")


@pytest.mark.parametrize("role", ["", "owner"])
def test_S59_not_me_with_somebody_elses_event_touches_only_the_one_who_presses(scene: Scene, role: str) -> None:
    provider = scene.provider
    eve = signed_in(provider, (role,) if role else ())
    before = scene.state()
    page = eve.get("not-me?event=" + scene.event_of(scene.bob))
    assert "198.51.100" not in page.dom.text  # nothing of Bob's is shown
    done = eve.post("not-me", {"form_key": key_of(page), "event": scene.event_of(scene.bob), "person_id": scene.bob.id})
    assert done.status == 200
    assert scene.state() == before
    (event,) = provider.events("person:secured")
    assert event.person_id != scene.bob.id


PAGES = ["", "apps", "activity", "sessions", "profile", "access", "not-me", "requests", programs.PATH.strip("/"),
         "profile/data", "security", "security/codes", "security/elsewhere", "security/passkeys", "security/recovery",
         "security/totp", "password", "password/directory"]  # fmt: skip
#: Where not every installation, or person, has the page: turned off, or no codes yet.
USUAL = {programs.PATH.strip("/"): 404, "security/codes": 303, "password/directory": 303}


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("role", ["", "owner"])
def test_S59_no_page_shows_anything_of_somebody_else(scene: Scene, role: str, path: str) -> None:
    eve = signed_in(scene.provider, (role,) if role else ())
    for query in ("", f"?person_id={scene.bob.id}&person={scene.bob.id}&event={scene.event_of(scene.bob)}"):
        page = eve.get(path + query)
        assert page.status == USUAL.get(path, 200)
        if page.is_redirect:
            continue
        for secret in ("198.51.100", scene.session_of(scene.bob), "bob@", "Bob Example"):
            assert secret not in page.dom.text, secret
            assert secret not in page.text.replace(query.replace("&", "&amp;"), "")


@pytest.mark.parametrize("path", [path for path in PAGES if path and USUAL.get(path) != 404])
def test_S59_nobody_who_is_signed_out_sees_or_changes_anything(scene: Scene, path: str) -> None:
    stranger = scene.provider.browser("192.0.2.9")
    assert stranger.get(path).is_login_page
    assert stranger.post(path, {"form_key": "made up"}).status in (403, 405)
    assert stranger.post(path, {"form_key": key_of(stranger.get(path))}).status in (200, 405)


@pytest.mark.parametrize("path", ["sessions", "activity", "profile", "apps", "access", "not-me"])
def test_S59_a_page_of_another_site_changes_nothing(scene: Scene, path: str) -> None:
    before = scene.state()
    event, notes = scene.event_of(scene.bob), scene.notes.id
    data = {"all": "1", "nickname": "Eve", "event": event, "client_id": notes, "move": "unpin"}
    assert scene.bobs.post(path, data).status == 403
    assert scene.bobs.post(path, {**data, "form_key": key_of(scene.provider.browser().get(""))}).status == 403
    assert scene.state() == before


#: Paths that are no page of one's own: what lets somebody at each of them, or that it is the same for everybody.
OTHERS = {
    "/accounts": "the cookies of this browser",
    "/logout": "the cookies of this browser",
    "/steps": "a form of the page of apps",
    "/language": "the cookies of this browser",
    "/security/factor/<id>": "whose it is: test_security.py asks for another's",
    "/security/codes/save": "a form of the page of backup codes",
    "/security/others": "a form of the page of security",
    "/login/offer": "the sealed flow of a sign-in",
    LOGIN: "FedCM: the same for everybody",
    "/device": "a code that the person types",
    "/not-me/<token>": "the token of a message",
    "/register": "nobody is signed in",
    "/register/code": "a code of a message",
    "/register/<token>": "the token of a message",
    "/setup/<token>": "the token of a message",
    "/recovery/undo/<token>": "the token of a message",
    "/recovery/review": "what a sign-in carries",
    "/help/password/code": "a code of a message",
    "/help/reset-browser": "the cookies of this browser",
    "/dev/outbox": "development alone",
    "/dev/outbox/<id>": "development alone",
} | dict.fromkeys(
    ("/.well-known/webauthn", "/.well-known/change-password", "/.well-known/security.txt", "/help", "/help/<trouble>",
     "/help/password", "/help/username", "/status", "/app-logo/<client_id>", "/brand/logo", "/favicon.ico",
     "/apple-touch-icon.png", "/apple-touch-icon-precomposed.png", "/robots.txt", "/brand/background", "/brand.css"),
    "the same for everybody",
)  # fmt: skip


def test_S59_every_route_of_these_pages_is_in_the_matrix() -> None:
    """A page that is added later must be thought of here."""
    assert {route.path for route in views.ROUTES} - set(OTHERS) == {"/" + path for path in PAGES}
    assert set(OTHERS) <= {route.path for route in views.ROUTES}, "a path that is gone"
