"""What an answer means for the object that it is about, and for the target."""

from __future__ import annotations

from typing import Final

from idp.provisioning.calling import Answered

_PASSING: Final = (408, 409, 412, 423, 425)  # what another try may change


class Refused(Exception):
    """It says no to this object as it is: a try without a change brings the same answer."""


class Forbidden(Refused):
    """It lets us do this to that object not: 403, while the credentials open something else."""


class TryAgain(Exception):
    """It failed on this object, perhaps only now."""


class Unwell(TryAgain):
    """It failed on its own side: some of these in a row are the target, and no object."""


class Busy(Exception):
    """It asks for time, whatever is sent: nothing is, for so many seconds. None: by our own back-off."""

    def __init__(self, reason: str, seconds: float | None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class Stopped(Exception):
    """It does not take our credentials: nothing is sent any more until somebody has looked."""


def check(answered: Answered) -> Answered:
    """The answer, where it is a good one. A 404 is never one. Errors: all of this file but `Forbidden`."""
    status, said = answered.status, f"status {answered.status}: {answered.detail}".rstrip(": ")
    if answered.ok:
        return answered
    if status in (401, 403):
        raise Stopped(said)
    if status == 429 or (status >= 500 and answered.retry_after is not None):
        # RFC 6585 §4; RFC 9110 §10.2.3: either may say when to come again.
        raise Busy(said, answered.retry_after)
    if status >= 500:
        raise Unwell(said)
    if status in _PASSING:
        raise TryAgain(said)
    raise Refused(said)
