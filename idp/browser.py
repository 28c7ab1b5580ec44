"""Which browser this is, signed in or not: a random cookie that forms and pending requests are bound to."""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256

from idp.ids import digest
from idp.services import Services
from idp.wire import Cookie, Request

_FORM = "form-key"
_WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{22}")


def cookie_name(services: Services, name: str) -> str:
    """`__Host-` on https, so that no sister host can set or read it (ASVS 3.3, X27)."""
    return f"__Host-doorward_{name}" if services.settings.is_https else f"doorward_{name}"


@dataclass(frozen=True, slots=True)
class Browser:
    """The browser that a request comes from. `is_new`: its id is set with the page that is being made."""

    id: str
    is_new: bool


def of(services: Services, request: Request) -> Browser:
    """Which browser it is."""
    return request.once(_read, services)


def _read(services: Services, request: Request) -> Browser:
    known = request.cookies.get(cookie_name(services, "browser"), "")
    is_new = _WELL_FORMED.fullmatch(known) is None
    return Browser(secrets.token_urlsafe(16) if is_new else known, is_new)


def identify(services: Services, request: Request) -> str:
    """This browser's id."""
    return of(services, request).id


def cookie(services: Services, request: Request) -> Cookie:
    """The cookie that keeps the id for as long as the browser is open."""
    return Cookie(cookie_name(services, "browser"), identify(services, request))


def set_with_answer(request: Request, cookie: Cookie | None) -> None:
    """The session's cookie has a new secret, which goes with whatever is answered that does not set it itself."""
    request.read_as(_unset, cookie)


def to_set(services: Services, request: Request, cookies: tuple[Cookie, ...]) -> tuple[Cookie, ...]:
    """What an answer with these cookies sets of the session besides."""
    made = request.once(_unset, services)
    return (made,) if made is not None and all(one.name != made.name for one in cookies) else ()


def header_with_answer(request: Request, header: tuple[str, str]) -> None:
    """A header that goes with whatever is answered."""
    headers: tuple[tuple[str, str], ...] = (header,)
    request.read_as(_no_header, headers)


def headers_to_set(services: Services, request: Request) -> tuple[tuple[str, str], ...]:
    """What `header_with_answer` was told."""
    return request.once(_no_header, services)


def _no_header(services: Services, request: Request) -> tuple[tuple[str, str], ...]:
    return ()


def session_value(services: Services, request: Request) -> str:
    """The session's cookie as the browser has it after this answer, where the answer does not begin or end one."""
    made = request.once(_unset, services)
    return request.cookies.get(cookie_name(services, "session"), "") if made is None else made.value


def _unset(services: Services, request: Request) -> Cookie | None:
    return None


def comes_from_own_page(services: Services, request: Request) -> bool:
    """Whether the browser itself says that a page of ours sent this, and it has a cookie of ours to be known by.

    No other site can have a browser say so (Fetch Metadata §2.3); programs and old browsers say nothing.
    """
    return request.header("Sec-Fetch-Site") == "same-origin" and not of(services, request).is_new


def adopt(request: Request, known: str) -> None:
    """Go on under the id that one of this browser's pages was made for; the page that comes sets it anew."""
    request.read_as(_read, Browser(known, is_new=True))


def is_navigation(request: Request) -> bool:
    """Whether a window is on its way, and no script, frame or program."""
    destination = request.header("Sec-Fetch-Dest")
    return destination == "document" if destination else "text/html" in request.header("Accept")


def form_key(services: Services, request: Request, session: str = "") -> str:
    """The anti-forgery value of a page's forms: of this browser, or of the session whose cookie is `session`.

    A form that acts for somebody is worth nothing in another session: not one of another person in the same browser,
    nor one that was made for a browser's id that somebody else has planted (ASVS 3.5.1).
    """
    whose = "session\0" + _session_of(services, session) if session else identify(services, request)
    mac = hmac.new(services.sealer.mac_key(_FORM), whose.encode(), sha256).digest()
    return urlsafe_b64encode(mac).rstrip(b"=").decode("ascii")


def is_own_form(services: Services, request: Request, *, open: bool) -> bool:
    """Whether a POST comes from a page that this browser got from us, in this session.

    `open`: the form acts for nobody's session, so a page from before a sign-in is taken after it, too (L8).
    """
    presented = (request.form.get("form_key") or "").encode()
    session = request.cookies.get(cookie_name(services, "session"), "")
    if session and hmac.compare_digest(presented, form_key(services, request, session).encode()):
        return True
    if of(services, request).is_new or (session and not open):
        return False
    own = form_key(services, request).encode()
    beside = (request.form.get("browser_key") or "").encode() if open else b""
    if hmac.compare_digest(presented, own) or hmac.compare_digest(beside, own):
        return True
    return open and comes_from_own_page(services, request)


def session_secret(services: Services, secret: str, session_id: str) -> str:
    """A session's secret with our mark of its id: so the id alone can be told from a made-up one without the store.

    The secret is new with each proof (ASVS 7.2.4), the id is not: forms in other tabs go on working.
    """
    return secret + _session_mark(services, session_id)


def _session_of(services: Services, value: str) -> str:
    """The id in a session's cookie where our mark proves it; else all of the cookie."""
    session_id, _, secret = value.partition(".")
    is_ours = hmac.compare_digest(secret[-_MARK:].encode(), _session_mark(services, session_id).encode())
    return session_id if is_ours else digest(value)


def _session_mark(services: Services, session_id: str) -> str:
    mac = hmac.new(services.sealer.mac_key("session-mark"), session_id.encode(), sha256).digest()
    return urlsafe_b64encode(mac).decode("ascii")[:_MARK]


_MARK = 22  # characters: 132 bits
