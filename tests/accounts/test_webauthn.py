"""The relying party of WebAuthn level 3, against an authenticator in software: tables that fail closed (S66–S68)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from idp.accounts.factors import Enrolled, webauthn
from idp.accounts.factors.webauthn import NotProven, RelyingParty, WrongModel
from idp.accounts.person import Person
from idp.config import ConfigError, Settings, load
from tests.authenticator import (
    AT,
    BE,
    BS,
    EDDSA,
    ES256,
    ES512,
    MODEL,
    PS256,
    RS256,
    UP,
    UV,
    Authenticator,
    Maker,
    b64,
    new_key,
    unb64,
)

ORIGIN = "https://login.example"
PARTY = RelyingParty("login.example", "Larkfield", (ORIGIN, "https://anmeldung.example"))
CHALLENGE = b"c" * 32
OTHER_MODEL = "ee882879-721c-4913-9775-3dfcce97072a"
ANN = Person(
    id="uann", username="ann", email=None, email_verified=False, employee_number=None, name="Ann", claims={}, groups=(),
    roles=(), enabled=True, password_changed_at=1.0, created_at=0.0, changed_at=0.0,
)  # fmt: skip

#: Where a ceremony may have taken place, and is refused (S66): exact comparison, never a suffix.
FOREIGN = (
    "https://badlogin.example", "https://login.example.evil.org", "https://sub.login.example", "https://example",
    "https://login.example:8443", "https://login.example:443", "http://login.example", "https://LOGIN.example",
    "https://login.example/", "https://login.example.", "null", "", None, ["https://login.example"], True,
)  # fmt: skip
#: What a client may say of itself in either ceremony, and is refused.
BENT_CLIENTS: dict[str, dict[str, Any]] = {
    **{f"origin {origin!r}": {"origin": origin} for origin in FOREIGN},
    "another ceremony": {"type": "payment.get"},
    "no ceremony": {"type": None},
    "another challenge": {"challenge": b64(b"d" * 32)},
    "a part of the challenge": {"challenge": b64(CHALLENGE[:16])},
    "an empty challenge": {"challenge": ""},
    "no challenge": {"challenge": None},
    "a challenge that is no text": {"challenge": 7},
    "cross-origin": {"crossOrigin": True},
    "cross-origin as a text": {"crossOrigin": "false"},
    "cross-origin as a number": {"crossOrigin": 0},
    "a page above": {"topOrigin": "https://login.example"},
}


def options(party: RelyingParty = PARTY, enrolled: tuple[Enrolled, ...] = (), *, sole: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(webauthn.registration_options(party, ANN, enrolled, CHALLENGE, sole=sole))
    return found


def register(
    device: Authenticator, *, party: RelyingParty = PARTY, sole: bool = False, origin: str = ORIGIN, **bent: Any
) -> webauthn.Registration:
    """The whole of §7.1 but for the store."""
    answer = device.create(options(party, sole=sole), origin, **bent)
    return webauthn.verify_registration(party, answer, CHALLENGE, sole=sole)


def enrol(device: Authenticator, **bent: Any) -> Enrolled:
    made = register(device, **bent)
    return Enrolled("f1", ANN.id, "webauthn", "Key", made.credential_id, None, made.data, made.counter, 0.0, None)


def asked(enrolled: Enrolled, party: RelyingParty = PARTY) -> str:
    return webauthn.authentication_options(party, CHALLENGE, verification="preferred", allowed=[enrolled])


def authenticate(
    device: Authenticator, enrolled: Enrolled, *, sole: bool = True, origin: str = ORIGIN, **bent: Any
) -> webauthn.Assertion:
    """The whole of §7.2 but for the store."""
    answer = device.get(asked(enrolled), origin, **bent)
    return webauthn.verify_authentication(PARTY, answer, CHALLENGE, enrolled, sole=sole)


# -- registration ------------------------------------------------------------------------------------------------------


@pytest.mark.spec("WebAuthn3 7.1")
@pytest.mark.parametrize("alg", [ES256, EDDSA, RS256])
@pytest.mark.parametrize("fmt", ["none", "packed"])
def test_S67_each_offered_algorithm_is_enrolled_and_used(alg: int, fmt: str) -> None:
    device = Authenticator(alg=alg, fmt=fmt)
    enrolled = enrol(device)
    assert enrolled.data["attestation"] == fmt
    assert authenticate(device, enrolled) == webauthn.Assertion(0, True, True, True)


def test_S66_a_ceremony_at_a_related_origin_counts() -> None:
    device = Authenticator()
    enrolled = enrol(device, origin="https://anmeldung.example")
    assert authenticate(device, enrolled, origin="https://anmeldung.example").user_verified


@pytest.mark.spec("WebAuthn3 7.1")
@pytest.mark.parametrize("what", [*BENT_CLIENTS, "the other ceremony"])
def test_S66_a_registration_is_refused_for_what_its_client_says(what: str) -> None:
    client = BENT_CLIENTS.get(what, {"type": "webauthn.get"})
    with pytest.raises(NotProven):
        register(Authenticator(), client=client)


BAD_REGISTRATIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "the hash of another relying party": ({}, {"rp_id": "example"}),
    "the hash of a sub domain": ({}, {"rp_id": "www.login.example"}),
    "user not present": ({}, {"flags": UV | BE | BS | AT}),
    "no credential inside": ({}, {"flags": UP | UV}),
    "backed up, and not eligible": ({}, {"flags": UP | UV | BS | AT}),
    "an algorithm that was not offered: PS256": ({"alg": PS256}, {}),
    "an algorithm that was not offered: ES512": ({"alg": ES512}, {}),
    "a credential id of 1024 bytes": ({}, {"credential_id": b"i" * 1024}),
    "no credential id": ({}, {"credential_id": b""}),
    "an id that was not attested": ({}, {"answer": {"id": b64(b"x" * 32), "rawId": b64(b"x" * 32)}}),
    "an id and another raw id": ({}, {"answer": {"rawId": b64(b"x" * 32)}}),
    "another type of credential": ({}, {"answer": {"type": "password"}}),
    "no response": ({}, {"answer": {"response": None}}),
    "an empty response": ({}, {"answer": {"response": {}}}),
    "an unknown attestation": ({}, {"fmt": "compound"}),
    "an attestation that is no text": ({}, {"fmt": 7}),
    "no attestation, and a statement": ({}, {"statement": {"sig": b"s", "alg": ES256}}),
    "an attestation signed by somebody else": ({"fmt": "packed"}, {"statement": {"sig": b"s" * 70, "alg": ES256}}),
    "an attestation by another algorithm": ({"fmt": "packed"}, {"statement_alg": RS256}),
    "bytes behind the key": ({}, {"trailing": b"\x00\x01"}),
}


@pytest.mark.spec("WebAuthn3 7.1")
@pytest.mark.parametrize("what", BAD_REGISTRATIONS)
def test_S67_a_registration_is_refused(what: str) -> None:
    device, bent = BAD_REGISTRATIONS[what]
    with pytest.raises(NotProven):
        register(Authenticator(**device), **bent)


def test_S67_a_credential_id_may_have_1023_bytes() -> None:
    assert unb64(register(Authenticator(), credential_id=b"i" * 1023).credential_id) == b"i" * 1023


@pytest.mark.spec("WebAuthn3 7.1")
def test_S67_what_is_to_be_the_only_way_in_verifies_its_user_and_is_discoverable() -> None:
    present = Authenticator(flags=UP)
    assert not register(present).data["user_verified"]
    for bent in ({"flags": UP | AT}, {"discoverable": False}):
        with pytest.raises(NotProven):
            register(Authenticator(), sole=True, **bent)
    assert register(Authenticator(), sole=True).data["user_verified"]
    selection = options(sole=True)["authenticatorSelection"]
    assert (selection["residentKey"], selection["userVerification"]) == ("required", "required")
    selection = options()["authenticatorSelection"]
    assert (selection["residentKey"], selection["userVerification"]) == ("preferred", "preferred")


@pytest.mark.spec("WebAuthn3 5.4")
def test_S66_S67_what_is_asked_of_an_authenticator() -> None:
    enrolled = enrol(Authenticator())
    elsewhere = replace(enrolled, key=b64(b"e" * 32), data={**enrolled.data, "rp_id": "old.example"})
    found = options(enrolled=(enrolled, elsewhere))
    assert found["rp"] == {"id": "login.example", "name": "Larkfield"}
    assert unb64(found["challenge"]) == CHALLENGE
    assert webauthn.CHALLENGE_BYTES >= 16
    assert [one["alg"] for one in found["pubKeyCredParams"]] == [ES256, EDDSA, RS256]
    assert [one["id"] for one in found["excludeCredentials"]] == [enrolled.key]
    assert found["attestation"] == "none"
    # §14.6.1: the user handle tells nobody who it is.
    assert unb64(found["user"]["id"]) == ANN.id.encode()


@pytest.mark.parametrize(
    "posted",
    [
        "", "x", "null", "[]", "7", '"id"', "{}", '{"id": 7}', "[" * 50_000, "{" * 10_000, "\x00", "x" * 70_000,
    ],
)  # fmt: skip
def test_S66_what_is_no_credential_is_refused_before_anything_is_looked_at(posted: str) -> None:
    with pytest.raises(NotProven):
        webauthn.read(posted)


GARBAGE: tuple[Mapping[str, Any], ...] = (
    {"id": "x"},
    {"id": "x", "response": 7},
    {"id": "x", "response": {"clientDataJSON": 7}},
    {"id": "x", "response": {"clientDataJSON": "é"}},
    {"id": "x", "response": {"clientDataJSON": b64(b"[]")}},
    {"id": "x", "response": {"clientDataJSON": b64(b"[" * 40_000)}},
    {"id": "x", "response": {"clientDataJSON": b64(b'{"challenge": "a"}')}},
    {"id": "x", "response": {"clientDataJSON": b64(b'{"challenge": {}}')}},
    {"id": "x", "rawId": "x", "type": "public-key", "response": {"clientDataJSON": b64(b"{}"), "signature": []}},
)


@pytest.mark.parametrize("credential", GARBAGE, ids=range(len(GARBAGE)))
def test_S66_garbage_is_refused_and_nothing_else_happens(credential: Mapping[str, Any]) -> None:
    with pytest.raises(NotProven):
        webauthn.verify_registration(PARTY, credential, CHALLENGE, sole=False)
    with pytest.raises(NotProven):
        webauthn.verify_authentication(PARTY, credential, CHALLENGE, enrol(Authenticator()), sole=True)


@pytest.mark.parametrize("depth", [100, 5_000, 30_000])
def test_S66_nested_cbor_is_refused(depth: int) -> None:
    answer = Authenticator().create(options(), ORIGIN)
    answer["response"]["attestationObject"] = b64(b"\x81" * depth)
    with pytest.raises(NotProven):
        webauthn.verify_registration(PARTY, answer, CHALLENGE, sole=False)


# -- which models ------------------------------------------------------------------------------------------------------


def test_S67_a_list_of_models_lets_those_in_and_no_others() -> None:
    party = replace(PARTY, aaguids=frozenset({MODEL}))
    assert options(party)["attestation"] == "direct"
    assert register(Authenticator(aaguid=MODEL), party=party).data["aaguid"] == MODEL
    for aaguid in (OTHER_MODEL, "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(WrongModel):
            register(Authenticator(aaguid=aaguid), party=party)


@pytest.mark.spec("WebAuthn3 8.2.1")
def test_S67_with_roots_the_maker_must_vouch_for_the_model(tmp_path: Path) -> None:
    maker, other = Maker(), Maker()
    (tmp_path / "roots.pem").write_bytes(maker.pem)
    party = replace(PARTY, aaguids=frozenset({MODEL}), roots=tmp_path / "roots.pem")
    made = register(Authenticator(aaguid=MODEL, fmt="packed", maker=maker), party=party)
    assert made.data["attestation"] == "packed"
    refused = (
        Authenticator(aaguid=MODEL),  # says so, and proves nothing
        Authenticator(aaguid=MODEL, fmt="packed"),  # proves it with its own key
        Authenticator(aaguid=MODEL, fmt="packed", maker=other),  # a chain to somebody else
        Authenticator(aaguid=OTHER_MODEL, fmt="packed", maker=maker),  # sound, and not on the list
    )
    for device in refused:
        with pytest.raises(NotProven):
            register(device, party=party)


@pytest.mark.spec("WebAuthn3 8.2.1")
def test_S67_a_certificate_of_another_model_vouches_for_nothing(tmp_path: Path) -> None:
    maker = Maker(stated=OTHER_MODEL)
    (tmp_path / "roots.pem").write_bytes(maker.pem)
    party = replace(PARTY, aaguids=frozenset({MODEL}), roots=tmp_path / "roots.pem")
    with pytest.raises(WrongModel):
        register(Authenticator(aaguid=MODEL, fmt="packed", maker=maker), party=party)


def test_S67_a_file_without_roots_lets_nobody_in(tmp_path: Path) -> None:
    (tmp_path / "roots.pem").write_text("")
    party = replace(PARTY, aaguids=frozenset({MODEL}), roots=tmp_path / "roots.pem")
    with pytest.raises(NotProven):
        register(Authenticator(aaguid=MODEL, fmt="packed", maker=Maker()), party=party)


# -- authentication ----------------------------------------------------------------------------------------------------


@pytest.mark.spec("WebAuthn3 7.2")
@pytest.mark.parametrize("what", [*BENT_CLIENTS, "the other ceremony"])
@pytest.mark.parametrize("sole", [True, False])
def test_S66_an_assertion_is_refused_for_what_its_client_says(what: str, sole: bool) -> None:
    device = Authenticator()
    enrolled = enrol(device)
    client = BENT_CLIENTS.get(what, {"type": "webauthn.create"})
    with pytest.raises(NotProven):
        authenticate(device, enrolled, sole=sole, client=client)


BAD_ASSERTIONS: dict[str, dict[str, Any]] = {
    "the hash of another relying party": {"rp_id": "example"},
    "user not present": {"flags": UV | BE | BS},
    "backed up, and not eligible any more": {"flags": UP | UV | BS},
    "not eligible for backup any more": {"flags": UP | UV},
    "signed by another key": {"key": new_key(ES256)},
    "no signature": {"signature": b""},
    "a signature of zeros": {"signature": b"\x00" * 70},
    "the handle of somebody else": {"user_handle": b"ubob"},
    "a handle that begins like it": {"user_handle": b"uan"},
    "another type of credential": {"answer": {"type": "password"}},
    "another credential's id": {"answer": {"id": b64(b"x" * 32), "rawId": b64(b"x" * 32)}},
    "an id and another raw id": {"answer": {"rawId": b64(b"x" * 32)}},
    "no response": {"answer": {"response": None}},
}


@pytest.mark.spec("WebAuthn3 7.2")
@pytest.mark.parametrize("what", BAD_ASSERTIONS)
@pytest.mark.parametrize("sole", [True, False])
def test_S67_S68_an_assertion_is_refused(what: str, sole: bool) -> None:
    device = Authenticator()
    enrolled = enrol(device)
    authenticate(device, enrolled, sole=sole)  # it is not refused for nothing
    with pytest.raises(NotProven):
        authenticate(device, enrolled, sole=sole, **BAD_ASSERTIONS[what])


def test_S67_backup_eligibility_never_comes_later_either() -> None:
    device = Authenticator(flags=UP | UV)
    enrolled = enrol(device)
    assert authenticate(device, enrolled).backed_up is False
    with pytest.raises(NotProven):
        authenticate(device, enrolled, flags=UP | UV | BE)


def test_S68_alone_it_names_its_owner_and_verifies_its_user_and_after_a_password_neither_is_asked() -> None:
    device = Authenticator()
    enrolled = enrol(device)
    for bent in ({"user_handle": None}, {"user_handle": b""}, {"flags": UP | BE | BS}):
        with pytest.raises(NotProven):
            authenticate(device, enrolled, sole=True, **bent)
    assert authenticate(device, enrolled, sole=False, user_handle=None).user_verified
    assert not authenticate(device, enrolled, sole=False, flags=UP | BE | BS).user_verified


def test_S68_the_signature_covers_the_client_data_and_the_authenticators() -> None:
    device = Authenticator()
    enrolled = enrol(device)
    answer = device.get(asked(enrolled), ORIGIN)
    for part in ("clientDataJSON", "authenticatorData"):
        raw = unb64(answer["response"][part])
        changed = raw[:-1] + b' "x":1}' if part == "clientDataJSON" else raw[:-1] + bytes([raw[-1] ^ 1])
        bent = {**answer, "response": {**answer["response"], part: b64(changed)}}
        with pytest.raises(NotProven):
            webauthn.verify_authentication(PARTY, bent, CHALLENGE, enrolled, sole=True)


def test_S68_an_unsigned_counter_is_no_reason_for_an_alarm() -> None:
    """The counter is judged by the caller, and only what was signed comes that far."""
    device = Authenticator(counts=True)
    enrolled = replace(enrol(device), counter=50)
    assert authenticate(device, enrolled, counter=7).counter == 7
    with pytest.raises(NotProven):
        authenticate(device, enrolled, counter=7, key=new_key(ES256))


# -- the standard's own vectors ----------------------------------------------------------------------------------------

STANDARD = RelyingParty("example.org", "Example", ("https://example.org",))
#: challenge, client data and attestation object of a registration; challenge, client data, authenticator data and
#: signature of its use.
VECTORS: dict[str, tuple[str, ...]] = {
    "none-es256": (
        "00c30fb78531c464d2b6771dab8d7b603c01162f2fa486bea70f283ae556e130",
        "7b2274797065223a22776562617574686e2e637265617465222c226368616c6c656e6765223a22414d4d507434557878475453746e636471"
        "34313759447742466938767049612d7077386f4f755657345441222c226f726967696e223a2268747470733a2f2f6578616d706c652e6f72"
        "67222c2263726f73734f726967696e223a66616c73652c22657874726144617461223a22636c69656e74446174614a534f4e206d61792062"
        "6520657874656e6465642077697468206164646974696f6e616c206669656c647320696e20746865206675747572652c2073756368206173"
        "20746869733a20426b5165446a646354427258426941774a544c453551227d",
        "a363666d74646e6f6e656761747453746d74a068617574684461746158a4bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0"
        "f01452b2e4b559000000008446ccb9ab1db374750b2367ff6f3a1f0020f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3e"
        "c330084be4a5010203262001215820afefa16f97ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df61225820930a56b87a2f"
        "ca66334b03458abf879717c12cc68ed73290af2e2664796b9220",
        "39c0e7521417ba54d43e8dc95174f423dee9bf3cd804ff6d65c857c9abf4d408",
        "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a224f63446e55685158756c5455506f334a55585430"
        "49393770767a7a59425039745a63685879617630314167222c226f726967696e223a2268747470733a2f2f6578616d706c652e6f7267222c"
        "2263726f73734f726967696e223a66616c73657d",
        "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b51900000000",
        "3046022100f50a4e2e4409249c4a853ba361282f09841df4dd4547a13a87780218deffcd380221008480ac0f0b93538174f575bf11a1dd5d"
        "78c6e486013f937295ea13653e331e87",
    ),
    "none-es256-crossOrigin": (
        "3be5aacd03537142472340ab5969f240f1d87716e20b6807ac230655fa4b3b49",
        "7b2274797065223a22776562617574686e2e637265617465222c226368616c6c656e6765223a224f2d57717a514e5463554a484930437257"
        "576e7951504859647862694332674872434d475666704c4f306b222c226f726967696e223a2268747470733a2f2f6578616d706c652e6f72"
        "67222c2263726f73734f726967696e223a747275652c22657874726144617461223a22636c69656e74446174614a534f4e206d6179206265"
        "20657874656e6465642077697468206164646974696f6e616c206669656c647320696e20746865206675747572652c207375636820617320"
        "746869733a207a5a7175457444523944577170573574425754467567227d",
        "a363666d74646e6f6e656761747453746d74a068617574684461746158a4bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0"
        "f01452b2e4b54500000000883f4f6014f19c09d87aa38123be48d000206e1050c0d2ca2f07c755cb2c66a74c64fa43065c18f938354d9915"
        "db2bd5ce57a501020326200121582022200a473f90b11078851550d03b4e44a2279f8c4eca27b3153dedfe03e4e97d225820cbd0be95e746"
        "ad6f5a8191be11756e4c0420e72f65b466d39bc56b8b123a9c6e",
    ),
    "none-es256-topOrigin": (
        "4e1f4c6198699e33c14f192153f49d7e0e8e3577d5ac416c5f3adc92a41f27e5",
        "7b2274797065223a22776562617574686e2e637265617465222c226368616c6c656e6765223a225468394d595a68706e6a504254786b6855"
        "5f53646667364f4e58665672454673587a72636b7151664a2d55222c226f726967696e223a2268747470733a2f2f6578616d706c652e6f72"
        "67222c2263726f73734f726967696e223a747275652c22746f704f726967696e223a2268747470733a2f2f6578616d706c652e636f6d227d",
        "a363666d74646e6f6e656761747453746d74a068617574684461746158a4bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0"
        "f01452b2e4b5410000000097586fd09799a76401c200455099ef2a0020b8ad59b996047ab18e2ceb57206c362da57458793481f4a8ebf101"
        "c7ca7cc0f1a5010203262001215820a1c47c1d82da4ebe82cd72207102b380670701993bc35398ae2e5726427fe01d22582086c1080d8298"
        "7028c7f54ecb1b01185de243b359294a0ed210cd47480f0adc88",
    ),
}


def credential(identifier: bytes, **response: bytes) -> dict[str, Any]:
    shown = {name: b64(value) for name, value in response.items()}
    return {"id": b64(identifier), "rawId": b64(identifier), "type": "public-key", "response": shown}


@pytest.mark.spec("WebAuthn3 16")
def test_the_standards_own_credential_is_enrolled_and_used() -> None:
    challenge, client, attestation, asked_for, said, data, signature = map(bytes.fromhex, VECTORS["none-es256"])
    identifier = bytes.fromhex("f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4")
    answer = credential(identifier, clientDataJSON=client, attestationObject=attestation)
    made = webauthn.verify_registration(STANDARD, answer, challenge, sole=False)
    assert made.data["aaguid"] == "8446ccb9-ab1d-b374-750b-2367ff6f3a1f"
    assert (made.data["user_verified"], made.data["backup_eligible"], made.data["backed_up"]) == (False, True, True)
    enrolled = Enrolled("f", ANN.id, "webauthn", "x", made.credential_id, None, made.data, made.counter, 0.0, None)
    used = credential(identifier, clientDataJSON=said, authenticatorData=data, signature=signature)
    seen = webauthn.verify_authentication(STANDARD, used, asked_for, enrolled, sole=False)
    assert seen == webauthn.Assertion(0, False, True, True)
    with pytest.raises(NotProven):  # its user was not verified
        webauthn.verify_authentication(STANDARD, used, asked_for, enrolled, sole=True)


@pytest.mark.spec("WebAuthn3 16")
@pytest.mark.parametrize("name", ["none-es256-crossOrigin", "none-es256-topOrigin"])
def test_S66_the_standards_own_framed_ceremonies_are_refused(name: str) -> None:
    challenge, client, attestation = map(bytes.fromhex, VECTORS[name])
    identifier = attestation[-109:-77]  # before the key
    answer = credential(identifier, clientDataJSON=client, attestationObject=attestation)
    with pytest.raises(NotProven, match="inside a page of another origin"):
        webauthn.verify_registration(STANDARD, answer, challenge, sole=False)


# -- which relying party -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("issuer", "rp_id", "related", "expected"),
    [
        ("https://login.example.com", "", [], "login.example.com"),
        ("https://login.example.com/sso", "", [], "login.example.com"),
        ("https://login.example.com:8443", "example.com", [], "example.com"),
        ("http://localhost:8000", "", [], "localhost"),
        ("https://login.example.com", "old.example.org", ["https://login.example.com"], "old.example.org"),
        ("http://127.0.0.1:8000", "", [], None),
        ("http://[::1]:8000", "", [], None),
        ("https://192.0.2.7", "", [], None),
        ("https://[2001:db8::7]", "", [], None),
    ],
)
def test_S66_the_relying_party_is_the_issuers_host_or_a_checked_parent(
    issuer: str, rp_id: str, related: list[str], expected: str | None
) -> None:
    settings = Settings.model_validate(
        {"server": {"issuer": issuer}, "passkeys": {"rp_id": rp_id, "related_origins": related}}
    )
    party = webauthn.relying_party(settings)
    assert (party.id if party else None) == expected
    if party is not None:
        assert party.origins == (issuer.removesuffix("/sso"), *related)


@pytest.mark.parametrize(
    "lines",
    [
        'rp_id = "example.org"', 'rp_id = "ogin.example.com"', 'rp_id = "com"', 'rp_id = "Example.com"',
        'rp_id = "https://example.com"', 'rp_id = "192.0.2.7"',
        'rp_id = "old.example.org"\nrelated_origins = ["https://elsewhere.example"]',
        'related_origins = ["http://login.example.org"]', 'related_origins = ["https://login.example.org/"]',
        'related_origins = ["https://*.example.org"]', 'related_origins = ["login.example.org"]',
        'aaguids = ["2fc0579f"]',
    ],
)  # fmt: skip
def test_S66_settings_that_browsers_would_not_follow_are_named(tmp_path: Path, lines: str) -> None:
    file = tmp_path / "doorward.toml"
    file.write_text(f'[server]\nissuer = "https://login.example.com"\n[passkeys]\n{lines}\n')
    with pytest.raises(ConfigError, match="passkeys"):
        load(file, {})
