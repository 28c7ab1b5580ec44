"""What is known of somebody who is signed in: a value, which `sessions` reads and ends."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Session:
    """A live session with its person, and the consent for the application that asks."""

    id: str
    person_id: str
    username: str
    name: str
    groups: tuple[str, ...]
    roles: tuple[str, ...]
    methods: tuple[str, ...]
    created_at: float
    auth_time: float
    expires_at: float
    idle_seconds: int = 0
    consent_scopes: frozenset[str] = frozenset()
    consent_at: float = 0.0
