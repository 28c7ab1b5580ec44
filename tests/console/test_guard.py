"""Before any page of the console: who is it, proven how, and may they. C2, C3, B5, S59."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.accounts import roles
from idp.accounts.roles import RoleGrant
from idp.admin.permissions import TABLE, Permission
from idp.app import ROUTES
from idp.console.views import PAGES
from tests.backends import Clock
from tests.console.conftest import Enter, give
from tests.phone import Phone
from tests.provider import Browser, Provider

#: A value for each trailing segment that there is.
SEGMENT = "unknown"


def _url(path: str) -> str:
    return "/".join(SEGMENT if part.startswith("<") else part for part in path.strip("/").split("/"))


def test_S59_every_route_of_the_console_is_a_page_with_a_permission() -> None:
    ours = {route.path for route in ROUTES if route.path == "/admin" or route.path.startswith("/admin/")}
    assert ours == {page.path for page in PAGES}
    assert all(isinstance(page.permission, Permission) for page in PAGES)
    assert len({page.path for page in PAGES}) == len(PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_S59_nobody_sees_a_page_without_signing_in(provider: Provider, browser: Browser, page: object) -> None:
    answer = browser.get(_url(page.path))  # type: ignore[attr-defined]
    assert answer.is_login_page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_S59_C2_nobody_without_its_permission_sees_a_page_or_sends_its_form(
    provider: Provider, enter: Enter, page: object
) -> None:
    permission, change = page.permission, page.change  # type: ignore[attr-defined]
    visitors = {"nobody": enter("nobody")}
    for role in TABLE:
        scope = ("none of these",) if role == "app_admin" else None
        visitors[role] = enter(f"the-{role}", RoleGrant(role, scope))
    for role, visitor in visitors.items():
        held = TABLE.get(role, frozenset())
        answer = visitor.get(_url(page.path))  # type: ignore[attr-defined]
        if permission not in held:
            assert answer.status == 403, role
        else:
            assert answer.status in (200, 303, 404, 403), role  # 403: not for this very object
            assert answer.status != 403 or role == "app_admin", role
        if change is not None and not {permission, change} <= held:
            start = visitor.get("profile")
            sent = visitor.post(_url(page.path), dict(start.dom.forms[0].fields))  # type: ignore[attr-defined]
            assert sent.status == 403, role


def test_C2_a_role_that_is_taken_shuts_an_open_page_at_once(provider: Provider, enter: Enter) -> None:
    boss = enter("boss", RoleGrant("owner"))
    enter("other", RoleGrant("owner"))
    assert boss.get("admin").status == 200
    person = provider.services.directory.find_by_login("boss")
    assert person is not None
    roles.change(
        provider.services.db, person.id, take=("owner",), by="test", now=provider.services.clock(),
        record=lambda *_: None,
    )  # fmt: skip
    assert boss.get("admin").status == 403


def test_C2_a_role_for_a_time_ends_by_itself(provider: Provider, enter: Enter, clock: Clock) -> None:
    enter("boss", RoleGrant("owner"))
    visitor = enter("temp", RoleGrant("admin", until=clock() + 600))
    assert visitor.get("admin").status == 200
    clock.advance(601)
    assert visitor.get("admin").status == 403


def test_C3_the_console_asks_for_a_sign_in_that_is_not_older_than_twelve_hours(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    provider = open_provider(
        admin={"second_factor": False}, session={"absolute_hours": 100, "idle_minutes": 6000}
    )  # fmt: skip
    give(provider, provider.add_person("boss").id, RoleGrant("owner"))
    browser = provider.browser()
    browser.log_in(browser.get(""), "boss")
    clock.advance(11 * 3600)
    assert "Administration" in browser.get("admin").dom.text
    clock.advance(2 * 3600)
    asked = browser.get("admin")
    assert asked.dom.find("input", name="password")
    assert browser.get("profile").status == 200  # their own pages go on


def test_C3_whoever_has_no_second_factor_is_led_through_setting_one_up(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider()
    give(provider, provider.add_person("boss").id, RoleGrant("owner"))
    browser = provider.browser()
    browser.log_in(browser.get(""), "boss")
    assert browser.get("profile").status == 200
    asked = browser.get("admin")
    assert asked.status == 200
    assert "Overview" not in asked.dom.text
    assert "authenticator" in asked.dom.text.lower()


def test_C3_after_that_they_are_in_the_console_and_stay_there(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    provider = open_provider()
    give(provider, provider.add_person("boss").id, RoleGrant("owner"))
    browser = provider.browser()
    browser.log_in(browser.get(""), "boss")
    asked = browser.get("admin/activity?action=session:*")
    assert "authenticator app" in asked.dom.text
    page = browser.get("security/totp")
    form = next(n for n, form in enumerate(page.dom.forms) if "code" in form.names())
    done = browser.submit(page, None, form=form, code=Phone.scan(page, clock).code)
    codes = browser.follow(done) if done.is_redirect else done
    assert "Your backup codes" in codes.dom.text
    (onward,) = {about["href"] for about in codes.dom.find("a") if "button" in about.get("class", "")}
    led = browser.get(onward)
    assert led.location == f"{provider.issuer}/admin/activity?action=session:*"
    assert "Who did what" in browser.follow(led).dom.text
    assert browser.get("admin").status == 200


def test_the_way_to_the_console_is_shown_to_those_who_may_go_it(provider: Provider, enter: Enter) -> None:
    assert "Administration" in enter("boss", RoleGrant("owner")).get("profile").text
    assert "Administration" not in enter("nobody").get("profile").text


def test_B5_nothing_is_kept_before_somebody_has_proven_who_they_are(
    provider: Provider, enter: Enter, clock: Clock
) -> None:
    boss = enter("boss", RoleGrant("owner"))
    fields = dict(boss.get("profile").dom.forms[0].fields)
    stranger = provider.browser("198.51.100.7")
    stranger.get("login")
    stranger.headers["Sec-Fetch-Site"] = "same-origin"
    for size in (1000, 100_000):
        form = {"x": "y" * size}
        _, verbs, answer = provider.counted(lambda form=form: stranger.post("admin/keys", form))
        assert answer.status in (200, 403)
        assert "put" not in verbs
    clock.advance(13 * 3600)  # the session is over
    asked = boss.post("admin/keys", {**fields, "do": "rotate"})
    resumed = boss.follow(boss.log_in(asked, "boss"))
    assert "Go on where you were" in resumed.dom.text


def test_B5_what_somebody_typed_is_kept_for_them_and_for_nobody_else(
    provider: Provider, enter: Enter, clock: Clock
) -> None:
    boss = enter("boss", RoleGrant("owner"))
    fields = dict(boss.get("profile").dom.forms[0].fields)
    provider.add_person("second")
    give(provider, provider.services.directory.find_by_login("second").id, RoleGrant("owner"))  # type: ignore[union-attr]
    clock.advance(600)
    asked = boss.post("admin/keys", {**fields, "do": "rotate"})
    assert asked.is_login_page  # what is sensitive asks anew, and the form waits
    other = provider.browser()
    other.log_in(other.get("admin"), "second")
    assert other.get("admin/resume").location == f"{provider.issuer}/admin"
    assert "Go on where you were" in boss.follow(boss.log_in(asked, "boss")).dom.text
