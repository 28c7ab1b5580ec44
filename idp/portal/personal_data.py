"""What is held of whoever is signed in, to take along (D3)."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from idp.first_party import frame
from idp.first_party.signing_in import fresh_session
from idp.login.recording import recorder
from idp.personal_data import document
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Raw, Request, Response

PATH = "/profile/data"
#: Downloads of one person in an hour: each reads everything that is kept of them.
AN_HOUR = 5
TOO_OFTEN = N_("You have downloaded the file several times in the last hour. Try again later.")


def answer(services: Services, request: Request) -> Response:
    """GET and POST /profile/data: what is in it, and the file. Both need a fresh sign-in (P7): it is everything."""
    session = fresh_session(services, request, PATH)
    if isinstance(session, Response):
        return session
    if request.method != "POST":
        return frame.page(services, request, session, "portal/data.html", error="")
    if services.state.count(f"data-asked:{session.person_id}", 3600) > AN_HOUR:
        return frame.page(services, request, session, "portal/data.html", status=429, error=TOO_OFTEN)
    services.uses.flush()
    made = document.of(services, session.person_id)
    recorder(services, request, session.person_id)(services.db, "person:exported", {"person_id": session.person_id})
    day = datetime.fromtimestamp(services.clock(), UTC).strftime("%Y-%m-%d")
    return Raw(
        body=json.dumps(made, indent=2, ensure_ascii=False).encode("utf-8", "replace"),
        content_type="application/json; charset=utf-8",
        headers=(
            ("Content-Disposition", f'attachment; filename="my-data-{day}.json"'), ("Cache-Control", "no-store"),
        ),
    )  # fmt: skip
