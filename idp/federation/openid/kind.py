"""A provider that speaks OpenID Connect: the authorization request, its answer, and what the person is there."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from idp.errors import Refused
from idp.federation import calling, failures, mapping
from idp.federation.openid import id_token, metadata, redeeming, wording
from idp.federation.openid.metadata import Metadata
from idp.federation.ports import Cancelled, Found, Identity, Leaving, Question, SessionThere
from idp.federation.provider import Provider
from idp.protocols import Services
from idp.wire import Params, Redirect, Response, with_parameters

#: What a provider answers that the person themselves has done (RFC 6749 §4.1.2.1; Apple has a word of its own).
CANCELLED: Final = ("access_denied", "user_cancelled_authorize")
_MAX_SUBJECT: Final = 500
MAX_CODE: Final = 4096  # characters


class OpenIdConnect:
    """See `ports.Kind`."""

    def begin(self, services: Services, question: Question) -> Response:
        """Send the browser to the authorization endpoint."""
        found = metadata.read(services, question.provider)
        return Redirect(location=with_parameters(found.authorization_endpoint, [*parameters(question).items()]))

    def finish(self, services: Services, question: Question, answer: Params) -> Identity:
        """Redeem the code, believe the ID token."""
        found = metadata.read(services, question.provider)
        check_answer(question, found, answer)
        tokens = redeeming.redeem(services, question, found, answer.first["code"])
        believed = id_token.believe(services, question, found, tokens.id_token, tokens.access_token)
        claims: Mapping[str, Any] = believed.claims
        if question.provider.userinfo and found.userinfo_endpoint and tokens.access_token:
            claims = _with_userinfo(services, question.provider, found, tokens.access_token, claims)
        named = _posted_name(question.provider, answer)
        return identity(question.provider, {**named, **claims}, _there(believed.claims, tokens.id_token))

    def sign_out(self, services: Services, leaving: Leaving) -> Response | None:
        """RP-Initiated Logout §2, where the provider has it."""
        provider, token = leaving.provider, leaving.there.token
        found = metadata.read(services, provider)
        if not found.end_session_endpoint:
            return None
        metadata.check_address(provider, found.end_session_endpoint)
        said = [
            ("id_token_hint", token), ("client_id", provider.client_id), ("post_logout_redirect_uri", leaving.back),
            ("state", leaving.state),
        ]  # fmt: skip
        there = with_parameters(found.end_session_endpoint, [(name, value) for name, value in said if value])
        return Redirect(location=there)

    def test(self, services: Services, question: Question) -> tuple[Found, ...]:
        """Discovery, the keys, and what the token endpoint says to a code that there is not."""
        from idp.federation.openid import trying

        return trying.test(services, question)


def parameters(question: Question) -> dict[str, str]:
    """The authorization request (Core §3.1.2.1)."""
    provider, wish, secrets = question.provider, question.wish, question.secrets
    challenge = urlsafe_b64encode(sha256(secrets.verifier.encode()).digest()).rstrip(b"=").decode()
    said = {
        "client_id": provider.client_id, "response_type": "code", "scope": " ".join(provider.scopes),
        "redirect_uri": question.redirect_uri, "state": secrets.state, "nonce": secrets.nonce,
        "code_challenge": challenge, "code_challenge_method": "S256", "response_mode": provider.response_mode,
        "login_hint": wish.login_hint, "prompt": "login" if wish.fresh and provider.prompts_login else "",
        "max_age": "" if wish.max_age is None else str(wish.max_age),
        "acr_values": provider.step_up if wish.strong else "",
        "domain_hint": wish.domain_hint if provider.template == "entra" else "", "hd": provider.hosted_domain,
    }  # fmt: skip
    if wish.fresh and wish.max_age is None:
        said["max_age"] = "0"  # Core §2: who is asked for max_age says auth_time
    return {name: value for name, value in said.items() if value}


def check_answer(question: Question, found: Metadata, answer: Params) -> None:
    """The authorization response (Core §3.1.2.5). Errors: `Refused`."""
    provider = question.provider
    if answer.repeated:
        raise failures.answer(provider, f"{answer.repeated[0][:40]} comes twice")
    said = answer.get("iss")
    # RFC 9207 §2.4: before anything else, errors as well; and never from one that promised to say it and does not.
    if (said is not None or found.says_iss) and said != found.issuer:
        raise failures.issuer(provider, found.issuer, said or "(nothing)", "iss of the answer")
    error, told = answer.get("error"), answer.get("error_description") or ""
    if error in CANCELLED:
        raise Cancelled
    if error is not None:
        raise refused(question, error, told)
    code = answer.get("code")
    if code is None:
        raise failures.answer(provider, "there is no code and no error", field="code")
    # RFC 6749 appendix A.11: printable ASCII; what is longer is nobody's, and is not sent on.
    if len(code) > MAX_CODE or not code.isascii() or not code.isprintable():
        raise failures.answer(provider, "its code is none", field="code")


def refused(question: Question, error: str, told: str) -> Refused:
    """What an error of the authorization endpoint means."""
    provider, reason = question.provider, f"{error}: {told}"[:300]
    what = wording.about(error, told)
    if what == wording.CONSENT:
        return failures.consent(provider, reason)
    if what == wording.REDIRECT_URI:
        return failures.redirect_uri(provider, question.redirect_uri, reason)
    if what == wording.SECRET:
        return failures.secret(provider, reason)
    return failures.answer(provider, reason, field="error")


def identity(provider: Provider, claims: Mapping[str, Any], there: SessionThere) -> Identity:
    """Who it is. Errors: `Refused` where the key of the account is not there, or it is of another organisation."""
    parts = [claims.get(name) for name in provider.subject]
    for name, part in zip(provider.subject, parts, strict=True):
        if not isinstance(part, str) or not part or not part.isprintable() or len(part) > _MAX_SUBJECT:
            raise failures.claim(provider, name, "a text that stays the same for ever", str(part)[:40])
    if provider.hosted_domain:
        # Google: asked for is not checked; whoever edits the address gets round it.
        hosted = str(claims.get("hd", ""))
        if not hmac.compare_digest(hosted.lower().encode(), provider.hosted_domain.lower().encode()):
            raise failures.domain(provider, "hd", provider.hosted_domain, hosted or "(nothing)")
    at = claims.get("auth_time")
    is_time = isinstance(at, (int, float)) and not isinstance(at, bool)
    email = claims.get("email")
    email = mapping.plain(email) if isinstance(email, str) else ""
    label = next((mapping.plain(str(claims[k])) for k in ("preferred_username", "email", "name") if claims.get(k)), "")
    sources = claims.get("_claim_names")  # Core §5.6.2: there, and elsewhere
    return Identity(
        ":".join(str(part) for part in parts), label[:200], email,
        is_true(claims.get(provider.verified_claim)), float(at) if is_time and at is not None else None,
        proof_values(claims), claims, frozenset(sources) if isinstance(sources, dict) else frozenset(),
        there,
    )  # fmt: skip


def _there(claims: Mapping[str, Any], raw: str) -> SessionThere:
    """The session there (Back-Channel Logout §2.1: `sid`), as a logout token would name it."""
    sid = claims.get("sid")
    return SessionThere(str(claims["sub"]), sid if isinstance(sid, str) else "", float(claims["iat"]), raw)


def is_true(value: Any) -> bool:
    """Apple and Entra write a yes in several ways; nothing else is one."""
    return value is True or value == 1 or value in ("true", "1")


def proof_values(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """What it says of how they proved it: acr, each amr, and Entra's authentication contexts."""
    found = [claims.get("acr"), *_list(claims.get("amr")), *_list(claims.get("acrs"))]
    return tuple(one for one in found if isinstance(one, str))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _with_userinfo(
    services: Services, provider: Provider, found: Metadata, access_token: str, claims: Mapping[str, Any]
) -> Mapping[str, Any]:
    """More claims, of the same account (Core §5.3.2); what the ID token says stands."""
    fetched = calling.get(services, provider, found.userinfo_endpoint, bearer=access_token)
    said = calling.read_object(provider, fetched, "userinfo")
    if fetched.status != 200 or said.get("sub") != claims["sub"]:
        raise failures.claim(provider, "sub", "the sub of the ID token", f"userinfo: status {fetched.status}")
    return {**said, **claims}


def _posted_name(provider: Provider, answer: Params) -> dict[str, str]:
    """Apple posts the name once, beside the ID token and unsigned: good for a name, and for nothing else."""
    if provider.auth_method != "apple":
        return {}
    try:
        name = json.loads(answer.get("user") or "{}").get("name", {})
        parts = {"given_name": str(name["firstName"]), "family_name": str(name["lastName"])}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    return {**parts, "name": f"{parts['given_name']} {parts['family_name']}".strip()}


KIND: Final = OpenIdConnect()
