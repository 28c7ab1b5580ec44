"""U1: an invitation is withdrawn and mailed again, and its own text is a quotation that leads nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from idp.accounts import invitations, inviting
from idp.accounts.person import Draft, InvalidPerson, Person
from idp.accounts.roles import RoleGrant
from idp.admin import invitations as verbs
from idp.admin import people
from idp.admin.actor import Actor, of_shell
from idp.admin.bulk import verbs as bulk
from idp.admin.importing import inviting as jobs
from idp.admin.invitation_words import words_of
from tests.backends import Clock
from tests.provider import Browser, Provider
from tests.recovery.post import Mail, collect
from tests.recovery.reset_mails import ask

SHELL = of_shell("cli:root")
NEW = "a brand new pass phrase"


@pytest.fixture
def bea(provider: Provider) -> Person:
    """Somebody new, who has no password yet."""
    return provider.add_person("bea", password=None)


def mailed(provider: Provider, person: Person, note: str = "", actor: Actor = SHELL) -> Mail:
    """The invitation that waits in the queue, as there is no mail server here."""
    words = words_of(provider.services, actor, invitations.checked_note(note))
    invitations.send(provider.services, person, words)
    (mail,) = collect(provider, "invitation")
    return mail


def forgot(provider: Provider, login: str) -> list[Mail]:
    ask(provider, provider.browser(), login)
    return collect(provider, "reset_password")


def test_U1_a_withdrawn_invitation_is_dead_at_once_and_nothing_lets_its_person_in_or_tells_them(
    provider: Provider, browser: Browser, bea: Person
) -> None:
    services = provider.services
    by_hand = invitations.hand_out(services, bea, "cli:root").partition(provider.issuer + "/")[2]
    mail = mailed(provider, bea)
    page = browser.get(mail.link)
    assert page.status == 200
    assert forgot(provider, bea.username), "before, “Forgot password?” is a way in as well"
    assert verbs.withdraw(services, SHELL, bea)
    assert not verbs.withdraw(services, SHELL, bea), "once is enough"
    for link in (mail.link, by_hand):
        assert browser.get(link).status == 404
    assert browser.submit(page, None, password=NEW, confirm=NEW).status == 404, "a page that was open already, too"
    assert forgot(provider, bea.username) == []
    assert collect(provider) == []
    (event,) = provider.events("invitation:withdrawn")
    assert (event.actor, event.person_id) == ("cli:root", bea.id)
    assert services.directory.get(bea.id).enabled


def test_U1_who_is_invited_again_gets_in_by_the_new_link_and_never_by_an_old_one(
    provider: Provider, browser: Browser, bea: Person
) -> None:
    old = mailed(provider, bea)
    verbs.withdraw(provider.services, SHELL, bea)
    new = mailed(provider, bea)
    assert browser.get(old.link).status == 404
    assert forgot(provider, bea.username)[0].link
    assert browser.submit(browser.get(new.link), None, password=NEW, confirm=NEW).is_redirect
    with pytest.raises(people.NotWaiting):
        verbs.withdraw(provider.services, SHELL, provider.services.directory.get(bea.id))


@pytest.mark.parametrize("by_mail", [True, False])
def test_U1_a_link_that_an_admin_gives_by_another_way_is_a_way_in_again(
    provider: Provider, browser: Browser, bea: Person, by_mail: bool
) -> None:
    services = provider.services
    verbs.withdraw(services, SHELL, bea)
    if by_mail:
        people.mail_link(services, SHELL, bea)
        link = collect(provider, "reset_password")[0].link
    else:
        link = people.hand_out_link(services, SHELL, bea).partition(provider.issuer + "/")[2]
    assert browser.get(link).status == 200


def test_U1_an_invitation_that_waits_in_the_queue_does_not_bring_a_withdrawn_one_back(
    provider: Provider, bea: Person
) -> None:
    services = provider.services
    asked = {"person": bea.id, "by": "cli:root", "stamp": inviting.stamp(services.db, bea)}
    verbs.withdraw(services, SHELL, bea)
    jobs.invite(services, asked)
    assert collect(provider) == []
    assert [event.person_id for event in provider.events("link:refused")] == [bea.id]
    assert inviting.is_withdrawn(services.db, bea)
    jobs.invite(services, {**asked, "stamp": inviting.stamp(services.db, bea)})
    assert len(collect(provider, "invitation")) == 1
    assert not inviting.is_withdrawn(services.db, bea)


def test_U1_many_are_withdrawn_at_once_in_numbers_first(provider: Provider, bea: Person) -> None:
    services = provider.services
    cut, ann = provider.add_person("cut", password=None), provider.add_person("ann2")
    verbs.withdraw(services, SHELL, cut)
    batch = bulk.start(services, SHELL, "withdraw", [bea.id, cut.id, ann.id])
    assert batch.counts == {"done": 1, "same": 2}
    assert not inviting.is_withdrawn(services.db, bea), "nothing is done yet"
    bulk.carry_out(services, SHELL, batch)
    collect(provider)
    assert inviting.is_withdrawn(services.db, bea)


def test_U1_the_list_says_how_each_invitation_stands_and_goes_with_the_person(
    provider: Provider, bea: Person, clock: Clock
) -> None:
    services = provider.services
    cut, own = provider.add_person("cut", password=None), provider.add_person("own", password=None)
    provider.add_person("nobody", password=None)  # was never invited
    for one in (bea, cut, own):
        mailed(provider, one)
    verbs.withdraw(services, SHELL, cut)

    def states(**wanted: Any) -> dict[str, str]:
        return {row.person.username: row.state for row in verbs.listed(services, SHELL, **wanted).rows}

    assert states() == {"bea": "waiting", "cut": "withdrawn", "own": "waiting"}
    assert states(state="withdrawn") == {"cut": "withdrawn"}
    (row,) = verbs.listed(services, SHELL, "cut").rows
    assert (row.invitation.sent_by, row.invitation.withdrawn_by, row.invitation.way) == ("cli:root", "cli:root", "mail")
    services.directory.store_password(own.id, services.passwords.hash(NEW), detail={}, record=lambda *_: None)
    clock.advance(services.settings.recovery.invitation_hours * 3600.0 + 1)
    assert states(state="expired") == {"bea": "expired"}
    assert states(state="waiting") == {}
    assert inviting.of(services.db, bea.id) is not None
    services.directory.remove(bea.id)
    assert inviting.of(services.db, bea.id) is None


def test_U1_pages_of_the_list_have_each_invitation_once(provider: Provider) -> None:
    services, seen, after = provider.services, [], ""
    wanted = {f"p{number:02}" for number in range(7)}
    for name in wanted:
        mailed(provider, provider.add_person(name, password=None))
    while True:
        page = verbs.listed(services, SHELL, after=after, many=3)
        seen += [row.person.username for row in page.rows]
        if not (after := page.next):
            break
    assert (len(seen), set(seen)) == (7, wanted)


# -- the own text ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Sign in at https://evil.example/x",
        "see www.evil.example",
        "go to evil.example now",
        "or to EVIL.example/login?a=b",
        "or evil．example",
        "or 203.0.113.7/x",
        "or it@evil.example/login",
        "javascript://x",
        "www.login@evil.example",
        "www.a@b.evil.co/login?x",
        "it@login.evil.example/path",
        "a@b.evil.example:8080/x",
        "mailto:eve@evil.example?subject=x",
        "evil。example/login",
        "\U0001f4a9.la/x",
        "i\u2764.ws",
        "evil\u034f.example",
        "evil\ufe0f.com",
        "evil.xn--p1ai",
        "x" * (invitations.MAX_NOTE + 1),
    ],
)
def test_U1_an_own_text_with_a_web_address_or_too_long_is_refused_and_nothing_is_done(
    provider: Provider, bea: Person, text: str
) -> None:
    services = provider.services
    with pytest.raises(InvalidPerson) as caught:
        people.invite_again(services, SHELL, bea, text)
    assert caught.value.field == "note"
    with pytest.raises(InvalidPerson):
        people.add(services, SHELL, Draft(username="new"), by_mail=True, note=text)
    assert services.directory.find_by_login("new") is None
    with pytest.raises(InvalidPerson):
        bulk.start(services, SHELL, "invite", [bea.id], note=text)
    assert collect(provider) == []
    assert inviting.of(services.db, bea.id) is None


@pytest.mark.parametrize(
    "text", ["Ask Ben (ben@example.com), room 4.12, e.g. at 9.30.", "Bis Montag, d. 3. z.B. um 9 Uhr", "Merci !"]
)
def test_U1_an_own_text_may_say_whom_to_ask(text: str) -> None:
    assert invitations.checked_note(text) == text


def test_U1_an_own_text_is_quoted_under_the_name_of_its_writer_and_adds_neither_lines_nor_markup(
    provider: Provider, bea: Person
) -> None:
    boss = provider.add_person("boss", name="Berta <b>Boss</b>")
    actor = Actor(kind="person", id=boss.id, name=f"person:{boss.id}", grants=(RoleGrant("owner"),))
    note = "Welcome!\r\nBcc: eve@example.com\r\n\r\n-- \r\n<a href=x>\u202eClick</a>"
    mail = mailed(provider, bea, note, actor)
    lines = mail.text.splitlines()
    at = lines.index("> Welcome! Bcc: eve@example.com -- <a href=x> Click</a>")
    assert lines[at - 1] == "Berta <b>Boss</b> writes:"
    assert "Bcc" not in mail.subject
    from idp.mail import rendering

    values = {**mail.values, "writer": boss.name}
    content = {"id": "m", "at": 0.0, "message": "invitation", "locale": "en", "values": values}
    html = rendering.letter(provider.services, content).html
    assert "&lt;a href=x&gt;" in html.partition("<blockquote")[2].partition("</blockquote>")[0]
    assert "Berta &lt;b&gt;Boss&lt;/b&gt; writes:" in html
    assert html.count("<a href") == html.count(f'<a href="{provider.issuer}/setup/')


@pytest.mark.parametrize(
    "name", ["https://evil.example", "www.evil.example", "Boss \u202eelpmaxe.live", "Ada evil.example"]
)
def test_U1_a_writer_who_is_called_like_an_address_writes_in_the_companys_name(
    provider: Provider, bea: Person, name: str
) -> None:
    boss = provider.add_person("boss")
    words = invitations.Words("Welcome!", writer=name, by=f"person:{boss.id}")
    invitations.send(provider.services, bea, words)
    (mail,) = collect(provider)
    assert f"{provider.services.settings.brand.company} writes:" in mail.text
    assert "evil" not in mail.text
    assert "live" not in mail.text


def test_U1_words_of_the_command_line_are_the_companys(provider: Provider, bea: Person) -> None:
    text = mailed(provider, bea, "Welcome!").text
    assert f"{provider.services.settings.brand.company} writes:\n> Welcome!" in text
    assert "writes:" not in mailed(provider, bea).text


def test_U1_a_withdrawal_while_the_password_is_chosen_holds(
    provider: Provider, browser: Browser, bea: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = provider.services
    page = browser.get(mailed(provider, bea).link)
    really = services.passwords.hash

    def hashed(password: str) -> str:
        made = really(password)
        assert verbs.withdraw(services, SHELL, services.directory.get(bea.id))
        return made

    monkeypatch.setattr(services.passwords, "hash", hashed)
    answer = browser.submit(page, None, password=NEW, confirm=NEW)
    assert not answer.is_redirect
    assert not services.directory.get(bea.id).has_password


def test_U1_nobody_is_told_withdrawn_of_whoever_has_set_a_password_meanwhile(
    provider: Provider, browser: Browser, bea: Person
) -> None:
    seen = provider.services.directory.get(bea.id)
    browser.submit(browser.get(mailed(provider, bea).link), None, password=NEW, confirm=NEW)
    with pytest.raises(people.NotWaiting):
        verbs.withdraw(provider.services, SHELL, seen)
    assert not provider.events("invitation:withdrawn")
