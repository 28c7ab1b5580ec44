"""PKCE (RFC 7636): the challenge of the browser's request, the verifier of the server's."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256

from idp.answers import corrections
from idp.answers.finding import Finding
from idp.answers.seen import Seen
from idp.oidc import ledger, pkce

_SHORTEST, _LONGEST = 43, 128  # characters, RFC 7636 §4.1


def challenge(seen: Seen) -> Iterator[Finding]:
    """Of the authorization request."""
    got, method = seen.sent.get("code_challenge") or "", seen.sent.get("code_challenge_method")
    if got and method != "S256":
        fix = "Set the PKCE method in the application to S256: plain protects nothing, and a missing method means "
        fix += "plain."
        if method and method.upper().replace("-", "") in ("S256", "SHA256"):
            fix = f"Write the method as S256, in these letters, not {method[:20]}."
        elif not seen.client.oidc.is_public:
            fix += " Where its library cannot, switch its PKCE off and let it in without: "
            fix += f"doorward client set {seen.client.id} profile=legacy"
        else:
            fix += f" No profile allows plain; an application without a secret ({seen.client.profile}) needs S256."
        yield Finding("pkce_method", "application", "code_challenge_method", fix, "S256", method or "(nothing)")
    elif got and pkce.FORM.fullmatch(got) is None:
        fix = f"{_not_of_the_form(got)}: the challenge must be the base64url SHA-256 of the verifier, which has 43 "
        fix += "characters of A-Z a-z 0-9 - _, without “=”. A library should make it."
        shown = f"{len(got)} characters"
        yield Finding("pkce_challenge", "application", "code_challenge", fix, "43 characters", shown)
    elif method and not got:
        fix = "A method was sent without code_challenge: switch PKCE on as a whole."
        yield Finding("pkce_challenge", "application", "code_challenge", fix, "a challenge", "(nothing)")
    elif not got and (seen.client.oidc.require_pkce or seen.client.oidc.is_public):
        fix = "Switch PKCE (S256) on in the application"
        if not seen.client.oidc.is_public:
            fix += f"; where its library has none: doorward client set {seen.client.id} profile=legacy"
        yield Finding("pkce_missing", "application", "code_challenge", f"{fix}.", "a challenge (S256)", "(nothing)")


def verifier(seen: Seen) -> Iterator[Finding]:
    """Of the token request. What the challenge was, the code alone knows, as long as it waits."""
    message, got = seen.told("message"), seen.sent.get("code_verifier") or ""
    if seen.code != "invalid_grant" or "code_verifier" not in message:
        return
    expected = "the verifier of the challenge that was sent"
    if "no code_challenge" in message:
        expected = "(nothing)"
    shown = f"{len(got)} characters" if got else "(nothing)"
    past = ledger.past_of(seen.services, seen.sent.get("code") or "")
    challenge = past.grant.challenge if past is not None and past.grant is not None else ""
    how = _how(got, challenge) if got and challenge else ""
    fix = f"{how} A library should make both: let it take its own." if how else seen.told("fix")
    if not how and "does not match" in message:
        fix = (
            "Most likely it is the verifier of another sign-in. Where that is so each time, the application keeps one "
            "verifier for all; where it is so in some sign-ins only, its replicas do not share their sessions (or need "
            "sticky ones), or two tabs share one place for it. Let it keep one for each sign-in, by its state."
        )
    if not how and got and pkce.FORM.fullmatch(got) is None:
        fix = f"{_not_of_the_form(got)}: a verifier has 43 to 128 characters of A-Z a-z 0-9 - . _ ~ (RFC 7636 §4.1), "
        fix += "new and random for each sign-in. A library should make it: let it take its own."
        expected = "43 to 128 characters of A-Z a-z 0-9 - . _ ~"
    code = "pkce_verifier" if got else "pkce_verifier_missing"
    yield Finding(code, "application", "code_verifier", fix, expected, shown)


def _not_of_the_form(got: str) -> str:
    """What a verifier or a challenge has that RFC 7636 §4.1, §4.2 do not have."""
    if "+" in got or "/" in got or got.endswith("="):
        return "It is plain base64 (“+”, “/”, “=”) in the place of base64url without padding"
    if " " in got:
        return "It has a space, which “+” becomes in an address: it is plain base64 in the place of base64url"
    if corrections.edges(got):
        return f"It {corrections.edges(got)}"
    if "%" in got:
        return "It is percent-encoded once too often"
    if len(got) < _SHORTEST:
        return f"It has {len(got)} characters, which is too short"
    return f"It has {len(got)} characters, which is too long" if len(got) > _LONGEST else "It has other characters"


def _how(got: str, challenge: str) -> str:
    """What a program does that makes the two by itself, and not as RFC 7636 §4.2 has it."""
    raw = sha256(got.encode()).digest()
    wrong = {
        got: "The two requests bear the same value: the challenge must be the SHA-256 of the verifier, in base64url, "
        "and the method S256.",
        raw.hex(): "The challenge is the SHA-256 in hexadecimal: it must be base64url.",
        urlsafe_b64encode(raw.hex().encode()).rstrip(b"=").decode(): "The challenge is the base64url of the SHA-256 in "
        "hexadecimal: it must be that of the 32 bytes.",
        urlsafe_b64encode(got.encode()).rstrip(b"=").decode(): "The challenge is the base64url of the verifier itself: "
        "the SHA-256 is missing.",
    }  # fmt: skip
    if challenge in wrong:
        return wrong[challenge]
    for how, form in corrections.corrected(got):
        if form.isascii() and pkce.challenge_of(form) == challenge:
            return f"It is the right verifier, but {how}."
    try:  # the challenge was made of the bytes that the verifier encodes
        decoded = urlsafe_b64decode(got + "=" * (-len(got) % 4))
    except ValueError:
        return ""
    made = urlsafe_b64encode(sha256(decoded).digest()).rstrip(b"=").decode()
    return "The challenge is made of the bytes before their base64url: it must be made of the text." * (
        made == challenge
    )
