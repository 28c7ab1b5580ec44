"""An error's id says which side, which field, what was expected and what came, with nobody watching. Q1, Q4, Q5."""

from __future__ import annotations

import json
from typing import Any

import pytest

from idp.audit import Event, explain, tail
from tests.admin.checking import test_openid_connect as oidc
from tests.admin.checking import test_saml as saml
from tests.admin.checking.relying import VERIFIER, Application
from tests.backends import Clock
from tests.provider import Provider
from tests.saml.relying import Toolkit, facts, register


def answers(provider: Provider) -> dict[str, dict[str, Any]]:
    """What stands under the ids of the errors that were told, by its code."""
    return {one["code"]: one for event in errors(provider) for one in event.detail.get("findings", ())}


def errors(provider: Provider) -> list[Event]:
    """The errors of the record."""
    return [event for event in tail(provider.services.db, 50) if event.error_id]


#: What goes well at first, and is for the live check alone to see.
NO_SAML_ERROR = ("a message that cannot be read", "IsPassive without a sign-in")
NO_ERROR = ("a scope that it may not have", "scopes with commas", "no openid")


@pytest.mark.parametrize("name", [name for name in oidc.BROKEN if name not in NO_ERROR])
def test_Q1_what_an_application_does_wrong_stands_under_the_error_s_id(provider: Provider, name: str) -> None:
    broken = oidc.BROKEN[name]
    app = oidc._registered(provider, broken)
    oidc._application(provider, app, broken).run()
    found = answers(provider)
    assert broken.code in found, (found, errors(provider))
    one = found[broken.code]
    assert (one["side"], one["field"]) == (broken.side, broken.field_)
    assert broken.got in one["got"]
    assert broken.fix.lower() in one["fix"].lower()


@pytest.mark.parametrize("name", [name for name in saml.BROKEN if name not in NO_SAML_ERROR])
def test_Q1_what_a_service_provider_does_wrong_stands_under_the_error_s_id(provider: Provider, name: str) -> None:
    broken = saml.BROKEN[name]
    provider.add_person("ann", **broken.person)
    register(provider, said=facts(**broken.said), **broken.registered)
    saml._run(provider, Toolkit(provider, **broken.kit), broken)
    found = answers(provider)
    assert broken.code in found, (found, errors(provider))
    one = found[broken.code]
    assert (one["side"], one["field"]) == (broken.side, broken.field_)
    assert broken.got in one["got"]
    assert broken.fix.lower() in one["fix"].lower()


def test_Q1_what_fails_alike_is_one_row_that_says_what_came_last(provider: Provider, clock: Clock) -> None:
    provider.add_person("ann")
    app = provider.add_client("CRM")
    for secret in ("wrong", f"{app.secret}\n"):
        Application(provider, app, secret=secret).run()
        clock.advance(30)
    (event,) = errors(provider)
    assert event.detail["times"] == 2
    assert [one["code"] for one in event.detail["findings"]] == ["secret_form"]


def test_Q4_no_secret_code_or_name_stands_in_what_was_found(provider: Provider) -> None:
    provider.add_person("ann", name="Ann Bell")
    app = provider.add_client("CRM")
    client = Application(provider, app)
    brought = client.sign_in()
    token = client.redeem(brought["code"])
    client.redeem(brought["code"])
    client.secret = None
    for secret in (f"{app.secret}\n", f'"{app.secret}"', f"SECRET={app.secret}"):
        Application(provider, app, secret=secret).run()
    Application(provider, app, redirect_uri="https://ann:hunter2@crm.example/cb").run()
    kept = json.dumps([event.detail.get("findings") for event in errors(provider)], ensure_ascii=False)
    assert all(code in kept for code in ("code_used", "secret_form", "redirect_uri"))
    secrets = [app.secret, brought["code"], token["access_token"], token["id_token"], VERIFIER, "hunter2"]
    assert not [one for one in (*secrets, "Ann Bell", "ann@example.com") if str(one) in kept]


def test_Q4_the_error_that_a_stranger_sees_has_none_of_it(provider: Provider) -> None:
    app = provider.add_client("CRM", redirect_uris=["https://crm.internal.example/registered-path"])
    page = provider.authorize(provider.browser(), app, redirect_uri="https://crm.example/cb")
    assert page.status == 400
    assert "registered-path" not in page.text
    (event,) = errors(provider)
    assert event.error_id is not None
    assert event.error_id in page.text
    (kept,) = explain(provider.services.db, event.error_id)
    assert kept.detail["findings"][0]["expected"] == "https://crm.internal.example/registered-path"


def test_N5_a_look_that_fails_costs_nobody_their_answer(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("clients.redirects.is_registered", broken)
    assert not provider.services.errors.answers(Event("error:x", client_id="nobody"), provider_request(provider))


def provider_request(provider: Provider) -> Any:
    """A request as the edge has it."""
    from idp.wire import Request

    app = provider.add_client("CRM")
    query = f"client_id={app.id}&redirect_uri=https://crm.example/cb"
    return Request({"REQUEST_METHOD": "GET", "PATH_INFO": "/oauth/authorize", "QUERY_STRING": query})
