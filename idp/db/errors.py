"""What can go wrong with the store, whichever it is."""

from __future__ import annotations


class Unavailable(Exception):
    """The store cannot be reached, or did not answer in time."""


class ReadOnly(Unavailable):
    """Nothing is written here at this moment, as the installation is being moved. `until`: about, epoch seconds."""

    def __init__(self, until: float) -> None:
        super().__init__("the installation is being moved to another database: nothing can be written meanwhile")
        self.until = until


class Conflict(Exception):
    """A unique or foreign key refused the row."""
