"""What the other side can do, by what it says of itself (RFC 7643 §5, RFC 7644 §4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from idp.provisioning import judging, store
from idp.provisioning.calling import Line
from idp.provisioning.target import Abilities, Target

EVERY: Final = 86_400.0  # seconds between two looks


def known(line: Line, target: Target) -> Abilities:
    """As they were read today, or are now. Errors: of `judging`; `Unreached`."""
    now = line.services.clock()
    if 0 <= now - target.abilities.read_at < EVERY and target.abilities.read_at:
        return target.abilities
    answered = line.call("GET", "ServiceProviderConfig")
    if answered.status in (400, 404, 405, 501):
        # Who does not say is asked for nothing that is not in the first chapter: PUT, and a filter by one value.
        problem = f"status {answered.status}: PUT is used, for it does not say what it can"
        found = Abilities(problem=problem, read_at=now)
    else:
        found = _read(judging.check(answered).body, now)
    line.services.db.run(store.KNOW, of_client=target.client_id, new_abilities=found.to_json())
    return found


def _read(said: Mapping[str, Any] | None, now: float) -> Abilities:
    if said is None or not isinstance(said.get("patch"), dict):
        return Abilities(problem="its ServiceProviderConfig is none: PUT is used", read_at=now)
    return Abilities(patch=_has(said, "patch"), filter=_has(said, "filter"), read_at=now)


def _has(said: Mapping[str, Any], name: str) -> bool:
    one = said.get(name)
    return isinstance(one, dict) and one.get("supported") is True
