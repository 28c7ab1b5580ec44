"""The record in the console: whole or not, its signed end, who watches it, as a file, and what may go. O1, C3, S59."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable

from sqlalchemy import text

from idp.accounts.roles import RoleGrant
from idp.admin import attention, record_checks
from idp.admin.actor import of_shell
from idp.audit.chain import sealing
from tests.backends import Clock
from tests.console.conftest import Enter, form_key, give
from tests.provider import Browser, Provider

PAGE = "admin/activity/record"
SHELL = of_shell("cli:test")


def press(browser: Browser, path: str = PAGE, **values: str):  # type: ignore[no-untyped-def]
    return browser.post(path, {**form_key(browser.get(path)), **values})


def look(provider: Provider, browser: Browser) -> str:
    """Have it looked at, and read what came out."""
    sealing.seal_all(provider.services.db, provider.services.clock)
    assert press(browser, do="verify").is_redirect
    job = next(one for one in provider.services.jobs.pending() if one.name == record_checks.JOB)
    provider.services.jobs.perform(record_checks.JOB, {"by": "x", "begun_at": provider.services.clock()})
    provider.services.jobs.forget(job.id)
    return str(browser.get(PAGE).dom.text)


def test_O1_the_record_is_looked_at_as_a_job_and_a_hand_in_the_database_is_told_between_which_events(
    provider: Provider, enter: Enter
) -> None:
    services = provider.services
    for name in ("ann", "ben", "eve"):
        provider.add_person(name)
        provider.sign_in(provider.browser(), provider.add_client(name), name)
    auditor = enter("audrey", RoleGrant("auditor"))
    assert "Nobody has looked at all of it yet." in auditor.get(PAGE).dom.text
    assert press(auditor, do="verify").is_redirect
    assert "It is being looked at: 0 events so far." in auditor.get(PAGE).dom.text
    assert "The record is whole." in look(provider, auditor)
    assert not [one for one in attention.find(services, SHELL) if one.kind == "record"]
    victim = provider.events("session:started")[1]
    services.db.run(text("UPDATE events SET address = '192.0.2.1' WHERE id = :id"), id=victim.id)
    told = look(provider, auditor)
    assert "The record is not whole." in told
    assert "An event is not as it was written" in told
    assert victim.id in told
    assert "after" in told
    assert "before" in told
    (found,) = (one for one in attention.find(services, SHELL) if one.kind == "record")
    assert found.path == f"/{PAGE}"


def test_O1_a_look_that_was_given_up_is_said_and_can_be_asked_for_again(
    provider: Provider, enter: Enter, clock: Clock
) -> None:
    auditor = enter("audrey", RoleGrant("auditor"))
    press(auditor, do="verify")
    many = len(provider.services.jobs.pending())
    press(auditor, do="verify")
    assert len(provider.services.jobs.pending()) == many, "one look at a time"
    clock.advance(1000)
    assert "given up before its end" in auditor.get(PAGE).dom.text


def test_O1_the_signed_end_is_downloaded(provider: Provider, enter: Enter) -> None:
    auditor = enter("audrey", RoleGrant("auditor"))
    file = press(auditor, do="head")
    assert re.fullmatch(r'attachment; filename="record-\d+\.jws"', file.headers["Content-Disposition"])
    assert len(file.text.strip().split(".")) == 3


def test_O1_the_record_is_exported_with_its_filters_and_no_cell_is_a_formula(
    provider: Provider, enter: Enter, clock: Clock
) -> None:
    hostile = "=HYPERLINK(1)"
    provider.add_person("ann", name=hostile, groups=(hostile,))
    provider.services.directory.add_to_group(
        provider.add_person("ben").id, hostile, record=SHELL.record(provider.services)
    )
    clock.advance(1)
    auditor = enter("audrey", RoleGrant("auditor"))
    path = "admin/activity/export"
    file = press(auditor, path, action="person:groups", format="csv")
    head, line = csv.reader(io.StringIO(file.text))
    assert dict(zip(head, line, strict=True))["action"] == "person:groups"
    assert not any(cell.startswith(("=", "+", "@")) for cell in line)
    (event,) = map(json.loads, press(auditor, path, action="person:groups", format="jsonl").text.splitlines())
    assert event["action"] == "person:groups"
    for format in ("cef", "ocsf"):
        assert press(auditor, path, format=format).headers["Content-Disposition"].startswith("attachment")
    assert press(auditor, path, person="nobody", format="csv").status == 400
    assert provider.events("audit:exported")[-1].actor.startswith("person:")


def test_O1_who_watches_the_record_is_listed_with_what_troubles_them_and_tried_out(
    open_provider: Callable[..., Provider],
) -> None:
    secret = "s" * 24
    provider = open_provider(
        admin={"second_factor": False},
        audit={"webhook": "https://u:p@hooks.example/secret-path?token=abc", "webhook_secret": secret},
    )
    give(provider, provider.add_person("boss").id, RoleGrant("owner"))
    owner = provider.browser()
    owner.log_in(owner.get(""), "boss")
    page = owner.get(PAGE)
    assert "hooks.example" in page.dom.text
    assert "Nothing was sent yet." in page.dom.text
    assert "secret-path" not in page.text
    assert "u:p" not in page.text
    tried = press(owner, stream="webhook")
    assert "The test message was not taken." in tried.dom.text
    assert provider.events("audit:stream_tested")
    assert press(owner, stream="pigeon").status == 400
    name = "webhook:https://u:p@hooks.example/secret-path?token=abc"
    provider.services.db.run(
        text("INSERT INTO audit_streams (name, segment, failed_at, error) VALUES (:name, -1, :at, :why)"),
        name=name, at=provider.services.clock(), why="it answered with 500",
    )  # fmt: skip
    sealing.seal_all(provider.services.db, provider.services.clock)
    told = owner.get(PAGE).dom.text
    assert "Takes nothing since" in told
    assert "it answered with 500" in told
    (found,) = (one for one in attention.find(provider.services, SHELL) if one.kind == "stream")
    assert found.detail == "it answered with 500"
    from idp.installation.checks.messages import examine_streams

    (finding,) = examine_streams(provider.services)
    assert (finding.status, "500" in finding.text) == ("warning", True)


def test_O1_C3_what_is_blanked_is_counted_first_and_asks_for_a_fresh_sign_in(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    path = "admin/activity/blank"
    ann = provider.add_person("ann")
    provider.sign_in(provider.browser(), provider.add_client("CRM"))
    assert "is not removed" in owner.get(f"{path}?person={ann.id}").dom.text
    provider.services.directory.remove(ann.id)
    page = owner.get(f"{path}?person=ann")
    assert re.search(r"\d+ events? loses? person", page.dom.text)
    clock.advance(3600)
    assert press(owner, path, person=ann.id).is_login_page
    assert any(event.person_id == ann.id for event in provider.events())


def test_O1_blanking_takes_the_name_out_of_the_past_as_well(provider: Provider, owner: Browser) -> None:
    path = "admin/activity/blank"
    ann = provider.add_person("ann")
    provider.sign_in(provider.browser(), provider.add_client("CRM"))
    provider.services.directory.remove(ann.id)
    assert press(owner, path, person=ann.id).is_redirect
    assert not [event for event in provider.events() if event.person_id == ann.id]
    assert "No event is about anybody" in owner.get(f"{path}?person=ann").dom.text
    assert "The record is whole." in look(provider, owner)


def test_S59_who_looks_after_a_part_sees_none_of_it_and_an_auditor_blanks_nothing(
    provider: Provider, enter: Enter
) -> None:
    app = provider.add_client("Mine")
    ann = provider.add_person("ann", groups=("sales",))
    provider.services.directory.remove(ann.id)
    carol = enter("carol", RoleGrant("app_admin", (app.id,)))
    helper = enter("hel", RoleGrant("help_desk", ("sales",)))
    for visitor in (carol, helper):
        key = form_key(visitor.get("admin"))
        for path in (PAGE, "admin/activity/export", "admin/activity/blank"):
            assert visitor.get(path).status == 403
            assert visitor.post(path, {**key, "do": "head", "format": "csv", "person": ann.id}).status == 403
    auditor = enter("audrey", RoleGrant("auditor"))
    assert auditor.get("admin/activity/blank").status == 403
    assert auditor.post("admin/activity/blank", {**form_key(auditor.get(PAGE)), "person": ann.id}).status == 403
    assert not provider.events("audit:exported")
