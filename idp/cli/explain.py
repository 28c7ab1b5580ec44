"""`doorward explain WHAT`: why something failed, by the id of an error, of an application, or of a person (Q1)."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from idp.cli import found, found_symptoms
from idp.cli.installation import opened, shell
from idp.cli.terminal import command, print_json, print_table, printable, say, timestamp, with_json
from idp.installation.failures import Failed, Refused

if TYPE_CHECKING:
    from clients.client import Client
    from clients.snapshots import Entry
    from idp.accounts.person import Person
    from idp.accounts.registering.waiting import Waiting
    from idp.admin.conversation import Step
    from idp.admin.problems import Problem
    from idp.admin.surroundings import Before, Others
    from idp.answers.finding import Finding
    from idp.audit import Event
    from idp.protocols import Services

EXAMPLE = "E-59VST-5V34C"  # of the documents and helps: nobody's error
_SHORT = 8  # characters; no entity ID is known by so few
_ABOUT = ("application", "person", "address", "request_id", "evidence")


def add_parsers(commands: Any) -> None:
    """Add `explain`."""
    explain = with_json(command(commands, "explain", run, "say why it failed: an error's id, an application, a person"))
    explain.add_argument(
        "what",
        metavar="WHAT",
        help="an error's id (E-…), an application's name or entity ID, or a person: Our CRM, anna@example.com",
    )
    kind = explain.add_mutually_exclusive_group()
    kind.add_argument("--app", action="store_true", help="it is an application")
    kind.add_argument("--person", action="store_true", help="it is a person")
    explain.add_argument("--link", action="store_true", help="of an error: make a link for the application's people")
    explain.add_argument("--withdraw", action="store_true", help="let that link end now")
    explain.add_argument("--days", metavar="N", type=float, default=7.0, help="of an application: look back so far (7)")


def run(args: Namespace) -> None:
    """Find out what is meant, and explain it."""
    with opened(args) as services:
        from idp.admin import activity

        events = [] if args.app or args.person else activity.find(services, args.what.strip())
        if events and (args.link or args.withdraw):
            _link(args, services, events[0])
            return
        if events:
            explain_error(args, services, events)
            return
        if args.link or args.withdraw:
            raise Refused("--link and --withdraw are of an error: give its id (E-…)")
        client, person, waiting, removed = _meant(args, services)
        if client is not None:
            _explain_application(args, services, client)
        elif removed is not None:
            _explain_removed(args, services, removed)
        elif person is not None:
            _explain_person(args, services, person)
        elif waiting is not None:
            from idp.cli import user_screen

            user_screen.show_waiting(args, services, waiting)


def explain_error(args: Namespace, services: Services, events: list[Event], *, as_table: bool = False) -> None:
    """What stands under an error's id; `as_table`: one line for each thing that is known, for scripts of old."""
    from idp.admin import conversation, problems, surroundings
    from idp.admin.activity import Names, story
    from idp.audit import causes
    from idp.cli import story as story_lines
    from idp.cli import user_screen
    from idp.cli.events import described

    event, *also = causes.of_event(events[0])
    told = story(event, Names(services))
    if args.json and as_table:
        print_json({**told, "events": [described(one) for one in events]})
        return
    steps, others, changes = _around(services, event)
    if args.json:
        around = {"steps": conversation.to_json(steps), **surroundings.to_json(others, changes)}
        others_here = [_as_json(services, one) for one in also]
        print_json({**told, **around, "also": others_here, "events": [described(one) for one in events]})
        return
    shown = {**told, "at": timestamp(event.at), "last_at": timestamp(told["last_at"])}
    findings = problems.with_person(services, event, problems.findings_of(event)) or _of_sign_in(event, told)
    if findings and not as_table:
        shown_as = str(told["shown"] or user_screen.failure(event)[0] or told["code"])
        say(f"{event.error_id or event.id}, {_when(event)}: {printable(shown_as)}", "")
        for one in findings:
            say(*found.lines(one, services.issuer), "")
        around_lines = [*story_lines.steps(steps), *story_lines.others(others), *story_lines.changes(changes)]
        say(*around_lines, "")
        for other in also:
            _say_also(services, other)
        shown = {key: shown[key] for key in ("code", *_ABOUT, "times", "last_at")}
    else:
        shown.pop("findings")
    print_table(("About", "What"), [(key.replace("_", " "), value) for key, value in shown.items() if value], "")


def _when(event: Event) -> str:
    """When it was, and how often: of what stands beside others under an id, its own."""
    from idp.admin import problems

    times = problems.times(event)
    about = "about " if event.detail.get("is_about") else ""
    lately = f", {about}{times} times, lately {timestamp(problems.last_at(event))}" if times > 1 else ""
    return f"{timestamp(event.at)}{lately}"


def _say_also(services: Services, event: Event) -> None:
    """What else went wrong under the same id: another cause, which was told in the same words."""
    from idp.admin import conversation, problems
    from idp.cli import story

    message = str(event.detail.get("message") or event.action.removeprefix("error:"))
    say(f"Under this id also, {_when(event)}, request {event.request_id}: {printable(message)}")
    for one in problems.with_person(services, event, problems.findings_of(event)):
        say(*(f"  {line}" for line in found.lines(one, services.issuer)))
    if evidence := event.detail.get("evidence"):
        say(f"  evidence  {printable(str(evidence))}")
    if steps := conversation.of_event(services, shell(), event):
        say(f"  steps     {story.line(steps)}")
    say("")


def _as_json(services: Services, event: Event) -> dict[str, Any]:
    from idp.admin import conversation
    from idp.admin.activity import Names, story

    steps = conversation.of_event(services, shell(), event)
    return {**story(event, Names(services)), "steps": conversation.to_json(steps)}


def _of_sign_in(event: Event, told: Mapping[str, Any]) -> tuple[Finding, ...]:
    """A sign-in that failed says what is to be done as an error does: there is no look at it."""
    from idp.answers.finding import Finding

    if event.action not in ("session:failed", "factor:failed"):
        return ()
    field = "username" if event.person_id is None else "password" if event.action == "session:failed" else "code"
    field = "account" if told["side"] == "doorward" else field
    expected = {"username": "the username or e-mail address of somebody here", "password": "the person's password",
                "code": "a code that is valid now", "account": "on"}[field]  # fmt: skip
    return (Finding("sign_in_failed", told["side"], field, str(told["fix"]), expected, str(told["what"])),)


def _link(args: Namespace, services: Services, event: Event) -> None:
    """Make the link for the application's people, or end it."""
    from idp.admin import error_links

    try:
        if args.withdraw:
            ended = error_links.withdraw(services, shell(), event)
            told: dict[str, Any] = {"error_id": event.error_id, "withdrawn": ended}
            lines = ["The link opens nothing any more." if ended else "There is no link."]
        else:
            url = services.url(f"/app-error/{error_links.share(services, shell(), event)}")
            told = {"error_id": event.error_id, "link": url, "until": services.clock() + error_links.LIVES}
            lines = [url, "It needs no account, lives for a day, and shows nothing secret and nothing of a person."]
            lines += [f"doorward explain {event.error_id} --withdraw ends it."]
    except error_links.NothingToShare:
        raise Refused("it is no error of an application that is registered: there is nobody to send it to") from None
    if args.json:
        print_json(told)
    else:
        say(*lines)


def _around(services: Services, event: Event) -> tuple[tuple[Step, ...], Others | None, tuple[Before, ...]]:
    """Step by step, who else is hit, what changed before (Q1, Q3)."""
    from idp.admin import conversation, surroundings

    steps = conversation.of_event(services, shell(), event)
    others = surroundings.others(services, shell(), event)
    since = others.since if others is not None else event.at
    return steps, others, surroundings.before(services, shell(), event, since)


def nothing(services: Services, what: str) -> Failed:
    """That nothing stands under an error's id."""
    days = services.settings.audit.days_of("error")
    if what.strip().upper() == EXAMPLE:
        return Failed(f"nothing is recorded under {EXAMPLE}: check the id; this one is the example of the documents")
    return Failed(
        f"nothing is recorded under {printable(what)}: check the id; they stay for {days} days, "
        "and in a flood of errors only the log has them all"
    )


def _meant(args: Namespace, services: Services) -> tuple[Client | None, Person | None, Waiting | None, Entry | None]:
    """The application, the person, who asked for an account, or an application that was removed.

    Errors: `Refused`, `Failed`.
    """
    from idp.admin import registrations

    what = args.what.strip()
    client = None if args.person else _application(services, what)
    person = None if args.app else services.directory.find_named(what)
    if client is not None and person is not None:
        raise Refused(f"an application and a person are called {printable(what)}: add --app or --person")
    if client is not None or person is not None:
        return client, person, None, None
    if not args.app:
        try:
            return None, None, registrations.get(services, shell(), what), None
        except registrations.Decided:
            found = registrations.listed(services, shell(), 2, what) if len(what) > 2 else ()
            if len(found) == 1 and what.casefold() == found[0].username.casefold():
                return None, None, found[0], None
    if not args.person and (removed := _removed(services, what)) is not None:
        return None, None, None, removed
    if what.upper().startswith("E-"):
        raise nothing(services, what)
    near = _near(args, services, what)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise Refused(f"no error, application or person has the id or name “{printable(what)}”{hint}")


def _application(services: Services, what: str) -> Client | None:
    """By id, name in any case, or entity ID. Errors: `Refused`."""
    from idp.admin import applications

    try:
        found = applications.find(services, what) or services.registry.find_entity(what)
    except applications.Ambiguous as error:
        raise Refused(f"{len(error.ids)} applications are called {printable(what)}: use the client id") from None
    if found is not None:
        return found
    same = [one for one in services.registry.search(what, limit=5) if one.name.casefold() == what.casefold()]
    return services.registry.find(same[0].id) if len(same) == 1 else None


def _removed(services: Services, what: str) -> Entry | None:
    """Errors: `Refused`."""
    from idp.admin import applications

    try:
        return applications.find_removed(services, what)
    except applications.Ambiguous as error:
        ids = ", ".join(error.ids)
        raise Refused(f"{len(error.ids)} removed applications are called {printable(what)}: {ids}") from None


def _explain_removed(args: Namespace, services: Services, removed: Entry) -> None:
    """That it was removed, how it comes back, and what has failed with it: before, and since by who still asks."""
    from idp.admin import problems

    told = (*problems.of_removed(services, shell(), removed, args.days),
            *problems.of_application(services, shell(), removed, args.days))  # fmt: skip
    if args.json:
        print_json({"client_id": removed.id, "name": removed.name, "removed_at": removed.deleted_at,
                    "problems": [one.to_json() for one in told]})  # fmt: skip
        return
    say(f"{printable(removed.name)} ({removed.id}) was removed, {timestamp(removed.deleted_at)}. For 30 days it comes "
        f"back as it was: doorward client restore {removed.id}")  # fmt: skip
    for one in told:
        _tell_problem(services, one)


def _near(args: Namespace, services: Services, what: str) -> list[str]:
    """Applications and people whose names look like it; of several words, by each."""
    from idp.admin import applications, looking

    found: list[str] = []
    words = [what, *(one for one in what.split() if len(one) > 2 and one != what)]
    if not args.person:
        found += [f"“{one.name}” ({one.saml.entity_id})" for one in _near_entities(services, what) if one.saml]
        for word in words:
            found += [f"“{one}”" for one in applications.similar(services, word)]
            found += [f"“{one.name}”" for one in services.registry.search(word, limit=2)]
    if not args.app:
        for word in words:
            found += [one.username for one in services.directory.similar(word)]
            if len(word) > 2:
                page = looking.look(services, shell(), word, many=2)
                found += [one.person.username for one in (*page.exact, *page.found)]
    return [printable(one) for one in dict.fromkeys(found)][:4]


def _near_entities(services: Services, what: str) -> list[Client]:
    """Service providers whose entity ID, or address, looks like what was copied from an error."""
    from idp.answers.near_entities import near

    return near(services, what) if len(what) > _SHORT else []


def _kinds(many: int) -> str:
    return "one kind of error" if many == 1 else f"{many} kinds of errors"


def _explain_application(args: Namespace, services: Services, client: Client) -> None:
    from idp.admin import problems
    from idp.answers.symptoms import went_well

    if not 0 < args.days <= 3650:
        raise Refused("--days: a number of days, such as 7")
    told = problems.of_application(services, shell(), client, args.days)
    probably = problems.probably_of(services, shell(), client, args.days)
    looks = found_symptoms.find(services, client)
    if args.json:
        print_json(
            {"client_id": client.id, "name": client.name, "enabled": client.enabled,
             "problems": [one.to_json() for one in told],
             "probably_meant": [one.to_json() for one in probably], "symptoms": found_symptoms.as_json(services, looks)}
        )  # fmt: skip
        return
    state = "" if client.enabled else f" It is turned off: doorward client enable {client.id}"
    if not told:
        say(f"Nothing failed with {printable(client.name)} in the last {args.days:g} days.{state}",
            f"What it sends is watched by: doorward client check {client.id}")  # fmt: skip
    else:
        say(f"{printable(client.name)} ({client.id}): {_kinds(len(told))} in the last {args.days:g} days.{state}")
    counted = went_well.counts(services, client)
    well = [went_well.since(counted, one.event, one.findings, one.last_at) for one in told]
    still = [one for one, at in zip(told, well, strict=True) if at is None]
    for one in still:
        _tell_problem(services, one)
    if len(still) < len(told):
        say(
            "",
            "Most likely mended, since the same kind of request went well later (if it fails now and then, it is not):",
        )
    for one, at in zip(told, well, strict=True):
        if at is not None:
            _tell_mended(one, at)
    if probably:
        say("", "Probably meant for this application, which they name wrongly:")
    for one in probably:
        _tell_problem(services, one)
    for look in looks:
        from_these = [one.error_id for one in still if went_well.follows(look, one.event, one.findings, one.last_at)]
        found_symptoms.show(services, (look,), from_these)


def _tell_mended(one: Problem, well_at: float) -> None:
    """In two lines: what it was, and since when it is no more."""
    wrong = next(finding for finding in one.findings if finding.weight == "wrong")
    say("", f"{one.error_id}  {one.code}, {wrong.field}: {_how_often(one)}",
        f"  went well again {timestamp(well_at)}; all of it: doorward explain {one.error_id}")  # fmt: skip


def _how_often(one: Problem) -> str:
    many = f"{one.times} times since {timestamp(one.since)}, lately {timestamp(one.last_at)}"
    return many if one.times > 1 else f"once, {timestamp(one.last_at)}"


def _tell_problem(services: Services, one: Problem) -> None:
    from idp.admin import conversation
    from idp.cli import story

    whom = f", {one.people} people" if one.people > 1 else ""
    say("", f"{one.error_id}  {one.code}: {_how_often(one)}{whom}")
    for finding in one.findings:
        say(*(f"  {line}" for line in found.lines(finding, services.issuer)))
    if one.also_under:
        say(f"  also      {', '.join(one.also_under)}")
    if steps := conversation.of_event(services, shell(), one.event):
        say(f"  steps     {story.line(steps)}")


def _explain_person(args: Namespace, services: Services, person: Person) -> None:
    """The person's screen, and how far the last one of their sign-ins that failed came."""
    from idp.admin import conversation
    from idp.audit.searching import Wanted, latest
    from idp.cli import story, user_screen

    user_screen.show(args, services, person)
    failed = latest(services.db, Wanted(person_id=person.id, failed=True), 1)
    if args.json or not failed:
        return
    steps = conversation.of_event(services, shell(), failed[0])
    if steps:
        say("", f"The last that failed, {timestamp(failed[0].at)}:", *story.steps(steps))
