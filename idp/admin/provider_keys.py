"""The certificates that a SAML provider signs by: looked at, pinned, and a new one let through (I2)."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from idp.admin import providers
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.admin.providers import Standing, Wanted
from idp.federation import keeping
from idp.federation.keeping import UnknownProvider, edition
from idp.federation.provider import FEDERATION, SAML, Provider
from idp.federation.saml import changes, watching
from idp.federation.saml.entity import Entity, fingerprint
from idp.federation.saml.federations import refreshing
from idp.protocols import Services
from idp.texts import N_, plural

_DAY: Final = 86400.0
_SOON: Final = 14 * _DAY  # before the end of a file
_LATE: Final = 2 * _DAY  # before the end of what is read again and again


class UnknownKey(LookupError):
    """Its metadata has no such certificate, or not any more."""


@dataclass(frozen=True, slots=True)
class Key:
    """A certificate of its metadata. `counts`: whether what it signs is taken; `ends`: epoch seconds, which nobody
    minds (IIP-MD12).
    """

    fingerprint: str
    name: str
    ends: float
    counts: bool


def of(services: Services, actor: Actor, provider_id: str) -> tuple[Key, ...]:
    """Those of its metadata at the last look. Errors: `NotAllowed`, `UnknownProvider`."""
    actor.check(Permission.PROVIDERS_READ)
    kept = keeping.find(services.db, provider_id)
    if kept is None:
        raise UnknownProvider(provider_id)
    entity = watching.known(services, kept.provider) if kept.provider.kind == SAML else None
    return () if entity is None else tuple(_keys(kept.provider, entity))


def pin(services: Services, actor: Actor, provider_id: str, wanted: str = "") -> Standing:
    """From now on only pinned certificates count: `wanted` as well as those before, or all of today's where it is ''.

    Errors: `NotAllowed`, `UnknownProvider`, `UnknownKey`, and those of `providers.change`.
    """
    actor.check(Permission.PROVIDERS_CHANGE)
    there = {key.fingerprint for key in of(services, actor, provider_id)}
    fresh = {wanted.replace(":", "").strip().lower()} if wanted else there
    if not fresh or not fresh <= there:
        raise UnknownKey(wanted)
    kept = providers.get(services, actor, provider_id).kept
    pins = dict.fromkeys((*(kept.provider.pinned_keys if wanted else ()), *sorted(fresh)))
    said = {**kept.provider.said(), "pinned_keys": [*pins]}
    return providers.change(services, actor, provider_id, Wanted(said, seen=edition(kept)))


def findings(services: Services) -> Iterator[tuple[str, str, str, str]]:
    """What an admin has to look at: kind, text, page, detail."""
    for kept in keeping.list_of(services.db):
        if kept.provider.kind == SAML and kept.provider.enabled:
            yield from _of_one(services, kept.provider)
        if kept.provider.kind == FEDERATION and kept.provider.enabled:
            yield from _of_federation(services, kept.provider)


def _of_one(services: Services, one: Provider) -> Iterator[tuple[str, str, str, str]]:
    page, now = f"/admin/providers/{one.id}", services.clock()
    entity, fails = watching.known(services, one), watching.failing(services, one)
    if fails is not None:
        yield "provider_metadata", N_("The metadata of %(name)s cannot be read.", name=one.name), page, fails.reason
    if changes.last(services, one):
        text = N_("The metadata of %(name)s has other keys or addresses since a few days.", name=one.name)
        yield "provider_keys", text, f"{page}/history", ""
    if entity is None:
        return
    if one.pinned_keys and any(not key.counts for key in _keys(one, entity)):
        yield "provider_keys", N_("A signing certificate of %(name)s waits for your yes.", name=one.name), page, ""
    if entity.until is not None and entity.until - now < (_LATE if one.metadata_url else _SOON):
        days = int((entity.until - now) // _DAY)
        text = plural(
            "The metadata of %(name)s ends in %(n)s day, and with it signing in through it.",
            "The metadata of %(name)s ends in %(n)s days, and with it signing in through it.", max(0, days),
            name=one.name,
        )  # fmt: skip
        yield "provider_metadata", text, page, ""


def _of_federation(services: Services, one: Provider) -> Iterator[tuple[str, str, str, str]]:
    page, stands = f"/admin/providers/{one.id}", refreshing.standing(services, one)
    if stands is not None and stands.reason:
        text = N_("The metadata of %(name)s cannot be read.", name=one.name)
        yield "provider_metadata", text, page, stands.reason


def _keys(one: Provider, entity: Entity) -> Iterator[Key]:
    for certificate in entity.certificates:
        loaded, mark = x509.load_der_x509_certificate(b64decode(certificate)), fingerprint(certificate)
        name, ends = loaded.subject.rfc4514_string()[:120], loaded.not_valid_after_utc.timestamp()
        yield Key(mark, name, ends, not one.pinned_keys or mark in one.pinned_keys)
