"""People who are written to an application: how each stands, what it answered, and what is said of it (Y2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from clients.client import Client
from clients.documents.address import in_path
from idp import flash
from idp.admin import managed, provisioning
from idp.admin.permissions import Permission
from idp.admin.provisioning import Shown, Standing
from idp.console.apps import showing
from idp.console.apps.finding import client_of
from idp.console.apps.provisioning_looks import LOOKS, WOULD_WORDS, Looked
from idp.console.pages import ConsolePage, Visit
from idp.protocols import Services
from idp.provisioning import settling
from idp.provisioning.checking import InvalidTarget
from idp.provisioning.keeping import ENDS, ChangedMeanwhile, NotBraked, TargetThere, TooMany, UnknownTarget
from idp.provisioning.objects import STATES
from idp.provisioning.target import MAPPING, Said
from idp.texts import N_
from idp.wire import Request, Response

PAGE: Final = 50  # objects
ALL: Final = "all"  # in place of a state
STATE_WORDS: Final = {
    "waiting": N_("Waits"), "done": N_("There as here"), "off": N_("Turned off there"), "gone": N_("Not there"),
    "left": N_("Left as it is there"), "failed": N_("Failed, tried again"), "refused": N_("Refused"),
}  # fmt: skip
TARGET_WORDS: Final = {"on": N_("On"), "off": N_("Turned off"), "stopped": N_("Stopped")}
OFF_WORDS: Final = (
    ("disable", N_("They are turned off there")), ("delete", N_("They are deleted there")),
    ("nothing", N_("Nothing: they stay there as they are")),
)  # fmt: skip
GROUP_WORDS: Final = (
    ("groups", N_("As groups")), ("entitlements", N_("As entitlements of each person")), ("no", N_("Not at all")),
)  # fmt: skip
_CHANGED: Final = N_("Somebody else has changed it meanwhile. This is how it stands now.")
_MANY: Final = N_("There are as many as there may be. Remove one that is not needed any more.")
#: What is wrong with a field, for people; the verb's own words stand below in English, as they are.
_WRONG: Final = {
    "url": N_("Expected an https address such as https://app.example.com/scim/v2, without parameters."),
    "token_url": N_("Expected the https address of its token endpoint; with a client id, or neither of them."),
    "token_client": N_("Give the client id that the application has made for us."),
    "secret": N_("Give the token, or client secret, that the application has made. Another address asks for it anew."),
    "mapping": N_("One line each, such as title=title, with an attribute of SCIM before it; userName must be there."),
    "only": N_("One group a line, and at most 200."),
    "brake": N_("Expected a number of people, such as 20."),
    "brake_share": N_("Expected a number from 1 to 100."),
}


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/apps/<id>/provisioning; `kind`, `state`, `after` narrow the list."""
    client = client_of(services, request, visit)
    if request.method == "POST":
        done = _DO.get(request.form.get("do") or "")
        if done is None:
            return _show(services, request, visit, client)
        try:
            done(services, request, visit, client)
        except (UnknownTarget, provisioning.UnknownObject):
            return _show(services, request, visit, client, status=404)
        look = LOOKS.get(request.form.get("do") or "")
        if look is not None:
            return _show(services, request, visit, client, looked=look(services, request, visit, client.id))
        return flash.redirect(services, _back(client, request), "provisioning_done")
    return _show(services, request, visit, client)


def _show(
    services: Services, request: Request, visit: Visit, client: Client, *, status: int = 200,
    looked: Looked | None = None,
) -> Response:  # fmt: skip
    standing = provisioning.find(services, visit.actor, client.id)
    kind = "group" if request.query.get("kind") == "group" else "user"
    state = _state(request, standing, kind)
    found: list[Shown] = []
    if standing is not None:
        after = request.query.get("after") or ""
        found = provisioning.page(
            services, visit.actor, client.id, kind, "" if state == ALL else state, after, PAGE + 1
        )
    return showing.page(
        services, request, visit, client, "console/apps/provisioning.html", status=status, standing=standing,
        kind=kind, state=state, shown=found[:PAGE], looked=looked, words=STATE_WORDS, target_words=TARGET_WORDS,
        next=found[PAGE - 1].object.local_id if len(found) > PAGE else "", is_first=not request.query.get("after"),
        off=dict(OFF_WORDS), groups=dict(GROUP_WORDS), may_say=visit.actor.may(Permission.PEOPLE_CREATE),
        adoptable=settling.THERE_ALREADY, would_words=WOULD_WORDS, total=_total(standing),
        manager=managed.manager_of(services, provisioning.KIND, client.id),
    )  # fmt: skip


def _total(standing: Standing | None) -> int:
    return 0 if standing is None else sum(sum(states.values()) for states in standing.counts.values())


def _state(request: Request, standing: Standing | None, kind: str) -> str:
    """Which of them are shown. Without a word: whoever is refused, as these need somebody, else all."""
    asked = request.query.get("state") or request.form.get("state") or ""
    if asked in (*STATES, ALL, ENDS):
        return asked
    return "refused" if standing is not None and standing.counts[kind].get("refused") else ALL


def _back(client: Client, request: Request) -> str:
    """The list that was looked at."""
    kind, state = request.form.get("kind") or "", request.form.get("state") or ""
    kept = [("kind", kind)] if kind in ("user", "group") else []
    kept += [("state", state)] if state in (*STATES, ALL, ENDS) else []
    return f"{_path(client)}?{urlencode(kept)}" if kept else _path(client)


Do = Callable[[Services, Request, Visit, Client], object]


def _retry(services: Services, request: Request, visit: Visit, client: Client) -> None:
    kind, local_id = request.form.get("kind") or "", request.form.get("object") or ""
    provisioning.retry(services, visit.actor, client.id, "group" if kind == "group" else "user", local_id)


def _look(services: Services, request: Request, visit: Visit, client: Client) -> None:
    provisioning.get(services, visit.actor, client.id)


_DO: Final[dict[str, Do]] = {
    "retry": _retry,
    "failed": lambda services, request, visit, client: provisioning.retry_failed(services, visit.actor, client.id),
    "all": lambda services, request, visit, client: provisioning.send_all(services, visit.actor, client.id),
    "test": _look,
    "dry_run": _look,
    "drift": _look,
}


# -- what is said of it ----------------------------------------------------------------------------------------------


def say(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/apps/<id>/provisioning/edit."""
    client = client_of(services, request, visit)
    if request.method != "POST":
        return _form(services, request, visit, client, _typed(_said(services, visit, client)))
    done = request.form.get("do")
    try:
        if done in ("on", "off"):
            provisioning.turn(services, visit.actor, client.id, on=done == "on")
        elif done == "release":
            many = request.form.get("many") or ""
            provisioning.release(services, visit.actor, client.id, int(many) if many.isdecimal() else -1)
        elif done == "remove":
            provisioning.remove(services, visit.actor, client.id)
        else:
            _save(services, request, visit, client)
    except UnknownTarget:
        return _form(services, request, visit, client, _typed(None), status=404)
    except InvalidTarget as error:
        wrong = {error.field: (_WRONG.get(error.field, _WRONG["mapping"]), error.message)}
        return _form(services, request, visit, client, _sent(request), wrong, status=400)
    except (ChangedMeanwhile, NotBraked, TargetThere):
        typed = _typed(_said(services, visit, client))
        return _form(services, request, visit, client, typed, {"": (_CHANGED, "")}, status=409)
    except TooMany:
        return _form(services, request, visit, client, _sent(request), {"": (_MANY, "")}, status=400)
    return flash.redirect(services, _path(client), "provisioning_done")


def _save(services: Services, request: Request, visit: Visit, client: Client) -> None:
    typed = _sent(request)
    secret = typed["secret"] or None

    def said(before: Said | None) -> Said:
        return replace(
            before or Said(url=""), url=typed["url"], token_url=typed["token_url"], token_scope=typed["token_scope"],
            token_client=typed["token_client"], mapping=_mapping(typed["mapping"]), groups=typed["groups"],
            off=typed["off"], adopts=bool(typed["adopts"]), only=tuple(_lines(typed["only"])),
            brake=_number(typed["brake"]), brake_share=_number(typed["brake_share"]),
        )  # fmt: skip

    if provisioning.find(services, visit.actor, client.id) is None:
        provisioning.add(services, visit.actor, client, said(None), secret or "", on=bool(typed["begin"]))
        return
    seen = request.form.get("edition") or ""
    provisioning.change(services, visit.actor, client.id, said, secret, seen=seen)


def _form(
    services: Services, request: Request, visit: Visit, client: Client, typed: dict[str, Any],
    wrong: dict[str, tuple[str, str]] | None = None, *, status: int = 200,
) -> Response:  # fmt: skip
    standing = provisioning.find(services, visit.actor, client.id)
    manager = managed.manager_of(services, provisioning.KIND, client.id)
    return showing.page(
        services, request, visit, client, "console/apps/provisioning_edit.html", status=status, standing=standing,
        typed=typed, wrong=wrong or {}, off=OFF_WORDS, groups=GROUP_WORDS, manager=manager,
        is_locked=bool(manager) and services.settings.admin.managed == "refuse",
    )  # fmt: skip


def _said(services: Services, visit: Visit, client: Client) -> Said | None:
    standing = provisioning.find(services, visit.actor, client.id)
    return None if standing is None else standing.target.said


def _typed(said: Said | None) -> dict[str, Any]:
    one = said or Said(url="", mapping=dict(MAPPING))
    lines = "\n".join(f"{attribute}={source}" for attribute, source in one.mapping.items())
    return {**one.to_json(), "mapping": lines, "only": "\n".join(one.only), "begin": ""}


def _sent(request: Request) -> dict[str, Any]:
    names = ("url", "token_url", "token_client", "token_scope", "mapping", "groups", "only", "off", "adopts", "secret",
             "brake", "brake_share", "begin")  # fmt: skip
    return {name: (request.form.get(name) or "").strip() for name in names}


def _number(text: str) -> int:
    """0, which none may be, for what is no number."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _mapping(text: str) -> dict[str, str]:
    """Errors: `InvalidTarget`."""
    found = {}
    for line in _lines(text):
        attribute, equals, source = line.partition("=")
        if not equals:
            raise InvalidTarget("mapping", f"{line[:80]}: expected ATTRIBUTE=OURS")
        found[attribute.strip()] = source.strip()
    return found


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _path(client: Client) -> str:
    return f"/admin/apps/{in_path(client.id)}/provisioning"


PAGES = (
    ConsolePage("/admin/apps/<id>/provisioning", show, Permission.APPS_READ, Permission.APPS_CHANGE),
    ConsolePage("/admin/apps/<id>/provisioning/edit", say, Permission.PEOPLE_CREATE, Permission.APPS_SECRETS),
)
