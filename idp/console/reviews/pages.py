"""The paths of the room; what is fixed comes before what takes an id."""

from __future__ import annotations

from idp.console.reviews import ending, listing, review, starting

PAGES = (*listing.PAGES, *starting.PAGES, *review.PAGES, *ending.PAGES)
