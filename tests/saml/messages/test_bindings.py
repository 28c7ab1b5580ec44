"""Messages on the wire. Bind §3; threats 11, 12, 14."""

from __future__ import annotations

import subprocess
import sys
import zlib
from base64 import b64decode, b64encode
from hashlib import sha1
from urllib.parse import quote, urlsplit

import pytest

from idp import wire
from idp.saml.messages import artifacts, names
from idp.saml.messages.artifacts import decode_artifact, encode_artifact, new_artifact
from idp.saml.messages.bindings import BadMessage
from idp.saml.messages.http_post import decode_post, encode_post
from idp.saml.messages.http_redirect import decode_redirect, deflate, encode_redirect, inflate
from idp.saml.messages.signing import sign
from idp.saml.messages.soap import decode_soap, encode_soap, soap_fault
from idp.saml.messages.xml import BadXml, c14n, element, parse, serialize
from tests.saml.pairs import rsa_pair
from tests.saml.samples import IDP, authn_request, logout_response

REQUEST = quote(b64encode(deflate(serialize(authn_request()))).decode(), safe="")


def refused(raw_query: str) -> str:
    with pytest.raises(BadMessage) as caught:
        decode_redirect(raw_query)
    return caught.value.reason


# -- HTTP-Redirect ---------------------------------------------------------------------------------------------------


def test_a_redirect_comes_back_as_it_was_sent():
    sent = encode_redirect(f"{IDP}?tenant=1", "SAMLRequest", authn_request(), "a b&c=ü+%20", rsa_pair().signer())
    assert sent.location.startswith(f"{IDP}?tenant=1&SAMLRequest=")
    assert ("Cache-Control", "no-store") in sent.headers
    received = decode_redirect(urlsplit(sent.location).query)
    assert (received.binding, received.parameter) == (names.HTTP_REDIRECT, "SAMLRequest")
    assert received.message == serialize(authn_request())
    assert received.relay_state == "a b&c=ü+%20"
    assert received.signature is not None
    assert received.signature.algorithm == names.RSA_SHA256


@pytest.mark.spec("Bind 3.4.3")
@pytest.mark.parametrize(("raw", "expected"), [("", None), ("&RelayState=", ""), ("&RelayState=a+b", "a b")])
def test_relay_state_is_kept_as_it_is_and_absent_where_it_is_absent(raw: str, expected: str | None):
    assert decode_redirect(f"SAMLRequest={REQUEST}{raw}").relay_state == expected


def test_relay_state_may_be_longer_than_80_bytes_but_not_endless():
    assert len(decode_redirect(f"SAMLRequest={REQUEST}&RelayState={'x' * 2048}").relay_state or "") == 2048
    assert "RelayState" in refused(f"SAMLRequest={REQUEST}&RelayState={'x' * 2049}")
    with pytest.raises(BadMessage):
        decode_post(wire.Params([("SAMLRequest", "YQ=="), ("RelayState", "ü" * 1025)]))


POLLUTED = {
    "a message twice": f"SAMLRequest={REQUEST}&SAMLRequest={REQUEST}",
    "RelayState twice": f"SAMLRequest={REQUEST}&RelayState=a&RelayState=b",
    "SigAlg twice": f"SAMLRequest={REQUEST}&SigAlg=a&SigAlg=b&Signature=YQ%3D%3D",
    "Signature twice": f"SAMLRequest={REQUEST}&SigAlg=a&Signature=YQ%3D%3D&Signature=Yg%3D%3D",
    "both messages": f"SAMLRequest={REQUEST}&SAMLResponse={REQUEST}",
    "an encoded name": f"%53AMLRequest={REQUEST}",
    "an encoded name beside the plain one": f"SAMLRequest={REQUEST}&%53AMLRequest={REQUEST}",
    "an encoded RelayState": f"SAMLRequest={REQUEST}&Relay%53tate=a",
    "a name with a space": f"SAMLRequest={REQUEST}&+RelayState=a",
    "half a signature": f"SAMLRequest={REQUEST}&SigAlg={quote(names.RSA_SHA256, safe='')}",
    "the other half": f"SAMLRequest={REQUEST}&Signature=YQ%3D%3D",
    "an empty signature": f"SAMLRequest={REQUEST}&SigAlg={quote(names.RSA_SHA256, safe='')}&Signature=",
    "an empty SigAlg": f"SAMLRequest={REQUEST}&SigAlg=&Signature=YQ%3D%3D",
    "another encoding": f"SAMLRequest={REQUEST}&SAMLEncoding=urn%3Aother",
    "nothing": "",
    "an empty message": "SAMLRequest=",
    "no value": "SAMLRequest",
    "not base64": "SAMLRequest=%21%21%21%21",
    "base64 without its end": "SAMLRequest=YWJjZ",
    "not DEFLATE": "SAMLRequest=" + quote(b64encode(b"<a/>").decode()),
    "a zlib header": "SAMLRequest=" + quote(b64encode(zlib.compress(b"<a/>")).decode(), safe=""),
    "a cut-off stream": "SAMLRequest=" + quote(b64encode(deflate(b"<a/>" * 9)[:-3]).decode(), safe=""),
    "something behind it": "SAMLRequest=" + quote(b64encode(deflate(b"<a/>") + b"x").decode(), safe=""),
    "a broken escape": f"SAMLRequest={REQUEST}&RelayState=%zz",
    "not UTF-8": f"SAMLRequest={REQUEST}&RelayState=%ff",
    "raw bytes": f"SAMLRequest={REQUEST}&RelayState=\xff",
    "too long": f"SAMLRequest={REQUEST}&x={'x' * 70_000}",
    "too many": f"SAMLRequest={REQUEST}{'&x=1' * 300}",
}


@pytest.mark.parametrize("name", POLLUTED)
def test_threat_12_a_query_that_readers_could_read_differently_is_refused(name: str):
    refused(POLLUTED[name])


def test_parameters_of_others_are_left_alone():
    received = decode_redirect(f"client-request-id=1&SAMLRequest={REQUEST}&utm%5Bx%5D=100%&RelayState=a")
    assert received.relay_state == "a"
    assert decode_redirect(f"SAMLRequest={REQUEST}&SAMLEncoding={quote(names.DEFLATE, safe='')}").relay_state is None


@pytest.mark.spec("Bind 3.4.4.1")
def test_the_octets_that_are_signed_are_the_senders_own():
    """In the order of the specification, percent-encoded as the sender did: ADFS writes lower-case hex."""
    lower = REQUEST.replace("%2B", "%2b").replace("%2F", "%2f").replace("%3D", "%3d")
    assert lower != REQUEST
    received = decode_redirect(f"SigAlg=urn%3ax&RelayState=a+b%20c&Signature=YQ%3D%3D&SAMLRequest={lower}")
    assert received.signature is not None
    assert received.signature.octets == f"SAMLRequest={lower}&RelayState=a+b%20c&SigAlg=urn%3ax".encode()
    assert received.signature.algorithm == "urn:x"


def test_a_plus_that_the_sender_did_not_encode_is_still_base64():
    messages = (b"<a>%d</a>" % number for number in range(1000))
    message, text = next((m, t) for m in messages if "+" in (t := b64encode(deflate(m)).decode()))
    assert decode_redirect(f"SAMLRequest={text}").message == message


# -- DEFLATE ---------------------------------------------------------------------------------------------------------

BOMBS = """
import resource, time, tracemalloc, zlib
from base64 import b64encode
from urllib.parse import quote
from idp.saml.messages.bindings import BadMessage
from idp.saml.messages.http_redirect import decode_redirect

def query(size, filler):
    squeeze = zlib.compressobj(9, wbits=-15)
    packed = b"".join(squeeze.compress(filler * (1 << 16)) for _ in range(size >> 16)) + squeeze.flush()
    return "SAMLRequest=" + quote(b64encode(packed).decode(), safe="")

bombs = [query(40 << 20, b"x"), query(40 << 20, b"\\0"), query(1 << 20, b"<"), query(131072 + 65536, b"a")]
assert all(len(bomb) < 65536 for bomb in bombs), [len(bomb) for bomb in bombs]
bombs += ["SAMLRequest=" + "A" * 65000, "SAMLRequest=" + quote(b64encode(b"\\0\\0\\0\\xff\\xff" * 9000).decode())]

def refuse(bomb):
    try:
        decode_redirect(bomb)
    except BadMessage:
        return
    raise AssertionError("a bomb went through")

for bomb in bombs:
    refuse(bomb)
tracemalloc.start()
worst = 0.0
for bomb in bombs:
    started = time.process_time()
    refuse(bomb)
    worst = max(worst, time.process_time() - started)
peak = tracemalloc.get_traced_memory()[1]
tracemalloc.stop()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for _ in range(100):
    for bomb in bombs:
        refuse(bomb)
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
assert worst < 0.1, f"{worst} s"
assert peak < 2 << 20, f"{peak} bytes"
assert grown < 4096, f"{grown} KiB"
print("refused")
"""


def test_threat_14_deflate_bombs_cost_neither_time_nor_memory():
    ran = subprocess.run([sys.executable, "-c", BOMBS], capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout == "refused\n", ran.stderr


def test_threat_14_the_cap_is_exact():
    assert len(inflate(deflate(b"x" * 1000), 1000)) == 1000
    with pytest.raises(BadMessage):
        inflate(deflate(b"x" * 1001), 1000)


# -- HTTP-POST -------------------------------------------------------------------------------------------------------


def test_a_post_comes_back_as_it_was_sent():
    sent = encode_post(f"{IDP}/slo", "SAMLResponse", logout_response(), "r" * 200, app_name="Wiki")
    assert (sent.action, sent.app_name) == (f"{IDP}/slo", "Wiki")
    received = decode_post(wire.Params(list(sent.fields)))
    assert received.message == serialize(logout_response())
    assert (received.parameter, received.relay_state, received.signature) == ("SAMLResponse", "r" * 200, None)
    assert [name for name, _ in encode_post(IDP, "SAMLResponse", logout_response()).fields] == ["SAMLResponse"]


def test_posted_base64_may_be_broken_into_lines():
    text = b64encode(serialize(authn_request())).decode()
    lines = "\r\n".join(text[n : n + 76] for n in range(0, len(text), 76))
    assert decode_post(wire.Params([("SAMLRequest", lines)])).message == serialize(authn_request())


@pytest.mark.parametrize(
    "form",
    [
        [],
        [("RelayState", "a")],
        [("SAMLRequest", "")],
        [("SAMLRequest", "YQ=="), ("SAMLRequest", "Yg==")],
        [("SAMLRequest", "YQ=="), ("SAMLResponse", "YQ==")],
        [("SAMLRequest", "YQ=="), ("RelayState", "a"), ("RelayState", "a")],
        [("SAMLRequest", "YQ==ü")],
        [("SAMLRequest", "YQ=*")],
        [("SAMLRequest", "%3C")],
    ],
)
def test_threat_12_a_form_is_read_as_strictly(form: list[tuple[str, str]]):
    with pytest.raises(BadMessage):
        decode_post(wire.Params(form))


# -- SOAP ------------------------------------------------------------------------------------------------------------


def test_a_soap_message_keeps_its_canonical_form_and_its_signature():
    message = authn_request()
    sign(message, rsa_pair().signer())
    canonical = c14n(message)
    header = element(names.ECP, "Response", {"AssertionConsumerServiceURL": "https://sp.example.com/ecp"})
    sent = encode_soap(message, [header])
    assert (sent.status, sent.content_type) == (200, "text/xml; charset=utf-8")
    received = decode_soap(sent.body)
    assert c14n(parse(received.message)) == canonical
    assert [node.tag for node in received.headers] == [f"{{{names.ECP}}}Response"]
    assert received.binding == names.SOAP_BINDING


def test_a_soap_message_may_use_the_envelopes_namespaces():
    body = (
        f'<S:Envelope xmlns:S="{names.SOAP}" xmlns:p="{names.SAMLP}" xmlns:xs="{names.XS}"><S:Body>\n'
        '<p:ArtifactResolve ID="_1" t="xs:string"/></S:Body></S:Envelope>'
    )
    message = parse(decode_soap(body.encode()).message)
    assert message.tag == f"{{{names.SAMLP}}}ArtifactResolve"
    assert message.nsmap["xs"] == names.XS


@pytest.mark.parametrize(
    "body",
    [
        "<a/>",
        "<S:Envelope/>",
        "<S:Envelope><S:Header/></S:Envelope>",
        "<S:Envelope><S:Body/></S:Envelope>",
        "<S:Envelope><S:Body><a/><b/></S:Body></S:Envelope>",
        "<S:Envelope><S:Body><a/></S:Body><S:Body><a/></S:Body></S:Envelope>",
        "<S:Envelope><S:Body><a/></S:Body><S:Header/></S:Envelope>",
        "<S:Envelope><S:Header/><S:Header/><S:Body><a/></S:Body></S:Envelope>",
        "<S:Envelope><S:Body><!-- --><a/></S:Body></S:Envelope>",
        "<!DOCTYPE a><S:Envelope><S:Body><a/></S:Body></S:Envelope>",
    ],
)
def test_a_soap_body_holds_one_message(body: str):
    with pytest.raises((BadMessage, BadXml)):
        decode_soap(body.replace("<S:Envelope", f'<S:Envelope xmlns:S="{names.SOAP}"', 1).encode())


@pytest.mark.parametrize(("said", "encoding"), [("utf-16", "ascii"), ("utf-16", "utf-16"), ("iso-8859-1", "latin-1")])
def test_n21_an_envelope_is_read_in_the_encodings_that_metadata_may_be_in(said: str, encoding: str):
    text = (
        f'<?xml version="1.0" encoding="{said}"?><S:Envelope xmlns:S="{names.SOAP}"><S:Body><a/></S:Body></S:Envelope>'
    )
    assert decode_soap(text.encode(encoding)).message.startswith(b"<a")
    with pytest.raises(BadXml, match="a DTD"):
        decode_soap(text.replace("<S:Env", "<!DOCTYPE a><S:Env", 1).encode(encoding))


def test_a_soap_envelope_of_another_name_or_version_is_not_read():
    with pytest.raises(BadMessage):
        decode_soap(f'<a><S:Body xmlns:S="{names.SOAP}"><a/></S:Body></a>'.encode())
    with pytest.raises(BadMessage):
        decode_soap(b'<S:Envelope xmlns:S="http://www.w3.org/2003/05/soap-envelope"><S:Body><a/></S:Body></S:Envelope>')


def test_a_soap_fault_has_its_code_and_words():
    sent = soap_fault("Client", "This <message> cannot be read.")
    fault = parse(sent.body)[0][0]
    assert sent.status == 500
    assert [(node.tag, node.text) for node in fault] == [
        ("faultcode", "soap:Client"),
        ("faultstring", "This <message> cannot be read."),
    ]


# -- artifacts -------------------------------------------------------------------------------------------------------


@pytest.mark.spec("Bind 3.6.4.2")
def test_an_artifact_is_44_bytes_and_names_its_issuer():
    artifact = new_artifact(IDP, index=3)
    text = encode_artifact(artifact)
    raw = b64decode(text)
    assert len(raw) == 44
    assert raw[:4] == b"\0\4\0\3"
    assert raw[4:24] == sha1(IDP.encode()).digest()
    assert decode_artifact(text) == artifact
    assert new_artifact(IDP).handle != new_artifact(IDP).handle
    assert artifacts.source_id(IDP) == artifact.source_id


@pytest.mark.parametrize("raw", [b"", b"\0\4", b"\0\3" + bytes(42), b"\0\4" + bytes(43), b"\0\4" + bytes(41)])
def test_anything_else_is_no_artifact(raw: bytes):
    with pytest.raises(BadMessage):
        decode_artifact(b64encode(raw).decode())
