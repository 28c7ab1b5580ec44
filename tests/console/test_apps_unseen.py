"""Who looks after an application learns nothing of people whom they may not read. C2, S59, R3, R5, U7."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clients.access import Access
from clients.client import Client
from idp.accounts.person import Person
from idp.accounts.roles import RoleGrant
from tests.backends import Clock
from tests.console.conftest import Enter
from tests.login.second_step import set_up
from tests.provider import Browser, Provider
from tests.saml.relying import register

#: Pages that look at one person, the last part being what they sign in with.
PAGES = ("test?person=", "preview?person=", "access?why=")


def disabled(provider: Provider, person: Person, clock: Clock) -> None:
    provider.services.directory.disable(person.id)


def with_a_second_factor(provider: Provider, person: Person, clock: Clock) -> None:
    set_up(provider, clock, person)


def with_a_rule(provider: Provider, person: Person, clock: Clock) -> None:
    provider.add_rule(name="Secret board", groups=["Board"], need="second")


def denied_by_a_rule(provider: Provider, person: Person, clock: Clock) -> None:
    provider.add_rule(name="Secret board", groups=["Board"], need="deny", why="The board stays out")


def paused(provider: Provider, person: Person, clock: Clock) -> None:
    browser = provider.browser("192.0.2.50")
    for _ in range(12):
        browser.log_in(browser.get(""), person.username, "wrong")


def unremarkable(provider: Provider, person: Person, clock: Clock) -> None:
    """They have more attributes than the other one, and another name; nothing else."""


@pytest.fixture
def seen(provider: Provider) -> Callable[[Browser, Client, str], list[str]]:
    def pages(browser: Browser, client: Client, username: str) -> list[str]:
        found = []
        for page in PAGES:
            answer = browser.get(f"admin/apps/{client.id}/{page}{username}")
            assert answer.status == 200
            found.append(answer.dom.text.replace(username, "WHO").replace("Bea Bell", "WHO"))
        return found

    return pages


@pytest.mark.parametrize(
    ("kind", "become"),
    [
        ("oidc", disabled), ("oidc", with_a_second_factor), ("oidc", with_a_rule), ("oidc", denied_by_a_rule),
        ("oidc", paused), ("oidc", unremarkable),
        ("saml", with_a_second_factor), ("saml", unremarkable),
    ],
)  # fmt: skip
def test_C2_S59_an_app_admin_cannot_tell_one_person_from_another(
    provider: Provider, enter: Enter, clock: Clock, kind: str, become: Callable[..., None],
    seen: Callable[[Browser, Client, str], list[str]],
) -> None:  # fmt: skip
    client = register(provider) if kind == "saml" else provider.add_client(
        "CRM", scope="openid profile email phone groups", claims_map={"desk": "unit"}, id_token_claims=True
    ).client  # fmt: skip
    provider.add_person("plain", name="", email=None)
    known = {"unit": "Floor 7", "phone_number": "+4930123456", "locale": "de", "given_name": "Beatrix"}
    bea = provider.add_person("bea", name="Bea Bell", claims=known, groups=("Board",))
    admin = enter("appy", RoleGrant("app_admin", (client.id,)))
    become(provider, bea, clock)
    plain, hers = seen(admin, client, "plain"), seen(admin, client, "bea")
    assert hers == plain
    for text in hers[:2]:
        assert "is not yours to see" in text
        assert not [one for one in ("Floor 7", "+4930123456", "Beatrix", "bea@example.com", bea.id) if one in text]
    assert not [one for one in ("second", "Secret board", "turned off", "password ran out") if one in hers[0][-900:]]


@pytest.mark.parametrize("kind", ["oidc", "saml"])
def test_R3_R5_an_app_admin_still_learns_who_may_open_it_and_what_it_is_set_up_to_get(
    provider: Provider, enter: Enter, kind: str
) -> None:
    rule = Access.only(groups=["Sales"])
    if kind == "saml":
        client = register(provider, access=rule)
        assert client.saml is not None
        names: tuple[str, ...] = ("email", client.saml.entity_id, "https://wiki.example/acs")
    else:
        client = provider.add_client("CRM", scope="openid profile phone", claims_map={"desk": "unit"}, access=rule,
                                     consent="explicit").client  # fmt: skip
        names = ("phone_number", "given_name", "desk", "claims_map: unit", provider.issuer, client.id)
    provider.add_person("ann", groups=("Sales",))
    provider.add_person("bob")
    admin = enter("appy", RoleGrant("app_admin", (client.id,)))
    for page in ("test?person=", "preview?person="):
        inside, outside = (admin.get(f"admin/apps/{client.id}/{page}{who}").dom.text for who in ("ann", "bob"))
        assert "may not open it" not in inside
        assert "the person is in none of its groups (Sales)" in outside
        if page.startswith("test"):
            assert not [one for one in names if one not in inside]
            assert "They are back in the application" in inside
            assert "told that they may not open it" in outside


def test_C2_their_own_sign_in_is_theirs_to_see(provider: Provider, enter: Enter) -> None:
    client = provider.add_client("CRM").client
    admin = enter("appy", RoleGrant("app_admin", (client.id,)))
    for page in ("test?person=", "preview?person="):
        text = admin.get(f"admin/apps/{client.id}/{page}appy").dom.text
        assert "appy@example.com" in text
        assert "is not yours to see" not in text


def test_C2_the_help_desk_of_their_group_who_looks_after_an_application_sees_them_and_no_others(
    provider: Provider, enter: Enter
) -> None:
    client = provider.add_client("CRM").client
    provider.add_person("ann", groups=("Sales",))
    provider.add_person("bob", groups=("Board",))
    both = enter("appy", RoleGrant("app_admin", (client.id,)), RoleGrant("help_desk", ("Sales",)))
    for page in ("test?person=", "preview?person="):
        assert "ann@example.com" in both.get(f"admin/apps/{client.id}/{page}ann").dom.text
        assert "bob@example.com" not in both.get(f"admin/apps/{client.id}/{page}bob").dom.text


def test_U7_an_account_that_is_turned_off_is_said_to_those_who_may_know(provider: Provider, owner: Browser) -> None:
    client = provider.add_client("CRM").client
    bea = provider.add_person("bea")
    provider.services.directory.disable(bea.id)
    assert "the account is turned off" in owner.get(f"admin/apps/{client.id}/test?person=bea").dom.text
    assert "shut out altogether" in owner.get(f"admin/apps/{client.id}/access?why=bea").dom.text


def test_C2_thinking_a_sign_in_through_is_for_those_who_may_see_the_person(provider: Provider, enter: Enter) -> None:
    client = provider.add_client("CRM").client
    provider.add_person("bea")
    both = enter("appy", RoleGrant("app_admin", (client.id,)), RoleGrant("help_desk", ("Sales",)))
    page = both.get("admin/rules/try?person=bea&address=192.0.2.7")
    assert page.status == 403
    assert "Which rule decides" not in page.dom.text
