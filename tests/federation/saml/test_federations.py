"""I12: a federation as one provider: its signed list, the choice, accounts and scopes that are each one's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from idp.admin import providers
from idp.cli.installation import shell
from idp.errors import Refused
from idp.federation import crowding, snapshot
from idp.federation.checking import InvalidProvider
from idp.federation.crowding import Crowd
from idp.federation.provider import Provider as Kept
from idp.federation.saml.federations import members, refreshing
from idp.federation.saml.federations.accounts import PAIRWISE_ID, SUBJECT_ID
from idp.federation.saml.federations.describing import HIDDEN
from idp.saml.messages import http_redirect, names
from idp.saml.messages.schema_types import instant
from idp.saml.messages.signing import sign
from idp.saml.messages.xml import parse, serialize
from idp.saml.metadata.sources.fetching import mdq_url
from tests.backends import Clock
from tests.federation.saml.there import Asked, SamlOffice, There
from tests.federation.stand_in import StandIn
from tests.federation.test_attacks import kind_of
from tests.provider import Answer, App, Browser, Provider
from tests.saml.documents import certificate
from tests.saml.pairs import Pair, rsa_pair

PATH, DAY = "/federation.xml", 86400.0
SSO = "https://idp{n}.example/sso"
AFFILIATION = "urn:oid:1.3.6.1.4.1.5923.1.1.1.9"
_NS = " ".join(
    f'xmlns:{prefix}="{names.PREFIXES[prefix]}"' for prefix in ("md", "ds", "saml", "mdui", "mdrpi", "mdattr", "shibmd")
)


def entity_of(n: int) -> str:
    return f"https://idp{n}.example/saml"


def organisation(n: int, *, key: str = "upstream", category: str = "", authority: str = "https://nren.example") -> str:
    values = f"<saml:AttributeValue>{category}</saml:AttributeValue>" if category else ""
    return f"""<md:EntityDescriptor entityID="{entity_of(n)}"><md:Extensions>
<mdrpi:RegistrationInfo registrationAuthority="{authority}"/><mdattr:EntityAttributes><saml:Attribute
 Name="http://macedir.org/entity-category" NameFormat="{names.ATTRNAME_URI}">{values}</saml:Attribute>
</mdattr:EntityAttributes></md:Extensions><md:IDPSSODescriptor protocolSupportEnumeration="{names.SAMLP}"
 errorURL="https://idp{n}.example/help"><md:Extensions>
<shibmd:Scope regexp="false">uni{n}.example</shibmd:Scope><shibmd:Scope regexp="true">.*</shibmd:Scope><mdui:UIInfo>
<mdui:DisplayName xml:lang="en">University {n} &amp; Sons</mdui:DisplayName>
<mdui:DisplayName xml:lang="de">Universität {n}</mdui:DisplayName>
<mdui:Logo height="60" width="80">https://idp{n}.example/logo.png</mdui:Logo></mdui:UIInfo></md:Extensions>
<md:KeyDescriptor><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate(key)}</ds:X509Certificate></ds:X509Data>
</ds:KeyInfo></md:KeyDescriptor><md:SingleSignOnService Binding="{names.HTTP_REDIRECT}"
 Location="{SSO.format(n=n)}"/></md:IDPSSODescriptor></md:EntityDescriptor>"""


def signed(text: str, pair: Pair) -> bytes:
    root = parse(text.encode(), max_bytes=100 * 1024 * 1024)
    sign(root, pair.signer())
    return serialize(root)


@dataclass
class Federation(SamlOffice):
    """Our provider, and a federation of organisations that sign by one key each."""

    provider: Provider
    there: Any  # type: ignore[assignment]
    at: StandIn
    clock: Clock
    signer: Pair = field(default_factory=lambda: rsa_pair("federation"))

    def __post_init__(self) -> None:
        self.saml = self.there

    def publish(self, some: Iterable[str], *, pair: Pair | None = None, made: float = 0.0, days: float = 14) -> None:
        until, published = instant(self.clock() + days * DAY), instant(self.clock() + made)
        text = (
            f'<md:EntitiesDescriptor {_NS} ID="_f" validUntil="{until}"><md:Extensions><mdrpi:PublicationInfo '
            f'publisher="us" creationInstant="{published}"/></md:Extensions>{"".join(some)}</md:EntitiesDescriptor>'
        )
        self.at.answers[PATH] = (200, signed(text, pair or self.signer))

    def serve(self, n: int, *, pair: Pair | None = None, sha1: bool = False, document: str = "") -> str:
        """One organisation at the MDQ server."""
        text = (document or organisation(n)).replace(
            "<md:EntityDescriptor", f'<md:EntityDescriptor {_NS} ID="_e" validUntil="{instant(self.clock() + DAY)}"', 1
        )
        path = urlsplit(mdq_url(self.at.origin + "/mdq", entity_of(n), sha1=sha1)).path
        self.at.answers[path] = (200, signed(text, pair or self.signer))
        return path

    def join(self, **said: Any) -> Kept:
        services = self.provider.services
        given = {
            "name": "eduGAIN", "kind": "federation", "metadata_keys": self.signer.certificate_pem, "create": True,
            **said,
        }  # fmt: skip
        if not {"federation_url", "mdq_url"} & said.keys():
            given["federation_url"] = self.at.origin + PATH
        one = providers.add(services, shell(), given, "").provider
        services.part(snapshot.Providers).forget()
        refreshing.run_due(services)
        return one

    def choose(self, browser: Browser, app: App, one: Kept) -> Answer:
        """From the application to the page of organisations."""
        return browser.get(self.leave(browser, app, one))

    def go(self, browser: Browser, app: App, one: Kept, n: int) -> Asked:
        """The request as it comes to an organisation."""
        return self.picked(browser, self.choose(browser, app, one), n)

    def picked(self, browser: Browser, page: Answer, n: int) -> Asked:
        state = parse_qs(urlsplit(page.url).query)["state"][0]
        path = urlsplit(page.url).path
        answer = browser.get(f"{path}?state={state}&entityID={quote(entity_of(n), safe='')}")
        assert answer.is_redirect, answer.dom.text
        assert answer.location.startswith(SSO.format(n=n)), answer.location
        return self.asked(answer.location, n)

    def asked(self, location: str, n: int) -> Asked:
        return self.there.asked(location.replace(SSO.format(n=n), "https://idp.company.example/sso"))  # type: ignore[no-any-return]

    def come_from(self, browser: Browser, app: App, one: Kept, n: int, **answer: Any) -> Answer:
        asked = self.go(browser, app, one, n)
        return self.post(browser, asked, self.answered(asked, n, **answer))

    def answered(self, asked: Asked, n: int, **answer: Any) -> bytes:
        said = {"issuer": entity_of(n), "response_issuer": entity_of(n), **answer}
        return self.there.answer(asked, **said)  # type: ignore[no-any-return]


@pytest.fixture
def federation(open_provider: Callable[..., Provider], there: StandIn, clock: Clock) -> Federation:
    made = Federation(open_provider(outbound={"allow": [there.origin]}), There(clock), there, clock)
    made.publish(organisation(n) for n in (1, 2))
    return made


@pytest.fixture
def crm(federation: Federation) -> App:
    return federation.provider.add_client("CRM")


def test_i12_somebody_chooses_their_organisation_signs_in_there_and_is_known_the_next_time(
    federation: Federation, crm: App
) -> None:
    one, browser = federation.join(), federation.provider.browser()
    page = federation.choose(browser, crm, one)
    assert "University 1 & Sons" in page.dom.text
    assert "logo.png" not in page.text
    who = {"attributes": {SUBJECT_ID: "ann@uni1.example"}}
    asked = federation.picked(browser, page, 1)
    first = federation.person(federation.post(browser, asked, federation.answered(asked, 1, **who)), crm)
    again = federation.provider.browser()
    assert federation.person(federation.come_from(again, crm, one, 1, **who), crm).id == first.id
    other = federation.provider.browser()
    who = {"attributes": {SUBJECT_ID: "ann@uni2.example"}}
    assert federation.person(federation.come_from(other, crm, one, 2, **who), crm).id != first.id


@pytest.mark.spec("SDP-IDP13")
def test_i12_the_same_name_at_two_organisations_is_two_people(federation: Federation, crm: App) -> None:
    one = federation.join()
    people = {
        federation.person(federation.come_from(federation.provider.browser(), crm, one, n, name_id="same"), crm).id
        for n in (1, 2)
    }
    assert len(people) == 2


def test_i12_an_organisation_answers_for_itself_alone(federation: Federation, crm: App) -> None:
    federation.publish([organisation(1), organisation(2, key="attacker")])
    one = federation.join()
    for strays in ({"issuer": entity_of(2), "response_issuer": entity_of(2)}, {"pair": rsa_pair("attacker")}):
        browser = federation.provider.browser()
        answer = federation.come_from(browser, crm, one, 1, **strays)
        assert kind_of(federation, answer) in ("upstream_issuer", "upstream_saml_signature")


@pytest.mark.spec("SDP-IDP14")
def test_i12_nobody_speaks_for_a_scope_that_is_not_theirs(federation: Federation, crm: App) -> None:
    one = federation.join(groups_claim=AFFILIATION, groups={"staff@uni2.example": "Staff", "staff@uni1.example": "One"})
    for name in (SUBJECT_ID, PAIRWISE_ID):
        browser = federation.provider.browser()
        answer = federation.come_from(browser, crm, one, 1, attributes={name: "ann@uni2.example"})
        assert kind_of(federation, answer) == "upstream_claim"
    said = {SUBJECT_ID: "ann@uni1.example", AFFILIATION: ["staff@uni2.example", "staff@uni1.example"]}
    answer = federation.come_from(federation.provider.browser(), crm, one, 1, attributes=said)
    assert federation.person(answer, crm).groups == ("One",)


def test_i12_an_admin_says_who_may_come_and_what_is_hidden_is_not_shown(federation: Federation, crm: App) -> None:
    federation.publish([
        organisation(1, category="http://refeds.org/category/research-and-scholarship"),
        organisation(2, authority="https://other.example"), organisation(3, category=HIDDEN),
    ])  # fmt: skip
    one = federation.join()
    page = federation.choose(federation.provider.browser(), crm, one)
    assert "University 3" not in page.dom.text
    federation.go(federation.provider.browser(), crm, one, 3)  # whoever is led there by another way
    for rule, wanted in (
        (entity_of(2), [2]), ("authority:https://nren.example", [1, 3]),
        ("category:http://refeds.org/category/research-and-scholarship", [1]),
    ):  # fmt: skip
        providers.change(
            federation.provider.services, shell(), one.id, providers.Wanted({**one.said(), "members": [rule]})
        )
        now = providers.get(federation.provider.services, shell(), one.id).provider
        found = [n for n in (1, 2, 3) if members.find(federation.provider.services, now, entity_of(n))]
        assert found == wanted
    browser = federation.provider.browser()
    page = federation.choose(browser, crm, one)
    refused = browser.get(f"{page.url}&entityID={quote(entity_of(2), safe='')}")
    assert kind_of(federation, refused) == "upstream_organisation"


def test_i12_the_list_is_searched_and_the_last_choices_are_remembered(federation: Federation, crm: App) -> None:
    federation.publish(organisation(n) for n in range(40))
    one, browser = federation.join(), federation.provider.browser()
    page = federation.choose(browser, crm, one)
    assert "There are more" in page.dom.text
    found = browser.get(f"{page.url}&q=universität+17")
    assert "University 17" in found.dom.text
    assert "University 18" not in found.dom.text
    assert "uni23.example" in browser.get(f"{page.url}&q=UNI23.example").dom.text
    assert "No organisation has this name" in browser.get(f"{page.url}&q=100%25").dom.text
    federation.picked(browser, page, 17)
    again = federation.choose(browser, crm, one)
    assert "Chosen before on this device" in again.dom.text
    assert again.dom.text.index("University 17") < again.dom.text.index("University 0")
    german = federation.provider.browser()
    page = federation.choose(german, crm, one)
    assert "Universität 17" in german.get(f"{page.url}&ui_locales=de&q=17", headers={"Accept-Language": "de"}).dom.text


def test_i12_the_choice_is_of_the_browser_that_began(federation: Federation, crm: App) -> None:
    one, browser = federation.join(), federation.provider.browser()
    page = federation.choose(browser, crm, one)
    stranger = federation.provider.browser()
    assert kind_of(federation, stranger.get(page.url)) == "upstream_gone"
    assert kind_of(federation, stranger.get(f"{page.url}&entityID={quote(entity_of(1), safe='')}")) == "upstream_gone"


@pytest.mark.spec("draft-young-md-query-saml 2")
@pytest.mark.parametrize("sha1", [False, True], ids=["by-name", "by-hash"])
def test_i12_an_mdq_server_is_asked_for_whom_somebody_chose(federation: Federation, crm: App, sha1: bool) -> None:
    one = federation.join(
        mdq_url=federation.at.origin + "/mdq", federation_url=federation.at.origin + PATH, mdq_sha1=sha1
    )
    federation.serve(1, sha1=sha1)
    assert federation.come_from(federation.provider.browser(), crm, one, 1).code
    many = len(federation.at.asked)
    assert federation.come_from(federation.provider.browser(), crm, one, 1).code
    assert len(federation.at.asked) == many  # kept as long as it holds
    for answer in (federation.serve(2, sha1=sha1, pair=rsa_pair("attacker")),
                   federation.serve(2, sha1=sha1, document=organisation(1))):  # fmt: skip
        assert answer
        assert members.find(federation.provider.services, one, entity_of(2)) is None
        federation.clock.advance(61)


def test_i12_an_mdq_server_that_fails_holds_up_nobody_and_whom_it_named_still_come(
    federation: Federation, crm: App
) -> None:
    one = federation.join(mdq_url=federation.at.origin + "/mdq", federation_url=federation.at.origin + PATH)
    services, first, second = federation.provider.services, federation.serve(1), federation.serve(2)
    assert federation.come_from(federation.provider.browser(), crm, one, 1).code
    good = federation.at.answers[second]
    federation.at.answers.update({first: (503, b""), second: (503, b"")})
    federation.clock.advance(3601)  # what is kept must be asked again
    many = len(federation.at.asked)
    assert members.find(services, one, entity_of(2)) is None
    assert members.find(services, one, entity_of(2)) is None
    assert members.find(services, one, entity_of(1)) is not None  # by what it said last
    assert len(federation.at.asked) == many + 1  # and nobody waited a second time
    federation.at.answers[second] = good
    federation.clock.advance(21)
    assert members.find(services, one, entity_of(2)) is not None
    del federation.at.answers[first]  # it says that there is no such organisation any more
    assert members.find(services, one, entity_of(1)) is None
    federation.at.answers[first] = (503, b"")
    federation.clock.advance(61)
    assert members.find(services, one, entity_of(1)) is None


def test_i12_one_bad_description_stops_no_other(federation: Federation) -> None:
    one = federation.join(mdq_url=federation.at.origin + "/mdq", federation_url=federation.at.origin + PATH)
    federation.serve(1, pair=rsa_pair("attacker"))
    federation.serve(2)
    assert members.find(federation.provider.services, one, entity_of(1)) is None
    assert members.find(federation.provider.services, one, entity_of(2)) is not None


def test_i12_who_asks_an_mdq_server_takes_a_place_among_those_who_wait(federation: Federation) -> None:
    one = federation.join(mdq_url=federation.at.origin + "/mdq", federation_url=federation.at.origin + PATH)
    federation.serve(1)
    services = federation.provider.services
    crowd, threads = services.part(Crowd), services.settings.server.threads
    with crowding.turn(services, one):  # within the answer that somebody brings it takes no second one
        assert members.find(services, one, entity_of(1)) is not None
    federation.clock.advance(3601)
    turns = [crowd.enter("another", threads) for _ in range(threads - 1)]
    with pytest.raises(Refused) as refused:
        members.find(services, one, entity_of(1))
    assert refused.value.code == "upstream_crowded"
    for turn in turns:
        assert turn is not None
        crowd.leave(turn)
    assert members.find(services, one, entity_of(1)) is not None


def test_i12_two_reads_at_once_lose_no_organisation(federation: Federation, monkeypatch: pytest.MonkeyPatch) -> None:
    one, services = federation.join(), federation.provider.services
    federation.publish(organisation(n) for n in (1, 2, 3))
    beside: list[str] = []
    put = members.put

    def while_another_comes(*args: Any) -> int:
        federation.clock.advance(1)
        beside.append(refreshing.refresh(services, one).reason)
        return put(*args)

    monkeypatch.setattr(members, "put", while_another_comes)
    assert refreshing.refresh(services, one).many == 3
    assert beside == [""]  # told how it stands
    assert {found.entity_id for found in members.every(services, one)} == {entity_of(n) for n in (1, 2, 3)}
    monkeypatch.undo()
    federation.publish([organisation(1)])
    federation.clock.advance(1)
    assert refreshing.refresh(services, one).many == 1


@pytest.mark.spec("IdP Discovery 2.4")
def test_i12_a_discovery_service_may_ask_instead(federation: Federation, crm: App) -> None:
    one = federation.join(discovery_url="https://ds.example/choose?policy=1")
    browser = federation.provider.browser()
    location = federation.leave(browser, crm, one)
    assert location.startswith("https://ds.example/choose?policy=1&")
    said = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    ours = browser.get(f"/upstream/metadata/{one.id}").text
    assert said["entityID"] in ours
    assert said["return"].startswith(federation.provider.issuer + "/upstream/discovery/")
    assert f'Location="{said["return"].partition("?")[0]}"' in ours  # what the service compares it with
    answer = browser.get(f"{said['return']}&entityID={quote(entity_of(1), safe='')}")
    asked = federation.asked(answer.location, 1)
    assert federation.post(browser, asked, federation.answered(asked, 1)).code


@pytest.mark.spec("IIP-MD03")
def test_i12_the_last_good_list_stands(federation: Federation, crm: App) -> None:
    one, services = federation.join(), federation.provider.services
    good = federation.at.answers[PATH]
    bad = (
        lambda: federation.publish([organisation(3)], pair=rsa_pair("attacker")),
        lambda: federation.publish([organisation(3)], made=-30 * 3600),
        lambda: federation.publish([organisation(3)], days=-1),
        lambda: federation.at.answers.update({PATH: (503, b"")}),
        lambda: federation.at.answers.update({PATH: (200, good[1].replace(b"University", b"Academy"))}),
    )
    for publish in bad:
        publish()
        federation.clock.advance(4 * 3600 + 1)
        assert refreshing.run_due(services) == 0
        assert refreshing.standing(services, one).reason  # type: ignore[union-attr]
        assert members.find(services, one, entity_of(1)) is not None
        assert members.find(services, one, entity_of(3)) is None
    federation.publish([organisation(3)])
    federation.clock.advance(901)
    assert refreshing.run_due(services) == 1
    assert members.find(services, one, entity_of(1)) is None
    assert members.find(services, one, entity_of(3)) is not None


@pytest.mark.parametrize("moved", [False, True], ids=["key", "key-and-address"])
def test_i12_what_another_key_or_address_was_believed_for_is_believed_no_more(
    federation: Federation, moved: bool
) -> None:
    one, services = federation.join(), federation.provider.services
    assert members.find(services, one, entity_of(1)) is not None
    new = rsa_pair("attacker")
    federation.publish([organisation(2)], pair=new, made=-30 * 3600)  # an older one, of another publisher's
    change = {"metadata_keys": new.certificate_pem}
    if moved:
        federation.at.answers["/other.xml"] = federation.at.answers[PATH]
        change["federation_url"] = federation.at.origin + "/other.xml"
    providers.change(services, shell(), one.id, providers.Wanted({**one.said(), **change}))
    services.part(snapshot.Providers).forget()
    now = providers.get(services, shell(), one.id).provider
    assert members.find(services, now, entity_of(1)) is None
    assert members.search(services, now, "") == ()
    federation.clock.advance(1)
    assert refreshing.run_due(services) == 1
    assert members.find(services, now, entity_of(1)) is None
    assert members.find(services, now, entity_of(2)) is not None


def test_i12_two_of_one_name_are_refused_whatever_stands_around_it(federation: Federation) -> None:
    one, services = federation.join(), federation.provider.services
    other = organisation(1, key="attacker").replace(entity_of(1), entity_of(1) + " ", 1)
    federation.publish([organisation(1), other])
    assert "the same entityID" in refreshing.refresh(services, one).reason


@pytest.mark.spec("SAML2 Prof 4.4")
def test_i12_an_organisation_signs_out_its_own_people_alone(federation: Federation, crm: App) -> None:
    one, tokens = federation.join(), {}
    for n in (1, 2):
        browser = federation.provider.browser()
        asked = federation.go(browser, crm, one, n)
        answer = federation.post(browser, asked, federation.answered(asked, n, name_id="same"))
        tokens[n] = federation.provider.redeem(crm, answer.code).json["access_token"]
    request = federation.there.sign_out(asked.acs, name_id="same")
    request[0].text = entity_of(1)
    here = asked.acs.replace("/saml/", "/slo/")
    sent = http_redirect.encode_redirect(here, "SAMLRequest", request, None, federation.there.pair.signer())
    federation.provider.browser().get(sent.location)
    assert [federation.provider.userinfo(tokens[n]).status for n in (1, 2)] == [401, 200]
    request[0].text = "https://nobody.example"
    sent = http_redirect.encode_redirect(here, "SAMLRequest", request, None, federation.there.pair.signer())
    assert kind_of(federation, federation.provider.browser().get(sent.location)) == "upstream_saml_logout"


def test_i12_a_federation_of_five_thousand(federation: Federation) -> None:
    federation.publish(organisation(n) for n in range(5000))
    one = federation.join()
    services = federation.provider.services
    assert refreshing.standing(services, one).many == 5000  # type: ignore[union-attr]
    assert [found.entity_id for found in members.search(services, one, "uni4711.example")] == [entity_of(4711)]
    assert len(members.search(services, one, "university")) == members.SHOWN + 1
    tried = providers.test(services, shell(), one.id)
    assert all(seen.ok for seen in tried)
    assert "5000" in tried[0].what


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"metadata_keys": ""}, "metadata_keys"), ({"metadata_keys": "x"}, "metadata_keys"),
        ({"federation_url": "ftp://x"}, "federation_url"), ({"subject": ["mail"]}, "subject"),
        ({"groups_claim": "groups"}, "groups_claim"), ({"members": ["uni1.example"]}, "members"),
        ({"vouches": True}, "vouches"), ({"join": True}, "join"),
    ],
    ids=["no-key", "bad-key", "address", "mail", "unscoped-groups", "members", "vouches", "join"],
)  # fmt: skip
def test_i12_what_would_let_anybody_speak_for_anybody_is_refused(
    federation: Federation, said: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidProvider) as caught:
        federation.join(**said)
    assert field in {one.field for one in caught.value.problems}


def test_i12_those_who_may_come_are_shown_wherever_they_stand_in_the_list(federation: Federation) -> None:
    category, authority = "http://refeds.org/category/research-and-scholarship", "https://me.example/a_b"
    last = organisation(999, category=category, authority=authority)
    federation.publish([*(organisation(n, authority="https://me.example/a-b") for n in range(200)), last])
    services = federation.provider.services
    for n, rule in enumerate((entity_of(999), f"authority:{authority}", f"category:{category}")):
        one = federation.join(name=f"eduGAIN {n}", members=[rule])
        for typed in ("", "university"):
            assert [found.entity_id for found in members.search(services, one, typed)] == [entity_of(999)]
