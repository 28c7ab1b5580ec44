"""The files of the catalogue, each read once, when it is first asked for."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

from idp.catalogue.entry import BadEntry, Entry, parse
from idp.catalogue.symptoms import symptoms
from idp.services import Services

FOLDER: Final = Path(__file__).parent / "entries"
PATH: Final = "/errors"
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,60}")


@cache
def codes() -> tuple[str, ...]:
    """The kinds that have an entry of their own or are another name of one, in the order of the alphabet."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.toml")))


def find(code: str) -> Entry | None:
    """The entry of a kind, or of the one that it is another name of. Nothing is kept of what is not there."""
    return _read(code) if code in codes() else None


def path_of(code: str) -> str:
    """Where a stranger reads about a kind, below the issuer; '' where nothing is written.

    Of kinds that nobody outside may tell apart it is one and the same page (`Entry.told_as`).
    """
    entry = find(code)
    return f"{PATH}/{entry.told_as or entry.code}" if entry is not None else ""


def told_as(code: str) -> str:
    """The kind under which strangers are told of one: its own, or that which it must not be told apart from."""
    entry = find(code)
    return (entry.told_as or entry.code) if entry is not None else code


def own_path_of(code: str) -> str:
    """The page of this very kind, for whoever may know which one it is; '' where nothing is written."""
    entry = find(code)
    return f"{PATH}/{entry.code}" if entry is not None else symptom_path(code)


def symptom_path(code: str) -> str:
    """The page about what traffic looks like, below the issuer; '' where nothing is written."""
    return f"{PATH}/{code}" if code in symptoms() else ""


def url_of(services: Services, code: str) -> str:
    """The same page's whole address (RFC 6749 §4.1.2.1: error_uri), '' where there is none."""
    path = path_of(code)
    return services.url(path) if path else ""


@cache
def _read(code: str) -> Entry:
    parsed = parse(code, _text(code))
    if isinstance(parsed, Entry):
        return parsed
    if parsed not in codes() or not isinstance(other := parse(parsed, _text(parsed)), Entry):
        raise BadEntry(f"{code}: same_as names {parsed}, which has no entry of its own")
    return other


def _text(code: str) -> str:
    if not _CODE.fullmatch(code):
        raise BadEntry(f"{code} is no code: small letters, digits and _")
    return (FOLDER / f"{code}.toml").read_text("utf-8")
