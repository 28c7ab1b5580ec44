"""`doorward client access`: who may open an application: shown, widened, narrowed, lifted."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from idp.cli import application_options, past_access
from idp.cli.by_hand import by_hand
from idp.cli.installation import opened, shell
from idp.cli.terminal import command, complain, print_json, print_table, say, timestamp, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from clients.access import Access, Term
    from clients.client import Client
    from idp.protocols import Services


def add_parsers(verbs: Any) -> None:
    """Add `client access`."""
    access = application_options.add_client(
        with_json(command(verbs, "access", run_access, "show who may open an application, or change it"))
    )
    whole = access.add_mutually_exclusive_group()
    whole.add_argument("--everyone", action="store_true", help="lift the limit")
    whole.add_argument("--nobody", action="store_true", help="nobody may, until somebody is added")
    whole.add_argument("--only", action="store_true", help="exactly those that are added with it, nobody else")
    for option, what in (("--add", "may open it, too"), ("--remove", "is taken out of the limit")):
        access.add_argument(f"{option}-group", metavar="G", action="append", default=[], help=f"this group {what}")
        access.add_argument(
            f"{option}-person", metavar="LOGIN", action="append", default=[], help=f"this person {what}"
        )
    access.add_argument(
        "--starts", metavar="TIME", help="who is added may open it from then on: a day, or 2026-12-01T08:00"
    )
    access.add_argument(
        "--ends", metavar="TIME", help="who is added may open it until then: so, or 8h, 30d; a day with all of it"
    )
    access.add_argument("--new-group", action="store_true", help="the group is meant, though there is none yet")
    access.add_argument("--why", metavar="LOGIN", help="whether this person may open it, and the rule that says so")
    past_access.add_options(access)


def run_access(args: Namespace) -> None:
    """Show or change."""
    from idp.admin.access import described

    changes = bool(args.everyone or args.nobody or args.only or _added(args) or _removed(args))
    changes = changes or bool(args.starts or args.ends)
    if args.why and changes:
        raise Refused("--why: only asks; change the limit without it")
    if past_access.is_asked(args) and changes:
        raise Refused("--at, --from, --until, --format: only ask about another time; change the limit without them")
    with opened(args) as services:
        if past_access.is_asked(args):
            past_access.run(args, services)
            return
        client = application_options.get(services, args.client)
        if args.why:
            _explain(args, services, client)
            return
        if changes:
            client = _change(services, client, args)
        shown = described(services, client)
    if args.json:
        print_json(shown)
        return
    if changes:
        say(f"{client.name}: {words(client.access)}.")
        _note(client, shown)
        return
    rows: list[tuple[str, Any, Any]] = [("everyone", "", shown["people"])] if client.access.everyone else []
    rows += [("group", one["name"], one["members"]) for one in shown["groups"]]
    rows += [("person", one["username"] or f"{one['id']} (removed)", one["name"]) for one in shown["persons"]]
    if any(one.get("from") or one.get("until") for one in (*shown["groups"], *shown["persons"])):
        terms = ["", *map(_until, (*shown["groups"], *shown["persons"]))][-len(rows) :]
        timed = [(*row, term) for row, term in zip(rows, terms, strict=True)]
        print_table(("Who", "Name", "People", "When"), timed, "")
        _note(client, shown)
        return
    print_table(("Who", "Name", "People"), rows, f"Nobody may open {client.name}.")
    _note(client, shown)


# -- below -----------------------------------------------------------------------------------------------------------


def words(access: Access) -> str:
    """A rule in a few words; who is in it stands in `client access`."""
    if access.everyone:
        return "everyone may open it"
    parts = [f"members of {', '.join(sorted(access.groups))}"] if access.groups else []
    count = len(access.persons)
    parts += [f"{count} {'person' if count == 1 else 'people'} by name"] if count else []
    return f"{' and '.join(parts)} may open it" if parts else "nobody may open it"


def _until(one: dict[str, Any]) -> str:
    parts = [f"{word} {timestamp(one[word])}" for word in ("from", "until") if one.get(word)]
    return " ".join(parts)


def _added(args: Namespace) -> list[str]:
    return [*args.add_group, *args.add_person]


def _removed(args: Namespace) -> list[str]:
    return [*args.remove_group, *args.remove_person]


def _change(services: Services, client: Client, args: Namespace) -> Client:
    from idp.admin import access
    from idp.cli import groups, users

    if (args.everyone or args.nobody) and (_added(args) or _removed(args)):
        raise Refused(f"--{'everyone' if args.everyone else 'nobody'}: is the whole rule; add and remove without it")
    if args.only and not _added(args):
        raise Refused("--only: say who, with --add-group or --add-person; --nobody for no one")
    start: access.Start = "everyone" if args.everyone else "nobody" if args.only or args.nobody else "standing"
    try:
        access.check_start(client, start)  # before a word about anybody who is named
    except access.NothingToChange:
        raise Refused(
            f"everyone may open {client.name}, so there is nothing to add to or take from. To limit it, "
            "give --only with --add-group or --add-person"
        ) from None
    wanted = access.Change(
        start=start,
        groups=groups.checked(services, args.add_group, is_new=args.new_group, option="--add-group"),
        persons=tuple(users.get(services, login).id for login in args.add_person),
        less_groups=tuple(_named_group(client, name) for name in args.remove_group),
        less_persons=tuple(_named_person(services, client, login) for login in args.remove_person),
        term=_term(args, services.clock()),
    )
    try:
        with by_hand(services, "application", client.id, client.name):
            return access.change(services, shell(), client, wanted)
    except access.BadTerm as error:
        raise Refused(f"--ends: {error}") from None


def _term(args: Namespace, now: float) -> Term | None:
    from clients.access import Term
    from idp.cli.moments import ahead

    if not (args.starts or args.ends):
        return None
    if not _added(args):
        raise Refused("--starts, --ends: say for whom, with --add-group or --add-person")
    since, until = ahead("--starts", args.starts, now), ahead("--ends", args.ends, now)
    return Term(since[0] if since else None, until[1] if until else None)


def _named_group(client: Client, name: str) -> str:
    from idp.admin import access

    try:
        return access.named_group(client, name)
    except access.NotNamed:
        limit = words(client.access)
        raise Refused(f"--remove-group: the limit of {client.name} names no group “{name}”: {limit}") from None


def _named_person(services: Services, client: Client, login: str) -> str:
    from idp.admin import access, people
    from idp.cli import users

    try:
        return access.named_person(services, client, login)
    except access.NotNamed:
        raise Refused(f"--remove-person: the limit of {client.name} does not name {login}") from None
    except people.UnknownLogin as error:
        raise users.unknown(error) from None


def _explain(args: Namespace, services: Services, client: Client) -> None:
    from clients.access import decide
    from idp.cli import users

    person = users.get(services, args.why)
    decision = decide(client, person.id, person.groups, services.clock())
    if args.json:
        about = {"allowed": decision.allowed, "rule": decision.rule, "reason": decision.reason}
        print_json({"client_id": client.id, "user": person.id, "enabled": person.enabled, **about})
        return
    say(f"{person.username} {'may' if decision.allowed else 'may not'} open {client.name}: {decision.reason}.")
    if not person.enabled:
        say(f"But {person.username} is shut out altogether.")


def _note(client: Client, shown: dict[str, Any]) -> None:
    missing = [one["name"] for one in shown["groups"] if not one["exists"]]
    if missing:
        complain(f"note: there is no group {', '.join(missing)} yet, so it lets nobody in")
    if not (client.access.everyone or client.access.groups or client.access.persons):
        complain(f"note: nobody may open {client.name}; --everyone lifts that")
