"""Fifty at once: one code, one refresh token, one assertion (X13, X20)."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import bindparam, func, select

from idp.oidc.ledger.store import access_tokens, families
from tests.oidc import devices
from tests.provider import App, new_key
from tests.server import Server, race, unique

pytestmark = pytest.mark.slow

MANY = 50
_FAMILIES = select(func.count().label("n")).where(families.c.person_id == bindparam("person_id"))
_ACCESS = select(func.count().label("n")).where(access_tokens.c.family_id == bindparam("family_id"))


def _family(refresh_token: str) -> str:
    return refresh_token.removeprefix("dwr_").partition(".")[0]


def _somebody(server: Server) -> tuple[App, str, str]:
    """An application of its own, and somebody's name and id."""
    name = unique("ann")
    return server.add_client(unique("CRM")), name, server.add_person(name).id


@pytest.mark.spec("RFC6749 4.1.2")
@pytest.mark.spec("RFC9700 4.5")
def test_S9_of_fifty_redemptions_of_one_code_one_gets_tokens_and_the_second_use_revokes_them(server: Server) -> None:
    app, name, person_id = _somebody(server)
    code = server.sign_in(server.browser(), app, name).code
    answers = race([lambda: server.redeem(app, code)] * MANY)
    assert Counter((a.status, a.error) for a in answers) == {(200, ""): 1, (400, "invalid_grant"): MANY - 1}
    won = next(a.json for a in answers if a.status == 200)
    assert server.introspect(app, won["access_token"]) == {"active": False}
    assert server.introspect(app, won["refresh_token"]) == {"active": False}
    assert server.userinfo(won["access_token"]).status == 401
    assert server.refresh(app, won["refresh_token"]).error == "invalid_grant"
    assert server.services.db.one(_FAMILIES, person_id=person_id).n == 1
    told = [e for e in server.events("tokens:revoked") if e.person_id == person_id]
    assert [(e.client_id, e.detail["why"]) for e in told] == [(app.id, "the code was used twice")]


@pytest.mark.spec("RFC9700 4.14.2")
def test_X20_fifty_refreshes_of_one_token_give_one_successor_in_one_family(server: Server) -> None:
    app, name, person_id = _somebody(server)
    first = server.tokens(app, login=name)
    answers = race([lambda: server.refresh(app, first["refresh_token"])] * MANY)
    assert Counter((a.status, a.error) for a in answers) == {(200, ""): MANY}
    assert len({a.json["refresh_token"] for a in answers}) == 1
    assert len({a.json["access_token"] for a in answers}) == 1
    second = answers[0].json
    assert second["refresh_token"] != first["refresh_token"]
    family_id = _family(second["refresh_token"])
    assert server.services.db.one(_FAMILIES, person_id=person_id).n == 1
    # The code's own access token, and the one that all fifty were given.
    assert server.services.db.one(_ACCESS, family_id=family_id).n == 2
    assert server.introspect(app, second["access_token"])["active"] is True
    third = server.refresh(app, second["refresh_token"]).json
    # Half a minute later the old one is no second tab any more: somebody has stolen one of the two.
    later = server.later(30)
    assert later.refresh(app, first["refresh_token"]).error == "invalid_grant"
    for token in (third["access_token"], third["refresh_token"], second["access_token"]):
        assert server.introspect(app, token) == {"active": False}
    assert server.refresh(app, third["refresh_token"]).error == "invalid_grant"
    told = [e for e in server.events("tokens:revoked") if e.person_id == person_id]
    assert [e.detail["why"] for e in told] == ["a rotated refresh token was used again"]


@pytest.mark.spec("RFC9700 4.14.2")
def test_X20_an_old_refresh_token_that_races_with_the_current_one_ends_the_family_for_good(server: Server) -> None:
    """Thief and owner at the same moment, past the grace: whoever comes first, nothing of the family lives on."""
    app, name, person_id = _somebody(server)
    first = server.tokens(app, login=name)
    second = server.refresh(app, first["refresh_token"]).json
    later = server.later(30)
    tokens = [first["refresh_token"], second["refresh_token"]] * 10
    answers = race([lambda t=t: later.refresh(app, t) for t in tokens])  # type: ignore[misc]
    assert all(a.error == "invalid_grant" for a in answers[0::2])
    given = [a.json for a in answers[1::2] if a.status == 200]
    for token in (second["refresh_token"], *(g[kind] for g in given for kind in ("refresh_token", "access_token"))):
        assert server.introspect(app, token) == {"active": False}
    assert len([e for e in server.events("tokens:revoked") if e.person_id == person_id]) == 1


@pytest.mark.spec("RFC 8628 3.5")
def test_S36_of_fifty_that_fetch_what_one_device_was_given_one_gets_it(server: Server) -> None:
    name = unique("ann")
    person_id = server.add_person(name).id
    tv = server.add_client(unique("TV"), "native", grant_types=[devices.GRANT], redirect_uris=[])
    device = devices.begun(server, tv)
    devices.approve(server.browser(), device, name)
    answers = race([lambda: devices.poll(server, tv, device)] * MANY)
    assert Counter((a.status, a.error) for a in answers) == {(200, ""): 1, (400, "invalid_grant"): MANY - 1}
    assert server.services.db.one(_FAMILIES, person_id=person_id).n == 1


@pytest.mark.spec("RFC7523 3")
def test_X13_of_fifty_uses_of_one_client_assertion_one_counts(server: Server) -> None:
    app = server.add_client(unique("Robot"), "machine", key=new_key(), scope="jobs")
    form = server.proof(app)[0]
    answers = race([lambda: server.post("oauth/token", None, [("grant_type", "client_credentials"), *form])] * MANY)
    assert Counter((a.status, a.error) for a in answers) == {(200, ""): 1, (401, "invalid_client"): MANY - 1}
    # And at another endpoint, of another worker, it stays used.
    assert server.post("oauth/introspect", None, [("token", "x"), *form]).error == "invalid_client"
