"""The pages of the room Sign-in rules."""

from __future__ import annotations

from idp.console.pages import ConsolePage
from idp.console.rules import changes, editing, listing, trying

PAGES: tuple[ConsolePage, ...] = (*listing.PAGES, *trying.PAGES, *changes.PAGES, *editing.PAGES)
