"""People from a file, in the console (U1)."""

from __future__ import annotations

import csv
import io
import tracemalloc
from typing import Any

import pytest

from idp.accounts import batches, groups
from idp.accounts.roles import RoleGrant
from idp.admin.batches import work_on
from idp.admin.importing import giving_back, reading
from tests.backends import Clock
from tests.console.conftest import Enter, form_at, give
from tests.provider import Answer, Browser, Provider

HOSTILE = ("=1+1", "+49 30", "-x", "@SUM(A1)", "\tx", "  =2", "＝1", "'=already", "''=twice", "plain", "it's")


def upload(browser: Browser, content: bytes, name: str = "people.csv", **more: str) -> Answer:
    page = browser.get("admin/people/import")
    fields = dict(page.dom.forms[form_at(page, "/admin/people/import")].fields) | more
    mark = "----a-boundary"
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()
    ]
    body = "".join(parts).encode() + (
        f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/csv\r\n\r\n'
    ).encode() + content + f"\r\n--{mark}--\r\n".encode()  # fmt: skip
    return browser.post(
        "admin/people/import", body, headers={"Content-Type": f"multipart/form-data; boundary={mark}"}
    )  # fmt: skip


def work(provider: Provider) -> None:
    """What the job queue does."""
    for _ in range(50):
        jobs = [job for job in provider.services.jobs.pending() if job.name in ("people.batch", "people.invite")]
        if not jobs:
            return
        for job in jobs:
            provider.services.jobs.perform(job.name, job.payload)
            provider.services.jobs.forget(job.id)


def look(provider: Provider, browser: Browser, content: str | bytes, **more: Any) -> Answer:
    """Send a file and see what it would do."""
    sent = upload(browser, content.encode() if isinstance(content, str) else content, **more)
    assert sent.status == 303, sent.dom.text
    work(provider)
    return browser.follow(sent)


def press(browser: Browser, page: Answer, do: str, **values: str) -> Answer:
    number = next(n for n, form in enumerate(page.dom.forms) if ("do", do) in form.fields)
    chosen = {
        f"column-{n}": next((o["value"] for o in options if "selected" in o), "")
        for n, options in enumerate(_selects(page)) if do == "check"
    }  # fmt: skip
    return browser.submit(page, form=number, **{**chosen, **values})


def _selects(page: Answer) -> list[list[dict[str, str]]]:
    found: list[list[dict[str, str]]] = []
    for tag, about in page.dom.elements:
        if tag == "select" and about.get("name", "").startswith("column-"):
            found.append([])
        elif tag == "option" and found:
            found[-1].append(about)
    return found


def run(provider: Provider, browser: Browser, page: Answer) -> Answer:
    sent = press(browser, page, "run")
    assert sent.status == 303, sent.dom.text
    work(provider)
    return browser.follow(sent)


def usernames(provider: Provider) -> set[str]:
    return {one.username for one in provider.services.directory.list(limit=500)}


PEOPLE = (
    "Benutzername;E-Mail;Vorname;Nachname;Gruppen;Schuhgröße\r\n"
    "anna;anna@example.com;Anna;Berg;Sales;39\r\n"
    "李娜;li@example.com;娜;李;Sales|New;38\r\n"
)


def test_u1_a_file_is_tried_out_first_and_then_done_as_it_was_shown(provider: Provider, owner: Browser) -> None:
    provider.add_person("old", groups=("Sales",))
    page = look(provider, owner, PEOPLE)
    assert "1 will be added" in page.dom.text
    assert "there is no group “New”" in page.dom.text
    assert usernames(provider) == {"boss", "old"}
    again = press(owner, page, "check", new_groups="1")
    work(provider)
    page = owner.follow(again)
    assert "2 will be added" in page.dom.text
    assert "New (1)" in page.dom.text
    assert groups.find(provider.services.db, "New") is None  # nothing is made by a look
    done = run(provider, owner, page)
    assert "2 added" in done.dom.text
    anna = provider.services.directory.find_by_login("anna")
    assert anna is not None
    assert (anna.name, anna.groups, anna.claims) == (
        "Anna Berg",
        ("Sales",),
        {"given_name": "Anna", "family_name": "Berg"},
    )
    assert provider.services.directory.find_by_login("李娜") is not None
    assert not anna.has_password
    imported = provider.events("people:imported")
    assert imported[0].detail["made"] == 2


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        ("﻿username,name\r\njosé,José Ñandú\r\n".encode(), "UTF-8"),
        ("username,name\r\njosé,José Ñandú\r\n".encode("utf-16"), "UTF-16"),
        ("username\tname\r\njosé\tJosé Ñandú\r\n".encode("utf-16-be"), "UTF-16"),
        ("username;name\njosé;José Ñandú\n".encode("cp1252"), "Windows-1252"),
        ('"username";"name"\r"josé";"José Ñandú"\r'.encode(), "UTF-8"),
    ],
)
def test_u1_letters_and_separators_of_spreadsheets_are_found_out(raw: bytes, encoding: str) -> None:
    table = reading.read(raw)
    assert (table.header, table.encoding) == (("username", "name"), encoding)
    assert table.rows == (["josé", "José Ñandú"],)


def test_u1_a_quoted_cell_has_separators_and_lines_of_its_own() -> None:
    table = reading.read(b'name;"first; line"\n"a;b\nc";"say ""no"""\n')
    assert table.separator == ";"
    assert table.rows == (["a;b\nc", 'say "no"'],)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "first line"), (b"username\n", "first line"), (b'username\n"never closed', "is no CSV"),
        (b"username\n\x81\x8d", "letters of the file"), (b"username\n" + b"a\n" * 200_001, "200,000"),
        (b"u" * (10 * 1024 * 1024 + 1), "10 MB"), (b"a" + b",a" * 70 + b"\na", "60 columns"),
    ],
    ids=["nothing", "a head alone", "quotes", "letters", "rows", "bytes", "columns"],
)  # fmt: skip
def test_u1_what_is_no_file_of_people_is_refused_in_words(raw: bytes, said: str) -> None:
    with pytest.raises(reading.Unreadable, match=said):
        reading.read(raw)


def test_u1_a_file_that_cannot_be_read_says_so_on_the_page(provider: Provider, owner: Browser) -> None:
    answer = upload(owner, b"")
    assert answer.status == 422
    assert "Choose a file" in answer.dom.text


def test_u1_lines_that_were_not_taken_come_back_as_a_file_that_can_be_sent_again(
    provider: Provider, owner: Browser
) -> None:
    rows = "".join(f'bad name {n},{n}@example.com,"{cell}"\r\n' for n, cell in enumerate(HOSTILE))
    whole = f"username,email,nickname\r\ngood,good@example.com,x\r\n{rows}"
    page = look(provider, owner, whole)
    assert f"{len(HOSTILE)} cannot be taken" in page.dom.text
    given = owner.get(page.url + "/rows").body
    found = list(csv.reader(io.StringIO(given.decode("utf-8-sig"), newline="")))
    assert found[0] == ["username", "email", "nickname", giving_back.COLUMN]
    for row in found:
        assert not any(cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "＝")) for cell in row)
    assert reading.read(given).rows[0][2] == "=1+1"
    assert [row[2] for row in reading.read(given).rows] == [row[2] for row in reading.read(whole.encode()).rows[1:]]
    page = look(provider, owner, given.replace(b"bad name ", b"name"))
    assert f"{len(HOSTILE)} will be added" in page.dom.text


def test_u1_whom_a_file_names_twice_is_taken_once(provider: Provider, owner: Browser) -> None:
    page = look(provider, owner, "username,email\nann,a@x.example\nbob,b@x.example\nANN,c@x.example\ncyd,B@x.example\n")
    assert "2 will be added" in page.dom.text
    assert "stands on line 2 already" in page.dom.text
    assert "stands on line 3 already" in page.dom.text
    run(provider, owner, page)
    assert usernames(provider) == {"boss", "ann", "bob"}


def test_u1_people_who_are_there_are_left_or_corrected_as_chosen(provider: Provider, owner: Browser) -> None:
    ann = provider.add_person("ann", name="Ann Old", groups=("Sales", "Board"))
    provider.add_person("bob", name="Bob Same", email="bob@example.com")
    text = "username,name,groups,email\nann,Ann New,Sales,\nbob,Bob Same,,bob@example.com\n"
    page = look(provider, owner, text)
    assert "2 are there already, and left as they are" in page.dom.text
    again = press(owner, page, "check", existing="correct")
    work(provider)
    page = owner.follow(again)
    assert "1 will be corrected" in page.dom.text
    assert "1 are there already, and the same" in page.dom.text
    run(provider, owner, page)
    after = provider.services.directory.get(ann.id)
    assert (after.name, after.groups, after.email) == ("Ann New", ("Board", "Sales"), ann.email)


def test_u1_a_line_that_names_two_people_changes_neither(provider: Provider, owner: Browser) -> None:
    provider.add_person("ann")
    provider.add_person("bob")
    page = look(provider, owner, "username,email\nann,bob@example.com\n")
    assert "names two people at once: ann, bob" in page.dom.text


def test_u1_c2_an_import_never_changes_who_may_do_more(provider: Provider, enter: Enter) -> None:
    boss = provider.add_person("boss")
    give(provider, boss.id, RoleGrant("owner"))
    provider.add_person("ann")
    admin = enter("admin", RoleGrant("admin"))
    page = look(provider, admin, "username,email\nboss,evil@x.example\nann,new@x.example\n")
    again = press(admin, page, "check", existing="correct")
    work(provider)
    page = admin.follow(again)
    assert "1 will be corrected" in page.dom.text
    assert "may do more here than you" in page.dom.text
    run(provider, admin, page)
    assert provider.services.directory.get(boss.id).email == boss.email
    found = provider.services.directory.find_by_login("ann")
    assert found is not None
    assert found.email == "new@x.example"


def test_u1_roles_and_passwords_are_not_taken_from_a_file(provider: Provider, owner: Browser) -> None:
    page = look(provider, owner, "username,Role,Password\neve,owner,hunter2hunter2\n")
    assert "Left out: Password" in page.dom.text
    assert "Left out: Role" in page.dom.text
    run(provider, owner, page)
    eve = provider.services.directory.find_by_login("eve")
    assert eve is not None
    assert (eve.roles, eve.has_password, eve.claims) == ((), False, {})


def test_u1_who_loses_their_role_meanwhile_does_no_more(provider: Provider, enter: Enter) -> None:
    enter("boss", RoleGrant("owner"))
    admin = enter("admin", RoleGrant("admin"))
    page = look(provider, admin, "username\nann\n")
    press(admin, page, "run")
    person = provider.services.directory.find_by_login("admin")
    assert person is not None
    provider.services.directory.disable(person.id)
    work(provider)
    assert "ann" not in usernames(provider)
    (batch,) = batches.latest(provider.services.db, "import")
    assert batch.state == batches.STOPPED


def test_u1_a_killed_process_leaves_nothing_half_done_and_another_goes_on(provider: Provider, owner: Browser) -> None:
    page = look(provider, owner, "username\n" + "".join(f"p{n:03}\n" for n in range(350)))
    press(owner, page, "run")
    (batch,) = batches.latest(provider.services.db, "import")
    for _ in zip(range(4), work_on(provider.services, batch.id), strict=False):  # and then it is gone
        pass
    assert batches.latest(provider.services.db, "import")[0].done == 200
    shown = owner.get(page.url)
    assert "200 of 350 lines" in shown.dom.text
    assert shown.headers["Refresh"] == "2"
    assert len(provider.services.directory.list(limit=500)) == 201
    other = provider.another()
    assert [one.done for one in work_on(other.services, batch.id)] == [250, 300, 350]
    assert len(provider.services.directory.list(limit=500)) == 351
    assert "350 added" in owner.get(page.url).dom.text


def test_u1_two_processes_at_once_take_each_line_once(provider: Provider, owner: Browser) -> None:
    page = look(provider, owner, "username\n" + "".join(f"p{n:03}\n" for n in range(150)))
    press(owner, page, "run")
    (batch,) = batches.latest(provider.services.db, "import")
    one, two = work_on(provider.services, batch.id), work_on(provider.another().services, batch.id)
    assert [next(one).done, next(two).done, next(one).done] == [50, 100, 150]
    assert next(two, None) is None
    assert batches.latest(provider.services.db, "import")[0].counts == {"made": 150}


def test_u1_an_import_can_be_stopped_and_says_where(provider: Provider, owner: Browser) -> None:
    page = look(provider, owner, "username\n" + "".join(f"p{n:03}\n" for n in range(250)))
    press(owner, page, "run")
    (batch,) = batches.latest(provider.services.db, "import")
    next(work_on(provider.services, batch.id))
    running = owner.get(page.url)
    stopped = owner.follow(press(owner, running, "stop"))
    assert "Stopped at line 50 of 250" in stopped.dom.text
    assert not list(work_on(provider.services, batch.id))


def test_u1_new_ones_are_invited_where_that_is_chosen(provider: Provider, owner: Browser) -> None:
    page = look(provider, owner, "email\nann@example.com\n")
    again = press(owner, page, "check", invite="1", note="Ask Zoë in room 12.")
    work(provider)
    page = owner.follow(again)
    press(owner, page, "run")
    queued = []
    for job in provider.services.jobs.pending():
        if job.name == "people.batch":
            provider.services.jobs.perform(job.name, job.payload)
    queued = [job for job in provider.services.jobs.pending() if job.name == "people.invite"]
    assert [job.payload["note"] for job in queued] == ["Ask Zoë in room 12."]
    work(provider)
    assert [one.detail["purpose"] for one in provider.events("link:made")] == ["invitation"]


def test_u1_new_groups_need_the_right_to_make_them_and_a_file_needs_a_fresh_sign_in(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    page = look(provider, owner, "username\nann\n")
    clock.advance(600)
    assert press(owner, page, "run").is_login_page
    assert "ann" not in usernames(provider)


def test_s59_whoever_may_not_import_is_told_so_before_the_file_is_read(provider: Provider, enter: Enter) -> None:
    body = b"--x\r\nnot read at all"
    told = {"Content-Type": "multipart/form-data; boundary=x"}
    for role in ("help_desk", "auditor"):
        visitor = enter(f"the-{role}", RoleGrant(role))
        assert visitor.post("admin/people/import", body, headers=told).status == 403
    assert provider.browser().post("admin/people/import", body, headers=told).is_login_page


def test_s59_an_import_of_others_is_not_seen_by_who_may_not_import(
    provider: Provider, owner: Browser, enter: Enter
) -> None:
    page = look(provider, owner, "username\nsecret.name\n")
    desk = enter("desk", RoleGrant("help_desk"))
    for url in (page.url, page.url + "/rows"):
        answer = desk.get(url)
        assert answer.status == 403
        assert "secret.name" not in answer.text


def test_c3_a_file_of_a_foreign_page_is_refused(provider: Provider, owner: Browser) -> None:
    answer = upload(owner, b"username\nann\n", form_key="made up", browser_key="made up")
    assert answer.status in (400, 403)
    assert not batches.latest(provider.services.db, "import")


@pytest.mark.parametrize(
    ("raw", "said"),
    [(b"\n" * 1_000_000, "first line"), (b"u\n" + b"," * 1_000_000, "60 columns")],
    ids=["line breaks", "one row of separators"],
)
def test_u1_x19_a_hostile_file_takes_little_memory(raw: bytes, said: str) -> None:
    """Each limit is looked at as the rows come, not when all of them stand in memory."""
    tracemalloc.start()
    try:
        with pytest.raises(reading.Unreadable, match=said):
            reading.read(raw)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 24 * len(raw)  # it was 74 times


def test_u1_a_cell_of_shields_alone_loses_the_one_that_was_ours() -> None:
    cell = "'" * 131_000
    assert reading.read(f"username\n{cell}=1\n{cell}\n".encode()).rows == ([cell[1:] + "=1"], [cell])


def test_u1_c2_an_import_stops_when_its_starter_loses_the_right_and_gives_back_what_was_left(
    provider: Provider, owner: Browser, enter: Enter
) -> None:
    admin = enter("admin", RoleGrant("admin"))
    lines = "".join(f"new{n:03},new{n:03}@example.com\n" for n in range(120))
    page = look(provider, admin, "username,email\n" + lines)
    press(admin, page, "run")
    (batch, *_) = batches.latest(provider.services.db, "import")
    steps = work_on(provider.services, batch.id)
    next(steps)
    person = provider.services.directory.find_by_login("admin")
    assert person is not None
    provider.services.directory.disable(person.id)
    assert list(steps) == []
    assert provider.services.directory.find_by_login("new049") is not None
    assert provider.services.directory.find_by_login("new050") is None
    (event,) = provider.events("people:import_stopped")
    assert event.detail["why"] == "gone"
    shown = owner.get(page.url).dom.text
    assert "Whoever began it is turned off or gone." in shown
    assert "70 lines were not reached" in shown
    rest = owner.get(page.url + "/rows").body.decode("utf-8-sig")
    assert [row["username"] for row in csv.DictReader(io.StringIO(rest))] == [f"new{n:03}" for n in range(50, 120)]
    again = look(provider, owner, rest)  # sent again as it is, by somebody who may
    run(provider, owner, again)
    assert provider.services.directory.find_by_login("new119") is not None


def test_u1_a_file_that_another_admin_looks_at_again_is_their_work(
    provider: Provider, owner: Browser, enter: Enter
) -> None:
    page = look(provider, enter("admin", RoleGrant("admin")), "username\nsomebody\n")
    person = provider.services.directory.find_by_login("admin")
    assert person is not None
    provider.services.directory.disable(person.id)
    press(owner, owner.get(page.url), "check")
    work(provider)
    assert batches.latest(provider.services.db, "import")[0].state == "checked"
