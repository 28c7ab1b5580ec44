"""M3: /status, for everybody, also while nobody can sign in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from idp import health
from idp.federation import health as providers
from tests.backends import Clock
from tests.cli.conftest import *  # noqa: F403  the command in a folder
from tests.cli.conftest import Folder
from tests.federation.conftest import *  # noqa: F403  a provider of somebody else's
from tests.federation.stand_in import StandIn
from tests.federation.visiting import Office
from tests.login.test_store_down import without_state
from tests.provider import Browser, Provider


def look(provider: Provider) -> None:
    """What the background does every ten seconds."""
    provider.services.part(health.Watch).look(provider.services)


def test_M3_the_page_says_that_it_works_and_since_when(provider: Provider, browser: Browser, clock: Clock) -> None:
    began = clock()
    look(provider)
    for _ in range(5):
        clock.advance(200)
        look(provider)
    page = browser.get("status")
    assert page.status == 200
    assert "Signing in works." in page.text
    standing = provider.services.part(health.Watch).standing(provider.services)
    assert (standing.failing, standing.since) == ((), began)
    assert provider.another().services.part(health.Watch).standing(provider.another().services).since == began


def test_M3_after_a_time_in_which_nobody_served_it_begins_anew(provider: Provider, clock: Clock) -> None:
    look(provider)
    clock.advance(health.FORGOTTEN_AFTER + 61)
    other = provider.another().services
    assert other.part(health.Watch).standing(other).since == clock()


def test_M3_it_serves_while_the_database_is_away_in_the_readers_language(
    provider: Provider, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is recognised, nothing is read, and no part of the inside has a name."""
    provider.add_person("ann")
    provider.sign_in(browser, provider.add_client("CRM"))
    look(provider)
    file = Path(provider.services.settings.data_dir) / "doorward.db"
    provider.services.db.close()
    file.rename(file.with_suffix(".gone"))
    file.mkdir()
    look(provider)
    browser.headers["Accept-Language"] = "de"
    page = browser.get("status")
    assert page.status == 503
    assert "Die Anmeldung funktioniert gerade nicht." in page.text
    assert not [word for word in ("database", "SQLite", "OperationalError", "Ann") if word in page.text]
    file.rmdir()
    file.with_suffix(".gone").rename(file)
    look(provider)
    assert "Die Anmeldung funktioniert." in browser.get("status").text


def test_M3_state_that_is_away_is_told_as_what_it_means(provider: Provider, clock: Clock) -> None:
    page = without_state(provider, clock).browser().get("status")
    assert (page.status, "Signing in does not work at the moment." in page.text) == (503, True)
    assert "Redis" not in page.text


def test_M3_the_sign_in_page_leads_there_by_its_help(provider: Provider, browser: Browser) -> None:
    assert 'href="/status"' in browser.get("help").text


def test_M3_what_an_operator_tells_stands_there_until_it_ends(site: Folder, clock: Clock) -> None:
    site.run("status", "notice", "Mail is late today.", "--until", "2999-01-01T08:00")
    site.run("status", "notice", "Everywhere.", "--everywhere")
    site.run("notice", "add", "--text", "Only inside.", "--where", "launcher")
    told = site.run("status", "show", "--json").json
    assert (told["up"], told["notices"]) == (True, ["Everywhere.", "Mail is late today."])
    assert "--until: it would end before it begins" in site.refusal("status", "notice", "Old.", "--until", "2001-01-01")
    assert "Up since" in site.run("status", "show").out


def test_M3_notices_of_the_status_page_stand_on_no_other(provider: Provider, browser: Browser) -> None:
    from idp.accounts import notices

    services, now = provider.services, provider.services.clock()
    notices.add(services.db, now, "For the status page.", "cli", place="status")
    notices.add(services.db, now, "For everybody.", "cli", place="login")
    notices.add(services.db, now, "For CRM alone.", "cli", place="login", client_id=provider.add_client("CRM").id)
    page = browser.get("status").text
    assert ("For the status page." in page, "For everybody." in page, "For CRM alone." in page) == (True, True, False)
    assert "For the status page." not in provider.authorize(browser, provider.add_client("Wiki")).text


def test_M3_a_provider_that_everybody_sees_and_that_does_not_answer_is_named(
    office: Office, another: Callable[..., StandIn]
) -> None:
    services = office.provider.services
    seen, hidden = office.add(name="Contoso"), office.add(name="Secret partner", button=False, there=another())
    for one in (seen, hidden):
        for _ in range(providers.OPENS_AFTER):
            providers.failed(services, one, "ConnectError: 10.0.0.7 refused")
    page = office.provider.browser().get("status")
    assert (page.status, "Signing in works, but not every way of it." in page.text) == (200, True)
    assert ("Contoso" in page.text, "Secret partner" in page.text, "10.0.0.7" in page.text) == (True, False, False)


def test_M3_the_page_costs_the_store_nothing(provider: Provider, browser: Browser) -> None:
    browser.get("status")
    statements, verbs, _ = provider.counted(lambda: browser.get("status"))
    assert (list(statements), list(verbs)) == ([], [])
