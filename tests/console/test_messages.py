"""The room Messages: notices for everybody, how messages leave and which did not, a test. B2, B3, A10."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from idp.accounts import notices
from idp.accounts.roles import RoleGrant
from idp.admin.configuration import marks
from idp.mail import delivery, outbox
from tests.backends import Clock
from tests.console.conftest import Enter, form_key, give
from tests.provider import Answer, Browser, Provider

WRONG = {"aria-invalid": "true"}


def _send(browser: Browser, **fields: str) -> Answer:
    page = browser.get("admin/messages")
    return browser.post("admin/messages", {**form_key(page), **fields})


def _told(provider: Provider) -> list[str]:
    return [one.text for one in notices.list_of(provider.services.db)]


def test_A10_a_notice_is_added_and_told_on_the_login_page_and_removed_again(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    added = _send(owner, do="add", text="Sunday: no sign-in from 8 to 9", where="login", starts="", ends="", app="")
    assert "People see it within seconds" in owner.follow(added).dom.text
    (made,) = notices.list_of(provider.services.db)
    assert made.place == "login"
    clock.advance(6)
    assert "Sunday: no sign-in from 8 to 9" in provider.browser().get("").dom.text
    assert provider.events("notice:added")[-1].actor.startswith("person:u")
    removed = _send(owner, do="remove", notice=made.id)
    assert "It is told no longer." in owner.follow(removed).dom.text
    assert not notices.list_of(provider.services.db)
    assert _send(owner, do="remove", notice=made.id).status == 404


def test_A10_its_times_are_those_of_the_admin_s_own_zone(provider: Provider) -> None:
    person = provider.add_person("haruka", claims={"zoneinfo": "Asia/Tokyo"})
    give(provider, person.id, RoleGrant("owner"))
    browser = provider.browser()
    browser.log_in(browser.get(""), "haruka")
    assert "Asia/Tokyo" in browser.get("admin/messages").dom.text
    _send(browser, do="add", text="Later", where="both", starts="2099-12-01T08:00", ends="2099-12-01T09:00", app="")
    (made,) = notices.list_of(provider.services.db)
    assert made.starts_at == datetime(2099, 12, 1, 8, tzinfo=ZoneInfo("Asia/Tokyo")).timestamp()
    assert "to come" in browser.get("admin/messages").dom.text


@pytest.mark.parametrize(
    ("fields", "field", "told"),
    [
        ({"text": ""}, "text", "Write 1 to 500 characters"),
        ({"text": "x" * 501}, "text", "Write 1 to 500 characters"),
        ({"text": "a\x07b"}, "text", "Write 1 to 500 characters"),
        ({"starts": "tomorrow"}, "starts", "2026-12-01T08:00"),
        ({"ends": "2001-01-01T00:00"}, "ends", "has ended already"),
        ({"ends": "9999-12-31T23:59:59+99:00"}, "ends", "2026-12-01T08:00"),
        ({"app": "nobody knows it"}, "app", "No application has this name or id."),
        ({"where": "everywhere"}, "where", "Choose where it is told."),
    ],
)
def test_B5_what_is_wrong_is_named_at_its_field_and_what_was_typed_stays(
    provider: Provider, owner: Browser, fields: dict[str, str], field: str, told: str
) -> None:
    good = {"do": "add", "text": "Kept", "where": "both", "starts": "", "ends": "", "app": ""}
    page = _send(owner, **{**good, **fields})
    assert page.status == 422
    assert told in page.dom.text
    assert page.dom.find("input", id=field, **WRONG) or page.dom.find("select", id=field, **WRONG)
    if field != "text":
        assert page.dom.find("input", id="text", value="Kept")
    assert _told(provider) == []


def test_S13_a_hostile_notice_is_text(provider: Provider, owner: Browser) -> None:
    _send(owner, do="add", text="<script>alert(1)</script>", where="both", starts="", ends="", app="")
    page = owner.get("admin/messages")
    assert "<script>alert(1)</script>" in page.dom.text
    assert "<script>alert" not in page.body.decode()


def test_B2_a_test_leaves_by_the_way_of_all_messages_and_what_became_of_it_stands_there(
    open_provider: Callable[..., Provider],
) -> None:
    provider = open_provider(server={"issuer": "http://127.0.0.1:8000"}, admin={"second_factor": False})
    give(provider, provider.add_person("boss").id, RoleGrant("owner"))
    owner = provider.browser()
    owner.log_in(owner.get(""), "boss")
    sent = _send(owner, do="test", address=" anna@example.com ")
    assert "The test is on its way." in owner.follow(sent).dom.text
    _run_jobs(provider)
    assert outbox.newest(provider.services)[0].to == "anna@example.com"
    page = owner.get("admin/messages")
    assert "kept in the outbox of this machine" in page.dom.text
    assert "anna@example.com" not in page.dom.text  # masked, as everywhere in the record
    tested = provider.events("mail:tested")[-1]
    assert tested.actor.startswith("person:u")
    assert "anna@" not in str(tested.detail)


@pytest.mark.parametrize(
    "given", ["", "anna", "a@b\r\nBcc: c@d.example", "a@b.example, c@d.example", "+49", "<a@b.example>"]
)
def test_B5_what_is_no_address_is_said_so(provider: Provider, owner: Browser, given: str) -> None:
    page = _send(owner, do="test", address=given)
    assert page.status == 422
    assert "Write an address such as" in page.dom.text
    _run_jobs(provider)
    assert outbox.newest(provider.services) == []


def test_B5_a_number_where_nothing_sends_text_messages_names_the_setting(owner: Browser) -> None:
    page = _send(owner, do="test", address="+49 170 1234567")
    assert page.status == 422
    assert "sms.sender" in page.dom.text


def test_B3_one_that_was_given_up_needs_attention_until_it_is_put_aside(provider: Provider, owner: Browser) -> None:
    services = provider.services
    services.jobs.register(delivery.JOB, _broken)
    services.jobs.enqueue(delivery.JOB, {"id": "m1", "sealed": "x"})
    _run_jobs(provider)
    assert "was given up" in owner.get("admin").dom.text
    page = owner.get("admin/messages")
    assert "the server is on fire" in page.dom.text
    (job,) = [one for one in services.jobs.pending() if one.state == "failed"]
    done = _send(owner, do="aside", job=job.id)
    assert "It is put aside." in owner.follow(done).dom.text
    assert "was given up" not in owner.get("admin").dom.text
    assert provider.events("mail:put_aside")[-1].detail["reason"].endswith("the server is on fire")
    assert _send(owner, do="aside", job=job.id).status == 303  # pressed twice


def test_C2_put_aside_takes_no_job_that_is_no_message(provider: Provider, owner: Browser) -> None:
    services = provider.services
    services.jobs.register("other", _broken)
    services.jobs.enqueue("other", {})
    _run_jobs(provider)
    (job,) = [one for one in services.jobs.pending() if one.name == "other"]
    _send(owner, do="aside", job=job.id)
    assert [one.id for one in services.jobs.pending() if one.name == "other"] == [job.id]


def test_C2_an_auditor_reads_and_has_no_form(provider: Provider, owner: Browser, enter: Enter) -> None:
    _send(owner, do="add", text="Read this", where="both", starts="", ends="", app="")
    auditor = enter("auditor", RoleGrant("auditor"))
    page = auditor.get("admin/messages")
    assert "Read this" in page.dom.text
    assert not [form for form in page.dom.forms if form.action.endswith("/admin/messages") and form.method == "POST"]
    assert auditor.post("admin/messages", {**form_key(page), "do": "add", "text": "no"}).status == 403
    assert _told(provider) == ["Read this"]


def test_C5_what_a_file_manages_says_so(provider: Provider, owner: Browser, clock: Clock) -> None:
    _send(owner, do="add", text="From a file", where="both", starts="", ends="", app="")
    (made,) = notices.list_of(provider.services.db)
    with provider.services.db.transaction() as tx:
        marks.put(tx, "notice", made.id, "door.toml", ("text",), clock.now)
    assert "Managed by door.toml" in owner.get("admin/messages").dom.text


def _run_jobs(provider: Provider) -> None:
    """As a serving process does, until none is waiting whose time has come."""
    jobs, until = provider.services.jobs, time.monotonic() + 60
    jobs.start()
    try:
        while any(job.state != "failed" for job in jobs.pending()):
            assert time.monotonic() < until, jobs.pending()
            time.sleep(0.01)
    finally:
        jobs.stop()


def _broken(payload: object) -> None:
    raise OSError("the server is on fire")
