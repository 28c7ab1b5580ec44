"""Hosts of programs that are known by a document, on the page of applications that register themselves (J1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from clients.errors import InvalidMetadata
from idp import flash
from idp.admin import client_hosts
from idp.console.pages import Visit
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Params, Response


@dataclass(frozen=True, slots=True)
class Typed:
    """The form of a host as it came."""

    host: str = ""
    scopes: str = ""
    resources: str = ""
    problems: dict[str, str] = field(default_factory=dict)


_PROBLEMS = {
    "host": N_("A host, as in agent.example, without https:// and path."),
    "scopes": N_("Scopes, one a line: openid"),
    "resources": N_("One a line: https://api.example.com"),
}


def usual(services: Services) -> Typed:
    """The empty form: what programs may have where nobody says otherwise."""
    policy = client_hosts.usual(services)
    return Typed("", "\n".join(policy.scopes), "\n".join(policy.resources))


def send(services: Services, visit: Visit, form: Params, path: str) -> Response | Typed:
    """What a button or the form asks for; the form again, where something in it is wrong."""
    what, host = form.get("do") or "", form.get("host") or ""
    typed = Typed(host, form.get("host_scopes") or "", form.get("host_resources") or "")
    try:
        if what == "allow":
            scopes, resources = (form.get(name) for name in ("host_scopes", "host_resources"))
            client_hosts.allow(
                services, visit.actor, host, scopes=None if scopes is None else scopes.split(),
                resources=None if resources is None else resources.split(),
            )  # fmt: skip
            return flash.redirect(services, f"{path}#hosts", "host_allowed")
        if what == "refuse":
            client_hosts.refuse(services, visit.actor, host)
            return flash.redirect(services, f"{path}#hosts", "host_refused")
        if what == "forget":
            client_hosts.forget(services, visit.actor, host)
            return flash.redirect(services, f"{path}#hosts", "host_forgotten")
    except client_hosts.NoSuchHost:  # in another tab: what was asked for is so
        return flash.redirect(services, f"{path}#hosts", "host_forgotten")
    except InvalidMetadata as error:
        typed.problems.update({one.field: _PROBLEMS.get(one.field, one.message) for one in error.problems})
        return typed
    client_hosts.end_grants(services, visit.actor, form.get("program") or "")
    return flash.redirect(services, f"{path}#clients", "grants_ended")


def shown(services: Services, visit: Visit) -> list[dict[str, Any]]:
    """Every host, those that wait first."""
    found = client_hosts.list_of(services, visit.actor)
    order = {"waiting": 0, "allowed": 1, "refused": 2}
    return [
        {"host": one.host, "state": one.state, "scopes": " ".join(one.policy.scopes),
         "resources": " ".join(one.policy.resources), "program": one.client_id, "at": one.decided_at or one.asked_at,
         "by": _name(services, one.asked_by)}
        for one in sorted(found, key=lambda one: (order.get(one.state, 3), one.host))
    ]  # fmt: skip


def _name(services: Services, person_id: str) -> str:
    person = services.directory.find(person_id) if person_id else None
    return person.name or person.username if person is not None else ""
