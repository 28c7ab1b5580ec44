"""The way of somebody who signs in through another provider, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from idp.accounts.person import Person
from idp.federation import checking, keeping, snapshot
from idp.federation.provider import Provider as Upstream
from tests.federation.stand_in import CLIENT, SECRET, StandIn
from tests.provider import Answer, App, Browser, Provider


class Office:
    """Our provider, the stand-in, and what people do."""

    def __init__(self, provider: Provider, there: StandIn) -> None:
        self.provider, self.there = provider, there

    def add(self, name: str = "Company", secret: str = SECRET, there: StandIn | None = None, **said: Any) -> Upstream:
        """A provider that people may come through, kept as the console keeps one."""
        services = self.provider.services
        stand_in = there or self.there
        given = {"name": name, "issuer": stand_in.issuer, "client_id": CLIENT, **said}
        checked = checking.checked(given)
        kept = keeping.add(services.db, services.sealer, checked, secret, services.clock(), record=lambda *_: None)
        services.part(snapshot.Providers).forget()
        return kept.provider

    def change(self, one: Upstream, **said: Any) -> Upstream:
        services = self.provider.services
        after = checking.checked({**one.said(), **said}, one.id)
        keeping.change(
            services.db, services.sealer, keeping.Change(after), services.clock(), record=lambda *_: None
        )  # fmt: skip
        services.part(snapshot.Providers).forget()
        return after

    def remove(self, one: Upstream) -> None:
        services = self.provider.services
        keeping.remove(services.db, one.id, services.clock(), record=lambda *_: None)
        services.part(snapshot.Providers).forget()

    def press(self, browser: Browser, page: Answer, one: Upstream, **values: str) -> Answer:
        """Press the button of a provider on the sign-in page."""
        button = page.dom.find("button", name="provider", value=one.id)
        assert button, page.dom.text
        data = dict(page.form.filled(None, values)) | {"provider": one.id}
        return browser.post(urljoin(page.url, button[0]["formaction"]), data)

    def leave(self, browser: Browser, app: App, one: Upstream, **asked: Any) -> str:
        """From the application to the provider: the authorization request there."""
        page = self.provider.authorize(browser, app, **asked)
        assert page.status == 200, (page.status, page.location)
        answer = self.press(browser, page, one)
        assert answer.is_redirect, answer.dom.text
        return answer.location

    def come(
        self, browser: Browser, app: App, one: Upstream, sub: str = "there-1", *,
        asked: Mapping[str, Any] | None = None, there: StandIn | None = None, **claims: Any,
    ) -> Answer:  # fmt: skip
        """All of it, up to what our callback answers."""
        location = self.leave(browser, app, one, **(asked or {}))
        return browser.get((there or self.there).authorize(location, sub, **claims))

    def person(self, answer: Answer, app: App) -> Person:
        """Who the application was told of."""
        tokens = self.provider.redeem(app, answer.code).json
        sub = self.provider.userinfo(tokens["access_token"]).json["sub"]
        return self.provider.services.directory.get(sub)
