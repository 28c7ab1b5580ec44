"""The pages of the room Providers."""

from __future__ import annotations

from idp.console.pages import ConsolePage
from idp.console.providers import adding, changes, editing, listing, organisations, previewing, removing, showing

PAGES: tuple[ConsolePage, ...] = (
    *listing.PAGES, *adding.PAGES, *showing.PAGES, *organisations.PAGES, *editing.PAGES, *changes.PAGES,
    *previewing.PAGES, *removing.PAGES,
)  # fmt: skip
