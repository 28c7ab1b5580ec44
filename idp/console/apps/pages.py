"""The pages of this room."""

from __future__ import annotations

from idp.console.apps import adding, changes, choosing, editing, listing, previewing, showing

PAGES = (
    *listing.PAGES,
    *choosing.PAGES,
    *adding.PAGES,
    *showing.PAGES,
    *editing.PAGES,
    *previewing.PAGES,
    *changes.PAGES,
)
