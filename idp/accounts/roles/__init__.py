"""Roles with their limits: of which applications or groups, and until when (C2).

Door: `grants_of`, `change`, `end_due`. Rule: the names of a person's roles stand in their row, which every hop
reads; a row here says what limits one of them. Programs have rows alone (`programs.py`).
"""

from idp.accounts.roles.granting import SCOPED, RoleGrant, change, end_due, grants_of
from idp.accounts.roles.programs import (
    change_program,
    forget_program,
    grants_of_program,
    programs,
    sweep_programs,
)

__all__ = [
    "SCOPED", "RoleGrant", "change", "change_program", "end_due", "forget_program", "grants_of", "grants_of_program",
    "programs", "sweep_programs",
]  # fmt: skip
