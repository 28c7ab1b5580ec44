"""`doorward client …`: register applications and change them."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from idp.cli import application_options, client_changes
from idp.cli.by_hand import by_hand
from idp.cli.installation import opened, shell
from idp.cli.terminal import (
    SOON,
    command,
    complain,
    duration,
    group,
    print_json,
    print_table,
    say,
    timestamp,
    with_json,
)
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from clients.client import Client
    from idp.protocols import Services

#: The words of clients/profiles.py, so that `--help` needs no import; a test holds them together.
PROFILES = ("web", "spa", "native", "machine", "legacy", "fapi2")


def add_parsers(commands: Any) -> None:
    """Add `client`."""
    from idp.cli import client_access, client_check, client_roles, histories, service_providers

    verbs = group(commands, "client", "applications that people sign in to")
    kinds = group(verbs, "add", "register an application")
    add = with_json(command(kinds, "oidc", run_add, "register an OpenID Connect application"))
    add.add_argument("--name", metavar="N", required=True, help="what people read on the sign-in page")
    add.add_argument("--profile", choices=PROFILES, default="web", help="the kind of application (web)")
    add.add_argument("--redirect-uri", metavar="URI", action="append", default=[], help="may stand several times")
    add.add_argument("--post-logout-redirect-uri", metavar="URI", action="append", default=[], help="the same")
    add.add_argument("--backchannel-logout-uri", metavar="URI", help="where to tell the application of a sign-out")
    add.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="any metadata of RFC 7591")
    add.add_argument("--consent", choices=("implicit", "explicit"), help="whether people are asked at first use")
    application_options.add_access(add)
    service_providers.add_parsers(kinds, verbs)
    listing = with_json(command(verbs, "list", run_list, "list applications by name"))
    listing.add_argument("--removed", action="store_true", help="those that can be restored")
    application_options.add_client(with_json(command(verbs, "show", run_show, "show an application")))
    change = application_options.add_client(with_json(command(verbs, "set", run_set, "change an application")))
    change.add_argument("--everyone", action="store_true", help="lift the limit: everyone may use it")
    change.add_argument(
        "settings", metavar="KEY=VALUE", nargs="*",
        help="any metadata of RFC 7591, name, profile; KEY+=VALUE adds to a list, KEY-=VALUE takes one out of it, "
        "KEY=VALUE replaces all of it, KEY= takes a value back",
    )  # fmt: skip
    application_options.add_access(change)
    client_access.add_parsers(verbs)
    client_roles.add_parsers(verbs)
    client_check.add_parsers(verbs)
    histories.add_parsers(verbs, histories.CLIENT)
    secret = application_options.add_client(with_json(command(verbs, "secret", run_secret, "make a new secret")))
    secret.add_argument("--keep-old", metavar="TIME", default="0", help="how long the old ones work on: 3600, 12h, 1d")
    application_options.add_client(
        with_json(command(verbs, "disable", run_disable, "turn an application off and end its tokens"))
    )
    application_options.add_client(with_json(command(verbs, "enable", run_enable, "turn an application on again")))
    removing = application_options.add_client(
        with_json(command(verbs, "remove", run_remove, "remove an application; it can be restored for 30 days"))
    )
    removing.add_argument("--yes", action="store_true", help="it is meant; taken as for a person, never needed")
    application_options.add_client(
        with_json(command(verbs, "restore", run_restore, "bring a removed application back"))
    )


# -- verbs -----------------------------------------------------------------------------------------------------------


def run_add(args: Namespace) -> None:
    """Register an application; its secret is shown this once."""
    from idp.admin import applications as verbs

    with opened(args) as services, application_options.naming_options():
        from clients.registry import Draft
        from idp.admin.descriptions import described

        draft = Draft(
            name=args.name,
            profile=args.profile,
            metadata=_metadata(args),
            access=application_options.rule(services, args),
        )
        made = verbs.register(services, shell(), draft)
        shown = described(services, made.client, made.client_secret)
    if args.json:
        print_json({**shown, "warnings": list(made.warnings)})
        return
    say(f"Registered {made.client.name} with the profile {made.client.profile}.", f"Client id:     {made.client.id}")
    if made.client_secret is not None:
        say(
            f"Client secret: {made.client_secret}",
            "The secret is shown this once: keep it safe.",
        )
    say("", "Paste this into the application:", "", shown["snippet"].rstrip("\n"), "", SOON)
    complain(*(f"note: {warning}" for warning in made.warnings))


def run_list(args: Namespace) -> None:
    """List applications."""
    from idp.admin import applications as verbs

    with opened(args) as services:
        found = list(verbs.entries(services, removed=args.removed))
    if args.json:
        keys = ("kind", "name", "profile", "enabled", "created_at", "changed_at")
        print_json({"clients": [{"client_id": e.id, **{key: getattr(e, key) for key in keys}} for e in found]})
        return
    rows = [(e.name, e.id, e.profile, e.enabled, timestamp(e.changed_at)) for e in found]
    columns = ("Name", "Client id", "Profile", "Enabled", "Changed")
    print_table(columns, rows, "No applications: register one with `doorward client add`.")


def run_show(args: Namespace) -> None:
    """Show an application with everything that is set for it."""
    from idp.admin import applications as verbs
    from idp.admin import managed
    from idp.admin.descriptions import described

    with opened(args) as services:
        client = application_options.get(services, args.client)
        secrets = [
            {"created_at": s.created_at, "expires_at": s.expires_at, "last_used_at": s.last_used_at}
            for s in services.registry.list_secrets(client.id)
        ]
        manager = managed.manager_of(services, "application", client.id)
        shown = {**described(services, client), **({"managed_by": manager} if manager else {})}
        failures = verbs.failures(services, client)
    if args.json:
        from idp.cli import events

        print_json({**shown, "secrets": secrets, "failures": [events.described(event) for event in failures]})
        return
    from idp.cli.user_screen import failure_line

    rows = [(key, value) for key, value in shown.items() if key != "snippet"]
    if client.saml is not None:
        from idp.cli import service_providers

        rows = service_providers.rows(shown)
    rows = [(key, _for_people(client, key, value)) for key, value in rows]
    rows += [("secret", _secret_line(secret)) for secret in secrets]
    rows += [("failed", failure_line(event)) for event in failures]
    print_table(("Field", "Value"), rows, "")


def _for_people(client: Client, key: str, value: Any) -> Any:
    """No code and no epoch seconds."""
    if key == "access":
        from idp.cli import client_access

        return client_access.words(client.access)
    return timestamp(value) if key in ("created_at", "changed_at") else value


def run_set(args: Namespace) -> None:
    """Change metadata, name, profile or access."""
    from idp.admin import applications as verbs

    with opened(args) as services, application_options.naming_options("{}"):
        client = application_options.get(services, args.client)
        edition, said = services.registry.as_registered(client.id)
        before = _values({**client.metadata, **said})
        asked = client_changes.read(args.settings, before, _fields(client))
        if args.everyone and (args.group or args.person):
            raise Refused("--everyone: lifts the limit, so no --group and no --person with it")
        access = application_options.rule(services, args) if args.everyone or args.group or args.person else None
        change = verbs.Change(
            metadata=asked.metadata, name=asked.name, profile=asked.profile, access=access,
            edition=edition if asked.builds else None,
        )  # fmt: skip
        with by_hand(services, "application", client.id, client.name), client_changes.meanwhile():
            was, (client, warnings) = client, verbs.update(services, shell(), client, change)
        is_changed = _told(was) != _told(client)
        _answer(services, args, client, "is changed" if is_changed else "is as it was")
        if not args.json:
            say(*client_changes.differences(before, _values(client.metadata), _fields(client)))
        _complain_of_troubles(services, args, client)
        complain(*(f"note: {warning}" for warning in warnings))


def _told(client: Client) -> tuple[Any, ...]:
    """What `set` can change."""
    return client.name, client.profile, client.access, dict(client.metadata)


def run_secret(args: Namespace) -> None:
    """Make a new secret and show it."""
    from idp.admin import applications as verbs

    with opened(args) as services, application_options.naming_options():
        client = application_options.get(services, args.client)
        keep = _seconds(args.keep_old)
        secret = verbs.add_secret(services, shell(), client, keep)
    if args.json:
        print_json({"client_id": client.id, "client_secret": secret, "keep_old_for": keep})
        return
    say(f"Client id:     {client.id}", f"Client secret: {secret}", "The secret is shown this once.")
    say(f"The old ones work for {duration(keep)} more." if keep else "The old ones have ended.", SOON)


def run_disable(args: Namespace) -> None:
    """Turn an application off."""
    from idp.admin import applications as verbs

    with opened(args) as services:
        client = application_options.get(services, args.client)
        with by_hand(services, "application", client.id, client.name):
            client = verbs.turn_off(services, shell(), client)
        _answer(services, args, client, "is turned off, and its tokens have ended")


def run_enable(args: Namespace) -> None:
    """Turn an application on."""
    from idp.admin import applications as verbs

    with opened(args) as services, application_options.naming_options("{}"):
        client = application_options.get(services, args.client)
        with by_hand(services, "application", client.id, client.name):
            client = verbs.turn_on(services, shell(), client)
        _answer(services, args, client, "is turned on")


def run_remove(args: Namespace) -> None:
    """Remove an application."""
    from idp.admin import applications as verbs

    with opened(args) as services:
        client = application_options.get(services, args.client)
        with by_hand(services, "application", client.id, client.name):
            verbs.remove(services, shell(), client)
    if args.json:
        print_json({"client_id": client.id, "removed": True})
    else:
        say(f"{client.name} is removed; `doorward client restore {client.id}` brings it back for 30 days.", SOON)


def run_restore(args: Namespace) -> None:
    """Bring a removed application back."""
    from clients.errors import UnknownClient
    from idp.admin import applications as verbs

    with opened(args) as services:
        with application_options.naming_one():
            client_id = verbs.id_of(services, args.client, removed=True) or args.client
        try:
            with by_hand(services, "application", client_id, args.client):
                client = verbs.restore(services, shell(), client_id)
        except UnknownClient as error:
            raise Refused(str(error)) from None
        _answer(services, args, client, "is back")


# -- below -----------------------------------------------------------------------------------------------------------


def _fields(client: Client) -> Mapping[str, Any]:
    from clients.metadata import FIELDS
    from idp.admin import assertion_consumers
    from idp.cli import service_providers

    if client.saml is None:
        return FIELDS
    return {**service_providers.fields(), assertion_consumers.KEY: assertion_consumers.KIND}


def _values(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """With what an admin may say of a service provider's metadata, under the name that it has there."""
    from idp.admin import assertion_consumers

    known = {assertion_consumers.KEY: assertion_consumers.locations(metadata)} if "sp_metadata" in metadata else {}
    return {**metadata, **known}


def _complain_of_troubles(services: Services, args: Namespace, client: Client) -> None:
    if client.saml is not None and not args.json:
        from idp.saml.metadata.certificate_dates import find_doubts
        from idp.saml.metadata.troubles import find_troubles

        found = (*find_troubles(services, client), *find_doubts(services, client))
        complain(*(f"note: {text}" for text in found))


def _answer(services: Services, args: Namespace, client: Client, done: str) -> None:
    if args.json:
        from idp.admin.descriptions import described

        print_json(described(services, client))
    else:
        say(f"{client.name} ({client.id}) {done}.", *([] if done == "is as it was" else [SOON]))


def _secret_line(secret: dict[str, Any]) -> str:
    end = f", ends {timestamp(secret['expires_at'])}" if secret["expires_at"] else ""
    used = timestamp(secret["last_used_at"]) or "never"
    return f"made {timestamp(secret['created_at'])}, last used {used}{end}"


def _metadata(args: Namespace) -> dict[str, Any]:
    """What the options say, `Wrong` where it cannot be read."""
    from clients.errors import Problem
    from clients.metadata import Wrong

    said: dict[str, Any] = {
        "redirect_uris": args.redirect_uri or None,
        "post_logout_redirect_uris": args.post_logout_redirect_uri or None,
        "backchannel_logout_uri": args.backchannel_logout_uri,
        "consent": args.consent,
    }
    for key, value in application_options.settings(args.set, "--set").items():
        if said.get(key) is not None or key == "client_name":
            value = Wrong(
                (Problem("", f"--set {key}: is given by {application_options.OPTIONS[key]} already; give it once"),)
            )
            key = f"--set {key}"
        said[key] = value
    return {key: value for key, value in said.items() if value is not None}


def _seconds(text: str) -> int:
    from clients.values import seconds

    kind = seconds(0, 365 * 86_400)
    try:
        return int(kind.check(kind.parse(text), False))
    except ValueError as error:
        raise Refused(f"--keep-old: {error}") from None
