"""What happened step by step, and which step broke, over whole sign-ins of real clients. Q1, S59."""

from __future__ import annotations

import pytest

from clients.access import Access
from idp.accounts.roles import RoleGrant
from idp.admin import conversation
from idp.admin.actor import Actor, of_shell
from idp.admin.conversation import Step
from idp.audit import Event
from idp.cli import story
from tests.admin.checking.relying import VERIFIER, Application
from tests.backends import Clock
from tests.oidc.test_logout import log_out
from tests.provider import ERROR_ID, App, Provider
from tests.saml.relying import Toolkit, register, sign_in

SHELL = of_shell("cli:test")


def latest(provider: Provider) -> Event:
    """The error, or failed proof, that came last."""
    failed = [one for one in provider.events() if one.error_id]
    return failed[-1]


def told(provider: Provider, actor: Actor = SHELL) -> dict[str, Step]:
    """The steps of the latest error; of one kind the last."""
    return {one.kind: one for one in conversation.of_event(provider.services, actor, latest(provider))}


def statuses(provider: Provider) -> str:
    """The steps in one line, without what was not reached."""
    return " ".join(f"{one.kind}={one.status}" for one in told(provider).values() if one.status != "ahead")


@pytest.fixture
def crm(provider: Provider) -> App:
    provider.add_person("ann")
    return provider.add_client("CRM")


def test_Q1_what_breaks_at_the_authorization_request_breaks_there(provider: Provider, crm: App) -> None:
    Application(provider, crm, redirect_uri="https://crm.example/elsewhere").run()
    assert statuses(provider) == "authorize=broke"
    step = told(provider)["authorize"]
    assert (step.note, step.request_id) == ("unregistered_redirect_uri", latest(provider).request_id)
    assert step.error_id == latest(provider).error_id


def test_Q1_an_error_that_goes_back_breaks_there_as_well(provider: Provider, crm: App) -> None:
    Application(provider, crm, authorize={"response_type": "token"}).run()
    assert statuses(provider) == "authorize=broke"


def test_Q1_a_wrong_password_breaks_at_the_proof_of_the_conversation_that_began_before(
    provider: Provider, crm: App, clock: Clock
) -> None:
    browser = provider.browser()
    page = provider.authorize(browser, crm)
    clock.advance(40)
    browser.log_in(page, "ann", "wrong")
    steps = told(provider)
    assert statuses(provider) == "authorize=well page=well proof=broke"
    assert steps["proof"].at == pytest.approx((steps["authorize"].at or 0) + 40, abs=2)
    assert steps["authorize"].request_id
    assert steps["authorize"].request_id != steps["proof"].request_id
    assert steps["code"].status == "ahead"


def test_Q1_whoever_may_not_open_it_has_proven_who_they_are(provider: Provider, crm: App) -> None:
    provider.services.registry.change_access(crm.id, lambda _: Access.only(groups=["board"]))
    browser = provider.browser()
    page = browser.log_in(provider.authorize(browser, crm), "ann")
    assert ERROR_ID.search(page.text)
    assert statuses(provider) == "authorize=well page=well proof=well access=broke"
    assert told(provider)["proof"].note == "pwd"


def test_Q1_a_verifier_that_does_not_fit_breaks_at_the_token_after_all_the_rest(
    provider: Provider, crm: App, clock: Clock
) -> None:
    client = Application(provider, crm, token={"code_verifier": "another-verifier-that-is-long-enough-for-the-rule"})
    brought = client.sign_in()
    clock.advance(20)
    assert client.redeem(brought["code"])["error"] == "invalid_grant"
    assert statuses(provider) == (
        "authorize=well page=well proof=well access=passed consent=unrecorded code=well token=broke"
    )
    steps = told(provider)
    assert steps["token"].at == pytest.approx((steps["code"].at or 0) + 20, abs=2)
    assert steps["proof"].request_id == provider.events("session:started")[-1].request_id
    assert steps["userinfo"].status == "ahead"


def test_Q1_a_code_that_ran_out_leads_to_its_sign_in_though_nothing_of_it_is_kept(
    provider: Provider, crm: App, clock: Clock
) -> None:
    client = Application(provider, crm)
    brought = client.sign_in()
    clock.advance(400)
    client.redeem(brought["code"])
    steps = told(provider)
    assert (steps["proof"].status, steps["code"].status, steps["token"].status) == ("well", "well", "broke")
    assert (steps["token"].at or 0) - (steps["code"].at or 0) == pytest.approx(400, abs=2)


def test_Q1_a_wrong_secret_leads_to_the_sign_in_whose_code_was_sent(provider: Provider, crm: App) -> None:
    Application(provider, crm, secret="wrong").run()
    assert statuses(provider).startswith("authorize=well page=well proof=well")
    assert told(provider)["token"].note == "invalid_client"


def test_Q1_a_code_that_came_twice_says_that_it_was_redeemed_before(provider: Provider, crm: App) -> None:
    client = Application(provider, crm)
    brought = client.sign_in()
    client.redeem(brought["code"])
    client.redeem(brought["code"])
    steps = conversation.of_event(provider.services, SHELL, latest(provider))
    assert [one.status for one in steps if one.kind == "token"] == ["well", "broke"]


def test_Q1_userinfo_that_is_refused_comes_after_the_token(provider: Provider, crm: App) -> None:
    client = Application(provider, crm, scope="profile")
    client.run()
    assert statuses(provider).endswith("code=well token=well userinfo=broke")


def test_Q1_single_sign_on_is_told_as_such_and_another_application_is_not_named(provider: Provider, crm: App) -> None:
    browser = provider.browser()
    Application(provider, crm).sign_in(browser)
    wiki = provider.add_client("Wiki")
    client = Application(provider, wiki, token={"code_verifier": "another-verifier-that-is-long-enough-for-the-rule"})
    client.redeem(client.sign_in(browser)["code"])
    own = Actor(kind="person", id="u1", name="person:u1", grants=(RoleGrant("app_admin", (wiki.id,)),))
    for actor in (SHELL, own):
        steps = told(provider, actor)
        assert (steps["code"].status, steps["token"].status) == ("well", "broke")
    first = provider.events("session:started")[0]
    assert first.request_id not in str(conversation.of_event(provider.services, own, latest(provider)))


def test_Q1_S59_a_code_of_another_application_tells_nothing_of_its_sign_in(provider: Provider, crm: App) -> None:
    brought = Application(provider, crm).sign_in()
    wiki = Application(provider, provider.add_client("Wiki"))
    wiki.redeem(brought["code"])
    steps = conversation.of_event(provider.services, SHELL, latest(provider))
    started = provider.events("session:started")[-1]
    assert latest(provider).client_id == wiki.app.id
    assert not [one for one in steps if started.request_id in (one.request_id, one.error_id)]
    assert not [one for one in steps if one.kind == "proof" and one.status == "well"]


def test_Q1_a_sign_out_that_is_refused_is_the_last_step(provider: Provider, crm: App) -> None:
    provider.browser().get(
        f"oauth/logout?client_id={crm.id}&post_logout_redirect_uri=https://x.example/&id_token_hint=x"
    )
    assert told(provider)["sign_out"].status == "broke"


def test_Q1_a_service_provider_s_request_a_wrong_password_and_a_rule_are_steps_of_saml(provider: Provider) -> None:
    provider.add_person("ann")
    wiki = register(provider, access=Access.only(groups=["Board"]))
    browser = provider.browser()
    page = browser.get(Toolkit(provider).login_url())
    browser.log_in(page, "ann", "wrong")
    assert statuses(provider) == "authn_request=well page=well proof=broke"
    browser = provider.browser()
    sign_in(browser, browser.get(Toolkit(provider).login_url()))
    assert latest(provider).client_id == wiki.id
    assert statuses(provider) == "authn_request=well page=well proof=well access=broke"


def test_Q1_a_saml_request_that_is_refused_breaks_at_once(provider: Provider) -> None:
    register(provider)
    provider.browser().get(Toolkit(provider, sp={"entityId": "https://nobody.example"}).login_url())
    assert statuses(provider) == "authn_request=broke"


def test_Q1_what_is_of_no_sign_in_has_no_steps(provider: Provider) -> None:
    provider.browser().get("nowhere")
    assert conversation.of_event(provider.services, SHELL, latest(provider)) == ()


def test_S17_no_secret_of_a_code_or_token_stands_in_the_record(provider: Provider, crm: App) -> None:
    client = Application(provider, crm)
    brought = client.sign_in()
    token = client.redeem(brought["code"])
    client.redeem(brought["code"])
    provider.browser().get("oauth/userinfo", headers={"Authorization": f"Bearer {token['access_token'][:-4]}"})
    provider.services.faults.flush(whole=True)
    kept = str([(one.detail, one.request_id) for one in provider.events()])
    for value in (brought["code"], token["access_token"]):
        assert value not in kept
        assert value.partition(".")[2][:12] not in kept


def test_Q1_a_success_after_the_break_stands_after_it(provider: Provider, crm: App, clock: Clock) -> None:
    client = Application(provider, crm, secret="wrong")
    brought = client.sign_in()
    clock.advance(5)
    client.redeem(brought["code"])
    event = latest(provider)
    clock.advance(30)
    assert provider.redeem(crm, brought["code"], code_verifier=VERIFIER).status == 200
    steps = conversation.of_event(provider.services, SHELL, event)
    assert [one.status for one in steps if one.kind == "token"] == ["broke", "later"]
    shown = [*story.steps(steps)]
    (broke,) = (number for number, text in enumerate(shown) if "BROKE HERE" in text)
    assert "later: went well" in shown[broke + 1]


def test_Q1_a_sign_out_proves_nothing_of_what_an_application_got_and_names_it(
    provider: Provider, crm: App, clock: Clock
) -> None:
    browser = provider.browser()
    client = Application(provider, crm, secret="wrong")
    brought = client.sign_in(browser)
    clock.advance(5)
    tokens = provider.redeem(crm, brought["code"], code_verifier=VERIFIER).json
    clock.advance(5)
    log_out(browser, id_token_hint=tokens["id_token"])
    clock.advance(5)
    client.redeem(brought["code"])
    steps = conversation.of_event(provider.services, SHELL, latest(provider))
    found = {one.kind: one for one in steps}
    assert found["userinfo"].status in ("unrecorded", "ahead")
    assert found["sign_out"].note == "signed out at CRM"
    assert [one.kind for one in steps].index("sign_out") < [one.status for one in steps].index("broke")
