"""What became of telling applications of a sign-out, on the leaver's page and the application's own. U2, R6."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from idp.accounts.roles import RoleGrant
from idp.login import deliveries, signout
from idp.oidc.backchannel import NotConfirmed
from tests.backends import Clock
from tests.console.conftest import Enter
from tests.provider import App, Browser, Provider
from tests.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def provider(open_provider: Callable[..., Provider], receiver: Receiver) -> Provider:
    here, allowed = {"issuer": "http://127.0.0.1:8000"}, {"allow": [receiver.origin]}
    return open_provider(admin={"second_factor": False}, server=here, outbound=allowed)


@pytest.fixture
def crm(provider: Provider, receiver: Receiver) -> App:
    return provider.add_client("CRM", backchannel_logout_uri=receiver.origin + "/logout")


def _turn_off(provider: Provider, owner: Browser) -> str:
    """The path of the evidence."""
    person = provider.services.directory.find_by_login("leaver")
    assert person is not None
    path = f"admin/people/{person.id}/off"
    page = owner.get(path)
    form = next(n for n, one in enumerate(page.dom.forms) if ("do", "off") in one.fields)
    owner.submit(page, form=form)
    return path


def _notice(provider: Provider, path: str) -> dict[str, object]:
    """What is queued for the application, as the worker would take it."""
    (event,) = provider.events("person:disabled")
    (job,) = [job for job in provider.services.jobs.pending() if job.name == "oidc.logout"]
    assert event.detail["told"]
    return dict(job.payload)


def _deliver(provider: Provider, payload: dict[str, object]) -> None:
    with contextlib.suppress(NotConfirmed):
        provider.services.jobs.perform("oidc.logout", payload)


@pytest.fixture
def leaver(provider: Provider, crm: App) -> None:
    provider.add_person("leaver")
    provider.tokens(crm, login="leaver")


def test_U2_each_try_stands_on_the_evidence_and_is_kept_when_the_state_is_gone(
    provider: Provider, leaver: None, receiver: Receiver, enter: Enter, clock: Clock, crm: App
) -> None:
    owner = enter("boss", RoleGrant("owner"))
    path = _turn_off(provider, owner)
    payload = _notice(provider, path)
    page = owner.get(path)
    assert page.dom.find("section", id="evidence")[0].get("data-again")
    receiver.status = 500
    _deliver(provider, payload)
    assert "it answered with status 500" in owner.get(path).dom.text
    receiver.status = 200
    clock.advance(60)
    _deliver(provider, payload)
    page = owner.get(path)
    assert "It has confirmed that they are signed out there." in page.dom.text
    assert "it answered with status 500" in page.dom.text
    assert not page.dom.find("section", id="evidence")[0].get("data-again")
    clock.advance(30 * 86_400)  # State has long forgotten it
    provider.services.state.sweep(1000)
    owner.log_in(owner.get(path), "boss")
    assert "It has confirmed that they are signed out there." in owner.get(path).dom.text


def test_U2_what_was_never_confirmed_is_said_to_be_given_up(
    provider: Provider, leaver: None, receiver: Receiver, enter: Enter, clock: Clock
) -> None:
    owner = enter("boss", RoleGrant("owner"))
    path = _turn_off(provider, owner)
    receiver.status = 500
    _deliver(provider, _notice(provider, path))
    clock.advance(signout.KEEP_TRYING + 7200)
    owner.log_in(owner.get(path), "boss")
    assert "It has not confirmed within a day, and is not told any more." in owner.get(path).dom.text


def test_R6_the_applications_own_page_has_each_try_and_no_other_applications(
    provider: Provider, leaver: None, receiver: Receiver, enter: Enter, crm: App
) -> None:
    other = provider.add_client("Wiki")
    owner = enter("boss", RoleGrant("owner"))
    payload = _notice(provider, _turn_off(provider, owner))
    receiver.status = 500
    _deliver(provider, payload)
    looker = enter("appadmin", RoleGrant("app_admin", (crm.id,)))
    told = looker.get(f"admin/apps/{crm.id}").dom.text
    assert "Told of sign-outs" in told
    assert "not confirmed" in told
    assert "it answered with status 500" in told
    receiver.status = 200
    _deliver(provider, payload)
    assert "2 tries" in looker.get(f"admin/apps/{crm.id}").dom.text
    assert looker.get(f"admin/apps/{other.id}").status == 403
    assert "Told of sign-outs" not in owner.get(f"admin/apps/{other.id}").dom.text


def test_R6_tries_leave_with_the_record(
    provider: Provider, leaver: None, receiver: Receiver, enter: Enter, clock: Clock, crm: App
) -> None:
    owner = enter("boss", RoleGrant("owner"))
    _deliver(provider, _notice(provider, _turn_off(provider, owner)))
    db = provider.services.db
    assert deliveries.sweep(db, clock() - 1) == 0
    assert deliveries.sweep(db, clock() + 1) == 1
    assert deliveries.of_client(db, crm.id, 10) == []
