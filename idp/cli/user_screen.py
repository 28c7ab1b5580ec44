"""`doorward user show`: one screen that says whether somebody can sign in, why not, and everything asked next."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict
from shlex import quote
from typing import TYPE_CHECKING, Any

from idp.cli.terminal import print_json, print_table, printable, timestamp

if TYPE_CHECKING:
    from idp.accounts.person import Person
    from idp.accounts.registering.waiting import Waiting
    from idp.audit import Event
    from idp.login.explaining import Obstacle
    from idp.login.overview import Overview
    from idp.protocols import Services

_MANY = 5  # sessions shown; all of them are in `user sessions`
Row = tuple[str, Any]


def show(args: Namespace, services: Services, person: Person) -> None:
    """Show a person."""
    from idp.login import overview

    about = overview.of(services, person)
    if args.json:
        print_json(_described(person, about))
        return
    print_table(("Field", "Value"), [*_rows(services, person, about)], "")


def why_not(obstacle: Obstacle, username: str) -> tuple[str, str]:
    """What is in the way, in words, and the command that takes it away."""
    since = f" since {timestamp(obstacle.since)}" if obstacle.since else ""
    by = f" by {obstacle.by}" if obstacle.by else ""
    where = f" from {', '.join(obstacle.addresses)}" if obstacle.addresses else ""
    name = quote(username)
    texts = {
        "disabled": (f"is shut out{since}{by}", f"doorward user enable {name}"),
        "secured": (
            f"said “this was not me”{since}: the password was taken away",
            f"doorward user password {name}",
        ),
        "no_password": (
            f"has not set a password yet{f', invited {timestamp(obstacle.since)}' if obstacle.since else ''}",
            f"doorward user password {name}",
        ),
        "stopped": (f"too many wrong {obstacle.step}s in a row, on {' and '.join(obstacle.addresses)}: stopped{since}",
                    f"doorward user unlock {name}"),
        "paused": (f"wrong {obstacle.step}s{where}: paused there until {timestamp(obstacle.until)}",
                   f"doorward user unlock {name}"),
    }  # fmt: skip
    return texts[obstacle.code]


def sign_in_line(event: Event, app: str = "") -> str:
    """A sign-in in one line."""
    from idp.accounts.device_text import describe

    device = str(describe(str(event.detail.get("browser") or "")))
    methods = " + ".join(map(str, event.detail.get("methods", ())))
    parts = (f"{timestamp(event.at)} from {event.address or 'nowhere'}", device, app, methods)
    return ", ".join(part for part in parts if part)


def failure_line(event: Event, app: str = "") -> str:
    """A failure in one line: what it was in words and as the record calls it, with the id that explains it."""
    words, way = failure(event)
    parts = (
        timestamp(event.at), event.error_id or "", words, event.action, app,
        f"from {event.address}" if event.address else "",
        f"paused until {timestamp(event.detail['paused_until'])}" if event.detail.get("paused_until") else "",
        f"fix: {way}" if way else "",
    )  # fmt: skip
    return "  ".join(part for part in parts if part)


def failure(event: Event) -> tuple[str, str]:
    """What failed, in words; and the fix, where it is another than to try again."""
    from idp.admin import problems

    detail = event.detail
    if event.action == "session:failed":
        if detail.get("right"):
            return "right password, but the account is shut out", ""
        if detail.get("reason"):
            return f"passkey refused: {detail['reason']}", ""
        return ("wrong password, during a pause" if detail.get("late") else "wrong password"), ""
    if event.action == "factor:failed":
        return f"wrong code ({detail.get('kind', 'second step')})", ""
    findings = problems.findings_of(event)
    message = str(detail.get("message") or "") or event.action.removeprefix("error:").replace("_", " ")
    return message, findings[0].fix if findings and event.action.startswith("error:") else ""


def show_waiting(args: Namespace, services: Services, who: Waiting) -> None:
    """Somebody who asked for an account and is none of the people yet."""
    app = services.registry.find(who.client_id) if who.client_id else None
    if args.json:
        print_json({"waiting": True, "registration": who.id, "username": who.username, "name": who.name,
                    "email": who.email, "asked_at": who.asked_at, "client_id": who.client_id or None})  # fmt: skip
        return
    rows: list[Row] = [
        ("can sign in", "no"), ("why not", f"asked for an account {timestamp(who.asked_at)}, and nobody has answered"),
        ("way out", f"doorward user approve {who.id} (or: doorward user refuse {who.id})"), ("registration", who.id),
        ("username", who.username), ("name", who.name), ("email", who.email),
    ]  # fmt: skip
    rows += [("asked for", app.name)] if app is not None else []
    rows += [("reason", who.reason)] if who.reason else []
    print_table(("Field", "Value"), rows, "")


# -- below -----------------------------------------------------------------------------------------------------------


def _rows(services: Services, person: Person, about: Overview) -> Iterator[Row]:
    from idp.accounts import planned_ends

    yield "can sign in", "no" if about.obstacles else "yes"
    for obstacle in about.obstacles:
        text, way = why_not(obstacle, person.username)
        yield from (("why not", text), ("way out", way))
    if (end := planned_ends.of(services.db, person.id)) is not None and person.enabled:
        yield "on until", f"{timestamp(end.at)} (planned in {end.zone} by {end.by})"
    yield from _person(person)
    yield from _account(services, person, about)
    if about.lacks_second:
        yield "second step", "none, though a rule of [factors] asks for one: they set it up at a sign-in"
    for one in about.factors:
        used = f"last used {timestamp(one.last_used_at)}" if one.last_used_at else "never used"
        yield "factor", f"{one.kind} “{one.label}”, since {timestamp(one.created_at)}, {used}"
    if about.factors:
        yield "backup codes left", about.backup_codes
    for contact in about.contacts:
        yield f"recovery {contact.kind}", f"{contact.value}, confirmed {timestamp(contact.confirmed_at)}"
    for session in about.sessions[:_MANY]:
        yield "session", f"{session.id}, since {timestamp(session.created_at)} from {session.address or 'nowhere'}"
    if len(about.sessions) > _MANY:
        yield "session", f"and {len(about.sessions) - _MANY} more: doorward user sessions {quote(person.username)}"
    for case in about.cases:
        yield "case", f"{case.id}, since {timestamp(case.opened_at)}: {printable(case.text)[:80]}"
    alike: dict[Any, list[Event]] = {}
    for event in about.failures:
        alike.setdefault(_refused_alike(event), []).append(event)
    for events in alike.values():
        last = max(events, key=lambda one: one.at)
        line = failure_line(last, _app(services, last)).replace("--add-person NAME", f"--add-person {person.username}")
        many = f"{len(events)} times since {timestamp(min(one.at for one in events))}, lately "
        yield "failed", f"{many if len(events) > 1 else ''}{line}"


def _refused_alike(event: Event) -> Any:
    """What an application's refusals have in common that are one thing to put right; a wrong password stands alone."""
    return (event.action, event.client_id, failure(event)) if event.action.startswith("error:") else event.id


def _person(person: Person) -> Iterator[Row]:
    yield from (("id", person.id), ("username", person.username), ("name", person.name))
    if person.email:
        yield "email", f"{person.email} ({'' if person.email_verified else 'not '}confirmed)"
    if person.employee_number:
        yield "employee number", person.employee_number
    if person.groups:
        yield "groups", person.groups
    if person.roles:
        yield "roles", person.roles
    yield "enabled", person.enabled
    yield from sorted(person.claims.items())
    yield "created at", timestamp(person.created_at)


def _account(services: Services, person: Person, about: Overview) -> Iterator[Row]:
    if person.has_password:
        due = f", to be changed by {timestamp(about.password_due.at)}" if about.password_due is not None else ""
        yield "password", f"set {timestamp(person.password_changed_at)}{due}"
    else:
        yield "password", "none"
    for name, label in about.elsewhere:
        yield "account elsewhere", f"{printable(name)}: {printable(label)}"
    event = about.last_sign_in
    yield "last sign-in", sign_in_line(event, _app(services, event)) if event is not None else "never"


def _app(services: Services, event: Event) -> str:
    found = services.registry.find(event.client_id) if event.client_id else None
    return found.name if found is not None else event.client_id or ""


def _described(person: Person, about: Overview) -> dict[str, Any]:
    from idp.admin import factors, people
    from idp.cli import events

    return {
        **people.described(person),
        "can_sign_in": not about.obstacles,
        "obstacles": [
            {**asdict(one), "text": text, "fix": fix}
            for one in about.obstacles
            for text, fix in (why_not(one, person.username),)
        ],
        "password_changed_at": person.password_changed_at,
        "password_due_at": about.password_due.at if about.password_due is not None else None,
        "last_sign_in": events.described(about.last_sign_in) if about.last_sign_in is not None else None,
        "accounts_elsewhere": [{"provider": name, "label": label} for name, label in about.elsewhere],
        "factors": [factors.described(one) for one in about.factors],
        "lacks_second_factor": about.lacks_second,
        "backup_codes_left": about.backup_codes,
        "contacts": [{"kind": one.kind, "value": one.value, "confirmed_at": one.confirmed_at,
                      "reviewed_at": one.reviewed_at} for one in about.contacts],
        "sessions": [asdict(one) for one in about.sessions],
        "cases": [{"id": one.id, "kind": one.kind, "text": one.text, "opened_at": one.opened_at}
                  for one in about.cases],
        "failures": [events.described(one) for one in about.failures],
    }  # fmt: skip
