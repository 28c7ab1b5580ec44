"""One step back: the key or certificate that signed before signs again, and the new one waits as next (K2)."""

from __future__ import annotations

from idp.admin.actor import Actor
from idp.admin.certificates import is_one
from idp.admin.permissions import Permission
from idp.protocols import Services


def roll_back(services: Services, actor: Actor, kid_or_alg: str) -> str:
    """Undo the promotion of the key or certificate that signs now; answers the kid of the one that signs then.

    Both stay published, so nothing that either has signed is refused. The new one does not sign again by itself before
    its regular turn. Errors: `NotAllowed`, `NoSuchKey`, `NoSuchCertificate`, `Contended`.
    """
    actor.check(Permission.KEYS_CHANGE)
    write = actor.record(services)
    if is_one(services, kid_or_alg):
        event = {"kid": kid_or_alg}
        back = services.certificates.roll_back(kid_or_alg, also=lambda tx: write(tx, "certificate:rolled_back", event))
        return services.certificates.active("signing", back.kind).kid  # type: ignore[arg-type]
    changes = services.ring.roll_back(kid_or_alg, also=lambda tx: write(tx, "key:rolled_back", {"key": kid_or_alg}))
    return next((change.kid for change in changes if change.to == "active"), "")


def may_roll_back(services: Services) -> frozenset[str]:
    """The kids that sign now and have somebody to step back to."""
    found = set()
    own = services.ring.list_keys()
    for key in own:
        if key.state == "active" and any(k.alg == key.alg and k.state == "retiring" for k in own):
            found.add(key.kid)
    held = [one for one in services.certificates.everything() if one.use == "signing"]
    for one in held:
        if one.state == "active" and any(c.kind == one.kind and c.state == "retiring" for c in held):
            found.add(one.kid)
    return frozenset(found)
