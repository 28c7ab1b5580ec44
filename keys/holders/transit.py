"""Keys in the transit engine of OpenBao or HashiCorp Vault, by its HTTP API."""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final

from joserfc.util import urlsafe_b64decode

from .port import HolderUnavailable, Made

KIND: Final = "transit"
_EC: Final = {"ES256": "ecdsa-p256", "ES384": "ecdsa-p384", "ES512": "ecdsa-p521"}
_RSA_BITS: Final = (2048, 3072, 4096)

#: One call: method, path below the mount, body; answers status and JSON. Errors: `HolderUnavailable`.
Call = Callable[[str, str, Mapping[str, Any]], tuple[int, Mapping[str, Any]]]


class Transit:
    """One mount of one server. `call` speaks with it; what it is shown as a token is its affair."""

    kind = KIND

    def __init__(self, call: Call) -> None:
        self._call = call

    def make(self, alg: str, rsa_bits: int) -> Made:
        """A pair of its own name; transit's own versions of a key are not used. Errors: `HolderUnavailable`."""
        name = f"doorward-{alg.lower()}-{secrets.token_hex(8)}"
        self._ask("POST", f"keys/{name}", {"type": _type(alg, rsa_bits)})
        return Made(f"{KIND}:{name}", self._public(name, alg))

    def sign(self, reference: str, alg: str, message: bytes) -> bytes:
        """Errors: `HolderUnavailable`."""
        body: dict[str, Any] = {"input": b64encode(message).decode("ascii"), "key_version": 1}
        if alg != "EdDSA":
            body["hash_algorithm"] = f"sha2-{alg[2:]}"
        if alg[:2] == "RS":
            body["signature_algorithm"] = "pkcs1v15"
        elif alg[:2] == "PS":
            body |= {"signature_algorithm": "pss", "salt_length": "hash"}  # RFC 7518 §3.5
        elif alg[:2] == "ES":
            body["marshaling_algorithm"] = "jws"  # r and s side by side, base64url
        told = str(self._ask("POST", f"sign/{_name(reference)}", body).get("signature", ""))
        text = told.rpartition(":")[2]
        try:
            return urlsafe_b64decode(text.encode("ascii")) if alg[:2] == "ES" else b64decode(text, validate=True)
        except ValueError:
            raise HolderUnavailable("transit answered something else than a signature") from None

    def destroy(self, reference: str) -> None:
        """Allow the deletion, then delete. Errors: `HolderUnavailable`."""
        name = _name(reference)
        self._ask("POST", f"keys/{name}/config", {"deletion_allowed": True})
        self._ask("DELETE", f"keys/{name}", {})

    def look(self) -> str:
        """Whether the token may list keys, which those who make and delete them may."""
        status, _ = self._call("LIST", "keys", {})
        if status not in (200, 404):  # 404: there is none yet
            raise HolderUnavailable(_refused(status, "keys", ""))
        return "transit"

    def _public(self, name: str, alg: str) -> bytes:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

        try:
            told = str(self._ask("GET", f"keys/{name}", {})["keys"]["1"]["public_key"])
            key: Any = (
                Ed25519PublicKey.from_public_bytes(b64decode(told))
                if alg == "EdDSA"
                else load_pem_public_key(told.encode("ascii"))
            )
        except (KeyError, TypeError, ValueError):
            raise HolderUnavailable("transit answered something else than a public key") from None
        der: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return der

    def _ask(self, method: str, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        status, answer = self._call(method, path, body)
        if status not in (200, 204):
            errors = answer.get("errors")
            raise HolderUnavailable(
                _refused(status, path, str(errors[0]) if isinstance(errors, list) and errors else "")
            )
        data = answer.get("data")
        return data if isinstance(data, Mapping) else {}


def _refused(status: int, path: str, said: str) -> str:
    """What an operator does about it."""
    if status == 403:
        return f"transit refuses {path.partition('/')[0]}: see the policy of its token, and whether that has ended"
    if status == 503:
        return "transit is sealed, or stands by: unseal it"
    if status == 404:
        return f"transit has no {path}: see keys.transit_mount, or the key was deleted there"
    return f"transit answered {status} to {path.partition('/')[0]}: {said[:200]}"


def _name(reference: str) -> str:
    return reference.partition(":")[2]


def _type(alg: str, rsa_bits: int) -> str:
    if alg == "EdDSA":
        return "ed25519"
    if alg[:2] == "ES":
        return _EC[alg]
    return f"rsa-{next((bits for bits in _RSA_BITS if bits >= rsa_bits), _RSA_BITS[-1])}"
