"""Test this application: the trial sign-in, the way of a colleague, the live check and its link. R3, U7, C2, S59."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from clients.access import Access
from clients.client import Client
from idp.accounts import roles
from idp.accounts.person import Person
from idp.accounts.roles import RoleGrant
from idp.admin.actor import Actor, of_shell
from idp.admin.checking import addresses, keeping, running
from idp.http import Outbound
from idp.ids import digest
from idp.protocols import Services
from tests.backends import Clock
from tests.console.conftest import Enter, form_key
from tests.provider import Answer, App, Browser, Provider
from tests.saml.relying import Toolkit, register, sign_in

HOSTILE = """"><script>alert(1)</script>'&{{7*1234567}}"""


def look(browser: Browser, app_id: str, query: str = "") -> Answer:
    return browser.get(f"admin/apps/{app_id}/test{query}")


def send(browser: Browser, app_id: str, **values: str) -> Answer:
    return browser.post(f"admin/apps/{app_id}/test", {**form_key(look(browser, app_id)), **values})


def link_of(page: Answer) -> str:
    found = re.search(r"https://login\.example/app-check/[\w-]{40,}", page.dom.text)
    assert found is not None, page.dom.text
    return found[0]


# -- the trial sign-in -------------------------------------------------------------------------------------------------


def test_R3_a_trial_sign_in_shows_every_claim_and_sends_nothing(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    crm = provider.add_client("CRM", scope="openid profile email", id_token_claims=True, claims_map={"unit": "unit"})
    clock.advance(5)
    asked = owner.get(f"admin/apps/{crm.id}/sign-in")
    assert asked.is_login_page  # by the application's own sign-in, though the owner is signed in
    assert "CRM" in asked.dom.text
    ended = owner.log_in(asked, "boss")
    assert ended.location == f"{provider.issuer}/admin/apps/{crm.id}/test?ended=done#sent"
    assert "code=" not in ended.location
    shown = owner.follow(ended).dom.text
    got = provider.tokens(crm, provider.browser(), "boss")
    told = provider.userinfo(got["access_token"]).json
    for name, value in told.items():
        assert name in shown, name
        assert (value if isinstance(value, str) else json.dumps(value)) in shown, name
    for name in ("iss", "aud", "azp", "acr", "amr", "auth_time", "at_hash", "scope profile", "scope email"):
        assert name in shown, name
    assert not provider.events("app:opened")
    assert len(provider.events("session:started")) == 3  # the owner's twice, and the true one at the end


def test_R3_a_trial_leaves_no_code_and_no_token(provider: Provider, owner: Browser, clock: Clock) -> None:
    crm = provider.add_client("CRM", access_token_format="jwt")
    clock.advance(5)
    asked = owner.get(f"admin/apps/{crm.id}/sign-in")
    ended = owner.log_in(asked, "boss")
    assert ended.is_redirect
    assert not [one for one in provider.services.db.all(_codes()) if one.key.startswith("code:")]
    assert "eyJ" not in owner.follow(ended).text


def _codes() -> object:
    from sqlalchemy import select

    from idp.state.sql import state

    return select(state)


def test_R3_a_trial_keeps_to_the_application_s_access_and_consent(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    shut = provider.add_client("Payroll", access=Access.only(groups=["Board"]))
    asking = provider.add_client("Desk", consent="explicit")
    clock.advance(5)
    refused = owner.log_in(owner.get(f"admin/apps/{shut.id}/sign-in"), "boss")
    assert refused.status == 403
    assert "certain people only" in refused.dom.text
    clock.advance(5)
    consent = owner.log_in(owner.get(f"admin/apps/{asking.id}/sign-in"), "boss")
    assert consent.is_consent_page
    declined = owner.follow(owner.submit(consent, "deny"))
    assert "access was denied" in declined.dom.text
    clock.advance(5)
    consent = owner.log_in(owner.get(f"admin/apps/{asking.id}/sign-in"), "boss")
    assert owner.submit(consent, "allow").location.endswith("?ended=done#sent")


def test_U7_nobody_but_who_began_a_trial_ends_it(provider: Provider, owner: Browser, clock: Clock) -> None:
    crm = provider.add_client("CRM")
    provider.add_person("ann")
    clock.advance(5)
    ended = owner.log_in(owner.get(f"admin/apps/{crm.id}/sign-in"), "ann")
    assert ended.location.endswith(f"/admin/apps/{crm.id}/test?ended=login_required#sign-in")


def test_R3_a_trial_at_a_service_provider_shows_the_assertion_by_its_names_on_the_wire(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    wiki = register(provider)
    clock.advance(5)
    shown = owner.follow(owner.log_in(owner.get(f"admin/apps/{wiki.id}/sign-in"), "boss")).dom.text
    toolkit, browser = Toolkit(provider), provider.browser()
    auth = toolkit.accept(sign_in(browser, browser.get(toolkit.login_url()), "boss"))
    assert auth.get_attributes()
    for name, values in auth.get_attributes().items():
        assert name in shown
        assert all(value in shown for value in values)
    for told in (auth.get_nameid(), auth.get_nameid_format(), "https://wiki.example/acs", "Audience", "AuthnContext"):
        assert told in shown, told


def test_U7_the_way_of_a_colleague_is_told_and_nobody_is_signed_in(provider: Provider, owner: Browser) -> None:
    crm = provider.add_client("CRM", consent="explicit", access=Access.only(groups=["Sales"]))
    ann = provider.add_person("ann", name="Ann Bell")
    text = look(owner, crm.id, "?person=ann").dom.text
    assert "What ann would meet" in text
    assert "told that they may not open it" in text
    assert "Ann Bell" in text
    assert ann.id in text
    assert len(provider.events("session:started")) == 1
    assert provider.events("client:previewed")[-1].person_id == ann.id
    assert "Nobody has this username" in look(owner, crm.id, "?person=nobody").dom.text


def test_U7_an_app_admin_sees_the_way_of_a_colleague_and_not_their_values(provider: Provider, enter: Enter) -> None:
    crm = provider.add_client("CRM")
    ann = provider.add_person("ann", name="Ann Bell")
    admin = enter("appy", RoleGrant("app_admin", (crm.id,)))
    text = look(admin, crm.id, "?person=ann").dom.text
    assert "preferred_username" in text
    assert not [one for one in ("Ann Bell", ann.id, "ann@example.com") if one in text]


def test_R2_R3_what_the_product_reads_and_would_not_get_is_named(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    crm = provider.add_client("EspoCRM", "legacy", redirect_uris=["https://crm.example/oauth-callback.php"],
                              scope="openid profile email")  # fmt: skip
    clock.advance(5)
    shown = owner.follow(owner.log_in(owner.get(f"admin/apps/{crm.id}/sign-in"), "boss")).dom.text
    assert "would not get them" in shown
    assert "groups" in shown.partition("would not get them")[2]


# -- the live check ----------------------------------------------------------------------------------------------------


def test_R3_the_page_shows_each_step_and_what_is_wrong(provider: Provider, owner: Browser) -> None:
    crm = provider.add_client("CRM")
    provider.add_person("ann")
    assert send(owner, crm.id, do="start").is_redirect
    provider.authorize(provider.browser(), crm, redirect_uri="https://crm.example/cb/")
    page = look(owner, crm.id)
    for told in ("1 thing is wrong", "On the application’s side", "redirect_uri", "https://crm.example/cb", "slash"):
        assert told in page.dom.text, told
    assert "<mark>/</mark>" in page.text
    assert page.dom.find("div", id="live")[0]["data-look-again"]
    provider.tokens(crm)
    assert "0 things are wrong" in look(owner, crm.id).dom.text
    send(owner, crm.id, do="stop")
    ended = look(owner, crm.id)
    assert "The check ended" in ended.dom.text
    assert "data-look-again" not in ended.text
    assert not provider.services.registry.watched


def test_S59_what_an_application_sends_is_text_on_the_page(provider: Provider, owner: Browser) -> None:
    crm = provider.add_client(HOSTILE, redirect_uris=["https://crm.example/cb"])
    send(owner, crm.id, do="start")
    provider.authorize(provider.browser(), crm, redirect_uri=f"https://crm.example/{HOSTILE}", scope=HOSTILE)
    link = link_of(send(owner, crm.id, do="share"))
    for page in (look(owner, crm.id), provider.browser().get(link)):
        assert page.status == 200
        assert "<script>alert" not in page.text
        assert "8641969" not in page.text


def work(provider: Provider) -> int:
    """What a worker of the queue does with the checks' jobs; how many there were."""
    waiting = [job for job in provider.services.jobs.pending() if job.name == running.JOB]
    for job in waiting:
        provider.services.jobs.perform(job.name, job.payload)
        provider.services.jobs.forget(job.id)
    return len(waiting)


def test_R3_an_address_for_sign_outs_that_may_not_be_called_is_named(provider: Provider, owner: Browser) -> None:
    crm = provider.add_client("CRM", backchannel_logout_uri="https://127.0.0.1/logout")
    send(owner, crm.id, do="start")
    assert "backchannel_logout_uri" not in look(owner, crm.id).dom.text
    assert "Its addresses are being called" in look(owner, crm.id).dom.text
    assert work(provider) == 1
    page = look(owner, crm.id)
    assert "backchannel_logout_uri" in page.dom.text
    assert "outbound.allow" in page.dom.text
    assert "Its addresses are being called" not in page.dom.text


def test_R3_S18_no_request_waits_for_an_application_and_starting_again_and_again_calls_it_once(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    """Whoever may start a check is no amplifier for requests to somebody else's address."""
    provider = open_provider(admin={"second_factor": False})
    asked: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["10.0.0.5"]  # it is never called there: it is no public address

    provider.services = replace(provider.services, outbound=Outbound(resolver=resolver))
    crm = provider.add_client("CRM", backchannel_logout_uri="https://out.example/", jwks_uri="https://keys.example/")
    asked.clear()
    actor = of_shell("cli:test")
    first = running.start(provider.services, actor, crm.client)
    assert asked == []
    assert running.start(provider.services, actor, crm.client) == first  # it runs: that is what was wanted
    running.stop(provider.services, actor, crm.client)
    for _ in range(50):
        with pytest.raises(running.BegunJustNow):
            running.start(provider.services, actor, crm.client)
    assert len([one for one in provider.services.jobs.pending() if one.name == running.JOB]) == 1
    clock.advance(running.PAUSE + 1)
    second = running.start(provider.services, actor, crm.client)
    assert second.id != first.id
    for job in [one for one in provider.services.jobs.pending() if one.name == running.JOB]:
        assert set(job.payload) == {"client_id", "check"}
    addresses.look(provider.services, second)
    addresses.look(provider.services, second)  # the queue may run a job twice
    assert asked.count("out.example") == 2  # the call, and the look whether it may be called
    assert asked.count("keys.example") == 1
    assert len(keeping.steps(provider.services, second)) == 1


def test_R3_another_application_is_not_held_up_by_a_check_that_began_just_now(
    provider: Provider, owner: Browser
) -> None:
    crm, pay = provider.add_client("CRM"), provider.add_client("Pay")
    for app in (crm, pay):
        assert send(owner, app.id, do="start").is_redirect
    send(owner, crm.id, do="stop")
    told = send(owner, crm.id, do="start")
    assert told.status == 409
    assert "less than half a minute ago" in told.dom.text
    assert not running_of(provider, crm.id)
    assert running_of(provider, pay.id)


def running_of(provider: Provider, client_id: str) -> bool:
    check = running.find(provider.services, client_id)
    return check is not None and check.is_running(provider.services.clock())


def test_R3_of_two_who_press_start_at_once_one_begins_and_a_place_that_was_not_given_is_free(
    provider: Provider, owner: Browser
) -> None:
    crm = provider.add_client("CRM")
    services, actor = provider.services, of_shell("cli:test")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: attempt(services, actor, crm.client), range(4)))
    begun = {one for one in found if one}
    assert len(begun) == 1
    assert len(provider.events("client:check_started")) == 1


def attempt(services: Services, actor: Actor, client: Client) -> str:
    try:
        return running.start(services, actor, client).id
    except running.BegunJustNow:
        return ""


def test_R3_a_check_for_which_there_is_no_place_may_be_tried_again_at_once(
    provider: Provider, owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    crm = provider.add_client("CRM")
    with monkeypatch.context() as full:
        full.setattr("clients.registry.MAX_WATCHED", 0)
        assert send(owner, crm.id, do="start").status == 409
    assert send(owner, crm.id, do="start").is_redirect


# -- the link ----------------------------------------------------------------------------------------------------------


def test_R3_the_link_needs_no_account_and_shows_no_person(provider: Provider, owner: Browser) -> None:
    crm = provider.add_client("CRM", access=Access.only(groups=["Board"]))
    provider.add_person("ann", name="Ann Bell")
    send(owner, crm.id, do="start")
    provider.sign_in(provider.browser(), crm)
    link = link_of(send(owner, crm.id, do="share"))
    page = provider.browser("192.0.2.77").get(link)
    assert page.status == 200
    assert "may open it" in page.dom.text
    for told in ("Ann Bell", "ann@example.com", "boss", "Boss Example", crm.secret or "-"):
        assert told not in page.text, told
    headers = {name.lower(): value for name, value in page.headers.items()}
    assert headers["referrer-policy"] == "no-referrer"
    assert "noindex" in headers["x-robots-tag"]
    assert headers["cache-control"] == "no-store"


def test_R3_the_link_is_kept_as_a_hash_and_is_in_no_record(provider: Provider, owner: Browser) -> None:
    crm = provider.add_client("CRM")
    send(owner, crm.id, do="start")
    link = link_of(send(owner, crm.id, do="share"))
    secret = link.rpartition("/")[2]
    assert not [one for one in provider.services.db.all(_codes()) if secret in repr(one)]
    assert not [one for one in provider.events() if secret in repr(one)]
    assert provider.events("client:check_shared")
    provider.browser().get(link[:-1] + ("A" if link[-1] != "A" else "B"))
    assert not [one for one in provider.events() if secret[:-1] in repr(one)]


def test_R3_the_link_ends_after_a_day_when_withdrawn_and_when_there_is_a_new_one(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    crm = provider.add_client("CRM")
    send(owner, crm.id, do="start")
    stranger = provider.browser()
    first = link_of(send(owner, crm.id, do="share"))
    second = link_of(send(owner, crm.id, do="share"))
    assert [stranger.get(one).status for one in (first, second)] == [404, 200]
    send(owner, crm.id, do="withdraw")
    assert stranger.get(second).status == 404
    third = link_of(send(owner, crm.id, do="share"))
    clock.advance(86_400 + 1)
    assert stranger.get(third).status == 404


def lose_the_role(provider: Provider, person: Person, app: App) -> None:
    def record(tx: object, action: str, detail: object) -> None:
        """Nobody reads it here."""

    roles.change(provider.services.db, person.id, take=["app_admin"], by="test", now=provider.services.clock(),
                 record=record)  # fmt: skip


def be_turned_off(provider: Provider, person: Person, app: App) -> None:
    provider.services.directory.disable(person.id)


def remove_the_application(provider: Provider, person: Person, app: App) -> None:
    provider.services.registry.remove(app.id)


@pytest.mark.parametrize("happens", [lose_the_role, be_turned_off, remove_the_application])
def test_R3_C2_the_link_is_worth_what_its_maker_may_and_ends_with_the_application(
    provider: Provider, enter: Enter, happens: Callable[[Provider, Person, App], None]
) -> None:
    crm = provider.add_client("CRM")
    admin = enter("appy", RoleGrant("app_admin", (crm.id,)))
    send(admin, crm.id, do="start")
    link, stranger = link_of(send(admin, crm.id, do="share")), provider.browser("192.0.2.77")
    assert stranger.get(link).status == 200
    appy = provider.services.directory.find_by_login("appy")
    assert appy is not None
    happens(provider, appy, crm)
    assert stranger.get(link).status == 404


@pytest.mark.parametrize("other", ["cut", "longer", "upper", "hash", "of the client", "empty", "odd", "x" * 4000])
def test_R3_S18_nothing_but_the_link_itself_opens_it(provider: Provider, owner: Browser, other: str) -> None:
    crm = provider.add_client("CRM")
    send(owner, crm.id, do="start")
    secret = link_of(send(owner, crm.id, do="share")).rpartition("/")[2]
    tried = {
        "cut": secret[:-1], "longer": secret + "A", "upper": secret.swapcase(), "hash": digest(secret), "empty": "",
        "of the client": crm.id, "odd": "%00%ff",
    }.get(other, other)  # fmt: skip
    answer = provider.browser("192.0.2.77").get(f"app-check/{tried}")
    assert answer.status in (400, 404, 414)
    assert "CRM" not in answer.text


def test_R3_a_check_that_ended_is_read_by_its_link_and_begins_nothing(provider: Provider, owner: Browser) -> None:
    crm = provider.add_client("CRM")
    send(owner, crm.id, do="start")
    link = link_of(send(owner, crm.id, do="share"))
    send(owner, crm.id, do="stop")
    stranger = provider.browser("192.0.2.77")
    assert "The check ended" in stranger.get(link).dom.text
    assert stranger.post(link, {"do": "start"}).status in (404, 405)
    assert not provider.services.registry.watched


def test_R3_the_link_is_looked_at_so_often_and_no_more(provider: Provider, clock: Clock) -> None:
    from idp.admin.checking.links import PER_MINUTE

    stranger = provider.browser("192.0.2.78")
    statuses = {stranger.get("app-check/wrong").status for _ in range(PER_MINUTE)}
    assert statuses == {404}
    assert stranger.get("app-check/wrong").status == 429
    assert provider.browser("192.0.2.79").get("app-check/wrong").status == 404
    clock.advance(61)
    assert stranger.get("app-check/wrong").status == 404


@pytest.mark.parametrize("do", ["start", "stop", "share", "withdraw"])
def test_C2_an_auditor_looks_and_an_app_admin_of_another_does_not_even_that(
    provider: Provider, enter: Enter, do: str
) -> None:
    crm, pay = provider.add_client("CRM"), provider.add_client("Pay")
    auditor, other = enter("audrey", RoleGrant("auditor")), enter("appy", RoleGrant("app_admin", (pay.id,)))
    assert look(auditor, crm.id).status == 200
    assert auditor.post(f"admin/apps/{crm.id}/test", {**form_key(auditor.get("profile")), "do": do}).status == 403
    assert look(other, crm.id).status == 403
    assert other.get(f"admin/apps/{crm.id}/sign-in").status == 403
    assert other.post(f"admin/apps/{crm.id}/test", {**form_key(look(other, pay.id)), "do": do}).status == 403
    assert not provider.services.registry.watched


def test_B5_a_check_too_many_is_said(provider: Provider, owner: Browser) -> None:
    from clients.registry import MAX_WATCHED

    apps: list[App] = [provider.add_client(f"App {number}") for number in range(MAX_WATCHED + 1)]
    statuses = [send(owner, app.id, do="start").status for app in apps]
    assert statuses == [303] * MAX_WATCHED + [409]
