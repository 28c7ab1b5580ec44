"""`doorward provider …`: other providers that people sign in through."""

from __future__ import annotations

import contextlib
import difflib
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idp.cli import federation_organisations, histories, provider_keys, provider_restoring, provider_sync
from idp.cli.installation import opened, shell
from idp.cli.terminal import (
    command,
    complain,
    count_links,
    count_people,
    group,
    print_json,
    print_table,
    printable,
    say,
    timestamp,
    with_json,
)
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from idp.admin.providers import Standing
    from idp.protocols import Services


def add_parsers(commands: Any) -> None:
    """Add `provider`."""
    verbs = group(commands, "provider", "other providers that people sign in through")
    with_json(command(verbs, "templates", run_templates, "list the templates, and what each asks for"))
    with_json(command(verbs, "list", run_list, "list providers"))
    _provider(with_json(command(verbs, "show", run_show, "what a provider says, and what to register there")))
    add = with_json(command(verbs, "add", run_add, "add a provider"))
    add.add_argument("--template", metavar="T", help="what is known of it: entra, google, okta …")
    _options(add)
    add.add_argument("--off", action="store_true", help="keep it, and offer it to nobody yet")
    change = _provider(with_json(command(verbs, "change", run_change, "change a provider, or turn it off and on")))
    _options(change)
    state = change.add_mutually_exclusive_group()
    state.add_argument("--on", action="store_true", help="people may sign in by it from now on")
    state.add_argument("--off", action="store_true", help="nobody signs in by it; its links stay")
    _provider(with_json(command(verbs, "test", run_test, "try all that can be tried without a person")))
    provider_sync.add_parser(verbs)
    remove = _provider(with_json(command(verbs, "remove", run_remove, "remove a provider, and its links")))
    remove.add_argument("--yes", action="store_true", help="do it, although people sign in by it")
    provider_restoring.add_parsers(verbs)
    histories.add_parsers(verbs, histories.PROVIDER)
    provider_keys.add_parser(verbs)
    federation_organisations.add_parser(verbs)
    off = _provider(with_json(command(verbs, "disconnect", run_disconnect, "let somebody come by a provider no more")))
    off.add_argument("person", metavar="NAME", help="username or e-mail address")


def _provider(parser: Any) -> Any:
    parser.add_argument("provider", metavar="PROVIDER", help="its name or id")
    return parser


def _options(parser: Any) -> None:
    parser.add_argument("--name", metavar="N", help="what its button says")
    parser.add_argument("--issuer", metavar="URL", help="as its discovery document names it")
    parser.add_argument("--client-id", metavar="ID", help="under which Doorward is registered there")
    parser.add_argument("--metadata", metavar="FILE|URL", help="of SAML: the provider's metadata; a URL is read again")
    parser.add_argument("--secret-file", metavar="FILE", help="the client secret, or Apple's key; - is stdin")
    parser.add_argument("--domain", metavar="D", action="append", help="a mail domain of its people (repeatable)")
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[],
        help="a field or a blank of the template; lists by commas, tables as groups.THEIRS=OURS, "
        "certificates as ca=@FILE; empty takes it out",
    )  # fmt: skip


# -- verbs -----------------------------------------------------------------------------------------------------------


def run_templates(args: Namespace) -> None:
    """List templates."""
    from idp.federation.templates import ROWS

    if args.json:
        print_json({"templates": [
            {"key": one.key, "title": one.title, "asks": dict(one.asks), "there": list(one.there)} for one in ROWS
        ]})  # fmt: skip
        return
    for one in ROWS:
        say(f"{one.key}: {one.title}", *(f"  --set {name}=… {what}" for name, what in one.asks.items()))
        say(*(f"  {n}. {step}" for n, step in enumerate(one.there, 1)))


def run_list(args: Namespace) -> None:
    """List providers."""
    from idp.admin import providers

    with opened(args) as services:
        found = providers.list_of(services, shell())
    if args.json:
        print_json({"providers": [as_json(one) for one in found]})
        return
    rows = [
        (printable(one.provider.name), one.provider.id, one.provider.issuer, one.provider.domains, one.people,
         one.provider.enabled, _state(one))
        for one in found
    ]  # fmt: skip
    print_table(("Provider", "Id", "Issuer", "Domains", "People", "On", "State"), rows,
                "No provider: everybody signs in here.")  # fmt: skip


def _state(one: Standing) -> str:
    """How it stands, as far as somebody has asked it."""
    if one.health.is_down:
        return f"down since {timestamp(one.health.since)}"
    return "did not answer the last time" if one.health.since else "no failure seen"


def run_show(args: Namespace) -> None:
    """Show one."""
    with opened(args) as services:
        found = find(services, args.provider)
    if args.json:
        print_json(as_json(found))
        return
    one = found.provider
    say(f"{printable(one.name)} ({one.id}), {'on' if one.enabled else 'off'}, {count_people(found.people)}")
    say(*(f"  {line}" for line in _to_register(found)))
    if found.logout_uri:
        say(f"  Back-channel logout URI to register there: {found.logout_uri}")
    if found.signed_out_uri:
        say(f"  Post-logout redirect URI to register there: {found.signed_out_uri}")
    say(*(f"  {key}: {printable(_text(value))}" for key, value in one.said().items() if key != "name"))
    if found.health.is_down:
        say(f"  Down since {timestamp(found.health.since)}: {printable(found.health.reason)}")


def run_add(args: Namespace) -> None:
    """Add one, and say what to register there."""
    from idp.admin import providers
    from idp.federation import templates

    with opened(args) as services, explained():
        said, blanks = _said(args)
        if args.template:
            if args.template not in templates.TEMPLATES:
                raise Refused(f"--template: use one of {', '.join(templates.TEMPLATES)}")
            try:
                said = templates.filled(args.template, blanks, said)
            except templates.MissingBlank as error:
                raise Refused(f"--set {error.name}=…: {error.what}") from None
        elif blanks:
            raise Refused(f"--set {next(iter(blanks))}: there is no such field; `doorward provider show` lists them")
        added = providers.add(services, shell(), said, secret_of(args) or "", enabled=not args.off)
    if args.json:
        print_json(as_json(added))
        return
    say(f"Added: {printable(added.provider.name)} ({added.provider.id}).")
    say(*_to_register(added))
    if added.logout_uri:
        say(f"And this back-channel logout URI, where it has a field for one: {added.logout_uri}")
    say(*_shared(added))
    say(f"Then try it: doorward provider test {added.provider.id}")


def _shared(one: Standing) -> list[str]:
    """Mail domains that are another one's, too: one of them is never led to by a name."""
    return [
        f"{domain} is a domain of {printable(name)}, too: a name of it leads to the provider that was added first."
        for domain, name in one.shared_domains
    ]


def run_change(args: Namespace) -> None:
    """Change one."""
    from idp.admin import providers

    with opened(args) as services, explained():
        before = find(services, args.provider)
        said, blanks = _said(args, before.provider.said())
        if blanks:
            raise Refused(f"--set {next(iter(blanks))}: there is no such field")
        enabled = True if args.on else False if args.off else None
        wanted = providers.Wanted(said, secret_of(args), enabled)
        changed = providers.change(services, shell(), before.provider.id, wanted)
    if args.json:
        print_json(as_json(changed))
        return
    state = "on" if changed.provider.enabled else "off"
    say(f"Changed: {printable(changed.provider.name)} ({changed.provider.id}), {state}.", *_shared(changed))


def run_test(args: Namespace) -> int:
    """Try one; exit code 1 where something is wrong."""
    from idp.admin import providers
    from idp.errors import Refused as Failed

    with opened(args) as services:
        one = find(services, args.provider)
        try:
            found = providers.test(services, shell(), one.provider.id)
        except Failed as error:
            raise Refused(error.explanation.fix) from None
    if args.json:
        print_json({"ok": all(seen.ok for seen in found), "found": [
            {"what": seen.what, "ok": seen.ok, "fix": seen.fix} for seen in found
        ]})  # fmt: skip
    else:
        say(*(f"{'ok' if seen.ok else 'WRONG'}  {printable(seen.what)}" for seen in found))
        complain(*(f"{printable(seen.what)}: {printable(seen.fix)}" for seen in found if not seen.ok))
        if one.redirect_uri:
            told = one.metadata_url or one.redirect_uri
            say(f"Not tried, since it takes a person: whether {told} is registered there.")
    return 0 if all(seen.ok for seen in found) else 1


def run_remove(args: Namespace) -> None:
    """Remove one."""
    from idp.admin import providers

    with opened(args) as services, explained():
        before = find(services, args.provider)
        if before.people and not args.yes:
            whose = f"{count_people(before.people)} {'signs' if before.people == 1 else 'sign'} in by it"
            raise Refused(f"{whose}, some perhaps in no other way; give --yes to do it")
        gone = providers.remove(services, shell(), before.provider.id)
    if args.json:
        print_json({"id": before.provider.id, "removed": True, "links": gone})
    else:
        say(
            f"Removed: {printable(before.provider.name)}, with {count_links(gone)}. "
            "One of the same name would be another."
        )
        say(f"For 30 days it can come back: doorward provider restore {before.provider.id}")


def run_disconnect(args: Namespace) -> None:
    """Take away what links somebody's account there to theirs here."""
    from idp.admin import providers
    from idp.cli.users import get

    with opened(args) as services:
        one, who = find(services, args.provider), get(services, args.person)
        gone = providers.disconnect(services, shell(), who, one.provider.id)
    if args.json:
        print_json({"id": one.provider.id, "person": who.id, "links": gone})
    elif gone:
        say(f"Disconnected: {printable(who.username)} from {printable(one.provider.name)}. Open sessions go on.")
    else:
        say(f"{printable(who.username)} has no account at {printable(one.provider.name)}: nothing to do.")


# -- below -----------------------------------------------------------------------------------------------------------


def find(services: Services, given: str) -> Standing:
    """The provider of this name or id. Errors: `Refused`, with the name that looks like it."""
    from idp.accounts.person import fold
    from idp.admin import providers

    every = providers.list_of(services, shell())
    found = next((one for one in every if given == one.provider.id or fold(given) == fold(one.provider.name)), None)
    if found is not None:
        return found
    near = difflib.get_close_matches(given[:80], [one.provider.name for one in every], n=1, cutoff=0.5)
    hint = f"did you mean “{near[0]}”?" if near else "`doorward provider list` has all"
    raise Refused(f"there is no provider “{printable(given)[:60]}”; {hint}")


def _said(args: Namespace, before: dict[str, Any] | None = None) -> tuple[dict[str, Any], dict[str, str]]:
    """The fields that were said, on top of those before; and what is no field, but a template's blank."""
    from idp.federation.provider import LISTS, SAID, SWITCHES, TABLES

    said, blanks = dict(before or {}), {}
    for name in ("name", "issuer", "client_id"):
        if getattr(args, name) is not None:
            said[name] = getattr(args, name)
    if args.domain is not None:
        said["domains"] = args.domain
    if args.metadata is not None:
        said |= {"kind": "saml", "metadata": "", "metadata_url": "", **_metadata(args.metadata)}
    for given in args.set:
        key, equals, value = given.partition("=")
        table, _, row = key.partition(".")
        if not equals:
            raise Refused(f"--set {printable(key)[:40]}: expected KEY=VALUE")
        if table in TABLES and row:
            said[table] = {**said.get(table, {}), row: value}
            said[table] = {theirs: ours for theirs, ours in said[table].items() if ours}
        elif key in SWITCHES:
            if value not in ("yes", "no"):
                raise Refused(f"--set {key}: expected yes or no")
            said[key] = value == "yes"
        elif key in LISTS:
            said[key] = [one.strip() for one in value.split(",") if one.strip()]
        elif key in SAID and key not in TABLES:
            said[key] = _document(key, value)
        else:
            blanks[key] = value
    return said, blanks


def _document(key: str, value: str) -> str:
    """A field of many lines is given by the name of a file."""
    from idp.federation.fields import FIELDS

    if key not in FIELDS or not FIELDS[key].document or not value.startswith("@"):
        return value
    try:
        return Path(value[1:]).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"--set {key}: {value[1:]} cannot be read ({error})") from None


def _metadata(given: str) -> dict[str, str]:
    """Its address, or what stands in its file."""
    if given.startswith(("https://", "http://")):
        return {"metadata_url": given}
    try:
        return {"metadata": Path(given).read_text()}
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"--metadata: {printable(given)} cannot be read ({error})") from None


def secret_of(args: Namespace) -> str | None:
    """What the file of `--secret-file` has; None where none was named. Errors: `Refused`."""
    if args.secret_file is None:
        return None
    try:
        text = sys.stdin.read() if args.secret_file == "-" else Path(args.secret_file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"--secret-file: {args.secret_file} cannot be read ({error})") from None
    return text.strip()


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """What the verbs say no with. Errors: `Refused`."""
    from idp.admin.managed import ManagedByFile
    from idp.federation.checking import InvalidProvider
    from idp.federation.keeping import MAX_PROVIDERS, NameTaken, TooMany, UnknownProvider

    try:
        yield
    except InvalidProvider as error:
        options = {"secret": "--secret-file"}
        raise Refused(*(f"{options.get(one.field, one.field)}: {one.message}" for one in error.problems)) from None
    except NameTaken:
        raise Refused("--name: another provider has this name; people could not tell their buttons apart") from None
    except TooMany:
        raise Refused(f"there are {MAX_PROVIDERS} providers, as many as there may be") from None
    except UnknownProvider:
        raise Refused("somebody removed this provider just now") from None
    except ManagedByFile as error:
        raise Refused(f"it is managed by {error.manager}: change it there, and run `doorward apply`") from None


def _to_register(one: Standing) -> tuple[str, ...]:
    if one.metadata_url:
        return (f"Register our metadata there: {one.metadata_url}",)
    return (f"Register this redirect URI there: {one.redirect_uri}",) if one.redirect_uri else ()


def as_json(one: Standing) -> dict[str, Any]:
    """One as programs read it."""
    said = {key: value for key, value in one.provider.said().items() if key != "name"}
    return {
        "id": one.provider.id, "name": one.provider.name, "on": one.provider.enabled, "people": one.people,
        "redirect_uri": one.redirect_uri, "logout_uri": one.logout_uri,
        "signed_out_uri": one.signed_out_uri, "our_metadata_url": one.metadata_url,
        "has_secret": bool(one.kept.sealed),
        "down_since": one.health.since if one.health.is_down else None, **said,
    }  # fmt: skip


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{theirs} → {ours}" for theirs, ours in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
