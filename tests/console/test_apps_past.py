"""Who could open an application at another time: the page and its file. R4, O1, S59."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

from clients.access import Access
from idp.accounts.roles import RoleGrant
from tests.backends import Clock
from tests.console.conftest import Enter, form_key
from tests.provider import Browser, Provider

DAY = 86400.0
HOSTILE = "<script>alert(1)</script>"


def day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def test_R4_an_auditor_sees_who_could_open_it_and_takes_it_as_a_file(
    provider: Provider, enter: Enter, clock: Clock
) -> None:
    ann = provider.add_person("ann", groups=(HOSTILE,))
    provider.add_person("ben")
    app = provider.add_client("Payroll", access=Access.only(groups=[HOSTILE]))
    start = clock()
    clock.advance(3 * DAY)
    provider.services.directory.remove_from_group(ann.id, HOSTILE)
    clock.advance(40 * DAY)
    auditor = enter("audrey", RoleGrant("auditor"))
    path = f"admin/apps/{app.id}/past?from={day(start)}&until={day(start + 5 * DAY)}"
    page = auditor.get(path)
    assert page.status == 200
    assert "ann" in page.dom.text
    assert "ben" not in page.dom.text
    assert f"In the group {HOSTILE}" in page.dom.text
    assert HOSTILE not in page.text
    place = next(n for n, form in enumerate(page.dom.forms) if form.method == "POST" and form.action.endswith("/past"))
    file = auditor.submit(page, "csv", form=place)
    assert file.headers["Content-Disposition"] == 'attachment; filename="access-payroll.csv"'
    _, line = csv.reader(io.StringIO(file.text))
    assert line[2:5] == [ann.id, "ann", f"group:{HOSTILE}"]
    assert provider.events("access:exported")[-1].actor.startswith("person:")
    assert "Nobody could open it" in auditor.get(f"admin/apps/{app.id}/past?from={day(start + 5 * DAY)}").dom.text
    assert auditor.get(f"admin/apps/{app.id}/past").status == 200, "yesterday, where nothing is said"


def test_R4_why_somebody_could_or_could_not_open_it_yesterday(provider: Provider, enter: Enter, clock: Clock) -> None:
    ann = provider.add_person("ann")
    app = provider.add_client("Payroll", access=Access.only(groups=["pay"]))
    clock.advance(2 * DAY)
    provider.services.directory.add_to_group(ann.id, "pay")
    clock.advance(2 * DAY)
    provider.services.registry.disable(app.id)
    clock.advance(DAY / 4)
    browser = enter("boss", RoleGrant("owner"))
    path = f"admin/apps/{app.id}/past?from={day(clock() - 9 * DAY)}&until={day(clock())}"
    text = browser.get(f"{path}&person=ann").dom.text
    assert "Could not open it : Neither named for it nor in one of its groups" in text
    assert "Could open it : In the group pay" in text
    assert "Could not open it : The application was turned off" in text
    nobody = browser.get(f"admin/apps/{app.id}/past?person=%3Cb%3E")
    assert "Nobody has, or had, this name." in nobody.dom.text


def test_R4_what_is_typed_wrong_is_named_and_stays(provider: Provider, owner: Browser) -> None:
    app = provider.add_client("Payroll")
    page = owner.get(f"admin/apps/{app.id}/past?from=yesterday&until=2026-01-01")
    assert page.status == 400
    assert "Expected a day such as 2026-12-31" in page.dom.text
    assert page.dom.find("input", name="from", value="yesterday")
    page = owner.get(f"admin/apps/{app.id}/past?from=2026-02-01&until=2026-01-01")
    assert "The end is before the beginning." in page.dom.text
    assert owner.get(f"admin/apps/{app.id}/past?from=2026-01-01&until=9999-12-31").status in (200, 400)
    assert owner.get(f"admin/apps/{app.id}/past?after=%00&from=2026-01-01").status == 200


def test_S59_an_app_admin_sees_the_past_of_their_own_application_and_takes_no_file(
    provider: Provider, enter: Enter
) -> None:
    mine, other = provider.add_client("Mine"), provider.add_client("Other")
    carol = enter("carol", RoleGrant("app_admin", (mine.id,)))
    page = carol.get(f"admin/apps/{mine.id}/past")
    assert page.status == 200
    assert "Export" not in page.dom.text
    key = form_key(carol.get(f"admin/apps/{mine.id}"))
    assert carol.get(f"admin/apps/{other.id}/past").status == 403
    for app in (mine, other):
        assert carol.post(f"admin/apps/{app.id}/past", {**key, "format": "csv"}).status == 403
    assert not provider.events("access:exported")


def test_R4_an_application_that_was_removed_still_has_its_past(provider: Provider, owner: Browser) -> None:
    app = provider.add_client("Payroll")
    provider.services.registry.remove(app.id)
    assert "Payroll" in owner.get(f"admin/apps/{app.id}/past").dom.text
    assert owner.get("admin/apps/caaaaaaaaaaaaaaaaaaaaaaaa/past").status == 404
