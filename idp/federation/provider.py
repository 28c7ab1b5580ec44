"""One provider that people may sign in through, as admins describe it: a row of fields, kept as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

OIDC: Final = "oidc"
LDAP: Final = "ldap"
GITHUB: Final = "github"
SAML: Final = "saml"
FEDERATION: Final = "federation"  # of organisations that speak SAML
PERSISTENT: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
#: How much a value of `amr` or `acr` there counts for here.
PROOFS: Final = ("password", "second", "phishing-resistant")
NEVER: Final = "never"
ASK: Final = "ask"
ALWAYS: Final = "always"
SIGN_OUT: Final = (NEVER, ASK, ALWAYS)


def _none() -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider. Its id is what links hold to, so one that is made again under the same name is another one.

    `domains`: mail domains whose people are led there, and for whose addresses it speaks; `apps`: client ids, empty
    for all; `subject`: the claims that make the key of an account; `tenants`: whose accounts are taken where one issuer
    serves many; `hosted_domain`: the one that Google's `hd` must be; `organizations`: of GitHub, by
    name or `id:` and number, whose members alone may come.
    `create`: whether somebody unknown is given an account; `join`: whether an address of `domains` that it states as
    verified is enough to be taken for who has it here. `secret_ends`: the day, as 2027-01-31, on which its secret ends
    there; nobody but the owner who made it knows.
    `attributes`: ours to the claim there; `groups`: theirs to ours; `owns_groups`: whether somebody leaves a group
    here once the provider no longer says it. `proof`: values of amr and acr there to `PROOFS`.
    `obeys_login`: prompt=login is believed to be obeyed without an auth_time. `at_once`: nobody chooses, people are
    led there from the sign-in page. `sign_out`: whether signing out here goes on there, one of `SIGN_OUT`.

    Of a directory (`LDAP`): `servers`: addresses in the order in which they are asked; `plain`: without TLS, on this
    machine alone; `ca`: certificates in PEM by which theirs are believed; `bind_dn`: who searches, by the secret.
    `people`: the filter of those who may come; `names`: attributes that a typed name may be; `all_names`: every name
    is looked for there that is no other directory's. `group_filter`, `group_base`, `group_name`, `member`: what is a
    group, where, what it is called, and who is in it; `nested`: how groups in groups are found. `mail_verified`: its
    addresses count as verified; `changes_passwords`: people change their password there by our page. `sync_every`:
    minutes between two looks at everybody, '' for none; `brake`: how many people one look may turn off.
    `kerberos_networks`: from where people come in by Windows sign-in; `kerberos_realms`: of which realms;
    `kerberos_name`: the attribute that their principal is, '' for the first of `names`;
    `kerberos_proof`: what it counts for, one of `PROOFS`, '' for one factor of no name.

    Of SAML: `metadata` (a document), or `metadata_url` where it is read again; `metadata_keys`: certificates in PEM, by
    the key of one of which that is signed; `pinned_keys`: SHA-256 of the certificates whose signatures count, () for
    all of its metadata; `name_id_format`: what is asked for;
    `request_binding`: redirect or post, '' for what it has; `unsolicited`: a Response that nobody asked for leads to a
    request of ours; `vouches`: addresses of `domains` that it says are its own, and count as verified.

    Of a federation: `federation_url`: its signed aggregate; `mdq_url`: its MDQ server, asked for whom somebody chose,
    by the hash of the name where `mdq_sha1`; `discovery_url`: a service that asks people instead of our own page;
    `members`: entityIDs, `authority:` and `category:` of those that people may come from, () for all. `metadata_keys`
    sign both. `subject`: of `federations.accounts.KEYS`.
    """

    id: str = ""
    name: str
    kind: str = OIDC
    template: str = ""
    enabled: bool = True
    issuer: str = ""
    client_id: str = ""
    secret_ends: str = ""
    auth_method: str = "client_secret_basic"
    assertion_audience: str = "token_endpoint"
    key_id: str = ""
    team_id: str = ""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    response_mode: str = ""
    algorithms: tuple[str, ...] = ()
    userinfo: bool = False
    subject: tuple[str, ...] = ("sub",)
    tenants: tuple[str, ...] = ()
    hosted_domain: str = ""
    organizations: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    button: bool = True
    at_once: bool = False
    create: bool = False
    join: bool = False
    verified_claim: str = "email_verified"
    attributes: Mapping[str, str] = field(default_factory=_none)
    groups_claim: str = ""
    groups: Mapping[str, str] = field(default_factory=_none)
    owns_groups: bool = False
    proof: Mapping[str, str] = field(default_factory=_none)
    step_up: str = ""
    obeys_login: bool = False
    prompts_login: bool = True
    sign_out: str = NEVER
    servers: tuple[str, ...] = ()
    plain: bool = False
    ca: str = ""
    bind_dn: str = ""
    base_dn: str = ""
    people: str = "(objectClass=person)"
    names: tuple[str, ...] = ("uid", "mail")
    all_names: bool = False
    group_base: str = ""
    group_filter: str = ""
    group_name: str = "cn"
    member: str = "member"
    nested: str = ""
    mail_verified: bool = False
    changes_passwords: bool = False
    sync_every: str = ""
    brake: str = "20"
    kerberos_networks: tuple[str, ...] = ()
    kerberos_realms: tuple[str, ...] = ()
    kerberos_name: str = ""
    kerberos_proof: str = ""
    metadata_url: str = ""
    metadata: str = ""
    metadata_keys: str = ""
    pinned_keys: tuple[str, ...] = ()
    name_id_format: str = PERSISTENT
    request_binding: str = ""
    unsolicited: bool = False
    vouches: bool = False
    federation_url: str = ""
    mdq_url: str = ""
    mdq_sha1: bool = False
    discovery_url: str = ""
    members: tuple[str, ...] = ()

    @property
    def speaks_saml(self) -> bool:
        """Whether it has an entityID and addresses of ours."""
        return self.kind in (SAML, FEDERATION)

    @property
    def is_directory(self) -> bool:
        """Whether passwords are typed here and checked there: nobody is led anywhere."""
        return self.kind == LDAP

    def said(self) -> dict[str, Any]:
        """What it says, as JSON has it, without what nobody said."""
        found = {key: getattr(self, key) for key in SAID}
        plain = {
            key: list(value) if isinstance(value, tuple) else dict(value) if isinstance(value, Mapping) else value
            for key, value in found.items()
        }
        return {key: value for key, value in plain.items() if value != DEFAULTS[key]}


#: What a provider says, in the order in which it is written and shown; the secret stands beside it.
SAID: Final = tuple(one.name for one in fields(Provider) if one.name not in ("id", "enabled"))
_BLANK: Final = Provider(name="")


def _shaped(shape: type) -> frozenset[str]:
    return frozenset(key for key in SAID if isinstance(getattr(_BLANK, key), shape))


LISTS: Final = _shaped(tuple)
TABLES: Final = _shaped(dict)
SWITCHES: Final = _shaped(bool)
DEFAULTS: Final[Mapping[str, Any]] = {
    key: list(getattr(_BLANK, key)) if key in LISTS else {} if key in TABLES else getattr(_BLANK, key) for key in SAID
}


def of_said(id: str, said: Mapping[str, Any], *, enabled: bool = True) -> Provider:
    """A provider from what was said of it; keys of a later version say nothing here."""
    known: dict[str, Any] = {
        key: tuple(said[key]) if key in LISTS else dict(said[key]) if key in TABLES else said[key]
        for key in SAID
        if key in said
    }
    return Provider(id=id, enabled=enabled, **known)
