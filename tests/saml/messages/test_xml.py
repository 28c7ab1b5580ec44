"""The parser of what comes in, and the maker of what goes out. Threats 5, 6, 15, 19."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from idp.saml.messages import names
from idp.saml.messages.xml import (
    MAX_BYTES,
    MAX_DEPTH,
    BadXml,
    c14n,
    check_bytes,
    check_text,
    child,
    clean_text,
    element,
    parse,
    serialize,
    text_of,
)
from tests.saml import cpu
from tests.saml.samples import authn_request

ISSUER = f'<saml:Issuer xmlns:saml="{names.SAML}">https://sp{{}}.example.com</saml:Issuer>'


def refused(document: bytes, **how: bool) -> str:
    with pytest.raises(BadXml) as caught:
        parse(document, **how)  # type: ignore[arg-type]
    return caught.value.reason


def test_an_ordinary_document_is_read():
    root = parse(b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>\n' + serialize(authn_request()))
    assert root.tag == f"{{{names.SAMLP}}}AuthnRequest"


@pytest.mark.parametrize("hidden", ["<!-- x -->", "<?x y?>", "<![CDATA[.evil]]>"])
def test_threat_5_comments_processing_instructions_and_cdata_are_refused(hidden: str):
    """lxml's `.text` stops at a comment, other readers join the parts: one of them reads another issuer."""
    assert "not allowed" in refused(ISSUER.format(hidden).encode())
    plain = etree.fromstring(ISSUER.format("<!-- x -->"))
    assert plain.text == "https://sp"  # the trap


@pytest.mark.parametrize("outside", ["<!-- -->{}", "{}<!-- -->", "<?xml-stylesheet href='x'?>{}", "{}<?x?>"])
def test_threat_5_outside_the_root_as_well(outside: str):
    refused(outside.format(ISSUER.format("")).encode())


def test_metadata_may_carry_comments_which_are_dropped():
    document = b"<!-- a --><?x?><a>one<!-- b -->two<?y?><![CDATA[<three>]]></a>"
    assert parse(document, drop_comments=True).text == "onetwo<three>"
    assert serialize(parse(document, drop_comments=True)) == b"<a>onetwo&lt;three&gt;</a>"


LAUGHS = b"<!DOCTYPE a [<!ENTITY b 'ha'>" + b"".join(
    b"<!ENTITY b%d '%s'>" % (n, b"&b%d;" % (n - 1) * 10) for n in range(1, 12)
)
DTDS = {
    "external": b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x"><a/>',
    "xxe": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "parameter entity": b'<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]><a/>',
    "billion laughs": LAUGHS + b"]><a>&b11;</a>",
    "quadratic": b"<!DOCTYPE a [<!ENTITY b '" + b"x" * 50_000 + b"'>]><a>" + b"&b;" * 20_000 + b"</a>",
    "default attribute": b'<!DOCTYPE a [<!ATTLIST a ID CDATA "_1">]><a/>',
    "after a declaration": b'<?xml version="1.0"?><!DOCTYPE a><a/>',
}


@pytest.mark.parametrize("drop_comments", [False, True])
@pytest.mark.parametrize("name", DTDS)
def test_threat_6_a_dtd_is_refused_before_it_is_parsed(name: str, drop_comments: bool):
    assert cpu.seconds(lambda: refused(DTDS[name], drop_comments=drop_comments), limit=0.02)[0] < 0.02
    with pytest.raises(BadXml, match="a DTD"):
        check_bytes(DTDS[name], drop_comments=drop_comments)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037"])
def test_threat_6_only_utf_8_is_read(encoding: str):
    """Another encoding hides `<!DOCTYPE` from whoever searches the bytes."""
    text = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'
    body = text.encode("utf-7").replace(b"<!", b"+ADwAIQ-") if encoding == "utf-7" else text.encode(encoding)
    for drop_comments in (False, True):
        refused(body, drop_comments=drop_comments)
        with pytest.raises(BadXml):
            check_bytes(body, drop_comments=drop_comments)


def test_threat_6_utf_16_without_a_mark_is_valid_utf_8_and_yet_refused():
    with pytest.raises(BadXml, match="UTF-8"):
        check_bytes("<a/>".encode("utf-16-be"))


@pytest.mark.parametrize("encoding", ["UTF-7", "UTF-16", "ISO-8859-1", "IBM037", "us-ascii", "", "UTF-8 "])
def test_threat_6_a_declaration_must_say_utf_8(encoding: str):
    refused(f'<?xml version="1.0" encoding="{encoding}"?><a/>'.encode())
    parse(b'<?xml version="1.0" encoding="utf-8" standalone="no"?><a/>')


def test_an_entity_is_never_resolved(tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    body = b'<!DOCTYPE a [<!ENTITY x SYSTEM "' + secret.as_uri().encode() + b'">]><a>&x;</a>'
    assert "secret" not in refused(body)
    assert parse(b"<a>&lt;&amp;&#65;</a>").text == "<&A"


@pytest.mark.parametrize("first", ["ID", "Id", "id", "xml:id"])
@pytest.mark.parametrize("second", ["ID", "Id", "xml:id"])
def test_threat_3_an_id_stands_once(first: str, second: str):
    assert "ID" in refused(f'<a><b {first}="_1"/><b {second}="_1"/></a>'.encode())
    parse(f'<a><b {first}="_1"/><b {second}="_2"/></a>'.encode())


HOSTILE = {
    "deep": b"<a>" * 200 + b"</a>" * 200,
    "very deep": b"<a>" * 18_000 + b"</a>" * 18_000,
    "wide": b"<a>" + b"<b/>" * 30_000 + b"</a>",
    "attributes": b"<a " + b" ".join(b'a%d="1"' % n for n in range(9000)) + b"/>",
    "the same attribute": b"<a " + b'a="1" ' * 20_000 + b"/>",
    "namespaces": b"<a " + b" ".join(b'xmlns:a%d="1"' % n for n in range(6000)) + b"/>",
    "namespaces, nested": b"".join(b'<a%d xmlns:a%d="u"%s>' % (n, n, b"") for n in range(70))
    + b"".join(b"</a%d>" % n for n in reversed(range(70))),
    "entities": b"<a>" + b"&amp;" * 26_000,
    "an open tag": b"<a" + b" " * 131_000,
    "an open attribute": b'<a b="' + b"x" * 131_000,
    "a long name": b"<" + b"a" * 131_000 + b"/>",
    "closing tags": b"</a>" * 8000,
    "nothing": b"",
    "too large": b"<a>" + b"x" * MAX_BYTES + b"</a>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_threat_15_a_hostile_document_costs_little_time(name: str):
    assert cpu.seconds(lambda: refused(HOSTILE[name]), limit=0.05)[0] < 0.05


def test_the_caps_leave_room_for_what_is_real():
    parse(b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH)
    parse(b"<a>" + b"<b>0123456789abcdefghi</b>" * 4000 + b"</a>")
    siblings = b"".join(b'<b xmlns:n%d="u%d"/>' % (n, n) for n in range(500))
    parse(b"<a>" + siblings + b"</a>")


@pytest.mark.parametrize("character", ["\0", "\x08", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_threat_19_what_xml_cannot_carry_is_refused_as_such(character: str):
    with pytest.raises(BadXml):
        element(names.SAML, "AttributeValue", None, f"a{character}b")
    with pytest.raises(BadXml):
        child(authn_request(), names.SAML, "AttributeValue", None, f"a{character}b")
    with pytest.raises(BadXml):
        child(authn_request(), names.SAML, "Attribute", {"Name": f"a{character}b"})
    with pytest.raises(BadXml):
        check_text(f"a{character}b")
    assert clean_text(f"a{character}b") == "ab"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_threat_19_any_text_comes_back_as_it_went_in_or_is_refused(text: str):
    try:
        made = element(names.SAML, "AttributeValue", {"Name": text}, text)
    except BadXml:
        assert clean_text(text) != text
        return
    assert check_text(text) == text
    for wire in (serialize(made), c14n(made)):
        back = parse(wire)
        assert (back.text or "") == text
        assert back.get("Name") == text
        assert len(back) == 0


def test_threat_19_markup_in_a_value_stays_text():
    value = "</saml:AttributeValue><saml:AttributeValue>admin"
    back = parse(serialize(element(names.SAML, "Attribute", None, element(names.SAML, "AttributeValue", None, value))))
    assert len(back) == 1
    assert back[0].text == value


@pytest.mark.spec("IIP-G02")
def test_strings_of_256_characters_of_any_kind_are_kept():
    text = "".join(map(chr, [*range(0x20, 0x100), 0x1F600, 0x10FFFF])) + "\t\n\r"
    assert parse(serialize(element(names.SAML, "Issuer", None, text * 2))).text == text * 2


def test_the_text_of_an_element_with_children_is_not_guessed():
    with pytest.raises(BadXml):
        text_of(parse(b"<a>one<b/>two</a>"))
    assert text_of(parse(b"<a/>")) == ""
