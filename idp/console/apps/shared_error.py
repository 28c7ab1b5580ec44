"""What was found of one error for whoever runs the application: a page that needs a link and no account (Q1, Q4).

It shows what the application sent, what is registered for it and the fix; nothing of any person, nor of this house.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from clients.client import Client
from idp.admin import activity, conversation, error_links, problems
from idp.admin.actor import of_shell
from idp.admin.checking import readers
from idp.admin.conversation import Step
from idp.answers.finding import Finding
from idp.answers.seen import without_person
from idp.audit import Event, causes
from idp.console import story_shown
from idp.console.apps import found_shown
from idp.errors import Explanation, Refused
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Page, Request, Response, Route

PATH: Final = "/app-error"
#: No search engine and no other page learns of the link (the bridge's own headers keep the referrer).
_HEADERS: Final = (("X-Robots-Tag", "noindex, nofollow, noarchive"),)
#: How somebody was proven is theirs; what the application itself was told is no news to it.
_TOLD_TO_IT: Final = frozenset(("authorize", "token", "userinfo", "sign_out"))


def show(services: Services, request: Request) -> Response:
    """GET /app-error/<secret>. Errors: `Refused`, the same for a link that ended and for one that never was."""
    if error_links.is_too_often(services, request.remote_address):
        raise _refused("too_many_looks", N_("That was very often."), N_("Wait a minute and open the link again."), 429)
    found = error_links.opened(services, request.segment)
    if found is None:
        raise _refused(
            "no_such_link", N_("This link opens nothing, or not any more."),
            N_("It lives for a day. Ask whoever sent it to you for a new one."), 404,
        )  # fmt: skip
    event, client = found
    event, *others = causes.of_event(event)
    values = {
        "name": client.name, "error_id": event.error_id, "at": event.at, "times": problems.times(event),
        "last_at": problems.last_at(event),
        "steps": steps_for_them(services, event), "kinds": story_shown.KINDS, "statuses": story_shown.STATUS,
        "found": found_shown.of_findings(findings_for_them(services, event, client)),
        "also": [_also(services, one, client) for one in others],
    }  # fmt: skip
    return Page(template="console/apps/shared_error.html", headers=_HEADERS, values=values)


def _also(services: Services, event: Event, client: Client) -> dict[str, Any]:
    """Another cause of what was told under the same id, as they may see it."""
    told = activity.also(event, activity.Names(services))
    kept = {name: told[name] for name in ("at", "times", "last_at", "is_about")}
    found = found_shown.of_findings(findings_for_them(services, event, client))
    steps = steps_for_them(services, event)
    return {**kept, "shown": "", "request_id": "", "evidence": "", "found": found, "steps": steps}


def findings_for_them(services: Services, event: Event, client: Client) -> tuple[Finding, ...]:
    """As a stranger may read them. What an error says of itself was written for this house: only its side is told."""
    found = problems.findings_of(event)
    if not event.detail.get("findings"):
        found = tuple(replace(one, reader="house") for one in found)
    seen = (readers.finding_seen_by(one, "stranger", client) for one in found)
    return tuple(dict.fromkeys(_without_person(services, one, event.person_id) for one in seen))


def _without_person(services: Services, one: Finding, person_id: str | None) -> Finding:
    expected, got, fix = (without_person(services, text, person_id) for text in (one.expected, one.got, one.fix))
    return replace(one, expected=expected, got=got, fix=fix)


def steps_for_them(services: Services, event: Event) -> tuple[Step, ...]:
    """How far it came, and when; no request of ours, and nothing of how somebody proved who they are."""
    # The one who made the link may see the event, and what is left of the steps is of this application alone.
    found = conversation.of_event(services, of_shell("link"), event)
    return tuple(
        replace(one, request_id="", error_id="", note=one.note if _is_theirs(one) else "")
        for one in found if one.status != "failed"
    )  # fmt: skip


def _is_theirs(one: Step) -> bool:
    """Where somebody signed out may be another application."""
    return one.kind in _TOLD_TO_IT and (one.kind != "sign_out" or one.status == "broke")


def _refused(code: str, message: str, advice: str, status: int) -> Refused:
    return Refused(
        code, message, title=N_("An error of an application"), advice=advice, status=status,
        explanation=Explanation("person", "A link to what was found of one error; an app admin can send a new one."),
    )  # fmt: skip


ROUTES = (Route(f"{PATH}/<secret>", ("GET",), show),)
