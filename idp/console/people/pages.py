"""The pages of this room."""

from __future__ import annotations

from idp.console.people import (
    adding,
    apps,
    editing,
    history,
    importing,
    inviting,
    joining,
    listing,
    many,
    person,
    registrations,
    rights,
    turning_off,
)

PAGES = (
    *listing.PAGES,
    *adding.PAGES,
    *importing.PAGES,
    *many.PAGES,
    *registrations.PAGES,
    *inviting.PAGES,
    *person.PAGES,
    *editing.PAGES,
    *rights.PAGES,
    *turning_off.PAGES,
    *joining.PAGES,
    *history.PAGES,
    *apps.PAGES,
)
