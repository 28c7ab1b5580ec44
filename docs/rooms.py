"""Draws the rooms and who imports whom into `docs/architecture.md`, from the code: `python docs/rooms.py`."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import grimp

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- rooms: python docs/rooms.py -->", "<!-- end of rooms -->"
ROOMS = ("idp", "clients", "keys")
SPINE, APP = "spine", "app"


def rooms() -> dict[str, str]:
    """Which room each module stands in; what is none of the rooms of `idp` is its spine."""
    found = {}
    for module in _graph().modules:
        first, _, rest = module.partition(".")
        name = rest.partition(".")[0]
        if first != "idp":
            found[module] = first
        elif name in _COMPOSITION:
            found[module] = APP
        else:
            found[module] = _FILES_OF_ROOMS.get(name, name if name in _ROOMS_OF_IDP else SPINE)
    return found


#: What puts the rooms together, and may know every one of them.
_COMPOSITION = {"app", "background", "wsgi"}
_ROOMS_OF_IDP = {
    "accounts",
    "admin",
    "answers",
    "api",
    "cli",
    "console",
    "federation",
    "first_party",
    "importing",
    "installation",
    "login",
    "mail",
    "metrics",
    "oidc",
    "personal_data",
    "portal",
    "provisioning",
    "saml",
    "scim",
    "serving",
    "signals",
}
_FILES_OF_ROOMS = {
    "protocols": "login",  # what an endpoint of a protocol is given: see decisions/services-in-floors.md
    "attribute_values": "login",  # of what the registry defines: for people's pages, admins, imports
    "attribute_controls": "login",
    "migrations": "installation",
    "opening": "installation",
    "__main__": "cli",
}


def arrows() -> dict[str, set[str]]:
    """Which rooms each room imports."""
    graph, room_of = _graph(), rooms()
    found: defaultdict[str, set[str]] = defaultdict(set)
    for module, room in room_of.items():
        for imported in graph.find_modules_directly_imported_by(module):
            if room_of.get(imported, room) != room:
                found[room].add(room_of[imported])
    return dict(found)


def picture() -> str:
    """Mermaid: an arrow for each import that no longer way round implies."""
    found = arrows()
    lines = ["```mermaid", "flowchart TD"]
    for room in sorted(found):
        for other in sorted(found[room]):
            ways = [via for via in found[room] - {other} if room not in _reached(found, via)]
            if not any(other in _reached(found, via) for via in ways):
                lines.append(f"    {room} --> {other}")
    return "\n".join([*lines, "```"])


def filled(page: str) -> str:
    """The page with the picture as it is today."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{picture()}\n{END}{rest.split(END)[1]}"


def circles() -> list[frozenset[str]]:
    """Modules that import each other, by whatever way, imports for types and those within functions counted."""
    graph = grimp.build_graph(*ROOMS, exclude_type_checking_imports=False, cache_dir=None)
    down = {module: graph.find_upstream_modules(module) for module in graph.modules}
    rings = (frozenset({one, *(other for other in found if one in down[other])}) for one, found in down.items())
    return sorted({ring for ring in rings if len(ring) > 1}, key=sorted)


def _reached(found: dict[str, set[str]], room: str) -> set[str]:
    seen: set[str] = set()
    waiting = [room]
    while waiting:
        for other in found.get(waiting.pop(), ()):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return seen


def _graph() -> grimp.ImportGraph:
    return grimp.build_graph(*ROOMS, exclude_type_checking_imports=True, cache_dir=None)


if __name__ == "__main__":
    before = PAGE.read_text("utf-8")
    after = filled(before)
    PAGE.write_text(after, "utf-8")
    sys.exit(0 if before == after else "docs/architecture.md is up to date now")
