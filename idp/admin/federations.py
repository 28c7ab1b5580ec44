"""The organisations of a federation as an admin looks at them: how its list stands, and from where people may come."""

from __future__ import annotations

from dataclasses import dataclass

from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.federation import keeping
from idp.federation.keeping import UnknownProvider
from idp.federation.provider import FEDERATION
from idp.federation.saml.federations import members, refreshing
from idp.federation.saml.federations.describing import Member
from idp.federation.saml.federations.refreshing import Standing
from idp.protocols import Services


@dataclass(frozen=True, slots=True)
class Organisations:
    """Those that were found, by name. `listed_at`: where all of them stand; `standing`: None before the first look.

    `is_more`: there are further ones, which more words would tell apart.
    """

    listed_at: str
    standing: Standing | None
    found: tuple[Member, ...]
    is_more: bool


def organisations(services: Services, actor: Actor, provider_id: str, typed: str = "") -> Organisations:
    """Those from which people may come and whose name, keyword or domain has each word; the first ones without words.

    Errors: `NotAllowed`, `UnknownProvider`, also of a provider that is no federation.
    """
    actor.check(Permission.PROVIDERS_READ)
    kept = keeping.find(services.db, provider_id)
    if kept is None or kept.provider.kind != FEDERATION:
        raise UnknownProvider(provider_id)
    found = members.search(services, kept.provider, typed)
    return Organisations(
        members.listed_at(kept.provider), refreshing.standing(services, kept.provider), found[: members.SHOWN],
        len(found) > members.SHOWN,
    )  # fmt: skip
