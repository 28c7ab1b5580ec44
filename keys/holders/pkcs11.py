"""Keys in a PKCS#11 token (OASIS PKCS#11 v2.40): a hardware module, or SoftHSM.

python-pkcs11 calls C_Initialize without arguments, by which an application promises that one thread at a time calls
(§5.4), and modules then take no locks of their own: so every call is made under one lock, with one session. Other
threads go on meanwhile; only their signatures wait.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from .port import HolderUnavailable, Made

KIND: Final = "pkcs11"
PATIENCE: Final = 5.0  # seconds for which a signature waits for those before it
_CURVES: Final = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
_MISSING: Final = "the module is not there: pip install 'doorward[pkcs11]'"
_T = TypeVar("_T")


class Token:
    """One token of one module, in this process.

    `module`: the path of the library; `label`: the token's; `pin`: reads the user's PIN, when somebody logs in.
    """

    kind = KIND

    def __init__(self, module: str, label: str, pin: Callable[[], str]) -> None:
        self._module, self._label, self._pin = module, label, pin
        self._lock = threading.Lock()
        self._session: Any = None
        self._process = 0
        self._keys: dict[str, Any] = {}
        self._refused: tuple[str, HolderUnavailable] | None = None  # a PIN's digest, and what the token said of it

    def make(self, alg: str, rsa_bits: int) -> Made:
        """A pair in the token: sensitive, never extractable (§4.9). Errors: `HolderUnavailable`."""
        identifier = secrets.token_hex(16)
        return Made(f"{KIND}:{identifier}", self._do(lambda session: _make(session, alg, rsa_bits, identifier)))

    def sign(self, reference: str, alg: str, message: bytes) -> bytes:
        """Errors: `HolderUnavailable`."""

        def work(session: Any) -> bytes:
            key = self._keys.get(reference)
            if key is None:
                key = self._keys[reference] = _find(session, reference)
            return _sign(key, alg, message)

        return self._do(work)

    def destroy(self, reference: str) -> None:
        """Both halves. Errors: `HolderUnavailable`."""

        def work(session: Any) -> None:
            from pkcs11 import Attribute

            self._keys.pop(reference, None)
            for found in list(session.get_objects({Attribute.ID: _id(reference)})):
                found.destroy()

        self._do(work)

    def look(self) -> str:
        """The token's label, and who made it."""

        def work(session: Any) -> str:
            token = session.token
            return f"{token.label} ({token.manufacturer_id} {token.model})"

        return self._do(work)

    # -- below ---------------------------------------------------------------------------------------------------------

    def _do(self, work: Callable[[Any], _T]) -> _T:
        """Work in the session; where that has ended, or the token was put back, once more in a new one."""
        with self._alone():
            fresh = self._session is None or self._process != os.getpid()
            try:
                return work(self._opened())
            except Exception as error:
                self._forget()
                if fresh or isinstance(error, HolderUnavailable):
                    raise self._explained(error) from None
            try:
                return work(self._opened())
            except Exception as error:
                self._forget()
                raise self._explained(error) from None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=PATIENCE):
            raise HolderUnavailable(f"the token {self._label!r} does not answer: look at the module and its device")
        try:
            yield
        finally:
            self._lock.release()

    def _opened(self) -> Any:
        if self._session is not None and self._process == os.getpid():
            return self._session
        self._forget()
        try:
            import pkcs11
        except ImportError:
            raise HolderUnavailable(_MISSING) from None

        library = pkcs11.lib(self._module)
        # Also in a process that was forked, which has to initialise the module anew (§5.4); and only so does a module
        # see a token that was put back.
        library.reinitialize()
        token = library.get_token(token_label=self._label)
        self._session = self._logged_in(token)
        self._process = os.getpid()
        return self._session

    def _logged_in(self, token: Any) -> Any:
        """A PIN that was refused is not shown again (§5.6.8): tokens count, and lock themselves after few."""
        pin = self._pin()
        shown = hashlib.sha256(pin.encode()).hexdigest()
        if self._refused is not None and self._refused[0] == shown:
            raise self._refused[1]
        try:
            opened = token.open(rw=True, user_pin=pin)
        except Exception as error:
            if type(error).__name__ in _FINAL:
                self._refused = (shown, self._explained(error))
            raise
        self._refused = None
        return opened

    def _forget(self) -> None:
        """The next one opens a session anew: handles mean nothing then."""
        self._session = None
        self._keys.clear()

    def _explained(self, error: Exception) -> HolderUnavailable:
        if isinstance(error, HolderUnavailable):
            return error
        name = type(error).__name__
        return HolderUnavailable(f"the token {self._label!r} of {self._module}: {_WORDS.get(name, name)}")


#: What an operator does about it, by the name of the error.
_WORDS: Final = {
    "NoSuchToken": "no such token is there: plug it in, or correct keys.pkcs11_token",
    "TokenNotPresent": "it is not there: plug it in",
    "DeviceRemoved": "it was removed: plug it in",
    "PinIncorrect": "the PIN is wrong: correct keys.pkcs11_pin; this one is not tried again until the next start",
    "PinLocked": "the PIN is locked after wrong ones: set it anew as the security officer, and restart",
    "NoSuchKey": "it does not have the key: another token of that name, or the key was deleted there",
    "MechanismInvalid": "it does not know the algorithm: choose others in keys.algorithms",
    "PKCS11Error": "the module cannot be loaded: correct keys.pkcs11_module",
    "Unreadable": "the PIN cannot be read: see keys.pkcs11_pin, keys.pkcs11_pin_file, keys.pkcs11_pin_command",
}
#: What a token says of a PIN that it will say again.
_FINAL: Final = frozenset(("PinIncorrect", "PinLocked", "PinInvalid", "PinLenRange", "PinExpired"))


def _id(reference: str) -> bytes:
    return bytes.fromhex(reference.partition(":")[2])


def _find(session: Any, reference: str) -> Any:
    from pkcs11 import ObjectClass

    return session.get_key(object_class=ObjectClass.PRIVATE_KEY, id=_id(reference))


def _make(session: Any, alg: str, rsa_bits: int, identifier: str) -> bytes:
    from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag
    from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters

    secret = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
    about: dict[str, Any] = {
        "id": bytes.fromhex(identifier), "label": f"doorward {alg}", "store": True, "private_template": secret,
        "capabilities": MechanismFlag.SIGN | MechanismFlag.VERIFY,
    }  # fmt: skip
    if alg[:2] in ("RS", "PS"):
        return _rsa_spki(session.generate_keypair(KeyType.RSA, rsa_bits, **about)[0])
    if alg == "EdDSA":
        kind, curve, mechanism = KeyType.EC_EDWARDS, "1.3.101.112", Mechanism.EC_EDWARDS_KEY_PAIR_GEN
    else:
        kind, curve, mechanism = KeyType.EC, _CURVES[alg], Mechanism.EC_KEY_PAIR_GEN
    domain = session.create_domain_parameters(
        kind, {Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}, local=True
    )
    public, _ = domain.generate_keypair(mechanism=mechanism, **about)
    return _ed25519_spki(public) if alg == "EdDSA" else bytes(encode_ec_public_key(public))


def _rsa_spki(public: Any) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from pkcs11 import Attribute

    e, n = (int.from_bytes(public[part]) for part in (Attribute.PUBLIC_EXPONENT, Attribute.MODULUS))
    return rsa.RSAPublicNumbers(e, n).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _ed25519_spki(public: Any) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from pkcs11 import Attribute

    point = bytes(public[Attribute.EC_POINT])[-32:]  # v3.0 §6.3.5: an OCTET STRING around the point, or the point
    return Ed25519PublicKey.from_public_bytes(point).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _sign(key: Any, alg: str, message: bytes) -> bytes:
    from pkcs11 import MGF, Mechanism

    size = alg[2:]
    if alg.startswith("RS"):
        return bytes(key.sign(message, mechanism=Mechanism[f"SHA{size}_RSA_PKCS"]))
    if alg.startswith("PS"):
        # RFC 7518 §3.5: the salt is as long as the digest, MGF1 uses the same one.
        salted = (Mechanism[f"SHA{size}"], MGF[f"SHA{size}"], int(size) // 8)
        return bytes(key.sign(message, mechanism=Mechanism[f"SHA{size}_RSA_PKCS_PSS"], mechanism_param=salted))
    if alg == "EdDSA":
        return bytes(key.sign(message, mechanism=Mechanism.EDDSA))
    digest = hashlib.new(f"sha{size}", message).digest()  # CKM_ECDSA is what every token has; it takes a digest
    return bytes(key.sign(digest, mechanism=Mechanism.ECDSA))
