"""What can go wrong with a provider, each with the side, the field and the fix that an admin reads under its id (I11).

The page never repeats what the provider said: that is for the log and the admins.
"""

from __future__ import annotations

import re
from shlex import quote
from typing import Final

from idp.errors import Explanation, Refused
from idp.federation.provider import Provider
from idp.texts import N_

SIDE: Final = "upstream"
#: How providers say that a secret was right once; AADSTS7000222 is Entra's.
_OVER: Final = re.compile(r"expired|has run out|AADSTS7000222", re.IGNORECASE)
ADVICE: Final = N_("Try again, or sign in another way. If it happens again, send the error id to your IT.")


def title(provider: Provider) -> str:
    """What the page says above all."""
    return N_("Signing in through %(name)s did not work", name=provider.name)


def message(provider: Provider) -> str:
    """What a person reads whose provider has answered something that is not taken."""
    return N_(
        "%(name)s has sent you back, but its answer cannot be accepted here. Your IT can mend that; "
        "nothing is wrong with your account.",
        name=provider.name,
    )


def refused(provider: Provider, code: str, why: Explanation, *, detail: str = "") -> Refused:
    """An answer of a provider's that is not taken: people read that it is not theirs to mend, admins `why`."""
    return Refused(code, message(provider), title=title(provider), advice=ADVICE, detail=detail, explanation=why)


def issuer(provider: Provider, expected: str, got: str, field: str = "iss") -> Refused:
    """Somebody else answers than was asked, or calls itself otherwise (RFC 9207 §2.4, Core §3.1.3.7)."""
    fix = "Compare the issuer of the provider here with the one that its discovery document names, byte by byte."
    return refused(provider, "upstream_issuer", Explanation(SIDE, fix, field, expected, got[:300]))


def audience(provider: Provider, got: str) -> Refused:
    """The ID token is for somebody else."""
    fix = "The ID token must be for the client id of this provider here, and for nobody beside it."
    return refused(provider, "upstream_audience", Explanation(SIDE, fix, "aud", provider.client_id, got[:300]))


def nonce(provider: Provider) -> Refused:
    """The ID token answers another request."""
    fix = "The provider must put the nonce of the authorization request into the ID token, unchanged."
    return refused(
        provider, "upstream_nonce", Explanation(SIDE, fix, "nonce", "the nonce of this request", "another one, or none")
    )


def clock(provider: Provider, reason: str) -> Refused:
    """Times do not fit."""
    fix = "Compare the clocks of both machines; they may differ by a minute."
    return refused(
        provider, "upstream_clock", Explanation(SIDE, fix, "exp, iat, nbf", "a time of now", reason), detail=reason
    )


def signature(provider: Provider, reason: str) -> Refused:
    """The ID token cannot be believed."""
    fix = f"The ID token is not signed as it should be: {reason}. See which keys and algorithms its discovery names."
    return refused(
        provider,
        "upstream_signature",
        Explanation(SIDE, fix, "id_token", "signed by a key of the provider", reason),
        detail=reason,
    )


def claim(provider: Provider, name: str, expected: str, got: str = "(nothing)") -> Refused:
    """Something that is needed is not in the answer."""
    fix = f"Let the provider send {name}: a scope, an optional claim or a mapper there decides that."
    return refused(provider, "upstream_claim", Explanation(SIDE, fix, name, expected, got[:300]))


def answer(provider: Provider, reason: str, *, field: str = "", fix: str = "") -> Refused:
    """The provider says no, or something that cannot be read."""
    return refused(
        provider,
        "upstream_answer",
        Explanation(SIDE, fix or "Read the provider's own log of this moment.", field, "", reason),
        detail=reason,
    )


def redirect_uri(provider: Provider, expected: str, reason: str) -> Refused:
    """Our redirect URI is not registered there."""
    fix = (
        "Register the redirect URI of this provider there, exactly as it stands here: "
        f"doorward provider show {quote(provider.name)}"
    )
    return refused(
        provider, "upstream_redirect_uri", Explanation(SIDE, fix, "redirect_uri", expected, reason), detail=reason
    )


def secret(provider: Provider, reason: str) -> Refused:
    """The provider does not know us by what we showed."""
    field, expected = "client_secret", f"the secret of {provider.client_id} at {provider.name}"
    if _OVER.search(reason):
        expected = "a secret that has not expired"
    fix = (
        f"Make a new secret at {provider.name}, in Doorward's registration there ({provider.client_id}), and put it "
        "into a file: the secret's value, not its id. "
    )
    if provider.auth_method == "private_key_jwt":
        field, expected = "client_assertion", "a signature by a key of ours that it has read"
        fix = f"Let {provider.name} read our keys anew, at /oauth/jwks; no secret is used with it. "
        return refused(
            provider, "upstream_secret", Explanation(SIDE, fix.strip(), field, expected, reason), detail=reason
        )
    if provider.auth_method == "apple":
        expected = "a secret that is signed by a key of Apple's"
        fix = f"Make a new key at {provider.name} (Certificates, Identifiers & Profiles) and keep its .p8 file. "
    fix += f"Then give it to Doorward: doorward provider change {quote(provider.name)} --secret-file FILE"
    return refused(provider, "upstream_secret", Explanation(SIDE, fix, field, expected, reason), detail=reason)


def bind(provider: Provider, code: int, reason: str) -> Refused:
    """The directory does not know who searches there."""
    fix = (
        "Compare the bind DN and its password with those of the directory: somebody may have changed it, or the "
        "account there is locked or has run out."
    )
    if code == 8:  # RFC 4511 §4.1.9 strongerAuthRequired; AD without TLS
        fix = "The directory takes no password without TLS: name its server with ldaps://."
    return Refused(
        "upstream_bind", N_("%(name)s cannot be reached at the moment.", name=provider.name), title=title(provider),
        advice=N_("Try again in some minutes, or sign in another way."), status=503, detail=f"{code} {reason[:200]}",
        explanation=Explanation(SIDE, fix, "bind_dn", "a bind that succeeds", f"result code {code}"),
    )  # fmt: skip


def code(provider: Provider, reason: str) -> Refused:
    """The code is not redeemed."""
    fix = "A code works once, for a minute, and with the redirect URI of its request: try again, and compare those."
    return refused(provider, "upstream_code", Explanation(SIDE, fix, "code", "a fresh code", reason), detail=reason)


def consent(provider: Provider, reason: str) -> Refused:
    """Nobody there has agreed that we may learn who people are."""
    fix = (
        f"Let an admin of {provider.name} grant consent for the whole organisation to Doorward's registration there "
        f"({provider.client_id}). In Entra: Enterprise applications, that registration, Permissions, “Grant admin "
        "consent”."
    )
    return Refused(
        "upstream_consent",
        N_(
            "%(name)s has sent you back: an admin there must allow Doorward's registration at %(name)s first. "
            "Nothing is wrong with your account.",
            name=provider.name,
        ),
        title=title(provider),
        advice=N_("Until then, sign in another way. Send the error id to your IT: trying again does not help."),
        detail=reason,
        explanation=Explanation(SIDE, fix, "consent", "granted for the organisation", reason),
    )


def domain(provider: Provider, field: str, expected: str, got: str) -> Refused:
    """Somebody of another organisation."""
    return Refused(
        "upstream_domain",
        N_("This account at %(name)s belongs to an organisation that does not sign in here.", name=provider.name),
        title=title(provider), advice=N_("Sign in there with your work account, or sign in another way."),
        explanation=Explanation("person", f"Only accounts of {expected} are taken from this provider.", field, expected,
                                got[:300]),
    )  # fmt: skip


def down(provider: Provider, reason: str) -> Refused:
    """The provider does not answer."""
    fix = "See whether the provider is up, and whether this machine may reach it: a firewall, a name, a certificate."
    if "outbound.allow" in reason:  # it was not even asked
        fix = "Only https to public addresses is called, but for what the settings name in outbound.allow."
    return Refused(
        "upstream_down", N_("%(name)s cannot be reached at the moment.", name=provider.name), title=title(provider),
        advice=N_("Try again in some minutes, or sign in another way."), status=503, detail=reason,
        explanation=Explanation(SIDE, fix, "issuer", "an answer", reason),
    )  # fmt: skip


def crowded(provider: Provider) -> Refused:
    """So many wait for providers already that one more would hold what everybody else needs."""
    fix = "See why the provider is slow; where it is not, give the process more threads (server.threads)."
    return Refused(
        "upstream_crowded", N_("%(name)s answers slowly, and many wait for it.", name=provider.name),
        title=title(provider), advice=N_("Try again in a moment, or sign in another way."), status=503,
        explanation=Explanation(SIDE, fix, "issuer", "answers within tenths of a second", "many that wait"),
    )  # fmt: skip


def off(provider_name: str) -> Refused:
    """The provider was turned off or removed meanwhile."""
    return Refused(
        "upstream_off", N_("Signing in this way is turned off."), title=N_("This did not work"), detail=provider_name,
        advice=N_("Sign in another way, or ask your IT."),
        explanation=Explanation("doorward", "The provider was turned off or removed here."),
    )  # fmt: skip


def gone() -> Refused:
    """Nobody here waits for this answer: used, old, or begun in another browser."""
    return Refused(
        "upstream_gone", N_("This sign-in was begun too long ago, or in another browser, or it was finished already."),
        title=N_("Please start again"), advice=N_("Go back to the application and sign in from there."),
        explanation=Explanation("person", "An old tab, a copied address, or a reload: they begin anew.", "state",
                                "the state of a request that this browser has begun", "another one"),
    )  # fmt: skip


def too_many() -> Refused:
    """Too many begun from one network."""
    return Refused(
        "upstream_pace", N_("Very many people began to sign in from your network just now."),
        title=N_("Please wait a moment"), advice=N_("Try again in a minute."), status=429,
        explanation=Explanation("person", "More sign-ins were begun from one network than people can begin."),
    )  # fmt: skip


def not_fresh(provider: Provider) -> Refused:
    """They were to prove it anew, and it does not show that they did."""
    return Refused(
        "upstream_not_fresh",
        N_("This needs a new sign-in, and %(name)s does not say that there was one.", name=provider.name),
        title=title(provider), advice=N_("Sign out at %(name)s and come back, or sign in another way.",
                                          name=provider.name),
        explanation=Explanation(SIDE, "Let the provider send auth_time, or let the person set up a factor here.",
                                "auth_time", "a moment after the request began", "an earlier one, or none"),
    )  # fmt: skip


def logout_token(provider: Provider, name: str, expected: str, got: str = "(nothing)") -> Refused:
    """A logout token is not as Back-Channel Logout 1.0 §2.4 has it; the provider's server is told."""
    fix = (
        f"The logout token of the provider must have {name} as Back-Channel Logout 1.0 §2.4 says; nobody is signed out."
    )
    return refused(provider, "upstream_logout", Explanation(SIDE, fix, name, expected, got[:300]))


def security_event(provider: Provider, name: str, expected: str, got: str = "(nothing)") -> Refused:
    """A security event is not as SSF 1.0 §4 has it; the provider's server is told."""
    fix = f"The security event of the provider must have {name} as SSF 1.0 §4 says: {expected}; nobody is signed out."
    return refused(provider, "upstream_event", Explanation(SIDE, fix, name, expected, got[:300]))
