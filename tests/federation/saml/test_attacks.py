"""I2, saml.md §2: the table of attacks on a Response of another provider. Each is refused, and signs nobody in."""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

from idp.admin import providers
from idp.cli.installation import shell
from idp.saml.messages import names, signing
from idp.saml.messages.signing import sign
from idp.saml.messages.xml import child, serialize
from tests.federation.saml.there import SamlOffice, There
from tests.federation.test_attacks import kind_of
from tests.provider import App
from tests.saml.pairs import rsa_pair
from tests.saml.relying import NS
from tests.saml.xsw import ALL, Parts

DS = f"{{{names.DS}}}"


@pytest.fixture
def kind_after(saml_office: SamlOffice, crm: App) -> Callable[..., str]:
    """Under which kind a document is refused; nobody is in."""

    def send(make: Callable[..., bytes], **said: Any) -> str:
        company = saml_office.add_saml(create=True, **said)
        browser = saml_office.provider.browser()
        asked = saml_office.ask(browser, crm, company)
        answer = saml_office.post(browser, asked, make(saml_office.saml, asked))
        kind = kind_of(saml_office, answer)
        assert not saml_office.provider.events("session:started")
        return kind

    return send


@pytest.mark.spec("SAML2 Prof 4.1.4.3")
@pytest.mark.parametrize(
    ("strays", "kind"),
    [
        ({"issuer": "https://evil.example"}, "upstream_issuer"),
        ({"response_issuer": "https://evil.example"}, "upstream_issuer"),
        ({"destination": "https://login.example/upstream/saml/another"}, "upstream_saml_response"),
        ({"destination": ""}, "upstream_saml_response"),
        ({"recipient": "https://wiki.example/acs"}, "upstream_saml_response"),
        ({"recipient": ""}, "upstream_saml_response"),
        ({"audience": "https://wiki.example/metadata"}, "upstream_saml_audience"),
        ({"audience": ""}, "upstream_saml_audience"),
        ({"in_response_to": "_another"}, "upstream_saml_response"),
        ({"in_response_to": ""}, "upstream_saml_response"),
        ({"confirmed_for": "_another"}, "upstream_saml_response"),
        ({"confirmed_for": ""}, "upstream_saml_response"),
        ({"until": -600.0}, "upstream_clock"),
        ({"until": 0.0}, "upstream_saml_unreadable"),
        ({"begins": 600.0}, "upstream_clock"),
        ({"ends": -600.0}, "upstream_clock"),
        ({"authn_instant": 600.0}, "upstream_clock"),
        ({"name_id": ""}, "upstream_saml_name_id"),
        ({"conditions": lambda node: child(node, names.SAML, "Unheard")}, "upstream_saml_unreadable"),
    ],
    ids=[
        "issuer", "response-issuer", "destination", "no-destination", "recipient", "no-recipient", "audience",
        "no-audience", "in-response-to", "no-in-response-to", "confirmed-for", "confirmed-for-nothing", "expired",
        "no-end", "not-yet", "conditions-ended", "proven-later", "no-name-id", "unknown-condition",
    ],
)  # fmt: skip
def test_i2_a_response_that_strays_signs_nobody_in(
    kind_after: Callable[..., str], strays: dict[str, Any], kind: str
) -> None:
    assert kind_after(lambda there, asked: there.answer(asked, of="both", **strays)) == kind


def test_i2_every_wrapping_of_a_signed_response_is_refused(saml_office: SamlOffice, crm: App) -> None:
    """XSW: each shows another document under the signature of the first one, or changes what is signed."""
    company = saml_office.add_saml(create=True)
    browser, evil = saml_office.provider.browser(), rsa_pair("attacker")
    asked = saml_office.ask(browser, crm, company)
    for make in ALL:
        document = etree.tostring(make(Parts(saml_office.saml.answer(asked, of="response")), evil))
        answer = saml_office.post(browser, asked, document)
        assert answer.is_error_page, make.__name__
    assert not saml_office.provider.events("session:started")


def _evil(assertion: Any, id: str = "_evil") -> Any:
    made = etree.fromstring(etree.tostring(assertion))
    for signature in made.findall(f"{DS}Signature"):
        made.remove(signature)
    made.set("ID", id)
    made.find("saml:Subject/saml:NameID", NS).text = "the-boss"
    return made


def _with(document: bytes, work: Callable[[Any, Any, Any], None]) -> bytes:
    """`work(response, assertion, signature)` on a Response whose assertion is signed."""
    root: Any = etree.fromstring(document)
    assertion = root.find("saml:Assertion", NS)
    work(root, assertion, assertion.find("ds:Signature", NS))
    return etree.tostring(root)


def _in_object(signature: Any, node: Any) -> None:
    etree.SubElement(signature, f"{DS}Object").append(node)


def _xsw3(root: Any, good: Any, signature: Any) -> None:
    root.insert(root.index(good), _evil(good))


def _xsw3_after(root: Any, good: Any, signature: Any) -> None:
    root.append(_evil(good))


def _xsw4(root: Any, good: Any, signature: Any) -> None:
    bad = _evil(good)
    root.replace(good, bad)
    bad.append(good)


def _xsw5(root: Any, good: Any, signature: Any) -> None:
    bad = _evil(good)
    root.replace(good, bad)
    good.remove(signature)
    bad.insert(1, signature)
    root.append(good)


def _xsw6(root: Any, good: Any, signature: Any) -> None:
    bad = _evil(good)
    root.replace(good, bad)
    good.remove(signature)
    bad.insert(1, signature)
    _in_object(signature, good)


def _xsw7(root: Any, good: Any, signature: Any) -> None:
    bad = _evil(good)
    root.replace(good, bad)
    extensions = etree.Element(f"{{{names.SAMLP}}}Extensions")
    extensions.append(good)
    root.insert(1, extensions)


def _xsw8(root: Any, good: Any, signature: Any) -> None:
    bad = _evil(good)
    root.replace(good, bad)
    good.remove(signature)
    bad.insert(1, signature)
    _in_object(signature, good)


def _same_id(root: Any, good: Any, signature: Any) -> None:
    root.insert(root.index(good), _evil(good, good.get("ID")))


def _in_advice(root: Any, good: Any, signature: Any) -> None:
    bad = _evil(good)
    root.replace(good, bad)
    advice = etree.SubElement(bad, f"{{{names.SAML}}}Advice")
    advice.append(good)


def _moved_up(root: Any, good: Any, signature: Any) -> None:
    """The assertion's signature at the Response, whose ID it does not name."""
    good.remove(signature)
    good.find("saml:Subject/saml:NameID", NS).text = "the-boss"
    root.insert(1, signature)


def _other_name(root: Any, good: Any, signature: Any) -> None:
    good.find("saml:Subject/saml:NameID", NS).text = "the-boss"


def _no_signature(root: Any, good: Any, signature: Any) -> None:
    good.remove(signature)


@pytest.mark.parametrize(
    "work",
    [
        _xsw3,
        _xsw3_after,
        _xsw4,
        _xsw5,
        _xsw6,
        _xsw7,
        _xsw8,
        _same_id,
        _in_advice,
        _moved_up,
        _other_name,
        _no_signature,
    ],
    ids=lambda work: work.__name__.strip("_"),
)
def test_i2_every_wrapping_of_a_signed_assertion_is_refused(
    kind_after: Callable[..., str], work: Callable[[Any, Any, Any], None]
) -> None:
    kind = kind_after(lambda there, asked: _with(there.answer(asked), work))
    assert kind in ("upstream_saml_signature", "upstream_saml_unreadable")


def _comment(document: bytes) -> bytes:
    """The signature holds: canonical XML has no comments. Readers differ in where the text ends."""
    return document.replace(b"there-1", b"there<!-- -->-1")


def _two(there: There, asked: Any) -> bytes:
    first, second = (etree.fromstring(there.answer(asked)) for _ in range(2))
    first.append(second.find("saml:Assertion", NS))  # type: ignore[arg-type]
    return etree.tostring(first)


def _hidden_unsigned(there: There, asked: Any, office: SamlOffice) -> bytes:
    ours = office.provider.services.certificates.active("encryption").certificate
    return there.encrypted(asked, ours, of="nothing")


_DTD = b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda there, asked: there.answer(asked, of="nothing"), "upstream_saml_signature"),
        (lambda there, asked: there.answer(asked, pair=rsa_pair("attacker")), "upstream_saml_signature"),
        (lambda there, asked: there.answer(asked, of="response", pair=rsa_pair("attacker")), "upstream_saml_signature"),
        (lambda there, asked: _comment(there.answer(asked)), "upstream_saml_unreadable"),
        (_two, "upstream_saml_unreadable"),
        (lambda there, asked: _DTD + there.answer(asked), "upstream_saml_unreadable"),
        (lambda there, asked: b"<?xml-stylesheet href='x'?>" + there.answer(asked), "upstream_saml_unreadable"),
        (lambda there, asked: (_DTD + there.answer(asked)).decode().encode("utf-16"), "upstream_saml_unreadable"),
        (lambda there, asked: b"<a>" * 9000 + b"</a>" * 9000, "upstream_saml_unreadable"),
        (lambda there, asked: b"not XML", "upstream_saml_unreadable"),
        (lambda there, asked: zlib.compress(there.answer(asked)), "upstream_saml_unreadable"),
        (lambda there, asked: there.answer(asked).replace(b"rsa-sha256", b"rsa-sha1"), "upstream_saml_signature"),
        (lambda there, asked: there.encrypted(asked, rsa_pair("attacker").certificate), "upstream_saml_encryption"),
    ],
    ids=[
        "unsigned", "another-key", "another-key-of-the-response", "comment-in-the-name", "two-assertions", "bomb",
        "instruction", "bomb-in-utf-16", "deep", "no-xml", "compressed", "sha-1", "encrypted-for-another",
    ],
)  # fmt: skip
def test_i2_what_is_no_signed_response_is_refused(
    kind_after: Callable[..., str], make: Callable[..., bytes], kind: str
) -> None:
    assert kind_after(make) == kind


def test_sha1_is_not_believed_though_the_key_is_right(kind_after: Callable[..., str]) -> None:
    def by_sha1(there: There, asked: Any) -> bytes:
        key = there.pair.key
        signer = signing._LocalKey(
            names.RSA_SHA1, there.pair.certificate,
            lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA1()),
        )  # fmt: skip
        root: Any = etree.fromstring(there.answer(asked, of="nothing"))
        sign(root, signer)
        return serialize(root)

    assert kind_after(by_sha1) == "upstream_saml_signature"


@pytest.mark.spec("CVE-2026-2092")
def test_encrypted_is_not_signed(saml_office: SamlOffice, crm: App) -> None:
    company = saml_office.add_saml(create=True)
    browser = saml_office.provider.browser()
    asked = saml_office.ask(browser, crm, company)
    answer = saml_office.post(browser, asked, _hidden_unsigned(saml_office.saml, asked, saml_office))
    assert kind_of(saml_office, answer) == "upstream_saml_signature"


@pytest.mark.spec("SAML2 Prof 4.1.4.5")
def test_i2_an_assertion_is_taken_once(saml_office: SamlOffice, crm: App) -> None:
    company = saml_office.add_saml(create=True)
    browser = saml_office.provider.browser()
    asked = saml_office.ask(browser, crm, company)
    document = saml_office.saml.answer(asked, id="_the-same")
    assert saml_office.post(browser, asked, document).code
    assert kind_of(saml_office, saml_office.post(browser, asked, document)) == "upstream_gone"
    other = saml_office.provider.browser()
    again = saml_office.ask(other, crm, company)
    answer = saml_office.post(other, again, saml_office.saml.answer(again, id="_the-same"))
    assert kind_of(saml_office, answer) == "upstream_saml_replayed"


def test_i2_an_answer_that_another_browser_asked_for_signs_nobody_in(saml_office: SamlOffice, crm: App) -> None:
    company = saml_office.add_saml(create=True)
    attacker, victim = saml_office.provider.browser(), saml_office.provider.browser()
    saml_office.provider.authorize(victim, crm)
    asked = saml_office.ask(attacker, crm, company)
    answer = saml_office.post(victim, asked, saml_office.saml.answer(asked))
    assert kind_of(saml_office, answer) == "upstream_gone"
    assert saml_office.post(attacker, asked, saml_office.saml.answer(asked)).code  # burnt nothing of its owner's


@pytest.mark.spec("SAML2 Prof 4.1.5")
@pytest.mark.parametrize("relay_state", ["", "https://evil.example/", "/admin"], ids=["none", "elsewhere", "path"])
def test_i2_what_nobody_asked_for_is_refused_and_its_relay_state_leads_nowhere(
    saml_office: SamlOffice, crm: App, relay_state: str
) -> None:
    company = saml_office.add_saml(create=True)
    browser = saml_office.provider.browser()
    asked = saml_office.ask(browser, crm, company)
    document = saml_office.saml.answer(asked, in_response_to="", confirmed_for="")
    answer = saml_office.post(browser, asked, document, relay_state=relay_state)
    assert kind_of(saml_office, answer) == "upstream_saml_unsolicited"
    saml_office.change(company, unsolicited=True)
    answer = saml_office.post(browser, asked, document, relay_state=relay_state)
    # Where it is said, people are led to a request of ours: what came is not taken.
    assert answer.location == asked.acs
    anew = saml_office.saml.asked(browser.get(answer.location).location)
    assert anew.id != asked.id
    assert saml_office.post(browser, anew, saml_office.saml.answer(anew)).location == "https://login.example/"


def test_i2_the_answer_of_one_provider_at_the_address_of_another_is_nobodys(saml_office: SamlOffice, crm: App) -> None:
    """Mix-up: both have the same keys here, and yet each has its own address, and is told another name of ours."""
    company, other = saml_office.add_saml(create=True), saml_office.add_saml("Other", create=True)
    browser = saml_office.provider.browser()
    asked = saml_office.ask(browser, crm, company)
    fields = {"SAMLResponse": b64encode(saml_office.saml.answer(asked)).decode(), "RelayState": asked.relay_state}
    answer = browser.post(asked.acs.replace(company.id, other.id), fields, cookies=False)
    assert browser.get(answer.location).is_error_page
    assert not saml_office.provider.events("session:started")


def test_a_response_by_redirect_is_taken_by_nobody(saml_office: SamlOffice, crm: App) -> None:
    company = saml_office.add_saml(create=True)
    browser = saml_office.provider.browser()
    asked = saml_office.ask(browser, crm, company)
    answer = browser.get(f"{asked.acs}?SAMLResponse=AAAA&RelayState={asked.relay_state}")
    assert answer.location == "https://login.example/"


def test_a_provider_that_is_off_takes_nothing(saml_office: SamlOffice, crm: App) -> None:
    company = saml_office.add_saml(create=True)
    browser = saml_office.provider.browser()
    asked = saml_office.ask(browser, crm, company)
    providers.turn(saml_office.provider.services, shell(), company.id, on=False)
    answer = saml_office.post(browser, asked, saml_office.saml.answer(asked))
    assert kind_of(saml_office, answer) == "upstream_off"


def test_nothing_is_kept_of_a_document_that_the_provider_has_not_signed(saml_office: SamlOffice, crm: App) -> None:
    company = saml_office.add_saml(create=True)
    browser, state = saml_office.provider.browser(), saml_office.provider.services.state
    asked = saml_office.ask(browser, crm, company)
    done: list[str] = []
    state.observer = done.append
    saml_office.post(browser, asked, saml_office.saml.answer(asked, pair=rsa_pair("attacker")))
    state.observer = None
    assert "put" not in done
