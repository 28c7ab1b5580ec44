"""When a commit of SQLite's is on the disk."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from .errors import Unavailable


class GroupCommit:
    """Makes what was committed to SQLite's write-ahead log outlast a loss of power, for all who wait in one go.

    `synchronous=FULL` does the same for one transaction after another, each while it holds the write lock.
    """

    def __init__(self, log: str) -> None:
        self._log = log
        self._asking, self._syncing = threading.Lock(), threading.Lock()
        self._asked = self._done = 0
        self.syncs = 0

    def wait(self) -> None:
        """Return when everything committed before this call is on the disk. Errors: `Unavailable`."""
        with self._asking:
            self._asked += 1
            mine = self._asked
        with self._syncing:
            if self._done >= mine:  # somebody else's sync began after our commit
                return
            with self._asking:
                upto = self._asked
            try:
                # By its name: the log is another file once the last connection was closed. SQLite locks no byte of it.
                descriptor = os.open(self._log, os.O_RDWR)
                try:
                    sync_file(descriptor)
                finally:
                    os.close(descriptor)
            except OSError as error:
                raise Unavailable(f"the write-ahead log cannot be synced: {error}") from error
            self.syncs += 1
            self._done = upto


sync_file: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)
