"""Directories that write people and groups here by SCIM: let in, limited, turned off, their tokens (Y1)."""

from __future__ import annotations

from typing import Any, Final

from idp import flash
from idp.accounts.provisioning import clients
from idp.accounts.provisioning.clients import InvalidProvisioner, Made, Provisioner, StillInUse, Wanted
from idp.admin import managed, provisioners
from idp.admin.permissions import Permission
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Redirect, Request, Response

PATH: Final = "/admin/directories"
MAY: Final = (("write", N_("read and write")), ("read", N_("read")), ("no", N_("nothing")))
_WRONG: Final = {
    "name": N_("Say which directory it is, in at most 80 characters, and by a name that none has yet: Microsoft Entra"),
    "users": N_("It may do nothing so: let it read or write people or groups."),
    "groups": N_("It may do nothing so: let it read or write people or groups."),
    "token": N_("Both its tokens are in use: put the last one in place wherever the other is, or make one at once."),
    "attributes": N_("One attribute of SCIM a line, such as displayName or enterprise.department."),
}


def overview(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/directories: all of them, and another one is let in."""
    if request.method != "POST":
        return _list(services, request, visit, Wanted(name=""))
    wanted = _wanted(request, request.form.get("name") or "")
    try:
        made = provisioners.make(services, visit.actor, wanted)
    except InvalidProvisioner as error:
        return _list(services, request, visit, wanted, error.field)
    return _made(services, request, visit, made)


def one(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/directories/<id>."""
    client = clients.get(services.db, request.segment)
    if client is None:  # removed in another tab
        return Redirect(location=services.url(PATH))
    if request.method != "POST":
        return _show(services, request, visit, client, client)
    try:
        return _do(services, request, visit, client)
    except provisioners.UnknownProvisioner:
        return Redirect(location=services.url(PATH))
    except StillInUse:
        return _show(services, request, visit, client, client, "token")
    except InvalidProvisioner as error:
        return _show(services, request, visit, client, _wanted(request, client.name), error.field)


def _do(services: Services, request: Request, visit: Visit, client: Provisioner) -> Response:
    done, actor = request.form.get("do") or "", visit.actor
    if done in ("renew", "renew_now"):
        return _made(
            services, request, visit, provisioners.renew(services, actor, client, at_once=done == "renew_now")
        )  # fmt: skip
    if done == "remove":
        provisioners.remove(services, actor, client)
        return flash.redirect(services, PATH, "directory_removed")
    if done in ("on", "off"):
        provisioners.turn(services, actor, client, on=done == "on")
    else:
        provisioners.change(services, actor, client, lambda before: _wanted(request, before.name))
    return flash.redirect(services, f"{PATH}/{client.id}", "directory_changed")


def _wanted(request: Request, name: str) -> Wanted:
    form = request.form
    attributes = tuple(dict.fromkeys((form.get("attributes") or "").split()))
    users, groups = form.get("users") or "", form.get("groups") or ""
    return Wanted(
        name=name, users=_may(users), groups=_may(groups), attributes=attributes or None,
        adopts=form.get("adopts") == "1", trusts_mail=form.get("trusts_mail") == "1",
        invites=form.get("invites") == "1",
    )  # fmt: skip


def _may(value: str) -> clients.May:
    return "write" if value == "write" else "read" if value == "read" else "no"


def _list(services: Services, request: Request, visit: Visit, typed: Wanted, wrong: str = "") -> Response:
    return _page(
        services, request, visit, "list", typed, wrong, found=provisioners.list_of(services, visit.actor)
    )  # fmt: skip


def _show(
    services: Services, request: Request, visit: Visit, client: Provisioner, typed: Wanted, wrong: str = ""
) -> Response:
    manager = managed.manager_of(services, provisioners.KIND, client.id)
    is_locked = bool(manager) and services.settings.admin.managed == "refuse"
    return _page(
        services, request, visit, "one", typed, wrong, client=client, manager=manager, is_locked=is_locked
    )  # fmt: skip


def _page(
    services: Services, request: Request, visit: Visit, name: str, typed: Wanted, wrong: str, **values: Any
) -> Response:
    return frame.page(
        services, request, visit, f"console/directories/{name}.html", status=422 if wrong else 200, typed=typed,
        wrong={wrong: _WRONG.get(wrong, _WRONG["name"])} if wrong else {}, may_words=MAY,
        address=services.url("/scim/v2"), now=services.clock(), **values,
    )  # fmt: skip


def _made(services: Services, request: Request, visit: Visit, made: Made) -> Response:
    return frame.page(
        services, request, visit, "console/directories/made.html", client=made.client, value=made.value,
        address=services.url("/scim/v2"),
    )  # fmt: skip


PAGES = (
    ConsolePage(PATH, overview, Permission.ROLES_GRANT, Permission.ROLES_GRANT),
    ConsolePage(f"{PATH}/<id>", one, Permission.ROLES_GRANT, Permission.ROLES_GRANT),
)
