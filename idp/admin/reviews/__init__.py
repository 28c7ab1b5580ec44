"""Access reviews (U6): who has it is confirmed, or withdrawn, person by person, by a date.

Door: `start`, `decide`, `end_now`, `stop`, `settle`; `listed`, `find`, `foreseen` to look; `run_due` at the moment.
Rule: what comes of it is done in the name of who started it, with the rights of that moment (C2).
"""

from idp.admin.reviews.candidates import Candidates, able, candidates
from idp.admin.reviews.deciding import NotOpen, Refusals, decide
from idp.admin.reviews.ending import EVERY, end_now, register, run_due, settle, stop
from idp.admin.reviews.foreseeing import Foreseen, foreseen
from idp.admin.reviews.rights import find, left, listed, may
from idp.admin.reviews.starting import BadReview, Wish, check, start

__all__ = [
    "EVERY", "BadReview", "Candidates", "Foreseen", "NotOpen", "Refusals", "Wish", "able", "candidates",
    "check", "decide", "end_now", "find", "foreseen", "left", "listed", "may", "register", "run_due", "settle", "start",
    "stop",
]  # fmt: skip
