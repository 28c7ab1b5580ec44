"""Directories, password files, tables, Authelia and authentik: what people had there they have here. Y3."""

from __future__ import annotations

import hashlib
import json
from base64 import b32encode, b64encode
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from passlib import hash as schemes

from idp.accounts import factors
from idp.accounts.factors import totp
from idp.accounts.person import Person
from idp.admin.actor import of_shell
from idp.importing import reading, verbs
from idp.importing.found import NotReadable
from tests.backends import Clock
from tests.provider import App, Provider

SHELL = of_shell("cli:test")
OLD = "as typed before"
RAW = OLD.encode()
UUID = "3f1c2a54-8b1e-4a52-9c51-6f1d7c9a0b11"


def carried(provider: Provider, product: str, *files: str | bytes) -> tuple[verbs.Plan, verbs.Done]:
    raw = [one.encode() if isinstance(one, str) else one for one in files]
    plan = verbs.look(provider.services, SHELL, reading.read(product, raw))
    return plan, verbs.carry_out(provider.services, SHELL, plan)


def person(provider: Provider, name: str) -> Person:
    found = provider.services.directory.find_by_login(name)
    assert found is not None, name
    return found


def signs_in(provider: Provider, name: str, password: str = OLD) -> bool:
    page = provider.browser().get("")
    browser = provider.browser()
    page = browser.get("")
    return browser.log_in(page, name, password).status == 303


def ssha(name: str = "sha1") -> str:
    made = hashlib.new(name, RAW + b"salt").digest() + b"salt"
    return ("{SSHA}" if name == "sha1" else "{SSHA512}") + b64encode(made).decode()


LDIF = f"""version: 1

dn: uid=ann,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: ann
cn: Ann Berg
sn: Berg
givenName: Ann
mail: ann@example.com
employeeNumber: 4711
entryUUID: {UUID}
userPassword: {ssha()}

dn: uid=bo,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: bo
cn:: {b64encode("Bo Müller".encode()).decode()}
sn: M
userPassword:: {b64encode(ssha("sha512").encode()).decode()}

dn: uid=cy,ou=people,dc=example,dc=com
objectClass: posixAccount
uid: cy
cn: Cy
userPassword: {OLD}
pwdAccountLockedTime: 000001010000Z

dn: uid=dee,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: dee
cn: Dee
sn: D
userPassword: {{CRYPT}}abJnggxhB/yWI

dn: CN=Eve,OU=Staff,DC=example,DC=com
objectClass: top
objectClass: user
sAMAccountName: eve
displayName: Eve
userAccountControl: 514

dn: CN=PC1,OU=Staff,DC=example,DC=com
objectClass: user
objectClass: computer
sAMAccountName: PC1$

dn: cn=Sales,ou=groups,dc=example,dc=com
objectClass: groupOfNames
cn: Sales
member: UID=ann, OU=people,DC=example,DC=com
member: uid=bo,ou=people,dc=example,dc=com

dn: cn=unix,ou=groups,dc=example,dc=com
objectClass: posixGroup
cn: unix
memberUid: cy

# search result
search: 2
result: 0 Success
"""


def test_y3_people_and_groups_of_a_directory(provider: Provider) -> None:
    plan, done = carried(provider, "ldif", LDIF)
    assert (done.people, done.groups, done.left) == (5, 2, [])
    assert [(one.kind, one.name) for one in plan.left] == [("password", "dee")]
    ann = person(provider, "4711")
    assert (ann.id, ann.groups, ann.email) == (UUID, ("Sales",), "ann@example.com")
    assert ann.claims == {"given_name": "Ann", "family_name": "Berg"}
    assert person(provider, "bo").name == "Bo Müller"
    assert person(provider, "cy").groups == ("unix",)
    assert [person(provider, name).enabled for name in ("ann", "bo", "cy", "dee", "eve")] == [
        True,
        True,
        False,
        True,
        False,
    ]
    assert provider.services.directory.find_by_login("PC1$") is None
    assert signs_in(provider, "ann")
    assert signs_in(provider, "bo")
    assert not signs_in(provider, "bo", "something else")
    assert not signs_in(provider, "dee")


def test_y3_a_password_that_could_be_read_is_read_by_nobody_here(provider: Provider) -> None:
    carried(provider, "ldif", LDIF)
    stored = provider.services.directory.find_credentials(person(provider, "cy").id)
    assert stored is not None
    assert str(stored.password_hash).startswith("$argon2id$")
    assert all(OLD not in repr(event) for event in provider.events())


def test_y3_a_password_file_of_a_web_server(provider: Provider) -> None:
    sha = "{SHA}" + b64encode(hashlib.sha1(RAW).digest()).decode()
    text = f"# old\nann:{schemes.apr_md5_crypt.hash(OLD)}\nbo:{schemes.bcrypt.using(rounds=4).hash(OLD)}\ncy:{sha}\n"
    _, done = carried(provider, "htpasswd", text)
    assert (done.people, done.left) == (3, [])
    assert all(signs_in(provider, name) for name in ("ann", "bo", "cy"))


def test_y3_a_table_with_hashes_and_seeds(provider: Provider) -> None:
    text = (
        "username,name,groups,id,password_hash,totp_secret,enabled\n"
        f"ann,Ann Berg,Sales|IT,{UUID},{schemes.sha512_crypt.using(rounds=5000).hash(OLD)},"
        "jbsw y3dp ehpk 3pxp jbsw y3dp ehpk 3pxp,yes\n"
        "bo,,,,,,no\n"
        "c y,,,,,,\n"
    )
    plan, done = carried(provider, "csv", text)
    assert done.people == 2
    assert [(one.kind, one.name) for one in plan.left] == [("person", "c y")]
    ann = person(provider, "ann")
    assert (ann.id, ann.groups) == (UUID, ("IT", "Sales"))
    assert totp.has_any(provider.services, ann.id)
    assert not person(provider, "bo").enabled


AUTHELIA = f"""
users:
  ann:
    displayname: Ann Berg
    email: ann@example.com
    password: '{PasswordHasher(time_cost=3, memory_cost=4096, parallelism=4).hash(OLD)}'
    groups: [admins, dev]
  bo:
    disabled: true
    displayname: Bo
    password: '{schemes.sha512_crypt.using(rounds=5000).hash(OLD)}'
"""
AUTHELIA_OIDC = """
identity_providers:
  oidc:
    clients:
      - client_id: crm
        client_name: Customers
        client_secret: '$plaintext$a-secret-of-more-than-twenty'
        redirect_uris: ['https://crm.example/cb']
        scopes: [openid, offline_access]
        require_pkce: true
        authorization_policy: two_factor
      - client_id: wiki
        client_secret: '$pbkdf2-sha512$310000$c2FsdA$aGFzaA'
        redirect_uris: ['https://wiki.example/cb']
      - client_id: app
        public: true
        redirect_uris: ['https://app.example/cb']
"""
AUTHELIA_MORE = f"""
totp_configurations:
  - {{username: ann, issuer: Authelia, algorithm: SHA1, digits: 6, period: 30, secret: {b64encode(b"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").decode()}}}
  - {{username: bo, issuer: Authelia, algorithm: SHA512, digits: 6, period: 30, secret: eA==}}
identifiers:
  - {{service: openid, sector_id: '', username: ann, identifier: {UUID}}}
"""  # noqa: E501


def test_y3_authelia(provider: Provider) -> None:
    plan, done = carried(provider, "authelia", AUTHELIA, AUTHELIA_OIDC, AUTHELIA_MORE)
    assert (done.people, done.applications, done.left) == (2, 3, [])
    assert {(one.kind, one.name) for one in plan.left} == {("otp", "bo"), ("secret", "wiki")}
    ann = person(provider, "ann")
    assert (ann.id, sorted(ann.groups)) == (UUID, ["admins", "dev"])
    assert not person(provider, "bo").enabled
    (app,) = factors.list_of(provider.services.db, ann.id)
    assert app.kind == "totp"
    registry = provider.services.registry
    assert {registry.get(name).profile for name in ("crm", "wiki", "app")} == {"web", "legacy", "spa"}
    assert "refresh_token" in registry.get("crm").metadata["grant_types"]
    assert set(done.secrets) == {"wiki"}
    crm = App(registry.get("crm"), "a-secret-of-more-than-twenty")
    assert provider.introspect(crm, "nothing")["active"] is False


def rows() -> list[dict[str, Any]]:
    user, group = "authentik_core.user", "authentik_core.group"
    return [
        {"model": group, "pk": "g1", "fields": {"name": "Staff"}},
        {"model": user, "pk": 7, "fields": {
            "username": "ann", "name": "Ann Berg", "email": "ann@example.com", "is_active": True, "uuid": UUID,
            "password": schemes.django_pbkdf2_sha256.using(rounds=10000).hash(OLD), "groups": ["g1"],
            "type": "internal",
            "attributes": {"title": "Dr.", "settings": {"locale": ""}}}},
        {"model": user, "pk": 8, "fields": {"username": "ak-outpost", "type": "internal_service_account"}},
        {"model": user, "pk": 9, "fields": {"username": "bo", "name": "Bo", "password": "!x", "is_active": False}},
        {"model": "authentik_stages_authenticator_totp.totpdevice", "pk": 1, "fields": {
            "user": 7, "name": "TOTP", "confirmed": True, "key": "3132333435363738393031323334353637383930",
            "step": 30, "digits": "6"}},
        {"model": "authentik_core.application", "pk": "a", "fields": {"name": "Customers", "provider": 3}},
        {"model": "authentik_providers_oauth2.oauth2provider", "pk": 3, "fields": {
            "client_type": "confidential", "client_id": "kq2ZbXo8", "client_secret": "s" * 128,
            "sub_mode": "hashed_user_id",
            "_redirect_uris": [{"matching_mode": "strict", "url": "https://crm.example/cb"},
                               {"matching_mode": "regex", "url": "https://.*"}]}},
    ]  # fmt: skip


def test_y3_authentik(provider: Provider) -> None:
    plan, done = carried(provider, "authentik", json.dumps(rows()))
    assert (done.people, done.applications, done.groups, done.left, done.secrets) == (2, 1, 1, [], {})
    assert {(one.kind, one.name) for one in plan.left} == {("redirect URI", "Customers"), ("sub", "Customers")}
    ann = person(provider, "ann")
    assert (ann.id, ann.groups, ann.claims["title"]) == (UUID, ("Staff",), "Dr.")
    (app,) = factors.list_of(provider.services.db, ann.id)
    seed = provider.services.sealer.open(totp.PURPOSE, str(app.sealed), ann.id.encode()).decode()
    assert seed == b32encode(b"12345678901234567890").decode()
    assert provider.services.registry.get("kq2ZbXo8").name == "Customers"
    assert not person(provider, "bo").enabled


BROKEN = (b"", b"\xff\xfe\x00", b"[1, 2]", b"- a\n- b\n", b"{{{{", b"\0" * 100)


@pytest.mark.parametrize("product", [name for name in reading.PRODUCTS if name != "keycloak"])
@pytest.mark.parametrize("raw", BROKEN, ids=range(len(BROKEN)))
def test_y3_what_is_no_export_is_refused_in_words(product: str, raw: bytes) -> None:
    with pytest.raises(NotReadable, match=r"\w{2,} \w{2,}"):
        reading.read(product, [raw])


def test_y3_an_application_that_is_there_is_left_as_it_is(provider: Provider) -> None:
    carried(provider, "authelia", AUTHELIA_OIDC)
    plan, done = carried(provider, "authelia", AUTHELIA_OIDC)
    assert (done.applications, sorted(plan.known)) == (0, ["app", "crm", "wiki"])
    provider.services.registry.remove("wiki")
    assert "wiki" in carried(provider, "authelia", AUTHELIA_OIDC)[0].known  # it can be brought back for a month


@pytest.mark.parametrize(
    ("secret", "why"),
    [("JBSWY3DPEHPK3PXP", "its secret has 80 bits"), ("HELLO!1", "its secret is no base32"), ("GE", "has 8 bits")],
    ids=["short", "no base32", "next to nothing"],
)
@pytest.mark.spec("RFC 4226 §4 R6")
def test_y3_a_seed_that_is_none_is_told_and_not_kept(provider: Provider, secret: str, why: str) -> None:
    sha = schemes.sha512_crypt.using(rounds=5000).hash(OLD)
    plan, done = carried(provider, "csv", f"username,password_hash,totp_secret\nann,{sha},{secret}\n")
    assert done.people == 1
    assert [(one.kind, one.name) for one in plan.left] == [("otp", "ann")]
    assert why in plan.left[0].why
    assert not totp.has_any(provider.services, person(provider, "ann").id)
    assert signs_in(provider, "ann")


def test_y3_a_seed_that_cannot_be_read_stops_none_of_the_others(provider: Provider) -> None:
    ann, services = provider.add_person("ann"), provider.services
    good, now = b32encode(b"x" * 20).decode(), services.clock()
    with services.db.transaction() as tx:
        for seed in ("HELLO!1", "JBSWY3DPEHPK3PXP", ""):
            sealed = services.sealer.seal(totp.PURPOSE, seed.encode(), ann.id.encode())
            factors.add(tx, now, ann.id, totp.KIND, "App", sealed=sealed)
        totp.carry(tx, services, ann, good, "Phone")
    assert totp.verify(services, ann.id, pyotp.TOTP(good).at(int(now))).ok


@pytest.mark.parametrize(
    ("product", "text"),
    [
        ("authelia", "a: &a [1]\nusers: {ann: {displayname: *a}}"),
        ("keycloak", json.dumps({"realm": "r", "groups": [{"path": "/a"}], "clients": []})),
        ("keycloak", json.dumps({"realm": "r", "users": [{"username": "ann", "groups": 5}]})),
        ("keycloak", json.dumps({"realm": "r", "clients": [5]})),
        ("authentik", json.dumps([
            {"model": "authentik_core.user", "pk": 1, "fields": {"username": "ann"}},
            {"model": "authentik_stages_authenticator_totp.totpdevice", "pk": 1, "fields": {"user": 1, "digits": "x"}},
        ])),
        ("authelia", "users: {ann: {}}\nwebauthn_credentials: [{username: ann, kid: '!'}]"),
    ],
    ids=["alias", "group without a name", "groups that are a number", "client that is one", "digits", "key"],
)  # fmt: skip
def test_X30_a_part_of_another_form_is_told(product: str, text: str) -> None:
    with pytest.raises(NotReadable):
        reading.read(product, [text.encode()])


def test_y3_the_look_tells_of_ids_that_are_none_and_of_people_who_were_removed(
    provider: Provider, clock: Clock
) -> None:
    carried(provider, "csv", f"username,id\nann,{UUID}\nbo,\n")
    clock.now += 60
    directory = provider.services.directory
    for name in ("ann", "bo"):
        directory.remove(person(provider, name).id)
    text = f"username,id\nann,{UUID}\nbo,\ncy,f:ldap:cy\ndi,\n"
    plan = verbs.look(provider.services, SHELL, reading.read("csv", [text.encode()]))
    assert [one.carried.draft.username for one in plan.people] == ["di"]
    assert [one.name for one in plan.left] == ["ann", "bo", "cy"]


def test_y3_a_new_secret_is_given_out_when_it_is_made(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    client = {"client_id": "crm", "client_secret": "$pbkdf2-sha512$slow", "redirect_uris": ["https://crm.example/cb"]}
    text = json.dumps({"identity_providers": {"oidc": {"clients": [client, {**client, "client_id": "wiki"}]}}})
    plan, kept = verbs.look(provider.services, SHELL, reading.read("authelia", [text.encode()])), dict[str, str]()
    register, calls = verbs._register, list[str]()

    def stopped(services: Any, actor: Any, app: Any, *rest: Any) -> None:
        calls.append(app.id)
        if len(calls) > 1:
            raise KeyboardInterrupt
        register(services, actor, app, *rest)

    monkeypatch.setattr(verbs, "_register", stopped)
    with pytest.raises(KeyboardInterrupt):
        verbs.carry_out(provider.services, SHELL, plan, keep=kept.__setitem__)
    assert [*kept] == ["crm"]
