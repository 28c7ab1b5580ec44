"""The client id is another one: mistyped, or of another of the company's applications."""

from __future__ import annotations

from collections.abc import Iterator

from clients.snapshots import Entry
from idp.answers.differences import have_in_common, sentence
from idp.answers.finding import Finding
from idp.answers.findings.client_authentication import presented_secret
from idp.answers.seen import Nameless, Seen
from idp.ids import shown_id
from idp.oidc import client_auth


def nameless(seen: Nameless) -> Iterator[Finding]:
    """Of an authorization request that names no client that is known; whose it is may be guessed all the same."""
    got = seen.sent.get("client_id")
    if seen.code == "missing_client_id":
        fix = "Fill in the client id in the application's settings: it sent none."
        other = next(
            (name for name in seen.sent.first if name.lower().replace("_", "").replace("-", "") == "clientid"), ""
        )
        fix += f" It sent {other[:20]}: the parameter's name is client_id." if other and other != "client_id" else ""
        yield Finding(
            "missing_client_id", "application", "client_id", fix, "the client id of the registration", "(nothing)"
        )
    elif seen.code == "unknown_client" and got is not None:
        removed = seen.services.registry.find_removed(got)
        if removed is not None:
            yield of_removed(removed, "client_id", got)


def of_removed(removed: Entry, field: str, got: str) -> Finding:
    """An application that was there once; `got`: the name that it is asked for by, under `field`."""
    fix = f"{removed.name} was removed here; while it is kept it comes back as it was, by: doorward client restore "
    return Finding("client_removed", "doorward", field, f"{fix}{removed.id}", "of an application that is there", got)


def in_the_browser(seen: Seen) -> Iterator[Finding]:
    """Of an authorization request."""
    yield from _compared(seen, seen.sent.get("client_id") or "")
    if not seen.client.enabled:
        fix = f"{seen.client.name} is turned off here; if it shall be on: doorward client enable {seen.client.id}"
        yield Finding("turned_off", "doorward", "enabled", fix, "on", "off")


def at_an_endpoint(seen: Seen) -> Iterator[Finding]:
    """Of a request of its server."""
    if seen.told("kind") == "client_turned_off":  # whatever else is wrong with it
        yield Finding("client_turned_off", "doorward", "enabled", seen.told("fix"), "on", "off", reader="house")
    if seen.request.method == "POST" and not seen.request.visitor.client_id:
        got = client_auth.named(seen.request)[0]
        if got:
            yield from _compared(seen, got)
        elif seen.told("kind") == "client_auth_missing" and not seen.request.header("Authorization"):
            yield _nothing_at_all(seen)


def _nothing_at_all(seen: Seen) -> Finding:
    """RFC 6749 §2.3: neither a header nor a client id in the form."""
    fix = "It sent neither its client id nor a secret: fill in both in the application's settings"
    expected = "Basic, with client id and secret"
    if seen.client.oidc.is_public:
        fix, expected = "It sent no client id: fill it in in the application's settings", "client_id in the form"
    fix += ". Where they are there, a proxy or its HTTP library drops them."
    return Finding("client_auth_missing", "application", "Authorization", fix, expected, "(nothing)")


def _compared(seen: Seen, got: str) -> Iterator[Finding]:
    if got == seen.client.id:
        return
    if presented_secret(seen) == seen.client.id:
        fix = "Its client id stands where the secret belongs, and the secret as the id: swap them. Whoever reads logs "
        fix += "may know that secret: make a new one."
        yield Finding("client_id", "application", "client_id", fix, seen.client.id, "(a secret)")
        return
    if not got:
        fix = "Fill in the client id in the application's settings: it sent none."
    elif got.strip().casefold() == seen.client.name.casefold():
        fix = "The name of the application stands in the place of its client id: copy the id from its registration."
    elif seen.services.registry.find(got) is not None:
        fix = "This is the client id of another application that is registered here, perhaps of its test system."
    elif not have_in_common(got, seen.client.id):
        fix = "It is none of here, perhaps one of another installation or environment: copy the client id of "
        fix += f"{seen.client.name} from its registration."
    else:
        fix = (
            f"{sentence(shown_id(got), seen.client.id)}. It is the client id of {seen.client.name}: correct it in that "
        )
        fix += "application's settings, where it is registered already."
    yield Finding("client_id", "application", "client_id", fix, seen.client.id, shown_id(got))
