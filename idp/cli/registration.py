"""`doorward registration …`: initial access tokens, by which applications register themselves (RFC 7591)."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from idp.cli import client_documents
from idp.cli.installation import opened, shell
from idp.cli.terminal import command, group, print_json, print_table, say, timestamp, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from clients.self_registered.kept import SelfRegistered
    from clients.self_registered.tokens import InitialToken

#: Each option, by the field of the policy that it fills.
_OPTIONS: Final = {
    "profiles": "--profile",
    "grant_types": "--grant-type",
    "scopes": "--scope",
    "hosts": "--redirect-host",
    "resources": "--resource",
    "legacy": "--legacy",
    "most": "--clients",
}


def add_parsers(commands: Any) -> None:
    """Add `registration`."""
    verbs = group(commands, "registration", "applications that register themselves")
    create = with_json(command(verbs, "create", run_create, "make an initial access token; it is shown this once"))
    create.add_argument("--name", metavar="N", required=True, help="what it is for")
    create.add_argument("--clients", metavar="N", type=int, default=10, help="how many applications it registers (10)")
    create.add_argument("--days", metavar="N", type=int, default=30, help="how long it works (30; at most 3660)")
    _many(create, "--profile", "P", "only applications of this profile (web, spa, native; repeatable)")
    _many(create, "--grant-type", "G", "they may have this grant (authorization_code, refresh_token; repeatable)")
    _many(create, "--scope", "S", "they may ask for this scope (openid, profile, email, offline_access; repeatable)")
    _many(create, "--redirect-host", "H", "only redirect URIs on this host; *.HOST, loopback, or SCHEME: (repeatable)")
    _many(create, "--resource", "URI", "they may ask tokens for this API (repeatable)")
    create.add_argument("--start-off", action="store_true", help="each waits until an admin turns it on")
    create.add_argument("--vouched", action="store_true", help="you answer for them: no page says that nobody checked")
    _many(create, "--legacy", "S", "they have this of old libraries (client_assertion_audience, request_uri_hash)")
    create.add_argument("--owner", metavar="LOGIN", default="", help="who answers for them")
    with_json(command(verbs, "list", run_list, "list initial access tokens, not themselves"))
    with_json(command(verbs, "clients", run_clients, "list the applications that registered themselves"))
    withdraw = with_json(command(verbs, "withdraw", run_withdraw, "end a token now; its applications stay"))
    withdraw.add_argument("token", metavar="ID", help="as `registration list` shows it")
    client_documents.add_parsers(verbs)


def _many(parser: Any, option: str, metavar: str, help: str) -> None:
    parser.add_argument(option, metavar=metavar, action="append", default=[], help=help)


def run_create(args: Namespace) -> None:
    """Make a token and show it."""
    from clients.errors import InvalidMetadata
    from clients.self_registered.policy import Policy
    from idp.admin import registration_tokens

    given = {
        "profiles": args.profile, "grant_types": args.grant_type, "scopes": args.scope, "hosts": args.redirect_host,
        "resources": args.resource, "legacy": args.legacy,
    }  # fmt: skip
    said = {name: tuple(value) for name, value in given.items() if value}
    policy = Policy(**said, starts_off=args.start_off, owner=args.owner, vouched=args.vouched)
    with opened(args) as services:
        try:
            made = registration_tokens.create(
                services, shell(), args.name, policy, most=args.clients, days=args.days
            )  # fmt: skip
        except InvalidMetadata as error:
            told = [f"{_OPTIONS.get(one.field, f'--{one.field}')}: {one.message}" for one in error.problems]
            raise Refused(*told) from None
        where = services.url("/oauth/register")
        is_off = services.settings.oauth.registration == "off"
    if args.json:
        print_json({**_told(made.token), "token": made.value, "registration_endpoint": where})
        return
    say(f"Token: {made.value}", "The token is shown this once: keep it safe.")
    say(
        f"It registers {made.token.most} application{'' if made.token.most == 1 else 's'} at {where} until "
        f"{timestamp(made.token.expires_at)}."
    )
    if is_off:
        say("Registration is off: set registration to token in [oauth], or it registers none.")


def run_list(args: Namespace) -> None:
    """List tokens."""
    from idp.admin import registration_tokens

    with opened(args) as services:
        found, now = registration_tokens.list_of(services, shell()), services.clock()
    if args.json:
        print_json({"tokens": [_told(one) for one in found]})
        return
    rows = [
        (one.name, one.id, f"{one.used} of {one.most}", _words(one.policy.profiles), _words(one.policy.scopes),
         timestamp(one.expires_at) + ("" if one.stands(now) else " (ended)"))
        for one in found
    ]  # fmt: skip
    nothing = "There is no initial access token: make one with `doorward registration create`."
    print_table(("Name", "Id", "Registered", "Profiles", "Scopes", "Ends"), rows, nothing)


def run_clients(args: Namespace) -> None:
    """List applications that registered themselves."""
    from idp.admin import registration_tokens

    with opened(args) as services:
        found = registration_tokens.registered(services, shell())
    if args.json:
        print_json({"clients": [_registered(one) for one in found]})
        return
    rows = [
        (one.name, one.client_id, one.token_name or "(none: open)", "on" if one.enabled else "off",
         timestamp(one.created_at))
        for one in found
    ]  # fmt: skip
    print_table(("Application", "Id", "By token", "State", "Since"), rows, "No application has registered itself.")


def run_withdraw(args: Namespace) -> None:
    """End one."""
    from idp.admin import registration_tokens

    with opened(args) as services:
        try:
            registration_tokens.withdraw(services, shell(), args.token)
        except registration_tokens.NoSuchToken:
            raise Refused(f"there is no token “{args.token}”; `doorward registration list` shows them") from None
    if args.json:
        print_json({"id": args.token, "withdrawn": True})
    else:
        say("The token is withdrawn; it registers nothing any more. What it has registered stays.")


def _words(values: Sequence[str]) -> str:
    return " ".join(values)


def _told(one: InitialToken) -> dict[str, Any]:
    return {
        "id": one.id, "name": one.name, "most": one.most, "used": one.used, "made_by": one.made_by,
        "created_at": one.created_at, "expires_at": one.expires_at, "policy": one.policy.to_json(),
    }  # fmt: skip


def _registered(one: SelfRegistered) -> dict[str, Any]:
    return {
        "client_id": one.client_id, "name": one.name, "enabled": one.enabled, "token_id": one.token_id,
        "token_name": one.token_name, "created_at": one.created_at, "policy": one.policy.to_json(),
    }  # fmt: skip
