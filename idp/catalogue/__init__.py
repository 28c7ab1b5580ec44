"""What each kind of refusal and finding means, its likely causes and the fix: one small file a kind in `entries/`.

Door: `find`, `codes`, `url_of`, `symptoms`. A file is read when its kind is first asked for, so only what fails pays.
The pages at /errors and docs/errors are made of it. Rule: it knows no room, and what it says is for everybody: it
never depends on what is registered.
"""

from .entry import Cause, Entry
from .reading import codes, find, own_path_of, path_of, symptom_path, told_as, url_of
from .symptoms import Symptom, symptoms

__all__ = [
    "Cause",
    "Entry",
    "Symptom",
    "codes",
    "find",
    "own_path_of",
    "path_of",
    "symptom_path",
    "symptoms",
    "told_as",
    "url_of",
]
