"""A provider of ours whose people have their passwords in a directory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from idp.accounts.person import Person
from idp.federation import checking, keeping, snapshot
from idp.federation.provider import Provider as Upstream
from tests.federation.directories import slapd
from tests.federation.directories.slapd import ADMIN, ADMIN_PASSWORD, BASE, Slapd, group, person
from tests.provider import Answer, App, Browser, Provider

#: Who is there before it runs: somebody whose password ran out, and others in whose way something is.
PEOPLE = "".join((
    person("bea"), person("carl"), person("dora"),
    person("old", more=f"pwdPolicySubentry: cn=strict,{BASE}\npwdChangedTime: 20200101000000Z\n"),
    person("reset", more=f"pwdPolicySubentry: cn=strict,{BASE}\npwdReset: TRUE\n"),
    person("locked", more=f"pwdPolicySubentry: cn=strict,{BASE}\npwdAccountLockedTime: 000001010000Z\n"),
    person("gone", more="shadowExpire: 1\n"),
    person("stale", more="shadowLastChange: 100\nshadowMax: 90\n"),
    person("a*b(c)", "starred-there").replace("mail: a*b(c)", "mail: star"),
    group("sales", slapd.dn("bea")), group("staff", f"cn=sales,ou=groups,{BASE}", f"cn=staff,ou=groups,{BASE}"),
))  # fmt: skip


class Company:
    """Our provider and the directory."""

    def __init__(self, provider: Provider, there: Slapd) -> None:
        self.provider, self.there = provider, there

    def add(self, *, secret: str = ADMIN_PASSWORD, **said: Any) -> Upstream:
        """The directory, kept as the console keeps one."""
        services = self.provider.services
        given = {
            "name": "Company", "kind": "ldap", "servers": [self.there.secure], "ca": self.there.authority,
            "bind_dn": ADMIN, "base_dn": BASE, "subject": ["entryUUID"], "people": "(objectClass=inetOrgPerson)",
            "all_names": True, "create": True, "domains": ["example.com"], **said,
        }  # fmt: skip
        checked = checking.checked(given)
        kept = keeping.add(services.db, services.sealer, checked, secret, services.clock(), record=lambda *_: None)
        services.part(snapshot.Providers).forget()
        return kept.provider

    def change(self, one: Upstream, **said: Any) -> None:
        """The same with another row."""
        services = self.provider.services
        change = keeping.Change(replace(one, **said))
        keeping.change(services.db, services.sealer, change, services.clock(), record=lambda *_: None)
        services.part(snapshot.Providers).forget()

    def sign_in(self, app: App, name: str, password: str = "", browser: Browser | None = None) -> Answer:
        """All of it, by the sign-in page."""
        browser = browser or self.provider.browser()
        page = self.provider.authorize(browser, app)
        assert page.is_login_page, page.dom.text
        return browser.log_in(page, name, password or f"{name}-there")

    def person(self, answer: Answer, app: App) -> Person:
        """Who the application was told of."""
        assert answer.is_redirect, answer.dom.text
        tokens = self.provider.redeem(app, answer.code).json
        sub = self.provider.userinfo(tokens["access_token"]).json["sub"]
        return self.provider.services.directory.get(sub)


@pytest.fixture(scope="session")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """One for all tests that only look."""
    slapd.needed()
    made = Slapd(tmp_path_factory.mktemp("directory"))
    made.load(PEOPLE)
    yield made.start()
    made.stop()


@pytest.fixture
def open_company(open_provider: Callable[..., Provider], there: Slapd) -> Callable[..., Company]:
    """Ours, which may ask the directory although it is on this machine; and what else is named."""

    def make(*others: str, **sections: Any) -> Company:
        return Company(open_provider(outbound={"allow": [there.uri, there.secure, *others]}, **sections), there)

    return make


@pytest.fixture
def company(open_company: Callable[..., Company]) -> Company:
    return open_company()


@pytest.fixture
def crm(company: Company) -> App:
    return company.provider.add_client("CRM")
