"""Why a request of ours came to nothing."""

from __future__ import annotations


class OutboundRefused(Exception):
    """The guard let nothing out. The reason is for the log and the admin, not for the answer to a stranger."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class OutboundFailed(Exception):
    """The other side did not answer as it should. The reason never repeats what it answered."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class OutboundRedirected(OutboundFailed):
    """The other side answered with a redirect, which was not followed."""
