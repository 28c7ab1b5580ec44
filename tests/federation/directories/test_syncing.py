"""I3, I9: a look at everybody in a directory, what follows from it, and the brake."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from idp.__main__ import main
from idp.accounts.person import Person
from idp.admin import attention
from idp.admin.actor import of_shell
from idp.federation import keeping, leaving, links
from idp.federation.ldap import scheduled, syncing
from idp.federation.ldap.syncing import How, Report
from idp.federation.provider import Provider as Upstream
from tests.federation.directories import slapd
from tests.federation.directories.conftest import Company
from tests.federation.directories.slapd import Slapd, person, replaced
from tests.server import to_toml

pytestmark = pytest.mark.slow
SHELL = of_shell("cli:test")
NAMES = [f"p{n:02}" for n in range(30)]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Slapd]:
    """A directory of this test alone, with thirty people."""
    slapd.needed()
    made = Slapd(tmp_path)
    long_ago = [person(name, more=f"modifyTimestamp: 202{int(name == NAMES[-1])}0101000000Z\n") for name in NAMES]
    made.load("".join(long_ago))
    yield made.start()
    made.stop()


@pytest.fixture
def company(open_company: Callable[..., Company], own: Slapd, monkeypatch: pytest.MonkeyPatch) -> Company:
    monkeypatch.setattr(syncing, "PAGE", 7)
    found = open_company(own.secure, own.uri)
    found.there = own
    return found


def look(company: Company, one: Upstream, **how: object) -> Report:
    services = company.provider.services
    kept = keeping.find(services.db, one.id)
    assert kept is not None
    return syncing.sync(services, leaving.trial(services, kept), How(**how))  # type: ignore[arg-type]


def known(company: Company, name: str) -> Person:
    found = company.provider.services.directory.find_by_login(name)
    assert found is not None, name
    return found


def test_i3_everybody_is_made_once_and_the_next_look_reads_only_who_was_changed(company: Company) -> None:
    one = company.add(attributes={"given_name": "givenName"})
    dry = look(company, one, dry=True)
    assert (dry.read, dry.made) == (30, 30)
    assert company.provider.services.directory.find_by_login("p00") is None
    first = look(company, one)
    assert (first.read, first.looked_at, first.made) == (30, 30, 30)
    company.there.change(replaced("p03", "givenName", "Renamed"))
    company.there.change(person("q01", change=True))
    second = look(company, one)
    assert (second.read, second.made, second.off) == (31, 1, 0)
    assert second.looked_at == 3  # and who was changed last before, once more
    assert known(company, "p03").claims["given_name"] == "Renamed"
    assert look(company, one, whole=True).looked_at == 31


def test_i9_whoever_is_off_or_gone_there_is_out_here_and_back_when_they_are_back(company: Company) -> None:
    one = company.add()
    look(company, one)
    crm = company.provider.add_client("CRM")
    browser = company.provider.browser()
    assert company.sign_in(crm, "p01", browser=browser).is_redirect
    company.there.change(replaced("p01", "shadowExpire", "1"))
    company.there.change(f"dn: {slapd.dn('p02')}\nchangetype: delete\n\n")
    report = look(company, one)
    assert (report.off, set(report.who)) == (2, {"p01", "p02"})
    assert not known(company, "p01").enabled
    assert not known(company, "p02").enabled
    assert company.provider.authorize(browser, crm).is_login_page  # the session has ended
    company.there.change(replaced("p01", "shadowExpire", "-1"))
    assert look(company, one).on == 1
    assert known(company, "p01").enabled


def test_i9_whom_an_admin_turned_off_stays_off(company: Company) -> None:
    one = company.add()
    look(company, one)
    company.provider.services.directory.disable(known(company, "p05").id)
    assert look(company, one).on == 0
    assert not known(company, "p05").enabled


def test_i9_whoever_decides_here_decides_alone(company: Company) -> None:
    one, directory = company.add(), company.provider.services.directory
    look(company, one)
    for name in ("p06", "p07", "p08"):
        company.there.change(replaced(name, "shadowExpire", "1"))
    assert look(company, one).off == 3
    directory.enable(known(company, "p06").id)  # by hand; and off again after an incident
    directory.disable(known(company, "p06").id)
    directory.disable(known(company, "p07").id)  # off by the look; an admin says that it stays so
    for name in ("p06", "p07", "p08"):
        company.there.change(replaced(name, "shadowExpire", "-1"))
    assert look(company, one).on == 1
    assert [known(company, name).enabled for name in ("p06", "p07", "p08")] == [False, False, True]


def test_i9_whoever_has_two_accounts_there_is_in_as_long_as_one_is(company: Company) -> None:
    one, db = company.add(), company.provider.services.db
    look(company, one)
    (link,) = links.of_person(db, known(company, "p09").id)
    with db.transaction() as tx:  # of an entry that was there before
        links.add(tx, dataclasses.replace(link, subject="0" * 36), record=lambda *_: None)
    for _ in range(3):
        report = look(company, one)
        assert (report.off, report.on) == (0, 0)
        assert known(company, "p09").enabled


def test_i3_the_brake_counts_what_looks_before_did_within_a_day(company: Company) -> None:
    one = company.add(brake="3")
    look(company, one)
    for name in NAMES[:2]:
        company.there.change(f"dn: {slapd.dn(name)}\nchangetype: delete\n\n")
    assert look(company, one).off == 2
    for name in NAMES[2:4]:
        company.there.change(f"dn: {slapd.dn(name)}\nchangetype: delete\n\n")
    assert look(company, one).stopped == "would disable 2 people after 2 within a day, and 3 is the most"
    company.provider.clock.advance(86401)
    assert look(company, one).off == 2


def test_i3_the_brake_stops_before_anything_is_done(company: Company) -> None:
    one = company.add(brake="3")
    look(company, one)
    for name in NAMES[:5]:
        company.there.change(f"dn: {slapd.dn(name)}\nchangetype: delete\n\n")
    report = look(company, one)
    assert report.stopped == "would disable 5 people, and 3 is the most"
    told = [found for found in attention.find(company.provider.services, SHELL) if found.kind == "directory_stopped"]
    assert [found.detail for found in told] == [report.stopped]
    assert known(company, NAMES[0]).enabled
    assert look(company, one, brake=5).off == 5
    assert not [
        found for found in attention.find(company.provider.services, SHELL) if found.kind == "directory_stopped"
    ]
    assert not known(company, NAMES[0]).enabled


def test_i3_a_filter_that_finds_nobody_turns_nobody_off(company: Company) -> None:
    one = company.add(people="(objectClass=inetOrgPerson)", brake="1000")
    look(company, one)
    services = company.provider.services
    kept = keeping.find(services.db, one.id)
    assert kept is not None
    from dataclasses import replace

    wrong = replace(kept.provider, people="(objectClass=nothing)")
    keeping.change(services.db, services.sealer, keeping.Change(wrong), services.clock(), record=lambda *_: None)
    assert "finds nobody" in look(company, one, brake=1000).stopped
    assert known(company, "p00").enabled


def test_i3_an_error_in_the_middle_turns_nobody_off(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    from idp.federation.ldap import answers, wire

    one = company.add()
    look(company, one)
    real, calls = wire.Conversation.page, []

    def broken(self: wire.Conversation, *given: object) -> object:
        calls.append(1)
        if len(calls) > 2:
            raise answers.Unreachable("it broke off")
        return real(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(wire.Conversation, "page", broken)
    with pytest.raises(answers.Unreachable):
        look(company, one)
    assert all(known(company, name).enabled for name in NAMES)


def test_i3_a_look_is_due_by_its_row_alone(company: Company) -> None:
    company.add()
    assert scheduled.run_due(company.provider.services) == 0
    company.add(name="Other", sync_every="60")
    assert scheduled.run_due(company.provider.services) == 1
    assert scheduled.run_due(company.provider.services) == 0
    company.provider.clock.advance(3601)
    assert scheduled.run_due(company.provider.services) == 1


def test_i3_by_the_command_with_a_dry_run_and_the_brake(
    company: Company, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    company.add(brake="1")
    settings, file = company.provider.settings, tmp_path / "doorward.toml"
    file.write_text(to_toml({
        "server": {"issuer": settings.server.issuer}, "storage": {"data_dir": str(settings.data_dir)},
        "outbound": {"allow": [company.there.secure]}, "log": {"level": "error"},
    }))  # fmt: skip

    def run(*words: str) -> tuple[int, str, str]:
        try:
            code = main(["--config", str(file), "provider", *words])
        except SystemExit as error:
            code = int(str(error.code))
        said = capsys.readouterr()
        return code, said.out, said.err

    code, out, _ = run("sync", "Company", "--dry-run")
    assert (code, "would be made: 30" in out) == (0, True)
    code, out, _ = run("sync", "Company", "--json")
    assert (code, json.loads(out)["made"]) == (0, 30)
    for name in NAMES[:2]:
        company.there.change(f"dn: {slapd.dn(name)}\nchangetype: delete\n\n")
    code, out, err = run("sync", "Company")
    assert code == 1
    assert "would disable 2 people, and 1 is the most: stopped, nothing was done" in err
    code, out, err = run("test", "Company")
    assert code == 0, err
