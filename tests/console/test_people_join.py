"""I6: an owner joins two persons that are one by a page: what would happen first, and only then done."""

from __future__ import annotations

from idp.accounts.roles import RoleGrant
from tests.admin.test_joining import link_to
from tests.console.conftest import Enter
from tests.provider import Answer, Provider


def test_i6_two_persons_are_joined_by_an_owner(provider: Provider, enter: Enter) -> None:
    services = provider.services
    kept, gone = provider.add_person("ann"), provider.add_person("ann.example", email="a@example.com")
    link_to(provider, gone)
    services.directory.add_to_group(gone.id, "Sales")
    boss, path = enter("boss", RoleGrant("owner")), f"admin/people/{kept.id}/join"
    page = boss.get(path)
    nobody = boss.submit(page, form=_form(page, "other"), other="nobody")
    assert (nobody.status, "Nobody has this username" in nobody.dom.text) == (422, True)
    same = boss.get(f"{path}?other=ann")
    assert (same.status, "one person already" in same.dom.text) == (409, True)
    page = boss.submit(page, form=_form(page, "other"), other="a@example.com")
    assert all(text in page.dom.text for text in ("1 account elsewhere becomes theirs", "Company there-1", "Sales"))
    assert services.directory.find(gone.id) is not None  # nothing has changed
    done = boss.follow(boss.submit(page, form=_form(page, "gone")))
    assert "Joined." in done.dom.text
    assert services.directory.find(gone.id) is None
    assert "Sales" in services.directory.get(kept.id).groups
    assert provider.events("person:joined")


def test_i6_nobody_else_sees_the_page(provider: Provider, enter: Enter) -> None:
    kept = provider.add_person("ann")
    admin = enter("adm", RoleGrant("admin"))
    assert admin.get(f"admin/people/{kept.id}/join").status == 403
    assert "Join with another" not in admin.get(f"admin/people/{kept.id}").dom.text


def _form(page: Answer, name: str) -> int:
    return next(n for n, form in enumerate(page.dom.forms) if name in form.names())
