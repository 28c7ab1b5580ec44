"""What can be wrong with a SAML provider and its answers, beside what all kinds share: see `failures`."""

from __future__ import annotations

from shlex import quote

from idp.errors import Explanation, Refused
from idp.federation.failures import SIDE, refused, title
from idp.federation.provider import Provider
from idp.texts import N_


def metadata(provider: Provider, reason: str) -> Refused:
    """Its metadata cannot be had, or says nothing that can be used."""
    fix = "Compare the metadata of the provider here with what it publishes: its address, its entityID, its validUntil."
    return refused(
        provider,
        "upstream_saml_metadata",
        Explanation(SIDE, fix, "metadata", "a current EntityDescriptor with an IDPSSODescriptor", reason),
        detail=reason,
    )


def signature(provider: Provider, reason: str) -> Refused:
    """It is signed by nobody whom the metadata names, or not as it should be."""
    fix = (
        f"The answer cannot be believed: {reason}. Compare the provider's signing certificate with that of its "
        "metadata, and let it sign the assertion or the response by RSA or ECDSA with SHA-256."
    )
    return refused(
        provider,
        "upstream_saml_signature",
        Explanation(SIDE, fix, "Signature", "by a key of the provider's metadata", reason),
        detail=reason,
    )


def encryption(provider: Provider) -> Refused:
    """The assertion is encrypted, and not for a key of ours by a method of ours."""
    fix = (
        "Let the provider read our metadata again, and encrypt by AES-GCM with RSA-OAEP (AES-CBC and PKCS #1 v1.5 are "
        "not decrypted); or let it send the assertion unencrypted, which TLS protects."
    )
    return refused(
        provider,
        "upstream_saml_encryption",
        Explanation(SIDE, fix, "EncryptedAssertion", "AES-GCM for a key of our metadata", "something else"),
    )


def response(provider: Provider, field: str, expected: str, got: str) -> Refused:
    """It answers something else, or was sent elsewhere."""
    fix = "Let the provider read our metadata again: it must answer this very request, at the address that is its own."
    return refused(provider, "upstream_saml_response", Explanation(SIDE, fix, field, expected, got[:300]))


def audience(provider: Provider, expected: str, got: str) -> Refused:
    """The assertion is for somebody else."""
    fix = "The assertion must be for our entityID at this provider: compare it with what is registered there."
    return refused(
        provider, "upstream_saml_audience", Explanation(SIDE, fix, "AudienceRestriction", expected, got[:300])
    )


def name_id(provider: Provider, got: str) -> Refused:
    """What it calls people is no key of an account: it is another one next time, or somebody else's one day."""
    fix = (
        "Let the provider send a NameID of the format persistent; or, before anybody signs in, name an attribute that "
        "stays (such as urn:oasis:names:tc:SAML:attribute:subject-id): doorward provider change "
        f"{quote(provider.name)} --set subject=ATTRIBUTE"
    )
    return refused(
        provider,
        "upstream_saml_name_id",
        Explanation(SIDE, fix, "NameID", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", got[:300]),
    )


def status(provider: Provider, code: str, said: str) -> Refused:
    """The provider says no."""
    fix = "Read the provider's own log of this moment; what it answered is beside this."
    if code.endswith(("NoAuthnContext", "InvalidNameIDPolicy")):
        fix = "Compare step_up and name_id_format of the provider here with what it can do there."
    return refused(
        provider,
        "upstream_saml_status",
        Explanation(SIDE, fix, "Status", "Success", f"{code}: {said}"[:300]),
        detail=f"{code}: {said}"[:300],
    )


def unreadable(provider: Provider, reason: str) -> Refused:
    """It is no SAML that can be taken."""
    fix = "The answer is not what SAML 2.0 allows, or more than is taken: see the reason."
    return refused(
        provider,
        "upstream_saml_unreadable",
        Explanation(SIDE, fix, "SAMLResponse", "a Response of SAML 2.0 with one assertion", reason[:300]),
        detail=reason,
    )


def logout(provider: Provider, field: str, expected: str, got: str) -> Refused:
    """A message about signing out that ends nothing: it is not proven, not for us, or not of now."""
    fix = "Let the provider read our metadata again, and sign its logout messages by a key of its own metadata."
    return Refused(
        "upstream_saml_logout",
        N_("%(name)s says that you have signed out there, but that cannot be believed here.", name=provider.name),
        title=N_("Signing out did not go through"), advice=N_("Sign out here, too, if you want to be signed out."),
        explanation=Explanation(SIDE, fix, field, expected, got[:300]),
    )  # fmt: skip


def replayed(provider: Provider) -> Refused:
    """It was taken before."""
    return refused(
        provider,
        "upstream_saml_replayed",
        Explanation(
            SIDE,
            "Each assertion needs an ID of its own, and is taken once: sign in again.",
            "ID",
            "an assertion that was not used before",
            "one that was",
        ),
    )


def unsolicited(provider: Provider) -> Refused:
    """Nobody asked for it (Prof §4.1.5): whoever plants one signs somebody in as whom they like."""
    return Refused(
        "upstream_saml_unsolicited",
        N_("%(name)s has sent you here without being asked by us. Please begin at the application.",
           name=provider.name),
        title=title(provider), advice=N_("Go back to the application and sign in from there."),
        explanation=Explanation(
            SIDE, "Let people begin at an application, or at Doorward itself; or turn the field unsolicited on: then "
            "such an answer leads to our own request to the provider, and is itself never taken.",
            "RelayState", "the one of our request", "another one, or none",
        ),
    )  # fmt: skip
