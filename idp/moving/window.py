"""What a mark says, and what holds at a moment. Pure."""

from __future__ import annotations

import os
from typing import Final, NamedTuple

#: It will be moved, or just is; it was, and nothing is written here any more; it is being filled.
ANNOUNCED, MOVED, ARRIVING = "announced", "moved", "arriving"
REST: Final = 20.0  # seconds before it begins from which no job is begun, so that those that run have ended
GONE: Final = 300.0  # seconds that pages say until the servers have been pointed at the new place


class Window(NamedTuple):
    """One mark. `begins`, `until`: epoch seconds; `place`: the other database; `by`: see `own_process`."""

    id: str
    state: str
    begins: float
    until: float
    place: str
    by: str

    def is_over(self, now: float) -> bool:
        """Whether whoever was to move it has given up, or was killed: all goes on as if nothing had been."""
        return self.state == ANNOUNCED and (now >= self.until or has_ended(self.by))

    def shut_until(self, now: float) -> float | None:
        """Until when nothing may be written; None: it may."""
        if self.is_over(now):
            return None
        if self.state != ANNOUNCED:
            return now + GONE
        return self.until if now >= self.begins else None

    def rests(self, now: float, asked: float = REST) -> bool:
        """Whether no job may be begun."""
        return not self.is_over(now) and (self.state != ANNOUNCED or now >= self.begins - asked)


def own_process() -> str:
    """This process, as others of this machine can look for it: the machine since its start, its pids, the pid."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return f"{file.read().strip()} {os.readlink('/proc/self/ns/pid')} {os.getpid()}"
    except OSError:
        return ""


def has_ended(process: str) -> bool:
    """Whether it was of this machine and is no more; of another machine nobody can tell."""
    place, _, pid = process.rpartition(" ")
    if not place or place != own_process().rpartition(" ")[0]:
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError):
        return False
    return False
