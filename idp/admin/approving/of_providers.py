"""What runs when a change of a provider was approved, and what it would change (C3)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from idp.admin.actor import Actor
from idp.federation import fields, keeping, links
from idp.protocols import Services
from idp.texts import N_
from keys.sealing import BrokenSeal

PURPOSE: Final = "approval-secret"
_SEALED: Final = "sealed"  # as `asking` keeps it out of the record
Args = Mapping[str, Any]
#: What is done to a provider, as the page of a request says it.
HOW: Final[Mapping[str, str]] = {
    "add": N_("a new provider"), "change": N_("other settings"), "renew_secret": N_("another secret"),
    "turn": N_("off, or on"), "remove": N_("removed"), "restore": N_("brought back"),
}  # fmt: skip


def sealed(services: Services, secret: str) -> str:
    """A secret that waits with its change."""
    return services.sealer.seal(PURPOSE, secret.encode())


def _run(services: Services, actor: Actor, args: Args) -> object:
    """The verb that asked, with what it was asked with."""
    from idp.admin import providers

    one, secret = args.get("provider", ""), _opened(services, args)
    verbs: Mapping[str, Callable[[], object]] = {
        "add": lambda: providers.add(
            services, actor, args["said"], secret or "", enabled=args["enabled"], reserved=args["reserved"]
        ),
        "change": lambda: providers.change(
            services, actor, one, providers.Wanted(args["said"], secret, args["enabled"], args["seen"])
        ),
        "renew_secret": lambda: providers.renew_secret(services, actor, one, secret or ""),
        "turn": lambda: providers.turn(services, actor, one, on=args["on"]),
        "remove": lambda: providers.remove(services, actor, one, args["seen"]),
        "restore": lambda: providers.restore(services, actor, one),
    }  # fmt: skip
    return verbs[args["how"]]()


def lines(services: Services, args: Args) -> list[tuple[str, str]]:
    """Label and value of each thing that changes, as things stand now."""
    kept = _find(services, args.get("provider", ""))
    before = kept.provider.said() if kept is not None else {}
    found = [(N_("What is done"), HOW[args["how"]])]
    if kept is not None:
        found.append((N_("Provider"), kept.provider.name))
        found.append((N_("Who came by it"), str(links.count(services.db, kept.provider.id))))
    on = args.get("on", args.get("enabled"))
    if on is not None:
        found.append((N_("Turned on"), N_("yes") if on else N_("no")))
    said = args.get("said", {})
    for name in dict.fromkeys((*before, *said)) if "said" in args else ():
        old, new = (json.dumps(one, ensure_ascii=False) for one in (before.get(name), said.get(name)))
        if old != new:
            label = fields.FIELDS[name].label if name in fields.FIELDS else name
            found.append((label, f"{old} → {new}" if name in before else new))
    if _SEALED in args:
        found.append((N_("Secret"), N_("another one")))
    return found


def _find(services: Services, provider_id: str) -> keeping.Kept | None:
    found = keeping.find(services.db, provider_id) if provider_id else None
    gone = keeping.removed(services.db, services.clock()) if provider_id and found is None else ()
    return found or next((one for one in gone if one.provider.id == provider_id), None)


def _opened(services: Services, args: Args) -> str | None:
    if _SEALED not in args:
        return None
    try:
        return services.sealer.open(PURPOSE, args[_SEALED]).decode()
    except BrokenSeal:
        raise ValueError("its secret was sealed under another master key: ask for the change again") from None


#: What `verbs` has a row of.
ROW: Final = (_run, lines)
