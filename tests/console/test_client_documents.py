"""Programs that are known by a document, in the console: J1."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.accounts.roles import RoleGrant
from tests.console.conftest import Enter, give
from tests.oidc.documents import URL, allow, app_of, visited
from tests.provider import Answer, Provider


@pytest.fixture
def provider(open_provider: Callable[..., Provider]) -> Provider:
    return open_provider(admin={"second_factor": False}, oauth={"client_id_documents": "hosts"})


def test_j1_the_application_of_a_document_has_its_pages(provider: Provider, enter: Enter) -> None:
    allow(provider)
    document, owner = visited(provider).publish(), enter("boss", RoleGrant("owner"))
    provider.add_person("ann")
    provider.tokens(app_of(document))
    page = owner.get("admin/apps")
    href = next(one["href"] for one in page.dom.find("a") if "/admin/apps/~" in one.get("href", ""))
    shown = owner.get(href)
    assert shown.status == 200
    assert URL in shown.dom.text
    tabs = {one["href"] for one in shown.dom.find("a") if one.get("href", "").startswith(href + "/")}
    assert len(tabs) > 4
    for tab in sorted(tabs):
        assert owner.get(tab).status in (200, 302), tab


def test_j1_a_person_asks_for_a_host_and_an_admin_lets_it_in(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(admin={"second_factor": False}, oauth={"client_id_documents": "approval"})
    hosts, ann = visited(provider), provider.browser()
    person, boss = provider.add_person("ann"), provider.add_person("boss")
    give(provider, boss.id, RoleGrant("owner"))
    owner = provider.browser()
    owner.log_in(owner.get(""), "boss")
    app = app_of(hosts.publish())
    answer = provider.authorize(ann, app)
    assert answer.is_redirect
    page = ann.follow(ann.log_in(ann.follow(answer)))
    assert "A program of agent.example" in page.dom.text
    assert hosts.asked == []  # nothing of it is read before an admin has said so
    done = ann.follow(ann.submit(page, "ask", form=at(page, "/programs")))
    assert "Your admins have been asked." in done.dom.text
    (event,) = provider.events("client_host:asked")
    assert event.actor == person.id
    assert "A host of programs waits for an admin." in owner.get("admin").dom.text
    page = owner.get("admin/registration")
    assert "Waits for you" in page.dom.text
    owner.submit(page, form=with_fields(page, do="allow", host="agent.example"))
    assert provider.authorize(ann, app).is_consent_page
    page = owner.get("admin/registration")
    owner.submit(page, form=with_fields(page, do="refuse", host="agent.example"))
    refused = provider.authorize(ann, app)
    assert not refused.is_redirect
    assert "client_document_host" in refused.text


def test_j1_an_admin_lets_a_host_in_by_the_form_and_ends_what_people_let_its_program_do(
    provider: Provider, enter: Enter
) -> None:
    owner = enter("boss", RoleGrant("owner"))
    provider.add_person("ann")
    page = owner.get("admin/registration")
    form = with_fields(page, do="allow", host="")
    wrong = owner.submit(page, form=form, host="https://agent.example/x")
    assert wrong.status == 422
    owner.submit(page, form=form, host="agent.example", host_scopes="openid\nprofile\nemail", host_resources="")
    told = provider.tokens(app_of(visited(provider).publish()))
    page = owner.get("admin/registration")
    assert URL in page.dom.text
    owner.submit(page, form=with_fields(page, do="end", program=URL))
    assert provider.userinfo(told["access_token"]).status == 401
    assert provider.refresh(app_of(visited(provider).publish()), told["refresh_token"]).status == 400
    (event,) = provider.events("client:grants_ended")
    assert event.client_id == URL


def at(page: Answer, path: str) -> int:
    return next(n for n, one in enumerate(page.dom.forms) if one.method == "POST" and one.action.endswith(path))


def with_fields(page: Answer, **fields: str) -> int:
    """The place of the form that sends these hidden fields."""
    return next(n for n, one in enumerate(page.dom.forms) if fields.items() <= dict(one.fields).items())


def test_the_foot_of_a_page_names_our_own_host(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(admin={"second_factor": False}, oauth={"client_id_documents": "approval"})
    boss, owner = provider.add_person("boss"), provider.browser()
    give(provider, boss.id, RoleGrant("owner"))
    owner.log_in(owner.get(""), "boss")
    for path in ("admin/registration", "programs?program=https%3A%2F%2Fnew.example%2Fclient.json"):
        foot = owner.get(path).dom.text.rpartition("Help")[0][-40:]
        assert foot.rstrip().endswith("login.example"), foot
