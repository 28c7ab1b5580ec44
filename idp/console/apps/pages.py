"""The pages of this room."""

from __future__ import annotations

from idp.console.apps import (
    adding,
    changes,
    choosing,
    claims,
    editing,
    ending,
    listing,
    opening,
    past,
    previewing,
    provisioning,
    role,
    secrets,
    showing,
    signals,
    testing,
)

PAGES = (
    *listing.PAGES,
    *choosing.PAGES,
    *adding.PAGES,
    *showing.PAGES,
    *editing.PAGES,
    *claims.PAGES,
    *previewing.PAGES,
    *testing.PAGES,
    *opening.PAGES,
    *past.PAGES,
    *provisioning.PAGES,
    *signals.PAGES,
    *secrets.PAGES,
    *role.PAGES,
    *changes.PAGES,
    *ending.PAGES,
)
