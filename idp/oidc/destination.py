"""Where the answer to an authorization request may go at all: to a registered client, at a redirect URI of its own.

RFC 6749 §4.1.2.1: anything else is shown, never followed. Which of the two it is, is a value: whoever asks words it.
"""

from __future__ import annotations

from dataclasses import dataclass

from clients import redirects
from clients.client import Client
from idp.errors import Explanation, OAuthError, Refused
from idp.ids import shown_id, without_userinfo
from idp.oidc import request_objects, response_modes
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Params


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the answer goes: proven to be the client's own."""

    client: Client
    redirect_uri: str
    response_mode: str
    state: str | None


@dataclass(frozen=True, slots=True)
class Untrusted:
    """Why no answer can go anywhere. `code` names the kind in logs.

    `message` is for the person, `developer` for the application's developer, `detail` and `fix` for admins alone: they
    may know what is registered.
    """

    code: str
    message: str
    developer: str
    client_id: str | None = None
    detail: str = ""
    side: str = "application"
    fix: str = ""
    field: str = "client_id"
    expected: str = ""
    got: str = ""
    way_on: str = ""  # an address of ours where the person can do something about it

    def told(self) -> OAuthError:
        """For the client itself, where it asks without a browser."""
        return OAuthError(
            "invalid_request", self.developer, detail=self.detail or self.message, side=self.side, fix=self.fix,
            client_id=self.client_id or "", kind=self.code,
        )  # fmt: skip

    def refused(self) -> Refused:
        """For a page of ours."""
        return Refused(
            self.code, self.message, title=N_("This sign-in cannot go on"), developer=self.developer,
            detail=self.detail, client_id=self.client_id,
            advice=N_(
                "Nothing is wrong with your account. Tell whoever runs the application, with the error id below."
            ),
            explanation=Explanation(
                self.side, self.fix or self.developer, self.field, self.expected, self.got
            ),
        )  # fmt: skip


def find_destination(services: Services, params: Params) -> Destination | Untrusted:
    """The client and its own redirect URI, as far as a request can be trusted with them."""
    for name in ("client_id", "redirect_uri"):
        if name in params.repeated:
            return Untrusted(
                "repeated_parameter", N_("The application sent %(name)s twice.", name=name), f"Send {name} once.",
                fix="Let the application send it once.", field=name, expected="once", got="twice",
            )  # fmt: skip
    inside = request_objects.peek(params)
    client_id, redirect_uri = params.get("client_id"), params.get("redirect_uri") or inside.get("redirect_uri")
    if client_id is None:
        return Untrusted("missing_client_id", N_("The application did not say which one it is."), "Send client_id.")
    client = services.registry.find(client_id)
    if client is None:
        return Untrusted(
            "unknown_client", N_("This application is not registered here."),
            "client_id is not registered here: copy it anew from the registration, which your admins have.",
            detail=f"client_id {shown_id(client_id)!r}", expected="a client id that is registered here",
            got=shown_id(client_id),
            fix="Copy the client id of the application's registration into its settings: this one is none of here, "
            "perhaps one of another environment. `doorward client list` has them.",
        )  # fmt: skip
    if not client.enabled:
        return Untrusted(
            "disabled_client", N_("%(app)s is turned off at the moment.", app=client.name),
            "The client is disabled; an admin can turn it on (doorward client enable).",
            client_id=client.id, side="doorward", detail=f"{client.name} is turned off",
            fix=f"{client.name} is turned off here; if it shall be on: doorward client enable {client.id}",
        )  # fmt: skip
    if redirect_uri is None:
        return Untrusted(
            "missing_redirect_uri",
            N_("%(app)s did not say where to return to.", app=client.name),
            "Send redirect_uri.",
            client_id=client.id,
            field="redirect_uri",
            expected="one that is registered",
            got="(nothing)",
        )
    # RFC 6749 §4.1.2.1: a bad redirect_uri is shown, never followed.
    if not redirects.is_registered(redirect_uri, client.oidc):
        bare = without_userinfo(redirect_uri)
        difference = redirects.difference(bare, client.oidc.redirect_uris) or "It has no redirect URI registered."
        return Untrusted(
            "unregistered_redirect_uri",
            N_("%(app)s asked to return to an address that is not registered for it.", app=client.name),
            "redirect_uri is not registered; compared byte for byte. The error id tells an admin how it differs.",
            client_id=client.id, detail=without_userinfo(f"redirect_uri {redirect_uri[:500]!r}"), field="redirect_uri",
            got=redirect_uri,
            # What is registered is told to admins alone.
            fix=f"Register this redirect URI, or correct it in the application's settings. {difference}",
        )  # fmt: skip
    # Core §6.1: what stands in a request object supersedes the same outside.
    mode, kind, state = (inside.get(name) or params.get(name) for name in ("response_mode", "response_type", "state"))
    return Destination(client, redirect_uri, response_modes.of_answer(mode, kind), state)


def find_again(
    services: Services, client_id: str, redirect_uri: str, response_mode: str, state: str | None
) -> Destination | Untrusted:
    """The destination of a request that was trusted when its page was made; a client may have changed since."""
    client = services.registry.find(client_id)
    if client is None or not client.enabled or not redirects.is_registered(redirect_uri, client.oidc):
        message = "This application was turned off or changed a moment ago."
        return Untrusted("client_changed", message, "Start again.", client_id=client_id)
    return Destination(client, redirect_uri, response_mode, state)
