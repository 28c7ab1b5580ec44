"""Apps that stay connected: what a person's applications hold that lasts beyond a browser, by the device that it is on.

A phone with several apps that share a sign-in is one device (OpenID Connect Native SSO 1.0); any other lasting grant
(`offline_access`) is one by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from idp.audit import Recorder
from idp.oidc import ledger
from idp.protocols import Services


@dataclass(frozen=True, slots=True)
class Connected:
    """A device: the applications on it by name, since when, and where it was last used. Times are epoch seconds.

    `lasts`: whether it outlives the session of its sign-in. `browser`: the User-Agent at that sign-in, or "".
    """

    id: str
    applications: tuple[str, ...]
    since: float
    used_at: float
    address: str
    browser: str
    lasts: bool


def of_person(services: Services, person_id: str) -> tuple[Connected, ...]:
    """What stands, the latest used first. One read."""
    found: dict[str, Connected] = {}
    for row in ledger.lasting(services, person_id):
        name = services.registry.get(row.client_id).name
        one = _of(row, name)
        found[one.id] = _together(found[one.id], one) if one.id in found else one
    return tuple(sorted(found.values(), key=lambda one: -one.used_at))


def end(services: Services, person_id: str, device_id: str, *, record: Recorder, why: str) -> bool:
    """End one: its apps have nothing any more, and none of them signs in by another. Answers whether it stood."""
    one = next((each for each in of_person(services, person_id) if each.id == device_id), None)
    if one is None:
        return False
    with services.db.transaction() as tx:
        ledger.end_device(tx, person_id, device_id, services.clock(), why)
        record(tx, "device:ended", {"person_id": person_id, "device": device_id, "apps": list(one.applications),
                                    "browser": one.browser, "why": why})  # fmt: skip
    return True


def _of(row: Any, name: str) -> Connected:
    return Connected(
        row.device_id or row.family_id, (name,), row.family_created_at, row.used_at, row.used_from or "",
        row.browser or "", bool(row.offline),
    )  # fmt: skip


def _together(one: Connected, more: Connected) -> Connected:
    latest = max(one, more, key=lambda each: each.used_at)
    return replace(
        latest, applications=tuple(sorted({*one.applications, *more.applications})),
        since=min(one.since, more.since), browser=one.browser or more.browser, lasts=one.lasts or more.lasts,
    )  # fmt: skip
