"""What happened step by step in the sign-in that an error belongs to, and which step broke (Q1).

Requests that go well leave no row of their own: each statement on a hot path is felt by everybody. What is known of
them stands in what is written anyway: events of the sign-in name the request that it began with, a code's id holds the
time and a part of that name, and the grant that a code gave has the code's id. The rest is said to be not recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from idp.admin import activity
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.answers.requests import KINDS
from idp.audit import Event
from idp.audit.searching import Wanted, latest
from idp.ids import made_at, tag_of
from idp.oidc.ledger import tracing
from idp.protocols import Services
from idp.saml.logout import standing

Status = Literal["well", "passed", "failed", "broke", "later", "unrecorded", "ahead"]
OIDC: Final = ("authorize", "page", "proof", "access", "consent", "code", "token", "userinfo", "sign_out")
SAML: Final = ("authn_request", "page", "proof", "access", "consent", "response", "sign_out")
#: What is left out of a sign-in that needs it not: of these, nothing is concluded from what came later.
_MAY_LACK: Final = ("page", "consent", "userinfo")
#: A browser is signed out whatever an application has got by then: nothing follows from it for the steps before.
_PROVES_NOTHING: Final = "sign_out"
MOST: Final = 300  # events of an application that are looked through
_FAILURES: Final = 5  # failed proofs that are told; the latest
_NEAR: Final = 5.0  # seconds between a proof and the code that comes of it, where no page stands between them
_LONG: Final = 3600.0  # where one does
_BY_KIND: Final = {
    "authorize": "authorize", "token": "token", "userinfo": "userinfo", "introspect": "userinfo", "revoke": "sign_out",
    "logout": "sign_out", "slo": "sign_out", "sso": "authn_request", "artifact": "response",
}  # fmt: skip
_BY_ACTION: Final = {"session:failed": "proof", "factor:failed": "proof", "factor:suspicious": "proof",
                     "error:logout_not_delivered": "sign_out"}  # fmt: skip
_ACCESS: Final = frozenset(
    ("no_access", "not_here", "unmet_authentication_requirements", "saml_requestdenied", "saml_noauthncontext")
)
_BY_PAGE: Final = {"/login/consent": "consent", "/login/access": "access"}


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `status`: `well` and `failed` are on record, `later`: it went well after what broke; `passed`: a step
    that needs it is on record, so it went well.

    `at`: epoch seconds; `note`: how it was proven, or the code of the error; `error_id`: under which there is more.
    """

    kind: str
    status: Status
    at: float | None = None
    request_id: str = ""
    error_id: str = ""
    note: str = ""
    is_fault: bool = True  # of what broke: somebody has something to mend


@dataclass
class _Known:
    """What is found of the conversation so far."""

    event: Event
    order: tuple[str, ...]
    broke: str
    name: str = ""  # the id of the request that it began with
    begun_at: float | None = None
    tag: str = ""  # its first letters
    code_at: float | None = None
    trace: tracing.Trace | None = None
    steps: dict[str, list[Step]] = field(default_factory=dict)

    def add(self, kind: str, status: Status, at: float | None = None, **more: Any) -> None:
        self.steps.setdefault(kind, []).append(Step(kind, status, at, **more))


def of_event(services: Services, actor: Actor, event: Event) -> tuple[Step, ...]:
    """The steps in their order; none where the event is of no sign-in. What the actor may not see is left out."""
    broke = _broke_at(services, event)
    if not broke:
        return ()
    is_saml = (
        broke == "authn_request" or (_path(services, event) or "").startswith("/saml/") or _is_saml(services, event)
    )
    known = _Known(event, SAML if is_saml else OIDC, "authn_request" if is_saml and broke == "authorize" else broke)
    _read_clues(services, known)
    for one in _others(services, known):
        if one.id != event.id and activity.may_see(services, actor, one):
            _take(services, actor, known, one)
    _go_beyond(known)
    _conclude(services, known)
    _break(known)
    return tuple(_in_time([*_in_order(known)]))


def _path(services: Services, event: Event) -> str:
    return str(event.detail.get("path") or "").removeprefix(services.settings.server.issuer_path)


def _is_saml(services: Services, event: Event) -> bool:
    client = services.registry.find(event.client_id) if event.client_id else None
    return client is not None and client.saml is not None


def _broke_at(services: Services, event: Event) -> str:
    """The step that an event is of; '' for none."""
    if event.action in _BY_ACTION:
        return _BY_ACTION[event.action]
    if not event.action.startswith("error:"):
        return ""
    path, code = _path(services, event), event.action.removeprefix("error:")
    kind = KINDS.get(path, "")
    if code in _ACCESS and kind in ("authorize", "sso", "answer"):
        return "access"
    return _BY_PAGE.get(path) or ("proof" if kind == "answer" else _BY_KIND.get(kind, ""))


def _read_clues(services: Services, known: _Known) -> None:
    detail = known.event.detail
    known.name, known.begun_at = str(detail.get("conversation") or ""), _number(detail.get("begun_at"))
    if not known.name and known.broke in ("authorize", "authn_request"):
        known.name, known.begun_at = known.event.request_id, known.event.at
    code_id = str(detail.get("code_id") or detail.get("family_id") or "")
    known.trace = tracing.trace(services, code_id, str(detail.get("token_id") or ""))
    if known.trace is not None and known.trace.client_id != known.event.client_id:
        known.trace = None  # another application's: it was passed on, and its story is not for this one
    code_id = known.trace.family_id if known.trace is not None else code_id
    if code_id:
        known.code_at, known.tag = made_at(code_id), tag_of(code_id)


def _others(services: Services, known: _Known) -> Iterator[Event]:
    """Events of the same conversation: by its session, else among the application's own of that time."""
    found: dict[str, Event] = {}
    session_id = known.trace.session_id if known.trace is not None else known.event.session_id
    if session_id:
        found |= {one.id: one for one in latest(services.db, Wanted(session_id=session_id), 50)
                  if one.client_id == known.event.client_id or one.action.startswith("session:")}  # fmt: skip
    if known.event.client_id and (known.name or known.tag):
        end = _at(known.event) + 1
        for since, until in _windows(known, end):
            window = Wanted(client_id=known.event.client_id, since=since, until=until)
            mine = [one for one in latest(services.db, window, MOST) if _is_of(known, one)]
            found |= {one.id: one for one in mine}
            if mine:
                break
    yield from sorted(found.values(), key=lambda one: one.id)


def _windows(known: _Known, end: float) -> Iterator[tuple[float, float]]:
    if known.begun_at is not None:
        yield known.begun_at - 1, end
    elif known.code_at is not None:
        yield known.code_at - _NEAR, known.code_at + _NEAR
        yield known.code_at - _LONG, known.code_at + _NEAR


def _is_of(known: _Known, event: Event) -> bool:
    name = str(event.detail.get("conversation") or "")
    return bool(name) and (name == known.name if known.name else name[: len(known.tag)] == known.tag)


def _take(services: Services, actor: Actor, known: _Known, event: Event) -> None:
    """What one event proves."""
    mine = _is_of(known, event)
    if mine and not known.name:
        known.name = str(event.detail["conversation"])
    if mine:
        known.begun_at = known.begun_at or _number(event.detail.get("begun_at"))
    about: dict[str, Any] = {"request_id": event.request_id, "error_id": event.error_id or ""}
    if event.action == "session:started":
        methods = " + ".join(map(str, event.detail.get("methods", ())))
        if mine or not known.steps.get("proof"):
            known.add("proof", "well", event.at, note=methods if mine else f"{methods} (sso)", **about)
    elif event.action in ("session:failed", "factor:failed"):
        known.add("proof", "failed", event.at, note=str(event.detail.get("kind") or "pwd"), **about)
    elif event.action == "consent:granted" and mine:
        known.add("consent", "well", event.at, **about)
    elif event.action == "session:ended" and event.at <= _at(known.event) + 1:
        why = _with_names(services, actor, str(event.detail.get("why") or ""))
        known.add("sign_out", "well", event.at, note=why, **about)


def _with_names(services: Services, actor: Actor, why: str) -> str:
    """Why somebody was signed out, with an application's name in the place of its id."""
    rest, _, client_id = why.rpartition(" ")
    client = services.registry.find(client_id) if rest else None
    if client is None:
        return why
    return f"{rest} {client.name if actor.may_app(Permission.ACTIVITY_READ, client.id) else 'another application'}"


def _go_beyond(known: _Known) -> None:
    """A request that has proven somebody went on to the answer: it broke there, and not at the proof."""
    event = known.event
    if known.broke != "proof" or not event.action.startswith("error:"):
        return
    if any(one.status == "well" and one.request_id == event.request_id for one in known.steps.get("proof", ())):
        known.broke = "response" if known.order is SAML else "code"


def _conclude(services: Services, known: _Known) -> None:
    """What the beginning, the code and the grant prove."""
    begin, trace = known.order[0], known.trace
    if known.begun_at is not None and known.broke != begin:
        known.add(begin, "well", known.begun_at, request_id=known.name)
    proofs = [one for one in known.steps.get("proof", ()) if one.request_id != known.name and "(sso)" not in one.note]
    if proofs or (known.broke == "proof" and known.event.request_id != known.name):
        known.add("page", "well", known.begun_at, request_id=known.name)
    if known.code_at is not None:
        known.add("code", "well", known.code_at)
        if "proof" not in known.steps and trace is not None:
            known.add("proof", "passed", note=" + ".join(trace.methods))
    if trace is not None:
        known.add("token", "well", trace.used_at if not trace.generation else None)
    session_id = known.event.session_id or ""
    if known.order is SAML and known.broke == "sign_out" and session_id and known.event.client_id:
        at = standing.told_at(services, session_id, known.event.client_id)
        if at is not None:
            known.add("response", "well", at)


def _break(known: _Known) -> None:
    event = known.event
    note = str(event.detail.get("kind") or "pwd") if event.action in _BY_ACTION else event.action.removeprefix("error:")
    known.steps.setdefault(known.broke, []).append(
        Step(known.broke, "broke", _at(event), event.request_id, event.error_id or "", note,
             is_fault=event.detail.get("side") != "nobody")
    )  # fmt: skip


def _in_order(known: _Known) -> Iterator[Step]:
    last = max(known.order.index(kind) for kind in known.steps)
    proven = max((known.order.index(kind) for kind, steps in known.steps.items()
                  if kind != _PROVES_NOTHING and any(one.status == "well" for one in steps)), default=-1)  # fmt: skip
    for place, kind in enumerate(known.order):
        steps = sorted(known.steps.get(kind, ()), key=lambda one: (one.status == "broke", one.at or 0.0))
        if steps:
            yield from steps[-_FAILURES - 1 :]
        elif place > last:
            yield Step(kind, "ahead")
        else:
            yield Step(kind, "passed" if place < proven and kind not in _MAY_LACK else "unrecorded")


def _in_time(steps: list[Step]) -> Iterator[Step]:
    """What went well stands before what broke, or after it, as it came: what was mended reads as mended."""
    broke = next(one for one in steps if one.status == "broke")
    place, at = steps.index(broke), broke.at or 0.0
    first = next(number for number, one in enumerate(steps) if one.kind == broke.kind)
    later = [one for one in steps[first:] if one.status == "well" and one.at is not None and one.at > at]
    sooner = [one for one in steps[place:] if one.status == "well" and one not in later]
    yield from (one for one in steps[:place] if one not in later)
    yield from (*sooner, broke)
    yield from (replace(one, status="later") for one in later)
    yield from (one for one in steps[place + 1 :] if one not in later and one not in sooner)


def _at(event: Event) -> float:
    """Of what is counted in one row, the latest."""
    return _number(event.detail.get("last_at")) or event.at


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def to_json(steps: tuple[Step, ...]) -> list[Mapping[str, Any]]:
    """As programs get it."""
    return [{"step": one.kind, "status": one.status, "at": one.at, "request_id": one.request_id,
             "error_id": one.error_id, "note": one.note} for one in steps]  # fmt: skip
