"""Back to the application that somebody came from when they found that they had forgotten the password.

The sealed flow of the login page waits in State for this browser, while its person reads their mail.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from idp import browser
from idp.first_party.door import PROTOCOL
from idp.ids import digest
from idp.login import engine
from idp.login.flow import Flow, open_sealed
from idp.protocols import Services
from idp.showing import shown_app
from idp.wire import Request

MAX_LENGTH = 16384  # characters


def along(services: Services, request: Request, sealed: str) -> dict[str, Any]:
    """What pages of help show and carry of the sign-in page that somebody came from; nothing where it is not theirs."""
    who = browser.identify(services, request)
    opened = open_sealed(services.sealer, sealed, who) if sealed and len(sealed) <= MAX_LENGTH else None
    if opened is None or not opened[1]:
        return {"flow": "", "app": None, "login": "", "client_id": ""}
    flow = opened[0]
    request.learn(ui_locales=flow.ui_locales)
    app = shown_app(services, services.registry.find(flow.client_id) if flow.client_id else None)
    return {"flow": sealed, "app": app, "login": flow.login_hint, "client_id": flow.client_id}


def remember(services: Services, request: Request, sealed: str, minutes: int) -> None:
    """Keep the flow of the login page, for as long as the mail's link works."""
    if sealed and len(sealed) <= MAX_LENGTH:
        services.state.put(_key(services, request), sealed, minutes * 60.0)


def kept(services: Services, request: Request) -> str:
    """The sealed flow that waits in this very browser; '' where none does."""
    return str(services.state.get(_key(services, request)) or "")


def find(services: Services, request: Request) -> Flow:
    """The flow that waits in this very browser; a plain visit where none does."""
    sealed = services.state.get(_key(services, request))
    who, now = browser.identify(services, request), services.clock()
    opened = open_sealed(services.sealer, str(sealed), who) if sealed is not None else None
    if opened is not None and opened[1] and now - opened[0].started_at < engine.MAX_OPEN:
        return replace(opened[0], pending="")
    return Flow(protocol=PROTOCOL, client_id="", request={"path": "/"}, started_at=now)


def forget(services: Services, request: Request) -> None:
    """Nobody waits any more."""
    services.state.take(_key(services, request))


def _key(services: Services, request: Request) -> str:
    return "recovery:flow:" + digest(browser.identify(services, request))
