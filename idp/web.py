"""The bridge to HTTP: requests into `wire.Request`, `wire` answers into status, headers and body.

Hot paths are served by `Front` directly, everything else through Flask; both end in `Bridge.respond`, so headers,
cookies, CORS and errors are decided once, here.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from markupsafe import escape

from idp import browser, flash, language, texts
from idp.db import Unavailable
from idp.errors import Explanation, OAuthError, Refused, Stale
from idp.services import Services
from idp.state import StateUnavailable
from idp.texts import N_, plural, translate
from idp.wire import AutoPost, BadRequest, Cookie, Json, Page, Raw, Redirect, Request, Response, Route, dumps

Answer = tuple[int, list[tuple[str, str]], bytes]
Render = Callable[[str, Mapping[str, Any]], str]
#: Learns whose browser it is, for the language of pages whose handler did not need to know. (On the sign-in's floor.)
Recognise = Callable[[Any, Request], None]

_NO_STORE = [("Cache-Control", "no-store"), ("Pragma", "no-cache")]
_JSON_HEADERS = [("Content-Type", "application/json"), *_NO_STORE, ("X-Content-Type-Options", "nosniff")]
#: RFC 9700 §4.2.4, §4.16. Applications sign people in by a popup and wait to hear from it. It keeps its opener only
#: where both pages say unsafe-none (HTML, "matching cross-origin opener policies"); any other value parts them.
_PAGE_HEADERS = [
    ("Content-Type", "text/html; charset=utf-8"),
    *_NO_STORE,
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "unsafe-none"),
    (
        "Permissions-Policy",
        "publickey-credentials-create=(self), publickey-credentials-get=(self), "
        "camera=(), microphone=(), geolocation=()",
    ),
]
_CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action {}"
)
_STATUS = {
    200: "OK", 201: "Created", 204: "No Content", 302: "Found", 303: "See Other", 304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large",
    429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable",
}  # fmt: skip


#: RFC 9110 §8.6, §15.4.5: no content and no length of it.
_BODILESS = (204, 304)


class Snapshot(Protocol):
    """Something kept in memory that a write of another process makes stale."""

    def refresh(self) -> object:
        """Read it anew."""
        ...


class Applications(Snapshot, Protocol):
    """The registry, as far as the bridge asks it."""

    def find(self, client_id: str) -> Any:
        """The application of that id, for an error page that names it, see `shown_app`; None for none."""
        ...

    def find_origin(self, origin: str) -> Set[str]:
        """The ids of the applications that registered an origin, for CORS."""
        ...


class Bridge:
    """Runs a route's handler and turns what comes out into HTTP."""

    def __init__(
        self, services: Services, render: Render, recognise: Recognise, *, applications: Applications, keys: Snapshot
    ) -> None:
        self.services, self._render, self._recognise = services, render, recognise
        self._applications, self._keys = applications, keys
        self.proxies = tuple(ipaddress.ip_network(n) for n in services.settings.server.trusted_proxies)
        parts = urlsplit(services.issuer)
        self.prefix = parts.path
        self.host = parts.netloc
        self._brands = {tag: services.settings.brand.spoken(tag) for tag in texts.LANGUAGES}
        self._moulds: dict[tuple[str, str, tuple[str, ...], bool], list[str | int]] = {}
        self._hsts = [("Strict-Transport-Security", "max-age=31536000")] if services.settings.is_https else []

    def respond(self, route: Route, request: Request) -> Answer:
        """Answer one request; never raises."""
        cors = self._cors_headers(route, request) if route.cors or route.public else []
        if request.method == "OPTIONS" and cors:
            return 204, cors, b""
        if request.method not in route.methods and not (request.method == "HEAD" and "GET" in route.methods):
            status, headers, body = self._wrong_method(route, request)
            return status, headers + cors, body if request.method != "HEAD" else b""
        try:
            status, headers, body = self.finish(request, self._run(route, request))
        except Exception as error:
            status, headers, body = self.finish(request, self.failed(route, request, error))
        if route.cors and request.client_id and request.client_id not in self._origin_of(request):
            cors = [("Vary", "Origin")]  # the origin belongs to another application than the one that asks
        return status, headers + cors, body if request.method != "HEAD" else b""

    def _run(self, route: Route, request: Request) -> Response:
        if (
            route.form
            and not route.api
            and request.method == "POST"
            and not browser.is_own_form(self.services, request, open=route.open)
        ):
            raise _stale_form(request)
        for _ in range(4):
            try:
                return route.handler(self.services, request)
            except Stale:
                self._applications.refresh()
                self._keys.refresh()
        raise Unavailable("the registry changes faster than it can be read")

    # -- errors --------------------------------------------------------------------------------------------------

    def failed(self, route: Route, request: Request, error: Exception) -> Response:
        """The answer to something raised: JSON for programs, a page for people; details only to the log."""
        if isinstance(error, OAuthError):
            name = "token_error" if route.path == "/oauth/token" else "protocol_error"
            error_id = self.services.faults.told(error, request=request, name=name)
            return Json(
                status=error.status,
                headers=error.headers_told(error_id),
                body={"error": error.code, "error_description": error.told(error_id)},
            )
        refusal = error if isinstance(error, Refused) else _refusal(error)
        if not isinstance(error, (Refused, BadRequest, Unavailable, StateUnavailable)):
            self.services.log.error("unexpected", exc_info=error, path=request.shown_path, request_id=request.id)
        if route.api:
            error_id = self.services.errors.keep(refusal, request=request)
            code = {503: "temporarily_unavailable", 500: "server_error"}.get(refusal.status, "invalid_request")
            retry = (("Retry-After", "5"),) if refusal.status == 503 else ()
            return Json(
                status=refusal.status,
                headers=retry,
                body={"error": code, "error_description": refusal.message, "error_id": error_id},
            )
        return self.error_page(request, refusal)

    def error_page(self, request: Request, refusal: Refused) -> Page:
        """E1: plain words, what to do next, an id that an admin can look up."""
        services = self.services
        self._know_visitor(request, refusal.status)
        error_id = services.errors.keep(refusal, request=request)
        client = self._applications.find(refusal.client_id) if refusal.client_id and refusal.status < 500 else None
        others = services.errors.others(refusal.code)
        now = services.clock()
        locale = language.locale_for(services, request)
        support = self._brands[locale]["support"]
        told = N_("Error %(id)s at %(time)s: %(text)s", id=error_id, time=utc(now), text=refusal.message)
        text = translate(locale, told, text=translate(locale, refusal.message))
        return Page(
            status=refusal.status,
            template="error.html",
            headers=(("Retry-After", "5"),) if refusal.status == 503 else (),
            values={
                "title": refusal.title,
                "message": refusal.message,
                "advice": refusal.advice,
                "developer": refusal.developer or None,
                "error_id": error_id,
                "at_utc": utc(now),
                "at_epoch": int(now),
                "browser": describe_browser(request.user_agent),
                "app": shown_app(services, client),
                "support": support,
                "mailto": f"mailto:{support}?subject={quote(error_id)}&body={quote(text)}"
                if "@" in support and " " not in support
                else None,
                "others_affected": plural(
                    "This happened %(n)s time here in the last ten minutes.",
                    "This happened %(n)s times here in the last ten minutes.",
                    others,
                )
                if others > 2
                else None,
                "back_url": _way_on(self.services, client),
            },
        )

    def not_found(self, request: Request) -> Page:
        """No such page."""
        return self.error_page(
            request,
            Refused(
                "not_found", N_("There is no page at this address."), title=N_("Page not found"), status=404,
                advice=N_("Check the address, or start from the overview of your applications."),
                detail=request.shown_path, explanation=Explanation("person", _MISTYPED),
            ),
        )  # fmt: skip

    def _wrong_method(self, route: Route, request: Request) -> Answer:
        allow = ("Allow", ", ".join(route.methods))
        message = N_("This address takes %(methods)s only.", methods=", ".join(route.methods))
        if route.api:
            return self.finish(
                request,
                Json(status=405, headers=(allow,), body={"error": "invalid_request", "error_description": message}),
            )
        refusal = Refused(
            "method_not_allowed", message, status=405, detail=request.method, title=N_("Please start from here"),
            advice=N_("Nothing is wrong with your account. Start from the overview of your apps."),
            explanation=Explanation("person", _MISTYPED),
        )  # fmt: skip
        status, headers, body = self.finish(request, self.error_page(request, refusal))
        return status, [*headers, allow], body

    # -- answers -------------------------------------------------------------------------------------------------

    def finish(self, request: Request, response: Response) -> Answer:
        """Status, headers and body of a wire answer."""
        cookies = response.cookies
        if isinstance(response, Json):
            headers, body = [*_JSON_HEADERS], dumps(response.body)
        elif isinstance(response, Redirect):
            headers, body = [("Location", response.location), *_NO_STORE, ("Referrer-Policy", "no-referrer")], b""
        elif isinstance(response, Raw):
            headers, body = (
                [("Content-Type", response.content_type), ("X-Content-Type-Options", "nosniff")],
                response.body,
            )
        elif isinstance(response, AutoPost):
            headers, body = self._auto_post(request, response)
        elif isinstance(response, Page):
            headers, body = self._page(request, response)
            if browser.of(self.services, request).is_new:
                cookies = (*cookies, browser.cookie(self.services, request))
            cookies = (*cookies, *flash.gone(self.services, request))
        else:
            raise TypeError(f"not an answer: {response!r}")
        for cookie in cookies:
            headers.append(("Set-Cookie", self._cookie(cookie)))
        if response.headers:
            named = {name.lower() for name, _ in response.headers}
            headers = [h for h in headers if h[0].lower() not in named] + list(response.headers)
        headers += self._hsts
        if not body:
            headers = _without_content(headers)
        if response.status not in _BODILESS:
            headers.append(("Content-Length", str(len(body))))
        return response.status, headers, body

    def _know_visitor(self, request: Request, status: int) -> None:
        # A store that is down is not asked once more.
        if not request.person_claims and status != 503:
            self._recognise(self.services, request)

    def _page(self, request: Request, page: Page) -> tuple[list[tuple[str, str]], bytes]:
        self._know_visitor(request, page.status)
        values = {
            "app": None,
            "person": None,
            "here": "",
            "flow": "",
            "form_key": browser.form_key(self.services, request, self._session(request, page)),
            "browser_key": browser.form_key(self.services, request),
            "has_session": self._has_session(request, page),
            "done": flash.TEXTS.get(flash.name_of(self.services, request), ""),
            **self._words(request),
            **page.values,
        }
        values["back"] = self._back(request, str(page.values.get("back") or values["here"] or ""))
        csp = _CSP.format(" ".join(("'self'", *page.form_action)))
        return [*_PAGE_HEADERS, ("Content-Security-Policy", csp)], self._render(page.template, values).encode()

    def _session(self, request: Request, page: Page) -> str:
        """The cookie of the session that the forms of a page act for; '' where there is none."""
        name = browser.cookie_name(self.services, "session")
        made = next((kept.value for kept in page.cookies if kept.name == name), None)
        return request.cookies.get(name, "") if made is None else made

    def _has_session(self, request: Request, page: Page) -> bool:
        """Whether the browser brought a session, live or not, and keeps it: then it can be signed out of (A7)."""
        name = browser.cookie_name(self.services, "session")
        return bool(request.cookies.get(name)) and all(kept.value for kept in page.cookies if kept.name == name)

    def _words(self, request: Request) -> dict[str, Any]:
        locale = language.locale_for(self.services, request)
        words = texts.words(locale, language.zone_for(request), language.dates_for(request, locale))
        return {**words, "brand": self._brands[locale]}

    def _back(self, request: Request, here: str) -> str:
        """Where the choice of another language leads back to, below the issuer: this page, or the one it stands for."""
        if here:
            return here.removeprefix(self.services.issuer) if here.startswith(self.services.issuer + "/") else "/"
        if request.method == "POST":
            return "/"
        query = str(request.environ.get("QUERY_STRING") or "")
        return quote(request.path.removeprefix(self.prefix), safe="/~:@!$&'()*+,;=") + (f"?{query}" if query else "")

    def _auto_post(self, request: Request, post: AutoPost) -> tuple[list[tuple[str, str]], bytes]:
        locale = language.locale_for(self.services, request)
        names = tuple(name for name, _ in post.fields)
        key = (locale, post.app_name, names, post.action.lower().startswith(("https://", "http://")))
        mould = self._moulds.get(key)
        if mould is None:
            if len(self._moulds) >= MAX_MOULDS:
                self._moulds.clear()
            mould = self._moulds[key] = self._mould(*key)
        values = [str(escape(value)) for value in (post.action, *(value for _, value in post.fields))]
        body = "".join(values[part] if isinstance(part, int) else part for part in mould)
        csp = _CSP.format(" ".join(form_targets(form_target(post.action))))
        return [*_PAGE_HEADERS, ("Content-Security-Policy", csp)], body.encode()

    def _mould(self, locale: str, app_name: str, names: tuple[str, ...], is_web: bool) -> list[str | int]:
        """The page with numbers in the places of the address and the fields' values: it is made for every SAML
        response, and the template takes longer than all of the message but its signatures."""
        mark = os.urandom(16).hex()
        scheme = "https://" if is_web else "x:"
        fields = [(name, f"{mark}-{number}-") for number, name in enumerate(names, 1)]
        about = {
            "app": None,
            "person": None,
            "here": "",
            "back": "",
            **texts.words(locale),
            "brand": self._brands[locale],
        }
        values = {"action": f"{scheme}{mark}-0-", "fields": fields, "app_name": app_name, **about}
        parts = re.split(f"(?:{scheme})?{mark}-([0-9]+)-", self._render("auto_post.html", values))
        return [int(part) if at % 2 else part for at, part in enumerate(parts)]

    def _cookie(self, cookie: Cookie) -> str:
        text = f"{cookie.name}={cookie.value}; Path=/; HttpOnly; SameSite={cookie.same_site}"
        if self.services.settings.is_https:
            text += "; Secure"
        return text if cookie.max_age is None else f"{text}; Max-Age={cookie.max_age}"

    def _origin_of(self, request: Request) -> Set[str]:
        """The applications whose origin asks; none for other origins, and while nobody can tell."""
        origin = request.header("Origin")
        try:
            return self._applications.find_origin(origin) if origin else frozenset()
        except Unavailable:  # the answer itself is 503 then
            return frozenset()

    def _cors_headers(self, route: Route, request: Request) -> list[tuple[str, str]]:
        # Never on authorize (RFC 9700 §4.17), never with credentials; what everybody may read is for any origin, the
        # rest only for origins that an application registered.
        is_known = not route.public and bool(self._origin_of(request))
        if not route.public and not is_known:
            return [("Vary", "Origin")]
        headers = [("Access-Control-Allow-Origin", request.header("Origin") if is_known else "*")]
        headers += [("Vary", "Origin")] if is_known else []
        if request.method == "OPTIONS":
            headers += [
                ("Access-Control-Allow-Methods", ", ".join(route.methods)),
                ("Access-Control-Allow-Headers", _allowed_headers(request)),
                ("Access-Control-Max-Age", "600"),
            ]
        else:
            headers.append(("Access-Control-Expose-Headers", _EXPOSED))
        return headers


def _without_content(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """RFC 9110 §8.3: Content-Type tells of content; browser libraries refuse an empty text/plain."""
    return [header for header in headers if header[0].lower() != "content-type"]


def _allowed_headers(request: Request) -> str:
    """Whatever the call brings: tracing and libraries add headers of their own, and none that we do not know counts."""
    asked = [name.strip() for name in request.header("Access-Control-Request-Headers").split(",")]
    named = [name for name in asked[:MAX_ASKED_HEADERS] if _TOKEN.fullmatch(name)]
    return ", ".join(dict.fromkeys((*_ALWAYS_ALLOWED, *(n for n in named if n.lower() not in _KNOWN_HEADERS))))


#: What scripts need beside the headers that every browser shows them (Fetch §3.2.3).
_EXPOSED = "WWW-Authenticate, Retry-After, DPoP-Nonce, ETag, Date"
_ALWAYS_ALLOWED = ("Authorization", "Content-Type", "DPoP")
_KNOWN_HEADERS = frozenset(name.lower() for name in _ALWAYS_ALLOWED)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")  # RFC 9110 §5.6.2
MAX_ASKED_HEADERS = 64
MAX_MOULDS = 256  # auto-post pages kept without their values: languages times applications

_MISTYPED = "An address that nothing of ours leads to: mistyped, an old link, or a program that looks around."


def _way_on(services: Services, client: Any) -> str:
    """Where an error page's button leads: the application's own start, as an admin registered it, or ours."""
    start = (client.launch_url or client.metadata.get("client_uri") or "") if client is not None else ""
    return start if start.startswith(("https://", "http://")) else services.url("/")


_INSERTED = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")


class Front:
    """The WSGI callable: hot paths first, Flask for the rest."""

    def __init__(self, bridge: Bridge, routes: Sequence[Route], fallback: Callable[..., Iterable[bytes]]) -> None:
        self._bridge, self._fallback = bridge, fallback
        self._hot = {bridge.prefix + route.path: route for route in routes if route.hot}
        for route in routes:
            # RFC 8414 §3, §5: the well-known part stands before the issuer's own path.
            if bridge.prefix and route.path in _INSERTED:
                self._hot[route.path + bridge.prefix] = route
            # WebAuthn level 3 §5.11.1, and what browsers do: at the root of the host, wherever we live.
            if bridge.prefix and route.path in ("/.well-known/webauthn", "/favicon.ico"):
                self._hot[route.path] = route

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = self.answer(environ)
        if answer is None:
            return self._fallback(environ, start_response)
        status, headers, body = answer
        start_response(f"{status} {_STATUS.get(status, 'Status')}", headers)
        return [body]

    def answer(self, environ: dict[str, Any]) -> Answer | None:
        """The answer of a hot path, without WSGI's detours; None where another path is asked for."""
        route = self._hot.get(environ.get("PATH_INFO", ""))
        return None if route is None else self._bridge.respond(route, Request(environ, self._bridge.proxies))


def form_target(uri: str) -> str:
    """The CSP source of the place where a form may end up: an origin, or a private-use scheme (RFC 8252 §7.1)."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"


def form_targets(destination: str) -> tuple[str, ...]:
    """Where a form may end up: the application's origin, and what it redirects to inside its own web.

    Browsers hold form-action against every redirect that follows a POST; an app whose callback leads to another of
    its hosts would be cut off, so https apps may lead to https, and those on this machine to this machine.
    """
    if destination.startswith("https:"):
        return (destination, "https:")
    if destination.startswith("http:"):
        return (destination, "http://127.0.0.1:*", "http://localhost:*")
    return (destination,) if destination else ()


def shown_app(services: Services, client: Any) -> dict[str, str] | None:
    """What pages show of an application; only http(s) links, and its logo through us (no third-party request)."""
    if client is None:
        return None
    metadata = client.metadata
    shown = {key: str(metadata.get(key) or "") for key in ("policy_uri", "tos_uri", "client_uri")}
    links = {key: uri if uri.startswith(("https://", "http://")) else "" for key, uri in shown.items()}
    logo = services.url(f"/app-logo/{client.id}") if metadata.get("logo_uri") else ""
    return {"name": client.name, "logo_uri": urlsplit(logo).path if logo else "", **links}


#: First match wins: browsers name their ancestors, too. (A full parser costs 2 s and 20 MiB at its first use.)
_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iOS"), ("iPad", "iPadOS"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def describe_browser(user_agent: str) -> str:
    """Words such as "Firefox on Linux" for a user agent string."""
    name = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if not system:
        return name or N_("Unknown browser")
    return N_("%(browser)s on %(system)s", browser=name or N_("Unknown browser"), system=system)


def utc(now: float) -> str:
    """A moment as pages write it."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _refusal(error: Exception) -> Refused:
    if isinstance(error, BadRequest):
        return Refused(
            "unreadable_request",
            N_("The request cannot be read: %(reason)s.", reason=str(error)),
            status=error.status,
            detail=str(error),
        )
    if isinstance(error, (Unavailable, StateUnavailable)):
        return Refused(
            "store_unavailable", N_("Signing in is not possible at this moment."),
            title=N_("Please try again in a moment"), status=503,
            advice=N_("Wait a few seconds and try again. Nothing of yours is lost."), detail=str(error)[:400],
            explanation=Explanation("doorward", "The database or the state store is silent; see `doorward doctor`."),
        )  # fmt: skip
    return Refused(
        "server_error", N_("Something went wrong on our side."), status=500, detail=type(error).__name__,
        explanation=Explanation("doorward", "An unexpected error; the log has its trace under this request's id."),
    )  # fmt: skip


def _stale_form(request: Request) -> Refused:
    return Refused(
        "stale_form", N_("This page was open too long, or cookies are blocked."),
        title=N_("Please open the page again"),
        advice=N_("Go back, reload the page, and try again. If that does not help, allow cookies for this site."),
        detail=f"form key missing or of another browser at {request.shown_path}", status=403,
        explanation=Explanation(
            "person", "The form's key did not fit the browser's cookie: cookies blocked, an old page, or a forgery."
        ),
    )  # fmt: skip
