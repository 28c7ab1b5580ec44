"""Who an assertion says it is: the key of the account, how it was proven, and what a mapping may read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from idp.federation import failures, mapping
from idp.federation.ports import Identity, SessionThere
from idp.federation.provider import Provider
from idp.federation.saml import refusals
from idp.saml.messages import names
from idp.saml.messages.bindings import BadMessage
from idp.saml.messages.decryption import CannotDecrypt, decrypt_id
from idp.saml.messages.elements import all_children, only_child, read_instant
from idp.saml.messages.name_id import NameID, read_name_id
from idp.saml.messages.xml import Element, text_of

NAME_ID: Final = "NameID"  # in `Provider.subject`: the persistent NameID itself
MAX_SUBJECT: Final = 500
#: What others call what we know of people: by the names of eduPerson and inetOrgPerson, of Microsoft, and plain ones.
_MS: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "email": ("urn:oid:0.9.2342.19200300.100.1.3", _MS + "emailaddress", "mail", "email"),
    "name": ("urn:oid:2.16.840.1.113730.3.1.241", "http://schemas.microsoft.com/identity/claims/displayname",
             "displayName", "cn", "urn:oid:2.5.4.3"),
    "given_name": ("urn:oid:2.5.4.42", _MS + "givenname", "givenName"),
    "family_name": ("urn:oid:2.5.4.4", _MS + "surname", "sn"),
    "preferred_username": ("urn:oid:0.9.2342.19200300.100.1.1", "uid", "username"),
}  # fmt: skip
#: Entra says by it how somebody signed in; its AuthnContext says only that they did.
_METHODS: Final = "http://schemas.microsoft.com/claims/authnmethodsreferences"
_OVERAGE: Final = {
    "http://schemas.microsoft.com/claims/groups.link": "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
}


@dataclass(frozen=True, slots=True)
class Stated:
    """An assertion with its AuthnStatement. `ours`: our entityID there; `auth_time`: epoch seconds."""

    ours: str
    assertion: Element
    statement: Element
    auth_time: float


def identity(provider: Provider, said: Mapping[str, Any], stated: Stated, keys: Sequence[Any]) -> Identity:
    """`said`: its `attributes`; `keys`: to decrypt an EncryptedID with. Errors: `Refused`, `BadMessage`."""
    name_id = _name_id(stated.assertion, keys)
    claims = _with_usual(said, name_id)
    email = claims.get("email")
    email = mapping.plain(email) if isinstance(email, str) else ""
    label = next((mapping.plain(str(claims[k])) for k in ("preferred_username", "email", "name") if claims.get(k)), "")
    missing = frozenset(groups for mark, groups in _OVERAGE.items() if mark in said)
    return Identity(
        _subject(provider, stated.ours, name_id, said), label[:200], email,
        # SAML has no word for it: an owner says whether the addresses of its domains are the provider's own.
        provider.vouches and bool(email), stated.auth_time, _proven(stated.statement, said), claims, missing,
        _there(name_id, stated.assertion, stated.statement),
    )  # fmt: skip


def attributes(assertion: Element) -> dict[str, str | list[str]]:
    """By their Name: a FriendlyName is for people to read (Core §2.7.3.1). One value is a text, more are a list."""
    found: dict[str, list[str]] = {}
    for statement in all_children(assertion, names.SAML, "AttributeStatement"):
        for attribute in all_children(statement, names.SAML, "Attribute"):
            values = map(_text, all_children(attribute, names.SAML, "AttributeValue"))
            found.setdefault((attribute.get("Name") or "").strip(), []).extend(filter(None, values))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items() if name}


def _text(value: Element) -> str:
    """Of a NameID inside as well (eduPersonTargetedID)."""
    return "".join(map(str, value.itertext())).strip()


def _with_usual(said: Mapping[str, Any], name_id: NameID | None) -> dict[str, Any]:
    claims: dict[str, Any] = dict(said)
    for ours, theirs in USUAL.items():
        value = next((said[name] for name in theirs if said.get(name)), None)
        if value is not None:
            claims.setdefault(ours, value if isinstance(value, str) else value[0])
    if name_id is not None and name_id.format == names.NAMEID_EMAIL:
        claims.setdefault("email", name_id.value)
    return claims


def _name_id(assertion: Element, keys: Sequence[Any]) -> NameID | None:
    subject = only_child(assertion, names.SAML, "Subject")
    if subject is None:
        return None
    node = only_child(subject, names.SAML, "NameID")
    encrypted = only_child(subject, names.SAML, "EncryptedID")
    if node is not None and encrypted is not None:
        raise BadMessage("the Subject names two people")
    if encrypted is not None:
        try:
            node = decrypt_id(encrypted, keys)
        except CannotDecrypt:
            raise BadMessage("the EncryptedID cannot be decrypted") from None
    return None if node is None else read_name_id(node)


def _subject(provider: Provider, ours: str, name_id: NameID | None, said: Mapping[str, Any]) -> str:
    """The key of the account: stable, and never somebody else's."""
    if provider.subject == (NAME_ID,):
        return _persistent(provider, ours, name_id)
    parts = [said.get(name) for name in provider.subject]
    for name, part in zip(provider.subject, parts, strict=True):
        if not isinstance(part, str) or not part.isprintable() or len(part) > MAX_SUBJECT:
            raise failures.claim(provider, name, "one text that stays the same for ever", str(part)[:40])
    # Two values are two, wherever a colon stands in them.
    return ":".join(quote(str(part), safe="") for part in parts) if len(parts) > 1 else str(parts[0])


def _persistent(provider: Provider, ours: str, name_id: NameID | None) -> str:
    if name_id is None or name_id.format != names.NAMEID_PERSISTENT:
        raise refusals.name_id(provider, "(none)" if name_id is None else name_id.format)
    if not name_id.value.isprintable() or len(name_id.value) > MAX_SUBJECT:
        raise failures.claim(provider, NAME_ID, "one text that stays the same for ever", name_id.value[:40])
    # Core §8.3.7: unique for the pair of qualifiers; those that are left out are the provider and we.
    of, usual = (name_id.name_qualifier or provider.issuer, name_id.sp_name_qualifier or ours), (provider.issuer, ours)
    return _bare(name_id.value, usual) if of == usual else _qualified(*of, name_id.value)


def _bare(value: str, usual: tuple[str, str]) -> str:
    """As it stands, but where it could be read as one with qualifiers. Of ours it is told apart: those are left out."""
    is_ours = not any("!" in one for one in usual) and value.startswith("!".join((*usual, "")))
    is_plain = (value.count("!") < 2 and not value.startswith("!")) or is_ours
    return value if is_plain else "!" + quote(value, safe="")


def _qualified(theirs: str, ours: str, value: str) -> str:
    """With both; what begins with the mark has its parts quoted, since a mark stands in one of them."""
    if "!" in theirs + ours:
        return "!" + "!".join(quote(one, safe="") for one in (theirs, ours, value))
    return "!".join((theirs, ours, value))


def _proven(statement: Element, said: Mapping[str, Any]) -> tuple[str, ...]:
    context = only_child(statement, names.SAML, "AuthnContext")
    classes = [] if context is None else all_children(context, names.SAML, "AuthnContextClassRef")
    methods = said.get(_METHODS, [])
    return (*(text_of(one).strip() for one in classes), *([methods] if isinstance(methods, str) else methods))


def _there(name_id: NameID | None, assertion: Element, statement: Element) -> SessionThere | None:
    """Whose session it is there, and what a LogoutRequest must repeat of it (Prof §4.4.4.1)."""
    if name_id is None:
        return None
    index = statement.get("SessionIndex") or ""
    repeated = {
        "name_id": name_id.value, "format": name_id.format, "name_qualifier": name_id.name_qualifier,
        "sp_name_qualifier": name_id.sp_name_qualifier, "session_index": index,
    }  # fmt: skip
    said_at = read_instant("IssueInstant", assertion.get("IssueInstant"))
    if said_at is None:
        raise BadMessage("the assertion has no IssueInstant")
    return SessionThere(name_id.value, index, said_at, json.dumps(repeated, separators=(",", ":")))
