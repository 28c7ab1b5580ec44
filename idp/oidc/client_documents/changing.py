"""A client that was let in, and whose document says something else today."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any, Final

from clients import undoing
from clients.documents.address import Address
from clients.errors import ChangedMeanwhile
from clients.registry import Registry
from clients.self_registered import kept, standard, vouching
from clients.self_registered.policy import Policy
from clients.self_registered.standard import Wanted
from clients.store import Row
from idp import audit
from idp.db import Transaction, joined
from idp.login import consent
from idp.oidc.registration.registering import as_left, ensure_keys
from idp.protocols import Services
from idp.wire import Request

_GOES_ON: Final = ("scope", "resources", "jwks", "jwks_uri")


def with_own_name(services: Services, address: Address, wanted: Wanted) -> Wanted:
    """RFC 7591 §5: a name of an application that somebody here answers for is lent to no document; its host is."""
    names = [key for key in wanted.said if key.partition("#")[0] == "client_name"]
    taken = [
        key for key in names if isinstance(wanted.said[key], str)
        and services.registry.namesakes(wanted.said[key], but=address.url, vouched=True)
    ]  # fmt: skip
    return replace(wanted, said={**wanted.said, **dict.fromkeys(taken, address.host)}) if taken else wanted


def hold_to(services: Services, client_id: str, policy: Policy, record: audit.Recorder) -> None:
    """What a client may have no longer is gone at once, with the tokens for it; what it may have now, it asks for."""
    one = kept.find(services.db, client_id)
    if one is None:
        return
    scope = " ".join(name for name in str(one.said.get("scope", "")).split() if name in policy.scopes)
    said = {**{key: value for key, value in one.said.items() if key != "profile"}, "scope": scope}
    apply(services, client_id, Wanted(one.said["profile"], said), policy, record)


def read_again(services: Services, request: Request, client_id: str, wanted: Wanted, policy: Policy) -> None:
    """Its document was read once more. Errors: `ChangedMeanwhile`."""
    record = audit.recorder(services.clock, "doorward", address=request.remote_address, request_id=request.id)
    apply(services, client_id, wanted, policy, record)


def apply(services: Services, client_id: str, wanted: Wanted, policy: Policy, record: audit.Recorder) -> None:
    """Change the row of a client that was let in, where its document or what its host may have differs.

    What people agreed to ends, with the tokens, where it is another client now (CIMD §6.3). Errors: `ChangedMeanwhile`.
    """
    one = kept.find(services.db, client_id)
    client = services.registry.find_registered(client_id) if one is not None else None
    if one is None or client is None:
        return
    edition, now = services.registry.as_registered(client_id)
    own = {key: value for key, value in now.items() if standard.is_known(key)}
    # What an admin has changed since is the admin's word: a document does not take it back.
    admins = {key for key in {*own, *one.said} - {"profile"} if own.get(key) != one.said.get(key)}
    changes = {key: wanted.said.get(key) for key in {*own, *wanted.said} - admins}
    if "resources" not in admins and [*policy.resources] != [*now.get("resources", ())]:
        changes["resources"] = [*policy.resources] or None
    profile = wanted.profile if client.profile == one.said["profile"] else client.profile
    before, after = services.registry.preview(client_id, changes, profile=profile)
    if before.metadata == after.metadata and before.profile == after.profile and one.policy == policy:
        return
    with services.db.transaction() as tx:
        registry = Registry(joined(tx), services.clock, allow_loopback=services.registry.allow_loopback)
        changed = registry.update(
            client_id, changes, profile=profile, edition=edition, record=partial(_noted, record),
            settle=partial(_settled, policy=policy, now=services.clock()),
        )  # fmt: skip
        left = as_left(wanted.profile, registry.as_registered(client_id)[1])
        left = {key: value for key, value in left.items() if key not in admins}
        left |= {key: one.said[key] for key in admins if key in one.said}
        if not kept.renew(tx, one, left, policy):
            raise ChangedMeanwhile({})
    services.registry.refresh()
    ensure_keys(services, changed)


def _settled(before: Row, after: Row, *, policy: Policy, now: float) -> Row:
    """What people let another client do, and its tokens, end with the change; also where nobody was asked."""
    after = vouching.taken_back(before, after, policy=policy, now=now)
    return replace(after, tokens_after=now) if _is_another(undoing.difference(before, after)) else after


def _is_another(changed: Iterable[str]) -> bool:
    """Whether a client that changes this is not the one that people agreed to.

    What it may have is its host's, and asked for where it is new. A key that rolls at the same address is no change of
    who it is: what people agreed to goes on, and they find it in their list.
    """
    return not all(vouching.is_harmless(key) or key in _GOES_ON for key in changed)


def _noted(record: audit.Recorder, tx: Transaction, action: str, detail: dict[str, Any]) -> None:
    if _is_another(detail["changed"]):
        consent.forget_application(tx, detail["client_id"])
    record(tx, action, {**detail, "why": "its document has changed, or what its host may have"})
