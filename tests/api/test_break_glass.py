"""U5: a program of the owners watches break-glass accounts, and says that their use was looked at."""

from __future__ import annotations

from idp.accounts.roles import RoleGrant
from idp.admin.actor import of_shell
from idp.admin.break_glass import keeping, watching
from tests.api.conftest import Program
from tests.provider import Provider


def test_U5_the_alarm_is_read_and_acknowledged(provider: Provider, program: Program) -> None:
    made = keeping.make(provider.services, of_shell("cli:test"), "emergency")
    owner, auditor = program(RoleGrant("owner"), name="own"), program(RoleGrant("auditor"), name="aud")
    browser = provider.browser()
    browser.log_in(browser.get(""), "emergency", made.password)
    watching.watch(provider.services)
    (one,) = auditor.get("/break-glass").json["items"]
    assert (one["username"], one["used_at"], one["alarm_failures"], one["codes_left"]) == ("emergency", None, 1, 10)
    assert made.password not in auditor.get("/break-glass").text
    path = f"/break-glass/{one['id']}/acknowledge"
    assert auditor.post(path, {"note": "no"}).status == 403
    answer = owner.post(path, {"note": "a drill"})
    assert (answer.status, answer.json["alarm_at"]) == (200, None)
    assert owner.post("/break-glass/unknown/acknowledge", {}).status == 404
