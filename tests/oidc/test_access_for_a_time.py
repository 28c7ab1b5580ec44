"""R4: access for a time ends at once where people and tokens pass, and costs those paths nothing."""

from __future__ import annotations

import base64
import json

from clients.access import Access, Term, person_key
from tests.backends import Clock
from tests.provider import App, Provider

HOUR = 3600.0


def limited(provider: Provider, person_id: str, until: float, **about: object) -> App:
    rule = Access.only(persons=[person_id], terms={person_key(person_id): Term(until=until)})
    return provider.add_client("Payroll", access=rule, grant_types=["authorization_code", "refresh_token"], **about)


def test_R4_tokens_end_with_the_access_that_they_were_given_for(provider: Provider, clock: Clock) -> None:
    ann = provider.add_person("ann")
    app = limited(provider, ann.id, clock() + HOUR / 2)
    browser = provider.browser()
    tokens = provider.redeem(app, provider.sign_in(browser, app, scope="openid offline_access").code).json
    assert tokens["expires_in"] <= HOUR / 2
    assert provider.introspect(app, tokens["access_token"])["active"] is True
    clock.advance(HOUR / 2)
    assert provider.introspect(app, tokens["access_token"])["active"] is False
    assert provider.refresh(app, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert provider.authorize(browser, app, prompt="none").error == "access_denied"


def test_R4_the_decision_itself_ends_and_not_only_what_was_written_on_the_token(
    provider: Provider, clock: Clock
) -> None:
    """The term is set when the tokens are out already."""
    ann = provider.add_person("ann")
    app = provider.add_client("Payroll", access=Access.only(persons=[ann.id]))
    tokens = provider.redeem(app, provider.sign_in(provider.browser(), app).code).json
    key = person_key(ann.id)
    provider.services.registry.change_access(app.id, lambda rule: rule.with_terms({key: Term(until=clock() + 60)}))
    assert provider.introspect(app, tokens["access_token"])["active"] is True
    clock.advance(60)
    assert provider.introspect(app, tokens["access_token"])["active"] is False
    provider.services.registry.change_access(app.id, lambda rule: rule.with_terms({key: Term(until=clock() + 60)}))
    assert provider.introspect(app, tokens["access_token"])["active"] is True, "and begins again with the rule"


def test_R4_a_jwt_that_others_check_says_its_end_itself(provider: Provider, clock: Clock) -> None:
    ann = provider.add_person("ann")
    end = clock() + 120
    app = limited(provider, ann.id, end, access_token_format="jwt")
    tokens = provider.redeem(app, provider.sign_in(provider.browser(), app).code).json
    payload = tokens["access_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["exp"] <= end


def test_R4_a_rule_with_terms_asks_the_database_no_more(provider: Provider, clock: Clock) -> None:
    ann = provider.add_person("ann")
    plain = provider.add_client("Plain", access=Access.only(persons=[ann.id]))
    timed = limited(provider, ann.id, clock() + HOUR)
    browser = provider.browser()
    provider.sign_in(browser, plain)
    provider.sign_in(browser, timed)
    for app in (plain, timed):
        provider.authorize(browser, app)
    asked = [provider.counted(lambda app=app: provider.authorize(browser, app))[:2] for app in (plain, timed)]
    assert [len(one) for one in asked[0]] == [len(one) for one in asked[1]]
