"""I2: a provider's metadata, as a file or at an address that is read again; and ours, with keys that roll."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from idp.accounts.roles import RoleGrant
from idp.admin import granting, provider_keys
from idp.cli.installation import shell
from idp.federation import crowding, health, keeping
from idp.federation.checking import InvalidProvider
from idp.federation.provider import PERSISTENT
from idp.federation.saml import metadata, watching
from idp.saml.messages import names
from idp.saml.messages.signing import sign
from idp.saml.messages.xml import parse, serialize
from tests.admin.configuration.conftest import Configured
from tests.backends import Clock
from tests.federation.saml.there import ENTITY, SamlOffice, There
from tests.federation.stand_in import StandIn
from tests.federation.test_attacks import kind_of
from tests.provider import App, Provider
from tests.recovery.post import collect
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


# -- in the background, and by keys that an admin has said yes to ----------------------------------------------------


def test_i2_metadata_is_read_again_in_the_background_by_one_of_all(
    published: Published, crm: App, clock: Clock
) -> None:
    company, services = published.add_saml(metadata_url=published.url, create=True), published.provider.services
    assert watching.run_due(services) == 1
    assert watching.run_due(services) == 0
    clock.advance(3601)
    new = rsa_pair("upstream-next")
    published.publish(new)
    another = published.provider.another().services
    assert watching.run_due(another) == 1
    assert watching.run_due(services) == 0
    before = len(published.at.asked)
    assert published.come_saml(published.provider.browser(), crm, company, pair=new).code
    assert len(published.at.asked) == before  # this process reads what the other one has read


@pytest.mark.spec("SAML2 Metadata 4.3")
def test_i2_admins_hear_of_metadata_that_cannot_be_read_and_of_its_end(
    published: Published, crm: App, clock: Clock
) -> None:
    services = published.provider.services
    published.publish(until=clock() + 3 * 86400)
    company = published.add_saml(metadata_url=published.url, create=True)
    assert watching.run_due(services) == 1
    assert told(services) == []
    published.gone()
    clock.advance(3601)
    assert watching.run_due(services) == 0
    assert told(services) == ["provider_metadata"]
    since = watching.failing(services, company)
    assert since is not None
    assert "503" in since.reason
    assert published.come_saml(published.provider.browser(), crm, company).code  # it holds on
    assert not health.of(services, company).is_down
    clock.advance(86400)
    watching.run_due(services)
    assert told(services) == ["provider_metadata", "provider_metadata"]  # and it ends soon
    assert watching.failing(services, company) == since
    published.publish()
    clock.advance(301)
    assert watching.run_due(services) == 1
    assert told(services) == []


def test_i2_owners_are_told_of_other_keys_by_mail_and_in_the_console(
    open_provider: Callable[..., Provider], there: StandIn, clock: Clock
) -> None:
    provider = open_provider(outbound={"allow": [there.origin]}, mail={"host": "mail.example"})
    boss = provider.add_person("boss")
    granting.change_roles(provider.services, shell(), boss, give=(RoleGrant("owner"),))
    published = Published(provider, There(clock), there)
    published.add_saml(metadata_url=published.url)
    watching.run_due(provider.services)
    published.publish(published.saml.pair, rsa_pair("upstream-next"))
    clock.advance(3601)
    watching.run_due(provider.services)
    (mail,) = collect(provider, "provider_keys")
    assert (mail.to, mail.values["provider"], mail.values["waits"]) == ("boss@example.com", "Company", False)
    assert told(provider.services) == ["provider_keys"]
    clock.advance(8 * 86400)
    watching.run_due(provider.services)
    assert told(provider.services) == []


def test_i2_a_new_certificate_waits_for_an_admins_yes(published: Published, crm: App, clock: Clock) -> None:
    old, new, services = published.saml.pair, rsa_pair("upstream-next"), published.provider.services
    company = published.add_saml(metadata_url=published.url, create=True)
    watching.run_due(services)
    assert provider_keys.pin(services, shell(), company.id).provider.pinned_keys
    published.publish(old, new)
    clock.advance(3601)
    watching.run_due(services)
    assert "provider_keys" in told(services)
    answer = published.come_saml(published.provider.browser(), crm, company, pair=new)
    assert kind_of(published, answer) == "upstream_saml_signature"
    assert published.come_saml(published.provider.browser(), crm, company, pair=old).code
    waiting = [key for key in provider_keys.of(services, shell(), company.id) if not key.counts]
    with pytest.raises(provider_keys.UnknownKey):
        provider_keys.pin(services, shell(), company.id, "00" * 32)
    provider_keys.pin(services, shell(), company.id, waiting[0].fingerprint.upper())
    assert published.come_saml(published.provider.browser(), crm, company, pair=new).code
    published.publish(rsa_pair("attacker"))
    clock.advance(3601)
    watching.run_due(services)
    browser = published.provider.browser()
    page = published.provider.authorize(browser, crm)
    assert kind_of(published, published.press(browser, page, company)) == "upstream_saml_metadata"


@pytest.mark.spec("IIP-MD03")
def test_i2_metadata_is_taken_with_the_signature_of_its_key_alone(published: Published, crm: App) -> None:
    signer = rsa_pair("federation")
    published.at.answers[PATH] = (200, signed_metadata(published.saml.metadata(), signer))
    pem = signer.certificate_pem
    company = published.add_saml(metadata_url=published.url, metadata_keys=pem, create=True)
    assert published.come_saml(published.provider.browser(), crm, company).code
    for document in (published.saml.metadata().encode(),
                     signed_metadata(published.saml.metadata(), rsa_pair("attacker"))):  # fmt: skip
        published.at.answers[PATH] = (200, document)
        with pytest.raises(InvalidProvider, match="not signed by the pinned key"):
            published.add_saml("Other", metadata_url=published.url, metadata_keys=pem)
    with pytest.raises(InvalidProvider, match="PEM"):
        published.add_saml("Other", metadata_url=published.url, issuer=ENTITY, metadata_keys="nothing")
    with pytest.raises(InvalidProvider, match="64 hexadecimal"):
        published.add_saml("Other", metadata_url=published.url, issuer=ENTITY, pinned_keys=["ab"])
    with pytest.raises(InvalidProvider, match="whoever brings a file"):
        published.add_saml("Other", metadata_keys=pem)


def test_c5_a_file_of_configuration_needs_its_address_alone(published: Published, crm: App) -> None:
    here = Configured(published.provider)
    text = f'[[provider]]\nname = "Company"\nkind = "saml"\nmetadata_url = "{published.url}"\ncreate = true\n'
    before = len(published.at.asked)
    (change,) = here.changes(text)
    assert {"issuer", "subject"} <= {one.name for one in change.fields}
    here.apply(text)
    assert len(published.at.asked) - before == 2  # once to plan, and once to plan and apply
    (company,) = [kept.provider for kept in keeping.list_of(published.provider.services.db)]
    assert (company.issuer, company.subject) == (ENTITY, ("NameID",))
    published.gone()
    assert here.changes(text) == ()  # whose it is is known by now
    published.publish()
    assert published.come_saml(published.provider.browser(), crm, company).code
    published.gone()
    other = text.replace("Company", "Other")
    assert "metadata_url: " in here.faults(text + other)[0]
    exported = here.export()
    assert f'issuer = "{ENTITY}"' in exported
    assert here.changes(exported) == ()


def told(services: Any) -> list[str]:
    return [kind for kind, *_ in provider_keys.findings(services)]


def signed_metadata(document: str, pair: Pair) -> bytes:
    root = parse(document.encode())
    root.set("ID", "_m")
    sign(root, pair.signer())
    return serialize(root)
