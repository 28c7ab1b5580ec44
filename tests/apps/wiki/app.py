"""A wiki: a few pages that people of the company read. What it knows of signing in is in `door`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from secrets import token_bytes
from typing import Any

from flask import Flask, Response, abort, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from tests.apps.wiki import door
from tests.apps.wiki.door import NotSignedIn, WikiSettings

PAGES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("pages.json").read_text("utf-8"))
PUBLIC = ("static", "metadata", "acs", "slo", "sign_out", "signed_out")


def create_app(settings: WikiSettings) -> Flask:
    """The application."""
    app = Flask(__name__)
    # The provider's answer is a POST from the provider's site: were that another site than the wiki's, the cookie
    # that remembers the request would have to be SameSite=None, and Secure.
    app.config.update(SECRET_KEY=token_bytes(32), SESSION_COOKIE_NAME="wiki_session", SESSION_COOKIE_SAMESITE="Lax")

    @app.before_request
    def require_person() -> BaseResponse | None:
        if request.endpoint in PUBLIC or "visit" in session:
            return None
        after = request.full_path.rstrip("?") if request.method == "GET" else "/"
        url, session["asked"] = door.begin(settings, request, settings.base_url + after)
        return redirect(url)

    @app.context_processor
    def everywhere() -> dict[str, Any]:
        urls = {"neighbour_url": settings.neighbour_url, "provider_url": settings.provider_url}
        return {"person": session.get("visit"), "pages": PAGES, **urls}

    @app.errorhandler(NotSignedIn)
    def not_signed_in(error: NotSignedIn) -> tuple[str, int]:
        return render_template("message.html", title="You are not signed in", text=str(error), again=True), 403

    @app.get("/saml/metadata")
    def metadata() -> Response:
        return Response(door.metadata(settings), content_type="application/samlmetadata+xml")

    @app.post("/saml/acs")
    def acs() -> BaseResponse:
        asked = session.pop("asked", "")
        if not asked:
            raise NotSignedIn("This answer belongs to another browser, or was used before.")
        visit = door.finish(settings, request, asked)
        session.clear()
        session["visit"] = asdict(visit)
        after = request.form.get("RelayState", "")
        # Whoever carries the answer could change it: only pages of the wiki itself.
        return redirect(after if after.startswith(settings.base_url + "/") else "/")

    @app.get("/saml/slo")
    def slo() -> BaseResponse:
        return redirect(door.end(settings, request, session.clear))

    @app.post("/sign-out")
    def sign_out() -> BaseResponse:
        visit = session.pop("visit", None)
        session.clear()
        return redirect(door.leave(settings, request, visit) if visit else url_for("signed_out"))

    @app.get("/signed-out")
    def signed_out() -> str:
        everywhere = "Of every application. Have a good day."
        partly = "Of the company's account and of this wiki. Close the other applications, to be sure."
        text = partly if "partly" in request.args else everywhere
        return render_template("message.html", title="You are signed out", text=text, again=True)

    @app.get("/")
    def index() -> BaseResponse:
        return redirect(url_for("page", name=PAGES[0]["name"]))

    @app.get("/pages/<name>")
    def page(name: str) -> str:
        found = next((p for p in PAGES if p["name"] == name), None) or abort(404)
        return render_template("page.html", page=found)

    return app
