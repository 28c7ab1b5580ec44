"""What an admin has vouched for holds as long as the application is the one that the admin looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from clients.self_registered.policy import Policy
from clients.store import Row

#: What a client may change and still be the one that was looked at; so may its algorithms. What is added to the
#: registry counts until it stands here.
_HARMLESS: Final = frozenset((
    "contacts", "software_id", "software_version", "default_max_age", "require_auth_time", "default_acr_values",
))  # fmt: skip


def taken_back(before: Row, after: Row, *, policy: Policy, now: float) -> Row:
    """A client as it has changed itself: nobody vouches for it any more, and one that starts off is off again.

    Where its token was made with `vouched`, the admin answers for its changes as well.
    """
    if _looked_at(before) == _looked_at(after):
        return after
    unmarked = replace(after, said={**after.said, **policy.vouching})
    return replace(unmarked, enabled=False, tokens_after=now) if policy.starts_off else unmarked


def _looked_at(row: Row) -> dict[str, Any]:
    said = {key: value for key, value in row.said.items() if not is_harmless(key)}
    return {**said, "client_name": row.name, "profile": row.profile}


def is_harmless(key: str) -> bool:
    """Whether a client that changes this is still the one that was looked at."""
    return key in _HARMLESS or key.endswith(("_alg", "_enc"))
