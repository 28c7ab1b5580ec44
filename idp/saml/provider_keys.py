"""Whose keys check a service provider's signatures, and how we sign and encrypt for it: all out of its registration."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from clients.service_provider import ServiceProvider
from idp.errors import SamlError
from idp.protocols import Services
from idp.saml.messages import encryption, names
from idp.saml.messages.encryption import CannotEncrypt, EncryptionMethod, Recipient
from idp.saml.messages.public_keys import PublicKey, public_key
from idp.saml.messages.signature_gate import SECURE, WITH_SHA1, Algorithms, BadSignature
from idp.saml.messages.signing import DIGESTS, ECDSA, RSA, RSA_PSS, SigningKey, signing_key
from keys.certificates import CertifiedKey
from keys.certificates.ring import Kind


@dataclass(frozen=True, slots=True)
class _Keys:
    """The keys of one registration, parsed once."""

    signing: tuple[PublicKey, ...]
    encryption: tuple[tuple[RSAPublicKey, bytes, tuple[EncryptionMethod, ...]], ...]


_parsed: WeakKeyDictionary[ServiceProvider, _Keys] = WeakKeyDictionary()


def _keys(provider: ServiceProvider) -> _Keys:
    found = _parsed.get(provider)
    if found is None:
        signing = tuple(k for k in map(_read, provider.signing_certificates) if k is not None)
        listed = []
        for key in provider.encryption_keys:
            public = _read(key.certificate)
            if isinstance(public, RSAPublicKey):
                methods = tuple(EncryptionMethod(m.algorithm, m.digest, m.mgf) for m in key.methods)
                listed.append((public, b64decode(key.certificate), methods))
        found = _parsed[provider] = _Keys(signing, tuple(listed))
    return found


def _read(certificate: str) -> PublicKey | None:
    try:
        return public_key(certificate)
    except BadSignature:  # a kind of key that we do not use; others may stand beside it
        return None


def signing_keys(provider: ServiceProvider) -> tuple[PublicKey, ...]:
    """Every key that its messages may be signed with (IIP-MD07)."""
    return _keys(provider).signing


def encryption_keys(
    provider: ServiceProvider,
) -> tuple[tuple[RSAPublicKey, bytes, tuple[EncryptionMethod, ...]], ...]:
    """Each key to encrypt for with its certificate (DER) and the methods that its metadata names."""
    return _keys(provider).encryption


def algorithms(services: Services, provider: ServiceProvider) -> Algorithms:
    """What its signatures may be made of; SHA-1 only where an admin allowed it."""
    allowed = WITH_SHA1 if provider.allow_sha1 else SECURE
    return allowed.without(blocked(services)) if services.settings.saml.blocked_algorithms else allowed


def blocked(services: Services) -> frozenset[str]:
    """The operator's block-list of algorithm URIs."""
    return frozenset(services.settings.saml.blocked_algorithms)


def recipient(services: Services, provider: ServiceProvider) -> Recipient | None:
    """For whom assertions are encrypted; None where they are not. Errors: `SamlError` where they must be and cannot."""
    if not provider.wants_encryption:
        return None
    reason = "its metadata has no RSA key of 2048 bits or more"
    for key, certificate, methods in _keys(provider).encryption:
        try:
            return encryption.choose(
                key, methods, name=provider.entity_id, certificate=certificate, allow_cbc=provider.allow_cbc,
                blocked=blocked(services),
            )  # fmt: skip
        except CannotEncrypt as error:
            reason = error.reason
    raise SamlError(
        names.RESPONDER, None, "The assertion cannot be encrypted for this service provider.", detail=reason,
        fix=f"Encryption: {reason}. Give it a key and a method that we support, or set encrypt=never.",
        kind="cannot_encrypt",
    )  # fmt: skip


# -- how we sign for it ----------------------------------------------------------------------------------------------

OURS: Final = (*RSA, *ECDSA, *RSA_PSS)
_MAX_SIGNERS: Final = 64


class _Signers(dict[tuple[str, str], SigningKey]):
    """Our keys as xmlsec has them, by key id and algorithm."""


def signer(services: Services, provider: ServiceProvider | None = None) -> SigningKey:
    """Our key in the algorithm that the service provider reads, the one it is pinned to where it is (K2).

    None: the default one. Errors: `SamlError`.
    """
    algorithm = names.RSA_SHA256 if provider is None else _signature_algorithm(services, provider)
    kind: Kind = "ec" if algorithm in ECDSA else "rsa"
    certified = services.certificates.signing_for(provider.entity_id if provider is not None else "", kind)
    signers = services.part(_Signers)
    found = signers.get((certified.kid, algorithm))
    if found is None:
        if len(signers) >= _MAX_SIGNERS:
            signers.clear()
        found = signers[certified.kid, algorithm] = _made(certified, algorithm)
    return found


def _made(certified: CertifiedKey, algorithm: str) -> SigningKey:
    try:
        return signing_key(certified.private_key, certified.certificate, algorithm)
    except ValueError:
        raise SamlError(
            names.RESPONDER, None, "The assertion cannot be signed for this service provider.",
            detail=f"we do not sign with {algorithm}",
            fix=f"Set signature_algorithm to something else than {algorithm}; rsa-sha256 is what everybody reads.",
            kind="cannot_sign",
        ) from None  # fmt: skip


def kind_for(services: Services, provider: ServiceProvider) -> Kind:
    """Which of our certificates signs for it."""
    return "ec" if _signature_algorithm(services, provider) in ECDSA else "rsa"


def _signature_algorithm(services: Services, provider: ServiceProvider) -> str:
    declared = [method.algorithm for method in provider.signing_methods]
    return _chosen(services, provider, provider.signature_algorithm, declared, OURS)


def digest(services: Services, provider: ServiceProvider) -> str:
    """The digest that it reads."""
    return _chosen(services, provider, provider.digest_algorithm, provider.digest_methods, tuple(DIGESTS))


def _chosen(
    services: Services, provider: ServiceProvider, usual: str, declared: Iterable[str], ours: tuple[str, ...]
) -> str:
    """The admin's choice, else ours; only where the metadata leaves ours out, the first one there that we have."""
    declared = tuple(declared)
    stopped = blocked(services)
    if not provider.has_own_algorithms and declared and usual not in declared:
        usual = next((one for one in declared if one in ours and one not in stopped), usual)
    if usual in stopped:
        return next((one for one in ours if one not in stopped), usual)
    return usual
