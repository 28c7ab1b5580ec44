"""Who could open an application at another time, why, from when until when; and whether they did (R4).

Door: `known`, `who`, `why`, `exported`. Rule: the rule of then is asked as the one of now is, by `clients.access`.
"""

from idp.admin.past_access.asking import Known, Reach, UnknownApp, find_person, known, who, why
from idp.admin.past_access.exporting import FORMATS, exported
from idp.admin.past_access.timeline import Stretch, Window

__all__ = ["FORMATS", "Known", "Reach", "Stretch", "UnknownApp", "Window", "exported", "find_person", "known", "who",
           "why"]  # fmt: skip
