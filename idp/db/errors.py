"""What can go wrong with the store, whichever it is."""

from __future__ import annotations


class Unavailable(Exception):
    """The store cannot be reached, or did not answer in time."""


class Conflict(Exception):
    """A unique or foreign key refused the row."""
