"""I1, I7: what Entra, Google and Apple do otherwise than others, as their documents say."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
from joserfc.jwk import ECKey

from idp.federation import templates
from tests.federation.stand_in import StandIn
from tests.federation.test_attacks import kind_of
from tests.federation.visiting import Office
from tests.provider import App, Provider, public_jwk

TENANT, OTHER = "5d0f3f2c-8b1e-4c53-9a0e-1111aaaa2222", "9188040d-6c67-4c5b-b112-36a304b66dad"


class Entra(Office):
    """Entra as a whole company of tenants: one issuer with a place for the tenant, and an issuer on each key."""

    def __init__(self, provider: Provider, there: StandIn) -> None:
        super().__init__(provider, there)
        there.said["issuer"] = there.origin + "/{tenantid}/v2.0"
        there.published = [{**public_jwk(there.key), "issuer": there.origin + "/{tenantid}/v2.0"}]

    def set_up(self, **said: Any) -> Any:
        template = templates.filled("entra", {"tenant": "organizations"}, {"name": "Entra", "client_id": "x", **said})
        return self.add(**{
            "tenants": [TENANT], **template, "client_id": "doorward-there", "issuer": self.there.issuer,
        })  # fmt: skip

    def come_from(self, crm: App, one: Any, tenant: str = TENANT, oid: str = "oid-1", **claims: Any) -> Any:
        about = {"tid": tenant, "oid": oid, "iss": f"{self.there.origin}/{tenant}/v2.0", "ver": "2.0", **claims}
        return self.come(self.provider.browser(), crm, one, "pairwise-sub", **about)


@pytest.fixture
def entra(open_provider: Callable[..., Provider], another: Callable[..., StandIn]) -> Entra:
    there = another("/organizations/v2.0")
    return Entra(open_provider(outbound={"allow": [there.origin]}), there)


@pytest.fixture
def entra_crm(entra: Entra) -> App:
    return entra.provider.add_client("CRM")


def test_i1_entra_the_key_is_the_tenant_with_the_object_id(entra: Entra, entra_crm: App) -> None:
    one = entra.set_up(create=True, tenants=[TENANT, OTHER])
    first = entra.person(entra.come_from(entra_crm, one, preferred_username="a@example.com"), entra_crm)
    same = entra.person(entra.come_from(entra_crm, one, preferred_username="moved@example.com"), entra_crm)
    assert same.id == first.id
    guest = entra.come_from(entra_crm, one, OTHER, preferred_username="b@example.com")
    assert entra.person(guest, entra_crm).id != first.id
    assert "?appid=doorward-there" in entra.there.asked[0]


def test_s57_entra_another_tenant_is_refused_and_so_is_one_that_lies(entra: Entra, entra_crm: App) -> None:
    one = entra.set_up(create=True)
    assert kind_of(entra, entra.come_from(entra_crm, one, OTHER)) == "upstream_domain"
    lies = entra.come_from(entra_crm, one, iss=f"{entra.there.origin}/{OTHER}/v2.0")
    assert kind_of(entra, lies) == "upstream_issuer"
    assert kind_of(entra, entra.come_from(entra_crm, one, "common")) == "upstream_claim"
    assert kind_of(entra, entra.come_from(entra_crm, one, oid="")) == "upstream_claim"


def test_s57_entra_a_key_of_the_private_accounts_signs_for_no_company(entra: Entra, entra_crm: App) -> None:
    one = entra.set_up(create=True)
    entra.there.published = [{**public_jwk(entra.there.key), "issuer": f"{entra.there.origin}/{OTHER}/v2.0"}]
    assert kind_of(entra, entra.come_from(entra_crm, one)) == "upstream_issuer"


@pytest.mark.parametrize(
    ("edov", "joins"), [(True, True), ("1", True), (1, True), (None, False), ("yes", False), (False, False)],
    ids=["true", "text-1", "1", "unsaid", "yes", "false"],
)  # fmt: skip
def test_i6_entra_an_address_is_verified_where_xms_edov_says_so(
    entra: Entra, entra_crm: App, edov: object, joins: bool
) -> None:
    """nOAuth: anybody writes any address into their own tenant's directory."""
    entra.provider.add_person("ann", email_verified=True)
    one = entra.set_up(join=True, domains=["example.com"])
    said = {"email": "ann@example.com", "email_verified": True, "xms_edov": edov}
    page = entra.come_from(entra_crm, one, **said)
    assert page.is_redirect is joins


def test_i7_entra_groups_that_are_too_many_to_be_sent_are_not_none(entra: Entra, entra_crm: App) -> None:
    one = entra.set_up(create=True, groups_claim="groups", groups={"g1": "Sales", "g2": "Staff"}, owns_groups=True)
    bob = entra.person(entra.come_from(entra_crm, one, groups=["g1", "g2", "g3"]), entra_crm)
    assert bob.groups == ("Sales", "Staff")
    too_many = {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://x"}}}
    assert entra.person(entra.come_from(entra_crm, one, **too_many), entra_crm).groups == ("Sales", "Staff")
    assert entra.person(entra.come_from(entra_crm, one), entra_crm).groups == ("Sales", "Staff")
    assert entra.person(entra.come_from(entra_crm, one, groups=["g2"]), entra_crm).groups == ("Staff",)


def test_i8_entra_an_authentication_context_counts_where_the_owner_says_so(entra: Entra, entra_crm: App) -> None:
    one = entra.set_up(create=True, proof={"c1": "second"}, step_up="c1")
    answer = entra.come_from(entra_crm, one, acrs=["c1"])
    token = entra.provider.redeem(entra_crm, answer.code).json["id_token"]
    assert jwt.decode(token, options={"verify_signature": False})["amr"] == ["mfa"]
    location = entra.leave(
        entra.provider.browser(), entra_crm, one, acr_values="https://refeds.org/profile/mfa",
        claims=json.dumps({"id_token": {"acr": {"essential": True, "values": ["https://refeds.org/profile/mfa"]}}}),
    )  # fmt: skip
    assert dict(parse_qsl(urlsplit(location).query))["acr_values"] == "c1"


def test_i7_groups_only_added_stay_and_those_of_others_are_never_touched(office: Office, crm: App) -> None:
    company = office.add(create=True, groups_claim="groups", groups={"a": "Sales", "b": "Board"})
    bob = office.person(office.come(office.provider.browser(), crm, company, groups=["a"]), crm)
    office.provider.services.directory.add_to_group(bob.id, "Climbing")
    groups = office.person(office.come(office.provider.browser(), crm, company, groups=[]), crm).groups
    assert groups == ("Climbing", "Sales")
    office.change(company, owns_groups=True)
    groups = office.person(office.come(office.provider.browser(), crm, company, groups=["admins"]), crm).groups
    assert groups == ("Climbing",)


def test_i7_attributes_come_by_the_table_and_nothing_else_is_kept(office: Office, crm: App) -> None:
    company = office.add(create=True, attributes={"given_name": "first", "email": "email"}, domains=["example.com"])
    about = {"first": "Bob", "last": "There", "roles": ["owner"], "email": "bob@example.com", "email_verified": True}
    bob = office.person(office.come(office.provider.browser(), crm, company, **about), crm)
    assert bob.claims == {"given_name": "Bob"}
    assert bob.roles == ()
    moved = {**about, "first": "Robert", "email": "robert@example.com"}
    after = office.person(office.come(office.provider.browser(), crm, company, **moved), crm)
    assert (after.claims["given_name"], after.email, after.username) == ("Robert", "robert@example.com", bob.username)


def test_i7_an_address_that_is_somebody_elses_here_stays_theirs(office: Office, crm: App) -> None:
    office.provider.add_person("ann")
    company = office.add(create=True, attributes={"email": "email", "nickname": "nick"}, domains=["example.com"])
    bob = office.person(office.come(office.provider.browser(), crm, company, preferred_username="bob"), crm)
    about = {"email": "ann@example.com", "email_verified": True, "nick": "Bobby"}
    after = office.person(office.come(office.provider.browser(), crm, company, **about), crm)
    assert after.id == bob.id
    assert after.email is None
    assert after.claims == {"nickname": "Bobby"}


@pytest.mark.parametrize("hd", ["evil.example", None], ids=["another", "private-account"])
def test_s57_google_the_hosted_domain_is_compared_and_not_only_asked_for(
    office: Office, crm: App, hd: str | None
) -> None:
    google = office.add(create=True, template="google", hosted_domain="example.com", prompts_login=False)
    location = office.leave(office.provider.browser(), crm, google)
    assert dict(parse_qsl(urlsplit(location).query))["hd"] == "example.com"
    page = office.come(office.provider.browser(), crm, google, hd=hd, email="a@example.com", email_verified=True)
    assert kind_of(office, page) == "upstream_domain"
    assert office.come(office.provider.browser(), crm, google, hd="example.com").code


def test_s57_google_obeys_no_prompt_so_a_new_proof_is_asked_here(office: Office, crm: App) -> None:
    google = office.add(create=True, template="google", hosted_domain="example.com", prompts_login=False)
    location = office.leave(office.provider.browser(), crm, google, prompt="login")
    assert "prompt" not in dict(parse_qsl(urlsplit(location).query))
    page = office.come(office.provider.browser(), crm, google, hd="example.com", asked={"prompt": "login"})
    assert kind_of(office, page) == "upstream_not_fresh"


def test_i1_apple_its_secret_is_made_for_each_request_and_the_name_is_taken_once(office: Office, crm: App) -> None:
    key = ECKey.generate_key("P-256")
    said = templates.filled("apple", {"team_id": "TEAM", "key_id": "KEY"}, {"issuer": office.there.issuer})
    apple = office.add(**{**said, "create": True, "name": "Apple"}, secret=key.as_pem(private=True).decode())
    browser = office.provider.browser()
    location = office.leave(browser, crm, apple)
    assert dict(parse_qsl(urlsplit(location).query))["response_mode"] == "form_post"
    user = json.dumps({"name": {"firstName": "Bob", "lastName": "There"}, "email": "evil@example.com"})
    back = office.there.authorize(
        location, answer={"user": user}, email="x@privaterelay.appleid.com", email_verified="true"
    )
    path, _, query = back.partition("?")
    hop = browser.open("POST", path, parse_qsl(query), cookies=False)
    bob = office.person(browser.get(hop.location), crm)
    assert (bob.name, bob.email, bob.email_verified) == ("Bob There", "x@privaterelay.appleid.com", False)
    sent = office.there.forms[-1]["client_secret"]
    claims = jwt.decode(sent, key.as_pem(private=False), algorithms=["ES256"], audience="https://appleid.apple.com",
                        options={"verify_exp": False, "verify_iat": False})  # fmt: skip
    assert (claims["iss"], claims["sub"]) == ("TEAM", "doorward-there")
    assert jwt.get_unverified_header(sent)["kid"] == "KEY"
    assert claims["exp"] - claims["iat"] <= 300
