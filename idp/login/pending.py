"""Somebody who has proven a part: kept in State for a quarter of an hour, named by the sealed flow of the page.

Nobody has a session for it. The flow is bound to the browser, so this is too (CVE-2022-39222).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from idp.login.flow import Flow
from idp.login.services import Services

TTL = 900.0  # seconds


@dataclass(frozen=True)
class Pending:
    """One conversation. `methods`: what was shown so far; `data`: what each way of proving keeps for itself."""

    flow: Flow
    person_id: str
    methods: tuple[str, ...]
    password_changed_at: float | None
    stay: bool = False
    shared: bool = False
    allowed: tuple[str, ...] = ()  # the ways that would do
    data: Mapping[str, Any] = field(default_factory=dict)
    session_id: str = ""  # of somebody who is signed in and shall prove more: ends with that session
    auth_time: float | None = None  # as of `outcomes.Proven`: what is shown beside it makes it no younger
    began: Mapping[str, Any] | None = None  # as of `outcomes.Proven`, in JSON's shape

    @property
    def id(self) -> str:
        """Unguessable; names the request that a code is bound to."""
        return self.flow.pending

    def with_data(self, kind: str, value: Mapping[str, Any]) -> Pending:
        """What waits, with what one way of proving keeps."""
        return replace(self, data={**self.data, kind: dict(value)})


def begin(services: Services, flow: Flow, person: Any, methods: tuple[str, ...], **more: Any) -> Pending:
    """A new one, kept."""
    named = replace(flow, pending=secrets.token_urlsafe(24))
    made = Pending(named, person.id, methods, person.password_changed_at, **more)
    keep(services, made)
    return made


def keep(services: Services, pending: Pending) -> None:
    """Keep what has changed."""
    value = {
        "person": pending.person_id, "methods": pending.methods, "changed": pending.password_changed_at,
        "stay": pending.stay, "shared": pending.shared, "allowed": pending.allowed, "data": dict(pending.data),
        "session": pending.session_id, "auth_time": pending.auth_time,
        "began": pending.began, "renews": pending.flow.renews,
    }  # fmt: skip
    services.state.put(_key(pending.flow), value, TTL)


def find(services: Services, flow: Flow) -> Pending | None:
    """The one that a posted flow names, or None where it took too long."""
    kept = services.state.get(_key(flow)) if flow.pending else None
    if kept is None or kept.get("renews", "") != flow.renews:  # no page lets anybody off what they have to renew
        return None
    return Pending(
        flow, kept["person"], tuple(kept["methods"]), kept["changed"], kept["stay"], kept["shared"],
        tuple(kept["allowed"]), kept["data"], kept["session"], kept.get("auth_time"), kept.get("began"),
    )  # fmt: skip


def drop(services: Services, flow: Flow) -> None:
    """It has ended."""
    if flow.pending:
        services.state.take(_key(flow))


def _key(flow: Flow) -> str:
    return "login:pending:" + flow.pending


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one way of proving found. `methods`: what was shown, see `authn`; `error`: what to tell the person.

    `counts`: whether a wrong one counts towards a pause; a press of "send it again" does not.
    `means`: what an admin reads under the failure, as findings are kept.
    `spent`: it was right, and used before: two tabs or a double click; refused (ASVS 6.5.1), and no guess.
    """

    ok: bool
    methods: tuple[str, ...] = ()
    error: str = ""
    counts: bool = True
    spent: bool = False
    means: Mapping[str, Any] | None = None
