"""Mistakes that developers make at the OAuth endpoints: side, field, what came and the fix stand under the id. Q1, Q4.

Each is tried as the application does it; and what its sender reads names nothing that is registered or secret.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.answers.test_findings import errors
from tests.backends import Clock
from tests.oidc.test_request_objects import made
from tests.provider import VERIFIER, Answer, App, Provider, assertion_form, basic, bearer, challenge_of, new_key

OFFLINE = {"scope": "openid offline_access", "prompt": "consent"}


class World:
    """A provider with applications of each kind, and somebody at a browser."""

    def __init__(self, provider: Provider, clock: Clock) -> None:
        self.p, self.clock = provider, clock
        provider.add_person("ann")
        self.app = provider.add_client("CRM", redirect_uris=["https://crm.example/registered"])
        self.other = provider.add_client("Desk", redirect_uris=["https://desk.example/registered"])
        self.spa = provider.add_client("Notes", "spa", redirect_uris=["https://notes.example/registered"])
        self.jwt = provider.add_client("Vault", key=new_key())
        self.robot = provider.add_client("Robot", "machine", scope="api.read")
        self.browser = provider.browser()
        self.made: list[str] = [one for one in (self.app.secret, self.other.secret) if one]

    def code(self, **asked: Any) -> str:
        self.made.append(self.p.sign_in(self.browser, self.app, **asked).code)
        return self.made[-1]

    def tokens(self, **asked: Any) -> dict[str, Any]:
        found = self.p.tokens(self.app, self.browser, **asked)
        self.made += [found[name] for name in ("access_token", "refresh_token", "id_token") if name in found]
        return found

    def post(self, form: Any, path: str = "oauth/token", **headers: str) -> Answer:
        return self.p.browser().open("POST", path, form, headers, cookies=False)

    def secret(self, secret: str) -> Answer:
        return self.post({"grant_type": "authorization_code", "code": "x"}, **basic(self.app.id, secret))

    def asserted(self, header: Any = None, key: Any = None, client: App | None = None, **claims: Any) -> Answer:
        assertion = self.p.assertion(client or self.jwt, header, key, **claims)
        return self.post({"grant_type": "authorization_code", "code": "x", **assertion_form(assertion)})

    def authorize(self, **asked: Any) -> Answer:
        return self.p.authorize(self.browser, self.app, **asked)

    def later(self, seconds: float, call: Callable[[], Answer]) -> Answer:
        self.clock.advance(seconds)
        return call()


def _refreshed(world: World, then: Callable[[World, str], Answer]) -> Answer:
    return then(world, world.tokens(**OFFLINE)["refresh_token"])


def _twice(world: World, token: str) -> Answer:
    world.p.refresh(world.app, token)
    return world.later(600, lambda: world.p.refresh(world.app, token))


def _revoked(world: World, token: str) -> Answer:
    world.p.revoke(world.app, token)
    return world.p.refresh(world.app, token)


def _late(world: World) -> Answer:
    code = world.code()
    return world.later(95, lambda: world.p.redeem(world.app, code))


def _hs256(world: World) -> Answer:
    now = int(world.clock())
    claims = {"iss": world.jwt.id, "sub": world.jwt.id, "aud": world.p.issuer, "iat": now, "exp": now + 60, "jti": "x"}
    made = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("a-secret-of-the-app-that-is-long-enough"))
    return world.post({"grant_type": "authorization_code", "code": "x", **assertion_form(made)})


def _by_the_secret(w: World) -> Answer:
    now = int(w.clock())
    claims = {"iss": w.app.id, "sub": w.app.id, "aud": w.p.issuer, "iat": now, "exp": now + 60, "jti": "x"}
    made = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(w.app.secret or ""))
    return w.post({"grant_type": "authorization_code", "code": "x", **assertion_form(made)})


def _foreign() -> str:
    return jwt.encode({"alg": "ES256"}, {"iss": "https://accounts.google.com", "sub": "1"}, new_key())


def _signed(w: World, *, key: Any = None, text: str = "", **over: Any) -> Answer:
    """A signed request of Vault's; times are seconds from now."""
    over = {name: w.clock() + value if name in ("exp", "nbf") else value for name, value in over.items()}
    asked = {"client_id": w.jwt.id, "request": text or made(w.p, w.jwt, key, **over)}
    return w.browser.get(f"oauth/authorize?{urlencode({**asked, 'redirect_uri': w.jwt.redirect_uri})}")


def _userinfo(change: Callable[[dict[str, Any]], dict[str, str]]) -> Callable[[World], Answer]:
    return lambda w: w.p.browser().open("GET", "oauth/userinfo", None, change(w.tokens()), cookies=False)


def _expired(world: World) -> Answer:
    token = world.tokens()["access_token"]
    return world.later(3 * 3600, lambda: world.p.userinfo(token))


def _json(world: World) -> Answer:
    body = json.dumps({"grant_type": "authorization_code", "code": "x", "client_id": world.app.id}).encode()
    return world.p.browser().open("POST", "oauth/token", body, {"Content-Type": "application/json"}, cookies=False)


def _of_form(w: World) -> dict[str, str]:
    return {"grant_type": "authorization_code", "code": "x", "client_id": w.jwt.id}


def _redeemed(w: World, *, change: Callable[[str], str] = str, **form: str) -> Answer:
    code = change(w.code())
    sent = {"grant_type": "authorization_code", "code": code, "redirect_uri": w.app.redirect_uri,
            "code_verifier": VERIFIER, **form}  # fmt: skip
    return _proven(w, sent)


def _proven(w: World, form: Any) -> Answer:
    return w.post(form, **basic(w.app.id, w.app.secret or ""))


#: What is done; side and field that must be named; words of what came and of the fix.
MISTAKES: dict[str, tuple[Callable[[World], Answer], str, str, str, str]] = {
    # -- who it is
    "no authentication": (
        lambda w: w.post({"grant_type": "authorization_code", "code": "x"}), "application", "Authorization",
        "(nothing)",
        "HTTP Basic"),
    "a bearer in place of Basic": (
        lambda w: w.post({"grant_type": "authorization_code"}, Authorization=f"Bearer {w.app.secret}"), "application",
        "Authorization", "Bearer", "HTTP Basic"),
    "Basic without base64": (
        lambda w: w.post({"grant_type": "authorization_code"}, Authorization=f"Basic {w.app.id}:{w.app.secret}"),
        "application", "Authorization", "no base64", "base64 of client_id:client_secret"),
    "two ways at once": (
        lambda w: w.post({"grant_type": "authorization_code", "client_id": w.app.id, "client_secret": w.app.secret},
                         **basic(w.app.id, w.app.secret or "")), "application", "Authorization", "header and form",
        "one way"),
    "another id in the form": (
        lambda w: w.post({"grant_type": "authorization_code", "client_id": w.other.id},
                         **basic(w.app.id, w.app.secret or "")), "application", "client_id", "", "one client id"),
    "a space behind the id": (
        lambda w: w.post({"grant_type": "authorization_code"}, **basic(f"{w.app.id} ", w.app.secret or "")),
        "application", "client_id", "", "space"),
    "an empty secret": (lambda w: w.secret(""), "application", "client_secret", "it is empty", "it is empty"),
    "a placeholder": (
        lambda w: w.secret("${CLIENT_SECRET}"), "application", "client_secret", "placeholder", "placeholder"),
    "a secret that is cut off": (
        lambda w: w.secret((w.app.secret or "")[:-3]), "application", "client_secret", "40 characters", "cut off"),
    "a secret in capitals": (
        lambda w: w.secret((w.app.secret or "").upper()), "application", "client_secret", "", "case matter"),
    "a secret twice": (
        lambda w: w.secret((w.app.secret or "") * 2), "application", "client_secret", "twice", "right secret"),
    "the secret of another": (
        lambda w: w.secret(w.other.secret or ""), "application", "client_secret", "another one",
        "of another application"),
    "a secret with its name": (
        lambda w: w.secret(f"OIDC_CLIENT_SECRET={w.app.secret}"), "application", "client_secret", "a name and “=”",
        "right secret"),
    "the name for the id": (
        lambda w: w.post({"grant_type": "authorization_code", "code": "x"}, **basic("crm", w.app.secret or "")),
        "application", "client_id", "crm", "The name of the application"),
    "an assertion that is none": (
        lambda w: w.post({**_of_form(w), **assertion_form("garbage")}), "application", "client_assertion", "no JWT",
        "three parts"),
    "no assertion type": (
        lambda w: w.post({**_of_form(w), "client_assertion": w.p.assertion(w.jwt)}), "application",
        "client_assertion_type", "(nothing)", "jwt-bearer"),
    "a shared secret signs": (_hs256, "application", "alg", "HS256", "client_secret_jwt"),
    "another key under the same kid": (
        lambda w: w.asserted({"kid": "k1"}, new_key("k1")), "application", "client_assertion", "kid k1",
        "kid of its own"),
    "milliseconds": (
        lambda w: w.asserted(iat=int(w.clock() * 1000), exp=int(w.clock() * 1000) + 60_000), "application", "exp", "",
        "milliseconds"),
    "an assertion for a day": (
        lambda w: w.asserted(exp=int(w.clock()) + 86_400), "application", "exp", "ahead", "1 hour at most"),
    "no jti": (lambda w: w.asserted(jti=None), "application", "jti", "(nothing)", "UUID"),
    "an audience with a slash": (
        lambda w: w.asserted(aud=f"{w.p.issuer}/"), "application", "aud", "login.example/", "slash"),
    "another kind of JWT": (lambda w: w.asserted({"typ": "at+jwt"}), "application", "typ", "at+jwt", "proves nobody"),
    # -- the form
    "JSON": (_json, "application", "Content-Type", "application/json", "as a form"),
    "GET": (
        lambda w: w.p.browser().get(f"oauth/token?grant_type=authorization_code&client_id={w.app.id}"), "application",
        "HTTP method", "GET", "by POST"),
    "a code twice in one form": (
        lambda w: _proven(w, [("grant_type", "authorization_code"), ("code", "x"), ("code", "y")]), "application",
        "code",
        "twice", "once"),
    "no grant type": (lambda w: _proven(w, {"code": "x"}), "application", "grant_type", "(nothing)", "it sent none"),
    "a grant type with s": (
        lambda w: _proven(w, {"grant_type": "authorisation_code"}), "application", "grant_type", "authorisation_code",
        "no such grant"),
    "a grant that it may not use": (
        lambda w: w.p.client_credentials(w.app), "application", "grant_type", "client_credentials", "grant_types+="),
    "no UTF-8": (
        lambda w: w.p.browser().open("POST", "oauth/token", b"grant_type=\xff", {
            "Content-Type": "application/x-www-form-urlencoded", **basic(w.app.id, w.app.secret or "")}),
        "application", "body", "not UTF-8", "UTF-8"),
    # -- the code
    "a late code": (_late, "application", "code", "ran out 35 seconds before", "Redeem it at once"),
    "a code of another": (
        lambda w: w.p.redeem(w.other, w.code(), redirect_uri=w.app.redirect_uri), "application", "client_id", "",
        "another client id"),
    "a code with a space": (
        lambda w: w.p.redeem(w.app, w.code() + " "), "application", "code", "ends in a space", "a code of ours"),
    "a code that is encoded": (
        lambda w: w.p.redeem(w.app, w.code().replace(".", "%2E")), "application", "code", "percent-encoded", "of ours"),
    "a refresh token as the code": (
        lambda w: w.p.redeem(w.app, w.tokens()["refresh_token"]), "application", "code", "a refresh token", "“code”"),
    "somebody else's code": (
        lambda w: w.p.redeem(w.app, "4/0AX4XfWh"), "application", "code", "no code of ours", "two providers"),
    "no code": (
        lambda w: _proven(w, {"grant_type": "authorization_code"}), "application", "code", "", "parameter “code”"),
    "the challenge as the verifier": (
        lambda w: w.p.redeem(w.app, w.code(), code_verifier=challenge_of()), "application", "code_verifier",
        "43 characters", "same value"),
    "a challenge in hexadecimal": (
        lambda w: w.p.redeem(w.app, w.code(code_challenge=sha256(VERIFIER.encode()).hexdigest())), "application",
        "code_verifier", "", "hexadecimal"),
    "a verifier of another sign-in": (
        lambda w: w.p.redeem(w.app, w.code(), code_verifier="w" * 50), "application", "code_verifier", "50 characters",
        "replicas"),
    "a challenge with padding": (
        lambda w: w.authorize(code_challenge=b64encode(sha256(b"x").digest()).decode()), "application",
        "code_challenge",
        "44", "base64url"),
    # -- tokens
    "a refresh token of another": (
        lambda w: _refreshed(w, lambda w, t: w.p.refresh(w.other, t)), "application", "client_id", "",
        "another client id"),
    "a refresh token that was revoked": (
        lambda w: _refreshed(w, _revoked), "application", "refresh_token", "the application revoked it",
        "forget the token"),
    "a refresh token used twice": (
        lambda w: _refreshed(w, _twice), "application", "refresh_token", "10 minutes before",
        "refresh_token_rotation=false"),
    "a refresh token after its session": (
        lambda w: (lambda t: w.later(2 * 86_400, lambda: w.p.refresh(w.app, t)))(w.tokens()["refresh_token"]),
        "application", "scope", "session has ended", "offline_access"),
    "an access token to refresh": (
        lambda w: w.p.refresh(w.app, w.tokens()["access_token"]), "application", "refresh_token", "an access token",
        "last answer"),
    "more scope by refreshing": (
        lambda w: _refreshed(w, lambda w, t: w.p.refresh(w.app, t, scope="openid groups")), "application", "scope",
        "openid groups", "leave scope out"),
    "the ID token as access token": (
        _userinfo(lambda t: bearer(t["id_token"])), "application", "Authorization", "an ID token", "access_token of"),
    "a token in quotes": (
        _userinfo(lambda t: bearer(f'"{t["access_token"]}"')), "application", "Authorization", "quotes", "as it came"),
    "another scheme": (
        _userinfo(lambda t: {"Authorization": f"Token {t['access_token']}"}), "application", "Authorization", "Token",
        "Bearer"),
    "DPoP": (
        _userinfo(lambda t: {"Authorization": f"DPoP {t['access_token']}"}), "application", "DPoP", "",
        "as its token_type says"),
    "the word undefined": (_userinfo(lambda t: bearer("undefined")), "application", "Authorization", "undefined",
        "wait"),
    "no token": (_userinfo(lambda t: {}), "application", "Authorization", "(nothing)", "Bearer"),
    "a token that ran out": (_expired, "application", "Authorization", "ran out 2 hours 50 minutes", "expires_in"),
    "a token in the address": (
        lambda w: w.p.browser().get(f"oauth/userinfo?access_token={w.tokens()['access_token']}"), "application",
        "access_token", "in the address", "logs"),
    "introspection without a secret": (
        lambda w: w.p.post("oauth/introspect", w.spa, {"token": "x"}), "application", "token_endpoint_auth_method",
        "none", "profile web or machine"),
    "introspection by JSON": (
        lambda w: w.p.browser().open("POST", "oauth/introspect", b"{}", {
            "Content-Type": "application/json", **basic(w.app.id, w.app.secret or "")}), "application", "Content-Type",
        "application/json", "form"),
    "a token of another to revoke": (
        lambda w: w.p.revoke(w.other, w.tokens()["access_token"]), "application", "token", "of another one", "its own"),
    "a scope of an API that it may not have": (
        lambda w: w.p.client_credentials(w.robot, scope="api.write"), "application", "scope", "api.write", "scope+="),
    "a resource that is not registered": (
        lambda w: w.authorize(resource="https://api.example/"), "application", "resource", "https://api.example/",
        "resources+="),
    # -- the browser's request
    "oidc in place of openid": (
        lambda w: w.authorize(scope="oidc"), "application", "scope", "oidc", "Is openid meant"),
    "sha-256 as the method": (
        lambda w: w.authorize(code_challenge_method="SHA-256"), "application", "code_challenge_method", "SHA-256",
        "in these letters"),
    "claims that are no JSON": (lambda w: w.authorize(claims="{a}"), "application", "claims", "no JSON", ""),
    "a level that nobody reaches": (
        lambda w: w.authorize(claims='{"id_token":{"acr":{"essential":true,"values":["gold"]}}}'), "application",
        "acr_values", "gold", "as a wish"),
    "prompt=none and more": (lambda w: w.authorize(prompt="none login"), "application", "prompt", "none", "alone"),
    "an hour as max_age": (lambda w: w.authorize(max_age="1h"), "application", "max_age", "1h", "seconds"),
    "scope twice": (lambda w: w.authorize(scope=["openid", "email"]), "application", "scope", "twice", "once"),
    "a long state": (lambda w: w.authorize(state="x" * 40_000), "application", "state", "", "a short key"),
    "clientId in place of client_id": (
        lambda w: w.authorize(client_id=None, clientId="x"), "application", "client_id", "(nothing)", "clientId"),
    "the address of another application": (
        lambda w: w.authorize(redirect_uri=w.other.redirect_uri), "application", "redirect_uri", "desk.example",
        "registered for another application"),
    "a placeholder in the address": (
        lambda w: w.authorize(redirect_uri="https://${HOST}/registered"), "application", "redirect_uri", "${HOST}",
        "placeholder"),
    "a developer's machine": (
        lambda w: w.authorize(redirect_uri="http://localhost:3000/registered"), "application", "redirect_uri",
        "localhost", "an application of their own"),
    "a container's name": (
        lambda w: w.authorize(redirect_uri="http://app:8080/registered"), "application", "redirect_uri", "app:8080",
        "X-Forwarded-Host"),
    "a path alone": (
        lambda w: w.authorize(redirect_uri="/registered"), "application", "redirect_uri", "/registered", "base URL"),
    "out of band": (
        lambda w: w.authorize(redirect_uri="urn:ietf:wg:oauth:2.0:oob"), "application", "redirect_uri", "oob",
        "127.0.0.1"),
    "a wildcard": (
        lambda w: w.authorize(redirect_uri="https://*.crm.example/registered"), "application", "redirect_uri", "*",
        "in full"),
    "a fragment": (
        lambda w: w.authorize(redirect_uri="https://crm.example/registered#a"), "application", "redirect_uri", "#a",
        "§3.1.2"),
    "a sign-out that says nothing": (
        lambda w: w.browser.get(f"oauth/logout?{urlencode({'post_logout_redirect_uri': 'https://crm.example/bye'})}"),
        "application", "client_id", "neither", "id_token_hint"),
    "a sign-out to the sign-in's address": (
        lambda w: w.browser.get("oauth/logout?" + urlencode(
            {"client_id": w.app.id, "post_logout_redirect_uri": w.app.redirect_uri})), "doorward",
        "post_logout_redirect_uri", "registered", "post_logout_redirect_uris+="),
    # -- what stands around a code, and PKCE by hand
    "a code with the state behind it": (
        lambda w: _redeemed(w, change=lambda code: f"{code}&state=abc"), "application", "code", "parts of the address",
        "as its framework reads it"),
    "the whole address as the code": (
        lambda w: _redeemed(w, change=lambda code: f"https://crm.example/cb?code={code}"), "application", "code",
        "parts of the address", "as its framework reads it"),
    "a code with its name": (
        lambda w: _redeemed(w, change=lambda code: f"code={code}"), "application", "code", "a name and “=”",
        "as its framework reads it"),
    "a verifier that is short": (
        lambda w: _redeemed(w, code_verifier="abc"), "application", "code_verifier", "3 characters", "too short"),
    "a verifier that is long": (
        lambda w: _redeemed(w, code_verifier="a" * 129), "application", "code_verifier", "129 characters", "too long"),
    "a verifier in plain base64": (
        lambda w: _redeemed(w, code_verifier="ab+/" * 12), "application", "code_verifier", "48 characters",
        "plain base64"),
    "a challenge in plain base64": (
        lambda w: w.authorize(code_challenge=b64encode(sha256(b"x").digest()).decode()), "application",
        "code_challenge", "44 characters", "plain base64"),
    "a challenge that is short": (
        lambda w: w.authorize(code_challenge="abc"), "application", "code_challenge", "3 characters", "too short"),
    "claims without quotes": (
        lambda w: w.authorize(claims="{email}"), "application", "claims", "no JSON", "double quotes"),
    "a request object without a key": (
        lambda w: w.authorize(request="a.b.c"), "application", "request", "", "No key of the application"),
    # -- addresses that nobody may register are not offered
    "an address by http": (
        lambda w: w.authorize(redirect_uri="http://crm.example/registered"), "application", "redirect_uri", "http:",
        "could not be registered either (uses plain http"),
    "an address with a fragment": (
        lambda w: w.authorize(redirect_uri="https://crm.example/registered#/home"), "application", "redirect_uri", "#",
        "could not be registered either ("),
    "an address that is escaped for HTML": (
        lambda w: w.authorize(redirect_uri="https://crm.example/registered?a=1&amp;b=2"), "application",
        "redirect_uri", "&amp;", "escaped for HTML"),
    **{
        f"the way back as {name}": (
            lambda w, name=name: w.browser.get(f"oauth/logout?{urlencode({'client_id': w.app.id, name: 'https://a.example/'})}"),
            "application", "post_logout_redirect_uri", name, "as post_logout_redirect_uri")
        for name in ("redirect_uri", "returnTo", "logout_uri", "post_logout_redirect_url")
    },
    # -- something else in the place of a secret, of a token, of an endpoint
    "a private key for the secret": (
        lambda w: w.secret("-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----\n"),
        "application", "client_secret", "a private key (PEM)", "has been shown"),
    "a JWK for the secret": (
        lambda w: w.secret('{"kty":"oct","k":"abc"}'), "application", "client_secret", "JWK", "Paste the right one"),
    "an assertion by the secret": (
        _by_the_secret, "application", "token_endpoint_auth_method", "client_secret_jwt", "client_secret_basic"),
    "a token of another provider": (
        lambda w: w.p.userinfo(_foreign()), "application", "Authorization", "accounts.google.com", "two are set up"),
    "a token request to the browser's endpoint": (
        lambda w: w.post(
            {**_of_form(w), "client_id": w.app.id, "client_secret": w.app.secret or ""}, "oauth/authorize"),
        "application", "token_endpoint", "/oauth/authorize", "/oauth/token"),
    "a program that sends people": (
        lambda w: w.p.authorize(w.browser, w.p.add_client("Batch", "machine"), redirect_uri="https://batch.example/cb"),
        "application", "profile", "machine", "--profile web"),
    "an address of a request that is not registered": (
        lambda w: w.browser.get("oauth/authorize?" + urlencode(
            {"client_id": w.p.add_client("Bank").id, "request_uri": "https://bank.example/r.jwt"})), "application",
        "request_uri", "https://bank.example/r.jwt", "request_uris+="),
    # -- signed requests (RFC 9101)
    **{
        f"a signed request: {name}": (
            lambda w, change=change: _signed(w, **change), "application", field, got, fix)
        for name, change, field, got, fix in (
            ("for the endpoint", {"aud": "https://login.example/oauth/authorize"}, "aud", "/oauth/authorize", "issuer"),
            ("kept for long", {"exp": -300}, "exp", "5 minutes ago", "anew for each sign-in"),
            ("by a clock ahead", {"nbf": 300, "exp": 600}, "nbf", "5 minutes ahead", "NTP"),
            ("of another name", {"iss": "https://vault.example"}, "iss", "https://vault.example", "client id"),
            ("by another key", {"key": new_key("k2")}, "kid", "no kid, ES256", "publish the public key"),
            ("no JWT", {"text": "a.b.c"}, "request", "no JWT", "three parts"),
        )
    },
    "discovery by POST": (
        lambda w: w.post({}, ".well-known/openid-configuration"), "application", "HTTP method", "POST", "by GET"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_Q1_Q4_a_mistake_at_an_oauth_endpoint_is_named_to_admins_and_gives_nothing_away(
    provider: Provider, clock: Clock, name: str
) -> None:
    do, side, field, got, fix = MISTAKES[name]
    world = World(provider, clock)
    answer = do(world)
    event = errors(provider)[-1]
    first = event.detail["findings"][0]
    assert (first["side"], first["field"]) == (side, field), first
    assert got in first["got"], first
    assert fix in first["fix"], first
    assert event.error_id
    assert event.error_id in answer.text + answer.location
    kept = json.dumps([one.detail for one in errors(provider)], ensure_ascii=False)
    assert not [one for one in (*world.made, VERIFIER, "ann@example.com") if one in kept]
    # Q4: nothing that is registered but what the sender has sent itself; other applications are never named.
    read = answer.text if not answer.is_redirect else json.dumps(answer.sent)
    sent = answer.url if answer.url.startswith("http") else ""
    hidden = (world.app.redirect_uri, world.spa.redirect_uri, "Desk", "Vault", "Robot", "api.read", "api.example/x")
    assert not [one for one in hidden if one in read and urlencode({"": one})[1:] not in sent], read


def test_Q4_a_secret_that_comes_to_the_browser_s_endpoint_goes_into_no_address(
    provider: Provider, clock: Clock
) -> None:
    world = World(provider, clock)
    secrets = {"client_secret": world.app.secret or "", "code_verifier": VERIFIER}
    answer = world.post([*provider.request(world.app), *secrets.items()], "oauth/authorize")
    assert answer.is_redirect  # once more, with our cookies
    assert not [one for one in secrets.values() if one in answer.location]
