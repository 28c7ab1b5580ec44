"""I2: a provider's metadata, as a file or at an address that is read again; and ours, with keys that roll."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

import pytest
from lxml import etree

from idp.federation import crowding, health
from idp.federation.checking import InvalidProvider
from idp.federation.provider import PERSISTENT
from idp.federation.saml import metadata
from idp.saml.messages import names
from tests.backends import Clock
from tests.federation.saml.there import ENTITY, SamlOffice, There
from tests.federation.stand_in import StandIn
from tests.federation.test_attacks import kind_of
from tests.provider import App, Provider
from tests.saml.pairs import Pair, rsa_pair
from tests.saml.relying import NS
from tests.saml.schemas import check

PATH = "/saml/metadata"


class Published(SamlOffice):
    """Its metadata is at an address."""

    def __init__(self, provider: Provider, there: There, at: StandIn) -> None:
        super().__init__(provider, there)
        self.at = at
        self.publish()

    def publish(self, *pairs: Pair, until: float | None = None) -> None:
        self.at.answers[PATH] = (200, self.saml.metadata(*pairs, until=until).encode())

    def gone(self) -> None:
        self.at.answers[PATH] = (503, b"")

    @property
    def url(self) -> str:
        return self.at.origin + PATH


@pytest.fixture
def published(open_provider: Callable[..., Provider], there: StandIn, clock: Clock) -> Published:
    return Published(open_provider(outbound={"allow": [there.origin]}), There(clock), there)


@pytest.fixture
def crm(published: Published) -> App:
    return published.provider.add_client("CRM")


def test_the_entity_id_is_learnt_from_the_address_and_kept(published: Published, crm: App) -> None:
    company = published.add_saml(metadata_url=published.url, create=True)
    assert (company.issuer, company.metadata, company.subject) == (ENTITY, "", ("NameID",))
    assert published.come_saml(published.provider.browser(), crm, company).code


def test_another_entity_at_the_address_is_not_taken(published: Published, crm: App) -> None:
    company = published.add_saml(metadata_url=published.url, issuer="urn:somebody:else")
    page = published.provider.authorize(published.provider.browser(), crm)
    browser = published.provider.browser()
    page = published.provider.authorize(browser, crm)
    assert kind_of(published, published.press(browser, page, company)) == "upstream_saml_metadata"


@pytest.mark.spec("IIP-MD07")
def test_a_certificate_of_todays_metadata_is_believed_without_anybody_doing_anything(
    published: Published, crm: App, clock: Clock
) -> None:
    old, new = published.saml.pair, rsa_pair("upstream-next")
    company = published.add_saml(metadata_url=published.url, create=True)
    assert published.come_saml(published.provider.browser(), crm, company).code
    published.publish(old, new)  # both for a while, as is usual
    clock.advance(60)
    assert published.come_saml(published.provider.browser(), crm, company, pair=new).code
    assert published.come_saml(published.provider.browser(), crm, company, pair=old).code
    (told,) = published.provider.events("provider:keys")
    was, is_now = told.detail["changed"]["keys"]
    assert (len(was), len(is_now), was[0] in is_now) == (1, 2, True)
    published.publish(new)
    clock.advance(3601)
    answer = published.come_saml(published.provider.browser(), crm, company, pair=old)
    assert kind_of(published, answer) == "upstream_saml_signature"


def test_whoever_signs_by_a_key_of_nobody_makes_us_ask_twice_a_minute_at_most(published: Published, crm: App) -> None:
    company = published.add_saml(metadata_url=published.url, create=True)
    before = len(published.at.asked)
    for _ in range(3):
        published.come_saml(published.provider.browser(), crm, company, pair=rsa_pair("attacker"))
    assert len(published.at.asked) - before <= 1


def test_i10_a_strangers_signature_waits_for_metadata_in_the_crowd_alone(published: Published, crm: App) -> None:
    company, services = published.add_saml(metadata_url=published.url, create=True), published.provider.services
    browser = published.provider.browser()
    asked = published.ask(browser, crm, company)
    threads, crowd = services.settings.server.threads, services.part(crowding.Crowd)
    turns = [crowd.enter("another", threads) for _ in range(max(1, threads - 1))]
    assert all(turns)
    before = len(published.at.asked)
    answer = published.post(browser, asked, published.saml.answer(asked, pair=rsa_pair("attacker")))
    assert kind_of(published, answer) == "upstream_crowded"
    assert len(published.at.asked) == before


def test_i10_of_those_who_look_for_a_key_at_once_one_asks() -> None:
    kept = metadata.Kept()
    with kept.look("a") as first, kept.look("a") as second, kept.look("b") as other:
        assert (first, second, other) == (True, False, True)
    with kept.look("a") as again:
        assert again


@pytest.mark.spec("SAML2 Metadata 4.3")
def test_metadata_holds_while_its_address_is_silent_and_not_beyond_its_end(
    published: Published, crm: App, clock: Clock
) -> None:
    published.publish(until=clock() + 2 * 86400)
    company = published.add_saml(metadata_url=published.url, create=True)
    assert published.come_saml(published.provider.browser(), crm, company).code
    published.gone()
    clock.advance(86400)
    before = len(published.at.asked)
    for _ in range(5):
        assert published.come_saml(published.provider.browser(), crm, company).code
    assert len(published.at.asked) - before == 1  # nobody else waits for it
    assert not health.of(published.provider.services, company).is_down
    again = Published(published.provider.another(), published.saml, published.at)
    published.gone()
    assert again.come_saml(again.provider.browser(), crm, company).code  # another process knows it, too
    clock.advance(86401)
    browser = published.provider.browser()
    page = published.provider.authorize(browser, crm)
    assert published.press(browser, page, company).status == 503


def test_a_file_is_kept_as_what_is_read_of_it(published: Published) -> None:
    whole = published.saml.metadata().replace("<md:IDPSSODescriptor", "<!-- hello --><md:IDPSSODescriptor")
    company = published.add_saml(metadata=whole)
    assert (company.issuer, company.metadata_url) == (ENTITY, "")
    assert "hello" not in company.metadata
    assert company.metadata == published.saml.metadata()


def test_nobody_is_sent_to_an_address_without_tls_though_a_file_says_so(published: Published, crm: App) -> None:
    plain = published.saml.metadata().replace('Location="https:', 'Location="http:')
    with pytest.raises(InvalidProvider, match="is not https"):
        published.add_saml(metadata=plain)
    company = published.add_saml()
    published.change(company, metadata=plain)  # as a file of configuration would
    browser = published.provider.browser()
    page = published.provider.authorize(browser, crm)
    assert kind_of(published, published.press(browser, page, company)) == "upstream_saml_metadata"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"metadata": "<html></html>"}, "metadata"),
        ({"metadata": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}, "metadata"),
        ({"metadata": ""}, "metadata"),
        ({"metadata_url": "file:///etc/passwd"}, "metadata_url"),
        ({"metadata_url": "https://169.254.169.254/metadata"}, "metadata_url"),
        ({"subject": ["urn:oid:0.9.2342.19200300.100.1.3"]}, "subject"),
        ({"subject": ["NameID", "uid"]}, "subject"),
        ({"join": True, "domains": ["company.example"]}, "join"),
        ({"vouches": True}, "vouches"),
        ({"scopes": ["openid", "groups"]}, "scopes"),
        ({"name_id_format": "urn:x"}, "name_id_format"),
        ({"request_binding": "soap"}, "request_binding"),
    ],
    ids=[
        "a-page", "dtd", "nothing", "file", "private-address", "mail-as-key", "two-keys", "join-without-vouches",
        "vouches-for-all", "field-of-another-kind", "format", "binding",
    ],
)  # fmt: skip
def test_what_cannot_hold_is_told_with_its_field(published: Published, said: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidProvider) as error:
        published.add_saml(**said)
    assert field in [one.field for one in error.value.problems]


@pytest.mark.spec("SAML2 Metadata 2.4.4")
def test_our_metadata_is_valid_and_shows_the_next_certificate_before_it_signs(published: Published) -> None:
    company = published.add_saml()
    ring = published.provider.services.certificates
    ring.active("signing")
    ring.prepare("signing")
    answer = published.provider.browser().get(f"/upstream/metadata/{company.id}")
    assert answer.headers["Content-Type"] == "application/samlmetadata+xml"
    check("metadata", answer.body)
    root = etree.fromstring(answer.body)
    shown = [node.text for node in root.iterfind(".//md:KeyDescriptor[@use='signing']//ds:X509Certificate", NS)]
    assert shown == [b64encode(key.certificate).decode() for key in ring.published("signing")]
    assert len(shown) == 2
    assert root.findtext(".//md:NameIDFormat", None, NS) == PERSISTENT
    (acs,) = root.iterfind(".//md:AssertionConsumerService", NS)
    assert acs.get("Binding") == names.HTTP_POST


def test_an_admin_may_keep_the_name_that_we_have_there(published: Published, crm: App) -> None:
    company = published.add_saml(client_id="urn:company:login", create=True)
    asked = published.ask(published.provider.browser(), crm, company)
    assert asked.issuer == "urn:company:login"
    assert published.come_saml(published.provider.browser(), crm, company).code
