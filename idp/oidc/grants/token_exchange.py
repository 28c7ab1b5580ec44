"""token-exchange (RFC 8693): an application that was handed a person's token gets one of its own, made of it.

Never more scope, a longer life, an audience that neither the token nor an admin named, or a weaker binding. Who may use
whose tokens is said by the application whose tokens they are: `may_act`, `may_impersonate`, `exchange_resources`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clients.client import Client
from idp.errors import OAuthError
from idp.oidc import authorization_details, bearer, ledger, scopes
from idp.oidc import claims as claim_rules
from idp.oidc.bearer import Access
from idp.oidc.grants import id_jag, native_sso
from idp.oidc.grants.entering import Proof, check_person, denied
from idp.oidc.ledger import ALONE, Exchanged, Holder, Issued, Terms
from idp.oidc.token_request import TokenRequest, is_for_us_alone
from idp.oidc.tokens import ACCESS_TOKEN_TYPE, ID_JAG_TYPE
from idp.protocols import Services

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange"
#: What is taken for a token of ours (§3); a JWT is one of ours or nothing.
TYPES = (ACCESS_TOKEN_TYPE, "urn:ietf:params:oauth:token-type:jwt")
MAX_HOPS = 5  # exchanges of exchanges
#: What no token has that was made of another: a sign-in of its own, a life beyond the session, our own API.
_NEVER = frozenset(("openid", "offline_access", scopes.ADMIN))


def issue(services: Services, asked: TokenRequest) -> Issued:
    """A token of the application's own. Errors: `OAuthError` (§2.2.2), `Stale`."""
    if asked.form.get("actor_token_type") == native_sso.DEVICE_SECRET_TYPE:
        return native_sso.issue(services, asked)
    _check_keeps_a_secret(asked.client)
    if asked.form.get("requested_token_type") == ID_JAG_TYPE:
        return id_jag.issue(services, asked)
    _check_types(asked)
    subject = _subject(services, asked)
    of = services.registry.get(subject.client_id)
    how = _allowed(services, asked, subject, of)
    actor = _actor(services, asked)
    _check_binding(asked, subject, of)
    scope, resource = _scope(asked, subject), _resource(services, asked, subject, how)
    terms = Terms(
        scope, resource, asked.cnf, _exchanged(_act(services, asked.client, subject, actor, how), subject, how),
        authorization_details.narrowed(services, asked, subject.details, resource),
    )  # fmt: skip
    return ledger.exchange(services, asked, _holder(subject), terms, subject.expires_at, how)


def _check_keeps_a_secret(client: Client) -> None:
    """Whoever holds a token could exchange it by the id of an app that proves nothing: such apps have native SSO."""
    if client.oidc.is_public:
        raise OAuthError(
            "unauthorized_client", "An app that keeps no secret exchanges ID tokens with its device secret alone.",
            field="actor_token_type", expected=native_sso.DEVICE_SECRET_TYPE, got="another kind of exchange",
            fix="Let a server of yours exchange access tokens; apps on one device have native single sign-on.",
            kind="grant_type_not_allowed",
        )  # fmt: skip


def _check_types(asked: TokenRequest) -> None:
    """§2.1: which parameters there must be, and of which kinds."""
    form = asked.form
    if not form.get("subject_token"):
        raise _request("subject_token is missing.", "subject_token", "the person's access token", "(nothing)")
    kind, wanted = form.get("subject_token_type"), form.get("requested_token_type")
    if kind not in TYPES:
        raise _request("subject_token_type must name an access token.", "subject_token_type", TYPES[0], kind)
    if wanted is not None and wanted not in TYPES:
        raise _request("Only access tokens are given.", "requested_token_type", TYPES[0], wanted)
    actor, of_kind = form.get("actor_token"), form.get("actor_token_type")
    if (actor is None) != (of_kind is None) or (of_kind is not None and of_kind not in TYPES):
        raise _request(
            "actor_token and actor_token_type go together, and name an access token.", "actor_token_type", TYPES[0],
            of_kind,
        )  # fmt: skip


def _subject(services: Services, asked: TokenRequest) -> Access:
    """The token that is exchanged: one of ours that stands and speaks of a person."""
    found = bearer.find(services, asked.form.get("subject_token") or "")
    if found is None or not found.audience:
        raise _unusable("subject_token", "The subject_token is unknown, expired or revoked.", "one that is none")
    if found.person_id is None or found.family_id is None:
        raise _unusable("subject_token", "The subject_token speaks of no person.", "a token of a program itself")
    if len(_via(found)) > MAX_HOPS:
        raise _unusable("subject_token", f"The subject_token was exchanged {MAX_HOPS} times already.", "too many hops")
    return found


def _allowed(services: Services, asked: TokenRequest, subject: Access, of: Client) -> str:
    """How the application may use it. Errors: `OAuthError` where it may not, or not for this person."""
    by = asked.client
    how = ledger.may_exchange(of, by)
    if not how or (how == "delegation" and subject.may_act not in ("", by.id)):  # §4.4: also what the token says
        raise denied(
            "This application may not exchange tokens of the application that the subject_token was issued to.",
            expected=f"{by.id} among may_act or may_impersonate of {of.id}", got="it is not",
            fix=f"An admin lets it act with those tokens: doorward client set {of.id} may_act+={by.id}",
        )  # fmt: skip
    if how != "itself":
        check_person(services, by, _proof(subject.row))
    return how


def _proof(row: Any) -> Proof:
    methods = tuple(row.methods.split())
    return Proof(row.person_id, row.groups, row.roles, row.auth_time, methods, is_word=row.offline == ALONE)


def _actor(services: Services, asked: TokenRequest) -> Access | None:
    """Who acts, where the application shows it by a token of its own."""
    token = asked.form.get("actor_token")
    if token is None:
        return None
    found = bearer.find(services, token)
    if found is None or found.client_id != asked.client.id:
        raise _unusable("actor_token", "The actor_token is no live token of this application.", "another one")
    if found.cnf and dict(found.cnf) != dict(asked.cnf):
        raise _unusable("actor_token", "The actor_token is bound to another key than the proof is by.", "another key")
    return found


def _check_binding(asked: TokenRequest, subject: Access, of: Client) -> None:
    """What is made of a bound token is bound: to the same key where it stays in the same hands."""
    if not subject.cnf:
        return
    if not asked.cnf or (of.id == asked.client.id and dict(asked.cnf) != dict(subject.cnf)):
        raise OAuthError(
            "invalid_request", "The subject_token is bound to a key: bind the new one, too, by a proof.",
            field="DPoP", expected="a proof by a key of this application", got="another key" if asked.cnf else "none",
            fix="Let the application send a DPoP proof (or use its certificate) at the token endpoint.",
            kind="exchange_binding",
        )  # fmt: skip


def _scope(asked: TokenRequest, subject: Access) -> str:
    """What the token has and the application may have, as far as it is asked for (§2.1: never more)."""
    had = [one for one in subject.scope if one in asked.client.oidc.scopes and one not in _NEVER]
    if asked.scope is None:
        return " ".join(had)
    scopes.check_parted(asked.scope, asked.client.oidc.scopes)
    given = [one for one in dict.fromkeys(asked.scope.split()) if one in had]
    if not given:
        raise OAuthError(
            "invalid_scope", "Nothing of this scope is both in the subject_token and allowed for this application.",
            field="scope", expected=" ".join(had) or "(nothing is left)", got=asked.scope[:300], kind="exchange_scope",
            fix="Let it ask for less; what the person's token lacks is asked for at their sign-in.",
        )  # fmt: skip
    return " ".join(given)


def _resource(services: Services, asked: TokenRequest, subject: Access, how: str) -> list[str]:
    """Whom the new token is for: what the old one is for, or what an admin named for such tokens.

    Its own tokens an application makes narrower alone, and beyond what a token has each application on the way must
    have named it: or the last one would widen what the first one's admin gave.
    """
    own = [uri for uri in subject.audience if uri != services.issuer]
    wanted = list(dict.fromkeys([*asked.resource, *(v for name, v in asked.form.pairs if name == "audience" and v)]))
    way = [services.registry.get(client_id).oidc.exchange_resources for client_id in _via(subject)]
    named = frozenset.intersection(*way) if how != "itself" else frozenset()
    within = {uri for uri in (*own, *named) if uri in asked.client.oidc.resources}
    is_ours = services.issuer in subject.audience
    if is_for_us_alone(asked, own, may_be_ours=is_ours) and not wanted:
        return []
    if not wanted and is_ours:
        return [uri for uri in own if uri in within]  # for us, and what it may have beside
    given = wanted or [uri for uri in own if uri in within]
    if not given or not set(given) <= within:
        raise OAuthError(
            "invalid_target", "The new token cannot be for this resource.", field="resource",
            expected=" or ".join(sorted(within)) or "(none)", got=", ".join(given)[:300] or "(nothing)",
            fix="A resource must be one of the subject_token, or of exchange_resources of each application on its way "
            f"({', '.join(_via(subject))}), and registered for {asked.client.id} as well (resources).", kind="resource",
        )  # fmt: skip
    return given


def _act(services: Services, client: Client, subject: Access, actor: Access | None, how: str) -> Mapping[str, Any]:
    """§4.1: who acts now, and inside it who acted before. What was said of earlier ones is never dropped."""
    before = subject.exchanged.act if subject.exchanged is not None else {}
    if actor is None and how != "delegation":
        return before
    is_person = actor is not None and actor.person_id is not None
    sub = claim_rules.subject_of(services, client.id, actor.person_id if actor is not None else None)
    now: dict[str, Any] = {"sub": sub, **({"client_id": client.id} if is_person else {})}
    return {**now, "act": dict(before)} if before else now


def _exchanged(act: Mapping[str, Any], subject: Access, how: str) -> Exchanged:
    before = subject.exchanged or Exchanged({}, ())
    return Exchanged(act, _via(subject), (*before.of, subject.token_id), (*before.how, how))


def _via(subject: Access) -> tuple[str, ...]:
    return (*(subject.exchanged.via if subject.exchanged is not None else ()), subject.client_id)


def _holder(subject: Access) -> Holder:
    row = subject.row
    return Holder(
        str(subject.family_id), str(subject.person_id), row.session_id, row.auth_time, tuple(row.methods.split()), {},
        row,
    )  # fmt: skip


def _request(description: str, field: str, expected: str, got: str | None) -> OAuthError:
    return OAuthError(
        "invalid_request", description, field=field, expected=expected, got=(got or "(nothing)")[:200],
        fix="Let the application send what RFC 8693 §2.1 asks for.", kind="exchange_request",
    )  # fmt: skip


def _unusable(field: str, description: str, got: str) -> OAuthError:
    return OAuthError(
        "invalid_request", description, field=field, expected="a live access token of this provider", got=got,
        fix="Let the application pass on the token of a request that it has just been sent.", kind="exchange_token",
    )  # fmt: skip
