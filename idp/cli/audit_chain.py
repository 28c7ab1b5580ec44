"""`doorward audit verify`, `head`, `blank`: whether the record is as it was written, and what may go from it."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idp.cli.installation import actor, opened
from idp.cli.terminal import command, print_json, printable, progress, say, timestamp, with_json
from idp.installation.failures import Failed, Refused

if TYPE_CHECKING:
    from idp.audit.chain.findings import Finding, Place, Verdict

_WORDS = {
    "event_changed": "The event {event} is not as it was written",
    "events_removed": "{many} removed",
    "event_added": "The event {event} was put in, or moved, after its segment was sealed",
    "event_elsewhere": "The event {event} names segment {segment}, where it was never sealed",
    "event_unproven": "The event {event} has no proof: a hand in the database wrote it, or a release from before the "
    "chain that still runs",
    "segment_changed": "The record of segment {segment} was changed or put in the place of another",
    "segment_unlinked": "Segment {segment} does not follow the one before it",
    "segments_removed": "{segments} removed, from number {segment} on",
    "no_chain": "There is no chain, though segment {segment} was sealed: its table was emptied",
    "count_changed": "How often the event {event} happened was put back, or taken away",
    "mark_missing": "What remembers the end of the record was removed",
    "mark_changed": "What remembers the end of the record was changed, or an older copy of it was put back",
    "cut": "The end was cut off: the head that you gave is {segments} further on",
    "replaced": "The record is another one than that of the head that you gave, at segment {segment}",
}


def add_parsers(verbs: Any) -> None:
    """Add them to the verbs of `audit`."""
    verify = with_json(command(verbs, "verify", run_verify, "find what was changed, removed or cut off in the record"))
    verify.add_argument("--head", metavar="FILE", help="a head kept elsewhere: finds a tail that was cut off since")
    with_json(
        command(verbs, "head", run_head, "seal what waits and print the signed end of the record, to keep elsewhere")
    )
    blank = with_json(command(verbs, "blank", run_blank, "take personal data of somebody removed out of the record"))
    blank.add_argument("person_id", metavar="PERSON_ID", help="the id of a person who was removed")
    blank.add_argument("--yes", action="store_true", help="do it; without this it is only counted")


# -- verbs -------------------------------------------------------------------------------------------------------------


def run_verify(args: Namespace) -> int:
    """Look at the whole record; 1 where something is wrong."""
    with opened(args) as services, progress("Verifying") as show:
        from idp.admin import record
        from idp.admin.actor import of_shell
        from idp.audit.chain.heads import BadHead

        head = _read_head(args.head) if args.head else None
        try:
            verdict = record.verify(services, of_shell(actor()), head, show)
        except BadHead as error:
            raise Refused(f"--head: {printable(args.head)}: {error}") from None
    if args.json:
        findings = [{**asdict(finding), "text": told(finding)} for finding in verdict.findings]
        print_json({"whole": verdict.is_whole, **asdict(verdict), "findings": findings})
    else:
        say(*map(told, verdict.findings), *_summary(verdict, bool(args.head)))
    return 0 if verdict.is_whole else 1


def run_head(args: Namespace) -> None:
    """Print the end of the chain, signed."""
    with opened(args) as services:
        from idp.admin import record
        from idp.admin.actor import of_shell

        try:
            signed = record.sealed_head(services, of_shell(actor()))
        except record.NothingRecorded:
            raise Failed("nothing is recorded yet, so there is no end of the record") from None
    if args.json:
        print_json({**asdict(signed.head), "jws": signed.jws})
    else:
        say(signed.jws)


def run_blank(args: Namespace) -> None:
    """Blank what is about somebody who is gone."""
    with opened(args) as services:
        from idp.admin import record
        from idp.admin.actor import of_shell

        verb = record.blank if args.yes else record.about
        try:
            many = verb(services, of_shell(actor()), args.person_id)
        except record.NotRemoved:
            raise Refused(
                "this person is not removed: `doorward user remove` first; what somebody still does is kept"
            ) from None
        except record.NothingRecorded:
            raise Failed(
                f"no event is about {printable(args.person_id)}: see `doorward audit list --action person:removed`"
            ) from None
    if args.json:
        print_json({"person_id": args.person_id, "events": many, "done": args.yes})
    elif args.yes:
        say(f"Blanked {_events(many)}; what and when stay, and the chain holds.")
    else:
        say(f"{_events(many)} would lose person, address and detail for good; `--yes` does it.")


# -- below -------------------------------------------------------------------------------------------------------------


def told(finding: Finding) -> str:
    """A finding in a sentence."""
    text = _WORDS[finding.what].format(
        event=_place(finding.event), segment=finding.segment,
        many=f"{_events(finding.many)} {'was' if finding.many == 1 else 'were'}",
        segments=f"{finding.many:,} segment{'' if finding.many == 1 else 's'}"
        + ("" if finding.what == "cut" else " was" if finding.many == 1 else " were"),
    )  # fmt: skip
    if finding.after and finding.before:
        where = f", between {_place(finding.after)} and {_place(finding.before)}"
    elif finding.after:
        where = f", after {_place(finding.after)}, which is the last that is there"
    elif finding.before:
        where = f", before {_place(finding.before)}, which is the first that is there"
    else:
        where = ""
    return f"{text}{where}."


def _place(place: Place | None) -> str:
    return "" if place is None else printable(f"{timestamp(place.at)} {place.action} ({place.id})")


def _events(many: int) -> str:
    return f"{many:,} event{'' if many == 1 else 's'}"


def _summary(verdict: Verdict, with_head: bool) -> list[str]:
    if not verdict.is_whole:
        known = len(verdict.findings)
        return [f"The record was tampered with: {known} finding{'' if known == 1 else 's'}. Keep a copy of the "
                "database as it is, and see who had its files or its password."]  # fmt: skip
    if verdict.last_segment is None:
        lines = ["Nothing is sealed yet."]
    else:
        lines = [f"The record is whole: {_events(verdict.events)} in {verdict.segments:,} segments, "
                 f"since {timestamp(verdict.since)}."]  # fmt: skip
    if verdict.waiting:
        lines.append(f"{_events(verdict.waiting)} of the last moments hold too, and are not sealed yet.")
    if verdict.pruned:
        lines.append(f"{_events(verdict.pruned)} of these segments went when their retention ended.")
    if verdict.before_the_chain:
        lines.append(f"{_events(verdict.before_the_chain)} written before the chain began are not proven.")
    if not with_head:
        lines.append(
            "That nobody put all of the database back to an older copy is shown by a head kept elsewhere: "
            "`doorward audit head`, `--head FILE`."
        )
    return lines


def _read_head(name: str) -> str:
    try:
        with Path(name).open(encoding="utf-8") as source:
            return source.read(100_000)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise Refused(f"--head: {printable(name)} cannot be read: {reason}") from None
