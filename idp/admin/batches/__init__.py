"""Who works on many people: each kind of work by its name, done step by step in the name of whoever asked for it.

Door: `register`, `work_on`. Rule: their rights are those of the moment of each step; who has lost them does no more.
"""

from __future__ import annotations

from idp.admin.batches.running import WHY, register, resume, work_on

__all__ = ["WHY", "register", "resume", "work_on"]
