"""Providers as their documents describe them: what is typed there, and what Doorward must know of each (I12).

`asks` are the blanks of a template: each stands in its issuer, or is a field of the provider. What is said beside a
template goes before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from idp.federation.provider import GITHUB, SAID


@dataclass(frozen=True, slots=True)
class Template:
    """One of them. `asks`: the blank and what belongs there; `there`: what to do at the provider, step by step."""

    key: str
    title: str
    said: Mapping[str, Any]
    asks: Mapping[str, str] = field(default_factory=dict)
    there: tuple[str, ...] = ()


class MissingBlank(Exception):
    """Something that the template asks for was not said. `name`: the blank; `what`: what belongs there."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"{name}: {what}")
        self.name, self.what = name, what


_CONTROLLER: Final = "a domain controller's name, as its certificate has it, such as dc1.corp.example.com"
_SERVICE: Final = "who searches there; its password is the secret, --secret-file"
_REGISTER: Final = "Register Doorward there by the metadata of this provider, whose address `provider show` has."
_SIGNER: Final = "the certificate by which its metadata is signed, in PEM form; with the command @FILE"
_HOST: Final = "its host, such as login.example.com"
ROWS: Final = (
    Template(
        "entra", "Microsoft Entra",
        {
            "issuer": "https://login.microsoftonline.com/{tenant}/v2.0", "auth_method": "client_secret_post",
            "subject": ["tid", "oid"], "verified_claim": "xms_edov",
        },
        {"tenant": "the tenant's id, a GUID: Entra admin center, Overview"},
        (
            "In the Entra admin center open App registrations, New registration. Accounts in this directory only.",
            "Under Authentication add the platform Web with the redirect URI of this provider.",
            "Under Certificates & secrets make a client secret, and copy its value, not its id.",
            "Under Token configuration add the optional claims email, xms_edov and auth_time to the ID token; for "
            "groups add the groups claim.",
            "Under API permissions grant admin consent for openid, profile and email.",
        ),
    ),
    Template(
        "google", "Google Workspace",
        {
            "issuer": "https://accounts.google.com", "prompts_login": False, "auth_method": "client_secret_post",
        },
        {"hosted_domain": "the primary domain of the Workspace, such as example.com; only its accounts are taken"},
        (
            "In the Google Cloud console open APIs & Services, OAuth consent screen: user type Internal.",
            "Under Credentials create an OAuth client ID of the type Web application.",
            "Add the redirect URI of this provider under Authorized redirect URIs.",
        ),
    ),
    Template(
        "okta", "Okta",
        {"issuer": "https://{host}", "userinfo": True},
        {"host": "the organisation's host, such as example.okta.com; with a custom server its path, too"},
        (
            "In the Okta admin console create an app integration: OIDC, Web Application.",
            "Grant type Authorization Code; add the redirect URI of this provider as the sign-in redirect URI.",
            "Assign the people or groups who may come.",
        ),
    ),
    Template(
        "keycloak", "Keycloak",
        {"issuer": "https://{host}/realms/{realm}"},
        {"host": _HOST, "realm": "the name of the realm"},
        (
            "In the realm create a client: OpenID Connect, Client authentication on, Standard flow.",
            "Add the redirect URI of this provider under Valid redirect URIs.",
            "Copy the secret from the tab Credentials. For groups add a mapper of the type Group Membership.",
        ),
    ),
    Template(
        "gitlab", "GitLab",
        {"issuer": "https://{host}", "scopes": ["openid", "profile", "email"], "userinfo": True},
        {"host": "gitlab.com, or the host of your own"},
        (
            "Under Admin or a group's settings open Applications, and add one: confidential.",
            "Redirect URI as this provider has it; scopes openid, profile, email.",
        ),
    ),
    Template(
        "github", "GitHub",
        {
            "kind": GITHUB, "issuer": "https://{host}", "scopes": ["read:user", "user:email", "read:org"],
            "groups_claim": "groups",
        },
        {"host": "github.com, a host of ghe.com, or the host of an Enterprise Server"},
        (
            "In the settings of the organisation open Developer settings, OAuth apps, and register one.",
            "Its authorization callback URL is the redirect URI of this provider. Make a client secret.",
            "Let an owner of each organisation grant the app access to it, where it restricts OAuth apps.",
            "Name the organisations whose people may come: --set organizations=acme, or their numbers as id:123.",
        ),
    ),
    Template(
        "apple", "Apple",
        {
            "issuer": "https://appleid.apple.com", "auth_method": "apple", "response_mode": "form_post",
            "scopes": ["openid", "name", "email"], "prompts_login": False,
        },
        {"team_id": "the team id", "key_id": "the id of the key; the secret is the .p8 file itself"},
        (
            "At developer.apple.com make an App ID with Sign in with Apple, and a Services ID: that is the client id.",
            "Configure the Services ID with this host, and the redirect URI of this provider as its Return URL.",
            "Make a key for Sign in with Apple, and download its .p8 file: it is the secret.",
        ),
    ),
    Template(
        "authentik", "authentik",
        {"issuer": "https://{host}/application/o/{slug}/"},
        {"host": _HOST, "slug": "the slug of the application"},
        (
            "Create an application with an OAuth2/OpenID provider, client type Confidential.",
            "Add the redirect URI of this provider, strict.",
        ),
    ),
    Template(
        "active-directory", "Active Directory",
        {
            "kind": "ldap", "servers": ["ldaps://{host}"], "base_dn": "{base}", "bind_dn": "{bind}",
            "subject": ["objectGUID"], "names": ["sAMAccountName", "userPrincipalName", "mail"],
            "people": "(&(objectCategory=person)(objectClass=user)(!(isCriticalSystemObject=TRUE)))",
            "groups_claim": "groups", "group_filter": "(objectClass=group)", "nested": "chain", "all_names": True,
        },
        {"host": _CONTROLLER, "base": "the domain as a DN, such as dc=corp,dc=example,dc=com", "bind": _SERVICE},
        (
            "Make an ordinary user for Doorward, whose password does not expire: that is the bind DN, as "
            "doorward@corp.example.com or by its DN. It needs no rights beyond those of every user.",
            "Give the certificate of the authority that signed the controllers': --set ca=@authority.pem.",
            "Name every controller: --set servers=ldaps://dc1.corp.example.com,ldaps://dc2.corp.example.com, and each "
            "in outbound.allow of Doorward's settings, as it stands there.",
            "For Windows sign-in without a page make a keytab, and say kerberos_networks and kerberos_realms: see "
            "docs/upstream.md.",
        ),
    ),
    Template(
        "openldap", "OpenLDAP",
        {
            "kind": "ldap", "servers": ["ldaps://{host}"], "base_dn": "{base}", "bind_dn": "{bind}",
            "subject": ["entryUUID"], "people": "(objectClass=inetOrgPerson)", "groups_claim": "groups",
            "group_filter": "(objectClass=groupOfNames)", "nested": "walk", "all_names": True,
        },
        {"host": "its host, such as ldap.example.com", "base": "such as dc=example,dc=com", "bind": _SERVICE},
        (
            "Make an entry for Doorward that may read people and groups, and search more than the usual limit: "
            'limits dn.exact="cn=doorward,dc=example,dc=com" size.prtotal=unlimited.',
            "Give the certificate of the authority that signed the server's: --set ca=@authority.pem.",
            "Name each server in outbound.allow of Doorward's settings, as it stands here.",
        ),
    ),
    Template(
        "freeipa", "FreeIPA",
        {
            "kind": "ldap", "servers": ["ldaps://{host}"], "base_dn": "cn=users,cn=accounts,{base}",
            "bind_dn": "{bind}", "subject": ["ipaUniqueID"], "people": "(objectClass=inetOrgPerson)",
            "groups_claim": "memberOf", "group_base": "cn=groups,cn=accounts,{base}", "all_names": True,
        },
        {"host": "its host, such as ipa.example.com", "base": "such as dc=example,dc=com", "bind": _SERVICE},
        (
            "Make a system account for Doorward under cn=sysaccounts,cn=etc, as FreeIPA's documents describe.",
            "Give the certificate of its authority: --set ca=@/etc/ipa/ca.crt.",
            "Name each server in outbound.allow of Doorward's settings, as it stands here.",
        ),
    ),
    Template(
        "doorward", "Doorward",
        {"issuer": "https://{host}", "userinfo": True, "assertion_audience": "issuer"},
        {"host": _HOST},
        (
            "There: `doorward client add oidc --name NAME --redirect-uri URI --backchannel-logout-uri LOGOUT` with the "
            "redirect URI and the back-channel logout URI of this provider.",
            "Copy the client id and the secret that it prints.",
        ),
    ),
    Template(
        "saml", "SAML", {"kind": "saml"},
        {"metadata_url": "the address of its metadata, or give its file by --metadata FILE"},
        (
            "Find the address where it publishes its metadata, or save that as a file.",
            _REGISTER,
            "Let it send a persistent NameID, or an attribute that stays the same: --set subject=ATTRIBUTE.",
        ),
    ),
    Template(
        "adfs", "ADFS",
        {
            "kind": "saml", "name_id_format": "",
            "metadata_url": "https://{host}/FederationMetadata/2007-06/FederationMetadata.xml",
        },
        {"host": "the federation service's host, such as adfs.example.com"},
        (
            "In AD FS Management add a relying party trust: claims aware, data published online.",
            _REGISTER,
            "Add a claim rule that sends a Name ID of the format Persistent Identifier, made of objectGUID or "
            "objectSid; AD FS sends none by itself.",
        ),
    ),
    Template(
        "entra-saml", "Microsoft Entra (SAML)",
        {
            "kind": "saml",
            "metadata_url": "https://login.microsoftonline.com/{tenant}/federationmetadata/2007-06/"
                            "federationmetadata.xml?appid={app}",
            "subject": ["http://schemas.microsoft.com/identity/claims/objectidentifier"],
            "groups_claim": "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
        },
        {
            "tenant": "the tenant's id, a GUID: Entra admin center, Overview",
            "app": "the application (client) id of the enterprise application: its own keys are read by it",
        },
        (
            "In the Entra admin center open Enterprise applications, New application, Create your own.",
            "Under Single sign-on choose SAML, Upload metadata file: the one of this provider.",
            "Assign the people or groups who may come. Groups: add a group claim.",
        ),
    ),
    Template(
        "keycloak-saml", "Keycloak (SAML)",
        {"kind": "saml", "metadata_url": "https://{host}/realms/{realm}/protocol/saml/descriptor"},
        {"host": _HOST, "realm": "the name of the realm"},
        (
            "In the realm open Clients, Import client: the metadata of this provider.",
            "Name ID format persistent, Force name ID format on; Sign assertions on.",
            "For attributes and groups add mappers to the client's dedicated scope.",
        ),
    ),
    Template(
        "simplesamlphp", "SimpleSAMLphp",
        {"kind": "saml", "metadata_url": "https://{host}/saml2/idp/metadata.php"},
        {"host": "its host with the path it is installed at, such as idp.example.com/simplesaml"},
        (
            "Convert the metadata of this provider by the page Metadata converter, into saml20-sp-remote.php.",
            "Add the filter saml:PersistentNameID to the identity provider's authproc.",
        ),
    ),
    Template(
        "shibboleth", "Shibboleth",
        {"kind": "saml", "metadata_url": "https://{host}/idp/shibboleth"},
        {"host": "the identity provider's host, such as idp.example.org"},
        (
            "Add a metadata provider for the metadata of this provider, whose entityID it is.",
            "Turn the persistent NameID generator on, or release pairwise-id or subject-id and give --set subject=….",
            "Encryption by AES-GCM is its default since version 4; an older one needs it in its relying party "
            "configuration.",
        ),
    ),
    Template(
        "edugain", "eduGAIN",
        {"kind": "federation", "federation_url": "https://mds.edugain.org/edugain-v2.xml"},
        {"metadata_keys": _SIGNER},
        (
            "Give the certificate by which eduGAIN signs its metadata as metadata_keys, in PEM form, and compare its "
            "SHA-256 with the one that eduGAIN publishes.",
            "Let your own federation register the metadata of this provider, whose address `provider show` has, and "
            "let it be exported to eduGAIN.",
            "Say with members who may come: authority:… for federations, category:… for entity categories.",
        ),
    ),
    Template(
        "shibboleth-federation", "Shibboleth federation",
        {"kind": "federation"},
        {"federation_url": "the address of its aggregate, or of its MDQ server's /entities", "metadata_keys": _SIGNER},
        (
            "Give the federation's signing certificate as metadata_keys, in PEM form; its operator says its SHA-256.",
            "Where it runs an MDQ server, give mdq_url, too: the organisation that somebody chose is asked for there.",
            "Register the metadata of this provider there, whose address `provider show` has.",
            "Let the organisations release subject-id, pairwise-id or a persistent NameID to it.",
        ),
    ),
    Template(
        "doorward-saml", "Doorward (SAML)",
        {"kind": "saml", "metadata_url": "https://{host}/saml/metadata"},
        {"host": _HOST},
        ("There: `doorward client add saml --metadata URL` with the address of this provider's metadata.",),
    ),
)  # fmt: skip
TEMPLATES: Final[Mapping[str, Template]] = {row.key: row for row in ROWS}


def filled(key: str, blanks: Mapping[str, str], said: Mapping[str, Any]) -> dict[str, Any]:
    """What a template says with its blanks filled in. Errors: `KeyError` for no template, `MissingBlank`."""
    template = TEMPLATES[key]
    for name, what in template.asks.items():
        if not any((blanks.get(name), said.get(name), *map(said.get, ("issuer", "metadata", "metadata_url")))):
            raise MissingBlank(name, what)
    found = {name: _filled(value, blanks) for name, value in template.said.items()}
    if said.get("metadata"):
        found.pop("metadata_url", None)
    fields = {name: value for name, value in blanks.items() if name in template.asks and name in SAID and value}
    return {"name": template.title, **found, "template": key, **fields, **said}


def _filled(value: Any, blanks: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_filled(one, blanks) for one in value]
    if not isinstance(value, str):
        return value
    for name, blank in blanks.items():
        value = value.replace("{" + name + "}", blank.strip().strip("/"))
    return value
