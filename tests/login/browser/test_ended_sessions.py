"""Sessions that end without a sign-out: the applications are told all the same, by either protocol, whoever dies when.

An account is disabled, a password is new, an admin ends everything, somebody else signs in at the same browser.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree

from idp.accounts.person import Person
from idp.accounts.set_password import set_password
from idp.db import Database, Unavailable
from idp.login import signout, store
from idp.login.browser import sessions
from idp.oidc import ledger
from idp.saml.messages.signing import sign
from idp.saml.messages.soap import decode_soap, encode_soap
from tests.backends import Clock
from tests.provider import App, Browser, Provider
from tests.receiver import Receiver
from tests.saml.logging_out import Wiki, add, is_signed_by_us
from tests.saml.relying import NS

LOCAL = {"issuer": "http://127.0.0.1:8000"}
NEW = "another horse battery staple"


@dataclass
class World:
    """A provider, somebody who is signed in at an application of each protocol, and what those two are told."""

    provider: Provider
    ann: Person
    browser: Browser
    crm: App
    wiki: Wiki
    tokens: Receiver
    soap: Receiver
    clock: Clock

    def tell(self) -> int:
        """What the background does every second, and then the queue."""
        told = signout.tell_ended(self.provider.services)
        self.work_off()
        return told

    def work_off(self) -> None:
        jobs = self.provider.services.jobs
        for job in jobs.pending():
            jobs.perform(job.name, job.payload)

    def names_told(self) -> list[str]:
        return [etree.fromstring(decode_soap(body).message).tag.rpartition("}")[2] for body in self.soap.bodies]


@pytest.fixture
def receivers() -> Iterator[tuple[Receiver, Receiver]]:
    made = Receiver(), Receiver()
    yield made
    for one in made:
        one.close()


@pytest.fixture
def enter(
    open_provider: Callable[..., Provider], receivers: tuple[Receiver, Receiver], clock: Clock
) -> Callable[..., World]:
    def make(**sections: object) -> World:
        tokens, soap = receivers
        provider = open_provider(server=LOCAL, outbound={"allow": [tokens.origin, soap.origin]}, **sections)
        ann = provider.add_person("ann")
        crm = provider.add_client("CRM", backchannel_logout_uri=tokens.origin + "/logout")
        wiki = add(provider, "wiki", soap=soap.origin + "/slo")

        def confirm(body: bytes) -> tuple[int, str, bytes]:
            root = etree.fromstring(decode_soap(body).message)
            assert is_signed_by_us(provider, root)
            response = wiki.response(root.get("ID", ""))
            sign(response, wiki.pair.signer())
            return 200, "text/xml", encode_soap(response).body

        soap.answering = confirm
        browser = provider.browser()
        wiki.sign_in(browser)
        provider.tokens(crm, browser)
        return World(provider, ann, browser, crm, wiki, tokens, soap, clock)

    return make


@pytest.fixture
def world(enter: Callable[..., World]) -> World:
    return enter()


def disable(world: World) -> None:
    world.provider.services.directory.disable(world.ann.id)


def new_password(world: World) -> None:
    services = world.provider.services
    problems = set_password(services.directory, services.passwords, services.password_policy, world.ann.id, NEW)
    assert problems == []


def end_everything(world: World) -> None:
    services = world.provider.services
    with services.db.transaction() as tx:
        sessions.end_all(tx, world.ann.id, services.clock(), "ended by an admin")
        ledger.revoke_person(tx, world.ann.id, services.clock(), "ended by an admin")


def somebody_else(world: World) -> None:
    """At the same browser, by another account."""
    world.provider.add_person("bob")
    world.clock.advance(60)
    page = world.provider.authorize(world.browser, world.crm, prompt="login")
    world.browser.log_in(page, "bob")


def reset_browser(world: World) -> None:
    page = world.browser.get("help")
    form = next(i for i, form in enumerate(page.dom.forms) if form.action.endswith("/help/reset-browser"))
    world.browser.submit(page, form=form)


@pytest.mark.parametrize("end", [disable, new_password, end_everything, somebody_else, reset_browser])
def test_S58_whatever_ends_a_session_is_told_by_both_protocols(world: World, end: Callable[[World], None]) -> None:
    end(world)
    assert world.soap.bodies == world.tokens.bodies == []  # nobody waits for an application
    assert world.tell() == 1
    [form] = world.tokens.forms
    assert set(form) == {"logout_token"}
    [body] = world.soap.bodies
    root = etree.fromstring(decode_soap(body).message)
    assert root.findtext("samlp:SessionIndex", "", NS) == world.wiki.session_index
    assert world.wiki.name_id is not None
    assert root.findtext("saml:NameID", "", NS) == world.wiki.name_id.text
    assert world.tell() == 0
    assert (len(world.tokens.bodies), len(world.soap.bodies)) == (1, 1)


def test_S58_the_note_is_there_when_the_process_that_made_it_is_not(world: World) -> None:
    disable(world)
    other = world.provider.another()
    assert signout.tell_ended(other.services) == 1
    assert {job.name for job in other.services.jobs.pending()} == {"oidc.logout", "saml.logout"}
    assert signout.tell_ended(world.provider.services) == 0


def test_what_one_process_has_begun_another_finishes_a_minute_later(world: World, clock: Clock) -> None:
    disable(world)
    assert sessions.take_untold(world.provider.services, signout.TAKE_UP_AFTER) is not None  # and dies
    other = world.provider.another()
    assert signout.tell_ended(other.services) == 0
    clock.advance(signout.TAKE_UP_AFTER + 1)
    assert signout.tell_ended(other.services) == 1
    world.work_off()
    assert (len(world.tokens.bodies), len(world.soap.bodies)) == (1, 1)


def test_queued_twice_it_is_told_once(world: World) -> None:
    """The process died after the last notice was queued, and before the note was gone."""
    disable(world)
    services = world.provider.services
    ended = sessions.take_untold(services, 0)
    assert ended is not None
    for _ in range(2):
        assert signout.tell_ended(services) == 1
        services.db.run(
            store.NOTE_UNTOLD_ONE, session_id=ended.id, person_id=ended.person_id, due=services.clock()
        )  # fmt: skip
    assert len(services.jobs.pending()) == 4
    world.work_off()
    assert (len(world.tokens.bodies), len(world.soap.bodies)) == (1, 1)


def rename(file: Path, table: str, name: str) -> None:
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute(f"ALTER TABLE {table} RENAME TO {name}")


def test_while_the_queue_is_away_the_note_stays(world: World, clock: Clock) -> None:
    disable(world)
    file = world.provider.settings.data_dir / "doorward.db"
    rename(file, "jobs", "jobs_away")
    with pytest.raises(Unavailable):
        signout.tell_ended(world.provider.services)
    rename(file, "jobs_away", "jobs")
    clock.advance(signout.TAKE_UP_AFTER + 1)
    assert world.tell() == 1
    assert world.names_told() == ["LogoutRequest"]


def test_what_is_rolled_back_is_not_told(world: World) -> None:
    services = world.provider.services

    def fail() -> None:
        with services.db.transaction() as tx:
            sessions.end_all(tx, world.ann.id, services.clock(), "ended by an admin")
            raise RuntimeError("and the rest of the change fails")

    with pytest.raises(RuntimeError):
        fail()
    assert world.tell() == 0


def test_the_session_that_is_kept_is_not_told_of(world: World) -> None:
    """Whoever changes the password stays signed in where they are; the other browser's applications hear of it."""
    here = world.provider.browser()
    world.wiki.sign_in(here)
    kept = here.cookie("session").partition(".")[0]
    services = world.provider.services
    with services.db.transaction() as tx:
        assert sessions.end_all(tx, world.ann.id, services.clock(), "password changed", keep=kept) == 1
    assert world.tell() == 1
    assert (len(world.tokens.bodies), len(world.soap.bodies)) == (1, 1)
    assert sessions.find_open(services, kept) is not None


def test_a_sign_out_is_told_at_once_and_not_again(world: World) -> None:
    world.browser.submit(world.browser.get("logout"), "confirm")
    assert (len(world.tokens.bodies), len(world.soap.bodies)) == (1, 1)
    assert signout.tell_ended(world.provider.services) == 0


def test_an_application_that_needs_the_browser_is_left_out(world: World) -> None:
    blog = add(world.provider, "blog")
    blog.sign_in(world.browser)
    desk = world.provider.add_client("Desk")
    world.provider.tokens(desk, world.browser)
    disable(world)
    signout.tell_ended(world.provider.services)
    told = {job.payload["client_id"] for job in world.provider.services.jobs.pending()}
    assert told == {world.crm.id, world.wiki.client.id}


def test_where_nothing_ended_it_costs_one_read(world: World) -> None:
    sql, verbs, told = world.provider.counted(lambda: signout.tell_ended(world.provider.services))
    assert told == 0
    assert len(sql) == 1
    assert sql[0].startswith("SELECT")
    assert verbs == []


def test_signing_in_asks_nothing_of_the_notes(world: World) -> None:
    sql, _, answer = world.provider.counted(lambda: world.provider.authorize(world.browser, world.crm))
    assert answer.code
    assert not any("untold" in statement for statement in sql)


@pytest.mark.slow
def test_it_is_the_same_on_postgresql(enter: Callable[..., World], postgresql_url: str) -> None:
    world = enter(storage={"database_url": postgresql_url})
    disable(world)
    assert Database(postgresql_url).name == "postgresql"
    assert world.tell() == 1
    assert (len(world.tokens.bodies), len(world.soap.bodies)) == (1, 1)
    world.provider.services.directory.enable(world.ann.id)
    assert world.tell() == 0
