"""Keys and certificates: what signs, what is next, what is leaving, and the buttons that roll them (K1)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final

from idp import flash
from idp.admin import certificates, key_readers, key_rollback, keys
from idp.admin.activity import Names
from idp.admin.key_readers import Report
from idp.admin.permissions import Permission
from idp.audit import Event
from idp.audit.searching import Wanted, latest
from idp.console import frame, timelines
from idp.console.pages import ConsolePage, Visit
from idp.protocols import Services
from idp.texts import N_, plural
from idp.wire import Request, Response
from keys import timeline
from keys.certificates import NoSuchCertificate
from keys.certificates import TooEarly as CertificateTooEarly
from keys.ring import Contended
from keys.rotation import NoSuchKey, SigningKey, TooEarly

_DAY: Final = 86400.0
_CHANGES: Final = 20  # shown of the history


def answer(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/keys."""
    if request.method != "POST":
        return _page(services, request, visit)
    wanted, kid = request.form.get("do") or "", request.form.get("kid") or ""
    act = _ACTS.get(wanted)
    if act is None:
        return _page(services, request, visit)
    if wanted in _ASKED and not request.form.get("sure"):
        return _page(services, request, visit, asked=(wanted, kid))
    try:
        act(services, visit, kid)
    except keys.NotSeen:
        return _page(services, request, visit, asked=(_FORCED[wanted], kid), status=409)
    except keys.NotEverywhere as error:
        return _page(services, request, visit, problem=_soon(services, error.at), status=409)
    except (TooEarly, CertificateTooEarly) as error:
        return _page(services, request, visit, problem=_early(services, error.at), status=409)
    except (NoSuchKey, NoSuchCertificate):
        return _page(services, request, visit, problem=N_("There is no such key any more."), status=404)
    except ValueError:
        return _page(
            services, request, visit, problem=N_("This certificate signs. Let another one sign first."), status=409
        )
    except (Contended, RuntimeError):
        return _page(services, request, visit, problem=N_("Somebody else is changing the keys. Try again."), status=409)
    return flash.redirect(services, "/admin/keys", "keys_changed")


def _soon(services: Services, at: float) -> str:
    seconds = max(1, round(at - services.clock() + 0.5))
    return plural(
        "Not every server has seen the last change yet. Try again in %(n)s second.",
        "Not every server has seen the last change yet. Try again in %(n)s seconds.", seconds,
    )  # fmt: skip


def _early(services: Services, at: float) -> str:
    hours = max(1, round((at - services.clock()) / 3600 + 0.5))
    return plural(
        "Applications may not have it yet: it may sign in %(n)s hour, or sooner if you take the risk.",
        "Applications may not have it yet: it may sign in %(n)s hours, or sooner if you take the risk.", hours,
    )  # fmt: skip


def _page(
    services: Services, request: Request, visit: Visit, *, problem: str = "", asked: tuple[str, str] = ("", ""),
    status: int = 200,
) -> Response:  # fmt: skip
    now, own, held = services.clock(), services.ring.list_keys(), services.certificates.everything()
    reports = {report.key.kid: report for report in key_readers.reports(services, visit.actor)}
    back = key_rollback.may_roll_back(services)
    lives = timeline.of_keys(own, now, services.ring.policy)
    certified = timeline.of_certificates([one for one in held if one.use == "signing"], now)
    return frame.page(
        services, request, visit, "console/keys.html", status=status, problem=problem, asked=asked, now=now,
        signing=[_key(key, now, reports.get(key.kid), back) for key in own if key.state != "removed"],
        certificates=[_certificate(key, now, reports.get(key.kid), back) for key in certificates.published(services)],
        lives={**lives, **certified}, drawn=timelines.draw(lives, now), drawn_saml=timelines.draw(certified, now),
        may_change=visit.actor.may(Permission.KEYS_CHANGE), history=_history(services),
    )  # fmt: skip


def _history(services: Services) -> list[dict[str, Any]]:
    """The last changes of keys and certificates."""
    found: list[Event] = []
    for kind in ("key:*", "certificate:*"):
        found += latest(services.db, Wanted(action=kind), _CHANGES)
    names = Names(services)
    return [
        {"at": event.at, "action": event.action, "by": names.person(event.actor.removeprefix("person:")) or event.actor,
         "what": ", ".join(f"{key}: {value}" for key, value in event.detail.items() if isinstance(value, (str, int)))}
        for event in sorted(found, key=lambda event: event.id, reverse=True)[:_CHANGES]
    ]  # fmt: skip


def _key(key: SigningKey, now: float, report: Report | None, back: frozenset[str]) -> dict[str, Any]:
    """A key with the moments of its time line; `then`: what comes next of itself, and when."""
    then = {"next": ("signs", key.activate_after), "retiring": ("leaves", key.expires_at)}.get(key.state)
    since = {"next": key.published_at, "active": key.activated_at, "retiring": key.retired_at}.get(key.state)
    return {"kid": key.kid, "alg": key.alg, "state": key.state, "since": since or key.created_at, "then": then,
            "is_early": key.state == "next" and now < key.activate_after, "report": report,
            "may_go_back": key.kid in back}  # fmt: skip


def _certificate(key: Any, now: float, report: Report | None, back: frozenset[str]) -> dict[str, Any]:
    ends = key.expires_at.timestamp()
    pem = b64encode(key.certificate).decode()
    lines = [pem[i : i + 64] for i in range(0, len(pem), 64)]
    return {
        "kid": key.kid, "use": key.use, "kind": key.kind, "state": key.state, "ends": ends,
        "report": report, "may_go_back": key.kid in back,
        "days": int((ends - now) // _DAY), "sha256": certificates.fingerprint(key),
        "pem": "\n".join(("-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----")),
    }  # fmt: skip


def _rotate(services: Services, visit: Visit, kid: str) -> None:
    keys.rotate(services, visit.actor)


def _promote(services: Services, visit: Visit, kid: str, *, force: bool = False) -> None:
    keys.promote(services, visit.actor, kid, force=force)


def _withdraw(services: Services, visit: Visit, kid: str) -> None:
    keys.withdraw(services, visit.actor, kid)


def _roll_back(services: Services, visit: Visit, kid: str) -> None:
    key_rollback.roll_back(services, visit.actor, kid)


def _prepare(services: Services, visit: Visit, kid: str) -> None:
    certificates.prepare(services, visit.actor, "signing", "rsa")


def _certificate_promote(services: Services, visit: Visit, kid: str, *, force: bool = False) -> None:
    certificates.promote(services, visit.actor, kid, force=force)


def _certificate_withdraw(services: Services, visit: Visit, kid: str) -> None:
    certificates.withdraw(services, visit.actor, kid)


_ACTS: Final[Mapping[str, Callable[[Services, Visit, str], None]]] = {
    "rotate": _rotate,
    "promote": _promote,
    "force": lambda services, visit, kid: _promote(services, visit, kid, force=True),
    "withdraw": _withdraw,
    "rollback": _roll_back,
    "certificate_prepare": _prepare,
    "certificate_promote": _certificate_promote,
    "certificate_force": lambda services, visit, kid: _certificate_promote(services, visit, kid, force=True),
    "certificate_withdraw": _certificate_withdraw,
}
#: What a press asks for, when applications are known not to have the key.
_FORCED: Final = {"promote": "force", "certificate_promote": "certificate_force"}
#: What may break sign-ins is asked about first, with what it does.
_ASKED: Final = ("force", "withdraw", "certificate_force", "certificate_withdraw")

PAGES = (ConsolePage("/admin/keys", answer, Permission.KEYS_READ, change=Permission.KEYS_CHANGE),)
