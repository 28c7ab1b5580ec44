"""`doorward … history` and `undo`, for what has a history: who changed it, and a change taken back (C6)."""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from idp.cli.installation import opened, shell
from idp.cli.terminal import command, print_json, print_table, printable, say, timestamp, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from idp.admin.histories.changes import Change
    from idp.audit import Event
    from idp.protocols import Services

_MANY: Final = 50
_AGAIN: Final = "it was changed again since; look at it, and change it by hand"


@dataclass(frozen=True, slots=True)
class Noun:
    """What has a history. `verb`: its command; `word`: its argument.

    `past`: changes of one, or of all for ''; `undo`: takes one back; `undo_in`: of one that changed several things at
    once, what it did to the one that is named by the option of its command.
    """

    verb: str
    name: str
    word: str
    help: str
    past: Callable[[Services, str], Iterable[Change]]
    undo: Callable[[Services, str], None]
    of_all: bool = False
    undo_in: Callable[[Services, str, str], None] | None = None


def add_parsers(verbs: Any, noun: Noun) -> None:
    """Add both to the verbs of a noun."""
    told = with_json(command(verbs, "history", partial(run_history, noun), f"who changed {noun.name}"))
    back = with_json(command(verbs, "undo", partial(run_undo, noun), "put back what a change replaced"))
    told.add_argument("which", metavar=noun.word, help=noun.help, default="", nargs="?" if noun.of_all else None)
    back.add_argument("change", metavar="CHANGE", help="its id, as `history` has it")
    if noun.undo_in is not None:
        back.add_argument(
            "--in", dest="within", metavar=noun.word, default="", help=f"what it did to this {noun.verb} alone"
        )


def run_history(noun: Noun, args: Namespace) -> None:
    """Who changed one, the latest first."""
    with opened(args) as services:
        found = tuple(noun.past(services, args.which))
    if args.json:
        print_json({"changes": [
            {"id": one.id, "at": one.at, "action": one.action, "who": one.who, "address": one.address,
             "secret_replaced": one.secret, "can_undo": one.can_undo,
             "differences": {d.field: [d.old, d.new] for d in one.differences}}
            for one in found
        ]})  # fmt: skip
        return
    rows = [
        (one.id, timestamp(one.at), one.action, printable(one.who),
         ", ".join([*(d.field for d in one.differences), *(["secret"] if one.secret else [])]),
         "yes" if one.can_undo else "no")
        for one in found
    ]  # fmt: skip
    print_table(
        ("Change", "When", "What", "Who", "Fields", "Undo"), rows, "Nothing was changed in the time that is kept."
    )


def run_undo(noun: Noun, args: Namespace) -> None:
    """Take a change back."""
    from idp.admin.histories.changes import NoSuchChange

    with opened(args) as services, _explained(noun):
        try:
            if noun.undo_in is not None and args.within:
                noun.undo_in(services, args.change, args.within)
            else:
                noun.undo(services, args.change)
        except NoSuchChange:
            raise Refused(_no_such(services, noun, args.change)) from None
    if args.json:
        print_json({"undone": args.change})
    else:
        say("Undone.")


def _no_such(services: Services, noun: Noun, change: str) -> str:
    from idp.audit import find

    lists = f"`doorward {noun.verb} history` has those that it can be done with"
    if find(services.db, change) is None:
        return f"there is no such change; {lists}"
    return (
        f"this change cannot be taken back: it says too little of what was before, or it is of something else; {lists}"
    )


@contextlib.contextmanager
def _explained(noun: Noun) -> Iterator[None]:
    """What an undo says no with, in a sentence. Errors: `Refused`."""
    from clients.errors import ChangedMeanwhile as OtherClient
    from clients.errors import InvalidMetadata
    from idp.accounts.person import InvalidPerson, PersonChanged
    from idp.accounts.sign_in_rules.keeping import ChangedMeanwhile as OtherRule
    from idp.admin.histories.groups import ChangedMeanwhile as OtherGroup

    try:
        yield
    except (OtherClient, PersonChanged, OtherRule, OtherGroup):
        raise Refused(_AGAIN) from None
    except InvalidPerson as error:
        raise Refused(error.message) from None
    except InvalidMetadata as error:
        raise Refused(str(error)) from None


# -- what has one ----------------------------------------------------------------------------------------------------


def _event(services: Services, change: str) -> Event:
    """Errors: `NoSuchChange`."""
    from idp.admin.histories import changes

    return changes.undoable(services, change, lambda _: True)


def _client_past(services: Services, which: str) -> Iterable[Change]:
    from idp.admin.histories import applications
    from idp.cli.application_options import get

    return applications.of(services, get(services, which).id, many=_MANY)


def _client_undo(services: Services, change: str) -> None:
    from idp.admin.histories import applications

    applications.undo(services, shell(), _event(services, change).client_id or "", change)


def _user_past(services: Services, which: str) -> Iterable[Change]:
    from idp.admin.activity import Names
    from idp.admin.histories import people
    from idp.cli.users import get

    names = Names(services)
    return [people.entry(event, names) for event in people.of(services, get(services, which), many=_MANY)]


def _user_undo(services: Services, change: str) -> None:
    from idp.admin.histories import people
    from idp.admin.histories.changes import NoSuchChange

    person = services.directory.find(_event(services, change).person_id or "")
    if person is None:
        raise NoSuchChange(change)
    people.undo(services, shell(), person, change)


def _group_past(services: Services, which: str) -> Iterable[Change]:
    from idp.admin.histories import groups
    from idp.cli.groups import get

    return groups.of(services, shell(), get(services, which), many=_MANY)


def _group_undo(services: Services, change: str) -> None:
    from idp.accounts.groups import find_by_id
    from idp.admin.histories import groups
    from idp.admin.histories.changes import NoSuchChange

    event = _event(services, change)
    if event.action == "person:groups":
        _moved_undo(services, event)
        return
    group = find_by_id(services.db, str(event.detail.get("group_id") or ""))
    if group is None:
        raise NoSuchChange(change)
    groups.undo(services, shell(), group, change)


def _moved_undo(services: Services, event: Event) -> None:
    """Somebody came or left: of one group that is its change, of several at once it is said of which."""
    from idp.accounts.groups import find, find_by_id
    from idp.admin.histories import groups

    ids = groups.moved(event)
    named = [*(event.detail.get("added") or ()), *(event.detail.get("removed") or ())]
    found = [find_by_id(services.db, one) for one in ids] if ids else [find(services.db, name) for name in named]
    there = [one for one in found if one is not None]
    if not there:
        raise Refused("the group is not there any more, so nobody can be put back into it, or taken out of it")
    if len(named) > 1:
        names = ", ".join(f"“{printable(one.name)}”" for one in there)
        raise Refused(
            f"it moved somebody in several groups: say in which it is taken back, --in {names}; "
            f"all of it: doorward user undo {event.id}"
        )
    groups.undo(services, shell(), there[0], event.id)


def _group_undo_in(services: Services, change: str, which: str) -> None:
    from idp.admin.histories import groups
    from idp.cli.groups import get

    groups.undo(services, shell(), get(services, which), change)


def _rule_past(services: Services, which: str) -> Iterable[Change]:
    from idp.admin.histories import rules
    from idp.cli.sign_in_rules import find

    return rules.of(services, shell(), find(services, which).id if which else "", many=_MANY)


def _rule_undo(services: Services, change: str) -> None:
    from idp.admin.histories import rules
    from idp.cli.sign_in_rules import explained

    with explained():
        rules.undo(services, shell(), change)


def _provider_past(services: Services, which: str) -> Iterable[Change]:
    from idp.admin.histories import providers
    from idp.cli.providers import find

    return providers.of(services, shell(), find(services, which).provider.id, many=_MANY)


def _provider_undo(services: Services, change: str) -> None:
    from idp.admin.histories import providers
    from idp.cli.providers import explained
    from idp.federation.keeping import ChangedMeanwhile

    with explained():
        try:
            providers.undo(services, shell(), change)
        except ChangedMeanwhile:
            raise Refused(_AGAIN) from None


def _attribute_past(services: Services, which: str) -> Iterable[Change]:
    from idp.admin.histories import attributes

    return attributes.of(services, shell(), which, many=_MANY)


def _attribute_undo(services: Services, change: str) -> None:
    from clients.attributes.kept import AttributeChanged
    from idp.admin.histories import attributes

    try:
        attributes.undo(services, shell(), change)
    except AttributeChanged:
        raise Refused(_AGAIN) from None


_NAME: Final = "its name or id"
CLIENT: Final = Noun("client", "an application", "CLIENT", "its id or name", _client_past, _client_undo)
USER: Final = Noun("user", "an account", "LOGIN", "anything they sign in with, or their id", _user_past, _user_undo)
GROUP: Final = Noun(
    "group", "a group, and who is in it", "GROUP", "its name, in any spelling", _group_past, _group_undo,
    undo_in=_group_undo_in,
)  # fmt: skip
RULE: Final = Noun("rule", "the rules, or one", "RULE", _NAME, _rule_past, _rule_undo, of_all=True)
ATTRIBUTE: Final = Noun(
    "attribute", "the attributes, or one", "NAME", "the claim’s name", _attribute_past, _attribute_undo, of_all=True
)
PROVIDER: Final = Noun("provider", "a provider", "PROVIDER", _NAME, _provider_past, _provider_undo)
