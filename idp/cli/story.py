"""The story behind an error, as commands print it: step by step, who else is hit, what changed before."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from idp.cli.terminal import count_people, printable, timestamp

if TYPE_CHECKING:
    from idp.admin.conversation import Step
    from idp.admin.surroundings import Before, Others

KINDS: Final = {
    "authorize": "authorization request", "authn_request": "AuthnRequest", "page": "sign-in page", "proof": "proof",
    "access": "may they open it", "consent": "consent", "code": "code", "token": "token request",
    "userinfo": "userinfo", "response": "Response", "sign_out": "sign-out",
}  # fmt: skip
_STATUS: Final = {
    "well": "went well", "passed": "must have gone well: what came next needs it (no record of its own)",
    "failed": "FAILED", "broke": "BROKE HERE", "later": "later: went well",
    "unrecorded": "not recorded", "ahead": "not reached",
}  # fmt: skip


def steps(found: tuple[Step, ...]) -> Iterator[str]:
    """The conversation, a line a step."""
    if not found:
        return
    yield "Step by step:"
    for one in found:
        mark = "✗" if one.status in ("broke", "failed") else "✓" if one.status in ("well", "passed", "later") else "·"
        at = time.strftime("%H:%M:%S", time.localtime(one.at)) if one.at is not None else ""
        status = _STATUS[one.status] if one.is_fault else "stopped here"
        words = status + (f": {one.note}" if one.note else "")
        more = [f"request {one.request_id}"] if one.request_id else []
        more += [one.error_id] if one.error_id and one.status == "failed" else []
        yield printable(f"  {at:8}  {mark} {KINDS[one.kind]:21}  {'  '.join((words, *more))}")


def line(found: tuple[Step, ...]) -> str:
    """How far it came, in one line."""
    marks = {"well": "✓", "passed": "✓", "failed": "✗", "broke": "✗ broke here", "later": "✓ (later)",
             "unrecorded": "· not recorded"}  # fmt: skip
    last = {(one.kind, one.status == "later"): one for one in found}.values()
    return ", ".join(f"{KINDS[one.kind]} {marks[one.status] if one.is_fault else 'stopped here'}"
                     for one in last if one.status != "ahead")  # fmt: skip


def others(found: Others | None) -> Iterator[str]:
    """Whether others are hit."""
    if found is None:
        return
    if found.times == 1:
        yield "Others: nobody else is hit by the same, as far as it is recorded."
    else:
        hit = [count_people(found.people)] if found.people else []
        hit += [f"{found.addresses} addresses"] if found.addresses > 1 else []
        whom = f", {', '.join(hit)}" if hit else ""
        yield f"The same: {found.times} times since {timestamp(found.since)}, lately {timestamp(found.last_at)}{whom}."
    if found.applications:
        many = "1 other application has" if found.applications == 1 else f"{found.applications} other applications have"
        yield f"{many} had an error of this kind in the last 30 days: look on our side as well."


def changes(found: tuple[Before, ...]) -> Iterator[str]:
    """What changed just before."""
    from idp.answers.durations import length

    if not found:
        yield "Changed before: nothing that is recorded, in the 14 days before it was first seen."
        return
    yield "Changed before it was first seen:"
    for one in found:
        fields = f" ({', '.join(one.fields)})" if one.fields else ""
        yield printable(f"  {length(one.seconds)} before, {timestamp(one.at)}: {one.action}{fields} by {one.who}")
