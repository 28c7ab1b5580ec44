"""H3: the clock of the machine jumps by an hour, and back again."""

from __future__ import annotations

from collections.abc import Callable

from tests.backends import Clock
from tests.provider import Provider

HOUR = 3600.0


def test_H3_an_hour_ahead_and_back_ends_only_what_is_good_for_an_hour(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    """Access tokens, here; by default a session, too. What began in that hour goes on after it."""
    provider = open_provider(session={"idle_minutes": 120})
    app, before, meanwhile = provider.add_client("CRM"), provider.browser(), provider.browser()
    provider.add_person("ann")
    provider.add_person("bob")
    tokens = provider.tokens(app, before)
    clock.advance(HOUR)
    assert provider.authorize(before, app, prompt="none").code
    assert provider.introspect(app, tokens["access_token"]) == {"active": False}
    tokens = provider.refresh(app, tokens["refresh_token"]).json
    assert provider.userinfo(tokens["access_token"]).status == 200
    others = provider.tokens(app, meanwhile, "bob")
    clock.advance(-HOUR)
    for browser, held in ((before, tokens), (meanwhile, others)):
        assert provider.authorize(browser, app, prompt="none").code
        assert provider.userinfo(held["access_token"]).status == 200
        refreshed = provider.refresh(app, held["refresh_token"])
        assert refreshed.status == 200
        assert provider.userinfo(refreshed.json["access_token"]).status == 200
    code = provider.sign_in(provider.browser(), app, "bob").code
    assert provider.redeem(app, code).status == 200
    assert provider.redeem(app, code).error == "invalid_grant"
    assert provider.revoke(app, tokens["refresh_token"]).status == 200
    assert provider.introspect(app, tokens["access_token"]) == {"active": False}
