"""The composition root: with `opening`, which opens the rooms, and `background`, the only file that knows them all."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import flask
import jinja2

from clients.documents.address import in_path, of_path
from idp import formats, health, texts, way_here
from idp.admin.checking.watch import Watch
from idp.answers.looking import Answers
from idp.api import views as api_views
from idp.background import start_background, sweep, sweep_out
from idp.catalogue import views as catalogue_views
from idp.console import views as console_views
from idp.federation import health as upstream_health
from idp.federation import views as federation_views
from idp.login import views as login_views
from idp.login.browser import sessions
from idp.metrics import starting as metrics_starting
from idp.metrics import views as metrics_views
from idp.oidc import views as oidc_views
from idp.portal import views as portal_views
from idp.protocols import Services
from idp.saml import views as saml_views
from idp.scim import views as scim_views
from idp.signals import views as signals_views
from idp.web import Bridge, Front
from idp.web.bridge import Answer
from idp.wire import Request, Route

__all__ = ["ROUTES", "create_app", "start_background", "sweep", "sweep_out"]

ROUTES: tuple[Route, ...] = (
    *health.ROUTES, *way_here.ROUTES, *metrics_views.ROUTES, *catalogue_views.ROUTES, *oidc_views.ROUTES,
    *saml_views.ROUTES, *login_views.ROUTES, *federation_views.ROUTES, *portal_views.ROUTES, *console_views.ROUTES,
    *api_views.ROUTES, *scim_views.ROUTES, *signals_views.ROUTES,
)  # fmt: skip

ROOT = Path(__file__).parent
STATIC = ROOT / "static"

#: Those that are one page each, by which a path is known that a proxy has cut or added to.
PATHS: frozenset[str] = frozenset(route.path for route in ROUTES if "<" not in route.path)


def create_app(services: Services) -> flask.Flask:
    """The WSGI application. Hot paths are answered before Flask is asked."""
    app = _pages(services)
    _introduce(services)
    bridge = Bridge(
        services, lambda name, values: app.jinja_env.get_template(name).render(**values), sessions.recognise,
        applications=services.registry, keys=services.ring, watch=Watch(services),
    )  # fmt: skip
    _serve_routes(app, bridge)
    _serve_static(app, bridge.prefix)
    _serve_unknown(app, bridge)
    app.wsgi_app = Front(bridge, ROUTES, app.wsgi_app)  # type: ignore[method-assign]
    app.extensions["doorward"] = services
    return app


def _pages(services: Services) -> flask.Flask:
    """Flask with the templates of our pages, and no path yet."""
    templates = ROOT / "templates" if (ROOT / "templates").is_dir() else ROOT.parent / "templates"
    app = flask.Flask("idp", template_folder=str(templates), static_folder=None)
    app.response_class = _Answer
    # No redirect to a tidier path: Werkzeug would build it, and its host, from the Host header (RFC 9700 §4.13).
    app.url_map.strict_slashes = app.url_map.merge_slashes = False
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.undefined = jinja2.StrictUndefined  # a misspelt value is an error, not a blank
    app.jinja_env.globals.update(_globals(services))
    app.jinja_env.filters.update(_FILTERS)
    app.jinja_env.add_extension("jinja2.ext.i18n")  # {% trans %}; its words come with each page, see `texts.words`
    app.jinja_env.newstyle_gettext = True  # type: ignore[attr-defined]
    return app


def _introduce(services: Services) -> None:
    """Give the spine what a serving process knows of rooms above it."""
    services.errors.answers = services.faults.answers = Answers(services)
    metrics_starting.start(services)
    services.part(health.Details).lines["providers"] = upstream_health.listed


def _serve_routes(app: flask.Flask, bridge: Bridge) -> None:
    def answer(route: Route) -> Callable[..., flask.Response]:
        def view(**segments: str) -> flask.Response:
            segment = of_path(next(iter(segments.values()), ""))
            return _sent(bridge.respond(route, Request(flask.request.environ, bridge.proxies, segment)))

        return view

    every = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]  # the bridge says which of them a route takes
    for route in ROUTES:
        app.add_url_rule(
            bridge.prefix + route.path, endpoint=route.path, view_func=answer(route), methods=every,
            provide_automatic_options=False,
        )  # fmt: skip


def _serve_unknown(app: flask.Flask, bridge: Bridge) -> None:
    def not_found(error: Any) -> flask.Response:
        request = Request(flask.request.environ, bridge.proxies)
        for views in (api_views, scim_views):  # a program is answered as one, whatever it has called
            rest = views.rest_of(request.path, bridge.prefix)
            if rest is not None:
                answer = views.answer(bridge.services, Request(flask.request.environ, bridge.proxies, rest))
                break
        else:
            answer = bridge.not_found(request, PATHS)
        return _sent(bridge.finish(request, answer))

    for status in (404, 405):  # a method that nothing of ours takes, such as TRACE, leads nowhere either
        app.register_error_handler(status, not_found)


class _Answer(flask.Response):
    """Just what the bridge says: no Content-Type of Flask's own for an answer without content.

    Its body is given as a list: bytes would have the length of a HEAD's answer counted anew, to 0.
    """

    default_mimetype = None


def _sent(answer: Answer) -> flask.Response:
    status, headers, body = answer
    return _Answer([body] if isinstance(body, bytes) else body, status, headers)


def _serve_static(app: flask.Flask, prefix: str) -> None:
    def static(name: str) -> flask.Response:
        response = flask.send_from_directory(STATIC, name, max_age=31536000)
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    app.add_url_rule(f"{prefix}/static/<path:name>", endpoint="static", view_func=static)


def _globals(services: Services) -> Mapping[str, Any]:
    settings = services.settings
    prefix = settings.server.issuer_path
    versions = {p.name: hashlib.sha256(p.read_bytes()).hexdigest()[:10] for p in STATIC.iterdir() if p.is_file()}
    return {
        "brand": settings.brand.spoken(settings.brand.language),  # pages say it in their own language, see `Bridge`
        "host": urlsplit(settings.server.issuer).netloc,
        "right_address": settings.server.issuer,
        "asset": lambda name: f"{prefix}/static/{name}?v={versions[name]}",
        "url": lambda path: prefix + path,
        "languages": texts.LANGUAGES,
    }


def _spoken(write: Callable[..., str]) -> Callable[..., str]:
    """A filter that writes a value as the page's language does."""

    @jinja2.pass_context
    def filtered(context: Any, value: float) -> str:
        return write(context["dates"], value, context["zone"])

    return filtered


_FILTERS = {
    "date_time": _spoken(formats.date_time),
    "date": _spoken(formats.date),
    "time": _spoken(formats.time),
    "hue": lambda name: (zlib.crc32(str(name).encode()) >> 16) % 8,  # the colour of a letter that stands for a logo
    "iso": lambda value: datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds"),
    "in_path": in_path,
    "number": _spoken(lambda locale, value, zone: formats.number(locale, value)),
}
