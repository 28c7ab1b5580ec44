"""Where a provider posts its Response: looked at here, and kept a minute for the GET that brings our cookies."""

from __future__ import annotations

import re
from typing import Final

from idp.federation import attempts, crowding, failures, keeping, leaving
from idp.federation.keeping import Kept
from idp.federation.saml import believing, refusals
from idp.federation.saml.federations import chosen
from idp.federation.saml.kind import DOCUMENT
from idp.federation.saml.ours import ACS_PATH
from idp.login.flow import FIRST_PARTY, Flow
from idp.protocols import Services
from idp.saml.messages.bindings import BadMessage
from idp.saml.messages.http_post import decode_post
from idp.wire import MAX_BODY, Params, Redirect, Request, Response

_STATE: Final = re.compile(r"[A-Za-z0-9_-]{43}")  # the shape of those of ours


def receive(services: Services, request: Request) -> Response:
    """GET and POST /upstream/saml/…: the AssertionConsumerService of this provider alone. Errors: `Refused`."""
    kept = keeping.find(services.db, request.segment)
    if kept is None or not kept.provider.speaks_saml or not kept.provider.enabled:
        raise failures.off(request.segment[:40])
    if request.method == "GET":
        return _begin(services, request, kept)
    try:
        received = decode_post(request.form)
    except BadMessage as error:
        raise refusals.unreadable(kept.provider, error.reason) from None
    if received.parameter != DOCUMENT:
        raise refusals.unreadable(kept.provider, "a SAMLRequest came where a SAMLResponse is taken")
    state = received.relay_state or ""
    if not attempts.is_waited_for(services, state):
        return _unasked(services, kept, state)
    # Nothing of it is kept that the provider has not signed, or that does not say no.
    with crowding.turn(services, kept.provider):  # a signature by a key that is not known has the metadata read
        speaking = chosen.speaking(services, kept.provider, state)
        believing.open_for(services, speaking, received.message)
    answer = Params([("state", state), (DOCUMENT, request.form.first[DOCUMENT])])
    handle = attempts.put_aside(services, answer, most=MAX_BODY)
    return Redirect(location=f"{leaving.redirect_uri(services, kept.provider.id)}?answer={handle}")


def _unasked(services: Services, kept: Kept, state: str) -> Response:
    """Prof §4.1.5: an assertion that nobody asked for signs nobody in; where it is said, we ask for one of our own.

    RelayState is no address here, and leads nowhere.
    """
    if _STATE.fullmatch(state):
        raise failures.gone()
    if not kept.provider.unsolicited:
        raise refusals.unsolicited(kept.provider)
    return Redirect(location=services.url(ACS_PATH + kept.provider.id))


def _begin(services: Services, request: Request, kept: Kept) -> Response:
    """After an unsolicited Response: our own request, to be led to the page of applications."""
    if not kept.provider.unsolicited:
        return Redirect(location=services.url("/"))
    flow = Flow(FIRST_PARTY, "", request={"path": "/"}, started_at=services.clock(), began=request.id)
    return leaving.begin(services, request, kept.provider.id, leaving.new(services, kept.provider.id, flow))
