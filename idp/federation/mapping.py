"""From what a provider says of somebody to what is known of them here: attributes and groups by its table (I7).

What the table does not name is not kept. Nothing here gives a role: roles are granted by people with roles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from idp.accounts import own_address
from idp.accounts.person import InvalidPerson, Person, fold
from idp.attributes import ATTRIBUTES, CLAIM
from idp.audit import Recorder
from idp.federation.links import Link, giver
from idp.federation.ports import Identity
from idp.federation.provider import Provider
from idp.protocols import Services

#: What a new person is called, where the table says nothing.
_FIRST: Final = {"name": "name", "given_name": "given_name", "family_name": "family_name"}
_CLAIMS: Final = frozenset(one.name for one in ATTRIBUTES if one.kept == CLAIM)
MAX_VALUE: Final = 500


@dataclass(frozen=True, slots=True)
class Mapped:
    """What the table makes of it. `groups`: None where the provider did not say, which is not the same as none."""

    values: Mapping[str, str]
    groups: tuple[str, ...] | None


def mapped(provider: Provider, identity: Identity, *, is_new: bool = False) -> Mapped:
    """Attributes and groups. A new person's name is taken without a table, too."""
    table = {**(_FIRST if is_new else {}), **provider.attributes}
    values = {ours: _text(identity.claims.get(theirs)) for ours, theirs in table.items()}
    return Mapped({ours: value for ours, value in values.items() if value}, groups_of(provider, identity))


def groups_of(provider: Provider, identity: Identity) -> tuple[str, ...] | None:
    """The groups here that its table gives. Too many to be sent, or not sent at all, is not none."""
    said = identity.claims.get(provider.groups_claim) if provider.groups_claim else None
    if provider.groups_claim in identity.missing or not isinstance(said, (list, str)):
        return None
    names = [said] if isinstance(said, str) else [one for one in said if isinstance(one, str)]
    return tuple(dict.fromkeys(provider.groups[name] for name in names if name in provider.groups))


def trusted_email(provider: Provider, identity: Identity) -> tuple[str, bool]:
    """The address that may be kept, and whether it counts as verified: only where the provider speaks for its domain.

    An address that nobody vouches for is left out: it would be somebody else's name to sign in with.
    """
    email = identity.email.strip()
    is_ours = fold(email.rpartition("@")[2]) in provider.domains
    if not email or not (is_ours or identity.email_verified):
        return "", False
    return email, is_ours and identity.email_verified


def apply(services: Services, person: Person, provider: Provider, identity: Identity, record: Recorder) -> list[str]:
    """Take over what changed; answers the attributes that could not be, such as an address that is somebody else's."""
    found = mapped(provider, identity).values
    # A name to sign in with is not changed under anybody's hands.
    wanted: dict[str, Any] = {name: value for name, value in found.items() if name not in ("username", "email")}
    if "email" in provider.attributes and not person.roles:
        # Recovery writes to the address: it is one that the provider vouches for, and of nobody who has rights here.
        email, verified = trusted_email(provider, identity)
        wanted |= {"email": email, "email_verified": verified} if verified else {}
    refused = []
    for names in ({"email", "email_verified"} & wanted.keys(), wanted.keys() - {"email", "email_verified"}):
        some = {name: wanted[name] for name in names}
        merge = {name: value for name, value in some.items() if name in _CLAIMS}
        changes: Any = {name: value for name, value in some.items() if name not in merge}
        try:
            if some:
                own_address.update(services, person, merge=merge, record=record, **changes)
        except InvalidPerson as error:
            refused.append(error.field)
    return refused


def regroup(
    services: Services, person: Person, provider: Provider, link: Link, said: tuple[str, ...] | None, record: Recorder
) -> tuple[str, ...]:
    """Into the groups that the provider gives, and out of those that it gave and gives no more, where it owns them.

    Answers those that it has given by now.
    """
    if said is None:
        return link.groups
    # Who put somebody in takes them out: an admin's membership, or another provider's, is never touched.
    by, change = giver(provider.id), services.directory
    here = set(map(fold, person.groups))
    given = [name for name in said if fold(name) not in here and _tried(change.add_to_group, person, name, record, by)]
    wanted = set(map(fold, said))
    kept = []
    for name in link.groups:
        is_over = fold(name) not in wanted and provider.owns_groups
        if not (is_over and _tried(change.remove_from_group, person, name, record, by)):
            kept.append(name)
    return tuple(dict.fromkeys((*kept, *given)))


def _tried(change: Callable[..., Person], person: Person, name: str, record: Recorder, by: str) -> bool:
    """Whether it was done: a group may be filled by somebody else alone."""
    try:
        change(person.id, name, record=record, by=by)
    except InvalidPerson:
        return False
    return True


def _text(value: Any) -> str:
    return plain(value).strip()[:MAX_VALUE] if isinstance(value, str) else ""


def plain(text: str) -> str:
    """Without what nobody can see, such as U+0000, which JSON may hold and PostgreSQL does not take."""
    return "".join(character for character in text if character.isprintable())
