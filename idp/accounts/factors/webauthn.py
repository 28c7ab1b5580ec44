"""Passkeys and security keys: the relying party of WebAuthn level 3 (F3; S66–S68).

Pure: what came from the browser, what was asked, what is enrolled; who keeps challenges and people is elsewhere. The
`webauthn` library reads and verifies; what it leaves to the relying party is checked here. Everything fails closed.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from idp.accounts.factors import Enrolled

if TYPE_CHECKING:
    from idp.accounts.person import Person
    from idp.config import Settings

KIND = "webauthn"
ALGORITHMS = (-7, -8, -257)  # COSE: ES256, EdDSA, RS256
CHALLENGE_BYTES = 32
MAX_CREDENTIAL_ID = 1023  # bytes (§7.1)
MAX_ANSWER = 65536  # characters of what a browser posts
TIMEOUT = 300_000  # milliseconds that the browser's dialog stays open (§15.1)
_TRANSPORTS = frozenset(("usb", "nfc", "ble", "smart-card", "hybrid", "internal"))
#: Attestation statements that lead to a maker by certificates.
_CERTIFIED = ("packed", "tpm", "android-key", "apple", "fido-u2f")
_AAGUID_EXTENSION = "1.3.6.1.4.1.45724.1.1.4"


class NotProven(Exception):
    """What came is no proof. The text is for the log and the audit, never for the page."""


class WrongModel(NotProven):
    """A sound authenticator, but not of a model that the settings allow."""


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Who passkeys belong to. `id`: a domain; `origins`: where ceremonies may take place, compared as they are."""

    id: str
    name: str
    origins: tuple[str, ...]
    aaguids: frozenset[str] = frozenset()
    roots: Path | None = None

    @property
    def attestation(self) -> str:
        """What is asked of authenticators about their maker (§5.4.7)."""
        return "direct" if self.aaguids else "none"


@dataclass(frozen=True, slots=True)
class Registration:
    """A new credential that has shown all that it had to."""

    credential_id: str
    counter: int
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Assertion:
    """A credential that was used by whoever holds it. `user_verified`: by finger, face or PIN, too."""

    counter: int
    user_verified: bool
    backed_up: bool
    backup_eligible: bool


def relying_party(settings: Settings) -> RelyingParty | None:
    """Of the settings; None where the issuer has no host name: browsers know no passkeys of an IP address (§5.1.2)."""
    if not settings.has_host_name:
        return None
    issuer, own = urlsplit(settings.server.issuer), settings.passkeys
    return RelyingParty(
        own.rp_id or issuer.hostname or "",
        settings.brand.company,
        (f"{issuer.scheme}://{issuer.netloc}", *own.related_origins),
        frozenset(aaguid.lower() for aaguid in own.aaguids),
        settings.path(own.attestation_roots) if own.attestation_roots else None,
    )


def encode(raw: bytes) -> str:
    """Base64url without padding, as WebAuthn's JSON has it."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Errors: `ValueError`."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def user_handle(person_id: str) -> str:
    """Whom a discoverable credential names (§14.6.1: nothing that tells who it is): the id, which is random."""
    return encode(person_id.encode())


def of_party(enrolled: Iterable[Enrolled], party: RelyingParty) -> tuple[Enrolled, ...]:
    """Those that can be used here: a credential works under the domain that it was made for only."""
    return tuple(f for f in enrolled if f.kind == KIND and f.data.get("rp_id") == party.id)


# -- what is asked ---------------------------------------------------------------------------------------------------


def registration_options(
    party: RelyingParty, person: Person, enrolled: Iterable[Enrolled], challenge: bytes, *, sole: bool,
    unasked: bool = False,
) -> str:  # fmt: skip
    """PublicKeyCredentialCreationOptionsJSON.

    `sole`: it must do by itself; `unasked`: the browser makes it without a question, so nobody is verified (§5.1.3).
    """
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import (
        AttestationConveyancePreference,
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options = generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=person.id.encode(),
        user_name=person.username,
        user_display_name=person.name,
        challenge=challenge,
        timeout=TIMEOUT,
        attestation=AttestationConveyancePreference(party.attestation),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED if sole or unasked else ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.REQUIRED if sole else UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=decode(f.key or "")) for f in of_party(enrolled, party)],
        supported_pub_key_algs=_algorithms(),
    )
    # credProps: whether it became discoverable, so that the page can say where it can be used.
    return json.dumps({**json.loads(options_to_json(options)), "extensions": {"credProps": True}})


def authentication_options(
    party: RelyingParty, challenge: bytes, *, verification: str, allowed: Iterable[Enrolled] = ()
) -> str:
    """PublicKeyCredentialRequestOptionsJSON; `allowed` empty: whichever discoverable one the person picks.

    Written out here: the login page must not wait for the library to load.
    """
    return json.dumps(
        {
            "challenge": encode(challenge),
            "rpId": party.id,
            "timeout": TIMEOUT,
            "userVerification": verification,
            "allowCredentials": [
                {"type": "public-key", "id": f.key, "transports": f.data.get("transports", [])} for f in allowed
            ],
        }
    )


# -- what comes back -------------------------------------------------------------------------------------------------


def read(posted: str) -> dict[str, Any]:
    """The credential that a page posted. Errors: `NotProven`."""
    if not 0 < len(posted) <= MAX_ANSWER:
        raise NotProven("nothing was posted, or too much")
    try:
        credential = json.loads(posted)
    except (ValueError, RecursionError) as error:
        raise NotProven("not JSON") from error
    if not isinstance(credential, dict) or not isinstance(credential.get("id"), str):
        raise NotProven("not a credential")
    return credential


def challenge_of(credential: Mapping[str, Any]) -> bytes:
    """The challenge that a credential answers. Errors: `NotProven`."""
    try:
        return decode(_client_data(credential)["challenge"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotProven("no challenge in the client data") from error


def verify_registration(
    party: RelyingParty, credential: Mapping[str, Any], challenge: bytes, *, sole: bool, unasked: bool = False
) -> Registration:
    """§7.1. The caller has taken `challenge` out of its store. Errors: `NotProven`, `WrongModel`."""
    from webauthn import verify_registration_response

    _check_client_data(credential)
    try:
        seen = verify_registration_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            require_user_presence=not unasked,  # §7.1: but where the browser was to ask nobody
            require_user_verification=sole,
            supported_pub_key_algs=_algorithms(),
            pem_root_certs_bytes_by_fmt=_roots(party),
        )
    except Exception as error:  # whatever a library says of what a stranger posted
        raise NotProven(_words(error)) from error
    if encode(seen.credential_id) != credential["id"]:
        raise NotProven("the credential id is not the attested one")
    # §7.1: longer ones are refused.
    if len(seen.credential_id) > MAX_CREDENTIAL_ID:
        raise NotProven(f"a credential id of {len(seen.credential_id)} bytes")
    _check_model(party, seen)
    discoverable = _discoverable(credential)
    if (sole or unasked) and discoverable is False:
        raise NotProven("not discoverable, and it would be the only way in")
    data = {
        "rp_id": party.id,
        "public_key": encode(seen.credential_public_key),
        "transports": _transports(credential),
        "aaguid": seen.aaguid,
        "attestation": str(getattr(seen.fmt, "value", seen.fmt)),
        "backup_eligible": seen.credential_device_type.value == "multi_device",
        "backed_up": seen.credential_backed_up,
        "user_verified": seen.user_verified,
        "discoverable": discoverable,
        **({"unasked": True} if unasked else {}),
    }
    return Registration(credential["id"], seen.sign_count, data)


def verify_authentication(
    party: RelyingParty, credential: Mapping[str, Any], challenge: bytes, enrolled: Enrolled, *, sole: bool
) -> Assertion:
    """§7.2, but for the counter, which the caller compares and stores in one step.

    `sole`: nothing else was shown, so the user must be verified, and named by the credential. Errors: `NotProven`.
    """
    from webauthn import verify_authentication_response

    _check_client_data(credential)
    if credential["id"] != enrolled.key:
        raise NotProven("another credential than the enrolled one")
    handle = _response(credential).get("userHandle")
    # §7.2: the user handle names the owner; where nobody was named before, it must be there.
    # Where the product that it was carried over from does not say which it gave, the credential alone names the owner.
    expected = enrolled.data.get("user_handle", user_handle(enrolled.person_id))
    if expected and (handle or sole) and handle != expected:
        raise NotProven("the user handle is not the owner's")
    try:
        seen = verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            credential_public_key=decode(enrolled.data["public_key"]),
            # Compared by the caller after the signature: an unsigned counter is no reason for an alarm.
            credential_current_sign_count=0,
            require_user_verification=sole,
        )
    except Exception as error:
        raise NotProven(_words(error)) from error
    eligible = seen.credential_device_type.value == "multi_device"
    if enrolled.data.get("backup_eligible", eligible) is not eligible:  # unsaid where it was carried over
        raise NotProven("backup eligibility has changed")  # §7.2: it never does
    return Assertion(seen.new_sign_count, seen.user_verified, seen.credential_backed_up, eligible)


# -- below -----------------------------------------------------------------------------------------------------------


def _response(credential: Mapping[str, Any]) -> Mapping[str, Any]:
    response = credential.get("response")
    if not isinstance(response, dict):
        raise NotProven("a credential without a response")
    return response


def _client_data(credential: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        found = json.loads(decode(_response(credential)["clientDataJSON"]))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise NotProven("the client data cannot be read") from error
    if not isinstance(found, dict):
        raise NotProven("the client data is not an object")
    return found


def _check_client_data(credential: Mapping[str, Any]) -> None:
    """§7.1, §7.2: our pages are in nobody's frame. (Type, challenge and origin: the library.)"""
    found = _client_data(credential)
    if found.get("crossOrigin", False) is not False or "topOrigin" in found:
        raise NotProven("made inside a page of another origin")


def _check_model(party: RelyingParty, seen: Any) -> None:
    """Whether the settings allow an authenticator's model, which its certificate must name where roots are set."""
    if not party.aaguids:
        return
    if seen.aaguid.lower() not in party.aaguids:
        raise WrongModel(f"the model {seen.aaguid} is not on the list")
    if party.roots is None:
        return
    from cryptography import x509
    from webauthn.helpers import parse_attestation_object

    chain = parse_attestation_object(seen.attestation_object).att_stmt.x5c
    if not chain or seen.fmt not in _CERTIFIED:  # none, or signed by the credential itself
        raise WrongModel(f"attestation {seen.fmt} names no maker")
    try:
        stated = x509.load_der_x509_certificate(chain[0]).extensions.get_extension_for_oid(
            x509.ObjectIdentifier(_AAGUID_EXTENSION)
        )
    except x509.ExtensionNotFound:
        return
    # §8.2.1: an octet string inside the extension.
    if stated.value.public_bytes()[-16:].hex() != seen.aaguid.replace("-", ""):
        raise WrongModel("the certificate is of another model")


def _roots(party: RelyingParty) -> dict[Any, list[bytes]] | None:
    if party.roots is None:
        return None
    mark = b"-----END CERTIFICATE-----"
    certificates = [part + mark for part in party.roots.read_bytes().split(mark)[:-1]]
    if not certificates:  # with none the library would believe any chain
        raise WrongModel("there is no certificate in passkeys.attestation_roots")
    return dict.fromkeys(_CERTIFIED, certificates)


def _algorithms() -> list[Any]:
    from webauthn.helpers.cose import COSEAlgorithmIdentifier

    return [COSEAlgorithmIdentifier(alg) for alg in ALGORITHMS]


def _transports(credential: Mapping[str, Any]) -> list[str]:
    """What the browser knows of how to reach it; unknown ones are dropped (§7.1)."""
    told = _response(credential).get("transports")
    return sorted(_TRANSPORTS.intersection(t for t in told if isinstance(t, str))) if isinstance(told, list) else []


def _discoverable(credential: Mapping[str, Any]) -> bool | None:
    """What credProps says; None where it says nothing."""
    extensions = credential.get("clientExtensionResults")
    properties = extensions.get("credProps") if isinstance(extensions, dict) else None
    told = properties.get("rk") if isinstance(properties, dict) else None
    return told if isinstance(told, bool) else None


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
