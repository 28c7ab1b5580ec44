"""Two applications of a few lines, each with a kept client library that checks what it is given."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, request, session
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from tests.apps.desk.door import Door, NotSignedIn
from tests.apps.settings import Settings
from tests.backends import find_free_port
from tests.provider import App
from tests.server import Server, unique


@dataclass(frozen=True)
class Site:
    """An application that runs: where it is, and what it was registered as."""

    url: str
    app: App


def with_authlib(settings: Settings) -> Flask:
    """Authlib's Flask client: discovery, PKCE, state, nonce, and the ID token by our JWKS."""
    app = _flask("authlib")
    provider = OAuth(app).register(
        "provider",
        server_metadata_url=settings.discovery_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
    )

    @app.get("/")
    def home() -> Any:
        if "token" in session:
            return dict(session["token"])
        return provider.authorize_redirect(settings.redirect_uri)

    @app.get("/callback")
    def callback() -> Response:
        token = provider.authorize_access_token()
        told = dict(token["userinfo"])  # the verified claims of the ID token
        name = provider.userinfo(token=token)["name"]
        session["token"] = {"sub": told["sub"], "iss": told["iss"], "name": name, "nonce": told["nonce"]}
        session["hint"] = token["id_token"]
        return redirect("/")

    @app.get("/sign-out")
    def sign_out() -> Response:
        hint = session.pop("hint", None)
        session.clear()
        answer: Response = provider.logout_redirect(settings.post_logout_redirect_uri, id_token_hint=hint)
        return answer

    @app.get("/signed-out")
    def signed_out() -> str:
        return "signed out here"

    return app


def with_idpyoidc(settings: Settings) -> Flask:
    """idpyoidc's relying party: the same checks by other hands, and userinfo at each look."""
    app, door = _flask("idpyoidc"), Door(settings)

    @app.get("/")
    def home() -> Any:
        if "state" in session:
            try:
                return {"sub": door.ask_who(session["state"])["sub"]}
            except NotSignedIn:
                session.clear()
        url, session["asked"] = door.begin()
        return redirect(url)

    @app.get("/callback")
    def callback() -> Response | tuple[str, int]:
        if request.args.get("state") != session.get("asked"):
            return "not the answer to what was asked here", 403
        door.finish(request.args)
        session["state"] = session.pop("asked")
        return redirect("/")

    return app


def _flask(name: str) -> Flask:
    app = Flask(name)
    app.config.update(SECRET_KEY=secrets.token_bytes(32), SESSION_COOKIE_NAME=name, SESSION_COOKIE_SAMESITE="Lax")
    return app


@contextmanager
def site(server: Server, make: Any) -> Iterator[Site]:
    """Register an application by the command, start it, and stop it at the end."""
    port = find_free_port()
    url, name = f"http://127.0.0.1:{port}", unique(make.__name__)
    added = server.cli_json(
        "client", "add", "oidc", "--name", name, "--profile", "web", "--redirect-uri", f"{url}/callback",
        "--post-logout-redirect-uri", f"{url}/signed-out", "--set", "token_endpoint_auth_method=client_secret_post",
        "--json",
    )  # fmt: skip
    settings = Settings(
        server.issuer, added["client_id"], added["client_secret"], f"{url}/callback", f"{url}/signed-out", port, ""
    )
    serving = make_server("127.0.0.1", port, make(settings), threaded=True)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    try:
        client = server.services.registry.find(settings.client_id)
        assert client is not None
        yield Site(url, App(client, settings.client_secret))
    finally:
        serving.shutdown()
        serving.server_close()
