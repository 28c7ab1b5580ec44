"""What the edge calls for every request while an application is watched: whose it is, what is wrong, kept as a step."""

from __future__ import annotations

from typing import Final

from idp import audit
from idp.admin.checking import keeping, running
from idp.admin.checking.step import Step
from idp.admin.checking.whose import whose
from idp.answers import facts, messages, products
from idp.answers.findings import LOOKS, OF_NO_PARAMETER, UNEXPLAINED
from idp.answers.requests import KINDS, counted, sent_of
from idp.answers.seen import Seen
from idp.audit import Event
from idp.ids import plain_tag
from idp.protocols import Services
from idp.wire import Params, Request, Response, Route

#: Asked by the application's server, or its code in the browser: whoever has the same address is taken for it.
_BY_PROGRAMS: Final = frozenset(
    ("par", "token", "userinfo", "introspect", "revoke", "jwks", "discovery", "saml_metadata")
)


class Watch:
    """`idp.web.ports.Watch`. What fails here is logged, and the answer goes out all the same."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def __call__(self, route: Route, request: Request, response: Response | None) -> None:
        kind = KINDS.get(route.path)
        if kind is None:
            return
        try:
            self._look(kind, request, response)
        except Exception as error:
            self._services.log.warning("check_step_not_kept", reason=f"{type(error).__name__}: {error}"[:300])

    def _look(self, kind: str, request: Request, response: Response | None) -> None:
        services, now = self._services, self._services.clock()
        watched = [client_id for client_id, until in services.registry.watched.items() if until > now]
        if not watched or (kind == "answer" and not facts.is_answer(response) and not request.visitor.error_id):
            return
        sent, error = sent_of(request), _error(services, request)
        received, asked, issuer = messages.read(request) if kind in ("sso", "slo", "artifact") else (None, None, "")
        for client, guessed in whose(services, kind, request, sent, response, error, issuer, watched):
            check = running.find(services, client.id)
            if check is None:
                continue
            known = counted(services, client, kind, sent)
            seen = Seen(
                services=services, client=client, kind=kind, request=request, sent=known or Params([]),
                response=response,
                error=error, received=received, asked=asked, issuer=issuer, product=products.of_client(client),
            )  # fmt: skip
            step = _step(seen, guessed, now, is_known=known is not None)
            if _is_proven(seen, step):
                keeping.come_near(services, check, request.remote_address)
            keeping.keep(services, check, step, request.remote_address)


def _step(seen: Seen, guessed: bool, now: float, *, is_known: bool) -> Step:
    looks = [look for look in LOOKS.get(seen.kind, ()) if is_known or look in OF_NO_PARAMETER]
    found = [one.short() for look in looks for one in look(seen)]
    if seen.error is not None and not any(one.weight == "wrong" for one in found):
        found += [one.short() for one in UNEXPLAINED(seen)]
    failed = seen.error is not None or facts.is_error(seen.response) or any(one.weight == "wrong" for one in found)
    server = plain_tag(f"{seen.client.id} {seen.request.remote_address}") if seen.kind in _BY_PROGRAMS else ""
    return Step(
        seen.kind, "wrong" if failed else "ok", now, facts.of(seen), tuple(dict.fromkeys(found)), server, guessed
    )  # fmt: skip


def _is_proven(seen: Seen, step: Step) -> bool:
    """Whether it could not have come from anybody who merely knows the client id."""
    if step.facts.get("answer") == facts.SENT or (step.kind == "userinfo" and step.outcome == "ok"):
        return True  # somebody signed in for it; it has a token of such a sign-in
    if seen.request.visitor.client_id != seen.client.id:
        return False
    return not seen.client.oidc.is_public or (step.kind == "token" and seen.error is None)


def _error(services: Services, request: Request) -> Event | None:
    """What is recorded of it; by what this process remembers, since of a flood of errors not all are stored."""
    error_id = request.visitor.error_id
    if not error_id:
        return None
    found = services.faults.find_latest(error_id) or services.errors.find_unstored(error_id)
    return found or next(reversed(audit.explain(services.db, error_id)), None)
