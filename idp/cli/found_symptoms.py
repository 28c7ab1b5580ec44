"""What an application's traffic looks like, as `doorward explain APP` prints it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from idp.cli.found import SIDES
from idp.cli.installation import shell
from idp.cli.terminal import printable, say, timestamp

if TYPE_CHECKING:
    from clients.client import Client
    from idp.answers.symptoms import Symptom
    from idp.protocols import Services


def find(services: Services, client: Client) -> tuple[Symptom, ...]:
    """All of them."""
    from idp.admin import symptoms

    return symptoms.of_application(services, shell(), client)


def as_json(services: Services, found: Iterable[Symptom]) -> list[Any]:
    """As programs get them."""
    return [{**one.to_json(), "docs": services.url(one.docs)} for one in found]


def show(services: Services, found: Iterable[Symptom], from_these: Sequence[str] = ()) -> None:
    """One after the other, the likeliest cause of each first; `from_these`: ids of errors that it follows from."""
    for one in found:
        say("", *lines(one, services.url(one.docs), from_these))


def lines(one: Symptom, page: str, from_these: Sequence[str] = ()) -> Iterator[str]:
    """One symptom; `page`: the address of what is written about it."""
    word = "Wrong" if one.weight == "wrong" else "Note"
    yield f"{word}, seen from its traffic, {SIDES.get(one.side, one.side)}: {one.field}  ({one.code})"
    yield f"  {printable(one.what)}"
    since = f"{one.times} times since {timestamp(one.since)}, lately {timestamp(one.last_at)}"
    yield f"  {since if one.times > 1 else f'once, {timestamp(one.last_at)}'}"
    if from_these:
        yield f"  It follows from {', '.join(from_these[:3])} above, most likely from nothing else: mend that first."
        yield f"  more      {page}"
        return
    if not one.proven:
        yield "  Anybody can send such requests: look at it as a hint, and accuse nobody."
    if one.expected:
        yield f"  expected  {printable(one.expected)}"
        yield f"  came      {printable(one.got)}"
    for place, cause in enumerate(one.causes, 1):
        yield f"  {place}. {printable(cause.what)}"
        yield f"     to tell  {printable(cause.tell)}"
        yield f"     fix      {printable(cause.fix)}"
    yield f"  more      {page}"
