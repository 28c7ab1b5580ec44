"""One kind of refusal or finding, as its file has it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

#: Whose side a fault is on, and what that is called in a sentence.
SIDES: Final = {
    "application": "the application",
    "person": "the person or their browser",
    "doorward": "Doorward, or whoever runs it",
    "upstream": "the other provider",
    "nobody": "nobody",
}
#: Who meets it: on a page of ours, in an error of the protocol or the API, or where admins look.
READERS: Final = ("person", "developer", "admin")
_TEXTS: Final = ("title", "side", "means")  # each entry has them
_MAY: Final = ("field", "standard", "fix", "command", "click", "told_as")


class BadEntry(ValueError):
    """A file of the catalogue says less than it must, or what nobody knows."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why it happens, and how to see that it is this and nothing else."""

    what: str
    tell: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is known of one kind. Texts may have `code` in backticks; nothing else is markup.

    `causes`: those first that are most often true. `fix`: what to change, where neither a `command` nor a `click` does
    it all. `told_as`: the kind under which a stranger is told, where to tell them apart would give something away.
    """

    code: str
    title: str
    side: str
    means: str
    read_by: tuple[str, ...]
    causes: tuple[Cause, ...]
    field: str = ""
    standard: str = ""
    fix: str = ""
    command: str = ""
    click: str = ""
    told_as: str = ""

    @property
    def whose(self) -> str:
        """The side, in words."""
        return SIDES[self.side]


def parse(code: str, text: str) -> Entry | str:
    """An entry; or the code of which this one is another name. Errors: `BadEntry`."""
    try:
        made = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadEntry(f"{code}: {error}") from None
    if "same_as" in made:
        if len(made) > 1 or not isinstance(made["same_as"], str):
            raise BadEntry(f"{code}: same_as stands alone, with the code of another file")
        return str(made["same_as"])
    _check(code, made)
    causes = tuple(Cause(_line(one["what"]), _line(one["tell"])) for one in made["causes"])
    texts = {name: _line(str(made[name])) for name in (*_TEXTS, *_MAY) if name in made}
    return Entry(code=code, read_by=tuple(made["read_by"]), causes=causes, **texts)


def _check(code: str, made: Mapping[str, Any]) -> None:
    unknown = sorted(set(made) - {*_TEXTS, *_MAY, "read_by", "causes"})
    missing = [name for name in (*_TEXTS, "read_by", "causes") if not made.get(name)]
    texts = [name for name in (*_TEXTS, *_MAY) if not isinstance(made.get(name, ""), str)]
    if unknown or missing or texts:
        raise BadEntry(f"{code}: unknown {unknown}, missing {missing}, not a text {texts}")
    if made["side"] not in SIDES:
        raise BadEntry(f"{code}: side is one of {', '.join(SIDES)}")
    if not set(made["read_by"]) <= set(READERS):
        raise BadEntry(f"{code}: read_by is of {', '.join(READERS)}")
    if not all(set(one) == {"what", "tell"} and one["what"] and one["tell"] for one in made["causes"]):
        raise BadEntry(f"{code}: each cause has what and tell: why, and how to see that it is this one")
    if not any(made.get(name) for name in ("fix", "command", "click")):
        raise BadEntry(f"{code}: one of fix, command and click is needed")


def _line(text: str) -> str:
    """On one line: files are wrapped for whoever edits them."""
    return " ".join(text.split())
