"""Claims that an application's own rows make of a person (R5): of what it may have, in the place of what was there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from weakref import WeakKeyDictionary

from clients.claim_rules import Outcome, Rules
from clients.client import Client
from idp.attributes import ATTRIBUTES

#: Core §5.1: says of the other one that it was checked, so it is told with that very value alone.
_CHECKED: Final = {"email": "email_verified", "phone_number": "phone_number_verified"}
_unreadable: WeakKeyDictionary[Client, frozenset[str]] = WeakKeyDictionary()


def scopes_missing(scopes: frozenset[str]) -> dict[str, str]:
    """The attributes that rows of an application with these scopes may not read, and which scope gives each."""
    return {one.name: one.scope for one in ATTRIBUTES if one.scope and one.scope not in scopes}


def explain(client: Client, known: Mapping[str, Any], rules: Rules | None = None) -> list[Outcome]:
    """What each claim is for a person, and by which row. `known`: what the application may be told of them.

    `rules`: others than its own, to try them.
    """
    hidden = _unreadable.get(client)
    if hidden is None:
        hidden = _unreadable[client] = frozenset(scopes_missing(client.oidc.scopes))
    readable = {name: value for name, value in known.items() if name not in hidden} if hidden else known
    return (client.oidc.claim_rules if rules is None else rules).explain(readable, known.get("groups") or ())


def placed(client: Client, known: Mapping[str, Any], there: Mapping[str, Any]) -> dict[str, Any]:
    """`there`, with the claims of the rows made of what is `known`: a claim that has rows is what they say, or is none.

    Its variants by language go with it, and the same name in other letters: they are those of another value, and many
    readers see no case.
    """
    names = frozenset(name.lower() for name in client.oidc.claim_rules.names)
    made = {one.name: one.value for one in explain(client, known) if one.value is not None}
    found = {name: value for name, value in there.items() if names.isdisjoint(_spellings(name))}
    return with_own_marks({**found, **made}, known, names)


def with_own_marks(told: Mapping[str, Any], known: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """What is told without saying that a value was checked which is another one than that of the person.

    `names`: the claims that the application's own table or rows make.
    """
    own = {name.lower() for name in names} & _CHECKED.keys()
    gone = {_CHECKED[name] for name in own if not _is_same(_told(told, name), known.get(name))}
    return {name: value for name, value in told.items() if name not in gone}


def _spellings(name: str) -> tuple[str, str]:
    lower = name.lower()
    return lower, lower.partition("#")[0]


def _told(told: Mapping[str, Any], claim: str) -> Any:
    """The one value of a claim, in whatever letters it is told; None of none, or of several."""
    values = [value for name, value in told.items() if name.lower() == claim]
    return values[0] if values and all(_is_same(one, values[0]) for one in values) else None


def _is_same(made: Any, known: Any) -> bool:
    # Not folded: in an address, ß is no ss.
    return isinstance(made, str) and isinstance(known, str) and made.lower() == known.lower()
