"""`doorward import`: everybody and everything from another product, by its export."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from idp.cli import secrets_file
from idp.cli.installation import opened, shell
from idp.cli.terminal import command, complain, count_people, print_json, printable, progress_of, say, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from idp.importing.found import Left
    from idp.importing.verbs import Done, Plan

_SHOWN: Final = 40  # of what is left; --json has all
_PRODUCTS: Final = ("keycloak", "authentik", "authelia", "ldif", "csv", "htpasswd")


def add_parsers(commands: Any) -> None:
    """Add `import`."""
    parser = with_json(
        command(commands, "import", run, "carry people, groups and applications over from another product")
    )
    parser.add_argument("product", choices=_PRODUCTS, help="which product, or which kind of file")
    parser.add_argument("files", metavar="FILE", nargs="+", help="its export; several files where it has several")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be made, and what would be left")
    parser.add_argument("--roles-as-groups", action="store_true", help="keycloak: realm roles become groups")
    parser.add_argument("--secrets-file", metavar="NEW", help="write new secrets there (mode 600), not to the output")


def run(args: Namespace) -> int:
    """Read, look, do; 1 where something went wrong that the look had not shown."""
    from idp.importing import reading
    from idp.importing.found import NotReadable

    files = [_bytes(file) for file in args.files]
    try:
        found = reading.read(args.product, files, roles_as_groups=args.roles_as_groups)
    except NotReadable as error:
        raise Refused(f"FILE: {error}") from None
    with opened(args) as services, progress_of("import") as show, secrets_file.made(args.secrets_file) as file:
        from idp.importing import verbs

        plan = verbs.look(services, shell(), found)
        secrets: dict[str, str] = {}
        done = None
        try:
            if not args.dry_run:
                done = verbs.carry_out(services, shell(), plan, show, _keeper(file, secrets))
        except BaseException:  # whatever stops it, what is registered by now has its secret
            say(*(f"New secret of {client}: {secret}" for client, secret in secrets.items()))
            raise
    if args.json:
        print_json(_described(plan, done, secrets))
    else:
        _tell(args, plan, done, secrets)
    return 1 if done is not None and done.left else 0


# -- below -------------------------------------------------------------------------------------------------------------


def _bytes(file: str) -> bytes:
    from idp.importing.reading import MAX_BYTES

    try:
        raw = sys.stdin.buffer.read(MAX_BYTES + 1) if file == "-" else _read(Path(file), MAX_BYTES + 1)
    except OSError as error:
        raise Refused(f"FILE: {file} cannot be read: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        raise Refused(f"FILE: {file} has more than {MAX_BYTES >> 20} MiB")
    return raw


def _read(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        return file.read(most)


def _keeper(file: Any, secrets: dict[str, str]) -> Callable[[str, str], None]:
    """Takes each new secret when it is made: into the file, else among those for the output."""

    def keep(client_id: str, secret: str) -> None:
        if file is None:
            secrets[client_id] = secret
        else:
            secrets_file.write(file, {"client_id": client_id, "client_secret": secret})

    return keep


def _tell(args: Namespace, plan: Plan, done: Done | None, secrets: dict[str, str]) -> None:
    counts = (
        (len(plan.people), len(plan.groups), len(plan.applications), len(plan.service_providers)) if done is None
        else (done.people, done.groups, done.applications, done.service_providers)
    )  # fmt: skip
    people, groups, apps, providers = counts
    made = "Would carry over" if done is None else "Carried over"
    things = (
        count_people(people), _many(groups, "group"), _many(apps, "OpenID Connect application"),
        _many(providers, "SAML service provider"),
    )  # fmt: skip
    say(f"{made} {', '.join(things)} from {plan.product}.")
    if plan.known:
        say(f"Here already, and left as they are: {len(plan.known):,}.")
    left = [*plan.left, *(done.left if done is not None else ())]
    if left:
        kinds = Counter(one.kind for one in left)
        complain(f"Cannot be carried over: {', '.join(f'{kind} ×{many:,}' for kind, many in kinds.items())}")
        complain(*(printable(f"  {one.kind} of {one.name}: {one.why}") for one in left[:_SHOWN]))
        if len(left) > _SHOWN:
            complain(f"  and {len(left) - _SHOWN:,} more; --json has all")
    for client, secret in secrets.items():
        say(f"New secret of {client}: {secret}")
    if done is None:
        say("Nothing is done yet: say it again without --dry-run.")


def _many(many: int, what: str) -> str:
    return f"{many:,} {what}{'' if many == 1 else 's'}"


def _described(plan: Plan, done: Done | None, secrets: dict[str, str]) -> dict[str, Any]:
    left = [*plan.left, *(done.left if done is not None else ())]
    return {
        "done": done is not None,
        "people": len(plan.people) if done is None else done.people,
        "groups": len(plan.groups) if done is None else done.groups,
        "applications": len(plan.applications) if done is None else done.applications,
        "service_providers": len(plan.service_providers) if done is None else done.service_providers,
        "known": list(plan.known),
        "left": [_row(one) for one in left],
        "secrets": secrets,
    }


def _row(one: Left) -> dict[str, str]:
    return {"kind": one.kind, "name": one.name, "why": one.why}
