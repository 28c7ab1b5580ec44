"""K3: private keys in a token of PKCS#11, never in our memory."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from lxml import etree

from idp.db import Database
from idp.saml.messages import names
from idp.saml.messages.signing import sign, signing_key
from keys import snapshot, store
from keys.certificates import CertificateRing
from keys.certificates import store as certificates
from keys.credentials import Unreadable, from_command, from_file
from keys.holders import Holders, HolderUnavailable
from keys.holders.pkcs11 import Token
from keys.ring import Ring
from keys.rotation import Policy
from keys.sealing import BrokenSeal, Sealer
from keys.verifying import verify_own
from tests.backends import Clock, create_tables
from tests.softhsm import LABEL, PIN, SoftHSM

ALGS = ("RS256", "PS256", "ES256", "EdDSA")
Make = Callable[..., Ring]


@pytest.fixture
def softhsm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftHSM:
    made = SoftHSM(tmp_path / "softhsm")
    for name, value in made.env.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def holders(softhsm: SoftHSM) -> Holders:
    return Holders({"pkcs11": lambda: Token(softhsm.module, LABEL, lambda: PIN)}, "pkcs11")


@pytest.fixture
def in_token(db: Database, sealer: Sealer, clock: Clock, holders: Holders) -> Make:
    def make(algs: tuple[str, ...] = ALGS, holders: Holders = holders) -> Ring:
        policy = Policy(algs, rotate_after=1000, publish_before=100, token_lifetime_max=200)
        return Ring(db, sealer, clock, policy, holders=holders)

    return make


def test_K3_every_algorithm_signs_in_the_token_and_the_private_key_never_leaves_it(
    in_token: Make, sealer: Sealer, clock: Clock
) -> None:
    ring = in_token()
    ring.tick()
    for alg in ALGS:
        token = ring.signer(alg).sign_jwt({"sub": "she", "exp": clock() + 60}, "at+jwt")
        assert verify_own(ring, token, types=["at+jwt"], now=clock())["sub"] == "she"
        assert ring.signer(alg).kept_in == "pkcs11"
    for key in ring.list_keys():
        kept = sealer.open(snapshot.PURPOSE, key.sealed, snapshot.seal_context(key.kid, key.alg))
        assert kept.startswith(b"pkcs11:")
        assert len(kept) < 50  # a name of it, and nothing more


def test_K3_what_lies_in_the_token_cannot_be_taken_out(softhsm: SoftHSM, in_token: Make) -> None:
    from pkcs11 import Attribute, AttributeSensitive, ObjectClass, lib

    in_token(("RS256",)).tick()
    loaded = lib(softhsm.module)
    loaded.reinitialize()
    session = loaded.get_token(token_label=LABEL).open(user_pin=PIN)
    (private,) = session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})
    assert (private[Attribute.SENSITIVE], private[Attribute.EXTRACTABLE]) == (True, False)
    with pytest.raises(AttributeSensitive):
        private[Attribute.PRIVATE_EXPONENT]


def test_K3_keys_roll_within_the_token_and_leave_it_when_they_are_gone(
    in_token: Make, softhsm: SoftHSM, clock: Clock
) -> None:
    ring = in_token(("ES256",))
    ring.tick()
    first, files = ring.signer("ES256").kid, len(softhsm.objects())
    assert files == 2  # the private half and the public one
    for _ in range(4):  # published, handed over, gone
        clock.now += 910
        ring.tick()
    assert ring.signer("ES256").kid != first
    assert first not in {key.kid for key in ring.list_keys() if key.state != "gone"}
    living = [key for key in ring.list_keys() if key.state != "gone"]
    assert len(softhsm.objects()) == 2 * len(living)


def test_K3_keys_of_the_database_go_on_beside_those_of_the_token(
    in_token: Make, make_ring: Callable[..., Ring], holders: Holders, clock: Clock
) -> None:
    make_ring().tick()
    ring = in_token(("ES256",))
    assert ring.signer("ES256").kept_in == "database"
    made = ring.rotate("ES256")
    assert (made.state, ring.kept_in(made.kid)) == ("next", "pkcs11")
    ring.promote(made.kid, force=True)
    assert ring.signer("ES256").kept_in == "pkcs11"
    # Without the settings it says what is missing, and all that does not sign goes on.
    without = make_ring()
    assert made.kid in json.dumps(json.loads(without.jwks))
    with pytest.raises(HolderUnavailable, match=r"keys\.pkcs11_"):
        without.signer("ES256").sign_jwt({}, "JWT")


def test_K3_a_token_that_was_pulled_out_is_named_and_taken_up_again_without_a_restart(
    in_token: Make, softhsm: SoftHSM
) -> None:
    ring = in_token(("ES256",))
    ring.tick()
    signer = ring.signer("ES256")
    signer.sign_jwt({}, "JWT")
    softhsm.remove()
    for _ in range(2):
        with pytest.raises(HolderUnavailable, match=LABEL):
            ring.rotate("ES256")
        with pytest.raises(HolderUnavailable, match="plug it in"):
            signer.sign_jwt({}, "JWT")
    assert ring.jwks  # what needs no private key goes on
    softhsm.put_back()
    assert signer.sign_jwt({}, "JWT")


def test_K3_a_wrong_pin_is_said_and_never_shown(in_token: Make, softhsm: SoftHSM) -> None:
    def wrong() -> str:
        return "9999-9999"

    token = Token(softhsm.module, LABEL, wrong)
    with pytest.raises(HolderUnavailable, match="the PIN is wrong") as told:
        in_token(("ES256",), Holders({"pkcs11": lambda: token}, "pkcs11")).tick()
    assert "9999" not in str(told.value)
    with pytest.raises(HolderUnavailable, match="no such token"):
        Token(softhsm.module, "another", lambda: PIN).look()
    with pytest.raises(HolderUnavailable, match="pkcs11_module"):
        Token("/nowhere/module.so", LABEL, lambda: PIN).look()


def test_K3_many_threads_and_a_forked_process_sign_at_once(in_token: Make, clock: Clock) -> None:
    ring = in_token(("ES256", "RS256"))
    ring.tick()
    failed: list[BaseException] = []

    def work() -> None:
        try:
            for alg in ("ES256", "RS256") * 10:
                token = ring.signer(alg).sign_jwt({"exp": clock() + 60}, "at+jwt")
                verify_own(ring, token, types=["at+jwt"], now=clock())
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    child = os.fork()
    if not child:  # as the supervisor's workers are made
        work()
        os._exit(len(failed))
    assert os.waitpid(child, 0)[1] == 0
    assert ring.signer("ES256").sign_jwt({}, "JWT")


def test_K3_whoever_writes_into_our_tables_does_not_choose_the_key(
    in_token: Make, db: Database, sealer: Sealer
) -> None:
    ring = in_token(("ES256",))
    ring.tick()
    (key,) = ring.list_keys()
    other = in_token(("PS256",))
    other.tick()
    another = next(one for one in other.list_keys() if one.alg == "PS256")
    for column, value in (("sealed", another.sealed), ("public_jwk", another.public_jwk)):
        kept = getattr(key, column)
        change = store.signing_keys.update().where(store.signing_keys.c.kid == key.kid)
        db.run(change.values({column: value}))
        with pytest.raises(BrokenSeal):
            in_token(("ES256",)).snapshot()
        db.run(change.values({column: kept}))
    assert in_token(("ES256",)).snapshot()


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_K3_the_certificate_of_saml_is_signed_by_a_key_in_the_token(
    kind: str, db: Database, url: str, sealer: Sealer, clock: Clock, holders: Holders, softhsm: SoftHSM
) -> None:
    create_tables(url, certificates.metadata)
    ring = CertificateRing(db, sealer, clock, name="login.example", holders=holders)
    held = ring.active("signing", kind)  # type: ignore[arg-type]
    certificate = x509.load_der_x509_certificate(held.certificate)
    certificate.verify_directly_issued_by(certificate)
    assert certificate.subject.rfc4514_string() == "CN=login.example"
    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        signature = held.private_key.sign("PS256", b"data")  # type: ignore[call-arg, arg-type, union-attr]
        public.verify(signature, b"data", padding.PSS(padding.MGF1(SHA256()), 32), SHA256())
    else:
        assert isinstance(public, ec.EllipticCurvePublicKey)
        signature = held.private_key.sign("ES256", b"data")  # type: ignore[call-arg, arg-type, union-attr]
        halves = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        public.verify(encode_dss_signature(*halves), b"data", ec.ECDSA(SHA256()))
    # What others encrypt for us is decrypted here: that key stays in the database.
    assert not hasattr(ring.active("encryption").private_key, "reference")
    ring.prepare("signing", kind)  # type: ignore[arg-type]
    following = next(one for one in ring.everything() if (one.use, one.state) == ("signing", "next"))
    before = len(softhsm.objects())
    ring.remove(following.kid)
    assert len(softhsm.objects()) == before - 2


@pytest.mark.parametrize(
    ("kind", "algorithm"), [("rsa", names.RSA_SHA256), ("rsa", names.RSA_PSS_SHA256), ("ec", None)]
)
def test_K3_what_saml_signs_by_the_token_is_what_xmlsec_verifies(
    kind: str, algorithm: str | None, db: Database, url: str, sealer: Sealer, clock: Clock, holders: Holders
) -> None:
    create_tables(url, certificates.metadata)
    ring = CertificateRing(db, sealer, clock, name="login.example", holders=holders)
    held = ring.active("signing", kind)  # type: ignore[arg-type]
    key = signing_key(held.private_key, held.certificate, algorithm)
    root = etree.fromstring('<Response xmlns="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1"><Status/></Response>')
    sign(root, key)
    xmlsec.tree.add_ids(root, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(held.certificate, xmlsec.constants.KeyDataFormatCertDer)
    context.verify(xmlsec.tree.find_node(root, xmlsec.constants.NodeSignature))
    with pytest.raises(ValueError, match="is not an algorithm of this key"):
        signing_key(held.private_key, held.certificate, names.RSA_SHA256 if kind == "ec" else names.ECDSA_SHA256)


def test_K3_a_pin_that_was_refused_is_not_shown_to_the_token_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens lock themselves after a few: a wrong PIN costs one try, however many signatures are asked for."""
    import pkcs11

    shown: list[str] = []

    class Module:
        def reinitialize(self) -> None:
            pass

        def get_token(self, token_label: str) -> Module:
            return self

        def open(self, *, rw: bool, user_pin: str) -> object:
            shown.append(user_pin)
            raise pkcs11.PinIncorrect

    monkeypatch.setattr(pkcs11, "lib", lambda _module: Module())
    pin = "9999"
    token = Token("module", LABEL, lambda: pin)
    for _ in range(10):
        with pytest.raises(HolderUnavailable, match="the PIN is wrong"):
            token.sign("pkcs11:00", "ES256", b"x")
    assert shown == ["9999"]
    pin = "8888"
    with pytest.raises(HolderUnavailable, match="the PIN is wrong"):
        token.look()
    assert shown == ["9999", "8888"]


def test_K3_a_pin_is_taken_as_it_stands_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "pin"
    file.touch(mode=0o600)
    file.write_bytes("gehé1m".encode())
    assert from_file("keys.pkcs11_pin_file", file) == "gehé1m"
    for wrong, said in (("gehé1m".encode("latin-1"), "UTF-8"), (b"1" * 4001, "longer than 4000 bytes")):
        file.write_bytes(wrong)
        with pytest.raises(Unreadable, match=said) as told:
            from_file("keys.pkcs11_pin_file", file)
        assert "geh" not in str(told.value)
        assert "111" not in str(told.value)
    with pytest.raises(Unreadable, match="UTF-8"):
        from_command("keys.pkcs11_pin_command", "printf '\\351'")
