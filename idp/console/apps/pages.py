"""The pages of this room."""

from __future__ import annotations

from idp.console.apps import listing

PAGES = (*listing.PAGES,)
