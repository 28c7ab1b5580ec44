"""What is kept of a message with its error, for the admin who looks it up."""

from __future__ import annotations

import re
from typing import Final

from idp.saml.messages.bindings import Received

MAX_EVIDENCE: Final = 8192  # characters of a message that are kept with its error


def evidence(received: Received | None) -> str:
    """The message as an admin may read it later; never an assertion that came to the wrong place."""
    if received is None:
        return ""
    if b"Assertion" in received.message and _ASSERTION.search(received.message):  # the first costs next to nothing
        return "(a message with an assertion, which is not kept)"
    return received.message.decode("utf-8", "replace")[:MAX_EVIDENCE]


_ASSERTION: Final = re.compile(rb"<(?:[^\s<>/:]+:)?(?:Encrypted)?Assertion[\s/>]")
