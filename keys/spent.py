"""How long signatures took, by thread. It stands apart, since whoever reads it need not be able to sign."""

from __future__ import annotations

import threading


class Signing(threading.local):
    """Seconds that this thread has signed; whoever measures a request sets it back."""

    seconds = 0.0


SIGNING = Signing()
