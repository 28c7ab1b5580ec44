"""jwt-bearer (RFC 7523 §2.1): another issuer's signed word of a person, for an access token about them.

Whose word an application may bring, by which keys, and what that issuer's `sub` is here, an admin says at the
application (`assertion_issuers`). Each assertion works once, over all processes.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from idp.accounts.person import Person
from idp.errors import OAuthError
from idp.http import OutboundFailed, OutboundRefused
from idp.ids import digest
from idp.login import requirements
from idp.login.requirements import Circumstances
from idp.oidc import authorization_details, ledger, scopes, tokens
from idp.oidc.client_auth.client_keys import KEYS_FRESH, KEYS_RETRY
from idp.oidc.fetched import Fetched
from idp.oidc.ledger import Issued, Terms
from idp.oidc.token_request import TokenRequest, is_for_us_alone
from idp.protocols import Services
from keys.algorithms import ALGORITHMS, PublicKey
from keys.verifying import InvalidToken, UnknownKey, read_jwks, verify

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
#: RFC 10070, and what libraries send so far; any other kind of JWT (an access token, a proof) is no such assertion.
TYPES = ("authorization-grant+jwt", "JWT", "")
#: Identity Assertion JWT Authorization Grant (draft-ietf-oauth-identity-assertion-authz-grant): of a provider that both
#: sides sign people in by, for one application of ours by name.
ID_JAG = "oauth-id-jag+jwt"
MAX_LIFE = 3600  # seconds; its jti is kept that long
#: What another issuer's word gives nobody: a sign-in here, a life beyond it, our own API.
_NEVER = frozenset(("openid", "offline_access", scopes.ADMIN))


class _Keys(Fetched[tuple[PublicKey, ...]]):
    """Keys of issuers, by the address they are fetched from."""

    nothing = ()


def issue(services: Services, asked: TokenRequest) -> Issued:
    """An access token about the person. Errors: `OAuthError`, `Stale`."""
    assertion = asked.form.get("assertion")
    if not assertion:
        raise OAuthError(
            "invalid_request", "assertion is missing.", field="assertion", expected="a signed JWT", got="(nothing)",
            fix="Let the application send the JWT that the other issuer gave it.", kind="assertion_grant",
        )  # fmt: skip
    authorization_details.check_none(asked.form)
    scope = _scope(asked)
    tokens.check_resource(asked.client, asked.resource)
    resource = asked.resource
    issuer = _claimed(assertion)
    trusted = asked.client.oidc.assertion_issuers.get(issuer)
    if trusted is None:
        raise _refused(
            "The assertion is of an issuer that this application may bring no word of.", "one of assertion_issuers",
            issuer, f"An admin registers it: doorward client set {asked.client.id} 'assertion_issuers={{…}}'",
        )  # fmt: skip
    try:
        header, claims = _verified(services, trusted, assertion)
        _check(services, claims)
        if str(header.get("typ", "")).lower().removeprefix("application/") == ID_JAG:
            scope, resource = _within(asked, claims, scope)
    except InvalidToken as error:
        raise _refused(f"The assertion: {error.reason}.", f"a JWT of {issuer} for {services.issuer}", error.reason,
                       "Correct how the assertion is made.") from None  # fmt: skip
    person = _person(services, asked, trusted, claims)
    _spend(services, asked, issuer, claims)
    terms = Terms(scope, resource, asked.cnf)
    return ledger.mint_alone(services, asked, person.id, terms, float(claims.get("iat", services.clock())), issuer)


def _scope(asked: TokenRequest) -> str:
    """What the application may have of it. Errors: `OAuthError` (invalid_scope)."""
    given = " ".join(one for one in scopes.allowed(asked.client, asked.scope).split() if one not in _NEVER)
    scopes.check(asked.scope, given, asked.client)
    return given


def _claimed(assertion: str) -> str:
    """Whose word it says it is: it chooses the keys that then must verify it, and nothing else."""
    try:
        segment = assertion.split(".")[1] if len(assertion) < 16384 else ""
        return str(json.loads(b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_"))["iss"])
    except (IndexError, KeyError, TypeError, ValueError, RecursionError):
        raise _refused("The assertion is no JWT with an issuer.", "a signed JWT with iss", "something else",
                       "Let the application send the JWT as it came.") from None  # fmt: skip


def _verified(
    services: Services, trusted: Mapping[str, Any], assertion: str
) -> tuple[Mapping[str, Any], dict[str, Any]]:  # fmt: skip
    now, algs, types = services.clock(), tuple(ALGORITHMS), (*TYPES, ID_JAG)
    try:
        return verify(assertion, _keys(services, trusted), algs=algs, types=types, now=now)
    except UnknownKey:
        if "jwks" in trusted:
            raise
        return verify(assertion, _keys(services, trusted, renewed=True), algs=algs, types=types, now=now)


def _keys(services: Services, trusted: Mapping[str, Any], *, renewed: bool = False) -> tuple[PublicKey, ...]:
    if "jwks" in trusted:
        return read_jwks(trusted["jwks"])
    uri, now, cache = str(trusted["jwks_uri"]), services.clock(), services.part(_Keys)
    keys = cache.find(uri, now, KEYS_RETRY if renewed else KEYS_FRESH, KEYS_RETRY)
    if keys is None:
        keys = cache.fetch(uri, now, lambda: _read(services, uri))
    if not keys:
        raise InvalidToken("the issuer's keys cannot be read")
    return keys


def _read(services: Services, uri: str) -> tuple[PublicKey, ...]:
    try:
        fetched = services.outbound.get(uri, accept="application/json")
        return read_jwks(json.loads(fetched.body)) if fetched.status == 200 else ()
    except (OutboundFailed, OutboundRefused, ValueError, RecursionError) as error:
        services.log.warning("issuer_keys_unavailable", uri=uri, reason=str(error))
        return ()


def _check(services: Services, claims: Mapping[str, Any]) -> None:
    """§3: for us alone, for a while, and one that can be told from others. Errors: `InvalidToken`."""
    if claims.get("aud") not in (services.issuer, [services.issuer]):  # RFC 10070: nobody else
        raise InvalidToken(f"aud must be {services.issuer} and nothing beside it")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise InvalidToken("sub is missing")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not jti.isprintable() or not 0 < len(jti) <= 256:
        raise InvalidToken("jti must be 1 to 256 printable characters")
    if float(claims["exp"]) > services.clock() + MAX_LIFE:
        raise InvalidToken("exp lies more than an hour ahead")


def _within(asked: TokenRequest, claims: Mapping[str, Any], scope: str) -> tuple[str, list[str]]:
    """Of what was asked for, what the other provider let this very application have (ID-JAG §4.4).

    Errors: `InvalidToken`, `OAuthError`.
    """
    if claims.get("client_id") != asked.client.id:
        raise InvalidToken("client_id is not the application that brings it")
    named = _resources_in(claims)
    own = [uri for uri in named if uri in asked.client.oidc.resources]
    if (named and not own) or not set(asked.resource) <= set(own if named else asked.resource):
        raise OAuthError(
            "invalid_target", "The assertion is for another resource.", field="resource",
            expected=", ".join(own) or "(none)", got=", ".join(asked.resource) or "(nothing)", kind="resource",
            fix="Let the application ask for the resource that the assertion names, and register it (resources).",
        )  # fmt: skip
    is_for_us_alone(asked, own, may_be_ours=not named)
    return _scope_within(asked, claims, scope), asked.resource or own


def _scope_within(asked: TokenRequest, claims: Mapping[str, Any], scope: str) -> str:
    """What of the scope the assertion lets; one that names none leaves it to an admin's word.

    Errors: `InvalidToken` where nobody can tell what it lets, `OAuthError` (invalid_scope) where that is nothing.
    """
    if "scope" not in claims:
        return scope
    let = claims["scope"]
    if not isinstance(let, str):
        raise InvalidToken("scope is no text")
    given = " ".join(one for one in scope.split() if one in let.split())
    if scope and not given:
        raise OAuthError(
            "invalid_scope", "Nothing of this scope is in the assertion.", field="scope",
            expected=let[:300] or "(nothing)", got=(asked.scope or scope)[:300], kind="exchange_scope",
            fix="Let the application ask for a scope that the other provider's assertion has.",
        )  # fmt: skip
    return given


def _resources_in(claims: Mapping[str, Any]) -> list[str]:
    """The resources that it names, none where the claim is missing. Errors: `InvalidToken`."""
    if "resource" not in claims:
        return []
    named = claims["resource"]
    named = named if isinstance(named, list) else [named]
    if not named or not all(isinstance(one, str) and one for one in named):
        raise InvalidToken("resource is no URI, and no list of them")
    return named


def _person(
    services: Services, asked: TokenRequest, trusted: Mapping[str, Any], claims: Mapping[str, Any]
) -> Person:  # fmt: skip
    """Whom it speaks of, if the rules let them in by another's word. Errors: `OAuthError`, the same for all."""
    sub, how, directory = str(claims["sub"]), trusted["subject"], services.directory
    person = directory.find(sub) if how == "id" else directory.find_by_login(sub)
    if person is not None and how != "id" and str(getattr(person, how) or "").casefold() != sub.casefold():
        person = None  # a login of another sort that reads the same
    if person is not None and how == "email" and not person.email_verified:
        person = None  # whoever may write an address into a profile would be its owner
    if person is None or not person.enabled:
        raise _refused("The assertion speaks of nobody here.", f"the {how} of somebody who is enabled", "nobody",
                       f"Its sub is compared with the {how} of people (subject in assertion_issuers).")  # fmt: skip
    services.rules.refresh()
    # What another issuer saw of the person is not known here: no rule that asks for anything is met by it.
    here = Circumstances(person.groups, asked.client.id, "", lambda: False, services.clock(), person.roles)
    need = requirements.needed(services.rules.current(), here, person.created_at)
    if need.level or need.max_age:
        raise _refused(
            "A sign-in rule asks for a proof here that another issuer's word is not.", "no such rule",
            need.level or "a fresh proof", "Let the person sign in here, or except this application.",
        )  # fmt: skip
    return person


def _spend(services: Services, asked: TokenRequest, issuer: str, claims: Mapping[str, Any]) -> None:
    # A request that is run again on a fresh snapshot brings an assertion that it has had accepted itself.
    spent = f"assertion:{digest(issuer + ' ' + claims['jti'])}"
    left = float(claims["exp"]) - services.clock() + 1
    if not services.state.add(spent, asked.wire.id, left) and services.state.get(spent) != asked.wire.id:
        raise _refused("This assertion was used before.", "one that is new", "one that was used",
                       "Let the application ask the other issuer for a new one each time.")  # fmt: skip


def _refused(description: str, expected: str, got: str, fix: str) -> OAuthError:
    return OAuthError(
        "invalid_grant", description, field="assertion", expected=expected, got=got[:200], fix=fix,
        kind="assertion_grant",
    )  # fmt: skip
