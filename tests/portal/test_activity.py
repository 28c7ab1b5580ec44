"""What happened on the account. A2."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from idp.accounts import device_text, places
from idp.accounts.own import verdicts
from idp.accounts.person import Person
from idp.admin.actor import of_shell
from idp.admin.people import Correction, correct
from idp.audit import Event, record
from tests.backends import Clock
from tests.portal.activity_rows import rows
from tests.provider import Browser, Provider
from tests.recovery.post import MAIL
from tests.recovery.reset_mails import choose, reset_mail

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile Safari/604.1"


@pytest.fixture
def ann(provider: Provider) -> Person:
    return provider.add_person()


def test_A2_sign_ins_and_failures_stand_there_with_time_place_device_app_and_method(
    provider: Provider, browser: Browser, ann: Person, clock: Clock
) -> None:
    crm = provider.add_client("CRM")
    stranger = provider.browser("198.51.100.77")
    stranger.headers["User-Agent"] = IPHONE
    stranger.log_in(provider.authorize(stranger, crm), password="a wrong guess of mine")
    clock.advance(60)
    provider.sign_in(browser, crm)
    page = browser.get("activity")
    assert len(rows(page)) == 2
    text = page.dom.text
    assert text.index("Signed in · CRM") < text.index("A sign-in failed · CRM")
    for told in ("Firefox on Linux", "203.0.113.x", "Password", "Safari on iOS", "198.51.100.x", "UTC"):
        assert told in text, told
    epochs = [about["data-epoch"] for about in page.dom.find("time")]
    assert str(int(clock())) in epochs  # for the visitor's own time
    assert "a wrong guess" not in page.text


def test_A2_somebody_elses_events_and_names_that_nobody_has_are_not_there(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    provider.add_person("bob")
    other = provider.browser("198.51.100.1")
    other.log_in(other.get(""), "bob")
    stranger = provider.browser("198.51.100.2")
    stranger.log_in(stranger.get(""), "nobody at all", "a guess")
    browser.log_in(browser.get(""))
    page = browser.get("activity")
    assert len(rows(page)) == 1
    assert "198.51.100" not in page.dom.text


def test_A2_ninety_days_are_shown_page_by_page(provider: Provider, browser: Browser, ann: Person, clock: Clock) -> None:
    now = clock()
    for days in range(100, 0, -1):
        record(provider.services.db, Event("session:started", person_id=ann.id), now - days * 86400 + 5)
    for _ in range(30):  # of no interest to the person
        record(provider.services.db, Event("tokens:revoked", person_id=ann.id), now)
    browser.log_in(browser.get(""))
    seen: list[str] = []
    page = browser.get("activity")
    while True:
        seen += rows(page)
        links = [about.get("href", "") for about in page.dom.find("a")]
        older = [href for href in links if "before=" in href and not href.startswith(provider.issuer)]  # not this page
        if not older:
            break
        page = browser.get(older[0])
    assert len(seen) == len(set(seen)) == 91
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("before", ["'", "z" * 26, "0" * 26, "' OR 1=1 --", "\x00", "v" * 26, "9" * 400])
def test_A2_X16_a_made_up_place_to_begin_at_shows_nothing_of_others(
    provider: Provider, browser: Browser, ann: Person, before: str
) -> None:
    browser.log_in(browser.get(""))
    page = browser.get("activity?before=" + quote(before))
    assert page.status == 200
    assert len(rows(page)) <= 1


def test_A2_this_was_me_is_kept_and_this_was_not_me_leads_on(provider: Provider, browser: Browser, ann: Person) -> None:
    browser.log_in(browser.get(""))
    page = browser.get("activity")
    (event,) = rows(page)
    form = next(n for n, form in enumerate(page.dom.forms) if "event" in dict(form.fields))
    assert browser.submit(page, "me", form=form).location == provider.issuer + "/activity"
    page = browser.get("activity")
    assert "You said that this was you." in page.dom.text
    assert verdicts.of(provider.services.db, ann.id, [event]) == {event: "me"}
    led = browser.submit(page, "not_me", form=form)
    assert led.location == f"{provider.issuer}/not-me?event={event}"
    asked = browser.follow(led)
    assert "Firefox on Linux" in asked.dom.text
    assert browser.get("activity").status == 200  # nothing has happened yet


def test_A2_a_place_comes_from_the_operators_file(open_provider: Callable[..., Provider], tmp_path: Path) -> None:
    mmdb_writer = pytest.importorskip("mmdb_writer")
    netaddr = pytest.importorskip("netaddr")
    pytest.importorskip("maxminddb")
    file = f"{tmp_path}/places.mmdb"
    writer = mmdb_writer.MMDBWriter(4, "Test-City", languages=["en", "de"])
    names = {"city": {"names": {"en": "Munich", "de": "München"}}, "country": {"names": {"en": "Germany"}}}
    writer.insert_network(netaddr.IPSet(["203.0.113.0/24"]), names)
    writer.to_db_file(file)
    provider = open_provider(portal={"geoip": file})
    provider.add_person(claims={"locale": "de"})
    browser = provider.browser()
    browser.log_in(browser.get(""))
    assert "München, Germany" in browser.get("activity").dom.text
    assert places.describe(provider.services, "203.0.113.9") == "Munich, Germany"
    assert places.describe(provider.services, "192.0.2.9") == "192.0.2.x"
    assert places.describe(provider.services, "2001:db8::1") == "2001:db8::/56"


def test_A2_a_broken_geoip_file_costs_the_place_and_not_the_page(
    open_provider: Callable[..., Provider], tmp_path: Path
) -> None:
    (tmp_path / "broken.mmdb").write_bytes(b"not a database" * 100)
    for name in ("broken.mmdb", "missing.mmdb"):
        provider = open_provider(portal={"geoip": f"{tmp_path}/{name}"})
        assert places.describe(provider.services, "203.0.113.9") == "203.0.113.x"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("203.0.113.200", "203.0.113.x"), ("2001:db8:1:ff42::9", "2001:db8:1:ff00::/56"), ("fe80::1%eth0", "fe80::/56"),
        ("", ""), ("unix:", ""), ("999.1.1.1", ""),
    ],
)  # fmt: skip
def test_A2_without_a_file_the_network_is_shown(address: str, shown: str) -> None:
    assert places.network(address) == shown


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (IPHONE, "Safari on iOS"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0", "Firefox on Linux"),
        ("curl/8.5.0", "curl"),
        ("", "An unknown device"),
        ("\x00<script>", "An unknown device"),
    ],
)
def test_A2_a_device_is_told_in_words(agent: str, words: str) -> None:
    assert device_text.describe(agent) == words


def test_N40_a_new_password_is_not_told_as_the_help_desks_work(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    provider.sign_in(browser, provider.add_client("CRM"))
    clock = provider.services.clock
    for actor in (ann.id, "cli:root"):
        with provider.services.db.transaction() as tx:
            about = Event(action="person:unlocked", person_id=ann.id, actor=actor, detail={})
            record(tx, about, clock())
        many = browser.get("activity").dom.text.count("Pause ended by the help desk")
        assert many == (actor != ann.id)


def test_A2_P4_an_address_that_a_mailed_link_confirmed_is_told_as_that(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(mail=MAIL)
    ann = provider.add_person("ann")
    browser = provider.browser()
    choose(browser, reset_mail(provider, browser).link)
    assert provider.services.directory.get(ann.id).email_verified
    text = browser.get("activity").dom.text
    assert "E-mail address confirmed" in text
    assert "Profile changed" not in text
    correction = Correction(changes={"email_verified": False})
    correct(provider.services, of_shell("boss"), provider.services.directory.get(ann.id), correction)
    assert "Profile changed" in browser.get("activity").dom.text
