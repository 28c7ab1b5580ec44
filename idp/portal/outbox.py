"""The messages of a development machine without a mail server (`idp/mail/outbox.py`); elsewhere there is no page."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from idp.config import is_loopback
from idp.errors import Explanation, Refused
from idp.mail import outbox
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Page, Raw, Request, Response

_LINK = re.compile(r"(https?://\S+)")
#: A message's own styles are let through, and nothing else: no script, no picture from outside, no form.
_HEADERS = (
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)


def show(services: Services, request: Request) -> Response:
    """GET /dev/outbox."""
    _check(services, request)
    return Page(template="portal/outbox.html", values={"kept": [_shown(kept) for kept in outbox.newest(services)]})


def show_one(services: Services, request: Request) -> Response:
    """GET /dev/outbox/<id>: a mail as a mail program shows it."""
    _check(services, request)
    found = next((kept for kept in outbox.newest(services) if kept.id == request.segment and kept.html), None)
    if found is None:
        raise _missing(request)
    return Raw(body=found.html.encode(), content_type="text/html; charset=utf-8", headers=_HEADERS)


def _check(services: Services, request: Request) -> None:
    """Errors: `Refused` (404) for anybody but the developer at this machine: what lies here opens accounts."""
    server = services.settings.server
    here = is_loopback(server.host) or is_loopback(request.remote_address)
    # A page of elsewhere whose name was pointed at 127.0.0.1 (DNS rebinding) would ask under its own name.
    named = is_loopback(urlsplit(f"//{request.header('Host')}").hostname or "")
    if not (outbox.is_open(services.settings) and here and named):
        raise _missing(request)


def _missing(request: Request) -> Refused:
    return Refused(
        "not_found", N_("There is no page at this address."), title=N_("Page not found"), status=404,
        advice=N_("Check the address, or start from the overview of your applications."), detail=request.shown_path,
        explanation=Explanation("person", "The outbox is for a developer at the machine itself."),
    )  # fmt: skip


def _shown(kept: outbox.Kept) -> dict[str, Any]:
    """Each line as its parts: (text, whether it is a link)."""
    lines = [_LINK.split(line) for line in kept.text.split("\n")]
    return {
        "id": kept.id,
        "at": kept.at,
        "to": kept.to,
        "subject": kept.subject,
        "lines": [[(part, bool(_LINK.fullmatch(part))) for part in line if part] for line in lines],
        "html": bool(kept.html),
    }
