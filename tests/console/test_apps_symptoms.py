"""Q2: what an application's traffic looks like, on its page and by the API; S59: of one's own applications alone."""

from __future__ import annotations

import pytest

from idp.accounts.roles import RoleGrant
from tests.api.conftest import Api, make_program, token_of
from tests.backends import Clock
from tests.console.conftest import Enter
from tests.provider import App, Browser, Provider

SHOWN = "What its traffic looks like"


@pytest.fixture
def lost(provider: Provider, clock: Clock) -> App:
    """An application that redeems nothing."""
    provider.add_person("ann")
    app, browser = provider.add_client("CRM"), provider.browser()
    for _ in range(4):
        provider.sign_in(browser, app)
        clock.advance(20)
    return app


def test_Q2_the_page_of_an_application_names_the_symptom_its_causes_and_the_fix(
    provider: Provider, owner: Browser, lost: App
) -> None:
    text = owner.get(f"admin/apps/{lost.id}").dom.text
    for part in (SHOWN, "4 codes", "cannot reach", "does not trust our TLS certificate", "state cookie", "curl"):
        assert part in text, part
    well = provider.add_client("Well")
    assert SHOWN not in owner.get(f"admin/apps/{well.id}").dom.text


def test_S59_who_looks_after_another_application_sees_none_of_it(provider: Provider, enter: Enter, lost: App) -> None:
    well = provider.add_client("Well")
    visitor = enter("carol", RoleGrant("app_admin", (well.id,)))
    assert visitor.get(f"admin/apps/{well.id}").status == 200
    page = visitor.get(f"admin/apps/{lost.id}")
    assert page.status in (403, 404)
    assert "codes" not in page.dom.text


def test_Q2_the_API_has_it_for_whoever_looks_after_the_application(provider: Provider, lost: App) -> None:
    mine = make_program(provider, RoleGrant("app_admin", (lost.id,)), name="mine")
    other = make_program(provider, RoleGrant("app_admin", (provider.add_client("Well").id,)), name="other")
    found = Api(provider.browser(), token_of(provider, mine)).get(f"/applications/{lost.id}/symptoms")
    assert found.status == 200, found.text
    (one,) = [one for one in found.json["items"] if one["code"] == "codes_never_redeemed"]
    assert (one["side"], one["times"], one["proven"], one["weight"]) == ("application", 4, True, "wrong")
    assert all(cause["what"] and cause["tell"] and cause["fix"] for cause in one["causes"])
    assert Api(provider.browser(), token_of(provider, other)).get(f"/applications/{lost.id}/symptoms").status == 404
