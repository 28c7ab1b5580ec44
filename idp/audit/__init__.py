"""The record of who did what to whom, from where, with which application.

Door: `record` inside the transaction of the change it proves, `Errors` for error pages, `Faults` for what applications
are told, `tail` and `explain` to read, `chain` for what proves that nobody changed it.
Rule: no secret, password, code or token ever stands in an event.
"""

from idp.audit.events import (
    Errors,
    Event,
    Recorder,
    conversation_of,
    explain,
    find,
    find_of_person,
    of_person,
    record,
    recorder,
    repeat,
    since,
    tail,
)
from idp.audit.told import Faults

__all__ = ["Errors", "Event", "Faults", "Recorder", "conversation_of", "explain", "find", "find_of_person", "of_person",
           "record", "recorder", "repeat", "since", "tail"]  # fmt: skip
