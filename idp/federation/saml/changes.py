"""Other keys or addresses in a provider's metadata: whoever has them may let in anybody, so admins hear of it."""

from __future__ import annotations

from typing import Any, Final

from idp import audit, mail
from idp.audit import Event
from idp.federation.provider import Provider
from idp.federation.saml.entity import Entity, fingerprint
from idp.ids import digest
from idp.protocols import Services

TOLD_FOR: Final = 7 * 86400.0  # seconds that the console says so
_NOT_TWICE: Final = 3600.0  # seconds in which several processes may find the same


def tell(services: Services, provider: Provider, before: Entity | None, after: Entity) -> None:
    """Into the log and the record, and by mail to every owner; nothing where all is as it was."""
    if before is None:
        return
    said = ((fingerprints(one), one.sso, one.slo, one.slo_answers) for one in (before, after))
    both = zip(("keys", "sso", "slo", "slo_answers"), *said, strict=True)
    changed = {name: [old, new] for name, old, new in both if old != new}
    if not changed:
        return
    mark = digest(f"{provider.id}\n{sorted(map(str, changed.items()))}")
    if not services.state.add("upstream:keys-told:" + mark, 1, _NOT_TWICE):
        return
    services.log.warning("upstream_keys_changed", provider=provider.id, name=provider.name, what=",".join(changed))
    now = services.clock()
    services.state.put(_key(provider), now, TOLD_FOR)
    detail = {"provider_id": provider.id, "name": provider.name, "changed": changed}
    values = {
        "provider": provider.name, "link": services.url(f"/admin/providers/{provider.id}/history"),
        "waits": bool(provider.pinned_keys) and not set(fingerprints(after)) <= set(provider.pinned_keys),
    }  # fmt: skip
    with services.db.transaction() as tx:
        audit.record(tx, Event("provider:keys", actor="system", detail=detail), now)
        for owner in services.directory.owners():
            if owner.enabled and owner.email:
                mail.tell(services, owner, "provider_keys", values, tx=tx)


def last(services: Services, provider: Provider) -> float:
    """When they changed in the last week, epoch seconds; 0 where they did not."""
    found: Any = services.state.get(_key(provider))
    return float(found) if isinstance(found, (int, float)) else 0.0


def fingerprints(entity: Entity) -> list[str]:
    """SHA-256 of each certificate that signs."""
    return sorted(map(fingerprint, entity.certificates))


def _key(provider: Provider) -> str:
    return "upstream:keys-changed:" + provider.id
