"""An application on the command line: named, given access, told what is wrong with it under the option to change."""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from idp.installation.failures import Refused

if TYPE_CHECKING:
    from clients.access import Access
    from clients.client import Client
    from clients.errors import Problem
    from idp.protocols import Services

#: The option that sets a field, where it is not `--set field=…`.
OPTIONS = {
    "client_name": "--name",
    "profile": "--profile",
    "redirect_uris": "--redirect-uri",
    "post_logout_redirect_uris": "--post-logout-redirect-uri",
    "backchannel_logout_uri": "--backchannel-logout-uri",
    "consent": "--consent",
}


def add_client(parser: Any) -> Any:
    """Add the argument that names an application."""
    parser.add_argument("client", metavar="ID", help="the client id, or the name where only one has it")
    return parser


def add_access(parser: Any) -> None:
    """Add the options that say who may use an application."""
    parser.add_argument(
        "--group", metavar="G", action="append", default=[], help="only this group's members may use it"
    )
    parser.add_argument("--person", metavar="LOGIN", action="append", default=[], help="only this person may")
    parser.add_argument("--new-group", action="store_true", help="the group is meant, though there is none yet")


def get(services: Services, given: str) -> Client:
    """The application that somebody means, by id or by a name that only one has. Errors: `Refused`."""
    from idp.admin import applications as verbs

    with naming_one():
        found = verbs.find(services, given)
    if found is None:
        near = " or ".join(f"“{name}”" for name in verbs.similar(services, given))
        hint = f"did you mean {near}?" if near else "`doorward client list` shows all"
        raise Refused(f"no application has the id or name “{given}”; {hint}")
    return found


@contextlib.contextmanager
def naming_one() -> Iterator[None]:
    """A name that several have, with their ids. Errors: `Refused`."""
    from idp.admin import applications as verbs

    try:
        yield
    except verbs.Ambiguous as error:
        ids = error.ids
        raise Refused(f"{len(ids)} applications are called “{error.name}”; give the id: {', '.join(ids)}") from None


def rule(services: Services, args: Namespace) -> Access:
    """Who may use an application, from the options. Errors: `Refused`."""
    from clients.access import EVERYONE, Access
    from idp.cli import groups, users

    if not args.group and not args.person:
        return EVERYONE
    names = groups.checked(services, args.group, is_new=args.new_group)
    return Access.only(groups=names, persons=[users.get(services, login).id for login in args.person])


def settings(given: list[str], where: str, fields: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`key=value` of the command line; `fields`: others than those of RFC 7591.

    What cannot be read stands there as `Wrong`, and is told with all else that is wrong when it is registered.
    """
    from clients.errors import Problem
    from clients.metadata import FIELDS, Wrong, read_setting

    found: dict[str, Any] = {}
    for entry in given:
        key, equals, text = entry.partition("=")
        if not equals:
            lacks = f"{where}: “{entry}” has no value; write it like access_token_format=jwt"
            found[entry] = Wrong((Problem("", lacks),))
        elif not isinstance(found.get(key), Wrong):
            found[key] = read_setting(key, text, fields or FIELDS)
    return found


@contextlib.contextmanager
def naming_options(other: str = "--set {}", options: Mapping[str, str] | None = None) -> Iterator[None]:
    """Everything that is wrong with a registration, each under the option to change."""
    from clients.errors import InvalidMetadata

    try:
        yield
    except InvalidMetadata as error:
        options = options or (OPTIONS if other != "{}" else {})
        raise Refused(*(_line(problem, options, other) for problem in error.problems)) from None


def _line(problem: Problem, options: Mapping[str, str], other: str) -> str:
    if not problem.field:  # about the words of the command: they are named in it
        return problem.message
    return f"{options.get(problem.field) or other.format(problem.field)}: {problem.message}"
