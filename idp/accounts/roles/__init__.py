"""Roles with their limits: of which applications or groups, and until when (C2).

Door: `grants_of`, `change`, `end_due`. Rule: the names of a person's roles stand in their row, which every hop
reads; a row here says what limits one of them.
"""

from idp.accounts.roles.granting import SCOPED, RoleGrant, change, end_due, grants_of

__all__ = ["SCOPED", "RoleGrant", "change", "end_due", "grants_of"]
