"""The applications of the company: products of the gallery at each site, open to everyone, to groups, to few."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random
from typing import Any, Final

from clients.access import EVERYONE, Access
from clients.gallery import shelf
from clients.loading import Past
from clients.registry import Draft
from idp.installation.demo_data.company import SITES, Company
from idp.installation.demo_data.people import Member
from idp.installation.demo_data.plan import DAY, Plan, client_id

_POST: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


def pasts(plan: Plan, company: Company, members: list[Member]) -> Iterator[Past]:
    """All of them."""
    chance = plan.chance("apps")
    products = [template.name for template in shelf.everything()]
    for number in range(plan.apps):
        product, site = products[number % len(products)], SITES[int(len(SITES) * chance.random() ** 1.2)]
        name = product if number < len(products) else f"{product} {site} {number // len(products) + 1}"
        host = f"{re.sub('[^a-z0-9]+', '-', product.lower()).strip('-')}-{number + 1}.{plan.domain}"
        created_at = plan.now - chance.uniform(2, 1500) * DAY
        changed_at = chance.uniform(max(created_at, plan.begin), plan.now)
        is_removed = chance.random() < 0.004
        yield Past(
            _draft(chance, name, host, _access(chance, company, members)), created_at, changed_at,
            enabled=chance.random() >= 0.02,
            removed_at=plan.now - chance.uniform(0.1, 25) * DAY if is_removed else None,
        )  # fmt: skip


def _draft(chance: Random, name: str, host: str, access: Access) -> Draft:
    draft_id = client_id(chance)
    if chance.random() < 0.27:
        acs = [{"index": 0, "binding": _POST, "location": f"https://{host}/saml/acs", "is_default": True}]
        provider = {"entity_id": f"https://{host}/saml/metadata", "acs": acs}
        return Draft(name=name, kind="saml", metadata={"sp_metadata": provider}, access=access, id=draft_id)
    profile = chance.choices(("web", "spa", "native", "machine"), (82, 9, 4, 5))[0]
    return Draft(name=name, profile=profile, metadata=_metadata(profile, host), access=access, id=draft_id)


def _metadata(profile: str, host: str) -> dict[str, Any]:
    if profile == "machine":
        return {}
    if profile == "native":
        return {"redirect_uris": [".".join(reversed(host.split("."))) + ":/callback"]}
    return {
        "redirect_uris": [f"https://{host}/oauth2/callback"],
        "post_logout_redirect_uris": [f"https://{host}/"],
        "client_uri": f"https://{host}/",
    }


def _access(chance: Random, company: Company, members: list[Member]) -> Access:
    kind = chance.random()
    if kind < 0.22:
        return EVERYONE
    groups = chance.sample(company.groups, k=min(len(company.groups), chance.choices((1, 2, 5), (70, 22, 8))[0]))
    persons = chance.sample(members, k=min(len(members), 3)) if kind > 0.9 else []
    named = [] if kind > 0.97 else [group.name for group in groups]
    return Access.only(groups=named, persons=[member.id for member in persons])
