"""HTTP Basic (RFC 7617), by which an enhanced client proves who sits in front of it: a name and a password, no page."""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import replace
from typing import Final

from idp.accounts.passwords import Busy
from idp.login import engine
from idp.login.authenticators import password
from idp.login.browser import sessions, starting
from idp.login.browser.sessions import Session
from idp.login.browser.starting import Start
from idp.login.flow import Demands, Flow
from idp.protocols import Services
from idp.saml.faults import fault
from idp.saml.messages import soap
from idp.saml.protocol import PROTOCOL
from idp.wire import Raw, Request, Response

_MISSING: Final = "Sign in by HTTP Basic: the name or the password is missing or not right."


def authenticate(services: Services, request: Request, client_id: str, *, force: bool) -> Session | Response:
    """A session for the name and password of the Authorization header, throttled as on the page; else the answer."""
    presented = _basic(request)
    if presented is None:
        return _challenged(soap.soap_fault("Client", _MISSING))  # the usual first step, and no error
    try:
        attempt = password.prove(services, request, *presented)
        if attempt.is_unheard:
            text = "Too many attempts. Try again later, or sign in with a browser."
            return fault(services, request, text, client_id=client_id, status=429)
        if attempt.error == password.DISABLED:
            return fault(services, request, str(password.DISABLED), client_id=client_id, status=403)
        if attempt.person is None:
            return _challenged(fault(services, request, _MISSING, client_id=client_id, status=401))
        now = services.clock()
        demands = Demands(silent=True, fresh_after=now if force else None)
        flow = Flow(PROTOCOL, client_id, demands=demands, started_at=now)
        # ASVS 6.3.4: no path is weaker than the page. A second factor, a password that ran out: there is nobody to ask.
        if engine.lacks(services, request, flow, attempt.person, attempt.methods):
            text = "A password alone does not sign this account in. Sign in with a browser."
            return fault(services, request, text, client_id=client_id, status=403)
        session_id, _ = starting.start(services, request, attempt.person, attempt.methods, Start(stay=False))
    except Busy as error:
        text = "Too many sign-ins at once. Try again."
        busy = fault(services, request, text, code="Server", client_id=client_id, status=503)
        return replace(busy, headers=(*busy.headers, ("Retry-After", str(error.retry_after))))
    except sessions.Changed:
        return _challenged(fault(services, request, _MISSING, client_id=client_id, status=401))
    return sessions.get(services, session_id)


def _basic(request: Request) -> tuple[str, str] | None:
    """RFC 7617, in UTF-8."""
    scheme, _, encoded = request.header("Authorization").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        login, colon, secret = b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except (ValueError, binascii.Error):
        return None
    return (login, secret) if colon else None


def _challenged(said: Raw) -> Raw:
    """RFC 7235 §3.1: what is missing, and how to send it."""
    challenge = ("WWW-Authenticate", 'Basic realm="Sign in", charset="UTF-8"')
    return replace(said, status=401, headers=(*said.headers, challenge))
