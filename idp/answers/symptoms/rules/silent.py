"""`prompt=none` and IsPassive that never find a session. Anybody can send them, so nobody is accused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from idp.answers.symptoms.evidence import Evidence
from idp.answers.symptoms.symptom import Cause, Symptom
from idp.traffic import CODE, NO_COOKIE, NO_SESSION, SILENT_CODE

AT_LEAST: Final = 3  # requests

_REFRESH: Final = (
    "Renew by refresh tokens (oidc-client-ts: automaticSilentRenew with a refresh_token; grant refresh_token is on by "
    "default), or send the whole page to the sign-in and back (top-level redirect) instead of a frame."
)


def without_cookie(seen: Evidence) -> Iterator[Symptom]:
    """Case 13: always, while people do sign in to it."""
    many, good = seen.lately(NO_COOKIE), seen.lately(SILENT_CODE)
    if many < AT_LEAST or good * 10 > many or not seen.lately(CODE):
        return
    yield Symptom(
        code="silent_without_cookie", side="application", field="prompt", proven=False,
        what=f"{many} silent requests (prompt=none) came without any cookie of ours, and {good} with a session, while "
        "people do sign in to it: the browser does not send our cookie along.",
        causes=(
            Cause(
                "It asks in a frame (iframe), and browsers send no cookies to another site in a frame: SameSite=Lax, "
                "Safari's and Firefox's blocking of third-party cookies.",
                "The request bears Sec-Fetch-Dest: iframe, and Sec-Fetch-Site: cross-site; it works where the "
                "application lives on the same domain as the sign-in.", _REFRESH,
            ),
            Cause(
                "It asks by fetch or XMLHttpRequest, which takes no cookies along and cannot follow to a page.",
                "Sec-Fetch-Dest is empty; its console says “CORS”.",
                "Send the browser there, the whole page; the authorization endpoint is never called by a script.",
            ),
            Cause(
                "Nobody of those was signed in: a start page that asks everybody silently first.",
                "It goes on to an ordinary sign-in, which works.", "Nothing: that is what prompt=none is for.",
            ),
        ),
        times=many, since=seen.of(NO_COOKIE).first_at, last_at=seen.of(NO_COOKIE).last_at,
        expected="our session cookie", got="no cookie",
    )  # fmt: skip


def signed_out(seen: Evidence) -> Iterator[Symptom]:
    """A cookie came, and its session was over: it is a note, as people do go home."""
    many, good = seen.lately(NO_SESSION), seen.lately(SILENT_CODE)
    if many < 10 or good * 5 > many:
        return
    yield Symptom(
        code="silent_signed_out", side="application", field="prompt", proven=False, weight="note",
        what=f"{many} silent requests (prompt=none) found that the session here was over, {good} found one.",
        causes=(
            Cause("It goes on asking in the background when people have signed out or gone home.",
                  "The requests come every few minutes from browsers that nobody sits at.",
                  "Let it stop at the first login_required and show its own sign-in button."),
            Cause("Sessions here are shorter than people's work with it.",
                  "doorward explain PERSON shows when their session ended; see [session] in the settings.",
                  "Let them stay signed in (“Stay signed in”), or a longer life ([session] idle_minutes)."),
        ),
        times=many, since=seen.of(NO_SESSION).first_at, last_at=seen.of(NO_SESSION).last_at,
    )  # fmt: skip
