"""Checks of [self_registration]: whether what it names is there, and somebody hears of who waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.installation.checks.findings import Finding, Found

if TYPE_CHECKING:
    from idp.protocols import Services

_CHECK = "self_registration"


def examine(services: Services) -> Found:
    """What keeps people from making an account, though the settings say that they may."""
    said = services.settings.self_registration
    if not said.enabled:
        return
    yield from _mail(services)
    for app in said.apps:
        yield from _application(services, app.client_id)
    of_apps = [("self_registration.apps", app.groups or []) for app in said.apps]
    for field, names in (("self_registration.groups", said.groups), *of_apps):
        for name in names:
            yield from _group(services, field, name)
    if said.approval or any(app.approval for app in said.apps):
        yield from _told(services)


def _mail(services: Services) -> Found:
    from idp import mail

    if not mail.is_ready(services):
        text = "mail.host is empty, and an account is made by a link in a mail: nobody is offered one"
        yield Finding(_CHECK, "error", text, "give [mail] a host, then run `doorward mail test --to ADDRESS`")


def _application(services: Services, client_id: str) -> Found:
    from idp.admin import applications

    if services.registry.find(client_id) is not None:
        return
    text = f"self_registration.apps: no application has the client_id “{client_id}”: what it says holds for nobody"
    try:
        meant = applications.id_of(services, client_id)
    except applications.Ambiguous:
        meant = None
    near = [meant] if meant else [*applications.similar(services, client_id)]
    fix = f"is “{near[0]}” meant?" if near else "`doorward client list` shows the ids"
    yield Finding(_CHECK, "error", text, f"write the client id, not the name: {fix}")


def _group(services: Services, field: str, name: str) -> Found:
    from idp.accounts import groups

    if groups.find(services.db, name) is not None:
        return
    near = groups.similar(services.db, name)
    fix = f"is “{near[0]}” meant? Else" if near else "make it:"
    text = f"{field}: there is no group “{name}”, so no application and no rule knows who is put in it"
    yield Finding(_CHECK, "warning", text, f"{fix} `doorward group add '{name}'`")


def _told(services: Services) -> Found:
    if services.settings.self_registration.notify:
        return
    if any(owner.enabled and owner.email for owner in services.directory.owners()):
        return
    text = "self_registration.notify is empty, and no owner has an e-mail address: nobody is told of who waits"
    yield Finding(_CHECK, "error", text, "name addresses in self_registration.notify, or give an owner one")
