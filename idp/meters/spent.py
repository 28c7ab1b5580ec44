"""Where the time of a request goes, in its thread: the store, a password's hash. (Signatures: `keys.spent`.)"""

from __future__ import annotations

import threading


class Spent(threading.local):
    """Seconds since the thread's request began. Added up by whoever waits; taken and set back at the edge."""

    store = 0.0
    hashing = 0.0


SPENT = Spent()
