"""What a metadata address answers in place of metadata, and what whoever named it is told: each says what to do. Q1."""

# ruff: noqa: F811 - pytest hands fixtures over by name

from __future__ import annotations

import gzip

import pytest

from clients.errors import InvalidMetadata
from idp.protocols import Services
from idp.saml.metadata import sources
from idp.saml.metadata.lexical import BadMetadata
from tests.saml.documents import acs, key, sp
from tests.saml.publishing import Publisher, publisher, services  # noqa: F401

GOOD = sp(key("signing", "a") + acs("https://sp.example/acs"))
#: What comes, and words of what is told: what it is, or what to do.
ANSWERS: dict[str, tuple[bytes | int, tuple[str, ...]]] = {
    "a wrong path": (404, ("is not there", "the application says where")),
    "a path that was given up": (410, ("is not there",)),
    "a sign-in is wanted": (401, ("it answered 401", "as a file")),
    "programs are kept out": (403, ("it answered 403", "as a file")),
    "its server fails": (500, ("it answered 500", "its log")),
    "its proxy fails": (502, ("it answered 502", "its log")),
    "nothing": (b"", ("it is empty",)),
    "a page to sign in": (b"<!DOCTYPE html><html><body>Sign in</body></html>", ("web page", "no sign-in needed")),
    "a discovery document": (b'{"issuer": "https://sp.example"}', ("OpenID Connect",)),
    "cut off": (GOOD[:-40], ("not well-formed",)),
    "compressed": (gzip.compress(GOOD), ("gzip", "unpack")),
    "an identity provider's": (GOOD.replace(b"SPSSODescriptor", b"IDPSSODescriptor"), ("identity provider",)),
    "plain text": (b"404 page not found", ("it begins with '404 page",)),
    "a certificate": (b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", ("certificate or a key",)),
    "what ran out": (sp(entity='validUntil="2020-01-01T00:00:00Z"'), ("validUntil", "current metadata")),
    "without ACS": (sp(key("signing", "a")), ("AssertionConsumerService", "HTTP-POST")),
    "SAML 1.1": (GOOD.replace(b"SAML:2.0:protocol", b"SAML:1.1:protocol"), ("of SAML 2.0",)),
    "a Response": (b'<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"/>', ("it is Response",)),
}
ADDRESSES = {
    "https://10.0.0.5/sp": ("not a public address", "outbound.allow"),
    "https://nowhere.invalid/sp": ("has no address", "DNS"),
    "http://sp.example/sp": ("plain http", "https"),
    "ftp://sp.example/sp": ("https",),
    "sp.example/sp": ("https",),
}


def _told(services: Services, url: str) -> str:
    with pytest.raises((BadMetadata, InvalidMetadata)) as caught:
        sources.read_url(services, url)
    return str(caught.value)


@pytest.mark.parametrize("name", ANSWERS)
def test_Q1_an_answer_that_is_no_metadata_says_what_it_is_or_what_to_do(
    services: Services, publisher: Publisher, name: str
) -> None:
    answer, words = ANSWERS[name]
    told = _told(services, publisher.put("/sp", answer))
    assert all(one in told for one in words), told


@pytest.mark.parametrize("url", ADDRESSES)
def test_Q1_an_address_that_cannot_be_read_says_why(services: Services, url: str) -> None:
    told = _told(services, url)
    assert url in told
    assert all(one in told for one in ADDRESSES[url]), told


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\n"], ids=["a byte order mark", "a line break"])
def test_Q1_what_editors_put_before_it_does_not_matter(services: Services, publisher: Publisher, before: bytes) -> None:
    assert sources.read_url(services, publisher.put("/sp", before + GOOD))
