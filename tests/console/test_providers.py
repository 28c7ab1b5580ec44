"""The room Providers: added by template, tried, changed, looked at, removed, restored. B2, B5, C6, I7, I10, I12."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from idp.accounts.roles import RoleGrant
from idp.federation import health, keeping, links
from tests.backends import Clock
from tests.console.conftest import Enter, form_at
from tests.federation.stand_in import CLIENT, SECRET, StandIn
from tests.federation.visiting import Office
from tests.provider import Answer, Browser, Provider
from tests.saml.pairs import rsa_pair

ALL = "admin/providers"


@pytest.fixture
def there(clock: Clock) -> Iterator[StandIn]:
    """Somebody else's provider."""
    made = StandIn(clock)
    yield made
    made.close()


@pytest.fixture
def provider(open_provider: Callable[..., Provider], there: StandIn) -> Provider:
    return open_provider(admin={"second_factor": False}, outbound={"allow": [there.origin]})


@pytest.fixture
def office(provider: Provider, there: StandIn) -> Office:
    return Office(provider, there)


def send(browser: Browser, page: Answer, path: str, **values: str) -> Answer:
    return browser.submit(page, form=form_at(page, path), **values)


def done(browser: Browser, answer: Answer) -> Answer:
    assert answer.is_redirect, answer.dom.text
    return browser.get(answer.location)


def test_i12_one_is_added_with_the_redirect_uri_shown_before_there_is_a_client_id(
    provider: Provider, owner: Browser, there: StandIn
) -> None:
    page = owner.get(ALL)
    assert "everybody signs in here" in page.dom.text
    assert "Microsoft Entra" in owner.get(f"{ALL}/new").dom.text
    entra = owner.get(f"{ALL}/new/entra")
    assert "App registrations" in entra.dom.text
    assert "/upstream/callback/p" in entra.dom.text
    page = owner.get(f"{ALL}/new/oidc")
    shown = page.dom.text.partition("/upstream/callback/")[2].split()[0]
    wrong = send(owner, page, "/new/oidc", name="Company", issuer="ftp://x", client_id=CLIENT, secret="")
    assert wrong.status == 422
    assert "issuer: " in wrong.dom.text
    assert f"/upstream/callback/{shown}" in wrong.dom.text  # it stays while they mend it
    page = done(owner, send(owner, wrong, "/new/oidc", issuer=there.issuer, secret=SECRET, domains="example.com"))
    (kept,) = keeping.list_of(provider.services.db)
    assert (kept.provider.id, kept.provider.domains, kept.provider.enabled) == (shown, ("example.com",), True)
    assert SECRET not in page.text
    tried = send(owner, page, f"/{shown}", do="test")
    assert "as it should be client id and secret" in tried.dom.text
    again = send(owner, wrong, "/new/oidc", issuer=there.issuer, secret=SECRET)  # by the back button
    assert again.location.endswith(f"/{shown}")
    assert len(keeping.list_of(provider.services.db)) == 1


def test_i12_a_federation_is_added_by_its_template_with_its_key(provider: Provider, owner: Browser) -> None:
    page = owner.get(f"{ALL}/new/edugain")
    wrong = send(owner, page, "/new/edugain", name="eduGAIN")
    assert wrong.status == 422
    key = rsa_pair("federation").certificate_pem
    page = done(owner, send(owner, wrong, "/new/edugain", metadata_keys=key))
    (kept,) = keeping.list_of(provider.services.db)
    assert (kept.provider.kind, kept.provider.metadata_keys.strip()) == ("federation", key.strip())
    assert "/upstream/metadata/" in page.dom.text


def test_b5_a_form_is_saved_for_the_edition_that_was_read_and_loses_nothing(
    provider: Provider, owner: Browser, office: Office
) -> None:
    one = office.add(create=True)
    page = owner.get(f"{ALL}/{one.id}/edit")
    office.change(one, step_up="c1")
    late = send(owner, page, "/edit", groups_claim="groups", groups="CN=Sales,OU=x = Sales\nhr=HR")
    assert late.status == 409, late.dom.text
    assert "c1" in late.dom.text
    typed = {"groups_claim": "groups", "groups": "CN=Sales,OU=x = Sales\nhr=HR"}  # as the form has it
    assert "CN=Sales,OU=x = Sales" in late.dom.text
    saved = done(owner, send(owner, late, "/edit", **typed))
    assert "It is saved" in saved.dom.text
    (kept,) = keeping.list_of(provider.services.db)
    assert kept.provider.groups == {"CN=Sales,OU=x": "Sales", "hr": "HR"}
    assert (kept.provider.create, kept.provider.step_up) == (True, "")
    wrong = send(owner, owner.get(f"{ALL}/{one.id}/edit"), "/edit", attributes="given_name", name="X")
    assert wrong.status == 422
    assert "with = between" in wrong.dom.text
    history = owner.get(f"{ALL}/{one.id}/history")
    assert "CN=Sales,OU=x = Sales" in history.dom.text
    done(owner, send(owner, history, "/history"))
    assert keeping.list_of(provider.services.db)[0].provider.groups == {}


def test_c5_where_its_secret_would_be_sent_elsewhere_the_form_asks_for_it(
    provider: Provider, owner: Browser, office: Office
) -> None:
    one = office.add()
    page = owner.get(f"{ALL}/{one.id}/edit")
    wrong = send(owner, page, "/edit", issuer="https://id.elsewhere.example")
    assert wrong.status == 422
    assert "not sent there" in wrong.dom.text
    done(owner, send(owner, wrong, "/edit", secret="typed again"))
    (kept,) = keeping.list_of(provider.services.db)
    assert kept.provider.issuer == "https://id.elsewhere.example"
    assert keeping.open_secret(provider.services.sealer, kept) == "typed again"


def test_i7_an_owners_own_sign_in_shows_what_it_would_bring_and_changes_nothing(
    provider: Provider, owner: Browser, enter: Enter, office: Office, there: StandIn
) -> None:
    other = enter("second", RoleGrant("owner"))
    groups = {"groups_claim": "groups", "groups": {"staff": "Everybody"}}
    one = office.add(attributes={"given_name": "first"}, domains=["x.example"], proof={"mfa": "second"}, **groups)
    keeping_off(provider, one.id)  # before anybody may come
    page = owner.get(f"{ALL}/{one.id}/preview")
    away = send(owner, page, "/preview")
    said = {"first": "Ann", "groups": ["staff", "board"], "amr": ["mfa"], "email": "ann@x.example", "secret_of": "hers"}
    back = there.authorize(away.location, "there-1", **said)
    stranger = provider.browser()
    assert stranger.get(back).status >= 400  # it is bound to the browser of whoever asked
    known, events = provider.services.directory.find_by_login("ann"), len(provider.events())
    page = done(owner, owner.get(back))
    for told in ("there-1", "given_name first Ann", "Groups groups Everybody", "secret_of hers",
                 "ann@x.example (does not count as verified)", "they would prove the one that they have"):  # fmt: skip
        assert told in page.dom.text, told
    assert len(provider.events()) == events
    assert (known, links.find(provider.services.db, one.id, "there-1")) == (None, None)
    office.change(one, attributes={"nickname": "secret_of"})
    assert "nickname secret_of hers" in owner.get(f"{ALL}/{one.id}/preview").dom.text  # by the table as it is now
    assert "hers" not in other.get(f"{ALL}/{one.id}/preview").dom.text
    done(owner, send(owner, owner.get(f"{ALL}/{one.id}/preview"), "/preview", do="forget"))
    assert "hers" not in owner.get(f"{ALL}/{one.id}/preview").dom.text


def keeping_off(provider: Provider, id: str) -> None:
    from idp.admin import providers
    from idp.admin.actor import of_shell

    providers.turn(provider.services, of_shell("test"), id, on=False)


def test_i10_one_that_is_down_says_since_when_here_and_in_the_overview(
    provider: Provider, owner: Browser, office: Office, clock: Clock
) -> None:
    one = office.add(secret_ends="2026-01-31")
    for _ in range(health.OPENS_AFTER):
        health.failed(provider.services, one, "no answer")
    assert "Asked in vain since" in owner.get(ALL).dom.text
    assert "no answer" in owner.get(f"{ALL}/{one.id}").dom.text
    overview = owner.get("admin").dom.text
    assert "Company is asked in vain" in overview
    assert "The secret of Company" in overview


def test_c6_a_removal_says_what_it_costs_and_can_be_taken_back(
    provider: Provider, owner: Browser, office: Office
) -> None:
    one, db = office.add(), provider.services.db
    alone, both = provider.add_person("alone", None), provider.add_person("both")
    with db.transaction() as tx:
        for person in (alone, both):
            link = links.Link(one.id, person.id, person.id, "", (), 0.0, 0.0)
            links.add(tx, link, record=lambda *_: None)
    page = owner.get(f"{ALL}/{one.id}/remove")
    assert "2 accounts there" in page.dom.text
    assert "People who were looked at: 2. Without another way in: 1." in page.dom.text
    page = done(owner, send(owner, page, "/remove"))
    assert keeping.list_of(db) == ()
    page = done(owner, send(owner, page, ALL))
    assert "with its links" in page.dom.text
    assert links.count(db, one.id) == 2
    page = done(owner, send(owner, page, f"/{one.id}", do="off"))
    assert not keeping.list_of(db)[0].provider.enabled


def test_c2_admins_look_and_only_owners_change(provider: Provider, enter: Enter, office: Office) -> None:
    one = office.add()
    for who in ("admin", "auditor"):
        browser = enter(f"the-{who}", RoleGrant(who))
        page = browser.get(f"{ALL}/{one.id}")
        assert page.status == 200
        assert not [form for form in page.dom.forms if form.method == "POST" and "/admin/providers" in form.action]
        for rest in ("edit", "preview", "remove"):
            assert browser.get(f"{ALL}/{one.id}/{rest}").status == 403
        assert browser.get(f"{ALL}/new/oidc").status == 403
    desk = enter("desk", RoleGrant("help_desk"))
    assert desk.get(ALL).status == 403
    boss = enter("boss", RoleGrant("owner"))
    assert boss.get(f"{ALL}/nothing").status == 404
    assert boss.get(f"{ALL}/new/nothing").status == 404
