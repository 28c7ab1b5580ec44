"""The templates that there are: found by id, searched by words; each file is read once, when somebody asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from clients.gallery import reading
from clients.gallery.template import CATEGORIES, Template

FOLDER = Path(__file__).parent.parent / "templates"


class UnknownTemplate(LookupError):
    """There is no template with this id; `near` are the ids that may be meant."""

    def __init__(self, template_id: str, near: tuple[str, ...]) -> None:
        super().__init__(template_id)
        self.template_id, self.near = template_id, near


def find(template_id: str) -> Template | None:
    """The template with this id, or None. Errors: `BadTemplate`."""
    path = FOLDER / f"{template_id}.toml"
    # The id comes from outside: it names a file of ours or none.
    return _read(path) if reading.ID.fullmatch(template_id) and path.is_file() else None


def get(template_id: str) -> Template:
    """The template with this id. Errors: `UnknownTemplate`, `BadTemplate`."""
    found = find(template_id)
    if found is None:
        ids = [one.id for one in everything()]
        near = get_close_matches(template_id.casefold(), ids, n=3, cutoff=0.6)
        named = [one.id for one in search(template_id.replace("-", " "))] if template_id.strip() else []
        raise UnknownTemplate(template_id, tuple(near or named[:3]))
    return found


@cache
def _read(path: Path) -> Template:
    return reading.read(path)


@cache
def everything() -> tuple[Template, ...]:
    """All templates by name. Errors: `BadTemplate`."""
    return tuple(sorted((_read(path) for path in FOLDER.glob("*.toml")), key=lambda one: one.name.casefold()))


def search(text: str, *, among: Iterable[Template] | None = None) -> tuple[Template, ...]:
    """Templates that have every word: those whose name it is, whose name begins so, has it, and then the rest."""
    words = text.casefold().split()
    found = [one for one in (everything() if among is None else among) if all(w in _haystack(one) for w in words)]
    return tuple(sorted(found, key=lambda one: _rank(one, " ".join(words))))


def _haystack(template: Template) -> str:
    return " ".join((template.id, template.name, *template.words, template.category, CATEGORIES[template.category],
                     *template.protocols)).casefold()  # fmt: skip


def _rank(template: Template, wanted: str) -> int:
    name = template.name.casefold()
    if wanted in (name, template.id):
        return 0
    if name.startswith(wanted) or template.id.startswith(wanted):
        return 1
    return 2 if wanted in name else 3
