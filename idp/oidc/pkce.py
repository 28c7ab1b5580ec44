"""PKCE (RFC 7636): the challenge of an authorization request, and the verifier that must match it with the code."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from hashlib import sha256

from clients.client import Client
from idp.errors import OAuthError
from idp.wire import Params

#: RFC 7636 §4.1, §4.2: a verifier, and what is made of it, have the same form.
FORM = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
#: What an admin reads under the ids of these faults.
_PAIR = (
    "Let the application keep the code_verifier that it made the code_challenge from (in its session, one for each "
    "sign-in) and send it with the code: PKCE is on for one of the two requests only, or the session was lost between."
)


def read_challenge(params: Params, client: Client, *, for_code: bool = True) -> str:
    """The authorization request's half: its challenge, or ''. Errors: `OAuthError` (invalid_request).

    `for_code`: a code comes back, which the challenge protects.
    """
    challenge, method = params.get("code_challenge") or "", params.get("code_challenge_method")
    # RFC 7636 §4.3: a missing method means plain, which RFC 9700 §2.1.1 rules out.
    if challenge:
        if method != "S256":
            sent = f"not {method[:20]}" if method is not None else "and without one it is plain"
            raise OAuthError(
                "invalid_request", f"code_challenge_method must be S256, {sent}.",
                field="code_challenge_method", expected="S256", got=method or "(nothing)",
                kind="pkce_method",
            )  # fmt: skip
        if FORM.fullmatch(challenge) is None:
            raise OAuthError(
                "invalid_request", "code_challenge must be the base64url SHA-256 of the code_verifier.",
                field="code_challenge", expected="43 characters of A-Z a-z 0-9 - _", got=f"{len(challenge)} characters",
                kind="pkce_challenge",
            )  # fmt: skip
    elif method is not None:
        raise OAuthError(
            "invalid_request", "code_challenge_method was sent without code_challenge.",
            field="code_challenge", expected="a challenge", got="(nothing)", kind="pkce_challenge",
        )  # fmt: skip
    elif for_code and (client.oidc.require_pkce or client.oidc.is_public):
        raise _required(client)
    return challenge


def _required(client: Client) -> OAuthError:
    description = "PKCE is required: send code_challenge and code_challenge_method=S256."
    fix = "Switch PKCE (S256) on in the application"
    if not client.oidc.is_public:
        description += " For a library that has no PKCE an admin sets profile=legacy."
        fix += f"; where its library has none: doorward client set {client.id} profile=legacy"
    return OAuthError(
        "invalid_request", description, fix=fix + ".", field="code_challenge", expected="a challenge (S256)",
        got="(nothing)",
        kind="pkce_missing",
    )  # fmt: skip


def check_verifier(challenge: str, verifier: str | None) -> None:
    """The token request's half. Errors: `OAuthError` (invalid_grant).

    RFC 7636 §4.6, and RFC 9700 §2.1.1 against downgrades: a verifier and a challenge only come together.
    """
    if not challenge and not verifier:
        return
    if not challenge:
        raise OAuthError(
            "invalid_grant",
            "A code_verifier was sent, but the authorization request had no code_challenge.",
            fix=_PAIR,
            kind="pkce_verifier",
        )
    if not verifier:
        raise OAuthError("invalid_grant", "code_verifier is missing.", fix=_PAIR, kind="pkce_verifier_missing")
    if FORM.fullmatch(verifier) is None:
        raise OAuthError(
            "invalid_grant",
            "code_verifier must be 43 to 128 characters of A-Z a-z 0-9 - . _ ~",
            fix=_PAIR,
            kind="pkce_verifier",
        )
    if not hmac.compare_digest(challenge_of(verifier), challenge):
        raise OAuthError(
            "invalid_grant", "code_verifier does not match the code_challenge.", fix=_PAIR, kind="pkce_verifier"
        )


def challenge_of(verifier: str) -> str:
    """S256: the base64url SHA-256 of the verifier."""
    return urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")
