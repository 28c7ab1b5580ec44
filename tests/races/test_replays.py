"""What may be used once is used once, over every process on one store: proofs, assertions, pushed requests. X13.

Each races with itself: exactly one of fifty counts, and none afterwards, whichever process is asked.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from joserfc import jwt

from tests.oidc import asked, assertions
from tests.oidc.test_dpop import proof
from tests.oidc.test_pushed_requests import reference
from tests.provider import Answer, assertion_form, basic, new_key
from tests.server import Server, race, unique

pytestmark = pytest.mark.slow

MANY = 50


def one_of_many(call: Callable[[], Answer], refused: tuple[int, str]) -> Answer:
    """The one that counted."""
    answers = race([call] * MANY)
    assert Counter((a.status, a.error) for a in answers) == {(200, ""): 1, refused: MANY - 1}
    late = call()
    assert (late.status, late.error) == refused
    return next(a for a in answers if a.status == 200)


@pytest.mark.spec("RFC9449 11.1")
def test_X13_S26_of_fifty_uses_of_one_dpop_proof_at_the_token_endpoint_one_counts(server: Server) -> None:
    robot = server.add_client(unique("Robot"), "machine", scope="jobs", dpop_bound_access_tokens=True)
    shown = {"DPoP": proof(server, new_key()), **basic(robot.id, robot.secret or "")}
    form = {"grant_type": "client_credentials"}
    won = one_of_many(lambda: server.post("oauth/token", None, form, **shown), (400, "invalid_dpop_proof"))
    assert won.json["token_type"] == "DPoP"


@pytest.mark.spec("RFC9449 11.1")
def test_X13_S26_of_fifty_uses_of_one_dpop_proof_at_a_resource_one_counts(server: Server) -> None:
    key = new_key()
    robot = server.add_client(unique("Robot"), "machine", scope="jobs", dpop_bound_access_tokens=True)
    given = server.post("oauth/token", robot, {"grant_type": "client_credentials"}, DPoP=proof(server, key))
    token = given.json["access_token"]
    shown = {"Authorization": f"DPoP {token}", "DPoP": proof(server, key, "oauth/whoami", "GET", token=token)}
    machine = server.browser()
    one_of_many(
        lambda: machine.copy().open("GET", "oauth/whoami", None, shown, cookies=False), (401, "invalid_dpop_proof")
    )


@pytest.mark.spec("RFC7523 3")
@pytest.mark.parametrize("path", ["oauth/par", "oauth/introspect", "oauth/revoke"])
def test_X13_S31_of_fifty_uses_of_one_client_assertion_one_counts_at_every_endpoint(server: Server, path: str) -> None:
    app = server.add_client(unique("Shop"), key=new_key())
    body = dict(server.request(app)) if path == "oauth/par" else {"token": "unknown"}
    form = {**body, **assertion_form(server.assertion(app))}
    answers = race([lambda: server.post(path, None, form)] * MANY)
    counted = Counter(a.status for a in answers)
    assert counted == {201 if path == "oauth/par" else 200: 1, 401: MANY - 1}
    # And at another endpoint, of another process, it stays used.
    again = {"grant_type": "authorization_code", "code": "x", **assertion_form(form["client_assertion"])}
    assert server.post("oauth/token", None, again).error == "invalid_client"


@pytest.mark.spec("RFC9126 4")
def test_S29_of_fifty_uses_of_one_pushed_request_one_gets_a_code(server: Server) -> None:
    app, name = server.add_client(unique("Shop"), key=new_key()), unique("ann")
    server.add_person(name)
    browser = server.browser()
    server.sign_in(browser, app, name)
    address = "oauth/authorize?" + urlencode({"client_id": app.id, "request_uri": reference(server, app)})
    tabs = [browser.copy() for _ in range(MANY)]
    answers = race([lambda tab=tab: tab.get(address) for tab in tabs])  # type: ignore[misc]
    codes = [a.sent["code"] for a in answers if "code" in a.sent]
    assert len(codes) == 1
    assert all(a.is_error_page for a in answers if "code" not in a.sent)
    assert browser.get(address).is_error_page
    assert server.redeem(app, codes[0]).status == 200


@pytest.mark.spec("RFC7523 3")
def test_X13_of_fifty_uses_of_one_assertion_of_another_issuer_one_counts(server: Server) -> None:
    from idp.oidc.grants import jwt_bearer

    name = unique("ann")
    server.add_person(name)
    said = {"grant_types": [jwt_bearer.GRANT_TYPE], "assertion_issuers": {assertions.ISSUER: assertions.TRUSTED}}
    robot = server.add_client(unique("Robot"), "machine", scope="jobs", **said)
    form = {"grant_type": jwt_bearer.GRANT_TYPE, "assertion": assertions.of(server, name)}
    one_of_many(lambda: server.post("oauth/token", robot, form), (400, "invalid_grant"))


@pytest.mark.spec("CIBA 7.1.1")
def test_X13_of_fifty_uses_of_one_signed_question_one_is_put(server: Server) -> None:
    key = new_key()
    bank = asked.add(server, unique("Bank"), key=key, backchannel_authentication_request_signing_alg="ES256")
    now = int(server.clock())
    claims = {
        "iss": bank.id, "aud": server.issuer, "iat": now, "nbf": now, "exp": now + 60, "jti": unique("j"),
        "scope": "openid", "login_hint": "nobody",
    }  # fmt: skip
    text = jwt.encode({"alg": "ES256"}, claims, key)
    one_of_many(lambda: server.post("oauth/bc-authorize", bank, {"request": text}), (400, "invalid_request"))
    assert "auth_req_id" not in json.dumps([event.detail for event in server.events("ciba:asked")])
