"""Runs a route's handler and turns what comes out into HTTP."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from idp import arrivals, browser, browser_state, flash, language, login_status, reached, texts
from idp.db import Unavailable
from idp.errors import Stale
from idp.meters.notes import Meters
from idp.moving.watching import Watching
from idp.services import Services
from idp.showing import form_target, form_targets
from idp.tracing.spans import Tracer
from idp.traffic import ORIGIN, Traffic, shown_origin
from idp.wire import AutoPost, Cookie, Json, Page, Raw, Redirect, Request, Response, Route, Stream, dumps

from .auto_post import AutoPosts
from .cors import Cors
from .error_pages import ErrorPages, stale_form
from .ports import Applications, Snapshot, Watch

#: A body that is no bytes is made while it is sent.
Answer = tuple[int, list[tuple[str, str]], bytes | Iterator[bytes]]
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
#: RFC 9110 §8.6, §15.4.5: no content and no length of it.
_BODILESS = (204, 304)
_PUBLIC = "en"  # the language of what is the same for everybody


class Bridge:
    """Runs a route's handler and turns what comes out into HTTP."""

    def __init__(
        self, services: Services, render: Render, recognise: Recognise, *, applications: Applications, keys: Snapshot,
        watch: Watch,
    ) -> None:  # fmt: skip
        self.services, self._render, self._recognise, self._watch = services, render, recognise, watch
        self._applications, self._keys = applications, keys
        self.proxies = tuple(ipaddress.ip_network(n) for n in services.settings.server.trusted_proxies)
        parts = urlsplit(services.issuer)
        self.prefix = parts.path
        self.host = parts.netloc
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._brands = {tag: services.settings.brand.spoken(tag) for tag in texts.LANGUAGES}
        self._errors = ErrorPages(services, applications, self._brands, self._know_visitor)
        self._auto_posts = AutoPosts(render, self._brands)
        self._meters, self._moving = services.part(Meters), services.part(Watching)
        self._tracer = services.part(Tracer)
        traffic = services.part(Traffic)
        self._cors = Cors(applications, lambda request: _note_origin(traffic, request))
        self._hsts = [("Strict-Transport-Security", "max-age=31536000")] if services.settings.is_https else []

    def respond(self, route: Route, request: Request) -> Answer:
        """Answer one request; never raises."""
        if not self._meters.on and not self._tracer.on:
            return self._respond(route, request)
        begun = self._meters.begin()
        work = self._tracer.begin(request, route) if self._tracer.on else None
        answer = self._respond(route, request)
        if self._meters.on:
            self._meters.end(route.path, answer[0], begun)
        if work is not None:
            self._tracer.end(work, route, answer[0])
        return answer

    def _respond(self, route: Route, request: Request) -> Answer:
        cors = self._cors.headers(route, request) if route.cors or route.public else []
        if request.method == "OPTIONS" and cors:
            if self._applications.watched:
                self._watch(route, request, None)
            return 204, cors, b""
        if request.method not in route.methods and not (request.method == "HEAD" and "GET" in route.methods):
            status, headers, body = self.finish(request, self._errors.wrong_method(route, request))
            return status, headers + cors, body if request.method != "HEAD" else b""
        try:
            response = self._run(route, request)
            status, headers, body = self.finish(request, response)
        except Exception as error:
            response = self._errors.failed(route, request, error)
            status, headers, body = self.finish(request, response)
        if self._applications.watched:
            self._watch(route, request, response)
        if route.cors:
            cors = self._cors.checked(request, cors)
        return status, headers + cors, body if request.method != "HEAD" else b""

    def _run(self, route: Route, request: Request) -> Response:
        if (
            route.form
            and not route.api
            and request.method == "POST"
            and not browser.is_own_form(self.services, request, open=route.open)
        ):
            reached.check(self.services, request, self._here(request))
            raise stale_form(request)
        for _ in range(4):
            try:
                return route.handler(self.services, request)
            except Stale:
                self._applications.refresh()
                self._keys.refresh()
        raise Unavailable("the registry changes faster than it can be read")

    def not_found(self, request: Request, known: Iterable[str] = ()) -> Response:
        """No such page, nor endpoint; `known`: those that there are."""
        return self._errors.not_found(request, known)

    # -- answers -------------------------------------------------------------------------------------------------

    def finish(self, request: Request, response: Response) -> Answer:
        """Status, headers and body of a wire answer."""
        cookies, body = response.cookies, b""
        if isinstance(response, Json):
            headers, body = [*_JSON_HEADERS], dumps(response.body)
        elif isinstance(response, Redirect):
            headers = [("Location", response.location), *_NO_STORE, ("Referrer-Policy", "no-referrer")]
        elif isinstance(response, Raw):
            headers, body = (
                [("Content-Type", response.content_type), ("X-Content-Type-Options", "nosniff")],
                response.body,
            )
        elif isinstance(response, Stream):
            headers = [("Content-Type", response.content_type), ("X-Content-Type-Options", "nosniff")]
        elif isinstance(response, AutoPost):
            csp = _CSP.format(" ".join(form_targets(form_target(response.action))))
            body = self._auto_posts.body(language.locale_for(self.services, request), response)
            headers = [*_PAGE_HEADERS, ("Content-Security-Policy", csp)]
        elif isinstance(response, Page) and response.public:
            headers, body = self._public_page(response)
        elif isinstance(response, Page):
            headers, body = self._page(request, response)
            if browser.of(self.services, request).is_new:
                cookies = (*cookies, browser.cookie(self.services, request))
            cookies = (*cookies, *flash.gone(self.services, request))
        else:
            raise TypeError(f"not an answer: {response!r}")
        cookies = (*cookies, *browser.to_set(self.services, request, cookies))
        if self.services.settings.oauth.session_management:
            cookies = (*cookies, *browser_state.beside(self.services, cookies))
        if self.services.settings.oauth.fedcm:
            own, status = login_status.beside(self.services, request, cookies)
            cookies, headers = (*cookies, *own), [*headers, *status]
        for cookie in cookies:
            headers.append(("Set-Cookie", self._cookie(cookie)))
        if response.headers:
            named = {name.lower() for name, _ in response.headers}
            headers = [h for h in headers if h[0].lower() not in named] + list(response.headers)
        headers += browser.headers_to_set(self.services, request)
        headers += self._hsts
        if isinstance(response, Stream):  # nobody knows its length yet
            return response.status, headers, response.pieces
        if not body:
            headers = _without_content(headers)
        if response.status not in _BODILESS:
            headers.append(("Content-Length", str(len(body))))
        return response.status, headers, body

    def _know_visitor(self, request: Request, status: int) -> None:
        # A store that is down is not asked once more.
        if not request.visitor.person_claims and status != 503:
            self._recognise(self.services, request)

    def _page(self, request: Request, page: Page) -> tuple[list[tuple[str, str]], bytes]:
        self._know_visitor(request, page.status)
        arrivals.look(self.services, request)
        values = {
            "app": None,
            "person": None,
            "here": "",
            "flow": "",
            "form_key": browser.form_key(self.services, request, self._session(request, page)),
            "browser_key": browser.form_key(self.services, request),
            "has_session": self._has_session(request, page),
            "done": flash.TEXTS.get(flash.name_of(self.services, request), ""),
            "copied_at": _moment(request.visitor.copied_at),
            "moving": self._moving.shown(self.services.clock()),
            **self._words(request),
            **page.values,
        }
        values["other_address"] = self._elsewhere(request, page)
        values["back"] = self._back(request, str(page.values.get("back") or values["here"] or ""))
        # Somebody at another host name is led to the issuer by what a form answers; at the issuer it changes nothing.
        csp = _CSP.format(" ".join(("'self'", self._origin, *page.form_action)))
        if page.frames:
            csp += "; frame-src " + " ".join(page.frames)
        return [*_PAGE_HEADERS, ("Content-Security-Policy", csp)], self._render(page.template, values).encode()

    def _public_page(self, page: Page) -> tuple[list[tuple[str, str]], bytes]:
        values = {"app": None, "person": None, "here": "", "back": "", "has_session": False, "done": ""}
        words = {**texts.words(_PUBLIC, "UTC", _PUBLIC), "brand": self._brands[_PUBLIC]}
        csp = _CSP.format("'none'")
        body = self._render(page.template, {**values, **words, **page.values}).encode()
        kept = [header for header in _PAGE_HEADERS if header not in _NO_STORE]
        return [*kept, ("Content-Security-Policy", csp)], body

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

    def _here(self, request: Request) -> str:
        """The page that a request is for, at the issuer's address, as far as an address can tell."""
        return self.services.url(self._back(request, "") if request.method in ("GET", "HEAD") else "/")

    def _elsewhere(self, request: Request, page: Page) -> dict[str, Any] | None:
        """What a page says of the address that it is at; `known`: the request says that it is not ours.

        Its script knows for sure, and shows or hides it. No header stands in the page itself (RFC 9700 §4.13).
        """
        if page.template == "error.html":
            return None
        came = reached.of(self.services, request)
        known = reached.is_elsewhere(self.services, came)
        here = str(page.values.get("here") or "")
        way_on = here if here.startswith(self.services.issuer + "/") else self._here(request)
        return {"known": known, "right": self.services.issuer, "way_on": way_on, "origin": self._origin}

    def _cookie(self, cookie: Cookie) -> str:
        hidden = "" if cookie.script else "; HttpOnly"
        text = f"{cookie.name}={cookie.value}; Path=/{hidden}; SameSite={cookie.same_site}"
        if self.services.settings.is_https or cookie.secure:
            text += "; Secure"
        return text if cookie.max_age is None else f"{text}; Max-Age={cookie.max_age}"


def _note_origin(traffic: Traffic, request: Request) -> None:
    """Nobody else learns of it: the browser tells its script nothing, and the answer is none of ours to refuse."""
    origin = shown_origin(request.header("Origin"))
    if not origin:
        return
    asked = request.header("Access-Control-Request-Method") or request.method
    about = {"path": request.shown_path, "method": asked[:20], "preflight": request.method == "OPTIONS"}
    traffic.said(ORIGIN, request.visitor.client_id, origin, about)


def _moment(text: str) -> float | None:
    return float(text) if text else None


def _without_content(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """RFC 9110 §8.3: Content-Type tells of content; browser libraries refuse an empty text/plain."""
    return [header for header in headers if header[0].lower() != "content-type"]
