"""Applications that anybody may have registered: their addresses are followed when a person has said so (S53).

RFC 9700 §4.11.2: whoever registers an address of their own and sends a request that cannot be answered would have a
link with our name in it that leads anywhere.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from clients.client import Client
from clients.documents.address import is_one
from clients.self_registered import kept
from idp.errors import Explanation, OAuthError, Refused
from idp.login import consent
from idp.login.browser import sessions
from idp.oidc.destination import Destination
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request


def is_untrusted(services: Services, request: Request, client: Client) -> bool:
    """Whether it came without a token, nobody has vouched for it, and this browser's person has not let it in."""
    if not client.metadata.get("self_registered"):
        return False
    if not is_one(client.id):  # a document is nobody's word, before it is registered and after
        known = kept.find(services.db, client.id)
        if known is None or known.token_id:
            return False
    session = sessions.current(services, request)
    return session is None or client.id not in consent.given(services, session.person_id)


def held(destination: Destination, error: OAuthError, location: str) -> Refused:
    """A page of ours in place of an error's redirect. `location`: where its button leads, '' where it is none."""
    parts, app = urlsplit(destination.redirect_uri), destination.client.name
    place = parts.hostname or f"{parts.scheme}:"
    return Refused(
        "unchecked_application",
        N_("%(app)s registered itself, and nobody has checked it. Its request cannot be answered.", app=app),
        title=N_("This sign-in cannot go on"),
        advice=N_("It would lead you to %(host)s. Go there only if you know it.", host=place),
        developer=f"{error.code}: {error.description}", detail=f"{error.code}: {error.description}",
        client_id=destination.client.id, leads_to=location,
        explanation=Explanation(
            error.explanation.side,
            f"{error.explanation.fix} The application hears of it when the person presses the button; by itself when "
            "an admin has checked it and taken `self_registered` back.",
            error.explanation.field, error.explanation.expected, error.explanation.got,
        ),
    )  # fmt: skip
