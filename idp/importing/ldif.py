"""A directory's people and groups, as slapcat or ldapsearch write them (LDIF, RFC 2849)."""

from __future__ import annotations

import io
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from idp.accounts.carrying import Carried
from idp.accounts.hash_schemes import UnknownScheme
from idp.accounts.person import Draft
from idp.importing import hashes
from idp.importing.found import Found, Left, NotReadable, Someone

Entry = Mapping[str, list[Any]]
_PEOPLE: Final = frozenset(("inetorgperson", "person", "organizationalperson", "posixaccount", "account", "user"))
_GROUPS: Final = frozenset(("groupofnames", "groupofuniquenames", "posixgroup", "group", "groupofmembers"))
_NO_PEOPLE: Final = frozenset(("computer", "msds-groupmanagedserviceaccount"))
#: RFC 4519 and 2798, as claims of Core 1.0 §5.1.
_CLAIMS: Final = {
    "givenname": "given_name", "sn": "family_name", "telephonenumber": "phone_number", "mobile": "phone_number",
    "preferredlanguage": "locale", "labeleduri": "website", "title": "title", "departmentnumber": "department",
    "department": "department", "manager": "manager", "o": "organization", "company": "organization",
}  # fmt: skip
_DISABLED: Final = 0x2  # userAccountControl, ACCOUNTDISABLE
_FOR_EVER: Final = "000001010000Z"  # draft-behera-ldap-password-policy §5.3.3, pwdAccountLockedTime


def read(files: Sequence[bytes]) -> Found:
    """People with the groups that hold them. Errors: `NotReadable`."""
    entries = [pair for raw in files for pair in _entries(raw)]
    groups = _groups(entries)
    left: list[Left] = []
    people = []
    for dn, entry in entries:
        kinds = {str(kind).lower() for kind in entry.get("objectclass", ())}
        if kinds & _PEOPLE and not kinds & (_NO_PEOPLE | _GROUPS):
            people.append(_someone(dn, entry, groups, left))
    if not people:
        raise NotReadable("there is nobody in it: people are entries of inetOrgPerson, person, posixAccount or user")
    names = tuple(dict.fromkeys(name for found in groups.values() for name in found))
    return Found(product="LDIF", people=tuple(one for one in people if one), groups=names, left=tuple(left))


def _entries(raw: bytes) -> Iterator[tuple[str, Entry]]:
    import logging

    from ldif import LDIFParser

    logging.getLogger("ldif").setLevel(logging.ERROR)  # the last lines of ldapsearch are no entry
    try:
        for dn, entry in LDIFParser(io.BytesIO(raw), strict=False).parse():
            if dn:
                yield dn, {name.lower().partition(";")[0]: values for name, values in entry.items()}
    except (ValueError, KeyError, IndexError) as error:
        raise NotReadable(f"it is no LDIF: {error}") from None


def _groups(entries: Sequence[tuple[str, Entry]]) -> dict[str, list[str]]:
    """The names of groups by who is in them: a folded DN, or a username."""
    found: dict[str, list[str]] = {}
    for _, entry in entries:
        if not {str(kind).lower() for kind in entry.get("objectclass", ())} & _GROUPS:
            continue
        name = _first(entry, "cn")
        for key in ("member", "uniquemember", "memberuid"):
            for member in entry.get(key, ()) if name else ():
                found.setdefault(_plain(str(member)), []).append(name)
    return found


def _someone(dn: str, entry: Entry, groups: Mapping[str, list[str]], left: list[Left]) -> Someone | None:
    name = _first(entry, "uid") or _first(entry, "samaccountname") or _first(entry, "userprincipalname")
    if not name:
        left.append(Left("person", dn, "has no uid, sAMAccountName or userPrincipalName to sign in with"))
        return None
    claims = {ours: _first(entry, theirs) for theirs, ours in reversed(_CLAIMS.items()) if _first(entry, theirs)}
    joined = [*groups.get(_plain(dn), ()), *groups.get(_plain(name), ())]
    draft = Draft(
        username=name, email=_first(entry, "mail") or None, name=_first(entry, "displayname") or _first(entry, "cn"),
        employee_number=_first(entry, "employeenumber") or None, claims=claims, groups=tuple(dict.fromkeys(joined)),
    )  # fmt: skip
    carried = Carried(draft=draft, id=_first(entry, "entryuuid").lower(), enabled=_is_enabled(entry))
    return _with_password(carried, entry, left)


def _with_password(carried: Carried, entry: Entry, left: list[Left]) -> Someone:
    stored = [_text(value) for value in entry.get("userpassword", ())]
    for text in stored:
        if not text.startswith("{"):  # RFC 4519 §2.41: the password itself
            return Someone(carried=carried, clear=text)
        if text.upper().startswith("{CLEARTEXT}"):
            return Someone(carried=carried, clear=text[len("{CLEARTEXT}") :])
        try:
            return hashes.given(carried, hashes.ldap(text))
        except UnknownScheme as error:
            left.append(Left("password", carried.draft.username, f"{error}: they set a new one"))
    return Someone(carried=carried)


def _is_enabled(entry: Entry) -> bool:
    control = _first(entry, "useraccountcontrol")
    is_off = control.lstrip("-").isdigit() and int(control) & _DISABLED
    is_locked = _first(entry, "nsaccountlock").lower() == "true" or _first(entry, "pwdaccountlockedtime") == _FOR_EVER
    return not (is_off or is_locked)


def _first(entry: Entry, name: str) -> str:
    values = entry.get(name) or ()
    return _text(values[0]).strip() if values else ""


def _text(value: Any) -> str:
    """A value; one that is no UTF-8 comes as bytes, or was written in base64 twice by old tools."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    text = str(value)
    if text.startswith("e1") and "{" not in text:  # "{…" once more in base64
        try:
            return b64decode(text, validate=True).decode("ascii")
        except ValueError:
            return text
    return text


def _plain(dn: str) -> str:
    """A name in the form in which two are compared: RFC 4514 §2.4 leaves room for spaces."""
    return ",".join(part.strip() for part in dn.casefold().split(","))
