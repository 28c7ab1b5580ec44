"""A company with Keycloak: the export is carried over, and nobody notices but for the pages. Y3."""

from __future__ import annotations

import json
from base64 import b32encode
from pathlib import Path
from typing import Any

import jwt
import pyotp
import pytest

from idp.accounts import factors
from idp.admin.actor import NotAllowed, of_shell
from idp.importing import reading, verbs
from idp.importing.found import NotReadable
from idp.protocols import Services
from tests.authenticator import Authenticator, b64, cose
from tests.authenticator import new_key as new_credential_key
from tests.backends import Clock
from tests.importing import keycloak_realm as kc
from tests.login import passkeys
from tests.login.second_step import is_second_step
from tests.provider import App, Provider

SHELL = of_shell("cli:test")
CRM_SECRET = "n0tSh0rt-Aq8ZkWm3PvXr7TyU2bLcDeFg"
CRM = kc.client(
    "crm", name="Customers", secret=CRM_SECRET, redirectUris=["https://crm.example/cb", "https://crm.example/old/*"],
    webOrigins=["+"], attributes={
        "pkce.code.challenge.method": "S256", "post.logout.redirect.uris": "https://crm.example/##+",
        "backchannel.logout.url": "https://crm.example/bye", "access.token.lifespan": "600",
    },
)  # fmt: skip


def carried(provider: Provider, *files: bytes, **options: Any) -> verbs.Done:
    plan = looked(provider.services, *files, **options)
    return verbs.carry_out(provider.services, SHELL, plan)


def looked(services: Services, *files: bytes, **options: Any) -> verbs.Plan:
    return verbs.look(services, SHELL, reading.read("keycloak", files, **options))


def whys(left: Any) -> dict[tuple[str, str], str]:
    return {(one.kind, one.name): one.why for one in left}


def test_y3_people_sign_in_with_their_old_password_and_the_application_sees_the_same_sub(provider: Provider) -> None:
    file = kc.realm(kc.user("ann", kc.argon2()), kc.user("bo", kc.pbkdf2()), kc.user("cy", kc.pbkdf2(digest="sha256")),
                    clients=[CRM])  # fmt: skip
    done = carried(provider, file)
    assert (done.people, done.applications, done.secrets, done.left) == (3, 1, {}, [])
    client = provider.services.registry.get("crm")
    app = App(client, CRM_SECRET)
    for name in ("ann", "bo", "cy"):
        assert provider.sign_in(provider.browser(), app, name, "another one").status == 200
        answer = provider.sign_in(provider.browser(), app, name, kc.OLD)
        tokens = provider.redeem(app, answer.code)
        assert tokens.status == 200, tokens.text
        claims = jwt.decode(tokens.json["id_token"], options={"verify_signature": False})
        assert claims["sub"] == kc.user_id(name)
        stored = provider.services.directory.find_credentials(kc.user_id(name))
        assert stored is not None
        assert str(stored.password_hash).startswith("$argon2id$v=19$m=8192")
        again = provider.sign_in(provider.browser(), app, name, kc.OLD)
        assert again.code
    assert client.name == "Customers"
    assert client.profile == "web"
    said = client.metadata
    assert said["redirect_uris"] == ["https://crm.example/cb"]
    assert said["post_logout_redirect_uris"] == ["https://crm.example/", "https://crm.example/cb"]
    assert said["backchannel_logout_uri"] == "https://crm.example/bye"
    assert said["access_token_lifetime"] == 600


def test_y3_what_keycloak_itself_exported_is_carried_over(provider: Provider) -> None:
    """`keycloak_26.json`: written by `kc.sh export` of Keycloak 26.7.3, without its keys and what an import ignores."""
    file = (Path(__file__).parent / "keycloak_26.json").read_bytes()
    done = carried(provider, file, roles_as_groups=True)
    assert (done.people, done.groups, done.applications, done.service_providers) == (2, 3, 1, 1)
    assert done.left == []
    assert done.secrets == {}
    ann = provider.services.directory.find_by_login("ann")
    assert ann is not None
    assert ann.id == "e937548c-003a-4d44-bf0a-89fac827c873"
    assert sorted(ann.groups) == ["Staff/IT", "boss"]
    app = App(provider.services.registry.get("crm"), "abcdefghijklmnopqrstuvwxyz0123456789")
    assert provider.redeem(app, provider.sign_in(provider.browser(), app, "ann", "old keycloak password").code).json
    assert provider.sign_in(provider.browser(), app, "ann", "another old one").status == 200


def test_y3_what_is_known_of_somebody_comes_along(provider: Provider) -> None:
    file = kc.realm(
        kc.user("ann", groups=["/Staff/IT", "/All"], realmRoles=["default-roles-staff", "crm-admin", "offline_access"],
                attributes={"phoneNumber": ["+49301234567"], "floor": ["3"], "likes": ["tea", "rain"]}),
        kc.user("bo", enabled=False), kc.user("svc", serviceAccountClientId="crm"),
        groups=[{"name": "Staff", "subGroups": [{"name": "IT"}]}, {"name": "All"}, {"name": "Empty"}],
    )  # fmt: skip
    done = carried(provider, file, roles_as_groups=True)
    assert (done.people, done.groups) == (2, 5)
    ann, bo = (provider.services.directory.get(kc.user_id(name)) for name in ("ann", "bo"))
    assert sorted(ann.groups) == ["All", "Staff/IT", "crm-admin"]
    assert ann.claims == {
        "given_name": "Ann", "family_name": "Berg", "phone_number": "+49301234567", "floor": "3",
        "likes": ["tea", "rain"],
    }  # fmt: skip
    assert (ann.name, ann.email, ann.email_verified, ann.roles) == ("Ann Berg", "ann@example.com", True, ())
    assert not bo.enabled


def test_y3_an_authenticator_app_goes_on_showing_right_codes(provider: Provider, clock: Clock) -> None:
    clock.now = clock.now // 30 * 30 + 5
    carried(
        provider,
        kc.realm(
            kc.user("ann", kc.pbkdf2(), kc.otp()),
            kc.user("bo", kc.otp("ORSXG5BAMJQXGZJTGIQHGZLDOJSXILRO", secretEncoding="BASE32")),
        ),
    )
    app, browser = provider.add_client(), provider.browser()
    provider.add_rule(name="Second", factor="any", groups=[])
    page = provider.sign_in(browser, app, "ann", kc.OLD)
    assert is_second_step(page)
    shown = pyotp.TOTP(b32encode(kc.TOTP.encode()).decode()).at(clock.now)
    form = next(n for n, one in enumerate(page.dom.forms) if {"way", "code"} <= one.names())
    assert browser.submit(page, form=form, code=shown).code
    (bos,) = factors.list_of(provider.services.db, kc.user_id("bo"))
    assert bos.kind == "totp"


@pytest.mark.parametrize("synced", [True, False], ids=["synced", "bound"])
def test_y3_a_passkey_signs_in_as_before(provider: Provider, synced: bool) -> None:
    from tests.authenticator import BE, BS, UP, UV, Credential

    device = Authenticator(flags=UP | UV | (BE | BS if synced else 0))
    key = new_credential_key(device.alg)
    made = Credential(b"c" * 32, device.alg, key, "login.example", kc.user_id("ann").encode())
    device.credentials.append(made)
    file = kc.realm(kc.user("ann", kc.pbkdf2(), kc.passkey(made.id, b64(cose(made.alg, key)), True)))
    assert carried(provider, file).left == []
    browser = provider.browser()
    assert passkeys.is_in(passkeys.sign_in(browser, device))
    (kept,) = factors.list_of(provider.services.db, kc.user_id("ann"))
    assert kept.data["backup_eligible"] is synced
    other = Authenticator(flags=device.flags ^ BE if not synced else UP | UV)  # §7.2: it never changes
    other.credentials.append(made)
    assert not passkeys.is_in(passkeys.sign_in(provider.browser(), other))


def test_y3_a_passkey_of_another_domain_is_told_and_left(provider: Provider) -> None:
    device = Authenticator()
    key = new_credential_key(device.alg)
    file = kc.realm(
        kc.user("ann", kc.passkey(b"c" * 32, b64(cose(device.alg, key)), False)), webAuthnPolicyRpId="sso.example"
    )
    plan = looked(provider.services, file)
    assert "sso.example" in whys(plan.left)[("passkey", "ann")]
    assert plan.people[0].carried.passkeys == ()


def test_y3_a_service_provider_keeps_its_entity_id_and_endpoints(provider: Provider) -> None:
    wiki = kc.client(
        "https://wiki.example/saml", protocol="saml", name="Wiki", redirectUris=["https://wiki.example/*"], attributes={
            "saml_assertion_consumer_url_post": "https://wiki.example/acs", "saml.client.signature": "false",
            "saml_single_logout_service_url_redirect": "https://wiki.example/slo",
        },
    )  # fmt: skip
    done = carried(provider, kc.realm(clients=[wiki]))
    assert (done.service_providers, done.left) == (1, [])
    client = provider.services.registry.find_entity("https://wiki.example/saml")
    assert client is not None
    assert client.saml is not None
    assert [one.location for one in client.saml.acs] == ["https://wiki.example/acs"]
    assert [one.location for one in client.saml.slo] == ["https://wiki.example/slo"]


def test_y3_run_twice_it_changes_nothing(provider: Provider) -> None:
    file = kc.realm(kc.user("ann", kc.argon2(), kc.otp(), groups=["/IT"]), groups=[{"name": "IT"}], clients=[CRM])
    carried(provider, file)
    before = provider.services.directory.get(kc.user_id("ann"))
    plan = looked(provider.services, file)
    assert (plan.people, plan.groups, plan.applications, plan.service_providers) == ((), (), (), ())
    assert set(plan.known) == {"ann", "crm"}
    done = verbs.carry_out(provider.services, SHELL, plan)
    assert (done.people, done.groups, done.applications) == (0, 0, 0)
    assert provider.services.directory.get(kc.user_id("ann")) == before
    assert len(factors.list_of(provider.services.db, before.id)) == 1


def test_y3_a_look_writes_nothing(provider: Provider) -> None:
    plan = looked(provider.services, kc.realm(kc.user("ann", kc.argon2()), clients=[CRM]))
    assert [one.carried.draft.username for one in plan.people] == ["ann"]
    assert provider.services.directory.count() == 0
    assert provider.services.registry.find("crm") is None


def test_y3_all_that_cannot_be_carried_over_is_told_with_its_reason(provider: Provider) -> None:
    provider.add_person("dan")
    clients = [
        CRM, kc.client("spa", publicClient=True, redirectUris=["https://spa.example/cb"], implicitFlowEnabled=True),
        kc.client("api", bearerOnly=True), kc.client("short", secret="abc", redirectUris=["https://s.example/cb"]),
        kc.client("masked", secret="**********", redirectUris=["/cb"], rootUrl="https://m.example"),
        kc.client("job", standardFlowEnabled=False, serviceAccountsEnabled=True, secret=CRM_SECRET),
        kc.client(kc.user_id("x"), secret=CRM_SECRET, redirectUris=["https://x.example/cb"]),
    ]  # fmt: skip
    users = [
        kc.user("ann", kc.otp(digits=8), requiredActions=["UPDATE_PASSWORD"], realmRoles=["boss"]),
        kc.user("bo", kc.credential("password", {"value": "eA==", "salt": "eA=="}, {"algorithm": "scram"})),
        kc.user("cy", federatedIdentities=[{"identityProvider": "google", "userId": "1"}]),
        kc.user("dan"), kc.user("eve", email="ann@example.com"), kc.user("f y"),
    ]  # fmt: skip
    done = carried(provider, kc.realm(*users, clients=clients, identityProviders=[{"alias": "google"}]))
    plan = looked(provider.services, kc.realm(*users, clients=clients, identityProviders=[{"alias": "google"}]))
    left = whys(plan.left)
    assert done.people == 3
    assert {key for key in left if key[0] != "redirect URI"} >= {
        ("otp", "ann"), ("required action", "ann"), ("roles", "ann"), ("password", "bo"), ("link", "cy"),
        ("person", "dan"), ("person", "eve"), ("person", "f y"), ("client", "api"), ("secret", "short"),
        ("secret", "masked"), ("grant", "spa"), ("provider", "google"),
    }  # fmt: skip
    assert "star" not in left[("redirect URI", "crm")]
    assert "https://crm.example/old/*" in left[("redirect URI", "crm")]
    assert set(done.secrets) == {"short", "masked"}
    assert provider.services.registry.get("masked").metadata["redirect_uris"] == ["https://m.example/cb"]
    assert provider.services.registry.get("spa").profile == "spa"
    assert provider.services.registry.get("job").profile == "machine"
    assert [one.name for one in done.left] == [kc.user_id("x")]  # it could be taken for a person (RFC 9700 §4.15)


def test_y3_nobody_comes_into_the_id_of_somebody_who_was_removed(provider: Provider, clock: Clock) -> None:
    file = kc.realm(kc.user("ann", kc.argon2()))
    carried(provider, file)
    clock.advance(60)
    provider.services.directory.remove(kc.user_id("ann"))
    assert "was removed here" in looked(provider.services, file).left[0].why
    assert carried(provider, file).people == 0


def test_y3_nobody_is_called_like_the_id_of_somebody(provider: Provider) -> None:
    carried(provider, kc.realm(kc.user("ann")))
    from idp.accounts.person import InvalidPerson

    with pytest.raises(InvalidPerson, match="somebody's id"):
        provider.add_person(kc.user_id("ann"), email=None)
    provider.add_person(kc.user_id("bo"), email=None)
    file = kc.realm(kc.user("bo"))
    assert "means somebody here" in looked(provider.services, file).left[0].why
    assert carried(provider, file).people == 0


def test_y3_users_may_stand_in_files_of_their_own(provider: Provider) -> None:
    whole = json.loads(kc.realm(kc.user("ann"), clients=[CRM]))
    users = json.dumps({"realm": "staff", "users": whole.pop("users")}).encode()
    done = carried(provider, json.dumps(whole).encode(), users)
    assert (done.people, done.applications) == (1, 1)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"\xff", b'{"users": []}', b"<xml/>", b"[" * 100_000], ids=range(7))
def test_y3_what_is_no_realm_is_refused_with_what_to_give(raw: bytes) -> None:
    with pytest.raises(NotReadable):
        reading.read("keycloak", [raw])


def test_y3_two_realms_are_imported_one_at_a_time() -> None:
    with pytest.raises(NotReadable, match="one at a time"):
        reading.read("keycloak", [kc.realm(), kc.realm(realm="other")])


def test_y3_who_may_not_make_applications_imports_nothing(provider: Provider) -> None:
    from dataclasses import replace

    from idp.accounts.roles import RoleGrant

    help_desk = replace(SHELL, kind="person", grants=(RoleGrant("help_desk"),))
    with pytest.raises(NotAllowed):
        verbs.look(provider.services, help_desk, reading.read("keycloak", [kc.realm()]))
