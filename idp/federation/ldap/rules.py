"""What a directory may say: see `ports.Rules`."""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Iterator
from typing import Final

from idp.federation.ldap import filters, wire
from idp.federation.ports import Wrong
from idp.federation.provider import Provider
from idp.http import OutboundRefused, parse_directory

#: Keys that a directory gives once and to nobody else.
SUBJECTS: Final = ("objectGUID", "entryUUID", "nsUniqueId", "ipaUniqueID", "GUID")
_ATTRIBUTE: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9-]{0,99}")
_REALM: Final = re.compile(r"[A-Za-z0-9.-]{1,200}")
MAX_SERVERS: Final = 8


def problems(one: Provider) -> Iterator[Wrong]:
    """What cannot be kept, and why."""
    yield from _servers(one)
    if not one.base_dn:
        yield Wrong("base_dn", "is missing: below which people are looked for, such as dc=example,dc=com")
    if len(one.subject) != 1 or one.subject[0].lower() not in {name.lower() for name in SUBJECTS}:
        yield Wrong("subject", f"name one attribute that is nobody else's one day: {', '.join(SUBJECTS)}")
    if not one.names:
        yield Wrong("names", "name the attributes that a typed name may be, such as uid")
    if not one.domains and not one.all_names:
        yield Wrong("domains", "name the mail domains of its people, or say all_names: else nobody is looked for there")
    if one.changes_passwords and one.plain:
        yield Wrong("changes_passwords", "a new password goes there by TLS alone: say plain=no, or no to this")
    yield from _attributes(one)
    yield from _filters(one)
    yield from _kerberos(one)
    if one.sync_every and not (one.sync_every.isdecimal() and 1 <= int(one.sync_every) <= 10080):
        yield Wrong("sync_every", "expected minutes, from 1 to 10080")
    if not (one.brake.isdecimal() and len(one.brake) < 8):
        yield Wrong("brake", "expected a number of people, such as 20")
    if one.ca:
        try:
            ssl.create_default_context(cadata=one.ca)
        except (ssl.SSLError, ValueError, UnicodeEncodeError):
            yield Wrong("ca", "expected certificates in PEM form, as -----BEGIN CERTIFICATE-----")


def secret_problems(issuer: str, one: Provider, secret: str) -> Iterator[Wrong]:
    """Whoever searches there has a password."""
    if one.bind_dn and not secret:
        # RFC 4513 §5.1.2: a name without a password is nobody in particular, and is let in all the same.
        yield Wrong("secret", "is missing: the password of the bind DN")
    elif secret and not one.bind_dn:
        yield Wrong("bind_dn", "is missing: who has this password")


def _servers(one: Provider) -> Iterator[Wrong]:
    if not one.servers or len(one.servers) > MAX_SERVERS:
        yield Wrong("servers", f"name one to {MAX_SERVERS}, such as ldaps://dc1.example.com")
    for server in one.servers:
        try:
            target = parse_directory(server)
        except OutboundRefused as error:
            yield Wrong("servers", f"{server}: {error.reason}")
            continue
        if one.plain and not _is_this_machine(target.host):
            yield Wrong("plain", f"{target.host} is another machine: passwords go there by TLS alone")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _attributes(one: Provider) -> Iterator[Wrong]:
    said = {
        "names": one.names, "attributes": one.attributes.values(), "group_name": (one.group_name,),
        "member": (one.member,), "groups_claim": (one.groups_claim,) if one.groups_claim else (),
        "kerberos_name": (one.kerberos_name,) if one.kerberos_name else (),
    }  # fmt: skip
    for field, names in said.items():
        if bad := [name for name in names if _ATTRIBUTE.fullmatch(name) is None]:
            yield Wrong(field, f"{bad[0]} is no attribute, such as mail")


def _filters(one: Provider) -> Iterator[Wrong]:
    for field in ("people", "group_filter"):
        text = getattr(one, field)
        if text and not (_is_balanced(text) and wire.is_filter(text)):
            yield Wrong(field, "expected a filter in parentheses, such as (objectClass=person)")
    if not one.people:
        yield Wrong("people", "is missing: the filter of those who may come")
    if one.groups_claim == "groups" and not one.group_filter:
        yield Wrong("group_filter", "is missing: what a group is there, such as (objectClass=groupOfNames)")
    if one.group_filter and one.groups_claim != "groups":
        yield Wrong("groups_claim", "say groups, so that what the filter of groups finds is read")


def _kerberos(one: Provider) -> Iterator[Wrong]:
    for network in one.kerberos_networks:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            yield Wrong("kerberos_networks", f"{network} is no network, such as 10.1.0.0/16 or 2001:db8::/32")
    for realm in one.kerberos_realms:
        if _REALM.fullmatch(realm) is None:
            yield Wrong("kerberos_realms", f"{realm} is no realm, such as CORP.EXAMPLE.COM: most are in capitals")
    if one.kerberos_networks and not one.kerberos_realms:
        yield Wrong("kerberos_realms", "name the realms whose people come in, such as CORP.EXAMPLE.COM")
    if len(one.kerberos_realms) > 1 and not filters.is_whole(one):
        yield Wrong(
            "kerberos_name",
            "with several realms say userPrincipalName or krbPrincipalName: admin of one is not admin of the other",
        )


def _is_balanced(text: str) -> bool:
    """One whole filter: what is put beside it stays beside it."""
    depth = 0
    for at, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth <= 0 and (depth < 0 or at < len(text) - 1):
            return False
    return text.startswith("(") and depth == 0
