"""What can be said of a provider, one row a field: which kinds know it, what it is called, and what is expected.

Console, API, files and command take the fields of a kind from here. A new one is a field of `Provider` and a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from idp.federation.provider import FEDERATION, GITHUB, LDAP, OIDC, PERSISTENT, PROOFS, SAML, SIGN_OUT
from idp.texts import N_

#: Parts of a form, in order.
PARTS: Final[tuple[tuple[str, str], ...]] = (
    ("main", N_("The provider")),
    ("which", N_("Who comes by it")),
    ("account", N_("Whose account it is")),
    ("taken", N_("What is taken over")),
    ("proof", N_("How strong it is")),
    ("talk", N_("How it is spoken with")),
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `kinds`: those that know it, () for all; `choices`: all that it may say.

    `fixed`: it makes the key of an account, so it stays while people are linked. `document`: it has many lines.
    `sent_there`: it says where the secret is sent, or who is believed there.
    """

    name: str
    part: str
    label: str
    hint: str = ""
    kinds: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    fixed: bool = False
    document: bool = False
    sent_there: bool = False

    def is_of(self, kind: str) -> bool:
        """Whether a kind knows it."""
        return not self.kinds or kind in self.kinds


_OIDC: Final = (OIDC,)
_LDAP: Final = (LDAP,)
_LEADS: Final = (OIDC, GITHUB, SAML, FEDERATION)
_OAUTH: Final = (OIDC, GITHUB)
_NAMED: Final = (OIDC, GITHUB, SAML)
_CALLED: Final = (*_NAMED, FEDERATION)
_ONE: Final = (OIDC, GITHUB, LDAP, SAML)  # whose people are one company's
_FEDERATION: Final = (FEDERATION,)
_SPEAKS: Final = (SAML, FEDERATION)
_SAML: Final = (SAML,)
_BOTH: Final = (OIDC, SAML, FEDERATION)
_FORMATS: Final = ("", PERSISTENT, "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
                   "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
                   "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified")  # fmt: skip
ROWS: Final = (
    Field("name", "main", N_("Name"), N_("What its button says.")),
    Field("issuer", "main", N_("Issuer"), N_(
        "As its discovery document names it: https://login.example.com. Of SAML its entityID."), _NAMED, fixed=True,
          sent_there=True),
    Field("client_id", "main", N_("Client ID"), N_(
        "Under which Doorward is registered there. With SAML our entityID; empty: the address of our metadata."),
          _CALLED),
    Field("metadata_url", "main", N_("Address of its metadata"), N_(
        "It is read there again and again, and so are its new certificates."), _SAML),
    Field("metadata", "main", N_("Its metadata"), N_("An EntityDescriptor, where it has no address."), _SAML,
          document=True),
    Field("metadata_keys", "main", N_("Certificates by which its metadata is signed"), N_(
        "In PEM form. Metadata that is not signed by one of them is not taken. Empty: TLS vouches for it."), _SPEAKS,
          document=True),
    Field("pinned_keys", "main", N_("Signing certificates that count"), N_(
        "SHA-256 of each, one a line. A new one in its metadata waits for your yes. Empty: each of them counts."),
          _SAML),
    Field("federation_url", "main", N_("Address of the federation's list"), N_(
        "Its signed aggregate, read again and again: https://mds.example.org/federation.xml"), _FEDERATION),
    Field("mdq_url", "main", N_("Address of its MDQ server"), N_(
        "It is asked for the organisation that somebody chose. Without a list, it must answer /entities, too."),
          _FEDERATION),
    Field("mdq_sha1", "talk", N_("It is asked by the hash of the name"), "", _FEDERATION),
    Field("discovery_url", "talk", N_("A service that asks where people sign in"), N_(
        "By the Identity Provider Discovery Service Protocol. Empty: a page of ours."), _FEDERATION),
    Field("members", "which", N_("Organisations that people may come from"), N_(
        "One a line: an entityID, authority:https://www.example.org or category:http://… Empty: all of them."),
          _FEDERATION),
    Field("secret_ends", "main", N_("The day on which its secret ends there"), N_(
        "As the provider said when it was made: 2027-01-31. Admins are told a month before."), _OAUTH),
    Field("hosted_domain", "main", N_("Google Workspace domain"), N_("Only its accounts are taken: example.com"),
          _OIDC),
    Field("organizations", "main", N_("GitHub organisations whose members may come"), N_(
        "One a line: acme, or id:123, which stays theirs when they are renamed. Empty: everybody at GitHub."),
        (GITHUB,)),
    Field("tenants", "main", N_("Entra tenants whose people may come"), N_(
        "Their ids, one a line. Needed where one issuer serves many."), _OIDC),
    Field("team_id", "main", N_("Team ID"), N_("Of Apple alone."), _OIDC),
    Field("key_id", "main", N_("Key ID"), N_("Of Apple alone."), _OIDC),
    Field("servers", "main", N_("Servers"), N_(
        "One a line, in the order in which they are asked: ldaps://dc1.example.com. With ldap:// by StartTLS."), _LDAP,
          sent_there=True),
    Field("plain", "main", N_("It is spoken with without TLS"), N_("Only with a server on this very machine."), _LDAP,
          sent_there=True),
    Field("ca", "main", N_("Certificates by which the servers are believed"), N_(
        "In PEM form. Empty: those that this machine believes."), _LDAP, document=True,
          sent_there=True),
    Field("bind_dn", "main", N_("Bind DN"), N_("Who searches there, by the password beside it."), _LDAP),
    Field("base_dn", "main", N_("Base DN"), N_("Below which people are looked for: dc=example,dc=com"), _LDAP),
    Field("people", "which", N_("Filter of the people who may come"), N_("(objectClass=person)"), _LDAP),
    Field("names", "which", N_("Attributes that a typed name may be"), N_("One a line: uid"), _LDAP),
    Field("all_names", "which", N_("Every name is looked for there"), N_(
        "Else only names of its mail domains."), _LDAP),
    Field("kerberos_networks", "which", N_("Networks with Windows sign-in"), N_(
        "One a line: 10.1.0.0/16. A computer of the domain comes in from there without a page (Kerberos)."), _LDAP),
    Field("kerberos_realms", "which", N_("Kerberos realms"), N_("One a line: CORP.EXAMPLE.COM"), _LDAP),
    Field("kerberos_name", "which", N_("Attribute that a Kerberos principal is"), N_(
        "sAMAccountName or uid: its name. userPrincipalName or krbPrincipalName: all of it. Empty: the first of the "
        "attributes above."), _LDAP),
    Field("domains", "which", N_("Mail domains of its people"), N_(
        "One a line: example.com. Names of these domains lead there, and it speaks for their addresses.")),
    Field("button", "which", N_("It has a button on the sign-in page"), "", _LEADS),
    Field("at_once", "which", N_("People are led there without a choice"), "", _LEADS),
    Field("apps", "which", N_("Applications at whose sign-in it is offered"), N_(
        "Client IDs, one a line. Empty: all of them, and our own pages.")),
    Field("sign_out", "which", N_("Signing out here goes on there"), N_(
        "never, always, or ask: the person decides each time."), _BOTH, SIGN_OUT),
    Field("create", "account", N_("Make an account for people who are not known here")),
    Field("join", "account", N_("Connect people by an address that it states as verified"), N_(
        "Only addresses of its mail domains, and nobody who has a role here."), _ONE),
    Field("verified_claim", "account", N_("Claim that states an address as verified"), "", _OIDC),
    Field("subject", "account", N_("Key of an account"), N_(
        "Claims that stay the same for ever, one a line: sub; at Entra tid and oid; objectGUID or entryUUID in a "
        "directory. With SAML NameID, or attributes; of a federation subject-id, pairwise-id, NameID."),
          (OIDC, LDAP, SAML, FEDERATION), fixed=True),
    Field("mail_verified", "account", N_("Its addresses count as verified"), "", _LDAP),
    Field("vouches", "account", N_("Addresses of its domains are its own"), N_(
        "SAML states no address as verified. On: those of its mail domains count as verified."), _SAML),
    Field("changes_passwords", "account", N_("People change their password there by our page"), N_(
        "Over TLS alone. Whose password ran out, or has to be changed, does so as they sign in."), _LDAP),
    Field("sync_every", "talk", N_("Minutes between two looks at everybody"), N_("Empty: none."), _LDAP),
    Field("brake", "talk", N_("How many people one look may turn off"), "", _LDAP),
    Field("attributes", "taken", N_("Attributes"), N_(
        "One a line, ours = theirs: given_name = given_name. What is not named is not kept.")),
    Field("groups_claim", "taken", N_("Claim or attribute with the groups")),
    Field("group_filter", "taken", N_("Filter of its groups"), N_("Empty: none are looked for."), _LDAP),
    Field("group_base", "taken", N_("Base DN of its groups"), N_("Empty: the same as of its people."), _LDAP),
    Field("group_name", "taken", N_("Attribute with a group's name"), "", _LDAP),
    Field("member", "taken", N_("Attribute with a group's members"), "", _LDAP),
    Field("nested", "taken", N_("How groups in groups are found"), N_("chain: by Active Directory; walk: step by step"),
          _LDAP, ("", "chain", "walk")),
    Field("groups", "taken", N_("Groups"), N_("One a line, theirs = ours: 1b2c-4d5e = Sales")),
    Field("owns_groups", "taken", N_("People leave groups that it no longer gives")),
    Field("proof", "proof", N_("What its proofs count for"), N_(
        "One a line: mfa = second. What it says of the proof, and password, second or phishing-resistant."), _BOTH),
    Field("kerberos_proof", "proof", N_("What Windows sign-in counts for"), N_(
        "Empty: one factor. second only where everybody signs in there with a smart card or Windows Hello."), _LDAP,
          ("", *PROOFS)),
    Field("step_up", "proof", N_("What is asked for when a second factor is needed"), N_(
        "A value of acr, or of AuthnContextClassRef."), _BOTH),
    Field("prompts_login", "proof", N_("It can be told to ask anew (prompt=login, ForceAuthn)"), "", _BOTH),
    Field("obeys_login", "proof", N_("It is believed to have asked anew though it sends no auth_time"), "", _OIDC),
    Field("name_id_format", "talk", N_("Format of the NameID that is asked for"), "", _SPEAKS, _FORMATS),
    Field("request_binding", "talk", N_("How our requests go there"), N_("Empty: HTTP-Redirect where it has it."),
          _SPEAKS, ("", "redirect", "post")),
    Field("unsolicited", "talk", N_("People may begin at the provider"), N_(
        "An answer that nobody asked for leads to a request of ours, and is itself never taken."), _SAML),
    Field("auth_method", "talk", N_("How Doorward proves itself there"), "", _OIDC,
          ("client_secret_basic", "client_secret_post", "private_key_jwt", "apple")),
    Field("assertion_audience", "talk", N_("Audience of that proof"), N_("With private_key_jwt alone."), _OIDC,
          ("token_endpoint", "issuer")),
    Field("scopes", "talk", N_("Scopes"), N_("One a line: openid profile email"), _OAUTH),
    Field("userinfo", "talk", N_("Userinfo is read, too"), "", _OIDC),
    Field("response_mode", "talk", N_("How its answer comes back"), N_("form_post for Apple."), _OIDC,
          ("", "query", "form_post")),
    Field("algorithms", "talk", N_("Algorithms of its ID tokens"), N_(
        "One a line. Empty: those of ours that its discovery document names."), _OIDC),
)  # fmt: skip
FIELDS: Final = {row.name: row for row in ROWS}
#: What every provider is made of, and no form changes.
MADE_OF: Final = frozenset(("kind", "template"))


def of(kind: str) -> tuple[Field, ...]:
    """The fields that a kind knows, in the order of its form."""
    return tuple(row for row in ROWS if row.is_of(kind))
