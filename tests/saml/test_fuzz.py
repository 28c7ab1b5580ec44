"""Anything at all, thrown at what reads: an answer in bounded time, or the one error of that door. Threat 15."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from clients.saml_fields import validate
from idp import wire
from idp.saml.logout import logout_response
from idp.saml.messages import names
from idp.saml.messages.artifacts import decode_artifact
from idp.saml.messages.authn_request import read_authn_request
from idp.saml.messages.bindings import BadMessage
from idp.saml.messages.decryption import CannotDecrypt, decrypt_id
from idp.saml.messages.encryption import Recipient, encrypted_id
from idp.saml.messages.http_post import decode_post
from idp.saml.messages.http_redirect import decode_redirect, deflate, encode_redirect
from idp.saml.messages.logout_request import read_logout_request
from idp.saml.messages.public_keys import public_key
from idp.saml.messages.signature_gate import BadSignature
from idp.saml.messages.signatures import open_message, verify_enveloped, verify_metadata
from idp.saml.messages.soap import decode_soap, encode_soap
from idp.saml.messages.xml import BadXml, c14n, element, parse, serialize
from idp.saml.metadata import reading
from idp.saml.metadata.lexical import BadMetadata
from tests.saml import cpu
from tests.saml.documents import AWS, GOOGLE, MELLON, MOD_SHIB, ZOOM, aggregate, federated
from tests.saml.fuzzing import fuzzed, fuzzed_less
from tests.saml.pairs import rsa_pair
from tests.saml.samples import IDP, ROOTS, authn_request, signed

SECONDS = 0.3  # of this thread's CPU, for one input; a hundred times the usual


def timed(work: Callable[[], Any], *errors: type[Exception]) -> Any:
    spent, result = cpu.seconds(work, *errors, limit=SECONDS)
    assert spent < SECONDS
    return result


PIECES = [
    *(
        b"<",
        b">",
        b"/>",
        b"</",
        b'"',
        b"'",
        b"=",
        b"&",
        b";",
        b" ",
        b"\r\n",
        b"\0",
        b"\xff",
        b"\xed\xa0\x80",
        b"A" * 5000,
    ),
    *(b"&#0;", b"&#x41;", b"&lt;", b"&x;", b"<!--", b"-->", b"<?", b"?>", b"<![CDATA[", b"]]>", b"<!DOCTYPE a>"),
    *(b"\xef\xbb\xbf", b'<?xml version="1.0"?>', b"xmlns:a=", b'xmlns="', b"ID=", b"xml:id=", b"<a>", b"</a>"),
    *(b"<ds:Signature>", b"<samlp:Extensions>"),
]


@st.composite
def mutated(draw: st.DrawFn, original: bytes) -> bytes:
    """`original` with parts left out, doubled, swapped or replaced."""
    data = original
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 60)))
        middle = draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=8), st.just(data[start:end] * 2)))
        data = data[:start] + middle + data[end:]
    return data


ANY_XML = st.one_of(
    st.binary(max_size=300),
    st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join),
    *(mutated(serialize(make())) for make in ROOTS.values()),
)


@fuzzed
@given(ANY_XML, st.booleans())
def test_the_parser_answers_or_says_bad_xml(data: bytes, drop_comments: bool) -> None:
    root = timed(lambda: parse(data, drop_comments=drop_comments), BadXml)
    if root is not None:
        # What it accepts is the same to every reader: it comes back unchanged from its own canonical form.
        canonical = timed(lambda: c14n(root), BadXml)
        assert canonical is None or c14n(parse(canonical)) == canonical


READERS: dict[str, Callable[[Any], Any]] = {
    "AuthnRequest": read_authn_request,
    "LogoutRequest": lambda root: read_logout_request(root, [rsa_pair().key]),
    "LogoutResponse": logout_response.read_logout_response,
}


@fuzzed
@given(st.data(), st.sampled_from(sorted(READERS)))
def test_the_message_readers_answer_or_say_bad_message(data: st.DataObject, kind: str) -> None:
    document = data.draw(mutated(serialize(ROOTS[kind]())))
    root = timed(lambda: parse(document), BadXml)
    if root is not None:
        read = timed(lambda: READERS[kind](root), BadXml, BadMessage)
        assert read is None or len(repr(read)) < 10 * len(document) + 2000


METADATA = {
    "mod_shib": MOD_SHIB, "mellon": MELLON, "aws": AWS, "google": GOOGLE, "zoom": ZOOM,
    "aggregate": serialize(aggregate([federated(1), federated(2)])),
}  # fmt: skip


@fuzzed
@given(st.data(), st.sampled_from(sorted(METADATA)))
def test_the_metadata_reader_answers_or_says_bad_metadata(data: st.DataObject, kind: str) -> None:
    """And what it reads the registry takes."""
    original = METADATA[kind]
    document = data.draw(mutated(original if isinstance(original, bytes) else original.encode()))
    entity_id = "https://sp00001.example.org/shibboleth" if kind == "aggregate" else None
    found = timed(lambda: reading.read(document, 1_800_000_000.0, entity_id=entity_id), BadMetadata)
    if found is not None:
        validate({"client_name": found.name or "A name", "sp_metadata": found.facts, "require_signed_requests": False})


@fuzzed
@given(ANY_XML)
def test_the_soap_reader_answers_or_says_bad(data: bytes) -> None:
    timed(lambda: decode_soap(data), BadXml, BadMessage)
    start = f'<S:Envelope xmlns:S="{names.SOAP}"><S:Body>'.encode()
    timed(lambda: decode_soap(start + data + b"</S:Body></S:Envelope>"), BadXml, BadMessage)


QUERY = encode_redirect(IDP, "SAMLRequest", authn_request(), "r s&t", rsa_pair().signer()).location.partition("?")[2]


@fuzzed
@given(
    st.one_of(
        st.text(max_size=200),
        mutated(QUERY.encode()).map(lambda data: data.decode("latin-1")),
        st.lists(
            st.sampled_from([*QUERY.split("&"), "SAMLResponse=a", "%53AMLRequest=", "RelayState", "&", "=", "x=%"])
        ).map("&".join),
        st.binary(max_size=300).map(lambda data: "SAMLRequest=" + quote(b64encode(data).decode(), safe="")),
        ANY_XML.map(lambda data: "SAMLRequest=" + quote(b64encode(deflate(data)).decode(), safe="")),
    )
)
def test_the_redirect_reader_answers_or_says_bad(query: str) -> None:
    received = timed(lambda: decode_redirect(query), BadMessage)
    if received is not None:
        opened = timed(lambda: open_message(received, [rsa_pair().public]), BadXml, BadSignature)
        if opened is not None and opened.signed:
            # What the signature covers is what was signed, however it was written.
            assert c14n(opened.root) == c14n(authn_request())
            assert received.relay_state == "r s&t"


@fuzzed
@given(
    st.lists(
        st.tuples(st.sampled_from(["SAMLRequest", "SAMLResponse", "RelayState", "x"]), st.text(max_size=60)), max_size=5
    )
)
def test_the_form_reader_answers_or_says_bad(pairs: list[tuple[str, str]]) -> None:
    timed(lambda: decode_post(wire.Params(pairs)), BadMessage)


@fuzzed
@given(st.one_of(st.text(max_size=100), st.binary(min_size=40, max_size=48).map(lambda raw: b64encode(raw).decode())))
def test_the_artifact_reader_answers_or_says_bad(text: str) -> None:
    timed(lambda: decode_artifact(text), BadMessage)


SIGNED = {kind: signed(make()) for kind, make in ROOTS.items()}
CANONICAL = {kind: c14n(make()) for kind, make in ROOTS.items()}


@fuzzed
@given(st.data(), st.sampled_from(sorted(ROOTS)))
def test_the_gate_gives_back_what_was_signed_or_nothing(data: st.DataObject, kind: str) -> None:
    """Whatever is done to a signed document: what is accepted is the sender's, to the last byte."""
    document = data.draw(mutated(SIGNED[kind]))
    keys = [rsa_pair().public]
    tree = timed(lambda: verify_enveloped(parse(document), keys), BadXml, BadSignature)
    assert tree is None or c14n(tree) == CANONICAL[kind]
    tree = timed(lambda: verify_metadata(document, keys), BadXml, BadSignature)
    assert tree is None or c14n(tree) == CANONICAL[kind]


ENCRYPTED = serialize(encrypted_id(element(names.SAML, "NameID", None, "abc"), Recipient(rsa_pair().key.public_key())))


@fuzzed_less
@given(mutated(ENCRYPTED))
def test_decryption_gives_back_what_was_encrypted_or_one_error(data: bytes) -> None:
    root = timed(lambda: parse(data), BadXml)
    if root is not None:
        opened = timed(lambda: decrypt_id(root, [rsa_pair().key]), CannotDecrypt)
        assert opened is None or opened.text == "abc"


@fuzzed
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200), mutated(rsa_pair().certificate)))
def test_a_certificate_is_read_or_refused(certificate: bytes | str) -> None:
    timed(lambda: public_key(certificate), BadSignature)


def test_a_message_wrapped_in_soap_is_fuzzed_as_it_stands() -> None:
    """The corpus is alive: without a change each of them is accepted."""
    for kind, document in SIGNED.items():
        assert c14n(verify_enveloped(parse(document), [rsa_pair().public])) == CANONICAL[kind]
    assert decode_soap(encode_soap(authn_request()).body).message
    assert decrypt_id(parse(ENCRYPTED), [rsa_pair().key]).text == "abc"
    assert all(read(ROOTS[kind]()) for kind, read in READERS.items())
    for kind, document in METADATA.items():
        entity_id = "https://sp00001.example.org/shibboleth" if kind == "aggregate" else None
        raw = document if isinstance(document, bytes) else document.encode()
        assert reading.read(raw, 1_700_000_000.0, entity_id=entity_id).facts["acs"]
