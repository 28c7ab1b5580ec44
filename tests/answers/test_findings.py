"""An error's id says which side, which field, what was expected and what came, with nobody watching. Q1, Q4, Q5."""

from __future__ import annotations

import json
from time import process_time
from typing import Any

import pytest

from idp.audit import Event, explain, tail
from idp.saml.messages import names
from idp.saml.messages.xml import child, parse, serialize
from tests.admin.checking import test_openid_connect as oidc
from tests.admin.checking import test_saml as saml
from tests.admin.checking.relying import VERIFIER, Application
from tests.backends import Clock
from tests.provider import Provider
from tests.saml.pairs import rsa_pair
from tests.saml.relying import Toolkit, certificate, facts, register


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
    for secret in ("wrong", app.secret.swapcase()):
        Application(provider, app, secret=secret).run()
        clock.advance(30)
    (event,) = errors(provider)
    assert event.detail["times"] == 2
    assert [one["code"] for one in event.detail["findings"]] == ["secret_form"]


def test_Q1_somebody_who_tries_one_thing_after_the_other_reads_of_the_last(provider: Provider, clock: Clock) -> None:
    provider.add_person("ann")
    app = provider.add_client("CRM")
    for secret, code in (("wrong", "secret_wrong"), (app.secret.swapcase(), "secret_form"), ("wrong", "secret_wrong")):
        Application(provider, app, secret=secret).run()
        provider.services.faults.flush()
        clock.advance(6)
        assert code in answers(provider)
    assert len(errors(provider)) == 1


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


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic"])
def test_S18_a_secret_in_the_place_of_the_id_is_named_and_not_kept(provider: Provider, method: str) -> None:
    app = provider.add_client("CRM")
    assert app.secret is not None
    Application(provider, app, client_id=app.secret, secret=app.id, method=method).redeem("x")
    assert "swap them" in json.dumps([event.detail for event in errors(provider)])
    Application(provider, app, client_id=f"{app.id}:{app.secret}", method=method).redeem("x")
    provider.authorize(provider.browser(), app, client_id=app.secret)
    assert app.secret not in json.dumps([event.detail for event in errors(provider)])


def test_S18_a_name_and_password_in_an_address_are_not_kept(provider: Provider) -> None:
    app = provider.add_client("CRM")
    provider.authorize(provider.browser(), app, redirect_uri="https://ann:hunter2@crm.example/cb")
    provider.browser().get(f"oauth/logout?client_id={app.id}&post_logout_redirect_uri=https://ann:hunter2@x.example/")
    assert errors(provider)
    assert "hunter2" not in json.dumps([event.detail for event in errors(provider)])


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


@pytest.mark.parametrize(
    "text", ["SignatureMethod Algorithm=", "<SignatureMethod ", "<X509Certificate>", "<X509Certificate ", "AAAA "]
)
def test_N10_a_hostile_document_costs_its_length_once(text: str) -> None:
    """Seconds of the processor: the square of this length would be a minute of it."""
    from idp.answers.findings import signature

    message = text.encode() * (600_000 // len(text))
    begun = process_time()
    assert not signature._ALGORITHM.search(message)
    signature._CERTIFICATE.search(message)
    assert process_time() - begun < 3


def test_N10_a_long_message_is_not_read_once_more(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    from idp.answers.looking import MAX_DOCUMENT
    from tests.saml.asking import authn_request, by_redirect

    register(provider, said=facts(signing_certificates=[certificate(rsa_pair("mine"))], authn_requests_signed=True))
    read: list[int] = []

    def counted(text: bytes) -> Any:
        read.append(len(text))
        return parse(text)

    monkeypatch.setattr("idp.answers.messages.parse", counted)
    for filling in ("x", "x" * 60_000):
        request = authn_request(provider)
        child(child(request, names.SAMLP, "Extensions", None), "urn:x", "a", None, filling)
        by_redirect(provider.browser(), serialize(request), None)
    assert len(read) == 1
    assert read[0] < MAX_DOCUMENT


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


def test_Q1_parameters_in_the_address_are_told_as_such(provider: Provider) -> None:
    app = provider.add_client("CRM")
    query = f"oauth/token?grant_type=authorization_code&code=x&client_id={app.id}&client_secret={app.secret}"
    provider.browser().post(query, {"client_id": app.id})
    assert "make a new one" in answers(provider)["in_the_address"]["fix"]
    assert str(app.secret) not in json.dumps([event.detail for event in errors(provider)])


def test_Q1_a_grant_that_there_is_not_is_not_offered(provider: Provider) -> None:
    app = provider.add_client("CRM")
    form = {"grant_type": "password", "client_id": app.id, "client_secret": str(app.secret)}
    provider.browser().post("oauth/token", form)
    assert "there is no such grant here" in answers(provider)["grant_type"]["fix"]
