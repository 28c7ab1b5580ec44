"""N29, N35, S58: what somebody who helps a person sees and does, on live sessions, tokens and pauses."""

from __future__ import annotations

from typing import Any

import pytest

from idp import audit
from idp.accounts.cases import NO_WAY_IN, open_case
from idp.audit import Event
from idp.audit.searching import Wanted, latest
from idp.login import explaining, overview
from idp.login.throttle import Guesser
from idp.oidc import ending
from tests.provider import PASSWORD, App, Provider


@pytest.fixture
def ann(provider: Provider) -> Any:
    return provider.add_person("ann")


@pytest.fixture
def crm(provider: Provider) -> App:
    return provider.add_client("CRM", scope="openid profile email offline_access", consent="implicit")


def recorded(provider: Provider) -> Any:
    def write(tx: Any, action: str, detail: Any) -> None:
        event = Event(action, "cli:test", person_id=detail.get("person_id"), detail=detail)
        audit.record(tx, event, provider.clock())

    return write


def test_n29_S58_removing_a_person_ends_sessions_and_tokens_at_once(provider: Provider, ann: Any, crm: App) -> None:
    browser = provider.browser()
    tokens = provider.tokens(crm, browser)
    assert provider.userinfo(tokens["access_token"]).status == 200
    provider.services.directory.remove(ann.id, record=recorded(provider))
    assert provider.userinfo(tokens["access_token"]).status == 401
    assert provider.introspect(crm, tokens["access_token"]) == {"active": False}
    assert "error=login_required" in provider.authorize(browser, crm, prompt="none").location
    again = provider.browser()
    assert again.log_in(provider.authorize(again, crm), "ann", PASSWORD).is_login_page
    assert provider.events("person:removed")[0].detail["username"] == "ann"


def test_n29_S58_a_name_given_to_somebody_new_opens_nothing_of_the_old(provider: Provider, ann: Any, crm: App) -> None:
    tokens = provider.tokens(crm, provider.browser(), scope="openid offline_access")
    provider.services.directory.remove(ann.id)
    assert provider.add_person("ann").id != ann.id
    assert provider.userinfo(tokens["access_token"]).status == 401
    if "refresh_token" in tokens:
        assert provider.refresh(crm, tokens["refresh_token"]).status == 400


def test_n29_one_session_is_ended_with_its_tokens_and_the_other_stays(provider: Provider, ann: Any, crm: App) -> None:
    one = provider.tokens(crm, provider.browser())
    provider.clock.advance(1)
    other = provider.tokens(crm, provider.browser())
    open_now = overview.of(provider.services, ann).sessions
    assert len(open_now) == 2
    first = min(open_now, key=lambda session: session.id)
    assert ending.end_one(provider.services, ann.id, first.id, record=recorded(provider)) == first
    assert provider.userinfo(one["access_token"]).status == 401
    assert provider.userinfo(other["access_token"]).status == 200
    assert ending.end_one(provider.services, ann.id, first.id, record=recorded(provider)) is None
    assert ending.end_all(provider.services, ann.id, record=recorded(provider)) == 1
    assert provider.userinfo(other["access_token"]).status == 401


def test_n29_nobody_ends_the_session_of_another_by_its_id(provider: Provider, ann: Any, crm: App) -> None:
    provider.add_person("bea")
    tokens = provider.tokens(crm, provider.browser(), "bea")
    hers = overview.of(provider.services, provider.services.directory.find_by_login("bea")).sessions[0]
    assert ending.end_one(provider.services, ann.id, hers.id, record=recorded(provider)) is None
    assert provider.userinfo(tokens["access_token"]).status == 200


def test_n35_whoever_can_sign_in_has_nothing_in_the_way(provider: Provider, ann: Any) -> None:
    assert explaining.obstacles(provider.services, ann) == ()


def test_n35_a_pause_is_told_with_its_end_and_where_it_holds(provider: Provider, ann: Any, crm: App) -> None:
    browser = provider.browser("192.0.2.7")
    provider.sign_in(browser, crm)  # a device of hers: no robot check comes before the pause
    provider.clock.advance(120)
    page = provider.authorize(browser, crm, prompt="login")
    for n in range(5):
        page = browser.log_in(page, "ann", f"wrong {n}")
    (found,) = explaining.obstacles(provider.services, ann)
    assert (found.code, found.step, found.addresses) == (explaining.PAUSED, "password", ("192.0.2.7",))
    assert found.until == provider.clock() + 60
    provider.services.throttle.lift(ann.id, provider.clock())
    assert explaining.obstacles(provider.services, ann) == ()


def test_n35_a_pause_that_is_over_is_not_told(provider: Provider, ann: Any, crm: App) -> None:
    browser = provider.browser()
    provider.sign_in(browser, crm)
    provider.clock.advance(120)
    page = provider.authorize(browser, crm, prompt="login")
    for n in range(5):
        page = browser.log_in(page, "ann", f"wrong {n}")
    provider.clock.advance(61)
    assert explaining.obstacles(provider.services, ann) == ()


def test_n35_somebody_stopped_for_good_is_told(provider: Provider, ann: Any) -> None:
    throttle, account = provider.services.throttle, provider.services.throttle.account(ann.id, "ann")
    for n in range(100):
        throttle.failed(Guesser(account, None, "192.0.2.1"), f"wrong {n}", provider.clock())
    codes = [(one.code, one.addresses) for one in explaining.obstacles(provider.services, ann)]
    assert (explaining.STOPPED, ("devices that are not known",)) in codes


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda p, who: p.services.directory.disable(who.id, record=recorded(p)), explaining.DISABLED),
        (
            lambda p, who: p.services.directory.drop_password(who.id, detail={}, record=recorded(p)),
            explaining.SECURED,
        ),
    ],
)
def test_n35_what_was_done_to_an_account_is_told_with_who_did_it(
    provider: Provider, ann: Any, change: Any, code: str
) -> None:
    change(provider, ann)
    (found,) = explaining.obstacles(provider.services, provider.services.directory.get(ann.id))
    assert (found.code, found.by, found.since) == (code, "cli:test", provider.clock())


def test_n35_somebody_without_a_password_is_told_apart(provider: Provider) -> None:
    new = provider.add_person("new", None)
    assert [one.code for one in explaining.obstacles(provider.services, new)] == [explaining.NO_PASSWORD]


def test_n35_the_overview_has_sign_in_failure_session_and_case(provider: Provider, ann: Any, crm: App) -> None:
    browser = provider.browser("192.0.2.9")
    page = browser.log_in(provider.authorize(browser, crm), "ann", "wrong one")
    browser.log_in(page, "ann", PASSWORD)
    request: Any = type("R", (), {"remote_address": "192.0.2.9", "user_agent": "", "id": "r"})
    case = open_case(provider.services, ann.id, NO_WAY_IN, "Help.", request)
    about = overview.of(provider.services, ann)
    assert about.last_sign_in is not None
    assert (about.last_sign_in.address, about.last_sign_in.client_id) == ("192.0.2.9", crm.id)
    assert [event.action for event in about.failures] == ["session:failed"]
    assert len(about.sessions) == 1
    assert [one.id for one in about.cases] == [case.id]


def test_n35_events_are_found_by_person_application_time_and_failure(provider: Provider, ann: Any, crm: App) -> None:
    db, browser = provider.services.db, provider.browser()
    browser.log_in(provider.authorize(browser, crm), "ann", "wrong one")
    later = provider.clock() + 3600
    provider.clock.now = later
    wiki = provider.add_client("Wiki")
    provider.sign_in(provider.browser(), wiki)

    def actions(**wanted: Any) -> list[str]:
        return [event.action for event in latest(db, Wanted(**wanted), 50)]

    assert actions(person_id=ann.id, failed=True) == ["session:failed"]
    assert actions(client_id=crm.id, failed=True) == ["session:failed"]
    assert actions(client_id=wiki.id, failed=True) == []
    assert "session:started" in actions(client_id=wiki.id)
    assert "session:failed" not in actions(since=later - 1)
    assert actions(until=later - 1, action="session:*") == ["session:failed"]
    assert actions(action="session_started") == []  # `_` is no wildcard
    assert actions(action="%") == []
    assert actions(person_id="nobody") == []
