"""A logout request (RP-Initiated Logout 1.0 §2): its hint, its client and its return address, read and compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clients.client import Client
from idp.errors import Explanation, Refused
from idp.login.browser.sessions import Session
from idp.oidc import hints, ledger
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Params, with_parameters
from keys.verifying import InvalidToken

KNOWN = frozenset(  # RPI §2
    ("id_token_hint", "logout_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales")
)
#: What other products call the address to return to.
_OF_OTHERS = (
    "redirect_uri",
    "returnTo",
    "return_to",
    "logout_uri",
    "post_logout_redirect_url",
    "redirect_url",
    "wreply",
)


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A logout request whose parts were compared."""

    client_id: str  # "" when the request names none
    subject: str  # "" without a valid hint
    session_id: str
    uri: str  # a registered post_logout_redirect_uri, or ""
    state: str | None
    is_hinted: bool = False  # by an ID token of its own
    elsewhere: str = ""  # the id of a live session that the hint names and this browser has not shown
    no_way_back: Refused | None = None  # why the address that was sent is not followed
    no_hint: Refused | None = None  # why the hint that was sent is not used

    @property
    def return_to(self) -> str:
        """Where the browser goes in the end, or ''."""
        return with_parameters(self.uri, [("state", self.state)]) if self.uri and self.state is not None else self.uri

    def names(self, session: Session) -> bool:
        """Whether the hint is of this very session."""
        return self.subject == session.person_id and self.session_id in ("", session.id)

    @property
    def initiator(self) -> str:
        """The application that knows by itself what comes of this: it holds the hint, or the browser goes back to it.

        '' where anybody may have written its client_id into a link.
        """
        return self.client_id if self.is_hinted or self.return_to else ""


def read(services: Services, params: Params) -> LogoutRequest:
    """Compare hint, client and return address. Errors: `Refused` (a parameter twice).

    RPI §3: an address is followed only when registered; one that is not costs the way back alone, not the sign-out.
    """
    if params.repeated:
        raise _refused(
            N_("The application sent %(name)s twice.", name=params.repeated[0]), f"Send {params.repeated[0]} once.",
            kind="repeated",
            explanation=Explanation(
                "application", "Let the application send it once.", params.repeated[0][:60], "once", "twice"
            ),
        )  # fmt: skip
    claims, no_hint = _hint(services, params)
    audiences = hints.audiences(claims)
    client_id = params.get("client_id") or (str(audiences[0]) if audiences else "")
    client = services.registry.find(client_id) if client_id else None
    uri = params.get("post_logout_redirect_uri") or ""
    if uri and client is None and "id_token_hint" in params:
        uri = ""  # RPI §4: what needed the hint is left out, here the way back; the sign-out itself did not
    problem = _check_return_address(client, uri) if uri else _check_names(client, params)
    uri = "" if problem else uri
    subject, session_id = str(claims.get("sub", "")), str(claims.get("sid", ""))
    return LogoutRequest(
        client_id if client else "", subject, session_id, uri, params.get("state"), bool(claims),
        no_way_back=problem, no_hint=no_hint,
    )  # fmt: skip


def _check_return_address(client: Client | None, uri: str) -> Refused | None:
    if client is None:
        return _refused(
            N_("The application did not say which one it is."),
            "Send id_token_hint or client_id with post_logout_redirect_uri.", kind="logout_client",
            explanation=Explanation(
                "application", "Let it send its last ID token as id_token_hint, or the client id that it has here, "
                "with post_logout_redirect_uri: else nobody can tell whose address it is, and people stay on our page.",
                "client_id", "id_token_hint, or a client id that is registered", "neither",
            ),
        )  # fmt: skip
    # RPI §3: exactly as registered (ASVS 10.6.2).
    if uri not in client.oidc.post_logout_redirect_uris:
        return _refused(
            N_("%(app)s asked to lead you, after sign-out, to an address that is not registered for it.",
               app=client.name),
            "post_logout_redirect_uri is not registered; they are compared byte for byte.", client_id=client.id,
            detail=uri[:500], kind="post_logout_redirect_uri",
        )  # fmt: skip
    return None


def _check_names(client: Client | None, params: Params) -> Refused | None:
    """RPI §2: unknown parameters are passed over; this one was meant, and the person would stay here in silence."""
    other = next((name for name in _OF_OTHERS if params.get(name)), "")
    if not other or client is None or "post_logout_redirect_uri" in params:
        return None
    told = f"{other} is not known here: the address to return to is post_logout_redirect_uri."
    return _refused(
        N_("%(app)s asked to lead you, after sign-out, to an address that is not registered for it.",
               app=client.name),
        told, client_id=client.id, detail=told, kind="post_logout_redirect_uri",
        explanation=Explanation(
            "application", "Let the application send the address as post_logout_redirect_uri (RP-Initiated Logout §2), "
            "and register it where it is not. Many products have a setting for it.",
            "post_logout_redirect_uri", "post_logout_redirect_uri", other,
        ),
    )  # fmt: skip


def _hint(services: Services, params: Params) -> tuple[dict[str, Any], Refused | None]:
    """The claims of a hint that can be believed, of this client; else none, and why.

    RPI §4: what does not validate is not used, and nothing that did without it fails for it: the person is asked.
    """
    hint = params.get("id_token_hint")
    if hint is None:
        return {}, None
    try:
        # RPI §2: a hint may have expired; it is only compared.
        claims = hints.read_hint(services, hint)
        _check_audience(claims, params.get("client_id"))
    except InvalidToken as error:
        services.log.info("logout_hint_not_used", client_id=params.get("client_id") or "", reason=error.reason)
        return {}, _unused(services, params, hint, error.reason)
    return claims, None


def _unused(services: Services, params: Params, hint: str, reason: str) -> Refused:
    """A hint that says nothing: nobody is signed out by it, so the person is asked. For the record alone."""
    got, fix = reason, "Let it send the ID token of the person's last sign-in at this application, as it came."
    if hint == hints.UNUSABLE:
        got = "one that could not be used"  # it was looked at before it went into an address of ours
    elif hint.startswith(tuple(ledger.PREFIXES)):
        got = next(what for prefix, what in ledger.PREFIXES.items() if hint.startswith(prefix))
    elif hint.count(".") == 4:
        got, fix = "an encrypted token", f"{fix} One that is encrypted is to be decrypted by the application first."
    elif hint.count(".") != 2:
        got = f"no ID token: “{hint}”" if hint in ("undefined", "null", "None", "") else "no ID token"
    elif "aud" in reason:
        got = "an ID token of another application"
        fix = "The ID token was given to another client id than the one that is sent: the application has two "
        fix += "settings for "
        fix += "it, or shares its session with another one. Let it send its own, or leave client_id out."
    known = services.registry.find(params.get("client_id") or "")
    return Refused(
        "logout_hint_not_used", "id_token_hint was not used; the person is asked.", detail=reason,
        client_id=known.id if known is not None else None, developer=f"id_token_hint is not used: {reason}.",
        explanation=Explanation("application", fix, "id_token_hint", "an ID token of this application", got),
    )  # fmt: skip


def _check_audience(claims: dict[str, Any], client_id: str | None) -> None:
    if client_id is not None and client_id not in hints.audiences(claims):  # RPI §2: of one and the same client
        raise InvalidToken("client_id is not in its aud")


def _refused(
    message: str, developer: str, *, kind: str, client_id: str | None = None, detail: str = "",
    explanation: Explanation | None = None,
) -> Refused:  # fmt: skip
    return Refused(
        "logout_request", message, title=N_("You are not signed out yet"), developer=developer,
        client_id=client_id,
        advice=N_("You are still signed in. To sign out here, use “Sign out” at the top of any page."),
        explanation=explanation or Explanation("application", developer, "post_logout_redirect_uri"), detail=detail,
        kind=kind,
    )  # fmt: skip
