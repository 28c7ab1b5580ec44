"""Y1: an owner lets a directory in, sees when it came and what was refused to it, limits it, and turns it off."""

from __future__ import annotations

from idp.accounts.provisioning import clients
from idp.accounts.roles import RoleGrant
from tests.console.conftest import Enter
from tests.provider import Answer, Browser, Provider, bearer

HERE = "admin/directories"


def sent(browser: Browser, page: Answer, do: str, **typed: str) -> Answer:
    """The form that does it, sent."""
    at = next(
        n for n, form in enumerate(page.dom.forms) if ("do", do) in form.fields or do in [b[2] for b in form.buttons]
    )
    is_button = do in [button[2] for button in page.dom.forms[at].buttons]
    return browser.submit(page, do if is_button else None, form=at, **typed)


def test_Y1_a_directory_is_let_in_limited_renewed_turned_off_and_removed(provider: Provider, enter: Enter) -> None:
    boss = enter("boss", RoleGrant("owner"))
    page = boss.get(HERE)
    assert "No directory writes here" in page.dom.text
    at = next(n for n, one in enumerate(page.dom.forms) if "name" in one.names())
    wrong = boss.submit(page, form=at, name="Entra", users="no", groups="no")
    assert (wrong.status, "It may do nothing so" in wrong.dom.text) == (422, True)
    made = boss.submit(wrong, form=at, name="Entra", users="write", groups="read")
    assert "The token is shown this once" in made.dom.text
    (client,) = clients.list_of(provider.services.db)
    token = next(word for word in made.dom.text.split() if word.startswith("dws_"))

    def ask(shown: str, path: str = "Users") -> int:
        return provider.browser().open("GET", f"scim/v2/{path}", None, bearer(shown)).status

    assert (ask(token), ask(token, "Users/nobody")) == (200, 404)
    page = boss.get(f"{HERE}/{client.id}")
    assert all(text in page.dom.text for text in ("Entra", "GET /Users/nobody", "404", "there is no such person"))
    assert "Never used" not in page.dom.text
    assert token not in page.text
    renewed = sent(boss, page, "renew_now")
    other = next(word for word in renewed.dom.text.split() if word.startswith("dws_"))
    assert (ask(token), ask(other)) == (401, 200)
    sent(boss, page, "save", users="no", groups="read", attributes="displayName")
    assert ask(other) == 403
    changed = clients.list_of(provider.services.db)[0]
    assert (changed.users, changed.attributes) == ("no", ("displayName",))
    assert sent(boss, page, "save", users="read", groups="no", attributes="shoes").status == 422
    sent(boss, page, "off")
    assert ask(other, "Groups") == 401
    assert "Turned off" in boss.get(HERE).dom.text
    sent(boss, boss.get(f"{HERE}/{client.id}"), "on")
    assert ask(other, "Groups") == 200
    sent(boss, page, "remove")
    assert clients.list_of(provider.services.db) == ()
    assert boss.get(f"{HERE}/{client.id}").location.endswith(HERE)


def test_Y1_who_is_no_owner_lets_no_directory_in(enter: Enter) -> None:
    admin = enter("admin", RoleGrant("admin"))
    assert admin.get(HERE).status == 403
    assert "Directories that write here" not in admin.get("admin/providers").dom.text
