"""D3: somebody takes along what is held of them; an admin gives it out; who is removed is gone; what stays is told."""

from __future__ import annotations

import json

from idp.accounts import factors
from idp.accounts.person import Person
from idp.audit import Event, record
from idp.personal_data import document
from idp.personal_data.parts import PARTS
from tests.backends import Clock
from tests.cli.conftest import *  # noqa: F403  the command in a folder
from tests.cli.conftest import PASSWORD, Folder
from tests.provider import App, Browser, Provider


def lived(provider: Provider, browser: Browser) -> tuple[App, Person]:
    """Ann signs in, lets an application see her, and mistypes once."""
    ann = provider.add_person("ann", groups=("Finance",), claims={"nickname": "Annie"})
    crm = provider.add_client("CRM")
    browser.log_in(provider.authorize(browser, crm), "ann", "wrong, wrong, wrong")
    provider.sign_in(browser, crm)
    return crm, ann


def test_D3_somebody_downloads_what_is_held_of_them(provider: Provider, browser: Browser, clock: Clock) -> None:
    crm, _ = lived(provider, browser)
    link = browser.get("profile").dom.find("a", href="/profile/data")
    assert link
    page = browser.get("profile/data")
    assert page.status == 200, page.text
    answer = browser.submit(page)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="my-data-2026-11-30.json"'.replace(
        "2026-11-30", document._moment(clock())[:10]
    )
    assert answer.headers["Cache-Control"] == "no-store"
    made = json.loads(answer.text)
    assert (made["account"]["username"], made["account"]["claims"]["nickname"]) == ("ann", "Annie")
    assert made["applications"] == {crm.id: "CRM"}
    assert [one["name"] for one in made["groups"]] == ["Finance"]
    actions = {one["action"] for one in made["activity"]}
    assert {"session:started", "session:failed"} <= actions
    assert len(made["sessions"]) == 1
    assert made["sessions"][0]["address"]
    assert "argon2" not in answer.text
    assert "Data about the account downloaded" in browser.get("activity").text


def test_D3_it_takes_a_fresh_sign_in_and_a_form_of_ours(provider: Provider, browser: Browser, clock: Clock) -> None:
    lived(provider, browser)
    assert provider.browser().get("profile/data").is_login_page
    page = browser.get("profile/data")
    forged = browser.post("profile/data", {"form_key": "x"})
    assert "Content-Disposition" not in forged.headers
    clock.advance(3600 - 1)  # the session lives on, and is not fresh
    for answer in (browser.get("profile/data"), browser.submit(page)):
        assert "Content-Disposition" not in answer.headers


def test_D3_it_is_given_a_few_times_an_hour(provider: Provider, browser: Browser, clock: Clock) -> None:
    lived(provider, browser)
    page = browser.get("profile/data")
    assert [browser.submit(page).status for _ in range(6)] == [200] * 5 + [429]
    refused = browser.submit(page)
    assert "several times in the last hour" in refused.text
    assert "Content-Disposition" not in refused.headers


def test_D3_where_an_admin_sat_is_not_told(provider: Provider) -> None:
    services, ann = provider.services, provider.add_person("ann")
    for actor in ("person:boss", ann.id, ""):
        said = {"approved_by": "person:second", "approval": "a1", "by_token": "t1", "why": f"by {actor[:6]}"}
        event = Event("person:disabled", actor=actor, person_id=ann.id, address="192.0.2.77", detail=said)
        record(services.db, event, services.clock())
    nobody, own, boss = document.of(services, ann.id)["activity"][:3]
    assert (boss["address"], boss["detail"]) == ("", {"why": "by person"})
    assert own["address"] == nobody["address"] == "192.0.2.77"
    assert not [one for one in (own, boss) if "actor" in one]


def test_D3_nothing_of_anybody_else_is_in_it(provider: Provider, browser: Browser) -> None:
    _, ann = lived(provider, browser)
    other = provider.add_person("bob", name="Bob Hidden")
    another = provider.browser()
    provider.sign_in(another, provider.add_client("Wiki"), "bob")
    made = json.dumps(document.of(provider.services, ann.id))
    assert not [word for word in (other.id, "bob", "Hidden", "Wiki") if word in made]


def test_D3_a_document_of_very_much_says_what_it_left_out(provider: Provider, browser: Browser) -> None:
    _, person = lived(provider, browser)
    made = document.of(provider.services, person.id, most=1)
    assert "activity" in made["only_the_latest_of"]
    assert len(made["activity"]) == 1


def test_D3_an_admin_gives_it_out_and_that_is_on_record(site: Folder) -> None:
    site.run("user", "add", "--username", "ann", "--password-stdin", input=PASSWORD + "\n")
    made = site.run("user", "export", "ann", "--json").json
    assert made["account"]["username"] == "ann"
    assert json.loads(site.run("user", "export", "ann").out)["account"] == made["account"]
    assert "person:exported" in site.run("audit", "tail").out
    again = site.run("user", "export", "ann", "--json").json
    assert "person:exported" in [one["action"] for one in again["activity"]]


#: What stays of somebody who was removed, by their id and nothing more; docs/personal-data.md says for how long.
STAYS = {
    "sessions", "sessions_elsewhere", "sessions_by_saml", "names_at_applications", "access_given_to_applications",
    "apps_of_devices", "own_api_tokens", "sign_outs_told", "cases", "notes_on_cases", "access_reviews",
    "account_in_the_past", "groups_in_the_past", "activity", "done_to_others", "consents",
}  # fmt: skip


def test_D3_what_is_removed_is_gone_and_what_stays_is_known(provider: Provider, browser: Browser) -> None:
    _, person = lived(provider, browser)
    services = provider.services
    with services.db.transaction() as tx:
        factors.add(tx, services.clock(), person.id, "totp", "Phone", sealed="x", counter=1)
    services.directory.remove(person.id)
    made = document.of(services, person.id)
    assert made["account"] is None
    held = {name for name in PARTS if name != "account" and made[name]}
    assert held <= STAYS, held - STAYS
