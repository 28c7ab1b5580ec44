"""`doorward user role`: what a role is limited to, and until when. C2."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Folder


@pytest.fixture(scope="module", autouse=True)
def ann(site: Folder) -> None:
    site.run("user", "add", "--username", "ann", "--email", "ann@example.com")


def test_C2_an_app_admin_looks_after_the_applications_that_are_named(site: Folder) -> None:
    site.run("client", "add", "oidc", "--name", "CRM", "--redirect-uri", "https://crm.example.com/cb")
    assert "name the applications" in site.refusal("user", "role", "ann", "--add", "app_admin")
    done = site.run("user", "role", "ann", "--add", "app_admin", "--app", "CRM", "--until", "2999-12-31")
    assert "ann has app_admin of CRM until 2999-12-31 23:59:59" in done.out.replace("\n", " ")
    assert "no application has the id or name" in site.refusal(
        "user", "role", "ann", "--add", "app_admin", "--app", "nothing"
    )


def test_C2_the_help_desk_may_be_limited_to_groups(site: Folder) -> None:
    site.run("user", "group", "ann", "--add", "Sales", "--new-group")
    limited = site.run("user", "role", "ann", "--add", "help_desk", "--in-group", "sales", "--remove", "app_admin")
    assert "ann has help_desk of Sales." in limited.out
    assert "ann has no role." in site.run("user", "role", "ann", "--remove", "help_desk").out
    assert "ann has help_desk." in site.run("user", "role", "ann", "--add", "help_desk").out


def test_C2_a_role_ends_on_a_day_that_is_to_come(site: Folder) -> None:
    assert "must lie in the future" in site.refusal("user", "role", "ann", "--add", "admin", "--until", "2020-01-01")
    assert "expected a day such as" in site.refusal("user", "role", "ann", "--add", "admin", "--until", "soon")
    assert "limit a role that is given" in site.refusal("user", "role", "ann", "--until", "2999-01-01")
