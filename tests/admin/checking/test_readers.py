"""What each reader of findings may see: the link is passed on, and tells of nobody and nothing inside. R3, S59."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from time import thread_time

import pytest

from clients.access import Access
from idp.accounts.roles import RoleGrant
from idp.admin.actor import Actor, of_shell
from idp.admin.checking import addresses, keeping, links, readers, report, running
from idp.admin.checking.check import Check
from idp.admin.checking.report import Report
from idp.admin.checking.step import Step
from idp.answers.finding import Finding, Reader
from idp.answers.findings import ended
from idp.http import Outbound
from idp.oidc.ledger import families
from tests.admin.checking.relying import Application
from tests.backends import Clock
from tests.provider import App, Provider

INSIDE = (
    "redis://:s3cret@cache.corp.example:6379/0", "postgresql+psycopg://door:pw@db.corp.example/door", "10.20.30.40",
    "192.168.7.9", "fd00::17", "::1", "203.0.113.77", "ann@example.com", "Ann.Bell+x@mail.corp.example",
    "bea%40example.com",
)  # fmt: skip


def public(provider: Provider, app: App) -> str:
    """What somebody sees who has the link and nothing else."""
    secret = links.share(provider.services, of_shell("cli:test"), app.client)
    page = provider.browser("192.0.2.77").get(f"app-check/{secret}")
    assert page.status == 200
    return page.text + page.dom.text


def started(provider: Provider, app: App) -> Check:
    return running.start(provider.services, of_shell("cli:test"), app.client)


def seen(provider: Provider, app: App, reader: Reader) -> Report:
    found = report.of(provider.services, provider.services.registry.get(app.id))
    assert found is not None
    return readers.seen_by(found, reader, app.client)


def test_R3_S59_nothing_of_what_stands_inside_and_nobody_is_on_the_public_page(
    provider: Provider, clock: Clock
) -> None:
    app = provider.add_client("CRM")
    check = started(provider, app)
    places = [(value, place) for value in INSIDE for place in range(4)]
    for number, (value, place) in enumerate(places):
        text = f"it said: {value} and more {number}."
        said = [text if place == one else "" for one in range(4)]
        finding = Finding(f"made_up_{number}", "application", "field", said[0], said[1], said[2])
        keeping.keep(provider.services, check, Step("authorize", "wrong", clock(), {"scope": said[3]}, (finding,)))
    page, kept = public(provider, app), json.dumps(seen(provider, app, "app").to_json())
    assert not [value for value in INSIDE if value in page]
    assert not [n for n in range(len(places)) if f"it said: … and more {n}." not in page and n % 4 != 0]
    assert not [value for value in INSIDE if value not in kept]  # whoever looks after the application sees what came


def test_R3_S59_names_of_groups_are_for_those_who_look_after_the_application(provider: Provider) -> None:
    provider.add_person("ann", name="Ann Bell")
    app = provider.add_client("CRM", access=Access.only(groups=["Secret board"]))
    started(provider, app)
    Application(provider, app).sign_in()
    page = public(provider, app)
    assert "not in the group that may open CRM" in page
    assert not [one for one in ("Secret board", "Ann Bell", "ann@example.com") if one in page]
    assert [one.expected for one in seen(provider, app, "app").findings] == ["in the group “Secret board”"]


def test_R3_what_a_rule_says_to_people_is_not_passed_on(provider: Provider) -> None:
    provider.add_person("ann", groups=("Secret board",))
    provider.add_rule(name="No board", groups=["Secret board"], need="deny", why="Ask Jo Smith of the board")
    app = provider.add_client("CRM")
    started(provider, app)
    Application(provider, app).sign_in()
    page = public(provider, app)
    assert not [one for one in ("Secret board", "No board", "Jo Smith") if one in page]


def test_S18_R3_an_address_of_the_inside_is_told_to_nobody_who_may_name_a_host(provider: Provider) -> None:
    def resolver(host: str, port: int) -> list[str]:
        return ["10.20.30.40"]

    provider.services = replace(provider.services, outbound=Outbound(resolver=resolver))
    app = provider.add_client("CRM", backchannel_logout_uri="https://wiki.corp.example/out")
    addresses.look(provider.services, started(provider, app))
    for reader in ("stranger", "app", "house"):
        kept = json.dumps(seen(provider, app, reader).to_json())
        assert "10.20.30.40" not in kept
        assert "backchannel_logout_uri" in kept
    assert "not a public address" in json.dumps(seen(provider, app, "app").to_json())
    assert "not a public address" not in public(provider, app)


def test_R3_what_stands_behind_us_is_for_those_who_may_read_the_settings(provider: Provider, clock: Clock) -> None:
    app = provider.add_client("CRM")
    check = started(provider, app)
    finding = Finding("error", "doorward", "error", "See the state store at cache-7.", "", "silent", reader="house")
    keeping.keep(provider.services, check, Step("token", "wrong", clock(), {}, (finding,)))
    owner = Actor(kind="person", id="u1", name="person:u1", grants=(RoleGrant("owner"),))
    keeper = Actor(kind="person", id="u2", name="person:u2", grants=(RoleGrant("app_admin", (app.id,)),))
    assert "cache-7" in json.dumps(seen(provider, app, readers.reader_of(owner)).to_json())
    assert "cache-7" not in json.dumps(seen(provider, app, readers.reader_of(keeper)).to_json())
    page = public(provider, app)
    assert not [one for one in ("cache-7", "silent") if one in page]
    assert "for those who run the sign-in here to put right" in page


def test_R3_what_the_application_sends_of_a_person_in_an_address_is_not_passed_on(provider: Provider) -> None:
    app = provider.add_client("CRM")
    started(provider, app)
    uri = "https://crm.example/cb?user=annbell&tab=2#name=Ann"
    Application(provider, app, redirect_uri=uri).run()
    page = public(provider, app)
    assert not re.findall("annbell|name=Ann", page)
    assert "crm.example/cb" in page
    assert "annbell" in json.dumps(seen(provider, app, "app").to_json())


def test_R3_what_is_registered_is_shown_as_it_is_also_where_it_is_an_address_of_a_network(provider: Provider) -> None:
    app = provider.add_client("CRM", redirect_uris=["https://10.1.2.3/cb?tenant=9"])
    started(provider, app)
    Application(provider, app, redirect_uri="https://10.1.2.3/cb/?tenant=9").run()
    page = public(provider, app)
    assert "https://10.1.2.3/cb?tenant=9" in page
    assert "slash" in page or "path" in page


def test_R3_numbers_and_times_that_are_no_addresses_stay(provider: Provider, clock: Clock) -> None:
    app = provider.add_client("CRM")
    check = started(provider, app)
    text = "version 1.2.3 at 12:30:15, 999.999.999.999, urn:oasis:names:tc:SAML:2.0:ac, doorward client set X a=b"
    keeping.keep(
        provider.services, check,
        Step("authorize", "wrong", clock(), {}, (Finding("made_up", "application", "f", text, text, text),)),
    )  # fmt: skip
    [told] = seen(provider, app, "stranger").findings
    assert (told.expected, told.got, told.fix) == (text, text, text)


@pytest.mark.parametrize("reason", [families.PERSON_GONE, families.CONSENT_GONE, families.NO_ACCESS])
def test_S59_what_became_of_a_person_is_not_passed_on(provider: Provider, reason: str) -> None:
    app = provider.add_client("CRM")
    found = ended.of(reason, app.id, "")
    assert found is not None
    told = readers.finding_seen_by(found, "stranger", app.client)
    assert found.fix not in str(told)
    assert "ask them" in told.fix
    assert not told.got
    assert readers.finding_seen_by(found, "app", app.client) == found


def test_Q1_what_the_application_mends_itself_is_passed_on(provider: Provider) -> None:
    app = provider.add_client("CRM")
    found = ended.of(families.REVOKED, app.id, "")
    assert found is not None
    assert readers.finding_seen_by(found, "stranger", app.client).fix == found.fix


@pytest.mark.parametrize("said", ["%40", "a%40", "a@", "@", "?a", "&a=", "a.", "1.", ":", "a:", "redis", "x@x."])
def test_R3_what_is_hidden_is_found_at_a_price_that_grows_with_the_text(provider: Provider, said: str) -> None:
    """The third power of the length, where one pattern looks for a whole address from each character on."""
    app = provider.add_client("CRM")
    text = said * (60_000 // len(said))
    begun = thread_time()
    readers.finding_seen_by(Finding("x", "application", "x", text, text, text), "stranger", app.client)
    assert thread_time() - begun < 2
