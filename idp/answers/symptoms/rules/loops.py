"""The same person through the sign-in again and again within seconds: the application does not take our answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from idp.answers.finding import Side
from idp.answers.symptoms import kinds
from idp.answers.symptoms.evidence import Evidence
from idp.answers.symptoms.symptom import Cause, Symptom
from idp.traffic import CODE, REDEEMED, RESPONSE, USERINFO

AT_LEAST: Final = 3  # rounds

OWN_COOKIE: Final = Cause(
    "It does not keep its own session cookie: wrong domain, Secure over http, SameSite, too large.",
    "The browser's developer tools, Application › Cookies, show none of its own after its callback, or a warning.",
    "Set the cookie for the host of its redirect URI, Secure only on https, SameSite=Lax; keep little in it.",
)
NO_SHARED_SESSIONS: Final = Cause(
    "Its replicas share no sessions: the next request meets one that does not know the person.",
    "It works with one replica alone.", "Give them one session store, or sticky sessions.",
)  # fmt: skip


def openid_connect(seen: Evidence) -> Iterator[Symptom]:
    """Cases 10 and 11, and the rest."""
    many = max(seen.lately(kinds.LOOP), (refused.times if (refused := seen.refused("sign_in_loop")) else 0))
    if seen.client.saml is not None or many < 1 or (many < AT_LEAST and refused is None):
        return
    causes = tuple(causes_of(seen))
    first, loop = causes[0], seen.of(kinds.LOOP)
    yield Symptom(
        code="sign_in_loop", side=first[0], field=first[1],
        what=f"People who are signed in are sent through the sign-in again within seconds, {many} times in a day.",
        causes=tuple(one for _, _, one in causes), times=many,
        since=loop.first_at or (refused.since if refused else 0.0),
        last_at=max(loop.last_at, refused.last_at if refused else 0.0),
        expected="one sign-in, then the application's own session", got=f"{many} rounds",
    )  # fmt: skip


def causes_of(seen: Evidence) -> Iterator[tuple[Side, str, Cause]]:
    """Side, field and cause, what the evidence points at first. `seen.sent` may say what is known of this very loop."""
    known, loops = seen.sent, max(1, seen.lately(kinds.LOOP))
    failed = seen.refused(
        "invalid_client", "secret_wrong", "secret_form", "pkce_verifier",
        "pkce_verifier_missing", "token_redirect_uri", "auth_method",
        "invalid_token",
    )  # fmt: skip
    unredeemed = known.get("redeemed", "no" if _most(seen, kinds.LOOP_UNREDEEMED, loops) else "yes") == "no"
    wants_mail = "email" in seen.client.oidc.scopes
    if unredeemed and failed is not None and failed.last_at > seen.now - 3600:
        yield "application", failed.field, Cause(
            f"Its token request is refused ({failed.code}), and it begins again.",
            f"doorward explain {failed.error_id}", f"Put right what stands under {failed.error_id}.",
        )  # fmt: skip
    mail = known.get("email") or (
        "none" if _most(seen, kinds.LOOP_NO_EMAIL, loops)
        else "unverified" if _most(seen, kinds.LOOP_UNVERIFIED, loops) else ""
    )  # fmt: skip
    if unredeemed:
        yield "application", "token endpoint", Cause(
            "It never redeems the code: its callback refuses it (state cookie), or its server cannot reach our token "
            "endpoint or does not trust its certificate.",
            "No token request came for the codes of the loop; its log at the callback says which.",
            "Set its state cookie SameSite=Lax for the host of its redirect URI; else see codes_never_redeemed.",
        )  # fmt: skip
    if not unredeemed and not seen.lately(USERINFO) and seen.lately(REDEEMED) and _may_read(seen):
        yield "doorward", "id_token_claims", id_token_claims(seen)
    if wants_mail and mail in ("none", "unverified") and not unredeemed:
        yield "person", "email", no_mail(mail)
    yield "application", "session cookie", OWN_COOKIE
    yield "application", "sessions", NO_SHARED_SESSIONS
    yield "application", "clock", Cause(
        "Its clock is wrong, so every ID token is from the future or over.", "date -u on its server, beside ours.",
        "Switch NTP on there.",
    )  # fmt: skip
    if wants_mail and not mail and not unredeemed:
        yield "person", "email", no_mail("none")


def no_mail(state: str) -> Cause:
    """Case 11. `state`: none, unverified."""
    lacks = "no e-mail address" if state == "none" else "an e-mail address that is not verified"
    fix = "doorward user set NAME --email ADDRESS" if state == "none" else "doorward user set NAME --email-verified"
    return Cause(
        f"Whoever signs in has {lacks}, and the application takes nobody without one: it sends them back in silence.",
        "Only some people loop; doorward user show NAME has the field; others get in.",
        f"Give the person one, on the person's page of the console, “E-mail”, or let the application do without: {fix}",
    )  # fmt: skip


def id_token_claims(seen: Evidence) -> Cause:
    """Case 10."""
    return Cause(
        "It wants email and profile in the ID token and never asks userinfo, where they are (Core §5.4).",
        "It redeems its codes, and no userinfo request has come; its log says “email missing” or “claim not found”.",
        "Let it ask the userinfo endpoint, or put the claims into the ID token: doorward client set "
        f"{seen.client.id} id_token_claims=true",
    )  # fmt: skip


def userinfo_never(seen: Evidence) -> Iterator[Symptom]:
    """Before anybody loops: nothing may be wrong, where the application needs nobody's claims."""
    many = seen.lately(REDEEMED)
    if many < AT_LEAST or seen.of(USERINFO).last_at or not _may_read(seen) or not seen.is_settled(REDEEMED):
        return
    redeemed = seen.of(REDEEMED)
    yield Symptom(
        code="userinfo_never", side="doorward", field="id_token_claims", weight="note",
        what=f"It redeemed {many} codes and never asked userinfo: what it knows of people is their `sub` alone.",
        causes=(
            id_token_claims(seen),
            Cause("It needs no more than `sub`.", "People are called as they should be in it.", "Nothing; or take the "
                  "scopes that it does not use from its registration."),
        ),
        times=many, since=redeemed.first_at, last_at=redeemed.last_at, expected="userinfo, or id_token_claims",
        got="neither",
    )  # fmt: skip


def saml(seen: Evidence) -> Iterator[Symptom]:
    """Case 27: what we sent, what its metadata wants, and what it has of ours."""
    many = max(seen.lately(kinds.LOOP), (refused.times if (refused := seen.refused("sign_in_loop")) else 0))
    if seen.client.saml is None or many < 1 or (many < AT_LEAST and refused is None):
        return
    causes = tuple(saml_causes(seen))
    loop = seen.of(kinds.LOOP)
    yield Symptom(
        code="saml_loop", side="application", field=causes[0][0],
        what=f"It was sent Responses and sent the person back at once, {many} times in the last day. {sent(seen)}",
        causes=tuple(one for _, one in causes), times=many,
        since=loop.first_at or (refused.since if refused else 0.0),
        last_at=max(loop.last_at, refused.last_at if refused else 0.0, seen.of(RESPONSE).last_at),
        expected=wants(seen), got=sent(seen),
    )  # fmt: skip


def saml_causes(seen: Evidence) -> Iterator[tuple[str, Cause]]:
    """Field and cause, what the evidence points at first."""
    provider = seen.client.saml
    assert provider is not None
    stale = next((key for key in seen.keys if key.is_active and key.state in ("missing", "by_hand")), None)
    if clock := seen.sent.get("clock"):
        yield "clock", Cause(
            f"Its clock is {clock}: our assertion seems not yet valid to it, or over.",
            "The time of its own requests, beside ours.", "Switch NTP on at its server.",
        )  # fmt: skip
    certificate = Cause(
        "It has an old certificate of ours, so no signature is good to it.",
        f"{_fetched(stale)} Its log says “signature validation failed”, “no valid credential”, “invalid signature”.",
        f"Let it read {seen.issuer}/saml/metadata again, or paste today's certificate there; until then: doorward key "
        f"pin {seen.client.id} KID with the old one.",
    )
    if stale is not None and stale.state == "missing":
        yield "certificate", certificate
    if provider.sign == "assertion":
        yield "sign", Cause(
            "It wants the Response signed as well, and we sign the Assertion alone.",
            "Its log says “Response is not signed”, “message was not signed”; its metadata has no word for it.",
            f"doorward client set {seen.client.id} sign=both",
        )  # fmt: skip
    elif provider.sign == "response":
        yield "sign", Cause(
            "It wants the Assertion signed (WantAssertionsSigned), and we sign the Response alone.",
            "Its log says “Assertion is not signed”.", f"doorward client set {seen.client.id} sign=both",
        )  # fmt: skip
    yield "audience", Cause(
        f"It calls itself otherwise than {provider.entity_id}, which we send as Audience.",
        "Its log says “is not a valid audience”, “Audience restriction”; compare its entity ID letter by letter.",
        "Set its entity ID to that, or register it anew with its metadata.",
    )  # fmt: skip
    if stale is None or stale.state != "missing":
        yield "certificate", certificate
    if not seen.sent.get("clock"):
        yield "clock", Cause(
            "Its clock is wrong: our assertion seems not yet valid to it, or over.",
            "date -u on its server; its log says “NotBefore”, “timing issues”, “expired”.", "Switch NTP on there.",
        )  # fmt: skip
    yield "attributes", Cause(
        "It misses an attribute, or the NameID has another form than it knows.",
        "Its log names it; the console shows what it is sent (“What it would get”).",
        f"Release it: doorward client set {seen.client.id} attributes=…, or name_id_format=….",
    )  # fmt: skip
    yield "session cookie", OWN_COOKIE


def sent(seen: Evidence) -> str:
    """What we sent, in a line."""
    provider = seen.client.saml
    assert provider is not None
    key = next((key for key in seen.keys if key.is_active), None)
    parts = {"assertion": "the Assertion", "response": "the Response", "both": "the Assertion and the Response"}
    signed = parts.get(str(provider.sign), str(provider.sign))
    by = f" by the certificate {key.kid}" if key is not None else ""
    return f"We signed {signed}{by}, for the Audience {provider.entity_id}. {_fetched(key)}"


def wants(seen: Evidence) -> str:
    provider = seen.client.saml
    assert provider is not None
    wanted = "true" if provider.want_assertions_signed else "false, or not said"
    encrypted = "has an encryption certificate" if provider.encryption_keys else "has no encryption certificate"
    places = ", ".join(sorted(provider.acs_locations)[:3])
    return f"its metadata: WantAssertionsSigned {wanted}, {encrypted}, ACS {places}"


def _fetched(key: object) -> str:
    at = getattr(key, "fetched_at", None)
    if at is None:
        return "It is not known to have fetched our metadata since that certificate is there."
    from datetime import UTC, datetime

    return f"It last fetched our metadata at {datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC."


def _most(seen: Evidence, kind: str, loops: int) -> bool:
    return seen.lately(kind) >= max(1, loops / 2)


def _may_read(seen: Evidence) -> bool:
    """Whether it asks for what userinfo alone would tell it."""
    mine = seen.client.oidc
    return not mine.id_token_claims and bool(mine.scopes & {"email", "profile", "groups", "roles"}) and bool(
        seen.lately(CODE, REDEEMED)
    )  # fmt: skip
