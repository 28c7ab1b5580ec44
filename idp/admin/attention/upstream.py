"""Providers that are asked in vain, or whose secret ends there."""

from __future__ import annotations

from collections.abc import Iterator

from idp.admin import provider_keys
from idp.admin.actor import Actor
from idp.admin.attention.finding import DAY, MONTH, Finding
from idp.admin.permissions import Permission
from idp.federation import health as upstream_health
from idp.federation import keeping as providers
from idp.federation.checking import moment_of
from idp.federation.ldap import scheduled
from idp.protocols import Services
from idp.texts import N_, plural


def _providers(services: Services) -> Iterator[Finding]:
    """Providers that are asked in vain, or whose secret ends there."""
    for kept_one in providers.list_of(services.db):
        one = kept_one.provider
        if not one.enabled:
            continue
        path, health = f"/admin/providers/{one.id}", upstream_health.of(services, one)
        if health.is_down:
            text = N_("%(name)s is asked in vain: nobody comes in through it.", name=one.name)
            yield Finding("provider_down", text, path, health.reason)
        stopped = scheduled.why_stopped(services, one.id) if one.is_directory else ""
        if stopped:
            text = N_("A look at everybody in %(name)s was stopped by its brake.", name=one.name)
            yield Finding("directory_stopped", text, path, stopped, fix=f"doorward provider sync {one.id} --dry-run")
        ends = moment_of(one.secret_ends) if one.secret_ends else None
        if ends is None or ends - services.clock() > MONTH:
            continue
        days = int((ends - services.clock()) // DAY)
        if days < 0:
            yield Finding("provider_secret", N_("The secret of %(name)s has ended there.", name=one.name), path)
            continue
        text = plural(
            "The secret of %(name)s ends there in %(n)s day.", "The secret of %(name)s ends there in %(n)s days.",
            days, name=one.name,
        )  # fmt: skip
        yield Finding("provider_secret", text, path)


def findings(services: Services, actor: Actor) -> Iterator[Finding]:
    """All of these that an actor may know of."""
    if actor.may(Permission.PROVIDERS_READ):
        yield from _providers(services)
        yield from (Finding(*told) for told in provider_keys.findings(services))
