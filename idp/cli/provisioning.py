"""`doorward provision …`: people and groups that are written to applications by SCIM (Y2)."""

from __future__ import annotations

import contextlib
import time
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

from idp.cli import application_options
from idp.cli.installation import opened, shell
from idp.cli.provisioning_shown import of_object, of_standing, show_object, show_standing
from idp.cli.terminal import command, complain, group, print_json, print_table, printable, say, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from idp.protocols import Services
    from idp.provisioning.target import Said


RESTS: Final = 30.0  # seconds that a command waits for a target that is left alone


def add_parsers(commands: Any) -> None:
    """Add `provision`."""
    verbs = group(commands, "provision", "people and groups that are written to applications by SCIM")
    with_json(command(verbs, "list", run_list, "list the applications that people are written to"))
    add = _app(with_json(command(verbs, "add", run_add, "write people to an application from now on")))
    _options(add)
    add.add_argument("--off", action="store_true", help="send nothing yet: look first, then `provision change --on`")
    change = _app(with_json(command(verbs, "change", run_change, "say something else of it, or turn it off and on")))
    _options(change)
    state = change.add_mutually_exclusive_group()
    state.add_argument("--on", action="store_true", help="write there, and try again what was refused")
    state.add_argument("--off", action="store_true", help="send nothing; what changes meanwhile is sent later")
    show = _app(with_json(command(verbs, "show", run_show, "how it stands, object by object")))
    show.add_argument("--of", metavar="NAME", help="one person, or group: what was sent last, and what it answered")
    show.add_argument("--state", metavar="S", default="", help="only those in this state, such as refused; or ends")
    _app(with_json(command(verbs, "test", run_test, "whether it answers, and what it can do; nothing is changed")))
    release = _app(with_json(command(verbs, "release", run_release, "let those end there whom the brake has held")))
    release.add_argument("--yes", metavar="N", type=int, help="let them, who are so many; without it they are listed")
    sync = _app(with_json(command(verbs, "sync", run_sync, "look at everybody, and send all of it anew")))
    sync.add_argument("--failed", action="store_true", help="only what failed or was refused")
    sync.add_argument("--wait", action="store_true", help="send it here and now, beside the server")
    _app(with_json(command(verbs, "dry-run", run_dry_run, "what would be sent now; nothing is asked")))
    _app(with_json(command(verbs, "drift", run_drift, "what is different there; nothing is changed")))
    _app(with_json(command(verbs, "remove", run_remove, "write there no more; what is there stays there")))


def _app(parser: Any) -> Any:
    return application_options.add_client(parser)


def _options(parser: Any) -> None:
    parser.add_argument("--url", metavar="URL", help="its SCIM address, such as https://app.example.com/scim/v2")
    parser.add_argument("--secret-file", metavar="FILE", help="its token, or the client's secret; - is stdin")
    parser.add_argument("--token-url", metavar="URL", help="where its tokens come from, by client credentials")
    parser.add_argument("--token-client", metavar="ID", help="the client id that it has given us")
    parser.add_argument("--token-scope", metavar="S", help="the scope that is asked for")
    parser.add_argument("--off-means", choices=("disable", "delete", "nothing"), help="who may not open it any more")
    parser.add_argument("--brake", metavar="N", type=int, help="people who may end there within a day unasked (20)")
    parser.add_argument("--brake-share", metavar="PERCENT", type=int,
                        help="or, where that is more, so many percent of those there (10); 100: no brake")  # fmt: skip
    parser.add_argument("--groups", choices=("groups", "entitlements", "no"), help="how groups are told")
    parser.add_argument("--group", metavar="G", action="append", help="tell this group (repeatable); else the limit's")
    parser.add_argument(
        "--map", metavar="A=OURS", action="append", default=[],
        help="an attribute of SCIM and what goes there: userName=email, title=, userType==staff (repeatable)",
    )  # fmt: skip
    adopts = parser.add_mutually_exclusive_group()
    adopts.add_argument("--adopts", action="store_true", default=None, help="who is there under the name is taken over")
    adopts.add_argument("--no-adopts", dest="adopts", action="store_false", help="who is there stays as they are")


# -- verbs -----------------------------------------------------------------------------------------------------------


def run_list(args: Namespace) -> None:
    """List targets."""
    from idp.admin import provisioning

    with opened(args) as services:
        found = [(one, services.registry.get(one.target.client_id)) for one in provisioning.list_of(services, shell())]
    if args.json:
        print_json({"targets": [of_standing(one, client) for one, client in found]})
        return
    rows = [
        (printable(client.name), client.id, one.target.said.url, one.target.state, sum(one.counts["user"].values()),
         sum(one.counts["group"].values()), sum(one.counts[kind].get("refused", 0) for kind in ("user", "group")))
        for one, client in found
    ]  # fmt: skip
    print_table(("Application", "Id", "Address", "State", "People", "Groups", "Refused"), rows,
                "None: `doorward provision add` writes people to an application.")  # fmt: skip


def run_add(args: Namespace) -> None:
    """Write to one."""
    from idp.admin import provisioning
    from idp.provisioning.target import Said

    if not args.url:
        raise Refused("--url: say its SCIM address")
    with opened(args) as services, _explained():
        client = application_options.get(services, args.client)
        said = _said(args, Said(url=args.url))
        made = provisioning.add(services, shell(), client, said, _secret(args) or "", on=not args.off)
    if args.json:
        print_json(of_standing(made, client))
        return
    if args.off:
        say(f"Nothing is sent to {printable(client.name)} yet. Look, then turn it on:")
        say(*(f"  doorward provision {verb}" for verb in (f"test {client.id}", f"dry-run {client.id}",
                                                           f"change {client.id} --on")))  # fmt: skip
        return
    say(f"People are written to {printable(client.name)} from now on, by {made.target.said.url}.")
    say(f"Look: doorward provision test {client.id}; doorward provision show {client.id}")


def run_change(args: Namespace) -> None:
    """Change one."""
    from idp.admin import provisioning

    with opened(args) as services, _explained():
        client = application_options.get(services, args.client)
        now = provisioning.change(services, shell(), client.id, lambda before: _said(args, before), _secret(args))
        if args.on or args.off:
            now = provisioning.turn(services, shell(), client.id, on=args.on)
    if args.json:
        print_json(of_standing(now, client))
    else:
        say(f"Changed: {printable(client.name)}, {now.target.state}.")


def run_show(args: Namespace) -> None:
    """Show one, or one object of it."""
    from idp.admin import managed, provisioning

    with opened(args) as services, _explained():
        client = application_options.get(services, args.client)
        standing = provisioning.get(services, shell(), client.id)
        manager = managed.manager_of(services, provisioning.KIND, client.id)
        if args.of:
            one = provisioning.find_named(services, shell(), client.id, args.of)
            if args.json:
                print_json(of_object(one, words=True))
            else:
                show_object(one)
            return
        found = [
            one for kind in ("user", "group")
            for one in provisioning.every(services, shell(), client.id, kind, args.state)
        ]  # fmt: skip
    if args.json:
        told = {"managed_by": manager or None, "objects": [of_object(one) for one in found]}
        print_json({**of_standing(standing, client), **told})
        return
    if manager:
        say(f"Managed by {printable(manager)}.")
    show_standing(standing, client, found)


def run_test(args: Namespace) -> int:
    """Try one; exit code 1 where something is wrong."""
    from idp.admin import provisioning

    with opened(args) as services, _explained():
        client = application_options.get(services, args.client)
        found = provisioning.test(services, shell(), client.id)
    if args.json:
        tried = [{"what": one.what, "problem": one.problem} for one in found]
        print_json({"ok": not any(one.problem for one in found), "found": tried})
    else:
        say(*(f"{'WRONG' if one.problem else 'ok'}  {printable(one.what)}" for one in found))
        complain(*(f"{printable(one.what)}: {printable(one.problem)}" for one in found if one.problem))
    return 1 if any(one.problem for one in found) else 0


def run_release(args: Namespace) -> int:
    """Let the brake go; exit code 1 where it was only looked at."""
    from idp.admin import provisioning
    from idp.provisioning.keeping import ENDS

    with opened(args) as services, _explained():
        client = application_options.get(services, args.client)
        now = provisioning.get(services, shell(), client.id)
        many, is_let = now.target.braked, args.yes is not None
        held = [
            one for kind in ("user", "group") for one in provisioning.every(services, shell(), client.id, kind, ENDS)
        ]  # fmt: skip
        if is_let:
            now = provisioning.release(services, shell(), client.id, args.yes)
    if args.json:
        print_json({**of_standing(now, client), "held": [of_object(one) for one in held]})
    elif is_let:
        say(f"{many} may end at {printable(client.name)} within a day. The server goes on.")
    elif not many:
        say("The brake holds nothing.")
    else:
        say(f"{printable(client.name)}: {printable(now.target.reason)}. Nothing is sent to it.")
        rows = [(one.object.kind, printable(one.name or one.object.local_id)) for one in held]
        print_table(("Kind", "Name"), rows, "")
        complain(f"Is that meant? Then `--yes {many}` lets it; else mend what was changed here, and turn it on again.")
    return 1 if many and not is_let else 0


def run_sync(args: Namespace) -> int:
    """Send it; with `--wait` exit code 1 where not all of it is there as here."""
    from idp.admin import provisioning

    with opened(args) as services, _explained():
        client = application_options.get(services, args.client)
        if args.failed:
            provisioning.retry_failed(services, shell(), client.id)
        else:
            provisioning.send_all(services, shell(), client.id)
        if args.wait:
            _send(services, client.id)
        now = provisioning.get(services, shell(), client.id)
    if args.json:
        print_json(of_standing(now, client))
    elif args.wait:
        show_standing(now, client, [])
    else:
        say("Queued: the server sends it, one after the other. `doorward provision show` says how each stands.")
    is_wrong = now.target.state != "on" or any(
        states.get(state) for states in now.counts.values() for state in ("failed", "refused")
    )
    return 1 if args.wait and is_wrong else 0


def _send(services: Services, client_id: str) -> None:
    """All that is due, also to a target that answers slowly and is left alone between two requests."""
    from idp.provisioning import delivering, keeping

    while True:
        if delivering.run(services, client_id):
            continue
        target = keeping.get(services.db, client_id)
        left = target.retry_at - services.clock()
        if target.state != "on" or target.failures or not 0 < left <= RESTS:
            return
        time.sleep(left)


def run_dry_run(args: Namespace) -> None:
    """What would be done."""
    from idp.admin import provisioning

    with opened(args) as services, _explained():
        client = application_options.get(services, args.client)
        found = list(provisioning.foresee(services, shell(), client.id))
        brake = provisioning.foresee_brake(services, shell(), client.id, found)
    if args.json:
        rows = [{"what": one.what, "kind": one.kind, "id": one.local_id, "name": one.name,
                 "attributes": list(one.attributes)} for one in found]  # fmt: skip
        print_json({"would": rows, "stopped": None if brake is None else asdict(brake)})
        return
    print_table(("Would", "Kind", "Name", "Attributes"),
                [(one.what, one.kind, printable(one.name), ", ".join(one.attributes)) for one in found],
                "Nothing: it is there as it is here.")  # fmt: skip
    if brake is not None:
        complain(f"The brake would stop it: {brake.many} of {brake.there} people there would end, and {brake.most} is "
                 "the most within a day. `doorward provision release` lets it then.")  # fmt: skip


def run_drift(args: Namespace) -> int:
    """What is different there; exit code 1 where something is."""
    from idp.admin import provisioning

    with opened(args) as services, _explained():
        client = application_options.get(services, args.client)
        found = list(provisioning.drift(services, shell(), client.id))
    if args.json:
        rows = [{"kind": one.kind, "id": one.local_id, "name": one.name, "attributes": list(one.attributes),
                 "missing": one.missing, "open": one.is_open} for one in found]  # fmt: skip
        print_json({"drift": rows})
    else:
        what = [("missing" if one.missing else "should be off" if one.is_open else ", ".join(one.attributes), one)
                for one in found]  # fmt: skip
        print_table(("Kind", "Name", "Different"), [(one.kind, printable(one.name), text) for text, one in what],
                    "No drift: it is there as it is here.")  # fmt: skip
    return 1 if found else 0


def run_remove(args: Namespace) -> None:
    """Write there no more."""
    from idp.admin import provisioning

    with opened(args) as services, _explained():
        client = application_options.get(services, args.client)
        provisioning.remove(services, shell(), client.id)
    if args.json:
        print_json({"client_id": client.id, "removed": True})
    else:
        say(f"Nothing is written to {printable(client.name)} any more. Who is there stays there.")


# -- below -----------------------------------------------------------------------------------------------------------


def _said(args: Namespace, before: Said) -> Said:
    given: dict[str, Any] = {"url": args.url, "token_url": args.token_url, "token_client": args.token_client,
                             "token_scope": args.token_scope, "off": args.off_means, "groups": args.groups,
                             "adopts": args.adopts, "brake": args.brake, "brake_share": args.brake_share}  # fmt: skip
    mapping = dict(before.mapping)
    for pair in args.map:
        attribute, equals, source = pair.partition("=")
        if not equals:
            raise Refused(f"--map {printable(pair)[:60]}: expected ATTRIBUTE=OURS; nothing behind it takes it out")
        mapping.pop(attribute, None)
        if source:
            mapping[attribute] = source
    only = before.only if args.group is None else tuple(name for name in args.group if name)
    known = {name: value for name, value in given.items() if value is not None}
    return replace(before, **known, mapping=mapping, only=only)


def _secret(args: Namespace) -> str | None:
    from idp.cli.providers import secret_of

    return secret_of(args)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """What the verbs say no with. Errors: `Refused`."""
    from idp.admin.managed import ManagedByFile
    from idp.admin.provisioning import UnknownObject
    from idp.provisioning.calling import Unreached
    from idp.provisioning.checking import InvalidTarget
    from idp.provisioning.judging import Busy, Stopped, TryAgain
    from idp.provisioning.judging import Refused as No
    from idp.provisioning.keeping import MOST, ChangedMeanwhile, NotBraked, TargetThere, TooMany, UnknownTarget
    from idp.provisioning.tokens import NoToken

    try:
        yield
    except InvalidTarget as error:
        raise Refused(f"{_OPTIONS.get(error.field, '--' + error.field)}: {error.message}") from None
    except ManagedByFile as error:
        raise Refused(f"it is managed by {error.manager}: change it there, and run `doorward apply`") from None
    except UnknownTarget:
        raise Refused("nothing is written to this application; `doorward provision add` begins") from None
    except UnknownObject as error:
        raise Refused(f"“{printable(str(error))[:60]}” is not known there; `provision show` has all") from None
    except NotBraked:
        raise Refused("the brake holds nothing; `doorward provision show` says how it stands") from None
    except ChangedMeanwhile:
        raise Refused("it is another number by now: look again, without --yes") from None
    except TargetThere:
        raise Refused("people are written to it already; `doorward provision change` says something else") from None
    except TooMany:
        raise Refused(f"there are {MOST} already; remove one that is not needed any more") from None
    except (Busy, No, NoToken, Stopped, TryAgain, Unreached) as error:
        raise Refused(f"it does not answer as it should: {printable(str(error))}") from None


_OPTIONS = {"secret": "--secret-file", "token_url": "--token-url", "token_client": "--token-client",
            "mapping": "--map", "off": "--off-means", "only": "--group",
            "brake_share": "--brake-share"}  # fmt: skip
