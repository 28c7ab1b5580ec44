"""A customer database, as an ordinary Flask application: Authlib's client signs people in.

Its own session is a random id in a cookie; what stands behind it is kept here. Every page asks the provider whether
the person is still signed in, so that signing out anywhere ends it here as well.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask import Flask, abort, g, redirect, render_template, request, session, url_for
from requests import RequestException
from werkzeug.wrappers import Response

from tests.apps.back_channel import NoLogoutToken, read_logout_token
from tests.apps.settings import Settings

CONTACTS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("contacts.json").read_text("utf-8"))
STAGES = ("Lead", "In talks", "Customer", "Former")
PUBLIC = (
    "static",
    "sign_in",
    "callback",
    "sign_out",
    "signed_out",
    "back_channel_logout",
    "browser_asks",
    "browser_answers",
)


@dataclass
class SignedIn:
    """One person in one browser. `token` is replaced whenever it was refreshed."""

    token: dict[str, Any]


class Ended(Exception):
    """The provider does not know this sign-in any more."""


def create_app(settings: Settings) -> Flask:
    """The application."""
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=secrets.token_bytes(32),
        # Cookies do not tell ports apart: on one machine every application needs a name of its own.
        SESSION_COOKIE_NAME="crm_session",
        SESSION_COOKIE_SAMESITE="Lax",
    )
    provider = OAuth(app).register(
        "doorward",
        server_metadata_url=settings.discovery_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        client_kwargs={"scope": "openid profile email groups", "code_challenge_method": "S256"},
        update_token=lambda token, **_: g.signed_in.token.update(token),
    )
    signed_in: dict[str, SignedIn] = {}

    def ask_who() -> dict[str, Any]:
        """The person, fresh from the provider; an expired access token is refreshed on the way."""
        try:
            answer = provider.get(provider.load_server_metadata()["userinfo_endpoint"], token=g.signed_in.token)
        except OAuthError as error:  # the refresh was refused
            raise Ended from error
        if answer.status_code == 401:
            raise Ended
        answer.raise_for_status()
        person: dict[str, Any] = answer.json()
        return person

    @app.before_request
    def require_person() -> Response | None:
        if request.endpoint in PUBLIC:
            return None
        g.signed_in = signed_in.get(session.get("id", ""))
        try:
            if g.signed_in is None:
                raise Ended
            g.person = ask_who()
        except Ended:
            signed_in.pop(session.pop("id", ""), None)
            session["next"] = request.full_path if request.method == "GET" else "/"
            return redirect(url_for("sign_in"))
        return None

    @app.context_processor
    def everywhere() -> dict[str, Any]:
        return {
            "person": g.get("person"),
            "neighbour_url": settings.neighbour_url,
            "provider_url": settings.issuer,
            "client_id": settings.client_id,
        }

    @app.errorhandler(RequestException)
    def provider_is_away(_error: Exception) -> tuple[str, int]:
        return render_template(
            "message.html", title="Please try again in a moment", text="The sign-in service does not answer."
        ), 503

    @app.get("/sign-in")
    def sign_in() -> Response:
        answer: Response = provider.authorize_redirect(settings.redirect_uri)
        return answer

    @app.get("/callback")
    def callback() -> Response | tuple[str, int]:
        try:
            token = provider.authorize_access_token()
        except OAuthError as error:
            text = error.description or error.error
            return render_template("message.html", title="You are not signed in", text=text, again=True), 403
        after = session.pop("next", "/")
        session.clear()
        session["id"] = secrets.token_urlsafe(24)
        signed_in[session["id"]] = SignedIn(token)
        return redirect(after)

    @app.get("/fedcm")
    def browser_asks() -> dict[str, str]:
        """What the page gives to the browser's own dialog (FedCM); the verifier stays here."""
        session["nonce"], session["verifier"] = secrets.token_urlsafe(16), secrets.token_urlsafe(48)
        return {"nonce": session["nonce"], "code_challenge": create_s256_code_challenge(session["verifier"]),
                "code_challenge_method": "S256"}  # fmt: skip

    @app.post("/fedcm")
    def browser_answers() -> tuple[dict[str, str], int]:
        """The code that the dialog brought."""
        verifier, nonce = session.get("verifier", ""), session.get("nonce", "")
        try:
            token = provider.fetch_access_token(code=request.get_json()["code"], code_verifier=verifier)
            token["userinfo"] = provider.parse_id_token(token, nonce=nonce)
        except OAuthError as error:
            return {"error": error.description or error.error}, 403
        session.clear()
        session["id"] = secrets.token_urlsafe(24)
        signed_in[session["id"]] = SignedIn(token)
        return {"go": "/"}, 200

    @app.post("/sign-out")
    def sign_out() -> Response:
        ended = signed_in.pop(session.get("id", ""), None)
        session.clear()
        if ended is None:
            return redirect(url_for("signed_out"))
        answer: Response = provider.logout_redirect(
            settings.post_logout_redirect_uri, id_token_hint=ended.token["id_token"]
        )
        return answer

    @app.post("/back-channel-logout")
    def back_channel_logout() -> tuple[str, int]:
        try:
            sid = read_logout_token(settings, request.form.get("logout_token", ""))
        except NoLogoutToken as error:
            return str(error), 400
        for key, one in list(signed_in.items()):
            if one.token.get("userinfo", {}).get("sid") == sid:
                signed_in.pop(key, None)
        return "", 200

    @app.get("/signed-out")
    def signed_out() -> str:
        session.clear()
        return render_template(
            "message.html", title="You are signed out", text="Here, and in every other application.", again=True
        )

    @app.get("/")
    def contacts() -> str:
        wanted, stage = request.args.get("q", "").strip(), request.args.get("stage", "")
        shown = [c for c in CONTACTS if _matches(c, wanted.lower()) and stage in ("", c["stage"])]
        counts = {name: sum(c["stage"] == name for c in CONTACTS) for name in STAGES}
        return render_template("contacts.html", contacts=shown, wanted=wanted, stage=stage, counts=counts)

    @app.get("/contacts/<contact_id>")
    def contact(contact_id: str) -> str:
        found = next((c for c in CONTACTS if c["id"] == contact_id), None)
        return render_template("contact.html", contact=found) if found else abort(404)

    return app


def _matches(contact: dict[str, Any], wanted: str) -> bool:
    return any(wanted in contact[key].lower() for key in ("name", "company", "email", "city"))
