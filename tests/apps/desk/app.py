"""A support desk: tickets that can be closed and opened again. What it knows of signing in is behind its `Door`."""

from __future__ import annotations

import json
from pathlib import Path
from secrets import token_bytes
from typing import Any

from flask import Flask, abort, g, redirect, render_template, request, session, url_for
from requests import RequestException
from werkzeug.wrappers import Response

from tests.apps.back_channel import NoLogoutToken, read_logout_token
from tests.apps.desk.door import Door, NotSignedIn
from tests.apps.settings import Settings

TICKETS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("tickets.json").read_text("utf-8"))
PUBLIC = ("static", "sign_in", "callback", "sign_out", "signed_out", "back_channel_logout")


def create_app(settings: Settings) -> Flask:
    """The application."""
    app = Flask(__name__)
    app.config.update(SECRET_KEY=token_bytes(32), SESSION_COOKIE_NAME="desk_session", SESSION_COOKIE_SAMESITE="Lax")
    door = Door(settings)

    @app.before_request
    def require_person() -> Response | None:
        if request.endpoint in PUBLIC:
            return None
        try:
            g.person = door.ask_who(session.get("state", ""))
        except NotSignedIn:
            session.pop("state", None)
            session["next"] = request.full_path if request.method == "GET" else "/"
            return redirect(url_for("sign_in"))
        return None

    @app.context_processor
    def everywhere() -> dict[str, Any]:
        return {"person": g.get("person"), "neighbour_url": settings.neighbour_url, "provider_url": settings.issuer}

    @app.errorhandler(RequestException)
    def provider_is_away(_error: Exception) -> tuple[str, int]:
        return render_template(
            "message.html", title="One moment, please", text="The sign-in service does not answer."
        ), 503

    @app.get("/sign-in")
    def sign_in() -> Response:
        url, session["asked"] = door.begin()
        return redirect(url)

    @app.get("/callback")
    def callback() -> Response | tuple[str, int]:
        asked, after = session.pop("asked", ""), session.pop("next", "/")
        try:
            if not asked or request.args.get("state") != asked:
                raise NotSignedIn("This answer belongs to another browser, or was used before.")
            door.finish(request.args)
        except NotSignedIn as error:
            return render_template("message.html", title="You are not signed in", text=str(error), again=True), 403
        session.clear()
        session["state"] = asked
        return redirect(after)

    @app.post("/sign-out")
    def sign_out() -> Response:
        state = session.get("state", "")
        session.clear()
        return redirect(door.leave(state) if state else url_for("signed_out"))

    @app.post("/back-channel-logout")
    def back_channel_logout() -> tuple[str, int]:
        # Its tokens have ended with the sign-in, and every page here asks with them: there is nothing else to forget.
        try:
            read_logout_token(settings, request.form.get("logout_token", ""))
        except NoLogoutToken as error:
            return str(error), 400
        return "", 200

    @app.get("/signed-out")
    def signed_out() -> str:
        return render_template(
            "message.html", title="You are signed out", text="Of every application. Have a good day.", again=True
        )

    @app.get("/")
    def tickets() -> str:
        mine = "mine" in request.args
        shown = [t for t in TICKETS if not mine or t["owner"] == g.person["name"]]
        counts = {status: sum(t["status"] == status for t in TICKETS) for status in ("Open", "Waiting", "Done")}
        return render_template("tickets.html", tickets=shown, mine=mine, counts=counts)

    @app.get("/tickets/<int:number>")
    def ticket(number: int) -> str:
        return render_template("ticket.html", ticket=_get(number))

    @app.post("/tickets/<int:number>/status")
    def change_status(number: int) -> Response:
        found = _get(number)
        found["status"] = "Open" if found["status"] == "Done" else "Done"
        return redirect(url_for("ticket", number=number))

    return app


def _get(number: int) -> dict[str, Any]:
    return next((t for t in TICKETS if t["number"] == number), None) or abort(404)
