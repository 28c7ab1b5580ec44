"""One error for whoever runs the application: a link without an account, for a day. Q1, Q4, S17, S59."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from idp.accounts.person import Person
from idp.accounts.roles import RoleGrant
from idp.audit import Event, causes, explain
from tests.admin.checking.relying import Application
from tests.backends import Clock
from tests.console.conftest import Enter
from tests.console.test_apps_test import be_turned_off, lose_the_role, remove_the_application
from tests.oidc.test_explained import id_of, secret_request
from tests.provider import PASSWORD, App, Browser, Provider

LINK = re.compile(r"/app-error/([A-Za-z0-9_-]{43})")


@pytest.fixture
def crm(provider: Provider) -> App:
    provider.add_person("ann", name="Ann Bell")
    return provider.add_client("CRM")


def failed(provider: Provider, app: App) -> Event:
    """Ann signs in, and the application redeems with a secret that ends in a line break."""
    client = Application(provider, app, secret=f"{app.secret}\n")
    client.run()
    return provider.events("error:invalid_client")[-1]


def made(browser: Browser, event: Event) -> str:
    """A link by the console's button; the path of it."""
    page = browser.get(f"admin/activity/{event.error_id}")
    form = next(one for one in page.dom.forms if ("do", "share") in [(n, v) for n, v in one.fields])
    shown = browser.post(form.action.removeprefix("/"), dict(form.filled(None, {})))
    found = LINK.search(shown.text)
    assert found, shown.dom.text
    return f"app-error/{found[1]}"


def test_Q1_the_link_shows_what_to_mend_without_an_account_a_name_or_a_secret(
    provider: Provider, owner: Browser, crm: App
) -> None:
    event = failed(provider, crm)
    page = provider.browser("198.51.100.9").get(made(owner, event))
    assert page.status == 200
    text = page.dom.text
    for word in (
        "An error of CRM",
        str(event.error_id),
        "client_secret",
        "line break",
        "Step by step",
        "it broke here",
    ):
        assert word in text
    for word in ("Ann", "ann@", "ann", str(crm.secret), PASSWORD, event.request_id, event.address):
        assert not re.search(rf"\b{re.escape(word)}\b", text), word
    assert "noindex" in page.headers["X-Robots-Tag"]
    shared = provider.events("client:error_shared")[-1]
    assert (shared.client_id, shared.detail["error"]) == (crm.id, event.error_id)
    assert LINK.sub("", str(shared.detail)) == str(shared.detail)


def test_Q1_the_link_is_withdrawn_and_ends_after_a_day_and_a_new_one_ends_the_old(
    provider: Provider, owner: Browser, crm: App, clock: Clock
) -> None:
    event, stranger = failed(provider, crm), provider.browser()
    first = made(owner, event)
    second = made(owner, event)
    assert (stranger.get(first).status, stranger.get(second).status) == (404, 200)
    page = owner.get(f"admin/activity/{event.error_id}")
    form = next(one for one in page.dom.forms if ("do", "withdraw") in one.fields)
    owner.post(form.action.removeprefix("/"), dict(form.filled(None, {})))
    assert stranger.get(second).status == 404
    assert provider.events("client:error_unshared")
    third = made(owner, event)
    clock.advance(86_401)
    assert stranger.get(third).status == 404


def test_Q4_what_a_rule_says_of_people_is_not_for_a_stranger(provider: Provider, owner: Browser, crm: App) -> None:
    from clients.access import Access

    provider.services.registry.change_access(crm.id, lambda _: Access.only(groups=["Secret Board"]))
    browser = provider.browser()
    browser.log_in(provider.authorize(browser, crm), "ann")
    (event,) = provider.events("error:no_access")
    text = provider.browser().get(made(owner, event)).dom.text
    assert "access" in text
    for word in ("Secret Board", "secret board", "Bell", "ann "):
        assert word not in text


def test_S59_an_app_admin_sends_errors_of_their_own_application_alone(
    provider: Provider, enter: Enter, crm: App
) -> None:
    wiki = provider.add_client("Wiki")
    mine, other = failed(provider, crm), failed(provider, wiki)
    desk = enter("desk", RoleGrant("app_admin", (crm.id,)))
    made(desk, mine)
    assert desk.get(f"admin/activity/{other.error_id}").status in (403, 404)
    assert desk.post(f"admin/activity/{other.error_id}", {"do": "share"}).status in (403, 404)
    assert not [one for one in provider.events("client:error_shared") if one.client_id == wiki.id]


@pytest.mark.parametrize("happens", [lose_the_role, be_turned_off, remove_the_application])
def test_C2_the_link_is_worth_what_its_maker_may_and_ends_with_the_application(
    provider: Provider, enter: Enter, crm: App, happens: Callable[[Provider, Person, App], None]
) -> None:
    path = made(enter("appy", RoleGrant("app_admin", (crm.id,))), failed(provider, crm))
    assert provider.browser().get(path).status == 200
    appy = provider.services.directory.find_by_login("appy")
    assert appy is not None
    happens(provider, appy, crm)
    assert provider.browser().get(path).status == 404


def test_Q1_an_auditor_reads_and_sends_nothing(provider: Provider, enter: Enter, crm: App) -> None:
    event = failed(provider, crm)
    auditor = enter("ida", RoleGrant("auditor"))
    page = auditor.get(f"admin/activity/{event.error_id}")
    assert page.status == 200
    assert "Step by step" in page.dom.text
    assert "Send it to the application" not in page.dom.text
    assert auditor.post(f"admin/activity/{event.error_id}", {"do": "share"}).status in (403, 404)


def test_S17_the_link_s_secret_stands_in_no_log_and_no_event(provider: Provider, owner: Browser, crm: App) -> None:
    path = made(owner, failed(provider, crm))
    provider.browser().get(path)
    provider.browser().get(f"{path}x")
    secret = path.rpartition("/")[2]
    assert secret not in str(provider.events())
    assert provider.events("error:no_such_link")[-1].detail["path"] == "/app-error/…"


def test_N5_who_guesses_links_is_slowed_down(provider: Provider) -> None:
    stranger = provider.browser()
    answers = [stranger.get(f"app-error/{number}").status for number in range(63)]
    assert answers[0] == 404
    assert answers[-1] == 429


def test_Q1_the_console_s_page_and_the_link_tell_both_apart(
    provider: Provider, owner: Browser, crm: App, clock: Clock
) -> None:
    secret_request(provider, crm, "wrong")
    clock.advance(40)
    error_id = id_of(secret_request(provider, crm, (crm.secret or "").swapcase()))
    (row,) = explain(provider.services.db, error_id)
    last, first = causes.of_event(row)
    page = owner.get(f"admin/activity/{error_id}").text
    head, _, rest = page.partition("Under this id also")
    assert "Caps Lock" in head
    assert last.request_id in head
    assert first.request_id not in head
    assert first.request_id in rest
    shared = provider.browser().get(made(owner, row)).text
    head, _, rest = shared.partition("Under this id also")
    assert "Caps Lock" in head
    assert "client_secret" in rest
    assert first.request_id not in shared
