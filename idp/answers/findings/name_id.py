"""The NameID format that is asked for: one that is issued here, and that this person can have."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import Final

from idp.answers import persons
from idp.answers.differences import alike
from idp.answers.finding import Finding
from idp.answers.seen import Seen
from idp.saml.assertions import name_ids
from idp.saml.messages import names

_SETTINGS: Final = {
    names.NAMEID_EMAIL: "email", names.NAMEID_PERSISTENT: "persistent", names.NAMEID_TRANSIENT: "transient",
    names.NAMEID_UNSPECIFIED: "unspecified",
}  # fmt: skip


def look(seen: Seen) -> Iterator[Finding]:
    """Core §3.2.2.2: InvalidNameIDPolicy."""
    if seen.code != "saml_invalidnameidpolicy" or seen.told("field") == "Subject":
        return
    policy = seen.asked.policy if seen.asked is not None else None
    got = policy.format or "" if policy is not None else ""
    qualifier = policy.sp_name_qualifier or "" if policy is not None else ""
    if got and got not in name_ids.SUPPORTED and not got.endswith(":encrypted"):
        yield Finding("name_id_format", "application", "NameIDPolicy", _format_fix(seen, got), _issued(), got[:200])
    elif "SPNameQualifier" in seen.told("message"):
        own = seen.client.saml.entity_id if seen.client.saml is not None else ""
        fix = (
            "Leave SPNameQualifier out, or set it to the application's own entity ID; affiliations are not known here."
        )
        yield Finding("name_id_qualifier", "application", "SPNameQualifier", fix, own, qualifier[:200])
    elif "AllowCreate" in seen.told("message"):
        fix = "The application asks for nobody new (AllowCreate=false), and this person is new to it: let it send "
        fix += f"AllowCreate=true, or take another format: {_set(seen)}"
        yield Finding("name_id_not_made", "application", "AllowCreate", fix, "true", "false")
    else:
        yield _of_person(seen, got)


def _of_person(seen: Seen, got: str) -> Finding:
    """The format is all right, and this person has no such value."""
    wanted = got or (seen.client.saml.name_id_format or "" if seen.client.saml is not None else "")
    lacks = seen.told("what").removeprefix("the person has no ") or "such a value"
    how = (
        f"doorward user set {persons.LOGIN} --claim {quote(lacks)}=VALUE"
        if lacks != "email"
        else f"doorward user set {persons.LOGIN} --email ADDRESS"
    )
    fix = (
        f"Give the person the attribute {lacks}: {how} – or let {seen.client.name} have another format. {_takes(seen)}"
    )
    fix += "That changes the identifier of everybody there, and it may not know its people any more: "
    fix += _set(seen)
    return Finding(
        "name_id_of_person", "person", "NameID", fix,
        f"{_tail(wanted) or 'a NameID'}: the person's {lacks}", "this person has none",
    )  # fmt: skip


def _format_fix(seen: Seen, got: str) -> str:
    near = next((one for one in name_ids.SUPPORTED if _tail(one).casefold() == _tail(got).casefold()), None)
    near = near or next((one for one in name_ids.SUPPORTED if alike(_tail(got), _tail(one))), None)
    meant = f"The format {_tail(near)} is written {near}. " if near is not None else ""
    return f"{meant}Set another NameID format in the application. {_takes(seen)}Overrule it here: {_set(seen)}"


def _takes(seen: Seen) -> str:
    """What the service provider would take, by its metadata."""
    provider = seen.client.saml
    formats = [_tail(one) for one in provider.name_id_formats] if provider is not None else []
    return f"By its metadata it takes {', '.join(formats)}. " if formats else "Its metadata names no format. "


def _set(seen: Seen) -> str:
    """The command for a format that it takes and everybody has."""
    provider = seen.client.saml
    taken = provider.name_id_formats if provider is not None else ()
    one = next((_SETTINGS[one] for one in taken if one in _SETTINGS and one != names.NAMEID_EMAIL), None)
    default = (
        "persistent" if seen.asked and seen.asked.policy and seen.asked.policy.format == names.NAMEID_EMAIL else "email"
    )
    return f"doorward client set {seen.client.id} name_id_format={one or default}"


def _issued() -> str:
    return ", ".join(sorted(_tail(one) for one in name_ids.ADVERTISED))


def _tail(format_uri: str) -> str:
    return format_uri.rpartition(":")[2]
