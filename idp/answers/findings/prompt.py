"""prompt and max_age: what the application wants to be shown, or asks without a page."""

from __future__ import annotations

from collections.abc import Iterator

from idp.answers.finding import Finding
from idp.answers.seen import Seen
from idp.browser import cookie_name
from idp.oidc.authorization_parameters import PROMPTS


def look(seen: Seen) -> Iterator[Finding]:
    """Core §3.1.2.1."""
    asked = (seen.sent.get("prompt") or "").split()
    if set(asked) - set(PROMPTS) or ("none" in asked and len(asked) > 1):
        fix = "Leave prompt out in the application, or set it to one of these."
        if "none" in asked and len(asked) > 1:
            fix = "prompt=none stands alone: leave it out, or the others."
        yield Finding("prompt", "application", "prompt", fix, " or ".join(PROMPTS), " ".join(asked)[:60])
    elif "none" in asked and seen.code in ("login_required", "consent_required", "interaction_required",
                                           "account_selection_required"):  # fmt: skip
        yield _silent(seen)


def _silent(seen: Seen) -> Finding:
    """Why nobody could be told without a page; that is an answer, and often no fault."""
    message = seen.told("message")
    if "id_token_hint" in message:
        fix = "Let the application send the ID token of its own last sign-in, or leave id_token_hint out."
        got = message.removeprefix("id_token_hint: ").partition(";")[0]
        return Finding("id_token_hint", "application", "id_token_hint", fix, "an ID token of its own", got)
    if "older" in message:
        fix = "That is right: the proof is older than the application allows. Let it send the person here without "
        fix += "prompt=none then, or ask for a longer max_age."
        return Finding("prompt_none_old", "application", "max_age", fix, seen.sent.get("max_age") or "", "older")
    if seen.code == "consent_required":
        fix = "That is right: the person has not agreed to what the application asks for, and a page must ask. Let "
        fix += "it send "
        fix += "them here once without prompt=none, or waive the consent: "
        fix += f"doorward client set {seen.client.id} consent=implicit"
        return Finding("prompt_none_consent", "application", "prompt", fix, "(nothing), so that a page can ask", "none")
    if cookie_name(seen.services, "session") not in seen.request.cookies:
        fix = (
            "It asks without a page (prompt=none), and the browser brought no sign-in. That is right for somebody "
            "who is "
            "not signed in; in a frame browsers hold the cookies back, and then it never works: use a top-level "
            "redirect "
            "or refresh tokens there."
        )
    else:
        fix = "It asks without a page (prompt=none), and the browser's sign-in has ended, or another one is needed. "
        fix += "That is "
        fix += "right: let the application send the person here once without prompt=none."
    return Finding("prompt_none", "application", "prompt", fix, "(nothing), or a signed-in browser", "none")
